/* SPDX-License-Identifier: ISC */
/* What the server listens on for clients in proxy mode. */
#include <stdlib.h>

#include "base/limits.h"
#include "channels/forward.h"
#include "ssh/alive.h"
#include "ssh/mux_proxy.h"

#define STREAMLOCAL	"streamlocal-forward@openssh.com"

/* A request that the server has yet to answer; the client may be gone by then. */
struct asking {
	uint32_t client;
	uint32_t request;		/* of the client; 0: it wants no answer */
	bool is_cancel;
	struct proxy_listener *listener;
};

/* --- listeners --- */

static void
listener_free(struct proxy_listener *l)
{
	if (l == NULL)
		return;
	writer_free(&l->name);
	free(l);
}

/* The listener that a body means; NULL: malformed, or no memory. */
static struct proxy_listener *
listener_of(bool is_path, struct span body)
{
	struct global_streamlocal_forward path = { .path = SPAN_EMPTY };
	struct global_tcpip_forward tcpip = { .port = 0 };
	enum err e = is_path ? global_streamlocal_forward_get(body, &path) :
	    global_tcpip_forward_get(body, &tcpip);
	struct proxy_listener *l = e == ERR_OK ? calloc(1, sizeof(*l)) : NULL;

	if (l == NULL)
		return NULL;
	*l = (struct proxy_listener){ .is_path = is_path, .port = tcpip.port,
	    .name = writer_init(LIMIT_PACKET) };
	wr_raw(&l->name, is_path ? path.path : tcpip.address);
	if (wr_end(&l->name) == ERR_OK)
		return l;
	listener_free(l);
	return NULL;
}

static bool
is_same(const struct proxy_listener *l, bool is_path, struct span name, uint32_t port)
{
	return l->is_path == is_path && span_eq(writer_span(&l->name), name) &&
	    (is_path || l->port == port);
}

static struct proxy_listener **
find(struct mux_proxy *p, const struct proxy_listener *like)
{
	struct proxy_listener **at = &p->listeners;

	while (*at != NULL && !is_same(*at, like->is_path, writer_span(&like->name), like->port))
		at = &(*at)->next;
	return at;
}

/* The server listens there no more; it may have been told so twice. */
static void
forget(struct mux_proxy *p, const struct proxy_listener *like)
{
	struct proxy_listener **at = find(p, like), *l = *at;

	if (l == NULL)
		return;
	*at = l->next;
	listener_free(l);
	p->n_listeners--;
}

static struct mux_proxy *
find_proxy(const struct ssh *s, uint32_t number)
{
	struct mux_proxy *p = s->mux == NULL ? NULL : s->mux->proxies;

	while (p != NULL && (p->number != number || p->is_over))
		p = p->next;
	return p;
}

/* --- asking the server --- */

/* Asks for the end of a listener; nobody waits for the answer. */
static void
send_cancel(struct ssh *s, const struct proxy_listener *l)
{
	SCOPED(writer_free) struct writer body = writer_init(LIMIT_PACKET);

	if (l->is_path)
		global_streamlocal_forward_put(&body,
		    &(struct global_streamlocal_forward){ writer_span(&l->name) });
	else
		global_tcpip_forward_put(&body,
		    &(struct global_tcpip_forward){ writer_span(&l->name), l->port });
	if (wr_end(&body) == ERR_OK)
		conn_global_request(s->conn, l->is_path ? "cancel-" STREAMLOCAL :
		    "cancel-tcpip-forward", false, writer_span(&body));
}

/* The server listens: for the client, if it is still there. */
static void
on_listening(struct ssh *s, struct mux_proxy *p, struct asking *a, struct span body)
{
	struct proxy_listener *l = a->listener;
	struct global_forward_port m;

	if (!l->is_path && l->port == 0 && global_forward_port_get(body, &m) == ERR_OK)
		l->port = m.port;
	a->listener = NULL;
	if (p == NULL) {
		send_cancel(s, l);
		listener_free(l);
		return;
	}
	l->next = p->listeners;
	p->listeners = l;
}

static void
on_answer(struct ssh *s, void *arg, bool ok, struct span body)
{
	struct asking *a = arg;
	struct mux_proxy *p = find_proxy(s, a->client);

	if (p != NULL && a->request != 0)
		conn_answer_global_request(p->conn, a->request, ok, body);
	if (p != NULL)
		pump_kick(p->pump);
	if (ok && !a->is_cancel) {
		on_listening(s, p, a, body);
	} else if (p != NULL && ok) {
		forget(p, a->listener);
	} else if (p != NULL && !a->is_cancel) {
		p->n_listeners--;
	}
	listener_free(a->listener);
	free(a);
}

/* Passes a request on. False: it could not be. */
static bool
ask(struct mux_proxy *p, const struct event *ev, bool is_path, bool is_cancel)
{
	struct asking *a = calloc(1, sizeof(*a));
	struct proxy_listener *l = listener_of(is_path, ev->body);
	const char *name = is_path ? is_cancel ? "cancel-" STREAMLOCAL : STREAMLOCAL :
	    is_cancel ? "cancel-tcpip-forward" : "tcpip-forward";

	if (a != NULL && l != NULL &&
	    (is_cancel ? *find(p, l) != NULL : p->n_listeners < PROXY_LISTENERS_MAX)) {
		*a = (struct asking){ .client = p->number, .request = ev->want_reply ? ev->id : 0,
		    .is_cancel = is_cancel, .listener = l };
		if (alive_ask(p->s, name, ev->body, on_answer, a) == ERR_OK) {
			if (!is_cancel)
				p->n_listeners++;
			pump_kick(p->s->pump);
			return true;
		}
	}
	listener_free(l);
	free(a);
	return false;
}

void
mux_proxy_global(struct mux_proxy *p, const struct event *ev)
{
	bool ok = false;

	if (span_is(ev->request, "tcpip-forward"))
		ok = ask(p, ev, false, false);
	else if (span_is(ev->request, "cancel-tcpip-forward"))
		ok = ask(p, ev, false, true);
	else if (span_is(ev->request, STREAMLOCAL))
		ok = ask(p, ev, true, false);
	else if (span_is(ev->request, "cancel-" STREAMLOCAL))
		ok = ask(p, ev, true, true);
	/* keepalive@openssh.com wants any answer; the others are between master and server. */
	if (!ok && ev->want_reply)
		conn_answer_global_request(p->conn, ev->id, false, SPAN_EMPTY);
}

/* --- what comes of it --- */

static bool
has_listener(const struct mux_proxy *p, bool is_path, struct span name, uint32_t port)
{
	for (const struct proxy_listener *l = p->listeners; l != NULL; l = l->next)
		if (is_same(l, is_path, name, port))
			return true;
	return false;
}

struct mux_proxy *
mux_proxy_of(const struct ssh *s, const struct event *ev)
{
	struct open_forwarded_streamlocal path;
	struct open_tcpip tcpip = { .port = 0 };
	bool is_path = span_is(ev->open.type, "forwarded-streamlocal@openssh.com");
	struct mux_proxy *p = s->mux == NULL ? NULL : s->mux->proxies;

	if (is_path ? open_forwarded_streamlocal_get(ev->open.body, &path) != ERR_OK :
	    !span_is(ev->open.type, "forwarded-tcpip") ||
	    open_tcpip_get(ev->open.body, &tcpip) != ERR_OK)
		return NULL;
	while (p != NULL && (p->is_over ||
	    !has_listener(p, is_path, is_path ? path.path : tcpip.host, tcpip.port)))
		p = p->next;
	return p;
}

void
mux_proxy_listen_no_more(struct mux_proxy *p)
{
	while (p->listeners != NULL) {
		struct proxy_listener *l = p->listeners;

		p->listeners = l->next;
		send_cancel(p->s, l);
		listener_free(l);
	}
}
