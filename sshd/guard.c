/* SPDX-License-Identifier: ISC */
/*
 * The guard: signs for the host, decides who gets in, watches over the rest.
 *
 * peers: its wire (from_wire_*, wire_*), which it believes nothing; the
 * listener (from_guard_*, guard_*); when somebody is logged in, the session
 * (from_session_*, session_*), which it believes nothing either.
 *
 * It runs as the listener does (root, or whoever started sshd) for the whole
 * connection: it reads accounts and shadow, becomes the user for a moment to
 * read files that are his, starts the session process, and writes the records
 * of logins. It never parses a byte from the network that wire has not taken
 * apart, and it runs nothing for the user.
 *
 * calls: all. What it does with them is in this folder's guard_*.c.
 */
#include "sshd/guard.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/ephemeral.h"
#include "base/secret.h"
#include "conn/conn.h"
#include "os/clock.h"
#include "os/process.h"
#include "sshd/guard_i.h"

/* A sender that floods must not keep the timers (LoginGraceTime, revocation) from their turn. */
#define MESSAGES_A_TURN	64

/* Log lines of wire before login: some for each key exchange, and nothing that fills a disk. */
#define EARLY_LINES	64

/* What a session may have the listener do in one second: it serves everybody. */
#define ASKS_A_SECOND	32

struct log
guard_wire_log(const struct guard *g)
{
	struct log log = g->log;

	log.suffix = g->logged_in ? NULL : " [preauth]";
	return log;
}

/* --- wire --- */

static enum err
on_from_wire_log(struct guard *g, const struct msg_from_wire_log *m, struct ipc_fds *fds)
{
	struct log log = guard_wire_log(g);
	char line[LOG_LINE_MAX];

	(void)fds;
	if (m->level > LOG_LEVEL_DEBUG3)
		return ERR_FORMAT;
	if (!g->logged_in && ++g->n_early_lines > EARLY_LINES)
		return ERR_LIMIT;
	log_at(&log, (enum log_level)m->level, "%s", text_line_str(line, sizeof(line), m->text));
	return ERR_OK;
}

static enum err
on_from_wire_ident(struct guard *g, const struct msg_from_wire_ident *m, struct ipc_fds *fds)
{
	char ident[LIMIT_IDENT + 1];

	(void)fds;
	log_debug(&g->log, "Remote identification %s", text_visible_str(ident, sizeof(ident), m->ident));
	return ERR_OK;
}

static enum err
on_from_wire_sign(struct guard *g, const struct msg_from_wire_sign *m, struct ipc_fds *fds)
{
	(void)fds;
	return guard_sign(g, m);
}

static enum err
on_from_wire_group(struct guard *g, const struct msg_from_wire_group *m, struct ipc_fds *fds)
{
	(void)fds;
	return guard_group(g, m);
}

static enum err
on_from_wire_auth(struct guard *g, const struct msg_from_wire_auth *m, struct ipc_fds *fds)
{
	(void)fds;
	return guard_auth(g, m);
}

static enum err
on_from_wire_answers(struct guard *g, const struct msg_from_wire_answers *m, struct ipc_fds *fds)
{
	(void)fds;
	return guard_on_answers(g, m);
}

static enum err
on_from_wire_prove(struct guard *g, const struct msg_from_wire_prove *m, struct ipc_fds *fds)
{
	(void)fds;
	return guard_prove(g, m);
}

static enum err
on_from_wire_code_proof(struct guard *g, const struct msg_from_wire_code_proof *m,
    struct ipc_fds *fds)
{
	(void)fds;
	return guard_prove_code(g, m->id);
}

static enum err
on_from_wire_ended(struct guard *g, const struct msg_from_wire_ended *m, struct ipc_fds *fds)
{
	(void)fds;
	guard_log_end(g, m);
	guard_quit(g, GUARD_EXIT_OK);
	return ERR_OK;
}

IPC_RECEIVER(from_wire, FROM_WIRE, struct guard)

static void
watch_ipc(struct watch *watch, const struct ipc *ipc)
{
	if (watch != NULL)
		watch_set(watch, LOOP_READ | (ipc_wants_write(ipc) ? LOOP_WRITE : 0));
}

/* --- listener --- */

static enum err
on_guard_grant(struct guard *g, const struct msg_guard_grant *m, struct ipc_fds *fds)
{
	(void)fds;
	return guard_on_grant(g, m);
}

static enum err
on_guard_code(struct guard *g, const struct msg_guard_code *m, struct ipc_fds *fds)
{
	(void)fds;
	return guard_on_code(g, m);
}

static enum err
on_guard_until(struct guard *g, const struct msg_guard_until *m, struct ipc_fds *fds)
{
	(void)fds;
	guard_set_until(g, m->end);
	return ERR_OK;
}

static enum err
on_guard_release(struct guard *g, const struct msg_guard_release *m, struct ipc_fds *fds)
{
	(void)fds;
	if (g->session_watch != NULL && ipc_send_session_release(&g->session,
	    &(struct msg_session_release){ .port = m->port, .name = m->name }, NULL) == ERR_OK)
		watch_set(g->session_watch, LOOP_READ | (ipc_wants_write(&g->session) ? LOOP_WRITE : 0));
	return ERR_OK;
}

static enum err
on_guard_end(struct guard *g, const struct msg_guard_end *m, struct ipc_fds *fds)
{
	char text[200];

	(void)fds;
	log_info(&g->log, "Ending the session of %s from %s port %u: %s",
	    g->user.name == NULL ? "nobody yet" : g->user.name, g->client,
	    (unsigned)g->client_port, text_visible_str(text, sizeof(text), m->text));
	guard_end_session(g, text_visible_str(text, sizeof(text), m->text));
	return ERR_OK;
}

static enum err
on_guard_registrar(struct guard *g, const struct msg_guard_registrar *m, struct ipc_fds *fds)
{
	struct msg_session_registrar answer = { .channel = m->channel, .text = m->text };

	if (g->session_watch != NULL &&
	    ipc_send_session_registrar(&g->session, &answer, fds) == ERR_OK)
		watch_ipc(g->session_watch, &g->session);
	return ERR_OK;
}

IPC_RECEIVER(from_listener, TO_GUARD, struct guard)

/* --- session --- */

static enum err
on_from_session_log(struct guard *g, const struct msg_from_session_log *m, struct ipc_fds *fds)
{
	char line[LOG_LINE_MAX];
	struct log log = g->log;

	(void)fds;
	if (m->level > LOG_LEVEL_DEBUG3)
		return ERR_FORMAT;
	if (m->facility.len > 0) {	/* what of it is wanted, its own arguments have said */
		TRY(log_facility_parse(m->facility, &log.facility));
		log.tag = "internal-sftp";
		log.level = LOG_LEVEL_DEBUG3;
	}
	log_at(&log, (enum log_level)m->level, "%s", text_line_str(line, sizeof(line), m->text));
	return ERR_OK;
}

static enum err
on_from_session_tty(struct guard *g, const struct msg_from_session_tty *m, struct ipc_fds *fds)
{
	(void)fds;
	guard_record_tty(g, m);
	return ERR_OK;
}

/* Whether the listener is to be bothered once more. */
static bool
may_ask(struct guard *g)
{
	msec now = loop_now(g->loop);

	if (now >= g->asks_since + 1000) {
		g->asks_since = now;
		g->n_asks = 0;
	}
	return ++g->n_asks <= ASKS_A_SECOND;
}

static enum err
on_from_session_takeover(struct guard *g, const struct msg_from_session_takeover *m,
    struct ipc_fds *fds)
{
	(void)fds;
	/* Else the session finds out, when it has waited, that the port is in use. */
	if (guard_has_listener(g) && may_ask(g))
		guard_listener_sent(g, ipc_send_from_guard_takeover(&g->listener,
		    &(struct msg_from_guard_takeover){ .port = m->port, .name = m->name }, NULL));
	return ERR_OK;
}

static enum err
on_from_session_registrar(struct guard *g, const struct msg_from_session_registrar *m,
    struct ipc_fds *fds)
{
	(void)fds;
	if (may_ask(g))
		guard_ask_registrar(g, m->channel);
	else
		guard_refuse_registrar(g, m->channel, "too many ask at once: try again");
	return ERR_OK;
}

IPC_RECEIVER(from_session, FROM_SESSION, struct guard)

/* --- receiving, the same for all three --- */

/*
 * Takes all messages that have come on one ipc; gives what stopped it. The
 * handlers may end the connection, and then nothing more is taken.
 */
static enum err
take_messages(struct guard *g, struct ipc *ipc, unsigned events,
    enum err (*dispatch)(struct guard *, struct ipc *, uint32_t, struct span, struct ipc_fds *))
{
	struct ipc_fds fds = { .n = 0 };
	struct span message;
	enum err e = ERR_OK;

	if (events & LOOP_WRITE)
		e = ipc_flush(ipc);
	for (int i = 0; i < MESSAGES_A_TURN && e == ERR_OK && !g->has_ended && ipc->fd != -1; i++) {
		e = ipc_receive(ipc, (struct room){ g->buf, sizeof(g->buf) }, &message, &fds);
		if (e == ERR_OK) {
			e = dispatch(g, ipc, g->phase, message, &fds);
			wipe(g->buf, message.len);	/* some are passwords */
		}
		ipc_fds_close(&fds);
	}
	return e;
}

static void
wire_ready(void *arg, unsigned events)
{
	struct guard *g = arg;
	enum err e = take_messages(g, &g->wire, events, from_wire);

	if (g->has_ended)
		return;
	if (e == ERR_AGAIN || e == ERR_OK) {
		watch_ipc(g->wire_watch, &g->wire);
		return;
	}
	if (e != ERR_CLOSED)
		log_error(&g->log, "wire: %s", err_text(e));
	else if (!g->ending)
		log_info(&g->log, "Connection from %s port %u: the wire process has ended",
		    g->client, (unsigned)g->client_port);
	guard_quit(g, GUARD_EXIT_CRASH);
}

static void
listener_gone(struct guard *g)
{
	watch_free(g->listener_watch);
	g->listener_watch = NULL;
	ipc_close(&g->listener);
	if (g->code_question != 0 && g->question == 0)
		(void)!guard_on_code(g, &(struct msg_guard_code){ .id = g->code_question });
	if (g->question != 0)	/* nobody is left to answer it */
		(void)!guard_on_grant(g, &(struct msg_guard_grant){ .id = g->question,
		    .answer = EPHEMERAL_UNKNOWN, .end = MSEC_NEVER });
}

static void
listener_ready(void *arg, unsigned events)
{
	struct guard *g = arg;
	enum err e = take_messages(g, &g->listener, events, from_listener);

	if (e == ERR_AGAIN || e == ERR_OK)
		watch_ipc(g->listener_watch, &g->listener);
	else
		listener_gone(g);	/* it was ended; connections live on */
}

/* Takes its last words, and waits for the end of file; guard_last_moment() comes to a session that never stops. */
static void
await_end_of_session(struct guard *g)
{
	struct ipc_fds fds = { .n = 0 };
	struct span message;
	enum err e = ERR_OK;

	for (int i = 0; i < MESSAGES_A_TURN && e == ERR_OK; i++) {
		e = ipc_receive(&g->session, (struct room){ g->buf, sizeof(g->buf) }, &message, &fds);
		if (e == ERR_OK)
			e = from_session(g, &g->session, g->phase, message, &fds);
		ipc_fds_close(&fds);
	}
	if (e != ERR_AGAIN && e != ERR_OK)
		loop_stop(g->loop);
}

static void
session_ready(void *arg, unsigned events)
{
	struct guard *g = arg;
	enum err e;

	if (g->has_ended) {
		await_end_of_session(g);
		return;
	}
	e = take_messages(g, &g->session, events, from_session);
	if (g->has_ended)
		return;
	if (e == ERR_AGAIN || e == ERR_OK) {
		watch_ipc(g->session_watch, &g->session);
		return;
	}
	if (e != ERR_CLOSED)
		log_error(&g->log, "session: %s", err_text(e));
	watch_free(g->session_watch);
	g->session_watch = NULL;
	ipc_close(&g->session);
	guard_end(g, 11, g->end_text[0] != '\0' ? g->end_text : "the session process has ended");
}

void
guard_wire_sent(struct guard *g, enum err e)
{
	if (e != ERR_OK)
		guard_quit(g, GUARD_EXIT_FAILED);
	else
		watch_ipc(g->wire_watch, &g->wire);
}

bool
guard_has_listener(const struct guard *g)
{
	return g->listener_watch != NULL;
}

void
guard_listener_sent(struct guard *g, enum err e)
{
	if (e == ERR_OK)
		watch_ipc(g->listener_watch, &g->listener);
	else
		listener_gone(g);
}

enum err
guard_watch_session(struct guard *g, int fd)
{
	ipc_init(&g->session, fd);
	return loop_watch(g->loop, &g->session_watch, fd, LOOP_READ, session_ready, g);
}

/* --- start --- */

/* Adds a string with its NUL. */
static void
put_string(struct writer *w, const char *s)
{
	wr_bytes(w, span_of(s, strlen(s) + 1));
}

static struct span
string(const char *s)
{
	return s == NULL ? SPAN_LIT("\0") : span_of(s, strlen(s) + 1);
}

/* All signature algorithms of the host keys, in the config's order. */
static enum err
hostkey_algs(const struct guard_start *s, struct writer *w)
{
	struct span list = span_str(s->config->host_key_algorithms);
	struct span name;

	while (span_token(&list, ',', &name)) {
		for (size_t i = 0; i < s->keys->n; i++) {
			if (!text_list_has(span_str(s->keys->v[i].algs), name))
				continue;
			wr_printf(w, "%s%.*s", w->len > 0 ? "," : "", (int)name.len, (const char *)name.p);
			break;
		}
	}
	wr_u8(w, 0);
	return wr_end(w);
}

static enum err
host_keys(const struct guard_start *s, struct writer *w)
{
	for (size_t i = 0; i < s->keys->n; i++) {
		wr_bytes(w, host_key_blob(&s->keys->v[i]));
		put_string(w, s->keys->v[i].algs);
	}
	return wr_end(w);
}

void
guard_put_ident(struct writer *w, const struct sshd_config *c)
{
	wr_printf(w, "SSH-2.0-Dayfly_%s", DAYFLY_VERSION);
	if (c->version_addendum != NULL && c->version_addendum[0] != '\0')
		wr_printf(w, " %s", c->version_addendum);
}

/* Gives wire what it needs, and the client's socket. */
static enum err
set_up_wire(struct guard *g)
{
	const struct guard_start *s = g->start;
	const struct sshd_config *c = s->config;
	SCOPED(writer_free) struct writer ident = writer_init(LIMIT_IDENT);
	SCOPED(writer_free) struct writer algs = writer_init(LIMIT_IPC);
	SCOPED(writer_free) struct writer keys = writer_init(LIMIT_IPC);
	struct ipc_fds fds = { .fd = { s->in, s->out }, .n = s->in == s->out ? 1 : 2 };
	struct msg_wire_setup m = {
		.kex_algs = string(c->kex_algorithms), .ciphers = string(c->ciphers),
		.macs = string(c->macs), .server_sig_algs = string(c->pubkey_accepted_algorithms),
		.compression = string(c->compression == COMPRESSION_NO ? "none" : "none,zlib@openssh.com"),
		.window_budget = c->channel_window_budget, .rsa_bits = c->required_rsa_size,
		.log_level = (uint32_t)g->log.level,
	};

	guard_put_ident(&ident, c);
	wr_u8(&ident, 0);
	TRY(wr_end(&ident));
	TRY(hostkey_algs(s, &algs));
	TRY(host_keys(s, &keys));
	m.ident = writer_span(&ident);
	m.hostkey_algs = writer_span(&algs);
	m.hostkeys = writer_span(&keys);
	TRY(ipc_send_wire_setup(&g->wire, &m, &fds));
	close(s->in);
	if (s->out != s->in)
		close(s->out);
	return ERR_OK;
}

/* Names of both ends, for log lines and the session. */
static void
name_ends(struct guard *g)
{
	const struct guard_start *s = g->start;

	if (!s->has_ends) {
		snprintf(g->client, sizeof(g->client), "UNKNOWN");
		snprintf(g->server, sizeof(g->server), "UNKNOWN");
		g->client_port = g->server_port = 65535;
		return;
	}
	address_print(&s->client.address, g->client, sizeof(g->client));
	address_print(&s->server.address, g->server, sizeof(g->server));
	g->client_port = s->client.port;
	g->server_port = s->server.port;
	log_verbose(&g->log, "Connection from %s port %u on %s port %u", g->client,
	    (unsigned)g->client_port, g->server, (unsigned)g->server_port);
}

static void
grace_over(void *arg)
{
	struct guard *g = arg;

	if (g->has_ended) {
		guard_last_moment(g);
		return;
	}
	if (!g->ending)
		log_info(&g->log, "Timeout before authentication for connection from %s to %s, pid = %ld",
		    g->client, g->server, (long)getpid());
	guard_quit(g, GUARD_EXIT_GRACE);
}

static void
on_terminate(void *arg, int signo)
{
	(void)signo;
	guard_end(arg, 11, "the server ends this connection");
}

static enum err
set_up(struct guard *g)
{
	const struct guard_start *s = g->start;

	TRY(loop_new(&g->loop));
	ipc_init(&g->wire, s->wire_fd);
	ipc_init(&g->listener, s->listener_fd);
	TRY(loop_watch(g->loop, &g->wire_watch, s->wire_fd, LOOP_READ, wire_ready, g));
	TRY(loop_watch(g->loop, &g->listener_watch, s->listener_fd, LOOP_READ, listener_ready, g));
	TRY(loop_signal(g->loop, SIGTERM, on_terminate, g));
	TRY(loop_timer(g->loop, &g->grace, grace_over, g));
	if (s->config->login_grace_time > 0)
		timer_set(g->grace, s->accepted + (msec)s->config->login_grace_time * 1000);
	name_ends(g);
	return set_up_wire(g);
}

void
guard_begin(struct guard *g, const struct guard_start *start)
{
	g->start = start;
	g->log = *start->log;
	g->phase = PHASE_AUTH;
	g->until = g->until_key = MSEC_NEVER;
	g->days_left = -1;
	g->request = writer_init(LIMIT_IPC);
	g->key.options = writer_init(LIMIT_OPTIONS);
	g->key.cert_options = writer_init(LIMIT_KEY_BLOB * 3);
	g->proof.keys = writer_init(LIMIT_IPC);
	g->proof.options = writer_init(MAY_KEYS * LIMIT_OPTIONS);
	g->proof.env = writer_init(LIMIT_IPC / 4);
	g->proof.expires = INT64_MAX;
	g->proof.info = writer_init(LIMIT_IPC / 4);
	g->session_pidfd = -1;
	ipc_init(&g->session, -1);
	ipc_init(&g->wire, -1);
	ipc_init(&g->listener, -1);
}

void
guard_run(const struct guard_start *start)
{
	struct guard *g = calloc(1, sizeof(*g));

	if (g == NULL)
		_exit(255);
	guard_begin(g, start);
	title_set(start->title, "[accepted]");
	if (set_up(g) != ERR_OK) {
		log_error(&g->log, "cannot serve %s: %s", g->client, strerror(errno));
		_exit(255);
	}
	(void)!loop_run(g->loop);
	_exit(g->status);
}
