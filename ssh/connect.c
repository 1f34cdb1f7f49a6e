/* SPDX-License-Identifier: ISC */
/* The way to the server: its addresses, tried one after the other. */
#include <errno.h>
#include <ifaddrs.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "os/clock.h"
#include "ssh/ssh.h"

/* ConnectTimeout when a connection is made again, unless it is set. */
#define AGAIN_SECONDS	30

/* Milliseconds until a deadline, for poll(2). */
static int
left(msec until)
{
	msec now = clock_boot();

	if (until == MSEC_NEVER)
		return -1;
	if (until <= now)
		return 0;
	return until - now > INT_MAX ? INT_MAX : (int)(until - now);
}

static enum names_family
wanted_family(const struct ssh *s)
{
	switch (s->settings.config.address_family) {
	case FAMILY_INET:
		return NAMES_INET;
	case FAMILY_INET6:
		return NAMES_INET6;
	default:
		return NAMES_ANY;
	}
}

/* --- from where --- */

/* The first address of an interface that fits family (4 or 6). ERR_NOTFOUND. */
static enum err
interface_address(const char *name, uint8_t family, struct endpoint *out)
{
	enum err e = ERR_NOTFOUND;
	struct ifaddrs *all;

	if (getifaddrs(&all) == -1)
		return ERR_SYSTEM;
	for (const struct ifaddrs *i = all; i != NULL && e != ERR_OK; i = i->ifa_next) {
		struct sockaddr_storage sa = { 0 };
		bool is_inet = i->ifa_addr != NULL && i->ifa_addr->sa_family == AF_INET;

		if (i->ifa_addr == NULL || strcmp(i->ifa_name, name) != 0 ||
		    (!is_inet && i->ifa_addr->sa_family != AF_INET6))
			continue;
		memcpy(&sa, i->ifa_addr,
		    is_inet ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
		if (endpoint_from_sockaddr(out, &sa) == ERR_OK && out->address.family == family)
			e = ERR_OK;
	}
	freeifaddrs(all);
	out->port = 0;
	return e;
}

/* BindAddress or BindInterface for a target of this family. ERR_NOTFOUND: neither is set. */
static enum err
local_end(const struct ssh *s, uint8_t family, struct endpoint *out)
{
	const struct ssh_config *c = &s->settings.config;
	struct names_result r;
	enum err e;

	if (c->bind_address != NULL) {
		e = names_wait(c->bind_address, 0, family == 4 ? NAMES_INET : NAMES_INET6, 0, &r);
		if (e == ERR_OK)
			*out = r.v[0];
		else
			log_error(&s->log, "getaddrinfo: %s: %s", c->bind_address, r.why);
		names_result_free(&r);
		return e == ERR_OK ? ERR_OK : ERR_SYSTEM;
	}
	if (c->bind_interface == NULL)
		return ERR_NOTFOUND;
	e = interface_address(c->bind_interface, family, out);
	if (e != ERR_OK)
		log_error(&s->log, "BindInterface %s: no suitable addresses", c->bind_interface);
	return e == ERR_OK ? ERR_OK : ERR_SYSTEM;
}

/* --- to where --- */

/* Waits until a started connection stands. ERR_TIMEOUT; ERR_SYSTEM with errno. */
static enum err
await(int fd, msec until)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int n;

	do
		n = poll(&p, 1, left(until));
	while (n == -1 && errno == EINTR);
	if (n == 0) {
		errno = ETIMEDOUT;
		return ERR_TIMEOUT;
	}
	return n == -1 ? ERR_SYSTEM : net_connect_result(fd);
}

static enum err
try_endpoint(struct ssh *s, const struct endpoint *to)
{
	struct route *r = &s->route;
	struct endpoint from;
	enum err e;
	int fd;

	address_print(&to->address, r->peer_text, sizeof(r->peer_text));
	r->peer_port = to->port;
	log_debug(&s->log, "Connecting to %s [%s] port %u.", s->settings.host, r->peer_text,
	    to->port);
	e = local_end(s, to->address.family, &from);
	if (e == ERR_SYSTEM)
		return e;
	e = net_connect(to, e == ERR_OK ? &from : NULL, &fd);
	if (e == ERR_OK) {
		e = await(fd, r->give_up);
		if (e != ERR_OK) {
			int saved = errno;

			close(fd);
			errno = saved;
		}
	}
	if (e != ERR_OK) {
		log_debug(&s->log, "connect to address %s port %u: %s", r->peer_text, to->port,
		    strerror(errno));
		return e;
	}
	r->peer = *to;
	r->read_fd = r->write_fd = r->socket = fd;
	return ERR_OK;
}

static void
set_up_socket(const struct ssh *s)
{
	net_no_delay(s->route.read_fd);
	if (s->settings.config.tcp_keep_alive)
		net_keep_alive(s->route.read_fd);
}

static enum err
try_all(struct ssh *s, const struct names_result *r)
{
	enum err e = ERR_NOTFOUND;
	int error = 0;

	for (size_t i = 0; i < r->n; i++) {
		e = try_endpoint(s, &r->v[i]);
		if (e == ERR_OK) {
			log_debug(&s->log, "Connection established.");
			set_up_socket(s);
			return ERR_OK;
		}
		error = errno;
	}
	errno = error;
	return e;
}

static enum err
connect_tcp(struct ssh *s)
{
	const struct ssh_config *c = &s->settings.config;
	const struct timespec second = { 1, 0 };
	struct names_result r;
	enum err e;
	int error = 0;

	e = names_wait(s->settings.host, (uint16_t)c->port, wanted_family(s),
	    (msec)c->connect_timeout * 1000, &r);
	if (e != ERR_OK) {
		log_fatal(&s->log, "ssh: Could not resolve hostname %s: %s", s->settings.host, r.why);
		names_result_free(&r);
		return e;
	}
	for (uint32_t n = 0; n < c->connection_attempts; n++) {
		if (n > 0) {
			(void)nanosleep(&second, NULL);
			log_debug(&s->log, "Trying again...");
		}
		e = try_all(s, &r);
		if (e == ERR_OK)
			break;
		error = errno;
	}
	names_result_free(&r);
	if (e != ERR_OK)
		log_error(&s->log, "ssh: connect to host %s port %u: %s", s->settings.host, c->port,
		    error == 0 ? "failure" : strerror(error));
	return e;
}

enum err
connect_route(struct ssh *s)
{
	uint32_t timeout = s->settings.config.connect_timeout;
	enum err e;

	if (timeout == 0 && s->was_open)
		timeout = AGAIN_SECONDS;
	s->route = (struct route){ .read_fd = -1, .write_fd = -1, .socket = -1,
	    .give_up = MSEC_NEVER };
	if (timeout > 0)
		s->route.give_up = clock_boot() + (msec)timeout * 1000;
	e = proxy_start(s);
	return e == ERR_NOTFOUND ? connect_tcp(s) : e;
}

void
route_set_class(const struct ssh *s, bool is_interactive)
{
	const struct ip_qos *q = &s->settings.config.ip_qos;
	int tos = is_interactive ? q->interactive : q->bulk;

	if (s->route.socket != -1 && tos != IP_QOS_NONE)
		net_set_dscp(s->route.socket, (unsigned)tos >> 2);
}

void
route_close(struct route *r)
{
	if (r->proxy <= 1)
		return;
	/* A proxy that does not notice the end of its input. */
	(void)kill(r->proxy, SIGHUP);
	while (waitpid(r->proxy, NULL, 0) == -1 && errno == EINTR)
		;
	r->proxy = 0;
}
