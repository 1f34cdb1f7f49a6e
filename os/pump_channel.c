/* SPDX-License-Identifier: ISC */
/* The life of an attached channel: sources to the conn, the conn to sinks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "os/pump_i.h"

#define SINK_IOV	16

/* The end that gets a stream; NULL if there is none, or it takes no more. */
static struct end *
sink_of(struct pumped *pc, enum stream stream)
{
	for (size_t i = 0; i < COUNT(pc->ends); i++)
		if (pc->ends[i].writes && pc->ends[i].sink == stream)
			return &pc->ends[i];
	return NULL;
}

static bool
has_source(const struct pumped *pc)
{
	for (size_t i = 0; i < COUNT(pc->ends); i++)
		if (pc->ends[i].reads)
			return true;
	return false;
}

static bool
has_sink(const struct pumped *pc)
{
	for (size_t i = 0; i < COUNT(pc->ends); i++)
		if (pc->ends[i].writes)
			return true;
	return false;
}

/* Whether errno only says "not now". */
static bool
is_not_now(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* --- from the peer to sinks --- */

/* Says that n bytes have left the program's hands. */
static void
consumed(struct pumped *pc, size_t n)
{
	conn_channel_consumed(pc->pump->conn, pc->id, n);
}

/* Gives up what waits for a sink. */
static void
drop_backlog(struct pumped *pc, enum stream stream)
{
	struct backlog *b = &pc->backlog[stream];
	size_t n = b->len;

	backlog_drop(b, n);
	consumed(pc, n);
}

/* The reader of a sink is gone: the peer may stop sending (eow@openssh.com). */
static void
sink_fail(struct end *e)
{
	struct pumped *pc = e->pc;

	e->writes = false;
	drop_backlog(pc, e->sink);
	if (e->sink == STREAM_DATA)
		conn_channel_stop(pc->pump->conn, pc->id);
	end_close_if_done(e);
}

/* Writes what waits, as far as the sink takes it. */
static void
sink_flush(struct end *e)
{
	struct pumped *pc = e->pc;
	struct backlog *b = &pc->backlog[e->sink];
	struct iovec iov[SINK_IOV];

	while (b->len > 0) {
		ssize_t n = end_write(e, iov, backlog_iov(b, iov, SINK_IOV));

		if (n == -1) {
			if (!is_not_now())
				sink_fail(e);
			break;
		}
		backlog_drop(b, (size_t)n);
		consumed(pc, (size_t)n);
	}
	end_update(e);
}

/* Writes data that nothing waits before; returns what is left of it. */
static struct span
write_at_once(struct end *e, struct span data)
{
	struct iovec iov = { (void *)(uintptr_t)data.p, data.len };
	ssize_t n = end_write(e, &iov, 1);

	if (n == -1) {
		if (is_not_now())
			return data;
		sink_fail(e);
		n = (ssize_t)data.len;
	}
	consumed(e->pc, (size_t)n);
	return span_skip(data, (size_t)n);
}

void
pumped_data(struct pumped *pc, enum stream stream, struct span data)
{
	struct end *e = sink_of(pc, stream);
	struct backlog *b = &pc->backlog[stream];

	if (e == NULL && pc->is_attached) {
		consumed(pc, data.len);
		return;
	}
	if (e != NULL && b->len == 0)
		data = write_at_once(e, data);
	if (data.len > 0 && backlog_add(b, data) != ERR_OK)
		pump_fail(pc->pump, ERR_NOMEM);
	if (e != NULL && e->writes)
		end_update(e);
	else if (e != NULL)
		pumped_settle(pc);
}

void
pumped_attached(struct pumped *pc)
{
	for (enum stream s = STREAM_DATA; s <= STREAM_STDERR; s++) {
		struct end *e = sink_of(pc, s);

		if (e != NULL)
			sink_flush(e);
		else
			drop_backlog(pc, s);
	}
	for (size_t i = 0; i < COUNT(pc->ends); i++)
		end_update(&pc->ends[i]);
	pumped_settle(pc);
}

/* Ends the sinks that have written all there will ever be. */
static void
settle_sinks(struct pumped *pc)
{
	for (size_t i = 0; i < COUNT(pc->ends); i++) {
		struct end *e = &pc->ends[i];

		if (!e->writes || pc->backlog[e->sink].len > 0)
			continue;
		if (!pc->is_gone && (pc->flags & PUMP_PTY))
			continue;	/* a terminal has no half-close */
		e->writes = false;
		if (pc->flags & PUMP_SOCKET)
			(void)shutdown(e->fd, SHUT_WR);
		end_close_if_done(e);
	}
}

void
pumped_eof(struct pumped *pc)
{
	pc->peer_eof = true;
	pumped_settle(pc);
}

/* --- from sources to the peer --- */

static void
source_end(struct end *e)
{
	e->reads = false;
	end_close_if_done(e);
}

static void
stall(struct pumped *pc)
{
	if (pc->is_stalled)
		return;
	pc->is_stalled = true;
	pc->pump->n_stalled++;
}

static void
unstall(struct pumped *pc)
{
	if (!pc->is_stalled)
		return;
	pc->is_stalled = false;
	pc->pump->n_stalled--;
}

/* Whether all that a source of a finished program still has is to be sent now. */
static bool
is_draining(const struct pumped *pc)
{
	return pc->finishes && (pc->flags & PUMP_PTY);
}

/*
 * Fills room. A pty gives at most 4 KiB at a time: when it gives much there
 * is more, and it may as well travel in the same packet. 0: end; -1: errno.
 */
static ssize_t
fill(const struct end *e, struct room room)
{
	size_t have = 0;
	ssize_t n;

	do {
		n = end_read(e, (struct room){ room.p + have, room.len - have });
		if (n <= 0)
			return have > 0 ? (ssize_t)have : n;
		have += (size_t)n;
	} while ((e->pc->flags & PUMP_PTY) && n >= 1024 && have < room.len);
	return (ssize_t)have;
}

/*
 * Reads one packet's data into the conn and sends it. Returns how much that
 * was; 0: nothing more now. *full: the packet was filled, so more may be there.
 */
static size_t
source_packet(struct end *e, bool *full)
{
	struct pumped *pc = e->pc;
	struct conn *conn = pc->pump->conn;
	struct room room = conn_channel_room(conn, pc->id, e->source);
	size_t cap = room.len;
	size_t len;
	ssize_t n;

	*full = false;
	if (pc->filter != NULL)
		room.len = cap > PUMP_FILTER_EXTRA ? cap - PUMP_FILTER_EXTRA : 0;
	if (room.len == 0) {
		stall(pc);
		return 0;
	}
	n = fill(e, room);
	if (n <= 0) {
		if (n == 0 || !is_not_now() || (is_draining(pc) && errno != EINTR))
			source_end(e);
		return 0;
	}
	*full = (size_t)n == room.len;
	len = pc->filter == NULL ? (size_t)n :
	    pc->filter(pc->filter_arg, room.p, (size_t)n, cap);
	conn_channel_send(conn, pc->id, e->source, len);
	return (size_t)n;
}

/* Reads a source while it has something, its turn lasts, and there is room. */
static void
source_read(struct end *e)
{
	struct pump *p = e->pc->pump;
	size_t sum = 0;
	bool full;

	do {
		size_t n = source_packet(e, &full);

		if (n == 0)
			break;
		sum += n;
		if (conn_queued(p->conn) >= PUMP_FLUSH_AT)
			pump_flush(p);
	} while (is_draining(e->pc) || (full && sum < PUMP_TURN / 4));
}

void
pumped_read(struct pumped *pc)
{
	for (size_t i = 0; i < COUNT(pc->ends); i++) {
		struct end *e = &pc->ends[i];

		if (e->reads && !pc->is_stalled && !pc->is_paused)
			source_read(e);
		end_update(e);
	}
	pumped_settle(pc);
}

void
pumped_unstall(struct pumped *pc)
{
	unstall(pc);
	pumped_read(pc);
}

void
pumped_eow(struct pumped *pc)
{
	for (size_t i = 0; i < COUNT(pc->ends); i++)
		if (pc->ends[i].reads && pc->ends[i].source == STREAM_DATA &&
		    !(pc->flags & PUMP_PTY))
			source_end(&pc->ends[i]);
	pumped_settle(pc);
}

void
pumped_ready(struct end *e, unsigned events)
{
	struct pumped *pc = e->pc;

	if ((events & LOOP_WRITE) && e->writes)
		sink_flush(e);
	if ((events & LOOP_READ) && pc->is_stalled)
		end_mute(e);
	else if ((events & LOOP_READ) && e->reads)
		source_read(e);
	end_update(e);
	pump_soon(pc->pump);
	pumped_settle(pc);
}

/* --- endings --- */

/* The sources have come to their end: says so, and why if the program ended. */
static void
settle_sources(struct pumped *pc)
{
	struct conn *conn = pc->pump->conn;

	if (pc->finishes) {
		conn_channel_request(conn, pc->id, pc->finish_request, false,
		    writer_span(&pc->finish_body));
		conn_channel_close(conn, pc->id);
		pc->finishes = false;
		pc->sent_eof = true;
	}
	if (pc->sends_eof && !pc->sent_eof) {
		conn_channel_eof(conn, pc->id);
		pc->sent_eof = true;
	}
	if ((pc->flags & PUMP_SOCKET) && pc->sent_eof && !has_sink(pc))
		conn_channel_close(conn, pc->id);
}

/* Tells the program that everything is written and closed, and frees. */
static void
detach(struct pumped *pc)
{
	struct pump *p = pc->pump;
	struct channel_id id = pc->id;
	bool was_attached = pc->is_attached;

	pumped_free(pc);
	if (was_attached)
		p->calls.on_detached(p->calls.arg, id);
}

void
pumped_settle(struct pumped *pc)
{
	if (pc->peer_eof || pc->is_gone)
		settle_sinks(pc);
	if (!pc->is_gone && !has_source(pc))
		settle_sources(pc);
	if (pc->is_gone && !has_sink(pc))
		detach(pc);
}

void
pumped_gone(struct pumped *pc)
{
	if (pc->is_gone)
		return;
	pc->is_gone = true;
	unstall(pc);
	for (size_t i = 0; i < COUNT(pc->ends); i++) {
		struct end *e = &pc->ends[i];

		/* Closing the master is the hang-up; nobody waits for more. */
		if (pc->flags & PUMP_PTY)
			end_close(e);
		else
			source_end(e);
	}
	pumped_settle(pc);
}

void
pumped_free(struct pumped *pc)
{
	struct pump *p = pc->pump;

	unstall(pc);
	for (size_t i = 0; i < COUNT(pc->ends); i++)
		end_close(&pc->ends[i]);
	for (size_t i = 0; i < COUNT(pc->backlog); i++)
		backlog_drop(&pc->backlog[i], pc->backlog[i].len);
	free(pc->finish_request);
	writer_free(&pc->finish_body);
	if (conn_channel_tag(p->conn, pc->id) == pc)
		conn_channel_set_tag(p->conn, pc->id, NULL);
	if (pc->next != NULL)
		pc->next->prev = pc->prev;
	if (pc->prev != NULL)
		pc->prev->next = pc->next;
	else
		p->channels = pc->next;
	free(pc);
}
