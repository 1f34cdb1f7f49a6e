/* SPDX-License-Identifier: ISC */
/* Ports and sockets that are listened on here: -L and -D. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "channels/forward.h"
#include "os/file.h"
#include "ssh/forward_i.h"

#define BACKLOG		1024

/* Channels that are asked for at a time; more may come of SOCKS clients that wait already. */
#define OPENING_MAX	(LIMIT_PENDING_OPENS / 2)

/* How long accepting rests when descriptors or memory are short. */
#define REST_MSEC	500

/* --- connections --- */

void
relay_open_to(struct relay *t, const struct forward *f, const struct endpoint *from)
{
	SCOPED(writer_free) struct writer body = writer_init(64 * 1024);
	char text[46] = "127.0.0.1";

	if (f->connect_path != NULL) {
		snprintf(t->label, sizeof(t->label), "direct-streamlocal to %.100s", f->connect_path);
		open_direct_streamlocal_put(&body,
		    &(struct open_direct_streamlocal){ .path = span_str(f->connect_path) });
		(void)relay_open(t, "direct-streamlocal@openssh.com", writer_span(&body));
		return;
	}
	if (from->address.family != 0)
		address_print(&from->address, text, sizeof(text));
	snprintf(t->label, sizeof(t->label), "direct-tcpip to %.60s port %u from %s port %u",
	    f->connect_host, f->connect_port, text, from->port);
	log_debug(&t->s->log, "Connection to port %u forwarding to %s port %u requested.",
	    f->listen_port, f->connect_host, f->connect_port);
	open_tcpip_put(&body, &(struct open_tcpip){ .host = span_str(f->connect_host),
	    .port = f->connect_port, .origin_host = span_str(text), .origin_port = from->port });
	(void)relay_open(t, "direct-tcpip", writer_span(&body));
}

/* --- accepting --- */

static void
on_connection(void *arg, unsigned events)
{
	struct endpoint from = { .port = 0 };
	struct listener *l = arg;
	struct ssh *s = l->s;
	struct relay *t;
	int fd;
	enum err e;

	(void)events;
	/* The server has enough to open: who comes waits in the backlog, and is not refused. */
	if (s->forwards->n_opening >= OPENING_MAX) {
		watch_set(l->watch, 0);
		return;
	}
	e = net_accept(l->fd, &fd);
	if (e == ERR_AGAIN)
		return;
	if (e != ERR_OK) {
		log_error(&s->log, "accept: %s", strerror(errno));
		/* Most likely there are no descriptors, and trying at once would only burn time. */
		watch_set(l->watch, 0);
		timer_set(l->rest, loop_now(s->loop) + REST_MSEC);
		return;
	}
	if (l->path == NULL) {
		net_no_delay(fd);
		(void)!net_ends(fd, NULL, &from);
	}
	if (relay_new(s, fd, &t) != ERR_OK)
		return;
	if (!l->is_dynamic) {
		relay_open_to(t, &l->what, &from);
		return;
	}
	relay_take_socks(t);
}

static void
on_rested(void *arg)
{
	struct listener *l = arg;

	watch_set(l->watch, LOOP_READ);
}

void
listeners_wake(struct ssh *s)
{
	for (struct listener *l = s->forwards->listeners; l != NULL; l = l->next)
		watch_set(l->watch, LOOP_READ);
}

/* --- listening --- */

void
listener_free(struct listener *l)
{
	struct listener **at = &l->s->forwards->listeners;

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	watch_free(l->watch);
	timer_free(l->rest);
	close(l->fd);
	if (l->path != NULL)
		(void)unlink(l->path);
	free(l->path);
	forward_clear(&l->what);
	free(l);
}

/* Takes fd and path, also on error. */
static enum err
add_listener(struct ssh *s, const struct forward *f, bool is_dynamic, int fd, char *path)
{
	struct listener *l = calloc(1, sizeof(*l));

	if (l != NULL) {
		*l = (struct listener){ .s = s, .is_dynamic = is_dynamic, .fd = fd,
		    .path = path, .next = s->forwards->listeners };
		s->forwards->listeners = l;
		if (forward_copy(f, &l->what) == ERR_OK &&
		    loop_timer(s->loop, &l->rest, on_rested, l) == ERR_OK &&
		    loop_watch(s->loop, &l->watch, fd, LOOP_READ, on_connection, l) == ERR_OK)
			return ERR_OK;
		listener_free(l);
		return ERR_NOMEM;
	}
	close(fd);
	free(path);
	return ERR_NOMEM;
}

static enum err
listen_on(struct ssh *s, const struct forward *f, bool is_dynamic, const struct endpoint *at)
{
	char text[64];
	int fd;

	address_print(&at->address, text, sizeof(text));
	if (net_listen(at, BACKLOG, &fd) != ERR_OK) {
		/* No IPv6 on this machine is nothing to speak of. */
		if (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL)
			log_error(&s->log, "bind [%s]:%u: %s", text, at->port, strerror(errno));
		return ERR_SYSTEM;
	}
	log_debug(&s->log, "Local forwarding listening on %s port %u.", text, at->port);
	return add_listener(s, f, is_dynamic, fd, NULL);
}

/* The addresses that a forwarding is to listen on; returns how many (at most 2). */
static size_t
usual_addresses(const struct ssh *s, const struct forward *f, struct endpoint *out)
{
	bool all = f->listen_host == NULL ? s->settings.config.gateway_ports :
	    strcmp(f->listen_host, "*") == 0;
	enum address_family family = s->settings.config.address_family;
	size_t n = 0;

	if (f->listen_host != NULL && !all && strcmp(f->listen_host, "localhost") != 0)
		return 0;
	if (family != FAMILY_INET6)
		(void)!address_parse(span_str(all ? "0.0.0.0" : "127.0.0.1"), &out[n++].address);
	if (family != FAMILY_INET)
		(void)!address_parse(span_str(all ? "::" : "::1"), &out[n++].address);
	return n;
}

static enum err
listen_tcp(struct ssh *s, const struct forward *f, bool is_dynamic)
{
	struct endpoint usual[2] = { { .port = 0 } };
	struct names_result named = { .err = ERR_OK };
	struct endpoint *v = usual;
	size_t n = usual_addresses(s, f, usual), n_up = 0;

	if (n == 0) {
		if (names_wait(f->listen_host, f->listen_port, NAMES_ANY, 0, &named) != ERR_OK) {
			log_error(&s->log, "%s: %s", f->listen_host, named.why);
			names_result_free(&named);
			return ERR_SYSTEM;
		}
		v = named.v;
		n = named.n;
	}
	for (size_t i = 0; i < n; i++) {
		v[i].port = f->listen_port;
		n_up += listen_on(s, f, is_dynamic, &v[i]) == ERR_OK;
	}
	names_result_free(&named);
	if (n_up > 0)
		return ERR_OK;
	log_error(&s->log, "channel_setup_fwd_listener_tcpip: cannot listen to port: %u",
	    f->listen_port);
	return ERR_SYSTEM;
}

static enum err
listen_unix(struct ssh *s, const struct forward *f)
{
	const struct ssh_config *c = &s->settings.config;
	struct stat st;
	char *path = strdup(f->listen_path);
	int fd;

	if (path == NULL)
		return ERR_NOMEM;
	/* Only a socket of ours is ever taken away. */
	if (c->stream_local_bind_unlink && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    st.st_uid == getuid())
		(void)unlink(path);
	if (net_listen_unix(path, SOCK_STREAM, (mode_t)c->stream_local_bind_mask, &fd) != ERR_OK) {
		log_error(&s->log, "unix_listener: cannot bind to path %s: %s", path,
		    strerror(errno));
		free(path);
		return ERR_SYSTEM;
	}
	log_debug(&s->log, "Local forwarding listening on path %s.", path);
	return add_listener(s, f, false, fd, path);
}

enum err
listen_start(struct ssh *s, const struct forward *f, bool is_dynamic)
{
	if (f->connect_path != NULL)
		log_debug(&s->log, "Local connections forwarded to remote path %s", f->connect_path);
	else if (!is_dynamic)
		log_debug(&s->log, "Local connections to %s:%u forwarded to remote address %s:%u",
		    f->listen_host == NULL ? "LOCALHOST" : f->listen_host, f->listen_port,
		    f->connect_host, f->connect_port);
	return f->listen_path != NULL ? listen_unix(s, f) : listen_tcp(s, f, is_dynamic);
}
