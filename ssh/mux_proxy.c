/* SPDX-License-Identifier: ISC */
/* Clients in proxy mode, and the channels that cross from one connection to another. */
#include "ssh/mux_proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "channels/channels.h"
#include "crypto/random.h"

/* --- crossings --- */

static struct crossing *
find_down(const struct mux_proxy *p, struct channel_id id)
{
	struct crossing *x = p->crossings;

	while (x != NULL && (x->down_is_gone || x->down.n != id.n))
		x = x->next;
	return x;
}

static struct crossing *
find_up(const struct ssh *s, struct channel_id id)
{
	for (struct mux_proxy *p = s->mux == NULL ? NULL : s->mux->proxies; p != NULL; p = p->next)
		for (struct crossing *x = p->crossings; x != NULL; x = x->next)
			if (!x->up_is_gone && x->up.n == id.n)
				return x;
	return NULL;
}

static struct crossing *
add(struct mux_proxy *p)
{
	struct crossing *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	*x = (struct crossing){ .proxy = p, .next = p->crossings };
	p->crossings = x;
	return x;
}

static void
drop(struct crossing *x)
{
	struct crossing **at = &x->proxy->crossings;

	while (*at != x)
		at = &(*at)->next;
	*at = x->next;
	free(x->asked);
	free(x);
}

/* What the other side says goes into one of ours that takes C strings. */
static const char *
name_of(struct span name, char buf[static PROXY_NAME_MAX + 1])
{
	if (name.len > PROXY_NAME_MAX || memchr(name.p, 0, name.len) != NULL)
		return NULL;
	memcpy(buf, name.p, name.len);
	buf[name.len] = '\0';
	return buf;
}

/* A pipe between two pumps. False: there are no descriptors left. */
static bool
make_pipe(int *from, int *to)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK) == -1)
		return false;
	*from = fd[0];
	*to = fd[1];
	return true;
}

static void
close_if(int fd)
{
	if (fd != -1)
		close(fd);
}

/* Both sides are open: what comes on either goes to the other. */
static enum err
bind_sides(struct crossing *x)
{
	struct mux_proxy *p = x->proxy;
	struct pump_ends down = { .sink = { -1, -1 }, .source = { -1, -1 } };
	struct pump_ends up = { .sink = { -1, -1 }, .source = { -1, -1 } };
	enum err e, f;

	if (!make_pipe(&up.source[STREAM_DATA], &down.sink[STREAM_DATA]) ||
	    !make_pipe(&down.source[STREAM_DATA], &up.sink[STREAM_DATA]) ||
	    (x->is_session &&
	    !make_pipe(&down.source[STREAM_STDERR], &up.sink[STREAM_STDERR]))) {
		close_if(up.source[STREAM_DATA]);
		close_if(up.sink[STREAM_DATA]);
		close_if(down.source[STREAM_DATA]);
		close_if(down.sink[STREAM_DATA]);
		return ERR_SYSTEM;
	}
	e = pump_attach(p->s->pump, x->up, &up);
	f = pump_attach(p->pump, x->down, &down);
	/* Only then the pumps say when each side is gone; else the channels do. */
	x->is_bound = e == ERR_OK && f == ERR_OK;
	return e != ERR_OK ? e : f;
}

/* The side that answers last has opened its channel. */
static void
go_across(struct crossing *x)
{
	struct mux_proxy *p = x->proxy;
	enum err e;

	if (x->is_from_server)
		conn_answer_channel(p->s->conn, x->up, SPAN_EMPTY);
	else
		conn_answer_channel(p->conn, x->down, SPAN_EMPTY);
	e = bind_sides(x);
	if (e != ERR_OK) {
		log_error(&p->s->log, "mux proxy %u: %s", p->number,
		    e == ERR_SYSTEM ? strerror(errno) : err_text(e));
		conn_channel_close(p->s->conn, x->up);
		conn_channel_close(p->conn, x->down);
	}
	pump_kick(p->pump);
	pump_kick(p->s->pump);
}

/* One side is closed and written; the other one ends when it has sent what there is. */
static void
one_is_gone(struct crossing *x)
{
	struct mux_proxy *p = x->proxy;
	enum err e = ERR_OK;

	if (x->down_is_gone && x->up_is_gone) {
		drop(x);
		return;
	}
	if (!x->is_bound) {
		conn_channel_close(x->up_is_gone ? p->conn : p->s->conn,
		    x->up_is_gone ? x->down : x->up);
	} else {
		e = x->up_is_gone ? pump_finish(p->pump, x->down, NULL, SPAN_EMPTY) :
		    pump_finish(p->s->pump, x->up, NULL, SPAN_EMPTY);
		if (e != ERR_OK)
			conn_channel_close(x->up_is_gone ? p->conn : p->s->conn,
			    x->up_is_gone ? x->down : x->up);
	}
	pump_kick(p->pump);
	pump_kick(p->s->pump);
}

static void
refuse_with(struct conn *conn, struct channel_id id, const struct event *ev)
{
	char text[256];

	ssh_visible(text, sizeof(text), ev->text);
	conn_refuse_channel(conn, id, ev->reason, text);
}

/* --- down: events of the client --- */

/* What clients may open; their interfaces are nothing for pipes. */
static bool
may_open(struct span type)
{
	return span_is(type, "session") || span_is(type, "direct-tcpip") ||
	    span_is(type, "direct-streamlocal@openssh.com");
}

static void
down_open(struct mux_proxy *p, const struct event *ev)
{
	char name[PROXY_NAME_MAX + 1];
	struct crossing *x;
	enum err e;

	if (!may_open(ev->open.type) || name_of(ev->open.type, name) == NULL) {
		conn_refuse_channel(p->conn, ev->channel, OPEN_PROHIBITED, "not by way of a master");
		return;
	}
	x = add(p);
	if (x == NULL) {
		conn_refuse_channel(p->conn, ev->channel, OPEN_RESOURCE_SHORTAGE, "out of memory");
		return;
	}
	x->down = ev->channel;
	x->is_session = span_is(ev->open.type, "session");
	e = conn_channel_open(p->s->conn, name, ev->open.body, &x->up);
	if (e != ERR_OK) {
		conn_refuse_channel(p->conn, ev->channel, OPEN_RESOURCE_SHORTAGE, err_text(e));
		drop(x);
		return;
	}
	pump_kick(p->s->pump);
}

/* Agent and X11 channels would come to the master, and be served as its own. */
static bool
may_cross(struct span request)
{
	return !span_is(request, "auth-agent-req@openssh.com") && !span_is(request, "agent-req") &&
	    !span_is(request, "x11-req");
}

static void
down_request(struct crossing *x, const struct event *ev)
{
	struct mux_proxy *p = x->proxy;
	char buf[PROXY_NAME_MAX + 1];
	const char *name = name_of(ev->request, buf);
	bool ok = name != NULL && may_cross(ev->request) && x->is_bound && !x->up_is_gone;

	if (ok && ev->want_reply) {
		uint32_t *v = realloc(x->asked, (x->n_asked + 1) * sizeof(*v));

		ok = v != NULL;
		if (ok) {
			x->asked = v;
			v[x->n_asked++] = ev->id;
		}
	}
	if (ok) {
		conn_channel_request(p->s->conn, x->up, name, ev->want_reply, ev->body);
		pump_kick(p->s->pump);
	} else if (ev->want_reply) {
		conn_answer_channel_request(p->conn, x->down, ev->id, false);
	}
}

static void
down_detached(void *arg, struct channel_id id)
{
	struct mux_proxy *p = arg;
	struct crossing *x = p->is_over ? NULL : find_down(p, id);

	if (x == NULL)
		return;
	x->down_is_gone = true;
	one_is_gone(x);
}

static void
down_event(void *arg, struct event *ev)
{
	struct mux_proxy *p = arg;
	struct crossing *x;

	if (p->is_over)
		return;
	if (ev->type == EV_FAILED)
		log_debug(&p->s->log, "mux proxy %u: %s", p->number, err_text(ev->err));
	if (ev->type == EV_NEED_CHANNEL)
		down_open(p, ev);
	if (ev->type == EV_GLOBAL_REQUEST)
		mux_proxy_global(p, ev);
	if (ev->type < EV_CHANNEL_OPENED || ev->type > EV_CHANNEL_CLOSED)
		return;
	x = find_down(p, ev->channel);
	if (x == NULL)
		return;
	if (ev->type == EV_CHANNEL_OPENED) {
		go_across(x);
	} else if (ev->type == EV_CHANNEL_REFUSED) {
		refuse_with(p->s->conn, x->up, ev);
		drop(x);
		pump_kick(p->s->pump);
	} else if (ev->type == EV_CHANNEL_REQUEST) {
		down_request(x, ev);
	} else if (ev->type == EV_CHANNEL_CLOSED && !x->is_bound) {
		down_detached(p, ev->channel);
	}
}

/* The client has gone: so has all that it had. */
static void
give_up(struct mux_proxy *p)
{
	struct conn *up = p->s->conn;

	p->is_over = true;
	mux_proxy_listen_no_more(p);
	while (p->crossings != NULL) {
		struct crossing *x = p->crossings;

		if (!x->up_is_gone && x->is_from_server && !x->is_bound)
			conn_refuse_channel(up, x->up, OPEN_CONNECT_FAILED, "client has gone");
		else if (!x->up_is_gone)
			conn_channel_close(up, x->up);
		drop(x);
	}
	pump_kick(p->s->pump);
}

static void
down_over(void *arg, enum err why)
{
	struct mux_proxy *p = arg;

	log_debug(&p->s->log, "mux proxy %u: %s", p->number,
	    why == ERR_OK || why == ERR_CLOSED ? "has gone" : err_text(why));
	give_up(p);
	timer_set(p->end, 0);
}

/* --- up: events of the server --- */

static void
up_open(struct mux_proxy *p, const struct event *ev)
{
	struct conn *up = p->s->conn;
	char name[PROXY_NAME_MAX + 1];
	struct crossing *x = add(p);

	if (x == NULL || name_of(ev->open.type, name) == NULL) {
		conn_refuse_channel(up, ev->channel, OPEN_RESOURCE_SHORTAGE, "out of memory");
		if (x != NULL)
			drop(x);
		return;
	}
	x->up = ev->channel;
	x->is_from_server = true;
	if (conn_channel_open(p->conn, name, ev->open.body, &x->down) != ERR_OK) {
		conn_refuse_channel(up, ev->channel, OPEN_RESOURCE_SHORTAGE, "too many channels");
		drop(x);
		return;
	}
	pump_kick(p->pump);
}

static void
up_request(struct crossing *x, const struct event *ev)
{
	struct mux_proxy *p = x->proxy;
	char name[PROXY_NAME_MAX + 1];
	bool is_exit = span_is(ev->request, "exit-status") || span_is(ev->request, "exit-signal");

	if (is_exit && x->is_bound && !x->down_is_gone && name_of(ev->request, name) != NULL &&
	    pump_finish(p->pump, x->down, name, ev->body) != ERR_OK)
		conn_channel_close(p->conn, x->down);
	if (ev->want_reply)
		conn_answer_channel_request(p->s->conn, x->up, ev->id, false);
	pump_kick(p->pump);
}

static void
up_reply(struct crossing *x, bool ok)
{
	if (x->n_asked == 0)
		return;
	if (!x->down_is_gone)
		conn_answer_channel_request(x->proxy->conn, x->down, x->asked[0], ok);
	memmove(x->asked, x->asked + 1, --x->n_asked * sizeof(*x->asked));
	pump_kick(x->proxy->pump);
}

bool
mux_proxy_event(struct ssh *s, const struct event *ev)
{
	struct mux_proxy *p;
	struct crossing *x;

	if (ev->type == EV_NEED_CHANNEL) {
		p = mux_proxy_of(s, ev);
		if (p != NULL)
			up_open(p, ev);
		return p != NULL;
	}
	if (ev->type < EV_CHANNEL_OPENED || ev->type > EV_CHANNEL_CLOSED)
		return false;
	x = find_up(s, ev->channel);
	if (x == NULL)
		return false;
	p = x->proxy;
	if (ev->type == EV_CHANNEL_OPENED) {
		go_across(x);
	} else if (ev->type == EV_CHANNEL_REFUSED) {
		refuse_with(p->conn, x->down, ev);
		drop(x);
		pump_kick(p->pump);
	} else if (ev->type == EV_CHANNEL_REQUEST) {
		up_request(x, ev);
	} else if (ev->type == EV_CHANNEL_REPLY) {
		up_reply(x, ev->ok);
	} else if (ev->type == EV_CHANNEL_CLOSED && !x->is_bound) {
		(void)mux_proxy_detached(s, ev->channel);
	}
	return true;
}

bool
mux_proxy_detached(struct ssh *s, struct channel_id id)
{
	struct crossing *x = find_up(s, id);

	if (x == NULL)
		return false;
	x->up_is_gone = true;
	one_is_gone(x);
	return true;
}

/* --- their life --- */

static void
release(struct mux_proxy *p)
{
	pump_free(p->pump);
	conn_free(p->conn);
	timer_free(p->end);
	while (p->crossings != NULL)
		drop(p->crossings);
	free(p);
}

static void
on_end_due(void *arg)
{
	struct mux_proxy *p = arg;
	struct ssh *s = p->s;
	struct mux_proxy **at = &s->mux->proxies;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	release(p);
	ssh_leave_if_done(s);
}

static enum err
start(struct mux_proxy *p, int fd)
{
	const struct pump_calls calls = { down_event, down_detached, down_over, p };
	const struct conn_config config = { .side = SIDE_SERVER, .rng = rng_system(),
	    .is_bare = true };

	TRY(conn_new(&p->conn, &config, loop_now(p->s->loop)));
	TRY(loop_timer(p->s->loop, &p->end, on_end_due, p));
	return pump_new(&p->pump, p->s->loop, fd, fd, p->conn, &calls);
}

enum err
mux_proxy_new(struct ssh *s, int fd, uint32_t number)
{
	struct mux_proxy *p = calloc(1, sizeof(*p));
	enum err e = ERR_NOMEM;

	if (p != NULL) {
		*p = (struct mux_proxy){ .s = s, .number = number };
		e = start(p, fd);
	}
	if (e != ERR_OK) {
		close(fd);
		if (p != NULL)
			release(p);
		return e;
	}
	p->next = s->mux->proxies;
	s->mux->proxies = p;
	log_debug(&s->log, "mux proxy %u: begins", number);
	return ERR_OK;
}

void
mux_proxies_free(struct mux *m)
{
	while (m->proxies != NULL) {
		struct mux_proxy *p = m->proxies;

		m->proxies = p->next;
		p->is_over = true;
		mux_proxy_listen_no_more(p);
		release(p);
	}
}

void
mux_proxies_list(const struct mux *m, struct writer *w)
{
	for (const struct mux_proxy *p = m->proxies; p != NULL; p = p->next)
		for (const struct crossing *x = p->crossings; x != NULL; x = x->next)
			if (!x->up_is_gone)
				wr_printf(w, "  #%u proxied for client %u\n", x->up.n, p->number);
}
