/* SPDX-License-Identifier: ISC */
/* sshd/control: a real control socket in a folder of its own, driven turn by turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/net.h"
#include "sshd/control_i.h"
#include "sshd/control_messages.h"

/* An Ed25519 blob: any 32 bytes are one. */
#define BLOB								\
	SPAN_LIT("\0\0\0\13ssh-ed25519\0\0\0\40"			\
	    "\271\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20"		\
	    "\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37\40")

#define S	((uint64_t)1000)

/* A uid that is nobody's here: passwd_text calls it deploy. */
#define OTHER_UID	64001

static const char passwd_text[] =
    "root:x:0:0::/root:/bin/sh\n"
    "alice:x:64010:1::/:/bin/sh\n"
    "bob:x:64011:1::/:/bin/sh\n"
    "deploy:x:64001:1::/:/bin/sh\n";

struct fixture {
	char folder[64];
	char socket_path[100];
	char passwd_path[100];
	char *passwd_files[1];
	char any_user[2];
	char *any_users[1];
	struct words passwd_words, users;
	struct control_policy policy;
	struct rng_test seed;
	struct ephemeral *table;
	struct journal *journal;
	struct loop *loop;
	struct log log;
	char logged[8192];
	struct control_config config;
	struct control *control;
	struct ipc client;
	uint8_t buf[LIMIT_IPC];

	/* What the last request was answered with. */
	bool refused;
	char text[600];
	size_t n_grants;
	char id[EPHEMERAL_ID_SIZE];	/* of the last grant */
	struct msg_ctl_grant grant;	/* its numbers */
	struct msg_ctl_done done;
	uint64_t killed[8], moved[8];
	size_t n_killed, n_moved;
};

static void
keep_line(void *arg, enum log_level level, const char *line)
{
	struct fixture *f = arg;
	size_t n = strlen(f->logged);

	(void)level;
	snprintf(f->logged + n, sizeof(f->logged) - n, "%s\n", line);
}

static void
kill_session(void *arg, uint64_t session)
{
	struct fixture *f = arg;

	f->killed[f->n_killed++] = session;
	ephemeral_close(f->table, session);
}

static void
move_session_end(void *arg, uint64_t session)
{
	struct fixture *f = arg;

	f->moved[f->n_moved++] = session;
}

static void
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd != -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct ephemeral_limits limits = ephemeral_default_limits();

	snprintf(f->folder, sizeof(f->folder), "/tmp/dayfly-control-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	assert_int_equal(chmod(f->folder, 0755), 0);
	snprintf(f->socket_path, sizeof(f->socket_path), "%s/sub/e.sock", f->folder);
	snprintf(f->passwd_path, sizeof(f->passwd_path), "%s/passwd", f->folder);
	write_file(f->passwd_path, passwd_text);
	f->passwd_files[0] = f->passwd_path;
	f->passwd_words = (struct words){ f->passwd_files, 1 };
	f->any_user[0] = '*';
	f->any_users[0] = f->any_user;
	f->users = (struct words){ f->any_users, 1 };
	limits.total = 5;
	f->seed.state = 1;
	assert_int_equal(ephemeral_new(&f->table, &limits, rng_test(&f->seed)), ERR_OK);
	assert_int_equal(loop_new(&f->loop), ERR_OK);
	assert_int_equal(journal_new(&f->journal, f->table, &f->log), ERR_OK);
	f->log = (struct log){ .level = LOG_LEVEL_DEBUG1, .fd = -1, .sink = keep_line, .sink_arg = f };
	f->config = (struct control_config){ .loop = f->loop, .log = &f->log, .table = f->table,
	    .journal = f->journal, .path = f->socket_path, .uid = geteuid(),
	    .rules = { &f->policy, &f->users, &f->passwd_words,
	        "ssh-ed25519,rsa-sha2-256", 2048, 60 * S, false },
	    .kill_session = kill_session, .move_session_end = move_session_end, .arg = f };
	ipc_init(&f->client, -1);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char sub[100];

	ipc_close(&f->client);
	control_free(f->control);
	assert_int_equal(access(f->socket_path, F_OK), -1);
	journal_free(f->journal);
	ephemeral_free(f->table);
	loop_free(f->loop);
	control_policy_free(&f->policy);
	snprintf(sub, sizeof(sub), "%s/sub", f->folder);
	(void)rmdir(sub);
	(void)unlink(f->passwd_path);
	assert_int_equal(rmdir(f->folder), 0);
	free(f);
	return 0;
}

static void
connect_client(struct fixture *f)
{
	int fd;

	ipc_close(&f->client);
	assert_int_equal(net_connect_unix(f->socket_path, SOCK_SEQPACKET, &fd), ERR_OK);
	ipc_init(&f->client, fd);
}

static void
serve(struct fixture *f)
{
	assert_int_equal(control_new(&f->control, &f->config), ERR_OK);
	connect_client(f);
}

/* Lets a registrar be, and connects as it. Only root can play two uids. */
static void
connect_as_other(struct fixture *f, const char *policy)
{
	char why[200];

	if (geteuid() != 0)
		skip();
	assert_int_equal(control_policy_parse(&f->policy, span_str(policy), why, sizeof(why)),
	    ERR_OK);
	assert_int_equal(control_new(&f->control, &f->config), ERR_OK);
	assert_int_equal(seteuid(OTHER_UID), 0);
	connect_client(f);
	assert_int_equal(seteuid(0), 0);
}

/* --- the tool's side --- */

static enum err
on_ctl_refused(struct fixture *f, const struct msg_ctl_refused *m, struct ipc_fds *fds)
{
	(void)fds;
	f->refused = true;
	snprintf(f->text, sizeof(f->text), "%.*s", (int)m->text.len, (const char *)m->text.p);
	return ERR_CLOSED;
}

static enum err
on_ctl_server(struct fixture *f, const struct msg_ctl_server *m, struct ipc_fds *fds)
{
	(void)fds;
	f->done.count = m->live;
	snprintf(f->text, sizeof(f->text), "%.*s", (int)m->version.len, (const char *)m->version.p);
	return ERR_CLOSED;
}

static enum err
on_ctl_grant(struct fixture *f, const struct msg_ctl_grant *m, struct ipc_fds *fds)
{
	(void)fds;
	f->n_grants++;
	f->grant = *m;
	snprintf(f->id, sizeof(f->id), "%.*s", (int)m->id.len, (const char *)m->id.p);
	snprintf(f->text, sizeof(f->text), "%.*s %.*s", (int)m->user.len, (const char *)m->user.p,
	    (int)m->registrar.len, (const char *)m->registrar.p);
	return ERR_OK;
}

static enum err
on_ctl_done(struct fixture *f, const struct msg_ctl_done *m, struct ipc_fds *fds)
{
	(void)fds;
	f->done = *m;
	return ERR_CLOSED;
}

static enum err
on_ctl_event(struct fixture *f, const struct msg_ctl_event *m, struct ipc_fds *fds)
{
	(void)fds;
	f->n_grants++;
	snprintf(f->text, sizeof(f->text), "%.*s", (int)m->line.len, (const char *)m->line.p);
	return ERR_OK;
}

static enum err
on_ctl_penalty(struct fixture *f, const struct msg_ctl_penalty *m, struct ipc_fds *fds)
{
	(void)fds;
	f->n_grants++;
	snprintf(f->text, sizeof(f->text), "%.*s", (int)m->source.len, (const char *)m->source.p);
	return ERR_OK;
}

IPC_RECEIVER(on_reply, CONTROL_REPLIES, struct fixture)

/* Turns the loop until the request is answered. */
static void
answer(struct fixture *f)
{
	enum err e = ERR_OK;

	f->refused = false;
	f->n_grants = 0;
	f->done = (struct msg_ctl_done){ .count = 0 };
	for (int i = 0; i < 1000 && e != ERR_CLOSED; i++) {
		struct ipc_fds fds;
		struct span message;

		assert_int_equal(loop_turn(f->loop, loop_now(f->loop)), ERR_OK);
		e = ipc_receive(&f->client, (struct room){ f->buf, sizeof(f->buf) }, &message, &fds);
		if (e == ERR_AGAIN)
			continue;
		assert_int_equal(e, ERR_OK);
		e = on_reply(f, &f->client, CONTROL_PHASE, message, &fds);
	}
	assert_int_equal(e, ERR_CLOSED);
}

static struct msg_ctl_add
addition(void)
{
	return (struct msg_ctl_add){ .user = SPAN_LIT("alice"), .key = BLOB };
}

static void
ask_add(struct fixture *f, struct msg_ctl_add m)
{
	assert_int_equal(ipc_send_ctl_add(&f->client, &m, NULL), ERR_OK);
	answer(f);
}

static void
refused_with(struct fixture *f, struct msg_ctl_add m, const char *words)
{
	size_t before = ephemeral_count(f->table);

	ask_add(f, m);
	assert_true(f->refused);
	if (strstr(f->text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", f->text, words);
	assert_int_equal(ephemeral_count(f->table), before);
}

static void
ask_list(struct fixture *f, struct msg_ctl_list m)
{
	assert_int_equal(ipc_send_ctl_list(&f->client, &m, NULL), ERR_OK);
	answer(f);
}

static void
ask_revoke(struct fixture *f, struct msg_ctl_revoke m)
{
	assert_int_equal(ipc_send_ctl_revoke(&f->client, &m, NULL), ERR_OK);
	answer(f);
}

static void
ask_extend(struct fixture *f, const char *id, uint64_t ttl)
{
	assert_int_equal(ipc_send_ctl_extend(&f->client,
	    &(struct msg_ctl_extend){ span_str(id), ttl, 0 }, NULL), ERR_OK);
	answer(f);
}

/* --- what works --- */

static void
a_key_is_registered_listed_extended_and_revoked(void **state)
{
	struct fixture *f = *state;
	char id[EPHEMERAL_ID_SIZE];

	serve(f);
	ask_add(f, addition());
	assert_false(f->refused);
	assert_int_equal(f->done.count, 1);
	assert_int_equal(f->n_grants, 1);
	assert_true(f->grant.left == 60 * S);
	memcpy(id, f->id, sizeof(id));
	assert_int_equal(ephemeral_find(f->table, SPAN_LIT("alice"), BLOB, NULL, false,
	    loop_now(f->loop), NULL), EPHEMERAL_YES);

	ask_list(f, (struct msg_ctl_list){ .live_only = true });
	assert_int_equal(f->n_grants, 1);
	assert_string_equal(f->id, id);

	ask_extend(f, id, 600 * S);
	assert_false(f->refused);
	assert_true(f->grant.left == 600 * S);

	ask_revoke(f, (struct msg_ctl_revoke){ .id = span_str(id) });
	assert_int_equal(f->done.count, 1);
	ask_revoke(f, (struct msg_ctl_revoke){ .id = span_str(id) });
	assert_true(f->refused);
	ask_list(f, (struct msg_ctl_list){ .live_only = true });
	assert_int_equal(f->n_grants, 0);
	ask_list(f, (struct msg_ctl_list){ .live_only = false });
	assert_int_equal(f->n_grants, 1);
	assert_int_equal(f->grant.state, EPHEMERAL_REVOKED);
}

static void
the_server_tells_about_itself(void **state)
{
	struct fixture *f = *state;

	serve(f);
	ask_add(f, addition());
	assert_int_equal(ipc_send_ctl_info(&f->client, &(struct msg_ctl_info){ .version = 1 }, NULL),
	    ERR_OK);
	answer(f);
	assert_int_equal(f->done.count, 1);
	assert_string_equal(f->text, DAYFLY_VERSION);
}

static void
the_log_names_key_user_and_registrar(void **state)
{
	struct fixture *f = *state;
	struct msg_ctl_add m = addition();

	serve(f);
	m.comment = SPAN_LIT("night job");
	m.uses = 1;
	ask_add(f, m);
	assert_non_null(strstr(f->logged, "registered for alice: ED25519 SHA256:"));
	assert_non_null(strstr(f->logged, "ttl 60 s, uses 1 (night job)"));
	ask_revoke(f, (struct msg_ctl_revoke){ .all = true });
	assert_non_null(strstr(f->logged, "revoked for alice"));
}

static void
a_list_of_more_than_a_page_comes_in_pages(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_limits limits = ephemeral_default_limits();
	struct msg_ctl_list m = { .live_only = true };
	size_t n = 0, pages = 0;
	char cursor_id[EPHEMERAL_ID_SIZE];
	char user[20];

	ephemeral_set_limits(f->table, &limits);
	for (int i = 0; i < 250; i++) {
		struct ephemeral_request req = { .blob = BLOB, .ttl = 60 * S,
		    .registrar = SPAN_LIT("root"),
		    .user = span_of(user, (size_t)snprintf(user, sizeof(user), "user%d", i)) };
		struct ephemeral_grant g;

		assert_int_equal(ephemeral_add(f->table, &req, loop_now(f->loop), &g, NULL), ERR_OK);
	}
	serve(f);
	do {
		ask_list(f, m);
		n += f->n_grants;
		pages++;
		assert_int_equal(f->n_grants, f->done.count);
		assert_true(f->n_grants <= CONTROL_PAGE);
		m.cursor = f->done.cursor;
		memcpy(cursor_id, f->done.cursor_id.p, f->done.cursor_id.len);
		m.cursor_id = span_of(cursor_id, f->done.cursor_id.len);
	} while (f->done.more);
	assert_int_equal(n, 250);
	assert_int_equal(pages, 3);
}

static void
revoke_by_user_by_fingerprint_and_all(void **state)
{
	struct fixture *f = *state;
	struct msg_ctl_add m = addition();
	uint8_t fingerprint[EPHEMERAL_FP_LEN];

	serve(f);
	ask_add(f, m);
	memcpy(fingerprint, f->grant.fingerprint.p, sizeof(fingerprint));
	m.user = SPAN_LIT("bob");
	ask_add(f, m);
	ask_revoke(f, (struct msg_ctl_revoke){ .user = SPAN_LIT("bob") });
	assert_int_equal(f->done.count, 1);
	ask_revoke(f, (struct msg_ctl_revoke){ .user = SPAN_LIT("bob") });
	assert_true(f->refused);
	ask_revoke(f, (struct msg_ctl_revoke){
	    .fingerprint = span_of(fingerprint, sizeof(fingerprint)) });
	assert_int_equal(f->done.count, 1);
	ask_revoke(f, (struct msg_ctl_revoke){ .all = true });
	assert_false(f->refused);
	assert_int_equal(f->done.count, 0);
}

/* A login by the last registration; whole: it becomes a session. */
static void
log_in(struct fixture *f, struct span user, uint64_t number, bool whole)
{
	struct ephemeral_login login = { .number = number, .user = user, .blob = BLOB };
	enum ephemeral_answer answer;

	assert_int_equal(ephemeral_reserve(f->table, &login, loop_now(f->loop), &answer, NULL), ERR_OK);
	assert_int_equal(answer, EPHEMERAL_YES);
	if (whole)
		assert_int_equal(ephemeral_commit(f->table, number, loop_now(f->loop), NULL), EPHEMERAL_YES);
}

static void
kill_ends_logins_that_go_on_too(void **state)
{
	struct fixture *f = *state;
	struct msg_ctl_add m = addition();

	serve(f);
	ask_add(f, m);
	log_in(f, m.user, 71, true);
	log_in(f, m.user, 72, false);
	ask_revoke(f, (struct msg_ctl_revoke){ .id = span_str(f->id), .kill = true });
	assert_false(f->refused);
	assert_int_equal(f->n_killed, 2);
}

static void
kill_ends_the_sessions_also_of_a_grant_that_is_over(void **state)
{
	struct fixture *f = *state;
	struct msg_ctl_add m = addition();

	serve(f);
	m.uses = 3;
	ask_add(f, m);
	for (uint64_t s = 71; s <= 73; s++)
		log_in(f, m.user, s, true);
	ask_revoke(f, (struct msg_ctl_revoke){ .id = span_str(f->id), .kill = true });
	assert_false(f->refused);
	assert_int_equal(f->done.count, 0);
	assert_int_equal(f->done.killed, 3);
	assert_int_equal(f->n_killed, 3);
	ask_revoke(f, (struct msg_ctl_revoke){ .id = span_str(f->id), .kill = true });
	assert_true(f->refused);
}

static void
the_end_of_sessions_moves_with_their_grant(void **state)
{
	struct fixture *f = *state;
	struct msg_ctl_add m = addition();

	serve(f);
	m.session = EPHEMERAL_SESSION_GRANT;
	ask_add(f, m);
	log_in(f, m.user, 7, true);
	ask_extend(f, f->id, 600 * S);
	assert_int_equal(f->n_moved, 1);
	ask_revoke(f, (struct msg_ctl_revoke){ .id = span_str(f->id) });
	assert_int_equal(f->n_moved, 2);
	assert_int_equal(f->n_killed, 0);
}

/* --- refusals --- */

static void
bad_keys_are_refused_saying_so(void **state)
{
	struct fixture *f = *state;
	struct msg_ctl_add m = addition();
	struct span blob = BLOB;

	serve(f);
	m.key = SPAN_EMPTY;
	refused_with(f, m, "key");
	m.key = SPAN_LIT("hello");
	refused_with(f, m, "key");
	m.key = span_first(blob, blob.len - 1);
	refused_with(f, m, "bad key: message too short");
	m.key = SPAN_LIT("\0\0\0\7ssh-dss\0\0\0\0");
	refused_with(f, m, "keys of type \"ssh-dss\" cannot be registered");
	f->control->config.rules.key_algs = "rsa-sha2-512";
	refused_with(f, addition(), "PubkeyAcceptedAlgorithms");
}

static void
times_out_of_range_are_refused_with_the_range(void **state)
{
	struct fixture *f = *state;
	struct msg_ctl_add m = addition();

	serve(f);
	m.ttl = 999;
	refused_with(f, m, "ttl must be from 1 to 86400 seconds");
	m.ttl = UINT64_MAX;
	refused_with(f, m, "ttl must be from 1 to 86400 seconds");
	m = addition();
	m.grace = UINT64_MAX;
	refused_with(f, m, "grace");
	m = addition();
	m.session = 3;
	refused_with(f, m, "session");
	m.session = EPHEMERAL_SESSION_LENGTH;
	refused_with(f, m, "session length");
}

static void
malformed_fields_are_refused_by_name(void **state)
{
	struct fixture *f = *state;
	struct msg_ctl_add m = addition();

	serve(f);
	m.sources = SPAN_LIT("192.0.2.0/24,not-a-network");
	refused_with(f, m, "from: \"not-a-network\"");
	m = addition();
	m.options = SPAN_LIT("no-such-option");
	refused_with(f, m, "no-such-option");
	m.options = SPAN_LIT("command=");
	refused_with(f, m, "options");
	m.options = SPAN_LIT("cert-authority");
	refused_with(f, m, "certificate authorities");
	m = addition();
	m.comment = SPAN_LIT("a\nb");
	refused_with(f, m, "control characters");
}

static void
users_that_are_not_there_or_not_meant_are_refused(void **state)
{
	struct fixture *f = *state;
	struct msg_ctl_add m = addition();

	serve(f);
	m.user = SPAN_LIT("nobody-of-that-name");
	refused_with(f, m, "there is no user nobody-of-that-name");
	m.user = SPAN_EMPTY;
	refused_with(f, m, "no user is named");
	f->any_user[0] = 'b';
	refused_with(f, addition(), "alice (EphemeralKeyUsers)");
	f->any_user[0] = '*';
	f->control->config.only_user = "bob";
	refused_with(f, addition(), "only bob can log in");
}

static void
a_full_table_refuses_and_evicts_nobody(void **state)
{
	struct fixture *f = *state;

	serve(f);
	for (int i = 0; i < 5; i++)
		ask_add(f, addition());
	assert_int_equal(ephemeral_count(f->table), 5);
	refused_with(f, addition(), "full: the table holds 5 keys already");
}

static void
a_malformed_message_ends_that_client_only(void **state)
{
	struct fixture *f = *state;
	struct ipc_fds fds;
	struct span message;

	serve(f);
	assert_int_equal(ipc_send(&f->client, SPAN_LIT("\0\0\0\1rubbish"), NULL), ERR_OK);
	for (int i = 0; i < 5; i++)
		assert_int_equal(loop_turn(f->loop, loop_now(f->loop)), ERR_OK);
	assert_int_equal(ipc_receive(&f->client, (struct room){ f->buf, sizeof(f->buf) }, &message,
	    &fds), ERR_CLOSED);
	connect_client(f);
	ask_add(f, addition());
	assert_false(f->refused);
}

/* --- registrars --- */

static void
who_is_no_registrar_gets_one_sentence(void **state)
{
	struct fixture *f = *state;

	connect_as_other(f, "alice");
	answer(f);
	assert_true(f->refused);
	assert_non_null(strstr(f->text, "EphemeralKeyRegistrars"));
}

static void
a_registrar_registers_for_whom_it_may_and_not_longer(void **state)
{
	struct fixture *f = *state;
	struct msg_ctl_add m = addition();

	connect_as_other(f, "deploy:users=alice|app*,max-ttl=30");
	ask_add(f, m);
	assert_false(f->refused);
	assert_string_equal(f->text, "alice deploy");
	/* The default ttl is cut to what it may have; one that is asked for is not. */
	assert_true(f->grant.left == 30 * S);
	m.ttl = 31 * S;
	refused_with(f, m, "ttl must be from 1 to 30 seconds");
	m = addition();
	m.user = SPAN_LIT("bob");
	refused_with(f, m, "you may not register keys for bob");
	m.user = SPAN_LIT("root");
	refused_with(f, m, "you may not register keys for root");
	ask_extend(f, f->id, 31 * S);
	assert_true(f->refused);
}

static void
sessions_are_no_longer_than_the_registrar_may_hand_out(void **state)
{
	struct fixture *f = *state;
	struct msg_ctl_add m = addition();

	connect_as_other(f, "deploy:users=alice,max-session=60");
	ask_add(f, m);
	assert_false(f->refused);
	assert_true(f->grant.session == EPHEMERAL_SESSION_LENGTH && f->grant.session_length == 60 * S);
	m.session = EPHEMERAL_SESSION_LENGTH;
	m.session_length = 61 * S;
	refused_with(f, m, "sessions of 60 seconds at most");
	m = addition();
	m.session = EPHEMERAL_SESSION_GRANT;
	m.ttl = 61 * S;
	refused_with(f, m, "sessions of 60 seconds at most");
	m.ttl = 60 * S;
	ask_add(f, m);
	assert_false(f->refused);
	/* The first use would move the end. */
	m.grace = 61 * S;
	refused_with(f, m, "sessions of 60 seconds at most");
}

static void
a_registrar_sees_and_revokes_only_its_own(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_request req = { .user = SPAN_LIT("alice"), .blob = BLOB, .ttl = 60 * S,
	    .registrar = SPAN_LIT("root") };
	struct ephemeral_grant g;
	char id[EPHEMERAL_ID_SIZE];

	assert_int_equal(ephemeral_add(f->table, &req, loop_now(f->loop), &g, NULL), ERR_OK);
	memcpy(id, g.id, sizeof(id));
	connect_as_other(f, "64001:users=*");
	ask_list(f, (struct msg_ctl_list){ .live_only = false });
	assert_int_equal(f->n_grants, 0);
	ask_revoke(f, (struct msg_ctl_revoke){ .id = span_str(id) });
	assert_true(f->refused);
	ask_extend(f, id, 600 * S);
	assert_true(f->refused);
	ask_revoke(f, (struct msg_ctl_revoke){ .all = true });
	assert_int_equal(f->done.count, 0);
	assert_int_equal(ephemeral_count(f->table), 1);
	ask_add(f, addition());
	ask_revoke(f, (struct msg_ctl_revoke){ .all = true });
	assert_int_equal(f->done.count, 1);
	assert_int_equal(ephemeral_count(f->table), 1);
}

static void
a_registrar_that_a_reload_removes_loses_its_right_at_once(void **state)
{
	struct fixture *f = *state;
	struct control_policy nobody = { .registrar = NULL };
	struct control_rules rules = f->config.rules;
	char id[EPHEMERAL_ID_SIZE];
	struct stat st;

	connect_as_other(f, "deploy:users=alice");
	ask_add(f, addition());
	assert_false(f->refused);
	memcpy(id, f->id, sizeof(id));
	assert_int_equal(stat(f->socket_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0666);
	rules.policy = &nobody;
	control_set_rules(f->control, &rules);
	refused_with(f, addition(), "you may not register keys");
	ask_extend(f, id, 600 * S);
	assert_true(f->refused);
	assert_non_null(strstr(f->text, "you may not register keys for alice"));
	/* What is out of the world is no harm. */
	ask_revoke(f, (struct msg_ctl_revoke){ .id = span_str(id) });
	assert_false(f->refused);
	assert_int_equal(stat(f->socket_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* --- the socket --- */

static void
a_socket_left_behind_is_replaced(void **state)
{
	struct fixture *f = *state;
	char sub[100];
	int fd;

	snprintf(sub, sizeof(sub), "%s/sub", f->folder);
	assert_int_equal(mkdir(sub, 0755), 0);
	assert_int_equal(net_listen_unix(f->socket_path, SOCK_SEQPACKET, 0177, &fd), ERR_OK);
	close(fd);
	serve(f);
	ask_add(f, addition());
	assert_false(f->refused);
}

static void
a_socket_that_is_served_is_not_taken_over(void **state)
{
	struct fixture *f = *state;
	struct control *second;

	serve(f);
	assert_int_equal(control_new(&second, &f->config), ERR_EXISTS);
	assert_non_null(strstr(f->logged, "another server listens"));
	ask_add(f, addition());
	assert_false(f->refused);
}

static void
a_file_in_the_way_is_left_alone(void **state)
{
	struct fixture *f = *state;
	char sub[100];

	snprintf(sub, sizeof(sub), "%s/sub", f->folder);
	assert_int_equal(mkdir(sub, 0755), 0);
	write_file(f->socket_path, "precious");
	assert_int_equal(control_new(&f->control, &f->config), ERR_EXISTS);
	assert_non_null(strstr(f->logged, "is not a socket"));
	assert_int_equal(access(f->socket_path, F_OK), 0);
	assert_int_equal(unlink(f->socket_path), 0);
}

static void
a_folder_that_others_can_write_is_refused(void **state)
{
	struct fixture *f = *state;
	char sub[100];

	snprintf(sub, sizeof(sub), "%s/sub", f->folder);
	assert_int_equal(mkdir(sub, 0755), 0);
	assert_int_equal(chmod(sub, 0777), 0);
	assert_int_equal(control_new(&f->control, &f->config), ERR_DENIED);
	assert_non_null(strstr(f->logged, "others may write"));
}

static void
ending_leaves_a_successors_socket_alone(void **state)
{
	struct fixture *f = *state;
	struct control *second;

	serve(f);
	assert_int_equal(unlink(f->socket_path), 0);
	assert_int_equal(control_new(&second, &f->config), ERR_OK);
	control_free(f->control);
	assert_int_equal(access(f->socket_path, F_OK), 0);
	f->control = second;
}

static void
a_client_that_hangs_up_is_forgotten(void **state)
{
	struct fixture *f = *state;

	serve(f);
	ask_add(f, addition());
	assert_non_null(f->control->clients);
	ipc_close(&f->client);
	for (int i = 0; i < 3; i++)
		assert_int_equal(loop_turn(f->loop, loop_now(f->loop)), ERR_OK);
	assert_null(f->control->clients);
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_key_is_registered_listed_extended_and_revoked),
		T(the_server_tells_about_itself),
		T(the_log_names_key_user_and_registrar),
		T(a_list_of_more_than_a_page_comes_in_pages),
		T(revoke_by_user_by_fingerprint_and_all),
		T(kill_ends_logins_that_go_on_too),
		T(kill_ends_the_sessions_also_of_a_grant_that_is_over),
		T(the_end_of_sessions_moves_with_their_grant),
		T(bad_keys_are_refused_saying_so),
		T(times_out_of_range_are_refused_with_the_range),
		T(malformed_fields_are_refused_by_name),
		T(users_that_are_not_there_or_not_meant_are_refused),
		T(a_full_table_refuses_and_evicts_nobody),
		T(a_malformed_message_ends_that_client_only),
		T(who_is_no_registrar_gets_one_sentence),
		T(a_registrar_registers_for_whom_it_may_and_not_longer),
		T(sessions_are_no_longer_than_the_registrar_may_hand_out),
		T(a_registrar_sees_and_revokes_only_its_own),
		T(a_registrar_that_a_reload_removes_loses_its_right_at_once),
		T(a_socket_left_behind_is_replaced),
		T(a_socket_that_is_served_is_not_taken_over),
		T(a_file_in_the_way_is_left_alone),
		T(a_folder_that_others_can_write_is_refused),
		T(ending_leaves_a_successors_socket_alone),
		T(a_client_that_hangs_up_is_forgotten),
	};

	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
