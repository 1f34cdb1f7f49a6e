/* SPDX-License-Identifier: ISC */
/*
 * SOCKS clients: those that connect to us (-D), whose requests are read from
 * their socket, and those of a port that the server listens on (-R without a
 * target), whose requests come through the channel.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "channels/channels.h"
#include "ssh/forward_i.h"

/* How soon an answer is tried again that had no room (a key exchange is running). */
#define RETRY_MSEC	50

/* --- of our own port --- */

/* Sends a few bytes that a fresh socket's buffer always takes. */
static void
send_reply(const struct relay *t, const struct writer *w)
{
	if (w->len > 0)
		(void)!send(t->fd, w->p, w->len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void
relay_answer_socks(struct relay *t, enum socks_outcome outcome)
{
	SCOPED(writer_free) struct writer reply = writer_init(SOCKS_INPUT_MAX);

	socks_answer(&t->socks, outcome, &reply);
	send_reply(t, &reply);
}

/* Wakes us up only when more is there than we have seen, which may not be a whole request. */
static void
wait_for_more(const struct relay *t, size_t seen)
{
	int n = (int)seen + 1;

	(void)setsockopt(t->fd, SOL_SOCKET, SO_RCVLOWAT, &n, sizeof(n));
}

static void
target_known(struct relay *t)
{
	struct forward f = { .connect_host = t->socks.host, .connect_port = t->socks.port };
	struct endpoint from = { .port = 0 };

	watch_free(t->watch);
	t->watch = NULL;
	wait_for_more(t, 0);
	(void)!net_ends(t->fd, NULL, &from);
	log_debug(&t->s->log, "dynamic forwarding: SOCKS%u to %s port %u", t->socks.version,
	    t->socks.host, t->socks.port);
	relay_open_to(t, &f, &from);
}

/* Takes the request only: what may follow it belongs to the channel. */
static void
on_socks(void *arg, unsigned events)
{
	SCOPED(writer_free) struct writer reply = writer_init(SOCKS_INPUT_MAX);
	uint8_t buf[SOCKS_INPUT_MAX];
	struct relay *t = arg;
	ssize_t n = recv(t->fd, buf, sizeof(buf), MSG_PEEK | MSG_DONTWAIT);
	size_t used = 0;
	enum err e;

	if (n == -1 && (errno == EAGAIN || errno == EINTR) && !(events & LOOP_HANGUP))
		return;
	if (n <= 0) {
		relay_free(t);
		return;
	}
	e = socks_take(&t->socks, span_of(buf, (size_t)n), &used, &reply);
	if (used > 0)
		(void)!recv(t->fd, buf, used, MSG_DONTWAIT);
	send_reply(t, &reply);
	if (e == ERR_OK)
		target_known(t);
	else if (e == ERR_AGAIN && (size_t)n - used < sizeof(buf) && !(events & LOOP_HANGUP))
		wait_for_more(t, (size_t)n - used);
	else
		relay_free(t);
}

void
relay_take_socks(struct relay *t)
{
	t->is_socks = true;
	if (loop_watch(t->s->loop, &t->watch, t->fd, LOOP_READ, on_socks, t) != ERR_OK)
		relay_free(t);
}

/* --- of a port of the server's --- */

/* The answer has gone: the connection's own bytes begin. */
static void
begin(struct relay *t)
{
	/* A fresh socket's buffer takes what the client did not wait to send. */
	if (t->held.len > 0)
		(void)!send(t->fd, t->held.p, t->held.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	writer_free(&t->held);
	relay_attach(t);
}

/* Sends what there is to say; false: later. */
static bool
flush_reply(struct relay *t)
{
	struct room room;

	if (t->reply.len == 0)
		return true;
	room = conn_channel_room(t->s->conn, t->id, STREAM_DATA);
	if (room.len < t->reply.len) {
		timer_set(t->retry, loop_now(t->s->loop) + RETRY_MSEC);
		return false;
	}
	memcpy(room.p, t->reply.p, t->reply.len);
	conn_channel_send(t->s->conn, t->id, STREAM_DATA, t->reply.len);
	writer_reset(&t->reply);
	pump_kick(t->s->pump);
	return true;
}

/* Goes on when all that was to be said is said. */
static void
proceed(void *arg)
{
	struct relay *t = arg;

	if (!flush_reply(t))
		return;
	if (t->fd != -1 && !t->is_attached)
		begin(t);
	else if (t->is_failed)
		relay_give_up(t);
}

static void
on_dialed(void *arg, int fd, const char *why)
{
	struct relay *t = arg;

	t->dial = NULL;
	t->fd = fd;
	t->is_failed = fd == -1;
	if (fd == -1)
		log_error(&t->s->log, "connect to %s port %u: failed: %s", t->socks.host,
		    t->socks.port, why);
	socks_answer(&t->socks, fd == -1 ? SOCKS_UNREACHABLE : SOCKS_CONNECTED, &t->reply);
	proceed(t);
}

/* Connects to where the client wants, if PermitRemoteOpen lets it. */
static void
connect_to_asked(struct relay *t)
{
	struct ssh *s = t->s;

	snprintf(t->label, sizeof(t->label), "forwarded-tcpip to %.100s port %u", t->socks.host,
	    t->socks.port);
	log_debug(&s->log, "remote dynamic forwarding: SOCKS%u to %s port %u", t->socks.version,
	    t->socks.host, t->socks.port);
	if (permits_allow(&s->settings.config.permit_remote_open, span_str(t->socks.host),
	    t->socks.port, false)) {
		if (dial_start(s->loop, s->names, t->socks.host, t->socks.port, NAMES_ANY, 0,
		    on_dialed, t, &t->dial) == ERR_OK)
			return;
		socks_answer(&t->socks, SOCKS_FAILED, &t->reply);
	} else {
		log_error(&s->log, "PermitRemoteOpen does not allow %s port %u", t->socks.host,
		    t->socks.port);
		socks_answer(&t->socks, SOCKS_PROHIBITED, &t->reply);
	}
	t->is_failed = true;
	proceed(t);
}

/* Bytes of the client before it is connected. */
static void
on_data(struct relay *t, struct span data)
{
	size_t used = 0;
	enum err e = ERR_AGAIN;

	conn_channel_consumed(t->s->conn, t->id, data.len);
	if (t->is_failed)
		return;
	wr_raw(&t->held, data);
	if (t->socks.state != SOCKS_ASKED && t->socks.state != SOCKS_DONE &&
	    wr_end(&t->held) == ERR_OK) {
		e = socks_take(&t->socks, writer_span(&t->held), &used, &t->reply);
		writer_consume(&t->held, used);
	}
	if (wr_end(&t->held) != ERR_OK || (e != ERR_OK && e != ERR_AGAIN))
		t->is_failed = true;
	if (e == ERR_OK)
		connect_to_asked(t);
	else
		proceed(t);
}

bool
relay_socks_event(struct relay *t, const struct event *ev)
{
	if (ev->type == EV_CHANNEL_DATA)
		on_data(t, ev->data);
	else if (ev->type == EV_CHANNEL_EOF)
		relay_give_up(t);
	else if (ev->type != EV_CHANNEL_WINDOW)
		return false;
	return true;
}

void
relay_open_socks(struct ssh *s, struct channel_id id, const char *type)
{
	struct relay *t = relay_of_server(s, id, type);

	if (t == NULL)
		return;
	t->held = writer_init(SOCKS_INPUT_MAX);
	t->reply = writer_init(SOCKS_INPUT_MAX);
	snprintf(t->label, sizeof(t->label), "remote dynamic forwarding");
	if (loop_timer(s->loop, &t->retry, proceed, t) != ERR_OK ||
	    pump_set_manual(s->pump, id) != ERR_OK) {
		conn_refuse_channel(s->conn, id, OPEN_RESOURCE_SHORTAGE, "out of memory");
		relay_free(t);
		return;
	}
	t->speaks_socks = true;
	conn_answer_channel(s->conn, id, SPAN_EMPTY);
	pump_kick(s->pump);
}

