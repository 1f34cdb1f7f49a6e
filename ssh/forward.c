/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "ssh/forward_i.h"
#include "ssh/session.h"
#include "ssh/x11.h"

/* --- relays --- */

enum err
relay_new(struct ssh *s, int fd, struct relay **out)
{
	struct relay *t = calloc(1, sizeof(*t));

	*out = NULL;
	if (t == NULL) {
		if (fd != -1)
			close(fd);
		return ERR_NOMEM;
	}
	*t = (struct relay){ .s = s, .fd = fd, .next = s->forwards->relays };
	if (t->next != NULL)
		t->next->prev = t;
	s->forwards->relays = t;
	*out = t;
	return ERR_OK;
}

/* The server has said what becomes of the channel, if it was asked. */
static void
answered(struct relay *t)
{
	if (!t->is_opening)
		return;
	t->is_opening = false;
	t->s->forwards->n_opening--;
	listeners_wake(t->s);
}

void
relay_free(struct relay *t)
{
	struct forwards_state *f = t->s->forwards;

	answered(t);
	dial_cancel(t->dial);
	watch_free(t->watch);
	timer_free(t->retry);
	writer_free(&t->held);
	writer_free(&t->reply);
	if (t->fd != -1)
		close(t->fd);
	if (t->next != NULL)
		t->next->prev = t->prev;
	if (t->prev != NULL)
		t->prev->next = t->next;
	else
		f->relays = t->next;
	listeners_wake(t->s);
	free(t);
}

bool
relay_open(struct relay *t, const char *type, struct span body)
{
	struct ssh *s = t->s;
	enum err e = conn_channel_open(s->conn, type, body, &t->id);

	if (e == ERR_OK)
		e = pump_set_tag(s->pump, t->id, t);
	if (e != ERR_OK) {
		log_error(&s->log, "channel: open failed: %s", err_text(e));
		relay_free(t);
		return false;
	}
	t->has_channel = true;
	t->is_ours = true;
	t->is_opening = true;
	s->forwards->n_opening++;
	t->type = type;
	pump_kick(s->pump);
	return true;
}

void
relay_attach(struct relay *t)
{
	struct ssh *s = t->s;
	struct pump_ends ends = { .sink = { t->fd, -1 }, .source = { t->fd, -1 },
	    .flags = PUMP_SOCKET };
	enum err e;

	t->fd = -1;
	t->is_attached = true;
	e = pump_attach(s->pump, t->id, &ends);
	if (e == ERR_OK)
		return;
	log_error(&s->log, "channel %u: %s", t->id.n, err_text(e));
	t->is_attached = false;
	conn_channel_close(s->conn, t->id);
}

void
relay_give_up(struct relay *t)
{
	t->is_failed = true;
	dial_cancel(t->dial);
	t->dial = NULL;
	conn_channel_close(t->s->conn, t->id);
	pump_kick(t->s->pump);
}

/* --- starting --- */

void
forwards_failed(struct ssh *s)
{
	if (!s->settings.config.exit_on_forward_failure)
		return;
	/* The server may not know yet that the connection before is dead, and keep its ports. */
	s->is_lost = s->was_open;
	ssh_leave(s, 255);
}

/* Local ones of the config. Returns how many stand. */
static size_t
start_listeners(struct ssh *s, const struct forwards *list, bool is_dynamic)
{
	size_t n_up = 0;

	for (size_t i = 0; i < list->n; i++) {
		SCOPED(forward_clear) struct forward f = { 0 };
		enum err e = forward_expand(s, SSH_KEYWORD_LocalForward, &list->v[i], &f);

		if (e == ERR_OK)
			e = listen_start(s, &f, is_dynamic);
		if (e == ERR_OK)
			n_up++;
		else
			forwards_failed(s);
	}
	return n_up;
}

static enum err
start_remotes(struct ssh *s)
{
	const struct forwards *list = &s->settings.config.remote_forwards;

	for (size_t i = 0; i < list->n; i++) {
		SCOPED(forward_clear) struct forward f = { 0 };

		TRY(forward_expand(s, SSH_KEYWORD_RemoteForward, &list->v[i], &f));
		TRY(remote_start(s, &f, NULL, NULL));
	}
	return ERR_OK;
}

void
forwards_start(struct ssh *s)
{
	const struct ssh_config *c = &s->settings.config;
	enum err e;

	s->forwards = calloc(1, sizeof(*s->forwards));
	if (s->forwards != NULL && c->clear_all_forwardings)
		return;
	e = s->forwards == NULL ? ERR_NOMEM : start_remotes(s);
	if (e != ERR_OK) {
		log_fatal(&s->log, "Could not request remote forwarding: %s", err_text(e));
		s->is_lost = s->was_open;
		ssh_leave(s, 255);
		return;
	}
	if (c->local_forwards.n + c->dynamic_forwards.n > 0 &&
	    start_listeners(s, &c->local_forwards, false) +
	    start_listeners(s, &c->dynamic_forwards, true) == 0)
		log_error(&s->log, "Could not request local forwarding.");
}

bool
forwards_are_pending(const struct ssh *s)
{
	return s->forwards->n_pending > 0;
}

void
forwards_stop_listening(struct ssh *s)
{
	while (s->forwards->listeners != NULL)
		listener_free(s->forwards->listeners);
}

/* --- events --- */

static void
on_opened(struct relay *t)
{
	answered(t);
	if (t->is_socks)
		relay_answer_socks(t, SOCKS_CONNECTED);
	relay_attach(t);
}

static void
on_refused(struct relay *t, const struct event *ev)
{
	static const char *const reasons[] = { "unknown reason", "administratively prohibited",
	    "connect failed", "unknown channel type", "resource shortage" };
	char buf[512];

	log_error(&t->s->log, "channel %u: open failed: %s: %s", t->id.n,
	    reasons[ev->reason < COUNT(reasons) ? ev->reason : 0],
	    ssh_visible(buf, sizeof(buf), ev->text));
	if (t->is_socks)
		relay_answer_socks(t, ev->reason == 1 ? SOCKS_PROHIBITED : SOCKS_UNREACHABLE);
	relay_free(t);
}

bool
forwards_event(struct ssh *s, const struct event *ev)
{
	struct relay *t = ev->tag;

	if (s->forwards == NULL)
		return false;
	if (ev->type == EV_NEED_CHANNEL)
		return remote_open(s, ev);
	if (t == NULL)
		return false;
	if ((t->speaks_socks && relay_socks_event(t, ev)) || (t->is_x11 && x11_event(t, ev)))
		return true;
	switch (ev->type) {
	case EV_CHANNEL_OPENED:
		on_opened(t);
		return true;
	case EV_CHANNEL_REFUSED:
		on_refused(t, ev);
		return true;
	case EV_CHANNEL_CLOSED:
		if (!t->is_attached)
			relay_free(t);
		return true;
	default:
		return false;
	}
}

void
forwards_detached(struct ssh *s, struct channel_id id)
{
	for (struct relay *t = s->forwards == NULL ? NULL : s->forwards->relays; t != NULL;
	    t = t->next) {
		if (t->has_channel && t->is_attached && t->id.n == id.n) {
			relay_free(t);
			return;
		}
	}
}

void
forwards_list(const struct ssh *s, struct writer *w)
{
	for (const struct relay *t = s->forwards->relays; t != NULL; t = t->next)
		if (t->has_channel)
			wr_printf(w, "  #%u %s\n", t->id.n, t->label);
}

void
forwards_free(struct forwards_state *f)
{
	if (f == NULL)
		return;
	while (f->listeners != NULL)
		listener_free(f->listeners);
	while (f->relays != NULL)
		relay_free(f->relays);
	while (f->remotes != NULL)
		remote_free(f->remotes);
	free(f);
}
