/* SPDX-License-Identifier: ISC */
#include "ssh/alive.h"

#include <stdlib.h>
#include <string.h>

#include "ssh/reconnect.h"
#include "ssh/session.h"

/* Requests that wait for their answer: forwardings, and probes that a dead server leaves. */
#define ASKED_MAX	1024

/* ServerAliveInterval for Reconnect, unless it is set. */
#define RECONNECT_INTERVAL	15

struct asked {
	void (*answered)(struct ssh *s, void *arg, bool ok, struct span body);
	void *arg;
};

struct alive {
	struct asked *asked;		/* oldest first */
	size_t n_asked;
	struct timer *timer;
	msec interval;
	uint32_t n_silent;		/* probes since the server was last heard */
	msec probed;			/* when the last one was sent */
};

static enum err
make(struct ssh *s)
{
	if (s->alive != NULL)
		return ERR_OK;
	s->alive = calloc(1, sizeof(*s->alive));
	return s->alive == NULL ? ERR_NOMEM : ERR_OK;
}

enum err
alive_ask(struct ssh *s, const char *request, struct span body,
    void (*answered)(struct ssh *s, void *arg, bool ok, struct span body), void *arg)
{
	struct asked *v;

	TRY(make(s));
	if (s->alive->n_asked == ASKED_MAX)
		return ERR_LIMIT;
	v = realloc(s->alive->asked, (s->alive->n_asked + 1) * sizeof(*v));
	if (v == NULL)
		return ERR_NOMEM;
	s->alive->asked = v;
	v[s->alive->n_asked++] = (struct asked){ answered, arg };
	conn_global_request(s->conn, request, true, body);
	return ERR_OK;
}

/* --- ServerAliveInterval --- */

static void
on_probe_answered(struct ssh *s, void *arg, bool ok, struct span body)
{
	(void)s;
	(void)arg;
	(void)ok;
	(void)body;	/* that it came is all; pump_last_read() knows */
}

/* Nothing came for an interval: asks; when too often in vain, gives up. */
static void
on_silence(void *arg)
{
	struct ssh *s = arg;
	struct alive *a = s->alive;
	msec heard = pump_last_read(s->pump);
	msec now = loop_now(s->loop);

	if (heard > a->probed)
		a->n_silent = 0;
	if (now < heard + a->interval) {
		timer_set(a->timer, heard + a->interval);
		return;
	}
	if (a->n_silent >= s->settings.config.server_alive_count_max) {
		session_restore(s->session);
		log_info(&s->log, "Timeout, server %s not responding.", s->settings.host);
		s->is_lost = true;
		ssh_leave(s, 255);
		return;
	}
	a->n_silent++;
	a->probed = now;
	if (alive_ask(s, "keepalive@openssh.com", SPAN_EMPTY, on_probe_answered, NULL) != ERR_OK)
		log_error(&s->log, "out of memory");
	pump_kick(s->pump);
	timer_set(a->timer, now + a->interval);
}

void
alive_start(struct ssh *s)
{
	const struct ssh_config *c = &s->settings.config;
	uint32_t seconds = c->server_alive_interval;

	/* A path that is dead must be noticed for the connection to be made again. */
	if (reconnect_is_wanted(s) && !ssh_config_is_set(c, SSH_KEYWORD_ServerAliveInterval))
		seconds = RECONNECT_INTERVAL;

	if (seconds == 0)
		return;
	if (make(s) != ERR_OK || loop_timer(s->loop, &s->alive->timer, on_silence, s) != ERR_OK) {
		log_fatal(&s->log, "out of memory");
		ssh_leave(s, 255);
		return;
	}
	s->alive->interval = (msec)seconds * 1000;
	timer_set(s->alive->timer, loop_now(s->loop) + s->alive->interval);
}

bool
alive_event(struct ssh *s, const struct event *ev)
{
	struct alive *a = s->alive;
	struct asked first;

	if (ev->type == EV_GLOBAL_REQUEST && span_is(ev->request, "keepalive@openssh.com")) {
		/* Any answer will do; this is what OpenSSH's says. */
		if (ev->want_reply)
			conn_answer_global_request(s->conn, ev->id, false, SPAN_EMPTY);
		return true;
	}
	if (ev->type != EV_GLOBAL_REPLY || a == NULL || a->n_asked == 0)
		return false;
	first = a->asked[0];
	memmove(a->asked, a->asked + 1, --a->n_asked * sizeof(first));
	first.answered(s, first.arg, ev->ok, ev->body);
	/* Going into the background may have waited for it. */
	(void)session_event(s, ev);
	return true;
}

void
alive_free(struct alive *a)
{
	if (a == NULL)
		return;
	timer_free(a->timer);
	free(a->asked);
	free(a);
}
