/* SPDX-License-Identifier: ISC */
/* Where to listen for the client: tcpip-forward, streamlocal-forward@openssh.com. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channels/forward.h"
#include "os/names.h"
#include "sshd/session_forward.h"
#include "sshd/session_name.h"

/* Sockets for one request: an address of either family. */
#define SOCKETS_MAX	16

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

	while (l != NULL && ((l->kind != LISTENER_TCP && l->kind != LISTENER_NAME) || !span_is(address, l->address) ||
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
		struct forward_listener *l;
		struct endpoint at;
		int fd;

		v[i].port = (uint16_t)*port;
		if (net_listen(&v[i], FORWARD_BACKLOG, &fd) != ERR_OK) {
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
		TRY(listener_add(s, fd, m->address, LISTENER_TCP, &l));
		l->asked_port = m->port;
		l->port = *port;
		n_open++;
	}
	errno = EADDRNOTAVAIL;
	return n_open > 0 ? ERR_OK : ERR_SYSTEM;
}

bool
listen_is_name(const struct session *s, struct span address)
{
	return s->config.forwarding_names && name_is_valid(address);
}

/* Listens under a name instead of an address. */
static enum err
listen_name(struct session *s, const struct global_tcpip_forward *m, uint32_t *port)
{
	struct forward_listener *l;
	int fd;

	if (m->port == 0)
		return ERR_UNSUPPORTED;		/* whoever is to connect has to know it */
	TRY(name_listen(s->uid, m->address, m->port, &fd));
	TRY(listener_add(s, fd, m->address, LISTENER_NAME, &l));
	l->asked_port = l->port = *port = m->port;
	log_info(&s->log, "listening for %s under the name %.*s port %u", s->user,
	    (int)m->address.len, (const char *)m->address.p, (unsigned)m->port);
	return ERR_OK;
}

enum err
listen_tcp(struct session *s, struct span body, uint32_t *port)
{
	struct endpoint v[SOCKETS_MAX];
	struct global_tcpip_forward m;
	size_t n;

	TRY(global_tcpip_forward_get(body, &m));
	if (s->config.forwarding_names ? !may_listen_name(&s->may, &s->config, m.address, m.port) :
	    !may_listen(&s->may, &s->config, m.address, m.port))
		return ERR_DENIED;
	if (m.port != 0 && find_tcp(s, m.address, m.port) != NULL)
		return ERR_EXISTS;
	if (listen_is_name(s, m.address))
		return listen_name(s, &m, port);
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
	struct forward_listener *l;
	char *path;
	int fd = -1;
	enum err e;

	TRY(global_streamlocal_forward_get(body, &m));
	if (!(s->may.permit & PERMIT_PORT) || !may_listen_paths(&s->may) || s->config.forwarding_names ||
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
	return listener_add(s, fd, m.path, LISTENER_PATH, &l);
}

enum err
listen_stream_local_cancel(struct session *s, struct span body)
{
	struct global_streamlocal_forward m;

	TRY(global_streamlocal_forward_get(body, &m));
	for (struct forward_listener *l = s->listeners; l != NULL; l = l->next) {
		if (l->kind == LISTENER_PATH && span_is(m.path, l->address)) {
			listener_free(l);
			return ERR_OK;
		}
	}
	return ERR_NOTFOUND;
}
