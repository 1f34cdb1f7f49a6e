/* SPDX-License-Identifier: ISC */
/* The listener's sockets: opened, kept over a reload, closed. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "os/names.h"
#include "sshd/listener_i.h"

#define BACKLOG		128

/* How long accepting rests when the system is out of descriptors or memory. */
#define REST_MSEC	500

/* One line about that in this time. */
#define TROUBLE_LOG_MSEC	5000

static bool
same_endpoint(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && a->scope == b->scope &&
	    a->address.family == b->address.family &&
	    memcmp(a->address.bytes, b->address.bytes, a->address.family == 4 ? 4 : 16) == 0;
}

/* Addresses to listen on. */
struct wanted {
	struct endpoint v[LISTEN_MAX];
	size_t n;
};

static enum err
want(struct wanted *w, const struct endpoint *e, enum address_family family)
{
	if ((family == FAMILY_INET && e->address.family == 6) ||
	    (family == FAMILY_INET6 && e->address.family == 4))
		return ERR_OK;
	for (size_t i = 0; i < w->n; i++) {
		if (same_endpoint(&w->v[i], e))
			return ERR_OK;
	}
	if (w->n == LISTEN_MAX)
		return ERR_LIMIT;
	w->v[w->n++] = *e;
	return ERR_OK;
}

/* One host of ListenAddress (NULL: all addresses) on one port. */
static enum err
want_host(struct listener *l, struct wanted *w, const char *host, uint16_t port)
{
	enum address_family family = listener_config(l)->address_family;
	struct endpoint any4 = { .address = { .family = 4 }, .port = port };
	struct endpoint any6 = { .address = { .family = 6 }, .port = port };
	SCOPED(names_result_free) struct names_result r = { .err = ERR_OK };

	if (host == NULL || strcmp(host, "*") == 0) {
		TRY(want(w, &any4, family));
		return want(w, &any6, family);
	}
	if (names_wait(host, port, NAMES_ANY, 0, &r) != ERR_OK) {
		log_error(l->log, "bad addr or host: %s (%s)", host,
		    r.why == NULL ? err_text(r.err) : r.why);
		return r.err;
	}
	for (size_t i = 0; i < r.n; i++)
		TRY(want(w, &r.v[i], family));
	return ERR_OK;
}

/* All that the config says. Hosts that cannot be found are left out. */
static enum err
collect(struct listener *l, struct wanted *w)
{
	const struct sshd_config *c = listener_config(l);
	size_t n = c->listen_addresses.n;

	for (size_t i = 0; i < (n == 0 ? 1 : n); i++) {
		const char *host = n == 0 ? NULL : c->listen_addresses.v[i].host;
		uint16_t port = n == 0 ? 0 : c->listen_addresses.v[i].port;

		if (port != 0) {
			if (want_host(l, w, host, port) == ERR_LIMIT)
				return ERR_LIMIT;
			continue;
		}
		for (size_t k = 0; k < c->ports.n; k++) {
			if (want_host(l, w, host, c->ports.v[k]) == ERR_LIMIT)
				return ERR_LIMIT;
		}
	}
	return ERR_OK;
}

void
listener_rest(struct listener *l, const char *what, enum err why)
{
	msec now = loop_now(l->loop);
	bool is_news = l->trouble_logged == 0 || now >= l->trouble_logged + TROUBLE_LOG_MSEC;

	log_at(l->log, is_news ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG1, "%s: %s", what,
	    why == ERR_SYSTEM ? strerror(errno) : err_text(why));
	if (is_news)
		l->trouble_logged = now;
	/* Trying at once would only burn time. */
	(void)!listener_accept(l, false);
	timer_set(l->reopen, now + REST_MSEC);
}

static void
on_client(void *arg, unsigned events)
{
	struct listen_socket *s = arg;
	struct listener *l = s->listener;
	int fd;
	enum err e;

	(void)events;
	e = net_accept(s->fd, &fd);
	if (e == ERR_AGAIN)
		return;
	if (e == ERR_OK) {
		if (l->in->options->debug > 0) {	/* -d: this one, then the end */
			l->one_only = true;
			listener_close_sockets(l);
		}
		listener_take(l, fd, fd);
		return;
	}
	listener_rest(l, "accept", e);
}

static void
close_socket(struct listener *l, size_t i)
{
	watch_free(l->sockets[i].watch);
	close(l->sockets[i].fd);
	l->n_sockets--;
	memmove(&l->sockets[i], &l->sockets[i + 1], (l->n_sockets - i) * sizeof(l->sockets[0]));
}

static bool
is_wanted(const struct wanted *w, const struct endpoint *e)
{
	for (size_t i = 0; i < w->n; i++) {
		if (same_endpoint(&w->v[i], e))
			return true;
	}
	return false;
}

static bool
is_open(const struct listener *l, const struct endpoint *e)
{
	for (size_t i = 0; i < l->n_sockets; i++) {
		if (same_endpoint(&l->sockets[i].at, e))
			return true;
	}
	return false;
}

/* Opens one socket, or says why not. */
static enum err
open_socket(struct listener *l, const struct endpoint *at)
{
	struct listen_socket *s = &l->sockets[l->n_sockets];
	char text[64];

	*s = (struct listen_socket){ .listener = l, .at = *at, .fd = -1 };
	address_print(&at->address, text, sizeof(text));
	if (net_listen(at, BACKLOG, &s->fd) != ERR_OK) {
		/* A kernel without IPv6 is no mistake of the config. */
		if (errno == EAFNOSUPPORT && listener_config(l)->listen_addresses.n == 0) {
			log_debug(l->log, "no socket of this kind: %s", text);
			return ERR_UNSUPPORTED;
		}
		log_error(l->log, "Bind to port %u on %s failed: %s.", at->port, text, strerror(errno));
		return ERR_SYSTEM;
	}
	l->n_sockets++;
	log_info(l->log, "Server listening on %s port %u.", text, at->port);
	return ERR_OK;
}

/* What the service manager gave stands for all that the config says. */
static void
adopt_given(struct listener *l)
{
	const struct net_given *g = &l->in->given;
	char text[64];

	for (size_t i = 0; i < g->n; i++) {
		struct listen_socket *s = &l->sockets[l->n_sockets];

		*s = (struct listen_socket){ .listener = l, .fd = g->fds[i] };
		if (net_adopt(s->fd, &s->at) != ERR_OK) {
			log_error(l->log, "descriptor %d of LISTEN_FDS is not a listening TCP socket", s->fd);
			close(s->fd);
			continue;
		}
		l->n_sockets++;
		log_info(l->log, "Server listening on %s port %u, given by the service manager.",
		    address_print(&s->at.address, text, sizeof(text)), s->at.port);
	}
}

enum err
listener_open_sockets(struct listener *l, size_t *failed)
{
	struct wanted w = { .n = 0 };

	*failed = 0;
	if (l->in->given.n > 0) {
		if (l->n_sockets == 0)
			adopt_given(l);
		if (l->n_sockets > 0)
			return ERR_OK;
		log_fatal(l->log, "None of the sockets of LISTEN_FDS can be used.");
		return ERR_SYSTEM;
	}
	TRY(collect(l, &w));
	for (size_t i = l->n_sockets; i > 0; i--) {
		if (!is_wanted(&w, &l->sockets[i - 1].at))
			close_socket(l, i - 1);
	}
	for (size_t i = 0; i < w.n; i++) {
		if (!is_open(l, &w.v[i]) && open_socket(l, &w.v[i]) == ERR_SYSTEM)
			(*failed)++;
	}
	if (l->n_sockets > 0)
		return ERR_OK;
	log_fatal(l->log, "Cannot bind any address.");
	return ERR_SYSTEM;
}

enum err
listener_accept(struct listener *l, bool accept)
{
	for (size_t i = 0; i < l->n_sockets; i++) {
		struct listen_socket *s = &l->sockets[i];

		/* The array moves when a socket is closed: the argument must follow. */
		watch_free(s->watch);
		s->watch = NULL;
		if (accept)
			TRY(loop_watch(l->loop, &s->watch, s->fd, LOOP_READ, on_client, s));
	}
	return ERR_OK;
}

void
listener_close_sockets(struct listener *l)
{
	while (l->n_sockets > 0)
		close_socket(l, l->n_sockets - 1);
}
