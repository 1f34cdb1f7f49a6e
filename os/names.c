/* SPDX-License-Identifier: ISC */
#include "os/names.h"

#include <limits.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "os/clock.h"
#include "os/dns.h"

/* One socket that c-ares uses. */
struct name_socket {
	struct names *names;
	struct name_socket *next;
	ares_socket_t fd;
	struct watch *watch;
};

struct name_lookup {
	struct names *names;
	struct name_lookup *next;
	struct timer *soon;		/* an answer that was there at once: told from the loop */
	struct names_result result;
	uint16_t port;
	bool cancelled;			/* c-ares will still call back */
	void (*done)(void *, struct names_result *);
	void *arg;
};

struct names {
	struct loop *loop;
	ares_channel channel;
	bool is_open;
	bool is_closing;
	struct timer *timer;		/* of c-ares */
	struct name_socket *sockets;
	struct name_lookup *lookups;
};

void
names_result_free(struct names_result *r)
{
	if (r == NULL)
		return;
	free(r->v);
	free(r->canonical);
	*r = (struct names_result){ .err = ERR_NOTFOUND };
}

/* --- c-ares and the loop --- */

static void
set_timer(struct names *names)
{
	struct timeval tv, *left;

	left = ares_timeout(names->channel, NULL, &tv);
	if (left == NULL)
		timer_set(names->timer, MSEC_NEVER);
	else
		timer_set(names->timer, loop_time(names->loop) + (msec)left->tv_sec * 1000 +
		    (msec)left->tv_usec / 1000 + 1);
}

static void
on_timer(void *arg)
{
	struct names *names = arg;

	ares_process_fd(names->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	set_timer(names);
}

static void
on_socket(void *arg, unsigned events)
{
	struct name_socket *s = arg;
	struct names *names = s->names;
	ares_socket_t fd = s->fd;
	bool hangup = (events & LOOP_HANGUP) != 0;

	/* s may be gone after this call. */
	ares_process_fd(names->channel,
	    (events & LOOP_READ) != 0 || hangup ? fd : ARES_SOCKET_BAD,
	    (events & LOOP_WRITE) != 0 ? fd : ARES_SOCKET_BAD);
	set_timer(names);
}

static void
socket_gone(struct names *names, ares_socket_t fd)
{
	for (struct name_socket **at = &names->sockets; *at != NULL; at = &(*at)->next) {
		struct name_socket *s = *at;

		if (s->fd != fd)
			continue;
		*at = s->next;
		watch_free(s->watch);
		free(s);
		return;
	}
}

static void
on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct names *names = arg;
	unsigned events = (readable ? LOOP_READ : 0) | (writable ? LOOP_WRITE : 0);
	struct name_socket *s = names->sockets;

	while (s != NULL && s->fd != fd)
		s = s->next;
	if (events == 0) {
		socket_gone(names, fd);
		return;
	}
	if (s != NULL) {
		watch_set(s->watch, events);
		return;
	}
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return;		/* the timer ends the question */
	*s = (struct name_socket){ .names = names, .fd = fd };
	if (loop_watch(names->loop, &s->watch, fd, events, on_socket, s) != ERR_OK) {
		free(s);
		return;
	}
	s->next = names->sockets;
	names->sockets = s;
}

/* Opens the channel at its first use. */
static enum err
open_channel(struct names *names)
{
	const struct ares_options options = { .sock_state_cb = on_socket_state,
	    .sock_state_cb_data = names };

	if (names->is_open)
		return ERR_OK;
	TRY(dns_open(&names->channel, "fb", &options, ARES_OPT_SOCK_STATE_CB));
	names->is_open = true;
	return ERR_OK;
}

enum err
names_new(struct names **out, struct loop *loop)
{
	struct names *names = calloc(1, sizeof(*names));

	*out = NULL;
	if (names == NULL)
		return ERR_NOMEM;
	names->loop = loop;
	if (loop_timer(loop, &names->timer, on_timer, names) != ERR_OK) {
		free(names);
		return ERR_NOMEM;
	}
	*out = names;
	return ERR_OK;
}

static void
lookup_free(struct name_lookup *l)
{
	struct name_lookup **at = &l->names->lookups;

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	timer_free(l->soon);
	names_result_free(&l->result);
	free(l);
}

void
names_free(struct names *names)
{
	if (names == NULL)
		return;
	names->is_closing = true;
	if (names->is_open) {
		/* Calls back for each question that is open, and frees it so. */
		dns_close(names->channel);
	}
	while (names->lookups != NULL)
		lookup_free(names->lookups);
	while (names->sockets != NULL)
		socket_gone(names, names->sockets->fd);
	timer_free(names->timer);
	free(names);
}

/* --- answers --- */

/* The texts are those of getaddrinfo(3), which scripts know. */
static void
set_failure(struct names_result *r, int status)
{
	switch (status) {
	case ARES_ENOTFOUND:
	case ARES_EBADNAME:
	case ARES_ESERVICE:
		r->err = ERR_NOTFOUND;
		r->why = "Name or service not known";
		break;
	case ARES_ENODATA:
		r->err = ERR_NOTFOUND;
		r->why = "No address associated with hostname";
		break;
	case ARES_ENOMEM:
		r->err = ERR_NOMEM;
		r->why = "Memory allocation failure";
		break;
	case ARES_EREFUSED:
	case ARES_EFORMERR:
	case ARES_ENOTIMP:
	case ARES_EBADRESP:
		r->err = ERR_SYSTEM;
		r->why = "Non-recoverable failure in name resolution";
		break;
	default:
		r->err = ERR_TIMEOUT;
		r->why = "Temporary failure in name resolution";
	}
}

static void
take_addresses(struct name_lookup *l, const struct ares_addrinfo *info)
{
	struct names_result *r = &l->result;

	r->v = calloc(NAMES_MAX, sizeof(*r->v));
	if (r->v == NULL) {
		set_failure(r, ARES_ENOMEM);
		return;
	}
	for (const struct ares_addrinfo_node *n = info->nodes; n != NULL; n = n->ai_next) {
		struct sockaddr_storage sa = { 0 };

		if (r->n == NAMES_MAX || (size_t)n->ai_addrlen > sizeof(sa))
			break;
		memcpy(&sa, n->ai_addr, (size_t)n->ai_addrlen);
		if (endpoint_from_sockaddr(&r->v[r->n], &sa) != ERR_OK)
			continue;
		r->v[r->n++].port = l->port;
	}
	if (r->n == 0) {
		set_failure(r, ARES_ENODATA);
		return;
	}
	r->err = ERR_OK;
	r->why = NULL;
}

static void
tell(void *arg)
{
	struct name_lookup *l = arg;
	struct names_result result = l->result;
	void (*done)(void *, struct names_result *) = l->done;
	void *done_arg = l->arg;

	l->result = (struct names_result){ .err = ERR_NOTFOUND };
	lookup_free(l);
	done(done_arg, &result);
	names_result_free(&result);
}

static void
on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct name_lookup *l = arg;

	(void)timeouts;
	if (l->cancelled || l->names->is_closing) {
		if (info != NULL)
			ares_freeaddrinfo(info);
		lookup_free(l);
		return;
	}
	if (status != ARES_SUCCESS || info == NULL) {
		set_failure(&l->result, status);
	} else {
		take_addresses(l, info);
		for (const struct ares_addrinfo_cname *c = info->cnames; c != NULL; c = c->next)
			if (c->next == NULL && c->name != NULL)
				l->result.canonical = strdup(c->name);
	}
	if (info != NULL)
		ares_freeaddrinfo(info);
	timer_set(l->soon, loop_now(l->names->loop));
}

/* --- addresses in numbers --- */

static bool
family_fits(const struct address *a, enum names_family family)
{
	return family == NAMES_ANY || (a->family == 4) == (family == NAMES_INET);
}

/* Takes "fe80::1%eth0" or "fe80::1%2" apart. */
static enum err
parse_literal(const char *host, struct endpoint *e)
{
	const char *zone = strchr(host, '%');
	struct span text = span_str(host);
	char buf[IF_NAMESIZE + 64];
	uint64_t number;

	if (zone == NULL)
		return address_parse(text, &e->address);
	if (text.len >= sizeof(buf))
		return ERR_SYNTAX;
	TRY(address_parse(span_of(host, (size_t)(zone - host)), &e->address));
	if (e->address.family != 6)
		return ERR_SYNTAX;
	e->scope = if_nametoindex(zone + 1);
	if (e->scope == 0 && text_number(span_str(zone + 1), 1, UINT32_MAX, &number) == ERR_OK)
		e->scope = (uint32_t)number;
	return e->scope == 0 ? ERR_SYNTAX : ERR_OK;
}

/* Whether host is an address; what is to be told is in l->result then. */
static bool
answer_literal(struct name_lookup *l, const char *host, enum names_family family)
{
	struct endpoint e = { .port = l->port };
	struct names_result *r = &l->result;

	if (parse_literal(host, &e) != ERR_OK)
		return false;
	if (!family_fits(&e.address, family)) {
		r->err = ERR_NOTFOUND;
		r->why = "Address family for hostname not supported";
		return true;
	}
	r->v = malloc(sizeof(*r->v));
	if (r->v == NULL) {
		set_failure(r, ARES_ENOMEM);
		return true;
	}
	r->v[0] = e;
	r->n = 1;
	r->err = ERR_OK;
	return true;
}

/* --- questions --- */

static enum err
ask(struct name_lookup *l, const char *host, enum names_family family)
{
	struct ares_addrinfo_hints hints = {
		.ai_family = family == NAMES_INET ? AF_INET :
		    family == NAMES_INET6 ? AF_INET6 : AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
	};
	struct names *names = l->names;

	TRY(open_channel(names));
	/* No service name: the port is put in afterwards, no services file read. */
	ares_getaddrinfo(names->channel, host, NULL, &hints, on_answer, l);
	set_timer(names);
	return ERR_OK;
}

enum err
names_lookup(struct names *names, const char *host, uint16_t port, enum names_family family,
    void (*done)(void *arg, struct names_result *r), void *arg, struct name_lookup **out)
{
	struct name_lookup *l = calloc(1, sizeof(*l));
	enum err e;

	if (out != NULL)
		*out = NULL;
	if (l == NULL)
		return ERR_NOMEM;
	*l = (struct name_lookup){ .names = names, .port = port, .done = done, .arg = arg };
	e = loop_timer(names->loop, &l->soon, tell, l);
	if (e != ERR_OK) {
		free(l);
		return e;
	}
	l->next = names->lookups;
	names->lookups = l;
	if (answer_literal(l, host, family)) {
		timer_set(l->soon, loop_now(names->loop));
	} else {
		e = ask(l, host, family);
		if (e != ERR_OK) {
			lookup_free(l);
			return e;
		}
	}
	if (out != NULL)
		*out = l;
	return ERR_OK;
}

void
name_lookup_cancel(struct name_lookup *lookup)
{
	if (lookup == NULL)
		return;
	/* An answer that is here already only waits to be told. */
	if (lookup->result.why != NULL || lookup->result.n > 0)
		lookup_free(lookup);
	else
		lookup->cancelled = true;
}

/* --- waiting --- */

struct wait {
	struct names_result *result;
	bool done;
};

static void
on_waited(void *arg, struct names_result *r)
{
	struct wait *w = arg;

	*w->result = *r;
	*r = (struct names_result){ .err = ERR_NOTFOUND };
	w->done = true;
}

static enum err
wait_on(struct loop *loop, struct names *names, const char *host, uint16_t port,
    enum names_family family, msec timeout, struct names_result *r)
{
	msec end = timeout == 0 ? MSEC_NEVER : clock_boot() + timeout;
	struct wait w = { .result = r };

	TRY(names_lookup(names, host, port, family, on_waited, &w, NULL));
	while (!w.done) {
		TRY(loop_turn(loop, end));
		if (!w.done && loop_time(loop) >= end) {
			set_failure(r, ARES_ETIMEOUT);
			break;
		}
	}
	return r->err;
}

enum err
names_wait(const char *host, uint16_t port, enum names_family family, msec timeout,
    struct names_result *r)
{
	struct names *names = NULL;
	struct loop *loop = NULL;
	enum err e;

	*r = (struct names_result){ .err = ERR_NOTFOUND };
	e = loop_new(&loop);
	if (e == ERR_OK)
		e = names_new(&names, loop);
	if (e == ERR_OK)
		e = wait_on(loop, names, host, port, family, timeout, r);
	names_free(names);
	loop_free(loop);
	if (e != ERR_OK && r->why == NULL) {
		r->err = e;
		r->why = err_text(e);
	}
	return e;
}
