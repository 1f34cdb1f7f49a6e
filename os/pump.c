/* SPDX-License-Identifier: ISC */
/* The pump's socket and its events. */
#include "os/pump.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/pump_i.h"

static void pump_turn(void *arg);
static void deadline_due(void *arg);
static void socket_ready(void *arg, unsigned events);

/* --- making and freeing --- */

/* Frees what pump_new() made before the descriptors were taken. */
static void
pump_dispose(struct pump *p)
{
	watch_free(p->read_watch);
	if (p->write_watch != p->read_watch)
		watch_free(p->write_watch);
	timer_free(p->turn_end);
	timer_free(p->deadline);
	free(p);
}

static enum err
pump_watch(struct pump *p)
{
	TRY(loop_timer(p->loop, &p->turn_end, pump_turn, p));
	TRY(loop_timer(p->loop, &p->deadline, deadline_due, p));
	TRY(loop_watch(p->loop, &p->read_watch, p->read_fd, 0, socket_ready, p));
	if (p->write_fd == p->read_fd)
		p->write_watch = p->read_watch;
	else
		TRY(loop_watch(p->loop, &p->write_watch, p->write_fd, 0, socket_ready, p));
	return ERR_OK;
}

enum err
pump_new(struct pump **out, struct loop *loop, int read_fd, int write_fd,
    struct conn *conn, const struct pump_calls *calls)
{
	struct pump *p = calloc(1, sizeof(*p));
	enum err e;

	*out = NULL;
	if (p == NULL)
		return ERR_NOMEM;
	*p = (struct pump){ .loop = loop, .conn = conn, .calls = *calls,
	    .read_fd = read_fd, .write_fd = write_fd, .last_read = loop_now(loop) };
	e = pump_watch(p);
	if (e != ERR_OK) {
		pump_dispose(p);
		return e;
	}
	pump_soon(p);
	*out = p;
	return ERR_OK;
}

void
pump_free(struct pump *p)
{
	if (p == NULL)
		return;
	while (p->channels != NULL)
		pumped_free(p->channels);
	close(p->read_fd);
	if (p->write_fd != p->read_fd)
		close(p->write_fd);
	pump_dispose(p);
}

void
pump_soon(struct pump *p)
{
	timer_set(p->turn_end, 0);
}

void
pump_kick(struct pump *p)
{
	pump_soon(p);
}

msec
pump_last_read(const struct pump *p)
{
	return p->last_read;
}

bool
pump_has_ended(const struct pump *p)
{
	return p->has_ended;
}

/* --- the end of the connection --- */

static void
pump_over(struct pump *p, enum err why)
{
	struct pumped *next;

	if (p->has_ended)
		return;
	p->has_ended = true;
	watch_set(p->read_watch, 0);
	watch_set(p->write_watch, 0);
	timer_set(p->deadline, MSEC_NEVER);
	/* What was sent arrives also if the peer's last bytes are not read. */
	(void)shutdown(p->write_fd, SHUT_WR);
	errno = p->error;
	p->calls.on_end(p->calls.arg, why);
	for (struct pumped *pc = p->channels; pc != NULL; pc = next) {
		next = pc->next;
		pumped_gone(pc);
	}
}

/* Nothing more is read from the peer; what waits is sent, but not for long. */
static void
pump_wind_up(struct pump *p, enum err why)
{
	if (p->is_ending)
		return;
	p->is_ending = true;
	p->why = why;
	timer_set(p->deadline, loop_now(p->loop) + PUMP_LINGER);
	pump_soon(p);
}

void
pump_fail(struct pump *p, enum err why)
{
	conn_disconnect(p->conn, err_reason(why), err_text(why));
	pump_wind_up(p, why);
}

void
pump_disconnect(struct pump *p, uint32_t reason, const char *text)
{
	conn_disconnect(p->conn, reason, text);
	pump_wind_up(p, ERR_OK);
}

/* --- events --- */

static bool
is_eow(const struct event *ev)
{
	return ev->type == EV_CHANNEL_REQUEST && !ev->want_reply &&
	    span_is(ev->request, "eow@openssh.com");
}

/* Handles what concerns descriptors only; false: it is for the program. */
static bool
take_event(struct pumped *pc, const struct event *ev)
{
	switch (ev->type) {
	case EV_CHANNEL_DATA:
		pumped_data(pc, ev->stream, ev->data);
		return true;
	case EV_CHANNEL_EOF:
		pumped_eof(pc);
		return true;
	case EV_CHANNEL_WINDOW:
		pumped_unstall(pc);
		return true;
	case EV_CHANNEL_REQUEST:
		if (!is_eow(ev))
			return false;
		pumped_eow(pc);
		return true;
	default:
		return false;
	}
}

/* Finds the channel of an event, beginning to hold what comes for it. */
static struct pumped *
event_channel(struct pump *p, const struct event *ev)
{
	struct pumped *pc = ev->tag;

	if (pc == NULL && (ev->type == EV_CHANNEL_DATA || ev->type == EV_CHANNEL_EOF) &&
	    pump_channel(p, ev->channel, &pc) != ERR_OK)
		pump_fail(p, ERR_NOMEM);
	return pc;
}

static void
on_event(struct pump *p, struct event *ev)
{
	struct pumped *pc = event_channel(p, ev);

	if (pc != NULL && pc->life != PUMPED_MANUAL && take_event(pc, ev))
		return;
	ev->tag = pc == NULL ? NULL : pc->tag;
	p->calls.on_event(p->calls.arg, ev);
	if (ev->type == EV_FAILED)
		pump_wind_up(p, ev->err);
	else if (ev->type == EV_DISCONNECTED)
		pump_wind_up(p, ERR_CLOSED);
	else if (pc != NULL &&
	    (ev->type == EV_CHANNEL_CLOSED || ev->type == EV_CHANNEL_REFUSED))
		pumped_gone(pc);
}

static void
take_events(struct pump *p)
{
	struct event ev;

	while (!p->has_ended && conn_next(p->conn, &ev))
		on_event(p, &ev);
}

/* --- the socket --- */

void
pump_flush(struct pump *p)
{
	struct span out = conn_output(p->conn);

	while (!p->has_ended && !p->write_failed && !p->socket_full && out.len > 0) {
		ssize_t n = write(p->write_fd, out.p, out.len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno != EAGAIN && errno != EWOULDBLOCK) {
			p->write_failed = true;
			p->error = errno;
			return;
		}
		p->socket_full = n == -1 || (size_t)n < out.len;
		if (n == -1)
			return;
		conn_sent(p->conn, (size_t)n);
		out = conn_output(p->conn);
	}
}

/* Reads what has come, but not for longer than a turn. */
static void
socket_read(struct pump *p)
{
	size_t sum = 0;

	while (!p->has_ended && !p->is_ending && sum < PUMP_TURN) {
		struct room room = conn_room(p->conn);
		ssize_t n = room.len == 0 ? 0 : read(p->read_fd, room.p, room.len);

		if (room.len == 0)
			return;
		if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
			return;
		if (n <= 0) {
			p->error = n == 0 ? 0 : errno;
			pump_over(p, n == 0 ? ERR_CLOSED : ERR_SYSTEM);
			return;
		}
		p->last_read = loop_now(p->loop);
		(void)conn_received(p->conn, (size_t)n, p->last_read);
		take_events(p);
		sum += (size_t)n;
		if ((size_t)n < room.len)
			return;
	}
}

static void
socket_ready(void *arg, unsigned events)
{
	struct pump *p = arg;

	if (events & LOOP_WRITE)
		p->socket_full = false;
	if (events & (LOOP_READ | LOOP_HANGUP))
		socket_read(p);
	if (!p->has_ended)
		pump_soon(p);
}

static void
deadline_due(void *arg)
{
	struct pump *p = arg;

	if (p->is_ending) {
		pump_over(p, p->why);
		return;
	}
	(void)conn_received(p->conn, 0, loop_now(p->loop));
	pump_turn(p);
}

/* --- the end of a turn --- */

/* Moves the first channel to the end of the row. */
static void
rotate(struct pump *p)
{
	struct pumped *first = p->channels, *last = first;

	if (first == NULL || first->next == NULL)
		return;
	while (last->next != NULL)
		last = last->next;
	p->channels = first->next;
	p->channels->prev = NULL;
	first->next = NULL;
	first->prev = last;
	last->next = first;
}

/* Lets sources go on that waited for the socket; each gets its turn first once. */
static void
serve_stalled(struct pump *p)
{
	struct pumped *next;

	if (p->n_stalled == 0 || conn_queued(p->conn) > LIMIT_OUTPUT / 2)
		return;
	for (struct pumped *pc = p->channels; pc != NULL; pc = next) {
		next = pc->next;
		if (pc->is_stalled)
			pumped_unstall(pc);
	}
	rotate(p);
	pump_flush(p);
}

/* Waits for what is of use now. */
static void
pump_wait(struct pump *p)
{
	unsigned reads = !p->is_ending && conn_room(p->conn).len > 0 ? LOOP_READ : 0;
	unsigned writes = p->socket_full ? LOOP_WRITE : 0;

	if (p->read_watch == p->write_watch) {
		watch_set(p->read_watch, reads | writes);
	} else {
		watch_set(p->read_watch, reads);
		watch_set(p->write_watch, writes);
	}
	if (!p->is_ending)
		timer_set(p->deadline, conn_deadline(p->conn));
}

/* Gets out everything that this turn of the loop has brought about. */
static void
pump_turn(void *arg)
{
	struct pump *p = arg;

	if (p->has_ended)
		return;
	take_events(p);
	pump_flush(p);
	serve_stalled(p);
	if (p->write_failed)
		pump_over(p, p->is_ending ? p->why : ERR_SYSTEM);
	else if (p->is_ending && conn_queued(p->conn) == 0)
		pump_over(p, p->why);
	if (!p->has_ended)
		pump_wait(p);
}
