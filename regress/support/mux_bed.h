/* SPDX-License-Identifier: ISC */
/*
 * regress/support/mux_bed.h - a master (ssh/mux_listen.c, mux_master.c,
 * mux_request.c, mux_proxy*.c) with a connection to a tame server in the same
 * process, and clients that a test speaks for. What sessions, forwardings and
 * answers of the server would do elsewhere is the least that will do; defines
 * those functions: included by one file of a program.
 */
#ifndef REGRESS_SUPPORT_MUX_BED_H
#define REGRESS_SUPPORT_MUX_BED_H

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "channels/request.h"
#include "crypto/random.h"
#include "ssh/alive.h"
#include "ssh/info.h"
#include "ssh/mux_i.h"

struct mux_bed {
	struct ssh s;
	struct session own;
	struct conn *far;		/* the server */
	struct pump *far_pump;
	bool far_refuses;
	bool far_is_silent;		/* answers no request */
	struct channel_id far_last;	/* the channel that it was asked for last */
	unsigned n_denied;		/* requests of the server that got a no */
	int client;			/* the test's end of a client's socket; -1: closed */
};

/* --- what mux*.c calls --- */

enum err
session_new(struct ssh *s, struct session **out)
{
	struct session *se = calloc(1, sizeof(*se));

	*out = se;
	if (se == NULL)
		return ERR_NOMEM;
	*se = (struct session){ .s = s, .fd = { -1, -1, -1 }, .tty_fd = -1, .error_fd = -1,
	    .status = -1 };
	return ERR_OK;
}

enum err
session_open(struct session *se)
{
	TRY(conn_channel_open(se->s->conn, "session", SPAN_EMPTY, &se->id));
	se->is_there = true;
	return ERR_OK;
}

enum err
session_open_stdio(struct session *se, struct span host, uint32_t port)
{
	(void)host;
	(void)port;
	return session_open(se);
}

bool
session_take(struct session *se, const struct event *ev)
{
	if (ev->type == EV_CHANNEL_OPENED) {
		se->is_open = true;
		mux_session_opened(se);
	} else if (ev->type == EV_CHANNEL_REFUSED) {
		mux_session_refused(se, ev->text);
	} else if (ev->type == EV_CHANNEL_CLOSED) {
		se->is_open = false;
	}
	return true;
}

void
session_detached(struct session *se)
{
	se->is_gone = true;
}

void
session_tell_size(struct session *se)
{
	(void)se;
}

void
session_free(struct session *se)
{
	for (size_t i = 0; i < COUNT(se->fd); i++)
		if (se->fd[i] != -1)
			close(se->fd[i]);
	if (se->tty_fd != -1)
		close(se->tty_fd);
	if (se->error_fd != -1)
		close(se->error_fd);
	free(se->plan.term);
	free(se->plan.command);
	writer_free(&se->plan.env);
	free(se);
}

void
session_detach_process(struct ssh *s)
{
	(void)s;
}

void
forwards_add(struct ssh *s, enum forward_kind kind, const struct forward *f,
    forward_answered *answered, void *arg)
{
	answered(s, arg, f->listen_port != 1, kind == FORWARD_REMOTE ? f->listen_port : 0);
}

enum err
forwards_cancel(struct ssh *s, enum forward_kind kind, const struct forward *f)
{
	(void)s;
	(void)kind;
	return f->listen_port == 1 ? ERR_NOTFOUND : ERR_OK;
}

char *
forward_agent_path(const struct ssh *s)
{
	(void)s;
	return NULL;
}

enum err
alive_ask(struct ssh *s, const char *request, struct span body,
    void (*answered)(struct ssh *s, void *arg, bool ok, struct span body), void *arg)
{
	(void)request;
	(void)body;
	answered(s, arg, true, SPAN_LIT("\0\0\x12\x34"));
	return ERR_OK;
}

void
info_connection(const struct ssh *s, struct writer *w)
{
	(void)s;
	wr_printf(w, "connected\n");
}

void
info_channels(const struct ssh *s, struct writer *w)
{
	mux_list(s, w);
}

const char *
ssh_visible(char *buf, size_t size, struct span text)
{
	size_t n = text.len < size ? text.len : size - 1;

	memset(buf, '.', n);
	buf[n] = '\0';
	return buf;
}

void
ssh_leave(struct ssh *s, int exit_code)
{
	s->is_leaving = true;
	s->exit_code = exit_code;
}

void
ssh_leave_if_done(struct ssh *s)
{
	mux_idle(s);
}

enum err
settings_expand(const struct settings *settings, const struct log *log, enum ssh_keyword k,
    const char *text, char **out)
{
	(void)settings;
	(void)log;
	(void)k;
	(void)text;
	*out = NULL;
	return ERR_NOTFOUND;
}

enum err
mux_client_run(struct ssh *s, int *code)
{
	(void)s;
	*code = 255;
	return ERR_NOTFOUND;
}

/* --- the two connections --- */

static inline void
bed_event(void *arg, struct event *ev)
{
	struct mux_bed *b = arg;

	if (!mux_event(&b->s, ev) && !mux_proxy_event(&b->s, ev) && ev->type == EV_NEED_CHANNEL)
		conn_refuse_channel(b->s.conn, ev->channel, 1, "nobody's");
}

static inline void
bed_detached(void *arg, struct channel_id id)
{
	struct mux_bed *b = arg;

	if (!mux_detached(&b->s, id))
		(void)mux_proxy_detached(&b->s, id);
}

/* The server takes what it is asked for, and swallows what it gets. */
static inline void
far_event(void *arg, struct event *ev)
{
	const struct pump_ends none = { .sink = { -1, -1 }, .source = { -1, -1 } };
	struct mux_bed *b = arg;

	if (ev->type == EV_NEED_CHANNEL)
		b->far_last = ev->channel;
	if (ev->type == EV_CHANNEL_REPLY && !ev->ok) {
		b->n_denied++;
	} else if (b->far_is_silent && ev->type != EV_NEED_CHANNEL) {
		return;
	} else if (ev->type == EV_NEED_CHANNEL && b->far_refuses) {
		conn_refuse_channel(b->far, ev->channel, 4, "no more");
	} else if (ev->type == EV_NEED_CHANNEL) {
		conn_answer_channel(b->far, ev->channel, SPAN_EMPTY);
		(void)!pump_attach(b->far_pump, ev->channel, &none);
	} else if (ev->type == EV_CHANNEL_REQUEST && ev->want_reply) {
		conn_answer_channel_request(b->far, ev->channel, ev->id, true);
		(void)!pump_finish(b->far_pump, ev->channel, "exit-status", SPAN_LIT("\0\0\0\7"));
	} else if (ev->type == EV_GLOBAL_REQUEST && ev->want_reply) {
		conn_answer_global_request(b->far, ev->id, false, SPAN_EMPTY);
	}
}

static inline void
far_detached(void *arg, struct channel_id id)
{
	(void)arg;
	(void)id;
}

static inline void
bed_end(void *arg, enum err why)
{
	(void)arg;
	(void)why;
}

static inline void
bed_turn(struct mux_bed *b, unsigned n)
{
	while (n-- > 0)
		must(loop_turn(b->s.loop, 0) == ERR_OK);
}

/* A new client, after its HELLO; the one before hangs up. */
static inline void
bed_client(struct mux_bed *b)
{
	int fd[2];

	if (b->client != -1)
		close(b->client);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) == 0);
	b->client = fd[0];
	mux_client_new(&b->s, fd[1]);
	must(send(b->client, "\0\0\0\x8\0\0\0\1\0\0\0\4", 12, MSG_NOSIGNAL) == 12 || true);
}

static inline void
bed_new(struct mux_bed *b)
{
	const struct pump_calls near = { bed_event, bed_detached, bed_end, b };
	const struct pump_calls far = { far_event, far_detached, bed_end, b };
	struct conn_config config = { .side = SIDE_CLIENT, .is_bare = true, .rng = rng_system() };
	int fd[2];

	(void)signal(SIGPIPE, SIG_IGN);		/* as ssh does */
	*b = (struct mux_bed){ .client = -1 };
	b->s.log = log_to_stderr("test");
	b->s.log.level = LOG_LEVEL_QUIET;
	b->s.session = &b->own;
	must(loop_new(&b->s.loop) == ERR_OK);
	must(conn_new(&b->s.conn, &config, loop_time(b->s.loop)) == ERR_OK);
	config.side = SIDE_SERVER;
	must(conn_new(&b->far, &config, loop_time(b->s.loop)) == ERR_OK);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) == 0);
	must(pump_new(&b->s.pump, b->s.loop, fd[0], fd[0], b->s.conn, &near) == ERR_OK);
	must(pump_new(&b->far_pump, b->s.loop, fd[1], fd[1], b->far, &far) == ERR_OK);
	b->s.mux = calloc(1, sizeof(*b->s.mux));
	must(b->s.mux != NULL);
	b->s.mux->s = &b->s;
	b->s.mux->fd = -1;
	must(loop_timer(b->s.loop, &b->s.mux->persist, NULL, NULL) == ERR_OK);
}

static inline void
bed_free(struct mux_bed *b)
{
	if (b->client != -1)
		close(b->client);
	mux_free(b->s.mux);
	pump_free(b->s.pump);
	pump_free(b->far_pump);
	conn_free(b->s.conn);
	conn_free(b->far);
	loop_free(b->s.loop);
}

/* Sends bytes as the client, with n descriptors (at most 8) beside them. */
static inline void
bed_send(struct mux_bed *b, struct span bytes, unsigned n)
{
	union {
		struct cmsghdr align;
		uint8_t room[CMSG_SPACE(sizeof(int) * 8)];
	} control = { .room = { 0 } };
	struct iovec iov = { (void *)(uintptr_t)bytes.p, bytes.len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int fd[8];

	if (bytes.len == 0)
		return;
	for (unsigned i = 0; i < n; i++)
		fd[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (n > 0) {
		struct cmsghdr *h = &control.align;

		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int) * n);
		memcpy(CMSG_DATA(h), fd, sizeof(int) * n);
	}
	(void)!sendmsg(b->client, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	for (unsigned i = 0; i < n; i++)
		close(fd[i]);
}

/* Takes what the master has to say; how many bytes, -1: it has hung up. */
static inline ssize_t
bed_read(struct mux_bed *b, void *buf, size_t size)
{
	ssize_t n = recv(b->client, buf, size, MSG_DONTWAIT);

	return n == -1 ? 0 : n == 0 ? -1 : n;
}

#endif
