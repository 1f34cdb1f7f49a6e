/* SPDX-License-Identifier: ISC */
/* Wire's watchdog: ClientAliveInterval and UnusedConnectionTimeout. */
#include "sshd/wire_i.h"

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
		wire_ends(w, WIRE_END_TIMEOUT, 0, SPAN_EMPTY, SPAN_EMPTY);
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
		wire_ends(w, WIRE_END_UNUSED, 0, SPAN_EMPTY, SPAN_EMPTY);
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
	msec alive, use;

	if (pump_has_ended(w->pump))
		return;
	alive = look_for_life(w, now);
	use = look_for_use(w, now);
	timer_set(w->watchdog, alive < use ? alive : use);
}

void
wire_watchdog_start(struct wire *w)
{
	if (w->alive_interval == 0 && w->unused_timeout == 0)
		return;
	w->unused_since = loop_now(w->loop);
	if (loop_timer(w->loop, &w->watchdog, look, w) != ERR_OK)
		wire_die(w);
	look(w);
}
