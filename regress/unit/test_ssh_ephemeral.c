/* SPDX-License-Identifier: ISC */
/*
 * ssh-ephemeral against a control socket that another process serves: what it
 * prints and how it exits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/random.h"
#include "sshd/control.h"
#include "tools/programs.h"
#include "tools/ssh_ephemeral.h"

/* Test support is a program's: the captured output may be global. */
static char folder[64];
static char socket_path[100];
static char key_path[100];
static char output[65536];
static pid_t server;

static const char key_line[] =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPLwAEWZbpnZ5gGRNL5E/7FVX4J0khVFdCurIRNuIz7y me@here\n";
static const char fingerprint[] = "SHA256:";

static void
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd != -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* The other process: serves until it is killed, and dies with the test. */
static void
serve(int ready)
{
	char any[] = "*", passwd[100];
	char *users[] = { any }, *files[] = { passwd };
	struct words user_words = { users, 1 }, file_words = { files, 1 };
	struct control_policy policy = { .registrar = NULL };
	struct ephemeral_limits limits = ephemeral_default_limits();
	struct log log = { .fd = -1 };
	struct loop *loop;
	struct ephemeral *table;
	struct control *control;
	struct control_config config = { .log = &log, .path = socket_path, .uid = geteuid(),
	    .rules = { &policy, &user_words, &file_words, "ssh-ed25519", 2048, 60000, false } };

	snprintf(passwd, sizeof(passwd), "%s/passwd", folder);
	limits.total = 2;
	if (loop_new(&loop) != ERR_OK || ephemeral_new(&table, &limits, rng_system()) != ERR_OK)
		_exit(1);
	config.loop = loop;
	config.table = table;
	if (journal_new(&config.journal, table, &log) != ERR_OK)
		_exit(1);
	if (control_new(&control, &config) != ERR_OK || write(ready, "", 1) != 1)
		_exit(1);
	(void)!loop_run(loop);
	_exit(1);
}

static int
setup(void **state)
{
	char passwd[100], c;
	int ready[2];

	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/dayfly-tool-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(socket_path, sizeof(socket_path), "%s/s", folder);
	snprintf(key_path, sizeof(key_path), "%s/k.pub", folder);
	snprintf(passwd, sizeof(passwd), "%s/passwd", folder);
	write_file(passwd, "alice:x:1:1::/:/bin/sh\nbob:x:2:2::/:/bin/sh\n");
	write_file(key_path, key_line);
	assert_int_equal(pipe(ready), 0);
	server = fork();
	if (server == 0)
		serve(ready[1]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return 0;
}

static int
teardown(void **state)
{
	static const char *const names[] = { "s", "k.pub", "passwd", "bad" };
	char path[100];

	(void)state;
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(folder), 0);
	return 0;
}

/* Runs the program; all that it prints is in output. */
static int
run(const char *const *words)
{
	char *argv[32];
	int argc = 0, saved[2] = { dup(1), dup(2) }, code;
	FILE *captured = tmpfile();
	size_t n;

	argv[argc++] = strdup("ssh-ephemeral");
	while (*words != NULL)
		argv[argc++] = strdup(*words++);
	argv[argc] = NULL;
	fflush(stdout);
	fflush(stderr);
	dup2(fileno(captured), 1);
	dup2(fileno(captured), 2);
	code = ssh_ephemeral_main(argc, argv);
	fflush(stdout);
	fflush(stderr);
	dup2(saved[0], 1);
	dup2(saved[1], 2);
	close(saved[0]);
	close(saved[1]);
	rewind(captured);
	n = fread(output, 1, sizeof(output) - 1, captured);
	output[n] = '\0';
	fclose(captured);
	/* getopt(3) may have moved them; all are still there. */
	for (int i = 0; i < argc; i++)
		free(argv[i]);
	return code;
}

#define RUN(...)	run((const char *const[]){ __VA_ARGS__, NULL })
#define ADD(...)	RUN("add", "--socket", socket_path, "--user", "alice", __VA_ARGS__)

static void
says(const char *words)
{
	if (strstr(output, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", output, words);
}

/* The id in the last output, in a buffer of its own. */
static const char *
id_of_json(void)
{
	static char id[16];
	const char *at = strstr(output, "\"id\": \"");

	assert_non_null(at);
	assert_int_equal(sscanf(at + 7, "%15[a-z0-9]", id), 1);
	return id;
}

static void
a_key_is_added_listed_extended_and_revoked(void **state)
{
	char id[16];

	(void)state;
	assert_int_equal(ADD("--ttl", "5m", "--json", key_path), EPH_DONE);
	says("\"user\": \"alice\"");
	says("\"expires_in\": 300");
	says("\"comment\": \"me@here\"");
	snprintf(id, sizeof(id), "%s", id_of_json());
	assert_int_equal(RUN("list", "--socket", socket_path), EPH_DONE);
	says(id);
	says(fingerprint);
	assert_int_equal(RUN("list", "--json", "--socket", socket_path), EPH_DONE);
	assert_string_equal(id_of_json(), id);
	assert_int_equal(output[0], '[');
	assert_int_equal(RUN("extend", id, "--ttl", "1h", "--socket", socket_path), EPH_DONE);
	says("is good for 1h");
	assert_int_equal(RUN("revoke", id, "--socket", socket_path), EPH_DONE);
	says("Revoked 1 key");
	assert_int_equal(RUN("revoke", id, "--socket", socket_path), EPH_REFUSED);
	says("over already (revoked)");
	assert_int_equal(RUN("extend", id, "--ttl", "1h", "--socket", socket_path), EPH_REFUSED);
	assert_int_equal(RUN("list", "--json", "--socket", socket_path), EPH_DONE);
	assert_string_equal(output, "[]\n");
}

static void
revoke_takes_a_fingerprint_a_user_and_all(void **state)
{
	char text[80];

	(void)state;
	assert_int_equal(ADD(key_path), EPH_DONE);
	says("as ");
	assert_int_equal(sscanf(strstr(output, fingerprint), "%79s", text), 1);
	assert_int_equal(RUN("revoke", "--socket", socket_path, "--json", text), EPH_DONE);
	assert_string_equal(output, "{\"revoked\": 1, \"killed\": 0}\n");
	assert_int_equal(RUN("revoke", "--socket", socket_path, text), EPH_REFUSED);
	assert_int_equal(ADD(key_path), EPH_DONE);
	assert_int_equal(RUN("revoke", "--socket", socket_path, "--user", "bob"), EPH_REFUSED);
	assert_int_equal(RUN("revoke", "--socket", socket_path, "--user", "alice"), EPH_DONE);
	assert_int_equal(ADD(key_path), EPH_DONE);
	assert_int_equal(RUN("revoke", "--socket", socket_path, "--kill", "all"), EPH_DONE);
	says("Revoked 1 key, ended 0 sessions");
}

static void
add_for_several_users_registers_for_each_up_to_the_first_refusal(void **state)
{
	(void)state;
	assert_int_equal(ADD("--user", "bob", "--json", key_path), EPH_DONE);
	says("\"user\": \"alice\"");
	says("\"user\": \"bob\"");
	assert_int_equal(RUN("revoke", "--socket", socket_path, "all"), EPH_DONE);
	assert_int_equal(ADD("--user", "carol", "--user", "bob", key_path), EPH_REFUSED);
	says("for alice as");
	says("there is no user carol");
	assert_null(strstr(output, "bob"));
}

static void
refusals_exit_1_and_say_why(void **state)
{
	char bad[100];

	(void)state;
	snprintf(bad, sizeof(bad), "%s/bad", folder);
	assert_int_equal(ADD("--ttl", "400d", key_path), EPH_REFUSED);
	says("ttl must be from");
	assert_int_equal(ADD("--from", "not-a-network", key_path), EPH_REFUSED);
	says("not-a-network");
	assert_int_equal(ADD("--options", "no-such-option", key_path), EPH_REFUSED);
	says("no-such-option");
	assert_int_equal(RUN("add", "--socket", socket_path, "--user", "carol", key_path), EPH_REFUSED);
	says("there is no user carol");
	assert_int_equal(ADD("/nonexistent/k.pub"), EPH_REFUSED);
	says("/nonexistent/k.pub");
	write_file(bad, "hello\n");
	assert_int_equal(ADD(bad), EPH_REFUSED);
	says("bad key");
	write_file(bad, "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZ"
	    "QAAAAAAAAABAAAAMwAAAAtzc2gtZW\n-----END OPENSSH PRIVATE KEY-----\n");
	assert_int_equal(ADD(bad), EPH_REFUSED);
	says("bad");
}

static void
a_full_table_says_so(void **state)
{
	(void)state;
	assert_int_equal(ADD(key_path), EPH_DONE);
	assert_int_equal(ADD(key_path), EPH_DONE);
	assert_int_equal(ADD(key_path), EPH_REFUSED);
	says("full: the table holds 2 keys already");
}

static void
wrong_usage_exits_2(void **state)
{
	(void)state;
	assert_int_equal(run((const char *const[]){ NULL }), EPH_USAGE);
	assert_int_equal(RUN("frobnicate"), EPH_USAGE);
	assert_int_equal(RUN("add"), EPH_USAGE);
	assert_int_equal(RUN("add", "--user", "alice"), EPH_USAGE);
	assert_int_equal(RUN("add", "--no-such-flag"), EPH_USAGE);
	says("--no-such-flag");
	assert_int_equal(ADD("--ttl", "soon", key_path), EPH_USAGE);
	says("soon");
	assert_int_equal(ADD("--ttl", "0", key_path), EPH_USAGE);
	assert_int_equal(ADD("--uses", "0", key_path), EPH_USAGE);
	says("--uses");
	assert_int_equal(ADD("--once", "--uses", "2", key_path), EPH_USAGE);
	assert_int_equal(ADD("--once", "--grace", "5m", key_path), EPH_USAGE);
	assert_int_equal(ADD("--user", "", key_path), EPH_USAGE);
	assert_int_equal(RUN("code", "--user", "alice", "--user", "bob"), EPH_USAGE);
	says("one account");
	assert_int_equal(RUN("revoke", "--user", "alice", "--user", "bob"), EPH_USAGE);
	says("once");
	assert_int_equal(RUN("revoke"), EPH_USAGE);
	assert_int_equal(RUN("revoke", "--user", "alice", "all"), EPH_USAGE);
	assert_int_equal(RUN("revoke", "SHA256:short"), EPH_USAGE);
	assert_int_equal(RUN("extend", "someid"), EPH_USAGE);
	assert_int_equal(RUN("list", "what"), EPH_USAGE);
	assert_int_equal(RUN("loopback", "command"), EPH_USAGE);
}

static void
no_server_exits_3_naming_the_socket(void **state)
{
	(void)state;
	assert_int_equal(RUN("list", "--socket", "/nonexistent/none.sock"), EPH_NO_SERVER);
	says("/nonexistent/none.sock");
	assert_int_equal(setenv("DAYFLY_EPHEMERAL_SOCKET", "/nonexistent/other.sock", 1), 0);
	assert_int_equal(RUN("list"), EPH_NO_SERVER);
	says("/nonexistent/other.sock");
	assert_int_equal(setenv("DAYFLY_EPHEMERAL_SOCKET", socket_path, 1), 0);
	assert_int_equal(RUN("list"), EPH_DONE);
	assert_int_equal(unsetenv("DAYFLY_EPHEMERAL_SOCKET"), 0);
}

static void
times_read_as_people_write_them(void **state)
{
	static const struct {
		uint64_t ms;
		const char *text;
	} times[] = { { 0, "0s" }, { 1, "1s" }, { 59000, "59s" }, { 60000, "1m" }, { 61000, "1m1s" },
	    { 3600000, "1h" }, { 3601000, "1h0m1s" }, { 5400000, "1h30m" }, { 90000000, "25h" } };

	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		SCOPED(writer_free) struct writer w = writer_init(100);

		eph_put_time(&w, times[i].ms);
		assert_int_equal(wr_end(&w), ERR_OK);
		assert_true(span_is(writer_span(&w), times[i].text));
	}
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_key_is_added_listed_extended_and_revoked),
		T(revoke_takes_a_fingerprint_a_user_and_all),
		T(add_for_several_users_registers_for_each_up_to_the_first_refusal),
		T(refusals_exit_1_and_say_why),
		T(a_full_table_says_so),
		T(wrong_usage_exits_2),
		T(no_server_exits_3_naming_the_socket),
		cmocka_unit_test(times_read_as_people_write_them),
	};

	return cmocka_run_group_tests_name("ssh-ephemeral", tests, NULL, NULL);
}
