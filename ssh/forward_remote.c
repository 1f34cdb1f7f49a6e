/* SPDX-License-Identifier: ISC */
/* What the server opens to us: remote forwardings (-R), and what other parts take. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "channels/channels.h"
#include "channels/forward.h"
#include "ssh/alive.h"
#include "ssh/forward_i.h"
#include "ssh/x11.h"

#define STREAMLOCAL	"forwarded-streamlocal@openssh.com"

/* --- asking the server to listen --- */

/* Where it is to listen, as RFC 4254 7.1 wants it said. */
static const char *
bind_address(const struct forward *f)
{
	if (f->listen_host == NULL)
		return "localhost";
	return strcmp(f->listen_host, "*") == 0 ? "" : f->listen_host;
}

/* What the user is told if it was not to be. */
static void
say_failed(const struct remote *r)
{
	const struct ssh *s = r->s;
	const char *how = s->settings.config.exit_on_forward_failure ? "Error" : "Warning";

	if (r->what.listen_path != NULL)
		log_error(&s->log, "%s: remote port forwarding failed for listen path %s", how,
		    r->what.listen_path);
	else
		log_error(&s->log, "%s: remote port forwarding failed for listen port %u", how,
		    r->what.listen_port);
}

static void
take_port(struct remote *r, struct span body)
{
	const struct forward *f = &r->what;
	const char *target = f->connect_path != NULL ? f->connect_path : f->connect_host;
	struct global_forward_port m;

	if (global_forward_port_get(body, &m) != ERR_OK || m.port == 0 || m.port > UINT16_MAX) {
		r->is_up = false;
		return;
	}
	r->port = (uint16_t)m.port;
	log_info(&r->s->log, "Allocated port %u for remote forward to %s:%u", r->port,
	    target == NULL ? "SOCKS" : target, f->connect_port);
}

static void
on_answer(struct ssh *s, void *arg, bool ok, struct span body)
{
	struct remote *r = arg;
	const struct forward *f = &r->what;
	const char *target = f->connect_path != NULL ? f->connect_path : f->connect_host;

	s->forwards->n_pending--;
	r->is_up = ok;
	if (ok && f->listen_path == NULL && f->listen_port == 0)
		take_port(r, body);
	if (r->is_up)
		log_debug(&s->log, "remote forward success for: listen %s:%u, connect %s:%u",
		    f->listen_path != NULL ? f->listen_path : bind_address(f), r->port,
		    target == NULL ? "SOCKS" : target, f->connect_port);
	else
		say_failed(r);
	if (r->answered != NULL)
		r->answered(s, r->arg, r->is_up, f->listen_port == 0 ? r->port : 0);
	else if (!r->is_up)
		forwards_failed(s);
	if (r->is_cancelled && r->is_up)
		remote_stop(r);
	if (r->is_cancelled || !r->is_up)
		remote_free(r);
}

static enum err
ask(struct remote *r)
{
	SCOPED(writer_free) struct writer body = writer_init(64 * 1024);
	const struct forward *f = &r->what;
	const char *request = "tcpip-forward";

	if (f->listen_path != NULL) {
		request = "streamlocal-forward@openssh.com";
		global_streamlocal_forward_put(&body,
		    &(struct global_streamlocal_forward){ .path = span_str(f->listen_path) });
	} else {
		global_tcpip_forward_put(&body, &(struct global_tcpip_forward){
		    .address = span_str(bind_address(f)), .port = f->listen_port });
	}
	TRY(wr_end(&body));
	TRY(alive_ask(r->s, request, writer_span(&body), on_answer, r));
	r->s->forwards->n_pending++;
	return ERR_OK;
}

enum err
remote_start(struct ssh *s, const struct forward *f, forward_answered *answered, void *arg)
{
	struct remote *r = calloc(1, sizeof(*r));
	struct remote **at = &s->forwards->remotes;
	enum err e;

	if (r == NULL)
		return ERR_NOMEM;
	*r = (struct remote){ .s = s, .port = f->listen_port, .answered = answered, .arg = arg };
	/* In their order: the first one counts where two fit. */
	while (*at != NULL)
		at = &(*at)->next;
	*at = r;
	e = forward_copy(f, &r->what);
	if (e == ERR_OK)
		e = ask(r);
	if (e != ERR_OK)
		remote_free(r);
	return e;
}

void
remote_stop(const struct remote *r)
{
	SCOPED(writer_free) struct writer body = writer_init(64 * 1024);
	const struct forward *f = &r->what;
	const char *request = "cancel-tcpip-forward";

	if (f->listen_path != NULL) {
		request = "cancel-streamlocal-forward@openssh.com";
		global_streamlocal_forward_put(&body,
		    &(struct global_streamlocal_forward){ .path = span_str(f->listen_path) });
	} else {
		global_tcpip_forward_put(&body, &(struct global_tcpip_forward){
		    .address = span_str(bind_address(f)), .port = r->port });
	}
	if (wr_end(&body) == ERR_OK)
		conn_global_request(r->s->conn, request, false, writer_span(&body));
}

void
remote_free(struct remote *r)
{
	struct remote **at = &r->s->forwards->remotes;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	forward_clear(&r->what);
	free(r);
}

/* --- channels that it opens --- */

static void
refuse(struct ssh *s, struct channel_id id, enum open_failure code, const char *why)
{
	conn_refuse_channel(s->conn, id, code, why);
}

void
relay_accept(struct relay *t, int fd)
{
	t->fd = fd;
	conn_answer_channel(t->s->conn, t->id, SPAN_EMPTY);
	relay_attach(t);
	pump_kick(t->s->pump);
}

static void
on_dialed(void *arg, int fd, const char *why)
{
	struct relay *t = arg;
	struct ssh *s = t->s;

	t->dial = NULL;
	if (fd == -1) {
		log_error(&s->log, "connect to forwarded target: failed: %s", why);
		refuse(s, t->id, OPEN_CONNECT_FAILED, "Connection refused");
		relay_free(t);
		pump_kick(s->pump);
		ssh_leave_if_done(s);
		return;
	}
	net_no_delay(fd);
	relay_accept(t, fd);
}

static void
connect_to_path(struct relay *t, const char *path)
{
	struct ssh *s = t->s;
	int fd;

	if (net_connect_unix(path, SOCK_STREAM, &fd) == ERR_OK) {
		relay_accept(t, fd);
		return;
	}
	log_error(&s->log, "connect to %s: failed: %s", path, strerror(errno));
	refuse(s, t->id, OPEN_CONNECT_FAILED, "Connection refused");
	relay_free(t);
}

struct relay *
relay_of_server(struct ssh *s, struct channel_id id, const char *type)
{
	struct relay *t;

	if (relay_new(s, -1, &t) != ERR_OK) {
		refuse(s, id, OPEN_RESOURCE_SHORTAGE, "out of memory");
		return NULL;
	}
	t->id = id;
	t->type = type;
	t->has_channel = true;
	if (pump_set_tag(s->pump, id, t) == ERR_OK)
		return t;
	refuse(s, id, OPEN_RESOURCE_SHORTAGE, "out of memory");
	relay_free(t);
	return NULL;
}

static void
connect_to(struct ssh *s, struct channel_id id, const char *type, const struct forward *f)
{
	struct relay *t = relay_of_server(s, id, type);

	if (t == NULL)
		return;
	if (f->connect_path != NULL) {
		snprintf(t->label, sizeof(t->label), "forwarded to %.100s", f->connect_path);
		connect_to_path(t, f->connect_path);
		return;
	}
	snprintf(t->label, sizeof(t->label), "forwarded-tcpip to %.100s port %u", f->connect_host,
	    f->connect_port);
	if (dial_start(s->loop, s->names, f->connect_host, f->connect_port, NAMES_ANY, 0, on_dialed,
	    t, &t->dial) == ERR_OK)
		return;
	refuse(s, id, OPEN_RESOURCE_SHORTAGE, "out of memory");
	relay_free(t);
}

/* The remote forwarding for what the server names; the address too where it can be told apart. */
static const struct remote *
find_port(const struct forwards_state *f, struct span address, uint32_t port)
{
	const struct remote *found = NULL;

	for (const struct remote *r = f->remotes; r != NULL; r = r->next) {
		if (!r->is_up || r->what.listen_path != NULL || r->port != port)
			continue;
		if (span_is(address, bind_address(&r->what)))
			return r;
		if (found == NULL)
			found = r;
	}
	return found;
}

/* Whether GatewaySources lets in who is said to connect from there. */
static bool
is_welcome(const struct ssh *s, struct span origin)
{
	const struct ssh_config *c = &s->settings.config;
	struct address a;

	if (c->gateway_sources.n == 0)
		return true;
	if (address_parse(origin, &a) != ERR_OK)
		return false;
	for (size_t i = 0; i < c->gateway_sources.n; i++) {
		if (cidr_list_has(span_str(c->gateway_sources.v[i]), &a))
			return true;
	}
	return false;
}

static void
open_tcpip(struct ssh *s, const struct event *ev)
{
	const struct remote *r;
	struct open_tcpip m;
	char buf[300], origin[300];

	if (open_tcpip_get(ev->open.body, &m) != ERR_OK) {
		refuse(s, ev->channel, OPEN_CONNECT_FAILED, "malformed request");
		return;
	}
	ssh_visible(origin, sizeof(origin), m.origin_host);
	log_debug(&s->log, "client_request_forwarded_tcpip: listen %s port %u, originator %s port %u",
	    ssh_visible(buf, sizeof(buf), m.host), m.port, origin, m.origin_port);
	r = find_port(s->forwards, m.host, m.port);
	if (r == NULL) {
		log_error(&s->log, "WARNING: Server requests forwarding for unknown listen_port %u",
		    m.port);
		refuse(s, ev->channel, OPEN_PROHIBITED, "not a requested port");
		return;
	}
	if (!is_welcome(s, m.origin_host)) {
		log_info(&s->log, "connection from %s to forwarded port %u refused: not in GatewaySources",
		    origin, m.port);
		refuse(s, ev->channel, OPEN_PROHIBITED, "not from there");
		return;
	}
	if (r->what.connect_host == NULL && r->what.connect_path == NULL)
		relay_open_socks(s, ev->channel, "forwarded-tcpip");
	else
		connect_to(s, ev->channel, "forwarded-tcpip", &r->what);
}

static void
open_streamlocal(struct ssh *s, const struct event *ev)
{
	struct open_forwarded_streamlocal m;

	if (open_forwarded_streamlocal_get(ev->open.body, &m) == ERR_OK) {
		for (const struct remote *r = s->forwards->remotes; r != NULL; r = r->next) {
			if (!r->is_up || r->what.listen_path == NULL ||
			    !span_is(m.path, r->what.listen_path))
				continue;
			if (r->what.connect_host == NULL && r->what.connect_path == NULL)
				relay_open_socks(s, ev->channel, STREAMLOCAL);
			else
				connect_to(s, ev->channel, STREAMLOCAL, &r->what);
			return;
		}
	}
	log_error(&s->log, "WARNING: Server requests forwarding for an unknown path");
	refuse(s, ev->channel, OPEN_PROHIBITED, "not a requested path");
}

bool
remote_open(struct ssh *s, const struct event *ev)
{
	struct span type = ev->open.type;

	if (span_is(type, "forwarded-tcpip"))
		open_tcpip(s, ev);
	else if (span_is(type, STREAMLOCAL))
		open_streamlocal(s, ev);
	else if (span_is(type, "auth-agent@openssh.com") || span_is(type, "agent-connect"))
		relay_open_agent(s, ev->channel);
	else if (span_is(type, "x11"))
		x11_open(s, ev);
	else
		return false;
	return true;
}
