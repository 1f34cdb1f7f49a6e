/* SPDX-License-Identifier: ISC */
/* Clients of the master: their sockets, and their sessions. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "ssh/mux_i.h"

#define READ_SIZE	16384

/* --- sending --- */

void
mux_client_flush(struct mux_client *c)
{
	while (c->out.len > 0) {
		ssize_t n = send(c->fd, c->out.p, c->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n == -1) {
			/* It is noticed when it is read from. */
			writer_reset(&c->out);
			break;
		}
		writer_consume(&c->out, (size_t)n);
	}
	watch_set(c->watch, LOOP_READ | (c->out.len > 0 ? LOOP_WRITE : 0));
}

size_t
mux_begin(struct mux_client *c)
{
	return wr_open(&c->out);
}

void
mux_end(struct mux_client *c, size_t mark)
{
	wr_close(&c->out, mark);
	if (wr_end(&c->out) != ERR_OK) {
		/* It does not read: it has had its chance. */
		writer_reset(&c->out);
		c->is_ending = true;
	}
	mux_client_flush(c);
}

/* --- sessions --- */

enum err
mux_session_new(struct mux_client *c, uint32_t request, struct session **out)
{
	struct mux *m = c->s->mux;
	struct session **v;

	if (c->session != NULL)
		return ERR_EXISTS;
	v = realloc(m->sessions, (m->n_sessions + 1) * sizeof(struct session *));
	if (v == NULL)
		return ERR_NOMEM;
	m->sessions = v;
	TRY(session_new(c->s, out));
	v[m->n_sessions++] = *out;
	(*out)->is_borrowed = true;
	(*out)->mux = c;
	(*out)->error_fd = -1;
	c->session = *out;
	c->request = request;
	c->is_answered = false;
	return ERR_OK;
}

void
mux_session_drop(struct session *se)
{
	struct mux *m = se->s->mux;
	size_t i = 0;

	while (m->sessions[i] != se)
		i++;
	m->sessions[i] = m->sessions[--m->n_sessions];
	if (se->mux != NULL)
		se->mux->session = NULL;
	session_free(se);
}

static struct session *
find_session(const struct ssh *s, struct channel_id id)
{
	const struct mux *m = s->mux;

	for (size_t i = 0; m != NULL && i < m->n_sessions; i++)
		if (m->sessions[i]->is_there && m->sessions[i]->id.n == id.n)
			return m->sessions[i];
	return NULL;
}

bool
mux_event(struct ssh *s, const struct event *ev)
{
	struct session *se;

	if (ev->type < EV_CHANNEL_OPENED || ev->type > EV_CHANNEL_CLOSED)
		return false;
	se = find_session(s, ev->channel);
	if (se == NULL || !session_take(se, ev))
		return false;
	/* One that was never attached has nothing that could be written any more. */
	if (ev->type == EV_CHANNEL_REFUSED || (ev->type == EV_CHANNEL_CLOSED && !se->is_open))
		(void)mux_detached(s, ev->channel);
	return true;
}

bool
mux_detached(struct ssh *s, struct channel_id id)
{
	struct session *se = find_session(s, id);
	struct mux_client *c;

	if (se == NULL)
		return false;
	c = se->mux;
	session_detached(se);
	mux_session_drop(se);
	if (c != NULL) {
		c->is_ending = true;
		mux_client_flush(c);
		if (c->out.len == 0)
			mux_client_free(c);
	}
	return true;
}

void
mux_tell_sizes(struct ssh *s)
{
	for (size_t i = 0; s->mux != NULL && i < s->mux->n_sessions; i++)
		session_tell_size(s->mux->sessions[i]);
}

void
mux_list(const struct ssh *s, struct writer *w)
{
	for (size_t i = 0; s->mux != NULL && i < s->mux->n_sessions; i++) {
		const struct session *se = s->mux->sessions[i];

		wr_printf(w, "  #%u %s (multiplexed)\n", se->id.n,
		    se->is_stdio_forward ? "stdio-forward" : "client-session");
	}
	if (s->mux != NULL)
		mux_proxies_list(s->mux, w);
}

/* --- what becomes of a session, told to its client --- */

static void
put_pair(struct mux_client *c, enum mux_type type, uint32_t first, uint32_t second)
{
	size_t mark = mux_begin(c);

	mux_pair_put(&c->out, &(struct mux_pair){ type, first, second });
	mux_end(c, mark);
}

void
mux_session_opened(struct session *se)
{
	struct mux_client *c = se->mux;

	if (c == NULL) {
		conn_channel_close(se->s->conn, se->id);
		return;
	}
	se->has_pty = se->plan.wants_pty;
	c->is_answered = true;
	put_pair(c, MUX_SESSION_OPENED, c->request, se->id.n);
}

void
mux_session_refused(struct session *se, struct span why)
{
	struct mux_client *c = se->mux;
	size_t mark;

	log_debug(&se->s->log, "mux: session open failed");
	if (c == NULL)
		return;
	mark = mux_begin(c);
	c->is_answered = true;
	(void)why;	/* the server's words are not for a terminal that we know nothing of */
	mux_refusal_put(&c->out, &(struct mux_refusal){ MUX_FAILURE, c->request,
	    SPAN_LIT("Session open refused by peer") });
	mux_end(c, mark);
}

void
mux_session_no_tty(struct session *se)
{
	struct mux_client *c = se->mux;
	size_t mark;

	if (c == NULL)
		return;
	mark = mux_begin(c);
	mux_tty_fail_put(&c->out, &(struct mux_tty_fail){ se->id.n });
	mux_end(c, mark);
}

void
mux_session_exited(struct session *se)
{
	if (se->mux != NULL)
		put_pair(se->mux, MUX_EXIT_MESSAGE, se->id.n, (uint32_t)se->status);
}

void
mux_session_abandoned(struct session *se)
{
	struct mux_client *c = se->mux;

	pump_pause(se->s->pump, se->id, true);
	se->mux = NULL;
	if (c == NULL)
		return;
	put_pair(c, MUX_EXIT_MESSAGE, se->id.n, 255);
	c->session = NULL;
	mux_client_free(c);
}

/* --- receiving --- */

struct mux_client *
mux_client_find(const struct ssh *s, uint32_t number)
{
	struct mux_client *c = s->mux == NULL ? NULL : s->mux->clients;

	while (c != NULL && c->number != number)
		c = c->next;
	return c;
}

/* Takes the descriptors that came with bytes. ERR_LIMIT: more than anything here wants. */
static enum err
take_descriptors(struct mux_client *c, struct msghdr *msg)
{
	enum err e = ERR_OK;

	for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h != NULL; h = CMSG_NXTHDR(msg, h)) {
		size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof(fd));
			if (c->n_fds < MUX_FDS_MAX) {
				c->fds[c->n_fds++] = fd;
			} else {
				close(fd);
				e = ERR_LIMIT;
			}
		}
	}
	return (msg->msg_flags & MSG_CTRUNC) ? ERR_LIMIT : e;
}

/* Reads once. ERR_AGAIN, ERR_CLOSED, ERR_SYSTEM, ERR_LIMIT, ERR_NOMEM. */
static enum err
receive(struct mux_client *c)
{
	union {
		struct cmsghdr align;
		uint8_t room[CMSG_SPACE(sizeof(int) * MUX_FDS_MAX)];
	} control;
	struct room room = wr_reserve(&c->in, READ_SIZE);
	struct iovec iov = { room.p, room.len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
	    .msg_controllen = sizeof(control) };
	ssize_t n;

	if (room.len == 0)
		return wr_end(&c->in);
	n = recvmsg(c->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n == -1)
		return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? ERR_AGAIN :
		    ERR_SYSTEM;
	if (n == 0)
		return ERR_CLOSED;
	wr_commit(&c->in, (size_t)n);
	return take_descriptors(c, &msg);
}

static enum err
take_hello(struct mux_client *c, enum mux_type type, struct span body)
{
	struct mux_hello hello;

	if (type != MUX_HELLO)
		return ERR_SEQUENCE;
	TRY(mux_hello_get(body, &hello));
	c->said_hello = true;
	return ERR_OK;
}

/* Takes what has been received, packet by packet. ERR_AGAIN: more is needed. */
static enum err
take_packets(struct mux_client *c)
{
	for (;;) {
		enum mux_type type;
		struct span body;
		size_t used, n_fds;

		if (c->is_ending)
			return ERR_CLOSED;
		TRY(mux_packet(writer_span(&c->in), &type, &body, &used));
		/* Descriptors come behind the packet, with one byte each. */
		n_fds = mux_fds_of(type);
		if (c->n_fds < n_fds || c->in.len < used + n_fds)
			return ERR_AGAIN;
		if (c->said_hello)
			TRY(mux_request(c, type, body));
		else
			TRY(take_hello(c, type, body));
		writer_consume(&c->in, used + n_fds);
	}
}

static void
on_ready(void *arg, unsigned events)
{
	struct mux_client *c = arg;
	struct ssh *s = c->s;
	enum err e = ERR_AGAIN;

	if (events & LOOP_WRITE)
		mux_client_flush(c);
	if (events & (LOOP_READ | LOOP_HANGUP))
		e = receive(c);
	if (e == ERR_OK)
		e = take_packets(c);
	if (e != ERR_AGAIN && e != ERR_CLOSED)
		log_debug(&s->log, "mux client %u: %s", c->number, err_text(e));
	if (e != ERR_AGAIN || (c->is_ending && c->out.len == 0))
		mux_client_free(c);
	pump_kick(s->pump);
}

/* "info": that EXT_INFO is answered. */
static void
say_hello(struct mux_client *c)
{
	SCOPED(writer_free) struct writer extensions = writer_init(64);
	size_t mark = mux_begin(c);

	wr_str(&extensions, "info");
	wr_str(&extensions, "0");
	mux_hello_put(&c->out, &(struct mux_hello){ MUX_VERSION, writer_span(&extensions) });
	mux_end(c, mark);
}

void
mux_client_new(struct ssh *s, int fd)
{
	struct mux *m = s->mux;
	struct mux_client *c = calloc(1, sizeof(*c));
	uid_t who;
	size_t n = 0;

	for (const struct mux_client *i = m->clients; i != NULL; i = i->next)
		n++;
	if (c == NULL || n >= MUX_CLIENTS_MAX ||
	    net_peer_uid(fd, &who) != ERR_OK || (who != 0 && who != getuid())) {
		log_error(&s->log, "multiplex connection refused");
		free(c);
		close(fd);
		return;
	}
	*c = (struct mux_client){ .s = s, .fd = fd, .number = ++m->last_number,
	    .in = writer_init(LIMIT_PACKET + 2 * READ_SIZE), .out = writer_init(MUX_OUT_MAX) };
	if (loop_watch(s->loop, &c->watch, fd, LOOP_READ, on_ready, c) != ERR_OK) {
		log_error(&s->log, "mux: out of memory");
		free(c);
		close(fd);
		return;
	}
	c->next = m->clients;
	m->clients = c;
	say_hello(c);
}

void
mux_client_free(struct mux_client *c)
{
	struct mux *m = c->s->mux;
	struct mux_client **at = &m->clients;
	struct session *se = c->session;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	if (se != NULL) {
		se->mux = NULL;
		conn_channel_close(c->s->conn, se->id);
	}
	watch_free(c->watch);
	if (c->fd != -1)
		close(c->fd);
	for (size_t i = 0; i < c->n_fds; i++)
		close(c->fds[i]);
	writer_free(&c->in);
	writer_free(&c->out);
	mux_idle(c->s);
	free(c);
}
