/* SPDX-License-Identifier: ISC */
/* The life of an attached channel: what is written to its sinks, and its ends. */
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
			if (!end_is_not_now())
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
		if (end_is_not_now())
			return data;
		sink_fail(e);
		n = (ssize_t)data.len;
	}
	consumed(e->pc, (size_t)n);
	return span_skip(data, (size_t)n);
}

/* A message goes out whole or not at all: who sends those expects that. */
static void
write_message(struct end *e, struct span data)
{
	struct iovec iov = { (void *)(uintptr_t)data.p, data.len };

	if (end_write(e, &iov, 1) == -1 && !end_is_not_now() && errno != EMSGSIZE)
		sink_fail(e);
	consumed(e->pc, data.len);
}

void
pumped_data(struct pumped *pc, enum stream stream, struct span data)
{
	struct end *e = sink_of(pc, stream);
	struct backlog *b = &pc->backlog[stream];

	pc->active_at = loop_now(pc->pump->loop);
	if (e == NULL && pc->life != PUMPED_HELD) {
		consumed(pc, data.len);
		return;
	}
	if (e != NULL && (pc->flags & PUMP_DATAGRAM)) {
		write_message(e, data);
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
		if (pc->life != PUMPED_GONE && (pc->flags & PUMP_PTY))
			continue;	/* a terminal has no half-close */
		e->writes = false;
		if (pc->flags & (PUMP_SOCKET | PUMP_SHUT))
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

/* --- readiness and endings --- */

void
pumped_ready(struct end *e, unsigned events)
{
	struct pumped *pc = e->pc;

	if ((events & LOOP_WRITE) && e->writes)
		sink_flush(e);
	if ((events & LOOP_READ) && pc->is_stalled && !end_is_filtered(e))
		end_mute(e);
	else if ((events & LOOP_READ) && e->reads)
		source_read(e);
	end_update(e);
	pump_soon(pc->pump);
	pumped_settle(pc);
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

/* Whether all that the ended program has written is sent. */
static bool
is_dry(const struct pumped *pc)
{
	for (size_t i = 0; i < COUNT(pc->ends); i++)
		if (pc->ends[i].reads && !pc->ends[i].is_dry)
			return false;
	return pc->filtered.len == 0;
}

/* Says how the program ended, when that is due. */
static void
settle_finish(struct pumped *pc)
{
	if (pc->exit != EXIT_DUE || !is_dry(pc))
		return;
	if (pc->exit_request != NULL)
		conn_channel_request(pc->pump->conn, pc->id, pc->exit_request, false,
		    writer_span(&pc->exit_body));
	pc->exit = EXIT_TOLD;
}

static void
exit_wait_over(void *arg)
{
	struct pumped *pc = arg;

	pc->exit_waited = true;
	pump_soon(pc->pump);
	pumped_settle(pc);
}

/* Whether EOF has to wait for the exit of a program that has just closed its output. */
static bool
waits_for_exit(struct pumped *pc)
{
	struct loop *loop = pc->pump->loop;

	if (!(pc->flags & PUMP_EXITS) || pc->exit != EXIT_NONE)
		return false;
	if (pc->peer_eof && !(pc->flags & PUMP_PTY))
		return true;
	if (pc->exit_waited)
		return false;
	if (pc->exit_wait == NULL) {
		if (loop_timer(loop, &pc->exit_wait, exit_wait_over, pc) != ERR_OK)
			return false;
		timer_set(pc->exit_wait, loop_now(loop) + PUMP_EXIT_WAIT);
	}
	return true;
}

/* The sources have come to their end: says so. */
static void
settle_sources(struct pumped *pc)
{
	struct conn *conn = pc->pump->conn;

	if (pc->eof == EOF_DUE && !waits_for_exit(pc)) {
		conn_channel_eof(conn, pc->id);
		pc->eof = EOF_SENT;
	}
	if (pc->exit == EXIT_TOLD ||
	    ((pc->flags & PUMP_SOCKET) && pc->eof == EOF_SENT && !has_sink(pc)))
		conn_channel_close(conn, pc->id);
}

/* Tells the program that everything is written and closed, and frees. */
static void
detach(struct pumped *pc)
{
	struct pump *p = pc->pump;
	struct channel_id id = pc->id;

	pumped_free(pc);
	p->calls.on_detached(p->calls.arg, id);
}

void
pumped_settle(struct pumped *pc)
{
	if (pc->peer_eof || pc->life == PUMPED_GONE)
		settle_sinks(pc);
	if (pc->life != PUMPED_GONE)
		settle_finish(pc);
	if (pc->life != PUMPED_GONE && !has_source(pc) && pc->filtered.len == 0)
		settle_sources(pc);
	if (pc->life == PUMPED_GONE && !has_sink(pc))
		detach(pc);
}

/* Whether other channels that are gone have left all that they may for their sinks. */
static bool
gone_is_full(const struct pumped *last)
{
	size_t sum = 0, n = 0;

	for (const struct pumped *pc = last->pump->channels; pc != NULL; pc = pc->next) {
		if (pc == last || pc->life != PUMPED_GONE)
			continue;
		sum += pc->backlog[STREAM_DATA].len + pc->backlog[STREAM_STDERR].len;
		n++;
	}
	return sum >= PUMP_GONE_MOST || n >= PUMP_GONE_COUNT;
}

/* Gives up what its sinks have not taken. */
static void
drop_sinks(struct pumped *pc)
{
	for (size_t i = 0; i < COUNT(pc->ends); i++)
		if (pc->ends[i].writes)
			sink_fail(&pc->ends[i]);
}

void
pumped_gone(struct pumped *pc)
{
	if (pc->life == PUMPED_GONE)
		return;
	if (pc->life != PUMPED_ATTACHED) {
		pumped_free(pc);
		return;
	}
	pc->life = PUMPED_GONE;
	pumped_no_stall(pc);
	for (size_t i = 0; i < COUNT(pc->ends); i++) {
		struct end *e = &pc->ends[i];

		/* Closing the master is the hang-up; nobody waits for more. */
		if (pc->flags & PUMP_PTY)
			end_close(e);
		else
			source_end(e);
	}
	if (!pc->pump->has_ended && gone_is_full(pc))
		drop_sinks(pc);
	pumped_settle(pc);
}

void
pumped_free(struct pumped *pc)
{
	struct pump *p = pc->pump;

	pumped_no_stall(pc);
	timer_free(pc->exit_wait);
	for (size_t i = 0; i < COUNT(pc->ends); i++)
		end_close(&pc->ends[i]);
	for (size_t i = 0; i < COUNT(pc->backlog); i++)
		backlog_drop(&pc->backlog[i], pc->backlog[i].len);
	free(pc->exit_request);
	writer_free(&pc->exit_body);
	writer_free(&pc->filtered);
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
