/* SPDX-License-Identifier: ISC */
/*
 * regress/support/forward_bed.h - what a client forwards (ssh/forward*.c,
 * ssh/x11.c, ssh/alive.c) behind the login at a server that a test speaks for,
 * packet by packet: one that may be hostile. Targets, agent and display are
 * sockets in a folder of the test's own. What the rest of the client would do
 * is the least that will do; defines those functions: included by one file of
 * a program.
 */
#ifndef REGRESS_SUPPORT_FORWARD_BED_H
#define REGRESS_SUPPORT_FORWARD_BED_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/reader.h"
#include "crypto/random.h"
#include "ssh/agent_client.h"
#include "ssh/alive.h"
#include "ssh/forward_i.h"
#include "ssh/identity.h"
#include "ssh/reconnect.h"
#include "ssh/session.h"
#include "ssh/x11.h"

/* What the bed's client says to the agent before anything else; an agent's good answer. */
#define BED_BIND	"\0\0\0\1\x1b"
#define BED_BOUND	"\0\0\0\1\6"

/* Which socket. */
enum bed_place { BED_TARGET, BED_AGENT, BED_DISPLAY, BED_PLACES };

/* What a test sends and hears at a time; fixed, for tests in which memory runs out. */
#define BED_ROOM	65536

struct forward_bed {
	struct ssh s;
	int far;			/* the server's end */
	uint8_t got[BED_ROOM];		/* what the client has sent to it, not taken yet */
	size_t n_got;
	uint8_t heard[BED_ROOM];	/* the last message of bed_heard() */
	char dir[64];
	char path[BED_PLACES][96];
	char display[120];		/* a part of the environment */
	int listener[BED_PLACES];
};

/* --- what they call --- */

void
ssh_leave(struct ssh *s, int exit_code)
{
	s->is_leaving = true;
	s->exit_code = exit_code;
}

void
ssh_leave_if_done(struct ssh *s)
{
	(void)s;
}

const char *
ssh_visible(char *buf, size_t size, struct span text)
{
	size_t n = text.len < size ? text.len : size - 1;

	memset(buf, '.', n);
	buf[n] = '\0';
	return buf;
}

enum err
settings_expand(const struct settings *settings, const struct log *log, enum ssh_keyword k,
    const char *text, char **out)
{
	(void)settings;
	(void)log;
	(void)k;
	*out = strdup(text);
	return *out == NULL ? ERR_NOMEM : ERR_OK;
}

char *
identity_agent_path(const struct ssh *s)
{
	(void)s;
	return NULL;
}

bool
session_event(struct ssh *s, const struct event *ev)
{
	(void)s;
	(void)ev;
	return false;
}

void
session_restore(struct session *se)
{
	(void)se;
}

bool
reconnect_is_wanted(const struct ssh *s)
{
	(void)s;
	return false;
}

enum err
agent_bind_frame(const struct conn *c, bool is_forwarding, struct writer *w)
{
	(void)c;
	must(is_forwarding);
	wr_raw(w, SPAN_LIT(BED_BIND));
	return wr_end(w);
}

enum err
x11_find_cookie(const struct ssh *s, const char *display, bool is_trusted, uint32_t seconds,
    struct x11_cookie *out)
{
	(void)s;
	(void)display;
	(void)is_trusted;
	(void)seconds;
	snprintf(out->method, sizeof(out->method), "MIT-MAGIC-COOKIE-1");
	TRY(secret_alloc(&out->value, 16));
	memset(out->value.p, 'r', 16);
	return ERR_OK;
}

/* --- the connection --- */

static inline void
bed_event(void *arg, struct event *ev)
{
	struct forward_bed *b = arg;

	if (alive_event(&b->s, ev) || forwards_event(&b->s, ev))
		return;
	if (ev->type == EV_NEED_CHANNEL)
		conn_refuse_channel(b->s.conn, ev->channel, 1, "open failed");
	else if (ev->type == EV_GLOBAL_REQUEST && ev->want_reply)
		conn_answer_global_request(b->s.conn, ev->id, false, SPAN_EMPTY);
	else if (ev->type == EV_CHANNEL_REQUEST && ev->want_reply)
		conn_answer_channel_request(b->s.conn, ev->channel, ev->id, false);
}

static inline void
bed_detached(void *arg, struct channel_id id)
{
	struct forward_bed *b = arg;

	forwards_detached(&b->s, id);
}

static inline void
bed_end(void *arg, enum err why)
{
	(void)arg;
	(void)why;
}

/* Lets the client do what there is to do, and takes what it says. */
static inline void
bed_turn(struct forward_bed *b, unsigned n)
{
	while (n-- > 0) {
		ssize_t k;

		must(loop_turn(b->s.loop, 0) == ERR_OK);
		k = recv(b->far, b->got + b->n_got, BED_ROOM - b->n_got, MSG_DONTWAIT);
		if (k > 0)
			b->n_got += (size_t)k;
	}
}

/* A client that is logged in, with sockets for all it may reach; nothing is forwarded yet. */
static inline void
bed_new(struct forward_bed *b)
{
	static const char *const names[] = { "target", "agent", "display" };
	const struct pump_calls calls = { bed_event, bed_detached, bed_end, b };
	const struct conn_config config = { .side = SIDE_CLIENT, .is_bare = true,
	    .rng = rng_system() };
	int fd[2];

	(void)signal(SIGPIPE, SIG_IGN);		/* as ssh does */
	memset(b, 0, sizeof(*b));
	b->s.log = log_to_stderr("test");
	b->s.log.level = LOG_LEVEL_QUIET;
	b->s.settings.config.permit_remote_open.any = true;
	snprintf(b->dir, sizeof(b->dir), "/tmp/forward.XXXXXX");
	must(mkdtemp(b->dir) != NULL);
	for (size_t i = 0; i < BED_PLACES; i++) {
		snprintf(b->path[i], sizeof(b->path[i]), "%s/%s", b->dir, names[i]);
		must(net_listen_unix(b->path[i], SOCK_STREAM, 077, &b->listener[i]) == ERR_OK);
	}
	snprintf(b->display, sizeof(b->display), "DISPLAY=%s:0", b->path[BED_DISPLAY]);
	must(putenv(b->display) == 0);
	must(loop_new(&b->s.loop) == ERR_OK);
	must(names_new(&b->s.names, b->s.loop) == ERR_OK);
	must(conn_new(&b->s.conn, &config, loop_time(b->s.loop)) == ERR_OK);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) == 0);
	must(pump_new(&b->s.pump, b->s.loop, fd[0], fd[0], b->s.conn, &calls) == ERR_OK);
	b->far = fd[1];
}

static inline void
bed_free(struct forward_bed *b)
{
	alive_free(b->s.alive);
	forwards_free(b->s.forwards);
	x11_free(b->s.x11);
	pump_free(b->s.pump);
	conn_free(b->s.conn);
	names_free(b->s.names);
	loop_free(b->s.loop);
	close(b->far);
	for (size_t i = 0; i < BED_PLACES; i++) {
		close(b->listener[i]);
		unlink(b->path[i]);
	}
	rmdir(b->dir);
	unsetenv("DISPLAY");
}

/* --- the server --- */

/* Sends a message of the connection layer: its number, and what is behind it. */
static inline void
bed_say(struct forward_bed *b, uint8_t number, struct span body)
{
	size_t len = body.len + 2;
	uint8_t head[6] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8),
	    (uint8_t)len, 0, number };

	(void)!send(b->far, head, sizeof(head), MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)!send(b->far, body.p, body.len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Opens a channel of a type; body is behind its common fields. */
static inline void
bed_open(struct forward_bed *b, const char *type, struct span body)
{
	/* The server's number is 7, its window 1 MiB, its packets have 32 KiB. */
	static const uint8_t common[] = { 0, 0, 0, 7, 0, 16, 0, 0, 0, 0, 128, 0 };
	uint8_t buf[4096] = { 0, 0, 0, (uint8_t)strlen(type) };
	size_t n = 4 + strlen(type);

	must(n + sizeof(common) + body.len <= sizeof(buf));
	memcpy(buf + 4, type, n - 4);
	memcpy(buf + n, common, sizeof(common));
	if (body.len > 0)
		memcpy(buf + n + sizeof(common), body.p, body.len);
	bed_say(b, 90, span_of(buf, n + sizeof(common) + body.len));
	bed_turn(b, 3);
}

/*
 * Takes messages of the client up to one that has this number. Returns what is
 * behind it, valid until the next call; of no length if there is none.
 */
static inline struct span
bed_heard(struct forward_bed *b, uint8_t number)
{
	while (b->n_got >= 6) {
		struct reader r = rd_init(span_of(b->got, b->n_got));
		size_t len = rd_u32(&r), padding = rd_u8(&r);
		uint8_t what = rd_u8(&r);

		if (len < 2 + padding || b->n_got < 4 + len)
			break;
		memcpy(b->heard, b->got + 6, len - 2);
		b->n_got -= 4 + len;
		memmove(b->got, b->got + 4 + len, b->n_got);
		if (what == number)
			return span_of(b->heard, len - 2 - padding);
	}
	return SPAN_EMPTY;
}

#endif
