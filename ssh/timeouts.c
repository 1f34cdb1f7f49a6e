/* SPDX-License-Identifier: ISC */
#include "ssh/timeouts.h"

#include <stdio.h>
#include <stdlib.h>

#include "ssh/forward_i.h"
#include "ssh/session.h"

struct timeouts {
	struct timer *timer;
};

/* What is found in one look at all channels. */
struct look {
	struct ssh *s;
	const struct channel_timeouts *list;
	msec now;
	msec next;			/* when the next of them may be due */
	msec last_active;		/* of any channel */
	size_t n;
};

static msec
timeout_of(const struct look *l, const char *type)
{
	return (msec)channel_timeout_of(l->list, span_str(type)) * 1000;
}

static void
look_at(struct look *l, struct channel_id id, const char *type)
{
	msec active = pump_active_at(l->s->pump, id);
	msec timeout = timeout_of(l, type);

	l->n++;
	if (active > l->last_active)
		l->last_active = active;
	if (timeout == 0 || active == 0)
		return;
	if (l->now >= active + timeout) {
		log_info(&l->s->log, "channel %u: closing after %llu seconds of inactivity", id.n,
		    (unsigned long long)(timeout / 1000));
		conn_channel_close(l->s->conn, id);
	} else if (active + timeout < l->next) {
		l->next = active + timeout;
	}
}

/* The type of the session as ChannelTimeout calls it. */
static const char *
session_type(const struct ssh *s, char *buf, size_t size)
{
	if (s->session->is_stdio_forward)
		return "direct-tcpip";
	if (s->settings.config.session_type == SESSION_TYPE_SUBSYSTEM)
		snprintf(buf, size, "session:subsystem:%s", s->settings.command);
	else
		snprintf(buf, size, "session:%s", s->settings.command == NULL ? "shell" : "command");
	return buf;
}

/* "global": all channels together have been idle. */
static void
look_at_all(struct look *l)
{
	msec timeout = timeout_of(l, "global");

	if (timeout == 0 || l->n == 0)
		return;
	if (l->now >= l->last_active + timeout) {
		log_info(&l->s->log, "closing after %llu seconds of inactivity",
		    (unsigned long long)(timeout / 1000));
		ssh_leave(l->s, 255);
	} else if (l->last_active + timeout < l->next) {
		l->next = l->last_active + timeout;
	}
}

static void
on_due(void *arg)
{
	struct ssh *s = arg;
	struct look l = { .s = s, .list = &s->settings.config.channel_timeouts,
	    .now = loop_now(s->loop), .next = loop_now(s->loop) + 1000 };
	char type[128];

	if (s->session->is_there && !s->session->is_gone)
		look_at(&l, s->session->id, session_type(s, type, sizeof(type)));
	for (const struct relay *r = s->forwards->relays; r != NULL; r = r->next)
		if (r->is_attached)
			look_at(&l, r->id, r->type);
	look_at_all(&l);
	pump_kick(s->pump);
	/* Channels that begin meanwhile are seen a second late at most. */
	timer_set(s->timeouts->timer, l.next);
}

void
timeouts_start(struct ssh *s)
{
	if (s->settings.config.channel_timeouts.n == 0)
		return;
	s->timeouts = calloc(1, sizeof(*s->timeouts));
	if (s->timeouts == NULL ||
	    loop_timer(s->loop, &s->timeouts->timer, on_due, s) != ERR_OK) {
		log_fatal(&s->log, "out of memory");
		ssh_leave(s, 255);
		return;
	}
	timer_set(s->timeouts->timer, loop_now(s->loop));
}

void
timeouts_free(struct timeouts *t)
{
	if (t == NULL)
		return;
	timer_free(t->timer);
	free(t);
}
