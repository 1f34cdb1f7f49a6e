/* SPDX-License-Identifier: ISC */
/* Sockets that listen for the client: tcpip-forward, streamlocal-forward@openssh.com. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channels/forward.h"
#include "os/names.h"
#include "sshd/session_forward.h"

#define BACKLOG		128

/* How long accepting rests when descriptors or memory are short. */
#define REST_MSEC	500

/* Sockets for one request: an address of either family. */
#define SOCKETS_MAX	16

struct forward_listener {
	struct forward_listener *next;
	struct session *session;
	char *address;			/* as the client asked; with a path that */
	bool is_path;
	uint32_t asked_port;		/* as the client asked: 0 if we chose */
	uint32_t port;
	int fd;
	struct watch *watch;
	struct timer *rest;
};

static void
listener_free(struct forward_listener *l)
{
	struct session *s = l->session;
	struct forward_listener **at = &s->listeners;

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	s->n_listeners--;
	watch_free(l->watch);
	timer_free(l->rest);
	if (l->fd != -1)
		close(l->fd);
	if (l->is_path)
		(void)unlink(l->address);
	free(l->address);
	free(l);
}

/* --- a connection comes --- */

/* What the client is told of it. */
static void
describe(const struct forward_listener *l, int fd, struct writer *body)
{
	struct endpoint from = { .port = 0 };
	char text[64] = "";

	if (l->is_path) {
		open_forwarded_streamlocal_put(body,
		    &(struct open_forwarded_streamlocal){ .path = span_str(l->address) });
		return;
	}
	if (net_ends(fd, NULL, &from) == ERR_OK)
		address_print(&from.address, text, sizeof(text));
	open_tcpip_put(body, &(struct open_tcpip){ .host = span_str(l->address), .port = l->port,
	    .origin_host = span_str(text), .origin_port = from.port });
}

static void
on_connection(void *arg, unsigned events)
{
	struct forward_listener *l = arg;
	struct session *s = l->session;
	SCOPED(writer_free) struct writer body = writer_init(LIMIT_IPC / 2);
	struct msg_to_wire_open m = { .tag = 0 };
	struct ipc_fds fds = { .n = 1 };
	enum err e = net_accept(l->fd, &fds.fd[0]);

	(void)events;
	if (e != ERR_OK) {
		if (e != ERR_AGAIN) {
			watch_set(l->watch, 0);
			timer_set(l->rest, loop_now(s->loop) + REST_MSEC);
		}
		return;
	}
	if (!l->is_path)
		net_no_delay(fds.fd[0]);
	describe(l, fds.fd[0], &body);
	m.type = l->is_path ? SPAN_LIT("forwarded-streamlocal@openssh.com") :
	    SPAN_LIT("forwarded-tcpip");
	m.body = writer_span(&body);
	if (wr_end(&body) == ERR_OK)
		session_sent(s, ipc_send_to_wire_open(&s->wire, &m, &fds));
	close(fds.fd[0]);
}

static void
on_rested(void *arg)
{
	struct forward_listener *l = arg;

	watch_set(l->watch, LOOP_READ);
}

/* Takes a listening socket into service; it is closed on error. */
static enum err
listener_add(struct session *s, int fd, struct span address, bool is_path, uint32_t asked_port,
    uint32_t port)
{
	struct forward_listener *l = s->n_listeners < FORWARD_LISTENERS ? calloc(1, sizeof(*l)) : NULL;
	enum err e;

	if (l == NULL) {
		close(fd);
		return s->n_listeners < FORWARD_LISTENERS ? ERR_NOMEM : ERR_LIMIT;
	}
	*l = (struct forward_listener){ .next = s->listeners, .session = s, .fd = fd,
	    .is_path = is_path, .asked_port = asked_port, .port = port,
	    .address = span_dup_str(address) };
	s->listeners = l;
	s->n_listeners++;
	e = l->address == NULL ? ERR_NOMEM : loop_timer(s->loop, &l->rest, on_rested, l);
	if (e == ERR_OK)
		e = loop_watch(s->loop, &l->watch, fd, LOOP_READ, on_connection, l);
	if (e != ERR_OK)
		listener_free(l);
	return e;
}

/* --- TCP --- */

static const struct address loopback4 = { .family = 4, .bytes = { 127, 0, 0, 1 } };
static const struct address loopback6 = { .family = 6, .bytes = { [15] = 1 } };
static const struct address any4 = { .family = 4 };
static const struct address any6 = { .family = 6 };

static bool
is_any(struct span address)
{
	return address.len == 0 || span_is(address, "*");
}

/* Puts both families of an address into v. */
static size_t
both(struct endpoint *v, const struct address *four, const struct address *six, uint32_t port)
{
	v[0] = (struct endpoint){ .address = *four, .port = (uint16_t)port };
	v[1] = (struct endpoint){ .address = *six, .port = (uint16_t)port };
	return 2;
}

/* An address that the client names; only literals and "localhost": it is ours, not the world's. */
static size_t
named(struct endpoint *v, struct span address, uint32_t port)
{
	struct address a;

	if (span_is(address, "localhost"))
		return both(v, &loopback4, &loopback6, port);
	if (address_parse(address, &a) != ERR_OK)
		return 0;
	v[0] = (struct endpoint){ .address = a, .port = (uint16_t)port };
	return 1;
}

/* Where to listen, as GatewayPorts says. */
static size_t
choose(const struct session *s, struct span address, uint32_t port, struct endpoint *v)
{
	switch (s->config.gateway_ports) {
	case GATEWAY_PORTS_YES:
		return both(v, &any4, &any6, port);
	case GATEWAY_PORTS_CLIENT:
		return is_any(address) ? both(v, &any4, &any6, port) : named(v, address, port);
	case GATEWAY_PORTS_NO:
	default:
		/* One of the two, if the client wants just that one. */
		if (span_is(address, "127.0.0.1") || span_is(address, "::1"))
			return named(v, address, port);
		return both(v, &loopback4, &loopback6, port);
	}
}

static struct forward_listener *
find_tcp(const struct session *s, struct span address, uint32_t port)
{
	struct forward_listener *l = s->listeners;

	while (l != NULL && (l->is_path || !span_is(address, l->address) ||
	    (l->asked_port != port && l->port != port)))
		l = l->next;
	return l;
}

/* Closes what was opened for the same address and port. */
static void
close_all(struct session *s, struct span address, uint32_t port)
{
	struct forward_listener *l;

	while ((l = find_tcp(s, address, port)) != NULL)
		listener_free(l);
}

/*
 * Opens the sockets; with port 0 all get the port that the first one got. All
 * of them, or none: half a forwarding only puzzles people.
 */
static enum err
open_all(struct session *s, const struct global_tcpip_forward *m, struct endpoint *v, size_t n,
    uint32_t *port)
{
	size_t n_open = 0;

	*port = m->port;
	for (size_t i = 0; i < n; i++) {
		struct endpoint at;
		int fd;

		v[i].port = (uint16_t)*port;
		if (net_listen(&v[i], BACKLOG, &fd) != ERR_OK) {
			int failure = errno;

			/* A machine without IPv6 listens on IPv4 alone. */
			if (failure == EAFNOSUPPORT || failure == EADDRNOTAVAIL)
				continue;
			if (n_open > 0)
				close_all(s, m->address, *port);
			errno = failure;
			return ERR_SYSTEM;
		}
		if (*port == 0 && net_ends(fd, &at, NULL) == ERR_OK)
			*port = at.port;
		TRY(listener_add(s, fd, m->address, false, m->port, *port));
		n_open++;
	}
	errno = EADDRNOTAVAIL;
	return n_open > 0 ? ERR_OK : ERR_SYSTEM;
}

enum err
listen_tcp(struct session *s, struct span body, uint32_t *port)
{
	struct endpoint v[SOCKETS_MAX];
	struct global_tcpip_forward m;
	size_t n;

	TRY(global_tcpip_forward_get(body, &m));
	if (!may_listen(&s->may, &s->config, m.address, m.port))
		return ERR_DENIED;
	if (m.port != 0 && find_tcp(s, m.address, m.port) != NULL)
		return ERR_EXISTS;
	n = choose(s, m.address, m.port, v);
	if (n == 0)
		return ERR_UNSUPPORTED;
	TRY(open_all(s, &m, v, n, port));
	log_verbose(&s->log, "listening for %s on %.*s port %u", s->user, (int)m.address.len,
	    (const char *)m.address.p, (unsigned)*port);
	return ERR_OK;
}

enum err
listen_tcp_cancel(struct session *s, struct span body)
{
	struct global_tcpip_forward m;
	struct forward_listener *l;
	enum err e = ERR_NOTFOUND;

	TRY(global_tcpip_forward_get(body, &m));
	if (m.port == 0)
		return ERR_NOTFOUND;
	while ((l = find_tcp(s, m.address, m.port)) != NULL) {
		listener_free(l);
		e = ERR_OK;
	}
	return e;
}

/* --- Unix sockets --- */

/* Removes a socket that is in the way, if it is the user's and the config says so. */
static enum err
make_way(const struct session *s, const char *path)
{
	struct stat st;

	if (lstat(path, &st) == -1)
		return ERR_OK;
	if (!s->config.stream_local_bind_unlink || !S_ISSOCK(st.st_mode) || st.st_uid != s->uid) {
		errno = EADDRINUSE;
		return ERR_SYSTEM;
	}
	return unlink(path) == -1 ? ERR_SYSTEM : ERR_OK;
}

enum err
listen_stream_local(struct session *s, struct span body)
{
	struct global_streamlocal_forward m;
	char *path;
	int fd = -1;
	enum err e;

	TRY(global_streamlocal_forward_get(body, &m));
	if (!(s->may.permit & PERMIT_PORT) || !may_listen_paths(&s->may) ||
	    !(s->config.allow_stream_local_forwarding & FORWARDING_REMOTE))
		return ERR_DENIED;
	path = span_dup_str(m.path);
	if (path == NULL)
		return ERR_NOMEM;
	e = make_way(s, path);
	if (e == ERR_OK)
		e = net_listen_unix(path, SOCK_STREAM, (mode_t)s->config.stream_local_bind_mask, &fd);
	free(path);
	TRY(e);
	return listener_add(s, fd, m.path, true, 0, 0);
}

enum err
listen_stream_local_cancel(struct session *s, struct span body)
{
	struct global_streamlocal_forward m;

	TRY(global_streamlocal_forward_get(body, &m));
	for (struct forward_listener *l = s->listeners; l != NULL; l = l->next) {
		if (l->is_path && span_is(m.path, l->address)) {
			listener_free(l);
			return ERR_OK;
		}
	}
	return ERR_NOTFOUND;
}

void
listen_end(struct session *s)
{
	while (s->listeners != NULL)
		listener_free(s->listeners);
}
