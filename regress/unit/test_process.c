/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/ids.h"
#include "os/net.h"
#include "os/process.h"
#include "os/pty.h"
#include "os/sandbox.h"

/* Runs a shell command with fd 1 as a pipe; returns its exit status, output in buf. */
static int
run(const char *command, char *buf, size_t size, bool with_more_fds)
{
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char *)command, NULL };
	struct process_job job = process_job("/bin/sh", argv);
	struct process_fd fds[2];
	size_t len = 0;
	ssize_t n;
	int p[2], status;
	pid_t pid;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	fds[0] = (struct process_fd){ p[1], 1 };
	fds[1] = (struct process_fd){ p[1], 7 };
	job.fds = fds;
	job.n_fds = with_more_fds ? 2 : 1;
	assert_int_equal(process_start(&job, &pid), ERR_OK);
	close(p[1]);
	while ((n = read(p[0], buf + len, size - 1 - len)) > 0)
		len += (size_t)n;
	buf[len] = '\0';
	close(p[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void
a_child_gets_its_descriptors_and_no_others(void **state)
{
	char buf[256];
	int extra = open("/dev/null", O_RDONLY);	/* without O_CLOEXEC, on purpose */

	(void)state;
	assert_int_equal(run("i=0; while [ $i -lt 200 ]; do [ ! -e /proc/$$/fd/$i ] || echo $i; i=$((i+1)); done",
	    buf, sizeof(buf), true), 0);
	assert_string_equal(buf, "1\n7\n");
	close(extra);
}

static void
a_descriptor_that_cannot_be_placed_starts_nothing(void **state)
{
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ "exit 0" }, NULL };
	struct process_job job = process_job("/bin/sh", argv);
	struct rlimit was, few;
	enum err e;
	pid_t pid;

	(void)state;
	/* The program to run is the descriptor's; path is what must not run instead. */
	job.exec_fd = open("/bin/sh", O_RDONLY | O_CLOEXEC);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	few = was;
	few.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	e = process_start(&job, &pid);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_int_equal(e, ERR_SYSTEM);
	close(job.exec_fd);
}

static void
the_exit_status_comes_back(void **state)
{
	char buf[16];

	(void)state;
	assert_int_equal(run("exit 42", buf, sizeof(buf), false), 42);
	assert_int_equal(run("kill -TERM $$", buf, sizeof(buf), false), 128 + SIGTERM);
}

static void
more_open_files_are_for_this_process_alone(void **state)
{
	struct rlimit before, r;
	struct process_fd fds[] = { { STDERR_FILENO, STDERR_FILENO } };
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ "test $(ulimit -Sn) -eq 100" }, NULL };
	struct process_job job = process_job("/bin/sh", argv);
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	assert_true(before.rlim_max > 100);
	r = before;
	r.rlim_cur = 100;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &r), 0);
	job.fds = fds;
	job.n_fds = 1;
	job.rlimit_files = process_raise_files();
	assert_int_equal(job.rlimit_files, 100);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &r), 0);
	assert_true(r.rlim_cur > 100 && r.rlim_cur <= r.rlim_max);
	assert_int_equal(process_start(&job, &pid), ERR_OK);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void
signals_are_as_in_a_new_program(void **state)
{
	char buf[256];
	sigset_t set, old;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, &old);
	assert_int_equal(run("grep -E '^Sig(Blk|Ign)' /proc/$$/status | cut -f2", buf, sizeof(buf), false), 0);
	assert_string_equal(buf, "0000000000000000\n0000000000000000\n");
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void
a_program_that_is_not_there_is_an_error_here(void **state)
{
	char *argv[] = { (char[]){ "x" }, NULL };
	struct process_job job = process_job("/nonexistent/x", argv);
	pid_t pid;

	(void)state;
	assert_int_equal(process_start(&job, &pid), ERR_SYSTEM);
	assert_int_equal(errno, ENOENT);
}

static void
signal_names_go_both_ways(void **state)
{
	(void)state;
	assert_string_equal(process_signal_name(SIGTERM), "TERM");
	assert_null(process_signal_name(SIGWINCH));
	assert_int_equal(process_signal_number("INT", 3), SIGINT);
	assert_int_equal(process_signal_number("INTX", 4), 0);
	assert_int_equal(process_signal_number("", 0), 0);
}

static void
a_pty_has_a_size_and_two_ends(void **state)
{
	struct pty_size size = { 132, 43, 0, 0 }, back;
	struct pty pty;
	char buf[16];

	(void)state;
	assert_int_equal(pty_open(&pty), ERR_OK);
	assert_int_equal(pty_set_size(pty.master, &size), ERR_OK);
	assert_int_equal(pty_get_size(pty.slave, &back), ERR_OK);
	assert_int_equal(back.columns, 132);
	assert_int_equal(back.rows, 43);
	assert_int_equal(write(pty.slave, "x", 1), 1);
	assert_int_equal(read(pty.master, buf, sizeof(buf)), 1);
	pty_close(&pty);
	assert_int_equal(pty_get_size(0x7fff, &back), ERR_SYSTEM);
}

static void
sockets_listen_connect_and_know_their_ends(void **state)
{
	struct endpoint at = { .port = 0 }, local, peer, accepted;
	int l, c, s;
	enum err e;

	(void)state;
	assert_int_equal(address_parse(SPAN_LIT("127.0.0.1"), &at.address), ERR_OK);
	assert_int_equal(net_listen(&at, 4, &l), ERR_OK);
	assert_int_equal(net_ends(l, &local, NULL), ERR_OK);
	assert_true(local.port != 0);
	assert_int_equal(net_accept(l, &s), ERR_AGAIN);
	assert_int_equal(net_connect(&local, NULL, &c), ERR_OK);
	do
		e = net_accept(l, &s);
	while (e == ERR_AGAIN);
	assert_int_equal(e, ERR_OK);
	assert_int_equal(net_connect_result(c), ERR_OK);
	assert_int_equal(net_ends(c, &peer, NULL), ERR_OK);
	assert_int_equal(net_ends(s, NULL, &accepted), ERR_OK);
	assert_int_equal(peer.port, accepted.port);
	assert_int_equal(net_listen(&local, 4, &c), ERR_SYSTEM);
	assert_int_equal(errno, EADDRINUSE);
	close(s);
	close(l);
}

/* What a child under the filter does; its exit status is the answer. */
static int
filtered(bool forbidden)
{
	static const struct sandbox_call calls[] = {
		SANDBOX_CALL(exit_group),
		SANDBOX_CALL(write),
		SANDBOX_REFUSE(chdir),
	};

	if (sandbox_calls(calls, COUNT(calls)) != ERR_OK)
		return 1;
	if (chdir("/") != -1 || errno != EPERM)
		return 2;
	if (forbidden)
		(void)getuid();
	return 0;
}

static int
status_of_filtered(bool forbidden)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(filtered(forbidden));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
a_call_that_is_not_in_the_table_kills(void **state)
{
	int status;

	(void)state;
#ifdef SANITIZED
	skip();			/* sandbox_calls() says that it does not filter then */
#endif
	assert_int_equal(status_of_filtered(false), 0);
	status = status_of_filtered(true);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

/* Whichever of the standard descriptors are closed. */
static int
filled(unsigned closed)
{
	for (int i = 0; i < 3; i++)
		if (closed >> i & 1)
			close(i);
	process_fill_standard();
	for (int i = 0; i < 3; i++)
		if (fcntl(i, F_GETFD) != 0)
			return 1;
	return dup(0) > 2 ? 0 : 2;
}

static void
no_file_takes_the_number_of_a_standard_descriptor_that_was_closed(void **state)
{
	(void)state;
	for (unsigned closed = 0; closed < 8; closed++) {
		int status;
		pid_t pid = fork();

		if (pid == 0)
			_exit(filled(closed));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

static void
ids_are_given_up_for_good(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	pid = fork();
	if (pid == 0) {
		gid_t groups[] = { 54321 };

		if (ids_become(12345, 12346, groups, 1) != ERR_OK)
			_exit(1);
		if (getuid() != 12345 || getegid() != 12346 || getgroups(0, NULL) != 1)
			_exit(2);
		_exit(setuid(0) == -1 ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
borrowed_ids_are_returned(void **state)
{
	struct ids_own own;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(ids_borrow(&own, 12345, 12346, NULL, 0), ERR_OK);
	assert_int_equal(geteuid(), 12345);
	assert_int_equal(access("/root/x", F_OK), -1);
	assert_int_equal(open("/etc/shadow", O_RDONLY), -1);
	assert_int_equal(errno, EACCES);
	ids_return(&own);
	assert_int_equal(geteuid(), 0);
	assert_int_equal(getegid(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child_gets_its_descriptors_and_no_others),
		cmocka_unit_test(a_descriptor_that_cannot_be_placed_starts_nothing),
		cmocka_unit_test(the_exit_status_comes_back),
		cmocka_unit_test(more_open_files_are_for_this_process_alone),
		cmocka_unit_test(signals_are_as_in_a_new_program),
		cmocka_unit_test(a_program_that_is_not_there_is_an_error_here),
		cmocka_unit_test(signal_names_go_both_ways),
		cmocka_unit_test(a_pty_has_a_size_and_two_ends),
		cmocka_unit_test(sockets_listen_connect_and_know_their_ends),
		cmocka_unit_test(a_call_that_is_not_in_the_table_kills),
		cmocka_unit_test(no_file_takes_the_number_of_a_standard_descriptor_that_was_closed),
		cmocka_unit_test(ids_are_given_up_for_good),
		cmocka_unit_test(borrowed_ids_are_returned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
