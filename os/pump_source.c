/* SPDX-License-Identifier: ISC */
/* Sources of attached channels: read straight into packets. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "os/pump_i.h"

void
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

void
pumped_no_stall(struct pumped *pc)
{
	if (!pc->is_stalled)
		return;
	pc->is_stalled = false;
	pc->pump->n_stalled--;
}

/*
 * Whether the next message of the source fits into room. One that does not is
 * waited for while room may still grow, and dropped when it is as large as any
 * can be. errno is EAGAIN if there is none.
 */
static bool
message_fits(const struct end *e, struct room room)
{
	ssize_t n = recv(e->fd, NULL, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);

	if (n < 0 || (size_t)n <= room.len)
		return true;		/* or the error is seen by the read */
	if (room.len >= PUMP_MESSAGE_MOST)
		(void)!recv(e->fd, NULL, 0, MSG_DONTWAIT);
	return false;
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

/* Nothing could be read: is that the end? n as of read(2). */
static void
read_nothing(struct end *e, ssize_t n)
{
	const struct pumped *pc = e->pc;

	if (n == 0 || !end_is_not_now()) {
		source_end(e);		/* EIO is the end of a pty */
	} else if (pc->exit == EXIT_DUE && errno != EINTR) {
		/* Its program has gone: others that keep a pty do not count. */
		e->is_dry = true;
		if (pc->flags & PUMP_PTY)
			source_end(e);
	}
}

/* Sends what has come out of the filter, as far as there is room. */
static void
send_filtered(struct pumped *pc)
{
	struct conn *conn = pc->pump->conn;

	while (pc->filtered.len > 0 && !pc->is_holding) {
		struct room room = conn_channel_room(conn, pc->id, STREAM_DATA);

		if (room.len > pc->filtered.len)
			room.len = pc->filtered.len;
		if (room.len == 0) {
			stall(pc);
			return;
		}
		memcpy(room.p, pc->filtered.p, room.len);
		conn_channel_send(conn, pc->id, STREAM_DATA, room.len);
		writer_consume(&pc->filtered, room.len);
	}
}

void
pump_hold(struct pump *p, struct channel_id id, bool hold)
{
	struct pumped *pc = conn_channel_tag(p->conn, id);

	if (pc != NULL)
		pc->is_holding = hold;
}

bool
pump_release(struct pump *p, struct channel_id id)
{
	struct pumped *pc = conn_channel_tag(p->conn, id);
	bool was;

	if (pc == NULL || pc->life != PUMPED_ATTACHED || pc->filtered.len == 0)
		return false;
	was = pc->is_holding;
	pc->is_holding = false;
	send_filtered(pc);
	pc->is_holding = was;
	/* There may be room to read again, or the end may be due. */
	pumped_read(pc);
	pump_soon(p);
	return true;
}

/* As source_packet(), through the filter. */
static size_t
filtered_packet(struct end *e, bool *full)
{
	struct pumped *pc = e->pc;
	uint8_t buf[4096 + PUMP_FILTER_EXTRA];
	ssize_t n;

	*full = false;
	if (pc->filtered.len >= PUMP_FILTERED)
		return 0;
	n = end_read(e, (struct room){ buf, sizeof(buf) - PUMP_FILTER_EXTRA });
	if (n <= 0) {
		read_nothing(e, n);
		return 0;
	}
	wr_raw(&pc->filtered, span_of(buf,
	    pc->filter(pc->filter_arg, buf, (size_t)n, sizeof(buf))));
	if (wr_end(&pc->filtered) != ERR_OK)
		pump_fail(pc->pump, ERR_NOMEM);
	send_filtered(pc);
	*full = (size_t)n == sizeof(buf) - PUMP_FILTER_EXTRA;
	return (size_t)n;
}

/*
 * Reads one packet's data into the conn and sends it. Returns how much that
 * was; 0: nothing more now. *full: the packet was filled, so more may be there.
 */
static size_t
source_packet(struct end *e, bool *full)
{
	struct pumped *pc = e->pc;
	struct room room = conn_channel_room(pc->pump->conn, pc->id, e->source);
	ssize_t n;

	*full = false;
	if (room.len == 0) {
		stall(pc);
		return 0;
	}
	if ((pc->flags & PUMP_DATAGRAM) && !message_fits(e, room)) {
		if (room.len < PUMP_MESSAGE_MOST)
			stall(pc);
		return 0;
	}
	n = fill(e, room);
	if (n <= 0) {
		read_nothing(e, n);
		return 0;
	}
	conn_channel_send(pc->pump->conn, pc->id, e->source, (size_t)n);
	*full = (size_t)n == room.len || (pc->flags & PUMP_DATAGRAM);
	return (size_t)n;
}

/* Reads a source while it has something, its turn lasts, and there is room. */
void
source_read(struct end *e)
{
	struct pump *p = e->pc->pump;
	size_t sum = 0;
	bool full;

	do {
		size_t n = end_is_filtered(e) ? filtered_packet(e, &full) :
		    source_packet(e, &full);

		if (n == 0)
			break;
		e->pc->active_at = loop_now(p->loop);
		sum += n;
		if (conn_queued(p->conn) >= PUMP_FLUSH_AT)
			pump_flush(p);
	} while (e->pc->exit == EXIT_DUE || (full && sum < PUMP_TURN / 4));
}

void
pumped_read(struct pumped *pc)
{
	send_filtered(pc);
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
	pumped_no_stall(pc);
	pumped_read(pc);
}
