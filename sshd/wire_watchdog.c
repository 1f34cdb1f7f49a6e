/* SPDX-License-Identifier: ISC */
/* Wire's watchdog: ClientAliveInterval, UnusedConnectionTimeout, ChannelTimeout. */
#include <stdlib.h>
#include <string.h>

#include "sshd/wire_i.h"

/* A channel that may have to be closed for doing nothing. */
struct watched {
	struct watched *next;
	struct channel_id id;
	msec since;			/* when it was opened */
	char type[96];
};

/* --- ChannelTimeout --- */

enum err
wire_watchdog_timeouts(struct wire *w, struct span list)
{
	struct reader r = rd_init(list);

	while (r.err == ERR_OK && r.rest.len > 0) {
		struct channel_timeouts *t = &w->timeouts;
		uint32_t seconds = rd_u32(&r);
		struct span type = rd_bytes(&r);
		struct channel_timeout *v = realloc(t->v, (t->n + 1) * sizeof(*v));

		if (v == NULL)
			return ERR_NOMEM;
		t->v = v;
		v[t->n] = (struct channel_timeout){ .type = span_dup_str(type), .seconds = seconds };
		if (v[t->n++].type == NULL)
			return ERR_NOMEM;
	}
	return rd_end(&r);
}

void
wire_watch_channel(struct wire *w, struct channel_id id, struct span type)
{
	struct watched *c = w->watched;

	if (w->timeouts.n == 0)
		return;
	while (c != NULL && c->id.n != id.n)
		c = c->next;
	if (c == NULL) {
		c = calloc(1, sizeof(*c));
		if (c == NULL)
			return;		/* it lives without a limit */
		*c = (struct watched){ .next = w->watched, .id = id };
		w->watched = c;
	}
	c->since = loop_now(w->loop);
	text_visible_str(c->type, sizeof(c->type), type);
}

void
wire_unwatch_channel(struct wire *w, struct channel_id id)
{
	for (struct watched **at = &w->watched; *at != NULL; at = &(*at)->next) {
		struct watched *c = *at;

		if (c->id.n != id.n)
			continue;
		*at = c->next;
		free(c);
		return;
	}
}

/* When something last went over the channel. */
static msec
active_at(const struct wire *w, const struct watched *c)
{
	msec at = pump_active_at(w->pump, c->id);

	return at > c->since ? at : c->since;
}

static void
time_out(struct wire *w, const struct watched *c)
{
	log_info(&w->log, "channel %u (%s) has done nothing for too long: closed", (unsigned)c->id.n,
	    c->type);
	conn_channel_close(w->conn, c->id);
	pump_kick(w->pump);
}

/* Closes channels that have done nothing for too long. */
static msec
look_for_idle(struct wire *w, msec now)
{
	msec all = (msec)channel_timeout_of(&w->timeouts, SPAN_LIT("global")) * 1000;
	msec latest = 0;

	if (w->timeouts.n == 0)
		return MSEC_NEVER;
	for (const struct watched *c = w->watched; c != NULL; c = c->next) {
		msec own = (msec)channel_timeout_of(&w->timeouts, span_str(c->type)) * 1000;
		msec at = active_at(w, c);

		if (own != 0 && now >= at + own)
			time_out(w, c);
		latest = at > latest ? at : latest;
	}
	for (const struct watched *c = w->watched; all != 0 && now >= latest + all && c != NULL; c = c->next)
		time_out(w, c);
	return now + 1000;
}

/* --- the client --- */

/* Whether the client has been asked often enough without an answer. */
static bool
is_dead(const struct wire *w)
{
	return w->alive_count > 0 && w->alive_sent >= w->alive_count;
}

/* Asks whether the client is there, when nothing has come for the interval. */
static msec
look_for_life(struct wire *w, msec now)
{
	msec heard = pump_last_read(w->pump);

	if (w->alive_interval == 0)
		return MSEC_NEVER;
	if (heard > w->alive_asked)
		w->alive_sent = 0;
	if (now < heard + w->alive_interval)
		return heard + w->alive_interval;
	if (now < w->alive_asked + w->alive_interval)
		return w->alive_asked + w->alive_interval;
	if (is_dead(w)) {
		wire_ends(w, WIRE_END_TIMEOUT, 0, SPAN_EMPTY);
		pump_disconnect(w->pump, 2, "Timeout, client not responding");
		return MSEC_NEVER;
	}
	w->alive_sent++;
	w->alive_asked = now;
	conn_global_request(w->conn, "keepalive@openssh.com", true, SPAN_EMPTY);
	pump_kick(w->pump);
	return now + w->alive_interval;
}

/* Ends a connection that has had no channel for too long. */
static msec
look_for_use(struct wire *w, msec now)
{
	if (w->unused_timeout == 0)
		return MSEC_NEVER;
	if (conn_channel_count(w->conn) > 0) {
		w->unused_since = now;
	} else if (now >= w->unused_since + w->unused_timeout) {
		wire_ends(w, WIRE_END_UNUSED, 0, SPAN_EMPTY);
		pump_disconnect(w->pump, 11, "connection unused for too long");
		return MSEC_NEVER;
	}
	/* A channel may go at any moment: look again soon enough to be fair. */
	return now + (w->unused_timeout < 1000 ? w->unused_timeout : 1000);
}

static void
look(void *arg)
{
	struct wire *w = arg;
	msec now = loop_now(w->loop);
	msec next, other;

	if (pump_has_ended(w->pump))
		return;
	next = look_for_life(w, now);
	other = look_for_use(w, now);
	next = other < next ? other : next;
	other = look_for_idle(w, now);
	timer_set(w->watchdog, other < next ? other : next);
}

void
wire_watchdog_start(struct wire *w)
{
	if (w->alive_interval == 0 && w->unused_timeout == 0 && w->timeouts.n == 0)
		return;
	w->unused_since = loop_now(w->loop);
	if (loop_timer(w->loop, &w->watchdog, look, w) != ERR_OK)
		wire_die(w);
	look(w);
}
