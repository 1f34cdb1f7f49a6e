/* SPDX-License-Identifier: ISC */
/* The guard and a wire that has been taken over: what it signs, what it believes, what ends it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "auth/ephemeral.h"
#include "auth/result.h"
#include "auth/userauth.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "keys/private_file.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/process.h"
#include "regress/support/alloc.h"
#include "sshd/guard.h"
#include "sshd/load.h"
#include "sshd/messages.h"
#include "sshd/reasons.h"
#include "sshd/session.h"

/* A busy machine takes its time. */
#define WAIT_MSEC	60000

/* Descriptors that the guard may have: it needs a dozen. */
#define FILES		64

/* A guard in a process of its own, and the test in the place of its wire and listener. */
struct fixture {
	char dir[64];
	struct loaded loaded;
	struct host_keys keys;
	struct key *user_key;
	struct log log;
	struct title title;
	struct ipc wire, listener;
	pid_t pid, nursery;
	uint8_t session_id[32];
	const char *options;		/* of the key in the file; NULL: none */
	const char *config;		/* further lines of it */
	const char *grant_options;	/* of an ephemeral key; NULL: none */
	int fail_after;			/* allocations that the guard gets, once it decides; -1: all */
	void (*session)(int fd);	/* what the session does; never returns */
	uint8_t buf[LIMIT_IPC];
};

/* --- a server's beginnings --- */

static void
write_file(const char *dir, const char *name, struct span text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(file_create(path, text, 0644, FILE_REPLACE), ERR_OK);
}

static struct key *
new_key(void)
{
	struct rng rng = rng_system();
	struct key *key;

	assert_int_equal(key_generate(SPAN_LIT("ed25519"), 0, &rng, &key), ERR_OK);
	return key;
}

/* An account "me" of this uid, with one key. */
static void
write_account(struct fixture *f)
{
	SCOPED(writer_free) struct writer passwd = writer_init(1024);
	SCOPED(writer_free) struct writer keys = writer_init(1024);

	wr_printf(&passwd, "me:x:%u:%u::%s:/bin/sh\n", (unsigned)getuid(), (unsigned)getgid(), f->dir);
	write_file(f->dir, "passwd", writer_span(&passwd));
	if (f->options != NULL)
		wr_printf(&keys, "%s ", f->options);
	public_line_put(&keys, key_blob(f->user_key), SPAN_EMPTY);
	write_file(f->dir, "keys", writer_span(&keys));
}

static void
load(struct fixture *f)
{
	SCOPED(writer_free) struct writer text = writer_init(4096);
	struct load_input in = { .log = &f->log };
	char path[128];

	wr_printf(&text, "PasswdFile %s/passwd\nShadowFile none\nGroupFile %s/passwd\nPermitRootLogin yes\n"
	    "StrictModes no\nAuthorizedKeysFile %s/keys\nEphemeralKeys yes\nMaxAuthTries 100\n",
	    f->dir, f->dir, f->dir);
	wr_printf(&text, "%s\n", f->config);
	write_file(f->dir, "config", writer_span(&text));
	snprintf(path, sizeof(path), "%s/config", f->dir);
	in.file = path;
	assert_int_equal(load_config(&f->loaded, &in), ERR_OK);
}

/* The session that a guard has born: takes what it gets, until the end. */
NORETURN static void
be_session(int fd)
{
	char buf[4096];
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (poll(&p, 1, WAIT_MSEC) == 1 && (read(fd, buf, sizeof(buf)) > 0 || errno == EAGAIN))
		;
	_exit(0);
}

/* A session that never stops talking: where it may, it has more in stock than a guard reads in its last moment. */
NORETURN static void
be_flood(int fd)
{
	struct msg_from_session_log line = { .level = LOG_LEVEL_INFO, .text = SPAN_LIT("\1\2\3\4\5\6\7") };
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int room = 32 << 20;
	struct ipc ipc;

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	ipc_init(&ipc, fd);
	(void)!fork();
	while (poll(&p, 1, WAIT_MSEC) == 1 && ipc_flush(&ipc) == ERR_OK &&
	    (ipc_wants_write(&ipc) || ipc_send_from_session_log(&ipc, &line, NULL) == ERR_OK))
		;
	_exit(0);
}

/* Of either of the things that a session has the listener asked. */
#define ASKED	300

/* A session that wants much of the listener, and is answered what it may not have. */
NORETURN static void
be_asker(int fd)
{
	struct ipc ipc;

	ipc_init(&ipc, fd);
	for (uint32_t i = 1; i <= ASKED; i++) {
		(void)!ipc_send_from_session_takeover(&ipc, &(struct msg_from_session_takeover){ .port = i }, NULL);
		(void)!ipc_send_from_session_registrar(&ipc, &(struct msg_from_session_registrar){ .channel = i }, NULL);
	}
	while (ipc_wants_write(&ipc) && poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, WAIT_MSEC) == 1)
		(void)!ipc_flush(&ipc);
	ipc_close(&ipc);
	_exit(0);
}

/* One birth, and the end. */
NORETURN static void
be_nursery(int fd, void (*session)(int fd))
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct ipc_fds fds = { .n = 0 };
	struct span message;
	struct ipc ipc;
	uint8_t buf[256];

	ipc_init(&ipc, fd);
	if (poll(&p, 1, WAIT_MSEC) != 1 ||
	    ipc_receive(&ipc, (struct room){ buf, sizeof(buf) }, &message, &fds) != ERR_OK || fds.n != 1)
		_exit(1);
	ipc_close(&ipc);
	ipc_init(&ipc, fds.fd[0]);
	(void)!ipc_send_from_nursery_born(&ipc, &(struct msg_from_nursery_born){ .pid = (uint32_t)getpid() }, NULL);
	session(fds.fd[0]);
	_exit(1);
}

/* The guard's process: never returns into the test. */
static void
run_guard(struct fixture *f, int wire_fd, int listener_fd, int nursery_fd)
{
	static const uint8_t secret[32];
	struct guard_start start = { .log = &f->log, .rules = f->loaded.rules,
	    .config = &f->loaded.config, .keys = &f->keys, .title = &f->title,
	    .wire_fd = wire_fd, .listener_fd = listener_fd, .secret = secret,
	    .accepted = clock_boot(), .nursery_fd = nursery_fd, .self_fd = -1 };

	start.in = start.out = open("/dev/null", O_RDWR | O_CLOEXEC);
	ipc_close(&f->wire);
	ipc_close(&f->listener);
	process_limit_files(FILES);
	if (f->fail_after >= 0)
		alloc_fail_after((unsigned)f->fail_after);
	guard_run(&start);
}

static struct fixture *
begin_with(void (*session)(int fd), const char *options, const char *config, int fail_after)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int wire[2], listener[2], nursery[2];

	f->options = options;
	f->config = config;
	f->fail_after = fail_after;
	f->session = session;
	snprintf(f->dir, sizeof(f->dir), "/tmp/guard.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->log = (struct log){ .level = LOG_LEVEL_QUIET, .tag = "test", .fd = -1 };
	f->user_key = new_key();
	f->keys.v[0] = (struct host_key){ .key = new_key(), .path = strdup("x"), .algs = strdup("ssh-ed25519") };
	f->keys.n = 1;
	write_account(f);
	load(f);
	assert_int_equal(ipc_pair(wire), ERR_OK);
	assert_int_equal(ipc_pair(listener), ERR_OK);
	assert_int_equal(ipc_pair(nursery), ERR_OK);
	ipc_init(&f->wire, wire[0]);
	ipc_init(&f->listener, listener[0]);
	f->nursery = fork();
	if (f->nursery == 0) {
		ipc_close(&f->wire);
		ipc_close(&f->listener);
		close(wire[1]);
		close(listener[1]);
		close(nursery[0]);
		be_nursery(nursery[1], f->session);
	}
	close(nursery[1]);
	f->pid = fork();
	if (f->pid == 0)
		run_guard(f, wire[1], listener[1], nursery[0]);
	close(nursery[0]);
	close(wire[1]);
	close(listener[1]);
	return f;
}

static struct fixture *
begin(const char *options, const char *config, int fail_after)
{
	return begin_with(be_session, options, config, fail_after);
}

static int
setup(void **state)
{
	*state = begin(NULL, "", -1);
	return 0;
}

static int
setup_flood(void **state)
{
	*state = begin_with(be_flood, NULL, "", -1);
	return 0;
}

static int
setup_asker(void **state)
{
	*state = begin_with(be_asker, NULL, "", -1);
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[96];

	ipc_close(&f->wire);
	ipc_close(&f->listener);
	if (f->pid > 0)
		waitpid(f->pid, NULL, 0);
	waitpid(f->nursery, NULL, 0);
	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	assert_int_equal(system(command), 0);
	key_free(&f->user_key);
	host_keys_free(&f->keys);
	loaded_free(&f->loaded);
	free(f);
	return 0;
}

/* --- being wire --- */

/* Waits for a message of the guard's; its number, or -1 at the end. */
static int
receive(struct fixture *f, struct ipc *ipc, struct span *body)
{
	struct pollfd p = { .fd = ipc->fd, .events = POLLIN };
	struct ipc_fds fds = { .n = 0 };
	struct span message;
	struct reader r;
	uint32_t number;

	assert_int_equal(poll(&p, 1, WAIT_MSEC), 1);
	if (ipc_receive(ipc, (struct room){ f->buf, sizeof(f->buf) }, &message, &fds) != ERR_OK)
		return -1;
	ipc_fds_close(&fds);
	r = rd_init(message);
	number = rd_u32(&r);
	*body = rd_rest(&r);
	return (int)number;
}

static void
expect_end(struct fixture *f)
{
	struct span body;

	while (receive(f, &f->wire, &body) != -1)
		;
	assert_int_equal(waitpid(f->pid, NULL, 0), f->pid);
	f->pid = 0;
}

static void
expect_setup(struct fixture *f)
{
	struct span body;

	assert_int_equal(receive(f, &f->wire, &body), MSG_wire_setup);
}

/* A transcript with these two fields in it. */
static void
put_transcript(struct writer *w, const char *v_s, struct span k_s)
{
	wr_str(w, "SSH-2.0-test");
	wr_str(w, v_s);
	wr_str(w, "I_C");
	wr_str(w, "I_S");
	wr_bytes(w, k_s);
	wr_str(w, "Q_C");
	wr_str(w, "Q_S");
	wr_mpint(w, SPAN_LIT("K"));
	assert_int_equal(wr_end(w), ERR_OK);
}

#define OUR_IDENT	"SSH-2.0-Dayfly_" DAYFLY_VERSION

static void
ask_to_sign(struct fixture *f, const char *v_s, struct span k_s, const char *alg, const char *hash)
{
	SCOPED(writer_free) struct writer t = writer_init(4096);

	put_transcript(&t, v_s, k_s);
	assert_int_equal(ipc_send_from_wire_sign(&f->wire, &(struct msg_from_wire_sign){ .id = 1,
	    .alg = span_str(alg), .hash = span_str(hash), .transcript = writer_span(&t) }, NULL), ERR_OK);
}

/* Does an exchange as an honest wire would; the session id is known then. */
static void
exchange(struct fixture *f)
{
	SCOPED(writer_free) struct writer t = writer_init(4096);
	struct msg_wire_signature m;
	struct span body;

	ask_to_sign(f, OUR_IDENT, key_blob(f->keys.v[0].key), "ssh-ed25519", "sha256");
	assert_int_equal(receive(f, &f->wire, &body), MSG_wire_signature);
	assert_int_equal(msg_wire_signature_get(body, &m), ERR_OK);
	put_transcript(&t, OUR_IDENT, key_blob(f->keys.v[0].key));
	hash_once(hash_find("sha256"), writer_span(&t), f->session_id);
	assert_int_equal(key_verify(f->keys.v[0].key, SPAN_LIT("ssh-ed25519"), SPAN_LIT("ssh-ed25519"),
	    m.sig, span_of(f->session_id, 32), NULL), ERR_OK);
}

/* Sends a publickey request, signed over what is given as session id. */
static void
send_key(struct fixture *f, const char *user, struct key *key, struct span session_id)
{
	SCOPED(writer_free) struct writer data = writer_init(4096);
	SCOPED(writer_free) struct writer sig = writer_init(4096);
	struct msg_from_wire_auth m = { .id = 7, .user = span_str(user),
	    .service = SPAN_LIT("ssh-connection"), .method = SPAN_LIT("publickey"), .has_sig = true,
	    .alg = SPAN_LIT("ssh-ed25519"), .blob = key_blob(key) };

	auth_signed_data(&data, &(struct auth_signed){ .session_id = session_id, .user = m.user,
	    .service = m.service, .alg = m.alg, .blob = m.blob });
	assert_int_equal(key_sign(key, m.alg, writer_span(&data), &sig), ERR_OK);
	m.sig = writer_span(&sig);
	assert_int_equal(ipc_send_from_wire_auth(&f->wire, &m, NULL), ERR_OK);
}

/* The listener knows no ephemeral key. */
static void
answer_unknown(struct fixture *f)
{
	struct msg_from_guard_find find;
	struct span body;

	assert_int_equal(receive(f, &f->listener, &body), MSG_from_guard_find);
	assert_int_equal(msg_from_guard_find_get(body, &find), ERR_OK);
	assert_int_equal(ipc_send_guard_grant(&f->listener, &(struct msg_guard_grant){ .id = find.id,
	    .answer = 1, .end = MSEC_NEVER }, NULL), ERR_OK);
}

static enum auth_result
receive_answer(struct fixture *f)
{
	struct msg_wire_auth_answer m;
	struct span body;
	int number;

	do
		number = receive(f, &f->wire, &body);
	while (number == MSG_wire_banner || number == MSG_wire_session);
	assert_int_equal(number, MSG_wire_auth_answer);
	assert_int_equal(msg_wire_auth_answer_get(body, &m), ERR_OK);
	assert_int_equal(m.id, 7);
	return (enum auth_result)m.result;
}

/* --- signing --- */

static void
the_hash_of_our_own_transcript_is_signed(void **state)
{
	struct fixture *f = *state;

	expect_setup(f);
	exchange(f);
}

static void
a_transcript_with_another_identification_is_not_signed(void **state)
{
	struct fixture *f = *state;

	expect_setup(f);
	ask_to_sign(f, "SSH-2.0-OpenSSH_10.5", key_blob(f->keys.v[0].key), "ssh-ed25519", "sha256");
	expect_end(f);
}

static void
a_transcript_with_another_host_key_is_not_signed(void **state)
{
	struct fixture *f = *state;

	expect_setup(f);
	ask_to_sign(f, OUR_IDENT, key_blob(f->user_key), "ssh-ed25519", "sha256");
	expect_end(f);
}

static void
weak_hashes_and_foreign_algorithms_are_not_used(void **state)
{
	struct fixture *f = *state;

	expect_setup(f);
	ask_to_sign(f, OUR_IDENT, key_blob(f->keys.v[0].key), "ssh-ed25519", "sha1");
	expect_end(f);
}

static void
an_algorithm_that_is_not_the_keys_is_refused(void **state)
{
	struct fixture *f = *state;

	expect_setup(f);
	ask_to_sign(f, OUR_IDENT, key_blob(f->keys.v[0].key), "rsa-sha2-256", "sha256");
	expect_end(f);
}

static void
before_login_it_signs_four_times_and_no_more(void **state)
{
	struct fixture *f = *state;

	expect_setup(f);
	for (int i = 0; i < 4; i++)
		exchange(f);
	ask_to_sign(f, OUR_IDENT, key_blob(f->keys.v[0].key), "ssh-ed25519", "sha256");
	expect_end(f);
}

/* --- logging in --- */

static void
a_signature_over_the_session_id_lets_in(void **state)
{
	struct fixture *f = *state;

	expect_setup(f);
	exchange(f);
	send_key(f, "me", f->user_key, span_of(f->session_id, 32));
	answer_unknown(f);
	assert_int_equal(receive_answer(f), AUTH_RESULT_SUCCESS);
}

static void
a_signature_over_another_session_id_does_not(void **state)
{
	struct fixture *f = *state;
	uint8_t other[32] = { 1 };

	expect_setup(f);
	exchange(f);
	send_key(f, "me", f->user_key, span_of(other, 32));
	answer_unknown(f);
	assert_int_equal(receive_answer(f), AUTH_RESULT_FAILURE);
}

static void
the_session_id_is_that_of_the_first_exchange(void **state)
{
	struct fixture *f = *state;
	uint8_t first[32];

	expect_setup(f);
	exchange(f);
	memcpy(first, f->session_id, 32);
	/* Another transcript: the same but for the hash. */
	ask_to_sign(f, OUR_IDENT, key_blob(f->keys.v[0].key), "ssh-ed25519", "sha512");
	{
		struct span body;

		assert_int_equal(receive(f, &f->wire, &body), MSG_wire_signature);
	}
	send_key(f, "me", f->user_key, span_of(first, 32));
	answer_unknown(f);
	assert_int_equal(receive_answer(f), AUTH_RESULT_SUCCESS);
}

static void
without_an_exchange_no_key_lets_in(void **state)
{
	struct fixture *f = *state;

	expect_setup(f);
	send_key(f, "me", f->user_key, SPAN_EMPTY);
	answer_unknown(f);
	assert_int_equal(receive_answer(f), AUTH_RESULT_FAILURE);
}

static void
a_key_that_is_not_in_the_file_does_not_let_in(void **state)
{
	struct fixture *f = *state;

	expect_setup(f);
	exchange(f);
	send_key(f, "me", f->keys.v[0].key, span_of(f->session_id, 32));
	answer_unknown(f);
	assert_int_equal(receive_answer(f), AUTH_RESULT_FAILURE);
}

static void
a_grant_lets_in_only_when_it_has_been_used_up_by_the_listener(void **state)
{
	struct fixture *f = *state;
	struct key *key SCOPED(key_free) = new_key();
	struct msg_from_guard_find find;
	struct msg_from_guard_use use;
	struct span body;

	expect_setup(f);
	exchange(f);
	send_key(f, "me", key, span_of(f->session_id, 32));
	assert_int_equal(receive(f, &f->listener, &body), MSG_from_guard_find);
	assert_int_equal(msg_from_guard_find_get(body, &find), ERR_OK);
	assert_int_equal(ipc_send_guard_grant(&f->listener, &(struct msg_guard_grant){ .id = find.id,
	    .grant = SPAN_LIT("abcd"), .end = MSEC_NEVER }, NULL), ERR_OK);
	assert_int_equal(receive(f, &f->listener, &body), MSG_from_guard_use);
	assert_int_equal(msg_from_guard_use_get(body, &use), ERR_OK);
	assert_true(span_eq(use.blob, key_blob(key)));
	/* Somebody else was faster. */
	assert_int_equal(ipc_send_guard_grant(&f->listener, &(struct msg_guard_grant){ .id = use.id,
	    .answer = 3, .reason = SPAN_LIT("used up"), .end = MSEC_NEVER }, NULL), ERR_OK);
	assert_int_equal(receive_answer(f), AUTH_RESULT_FAILURE);
}

/* Proves to hold the key of a grant; the listener takes a use of it. */
static void
use_grant(struct fixture *f, struct key *key)
{
	struct span options = f->grant_options == NULL ? SPAN_EMPTY : span_str(f->grant_options);
	struct msg_from_guard_find find;
	struct msg_from_guard_use use;
	struct span body;

	send_key(f, "me", key, span_of(f->session_id, 32));
	assert_int_equal(receive(f, &f->listener, &body), MSG_from_guard_find);
	assert_int_equal(msg_from_guard_find_get(body, &find), ERR_OK);
	assert_true(find.is_signed);
	assert_int_equal(ipc_send_guard_grant(&f->listener, &(struct msg_guard_grant){ .id = find.id,
	    .grant = SPAN_LIT("abcd"), .options = options, .end = MSEC_NEVER }, NULL), ERR_OK);
	assert_int_equal(receive(f, &f->listener, &body), MSG_from_guard_use);
	assert_int_equal(msg_from_guard_use_get(body, &use), ERR_OK);
	assert_int_equal(ipc_send_guard_grant(&f->listener, &(struct msg_guard_grant){ .id = use.id,
	    .grant = SPAN_LIT("abcd"), .options = options, .end = MSEC_NEVER }, NULL), ERR_OK);
}

/* All has been proved: the listener says what comes of the uses that are held. */
static void
answer_commit(struct fixture *f, struct msg_guard_grant m)
{
	struct msg_from_guard_commit commit;
	struct span body;

	assert_int_equal(receive(f, &f->listener, &body), MSG_from_guard_commit);
	assert_int_equal(msg_from_guard_commit_get(body, &commit), ERR_OK);
	m.id = commit.id;
	assert_int_equal(ipc_send_guard_grant(&f->listener, &m, NULL), ERR_OK);
}

/* Logs in by a grant whose session ends then; takes what the listener is told. */
static void
log_in_until(struct fixture *f, struct key *key, msec end)
{
	struct span body;

	expect_setup(f);
	exchange(f);
	use_grant(f, key);
	answer_commit(f, (struct msg_guard_grant){ .end = end });
	assert_int_equal(receive_answer(f), AUTH_RESULT_SUCCESS);
	assert_int_equal(receive(f, &f->listener, &body), MSG_from_guard_logged_in);
}

/* A warning comes, so long before the end; a machine that is busy is late, never early. */
static void
expect_warning(struct fixture *f, uint32_t least, uint32_t most)
{
	struct msg_from_guard_warned warned;
	struct span body;

	assert_int_equal(receive(f, &f->listener, &body), MSG_from_guard_warned);
	assert_int_equal(msg_from_guard_warned_get(body, &warned), ERR_OK);
	if (warned.seconds < least || warned.seconds > most)
		fail_msg("%u s", warned.seconds);
}

static void
a_session_is_warned_a_minute_and_ten_seconds_before_its_end(void **state)
{
	struct fixture *f = *state;
	struct key *key SCOPED(key_free) = new_key();
	struct msg_wire_end end;
	struct span body;

	log_in_until(f, key, clock_boot() + 60000 + 1500);
	expect_warning(f, 50, 60);
	assert_int_equal(ipc_send_guard_until(&f->listener,
	    &(struct msg_guard_until){ .end = clock_boot() + 10000 + 1500 }, NULL), ERR_OK);
	expect_warning(f, 11, 12);	/* the minute is over: it is told so at once */
	expect_warning(f, 5, 10);
	assert_int_equal(ipc_send_guard_until(&f->listener,
	    &(struct msg_guard_until){ .end = clock_boot() + 1000 }, NULL), ERR_OK);
	expect_warning(f, 1, 1);
	assert_int_equal(receive(f, &f->wire, &body), MSG_wire_end);
	assert_int_equal(msg_wire_end_get(body, &end), ERR_OK);
	assert_true(span_is(end.text, "the time that was granted for this session is over"));
	expect_end(f);
}

static void
a_session_that_is_extended_is_warned_again(void **state)
{
	struct fixture *f = *state;
	struct key *key SCOPED(key_free) = new_key();

	log_in_until(f, key, clock_boot() + 10000 + 1500);
	expect_warning(f, 5, 10);	/* the minute had begun before there was a terminal */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ipc_send_guard_until(&f->listener,
		    &(struct msg_guard_until){ .end = clock_boot() + 60000 + 50 }, NULL), ERR_OK);
		expect_warning(f, 50, 60);
	}
	ipc_close(&f->wire);
}

static int
setup_expiry(void **state)
{
	*state = begin(NULL, "SessionDeadline expiry", -1);
	return 0;
}

/* Options of a key that expires so many seconds from now. */
static void
expire_in(struct fixture *f, int seconds, char *buf, size_t size)
{
	time_t when = time(NULL) + seconds;
	struct tm tm;

	strftime(buf, size, "expiry-time=\"%Y%m%d%H%M%SZ\"", gmtime_r(&when, &tm));
	f->grant_options = buf;
}

static void
an_extension_does_not_outlast_the_key_with_session_deadline(void **state)
{
	struct fixture *f = *state;
	struct key *key SCOPED(key_free) = new_key();
	char options[64];

	expire_in(f, 50, options, sizeof(options));
	log_in_until(f, key, clock_boot() + 3600000);
	/* Extended: more than the key lets. It is warned as soon as the 60 seconds before that are there. */
	assert_int_equal(ipc_send_guard_until(&f->listener,
	    &(struct msg_guard_until){ .end = clock_boot() + 7200000 }, NULL), ERR_OK);
	expect_warning(f, 1, 51);
	ipc_close(&f->wire);
}

static void
a_key_that_lasts_does_not_outlast_what_the_grant_lets(void **state)
{
	struct fixture *f = *state;
	struct key *key SCOPED(key_free) = new_key();
	char options[64];

	expire_in(f, 7200, options, sizeof(options));
	log_in_until(f, key, clock_boot() + 3600000);
	assert_int_equal(ipc_send_guard_until(&f->listener,
	    &(struct msg_guard_until){ .end = clock_boot() + 40000 }, NULL), ERR_OK);
	expect_warning(f, 1, 41);
	ipc_close(&f->wire);
}

/* --- a grant as one step of several --- */

static int
setup_chain(void **state)
{
	*state = begin(NULL, "AuthenticationMethods publickey,publickey", -1);
	return 0;
}

/* The first of two keys is an ephemeral one. */
static void
half_way(struct fixture *f, struct key *key)
{
	expect_setup(f);
	exchange(f);
	use_grant(f, key);
	assert_int_equal(receive_answer(f), AUTH_RESULT_PARTIAL);
}

static void
a_use_is_consumed_when_the_last_step_has_succeeded(void **state)
{
	struct fixture *f = *state;
	struct key *key SCOPED(key_free) = new_key(), *other SCOPED(key_free) = new_key();
	struct span body;

	half_way(f, key);
	/* A step that fails consumes nothing, and does not give back what others have. */
	send_key(f, "me", other, span_of(f->session_id, 32));
	answer_unknown(f);
	assert_int_equal(receive(f, &f->listener, &body), MSG_from_guard_wrong);
	assert_int_equal(receive_answer(f), AUTH_RESULT_FAILURE);
	send_key(f, "me", f->user_key, span_of(f->session_id, 32));
	answer_unknown(f);
	answer_commit(f, (struct msg_guard_grant){ .end = MSEC_NEVER });
	assert_int_equal(receive_answer(f), AUTH_RESULT_SUCCESS);
}

static void
the_end_of_a_grant_holds_when_its_key_was_not_the_last_step(void **state)
{
	struct fixture *f = *state;
	struct key *key SCOPED(key_free) = new_key();
	struct msg_wire_end end;
	struct span body;

	half_way(f, key);
	send_key(f, "me", f->user_key, span_of(f->session_id, 32));
	answer_unknown(f);
	answer_commit(f, (struct msg_guard_grant){ .end = clock_boot() + 200 });
	assert_int_equal(receive_answer(f), AUTH_RESULT_SUCCESS);
	assert_int_equal(receive(f, &f->wire, &body), MSG_wire_end);
	assert_int_equal(msg_wire_end_get(body, &end), ERR_OK);
	assert_true(span_is(end.text, "the time that was granted for this session is over"));
}

static void
what_was_revoked_before_the_last_step_lets_nobody_in(void **state)
{
	struct fixture *f = *state;
	struct key *key SCOPED(key_free) = new_key();
	struct msg_wire_banner banner;
	struct span body;

	half_way(f, key);
	send_key(f, "me", f->user_key, span_of(f->session_id, 32));
	answer_unknown(f);
	answer_commit(f, (struct msg_guard_grant){ .answer = EPHEMERAL_NO_REVOKED,
	    .reason = SPAN_LIT("was revoked"), .end = MSEC_NEVER });
	assert_int_equal(receive(f, &f->wire, &body), MSG_wire_banner);
	assert_int_equal(msg_wire_banner_get(body, &banner), ERR_OK);
	assert_true(span_is(banner.text, "was revoked\r\n"));
	assert_int_equal(receive(f, &f->wire, &body), MSG_wire_end);
}

static void
without_a_listener_that_consumes_it_a_grant_lets_nobody_in(void **state)
{
	struct fixture *f = *state;
	struct key *key SCOPED(key_free) = new_key();
	struct span body;

	half_way(f, key);
	ipc_close(&f->listener);
	send_key(f, "me", f->user_key, span_of(f->session_id, 32));
	assert_int_equal(receive(f, &f->wire, &body), MSG_wire_end);
}

static void
answers_that_nobody_asked_for_end_it(void **state)
{
	struct fixture *f = *state;

	expect_setup(f);
	assert_int_equal(ipc_send_from_wire_answers(&f->wire, &(struct msg_from_wire_answers){ .id = 1,
	    .ok = true }, NULL), ERR_OK);
	expect_end(f);
}

/* Asks by keyboard-interactive for the password of a user who has none, and answers. */
static void
answers_that_are_not_what_was_asked_are_a_failure(void **state)
{
	static const struct msg_from_wire_answers wrong[] = {
		{ .id = 7, .ok = false },
		{ .id = 7, .ok = true },
		{ .id = 7, .ok = true, .answers = SPAN_LIT("\0\0\0\3abc\0\0\0\3def") },
		{ .id = 7, .ok = true, .answers = SPAN_LIT("\0\0\0\3ab") },
		{ .id = 7, .ok = true, .answers = SPAN_LIT("\0\0\0\3abc") },
	};
	struct fixture *f = *state;
	struct span body;

	expect_setup(f);
	exchange(f);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_int_equal(ipc_send_from_wire_auth(&f->wire, &(struct msg_from_wire_auth){ .id = 6,
		    .user = SPAN_LIT("me"), .service = SPAN_LIT("ssh-connection"),
		    .method = SPAN_LIT("keyboard-interactive") }, NULL), ERR_OK);
		assert_int_equal(receive(f, &f->wire, &body), MSG_wire_prompts);
		assert_int_equal(ipc_send_from_wire_answers(&f->wire, &wrong[i], NULL), ERR_OK);
		assert_int_equal(receive_answer(f), AUTH_RESULT_FAILURE);
	}
}

static void
an_answer_that_does_not_exist_counts_as_none(void **state)
{
	struct fixture *f = *state;
	struct msg_from_guard_find find;
	struct span body;

	expect_setup(f);
	exchange(f);
	send_key(f, "me", f->user_key, span_of(f->session_id, 32));
	assert_int_equal(receive(f, &f->listener, &body), MSG_from_guard_find);
	assert_int_equal(msg_from_guard_find_get(body, &find), ERR_OK);
	assert_int_equal(ipc_send_guard_grant(&f->listener, &(struct msg_guard_grant){ .id = find.id,
	    .answer = EPHEMERAL_N_ANSWERS, .end = MSEC_NEVER }, NULL), ERR_OK);
	/* The listener is out of its senses: the guard does without it, and the file has the key. */
	assert_int_equal(receive_answer(f), AUTH_RESULT_SUCCESS);
}

/* A grant that does not let this user in, whatever the reason. */
static void
a_denial_is_explained_to_who_signs_and_to_nobody_else(void **state)
{
	struct fixture *f = *state;
	struct key *key SCOPED(key_free) = new_key();
	struct msg_wire_banner banner;
	struct span body;
	uint8_t other[32] = { 1 };

	expect_setup(f);
	exchange(f);
	for (int good = 0; good <= 1; good++) {
		struct msg_from_guard_find find;
		struct msg_from_guard_use use;

		send_key(f, "me", key, good ? span_of(f->session_id, 32) : span_of(other, 32));
		assert_int_equal(receive(f, &f->listener, &body), MSG_from_guard_find);
		assert_int_equal(msg_from_guard_find_get(body, &find), ERR_OK);
		assert_int_equal(ipc_send_guard_grant(&f->listener, &(struct msg_guard_grant){ .id = find.id,
		    .answer = EPHEMERAL_NO_USER, .reason = SPAN_LIT("secret"), .end = MSEC_NEVER }, NULL), ERR_OK);
		if (!good) {
			assert_int_equal(receive(f, &f->wire, &body), MSG_wire_auth_answer);
			continue;
		}
		assert_int_equal(receive(f, &f->listener, &body), MSG_from_guard_use);
		assert_int_equal(msg_from_guard_use_get(body, &use), ERR_OK);
		assert_int_equal(ipc_send_guard_grant(&f->listener, &(struct msg_guard_grant){ .id = use.id,
		    .answer = EPHEMERAL_NO_USER, .reason = SPAN_LIT("not for this user"),
		    .end = MSEC_NEVER }, NULL), ERR_OK);
		assert_int_equal(receive(f, &f->wire, &body), MSG_wire_banner);
		assert_int_equal(msg_wire_banner_get(body, &banner), ERR_OK);
		assert_true(span_is(banner.text, "not for this user\r\n"));
	}
	assert_int_equal(receive_answer(f), AUTH_RESULT_FAILURE);
}

static void
of_users_who_may_not_log_in_the_table_is_asked_too_but_not_by_name(void **state)
{
	struct fixture *f = *state;
	struct msg_from_guard_find find;
	struct span body;

	expect_setup(f);
	exchange(f);
	send_key(f, "nobody-here", f->user_key, span_of(f->session_id, 32));
	assert_int_equal(receive(f, &f->listener, &body), MSG_from_guard_find);
	assert_int_equal(msg_from_guard_find_get(body, &find), ERR_OK);
	assert_int_equal(find.user.len, 0);
	/* Even if it said yes: nobody gets in as nobody. */
	assert_int_equal(ipc_send_guard_grant(&f->listener, &(struct msg_guard_grant){ .id = find.id,
	    .grant = SPAN_LIT("abcd"), .end = MSEC_NEVER }, NULL), ERR_OK);
	assert_int_equal(receive(f, &f->listener, &body), MSG_from_guard_use);
	{
		struct msg_from_guard_drop drop;
		struct msg_from_guard_use use;

		assert_int_equal(msg_from_guard_use_get(body, &use), ERR_OK);
		assert_int_equal(ipc_send_guard_grant(&f->listener, &(struct msg_guard_grant){ .id = use.id,
		    .grant = SPAN_LIT("abcd"), .end = MSEC_NEVER }, NULL), ERR_OK);
		assert_int_equal(receive(f, &f->listener, &body), MSG_from_guard_drop);
		assert_int_equal(msg_from_guard_drop_get(body, &drop), ERR_OK);
		assert_true(span_is(drop.grant, "abcd"));
	}
	assert_int_equal(receive_answer(f), AUTH_RESULT_FAILURE);
}

/* --- a wire out of its senses --- */

static void
a_second_request_before_the_answer_ends_it(void **state)
{
	struct fixture *f = *state;

	expect_setup(f);
	exchange(f);
	send_key(f, "me", f->user_key, span_of(f->session_id, 32));
	send_key(f, "me", f->user_key, span_of(f->session_id, 32));
	expect_end(f);
}

/* Services that do not exist end the connection in wire: only one that has been taken over asks for them. */
static void
no_such_service_is_a_reason_for_a_wire_that_has_lost_its_senses(void **state)
{
	struct fixture *f = *state;

	expect_setup(f);
	exchange(f);
	assert_int_equal(ipc_send_from_wire_auth(&f->wire, &(struct msg_from_wire_auth){ .id = 7,
	    .user = SPAN_LIT("me"), .service = SPAN_LIT("ssh-magic"), .method = SPAN_LIT("none") }, NULL), ERR_OK);
	assert_int_equal(receive_answer(f), AUTH_RESULT_FAILURE);
	assert_string_equal(reason_code(REASON_NO_SERVICE), "no-such-service");
}

static void
a_change_of_user_ends_it(void **state)
{
	struct fixture *f = *state;

	expect_setup(f);
	exchange(f);
	send_key(f, "me", f->keys.v[0].key, span_of(f->session_id, 32));
	answer_unknown(f);
	assert_int_equal(receive_answer(f), AUTH_RESULT_FAILURE);
	send_key(f, "you", f->user_key, span_of(f->session_id, 32));
	expect_end(f);
}

static void
a_message_out_of_phase_ends_it(void **state)
{
	struct fixture *f = *state;

	expect_setup(f);
	assert_int_equal(ipc_send_from_wire_prove(&f->wire, &(struct msg_from_wire_prove){ .id = 1 }, NULL), ERR_OK);
	expect_end(f);
}

static void
a_message_that_nobody_knows_ends_it(void **state)
{
	static const uint8_t message[] = { 0, 0, 0, 99, 1, 2, 3 };
	struct fixture *f = *state;

	expect_setup(f);
	assert_int_equal(ipc_send(&f->wire, span_of(message, sizeof(message)), NULL), ERR_OK);
	expect_end(f);
}

static void
descriptors_that_nobody_wants_are_closed_and_change_nothing(void **state)
{
	struct fixture *f = *state;
	struct ipc_fds fds = { .fd = { 0, 1, 2, 0 }, .n = 4 };

	expect_setup(f);
	for (int i = 0; i < FILES; i++)
		assert_int_equal(ipc_send_from_wire_log(&f->wire, &(struct msg_from_wire_log){ .level = 3,
		    .text = SPAN_LIT("x") }, &fds), ERR_OK);
	while (ipc_wants_write(&f->wire))
		assert_int_equal(ipc_flush(&f->wire), ERR_OK);
	exchange(f);
}

static void
lines_of_a_wire_before_login_are_few_or_end_it(void **state)
{
	struct fixture *f = *state;

	expect_setup(f);
	for (int i = 0; i < 1000 && f->wire.fd != -1; i++) {
		if (ipc_send_from_wire_log(&f->wire, &(struct msg_from_wire_log){ .level = LOG_LEVEL_INFO,
		    .text = SPAN_LIT("Accepted password for root") }, NULL) == ERR_CLOSED)
			break;
	}
	expect_end(f);
}

/* --- being the session, behind a login --- */

static void
a_session_that_never_stops_talking_does_not_keep_its_guard(void **state)
{
	struct fixture *f = *state;
	struct key *key SCOPED(key_free) = new_key();
	struct pollfd hung_up = { .fd = f->listener.fd };
	int n;

	log_in_until(f, key, MSEC_NEVER);
	ipc_close(&f->wire);
	n = poll(&hung_up, 1, WAIT_MSEC);
	if (n != 1)
		kill(f->pid, SIGKILL);
	assert_int_equal(n, 1);
}

static void
a_session_has_the_listener_asked_so_often_and_no_more(void **state)
{
	struct fixture *f = *state;
	struct key *key SCOPED(key_free) = new_key();
	msec begun = clock_boot();
	struct span body;
	unsigned n = 0;
	int number;

	log_in_until(f, key, MSEC_NEVER);
	while ((number = receive(f, &f->listener, &body)) == MSG_from_guard_takeover ||
	    number == MSG_from_guard_registrar)
		n++;
	assert_int_equal(number, -1);
	/* The session has ended, and with it the guard. */
	assert_in_range(n, 1, 32 * ((clock_boot() - begun) / 1000 + 1));
}

/* Whether the guard, with so many allocations, lets the key in; it may also end. */
static bool
lets_in_with(const char *options, int fail_after)
{
	struct fixture *f = begin(options, "", fail_after);
	struct msg_wire_auth_answer m = { .result = AUTH_RESULT_FAILURE };
	struct span body;
	void *state = f;
	int number;

	number = receive(f, &f->wire, &body);
	if (number == MSG_wire_setup) {
		ask_to_sign(f, OUR_IDENT, key_blob(f->keys.v[0].key), "ssh-ed25519", "sha256");
		number = receive(f, &f->wire, &body);
	}
	if (number == MSG_wire_signature) {
		SCOPED(writer_free) struct writer t = writer_init(4096);

		put_transcript(&t, OUR_IDENT, key_blob(f->keys.v[0].key));
		hash_once(hash_find("sha256"), writer_span(&t), f->session_id);
		ipc_close(&f->listener);	/* nobody has ephemeral keys */
		send_key(f, "me", f->user_key, span_of(f->session_id, 32));
		while ((number = receive(f, &f->wire, &body)) != -1 && number != MSG_wire_auth_answer)
			;
		if (number == MSG_wire_auth_answer)
			assert_int_equal(msg_wire_auth_answer_get(body, &m), ERR_OK);
	}
	teardown(&state);
	return m.result == AUTH_RESULT_SUCCESS;
}

static void
no_failed_allocation_lets_a_key_in_that_its_options_keep_out(void **state)
{
	(void)state;
	assert_true(lets_in_with(NULL, -1));
	assert_false(lets_in_with("expiry-time=\"20200101\"", -1));
	/* Beyond this many a key that may is let in, so that all that matters has failed once. */
	for (int n = 0; !lets_in_with("from=\"*\"", n); n += 3) {
		assert_true(n < 1000);
		for (int k = n; k < n + 3; k++) {
			if (lets_in_with("expiry-time=\"20200101\",from=\"192.0.2.1\"", k))
				fail_msg("after %d allocations", k);
		}
	}
}

#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_hash_of_our_own_transcript_is_signed),
		T(a_transcript_with_another_identification_is_not_signed),
		T(a_transcript_with_another_host_key_is_not_signed),
		T(weak_hashes_and_foreign_algorithms_are_not_used),
		T(an_algorithm_that_is_not_the_keys_is_refused),
		T(before_login_it_signs_four_times_and_no_more),
		T(a_signature_over_the_session_id_lets_in),
		T(a_signature_over_another_session_id_does_not),
		T(the_session_id_is_that_of_the_first_exchange),
		T(without_an_exchange_no_key_lets_in),
		T(a_key_that_is_not_in_the_file_does_not_let_in),
		T(a_grant_lets_in_only_when_it_has_been_used_up_by_the_listener),
		T(a_session_is_warned_a_minute_and_ten_seconds_before_its_end),
		T(a_session_that_is_extended_is_warned_again),
		cmocka_unit_test_setup_teardown(an_extension_does_not_outlast_the_key_with_session_deadline,
		    setup_expiry, teardown),
		cmocka_unit_test_setup_teardown(a_key_that_lasts_does_not_outlast_what_the_grant_lets,
		    setup_expiry, teardown),
		cmocka_unit_test_setup_teardown(a_use_is_consumed_when_the_last_step_has_succeeded,
		    setup_chain, teardown),
		cmocka_unit_test_setup_teardown(the_end_of_a_grant_holds_when_its_key_was_not_the_last_step,
		    setup_chain, teardown),
		cmocka_unit_test_setup_teardown(what_was_revoked_before_the_last_step_lets_nobody_in,
		    setup_chain, teardown),
		cmocka_unit_test_setup_teardown(without_a_listener_that_consumes_it_a_grant_lets_nobody_in,
		    setup_chain, teardown),
		T(answers_that_nobody_asked_for_end_it),
		T(answers_that_are_not_what_was_asked_are_a_failure),
		T(an_answer_that_does_not_exist_counts_as_none),
		T(a_denial_is_explained_to_who_signs_and_to_nobody_else),
		T(of_users_who_may_not_log_in_the_table_is_asked_too_but_not_by_name),
		T(a_second_request_before_the_answer_ends_it),
		T(no_such_service_is_a_reason_for_a_wire_that_has_lost_its_senses),
		T(a_change_of_user_ends_it),
		T(a_message_out_of_phase_ends_it),
		T(a_message_that_nobody_knows_ends_it),
		cmocka_unit_test(no_failed_allocation_lets_a_key_in_that_its_options_keep_out),
		T(descriptors_that_nobody_wants_are_closed_and_change_nothing),
		T(lines_of_a_wire_before_login_are_few_or_end_it),
		cmocka_unit_test_setup_teardown(a_session_that_never_stops_talking_does_not_keep_its_guard,
		    setup_flood, teardown),
		cmocka_unit_test_setup_teardown(a_session_has_the_listener_asked_so_often_and_no_more,
		    setup_asker, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
