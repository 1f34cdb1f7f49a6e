/* SPDX-License-Identifier: ISC */
/*
 * ssh-keyscan: which hosts are next. A host is looked up, then asked for its
 * first kind of key; as soon as its server has said what it is, it is asked for
 * the others, too. An address where nobody speaks SSH costs one connection.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "tools/ssh_keyscan_i.h"

/* Looking a name up may take as long as resolvers wait for the first of two name servers. */
#define LOOKUP_MSEC	10000

void
scan_give_up(struct scan *s, enum err e)
{
	if (s->err == ERR_OK) {
		s->error = errno;
		s->err = e;
	}
	loop_stop(s->loop);
}

void
host_tell(struct scan_host *h, const char *fmt, ...)
{
	const struct log *log = &h->scan->ks->log;
	va_list ap;

	va_start(ap, fmt);
	log_va(log, h->is_one_of_many || h->is_told ? LOG_LEVEL_DEBUG1 : LOG_LEVEL_ERROR, fmt, ap);
	va_end(ap);
	h->is_told = true;
}

/* --- one host --- */

static void
host_free(struct scan_host *h)
{
	struct scan_host **at = &h->scan->hosts;

	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
	while (h->asks != NULL)
		ask_free(h->asks);
	if (h->lookup != NULL) {
		name_lookup_cancel(h->lookup);
		h->scan->n_used--;
	}
	timer_free(h->timer);
	free(h->addresses);
	free(h->names);
	free(h->current);
	free(h);
}

static void try_next_address(struct scan_host *h);

/* Asks for the next kind of key at one of n endpoints. */
static void
ask_next(struct scan_host *h, const struct endpoint *v, size_t n)
{
	const struct keyscan_kind *kind = keyscan_kind(h->scan->ks->kinds, h->n_asked);
	enum err e = ask_start(h, kind, v, n);

	h->n_asked++;
	if (e != ERR_OK)
		scan_give_up(h->scan, e);
}

static void
lookup_over(struct scan_host *h)
{
	h->lookup = NULL;
	h->scan->n_used--;
	timer_set(h->timer, MSEC_NEVER);
}

static void
on_looked_up(void *arg, struct names_result *r)
{
	struct scan_host *h = arg;

	lookup_over(h);
	if (r->err == ERR_OK) {
		ask_next(h, r->v, r->n < NAMES_MAX ? r->n : NAMES_MAX);
		return;
	}
	host_tell(h, "getaddrinfo %s: %s", h->current, r->why == NULL ? err_text(r->err) : r->why);
	try_next_address(h);
}

static void
on_lookup_timeout(void *arg)
{
	struct scan_host *h = arg;

	name_lookup_cancel(h->lookup);
	lookup_over(h);
	host_tell(h, "getaddrinfo %s: %s", h->current, strerror(ETIMEDOUT));
	try_next_address(h);
}

/* Goes on to the next address of the list; when there is none, that was it. */
static void
try_next_address(struct scan_host *h)
{
	struct scan *s = h->scan;
	struct span address;
	enum err e = ERR_NOMEM;

	timer_set(s->more, loop_now(s->loop));
	if (!keyscan_next_name(&h->untried, &address)) {
		host_free(h);
		return;
	}
	h->n_asked = 0;
	h->is_told = false;
	free(h->current);
	h->current = span_dup_str(address);
	if (h->current != NULL)
		e = names_lookup(s->names, h->current, s->ks->form.port, s->ks->family,
		    on_looked_up, h, &h->lookup);
	if (e != ERR_OK) {
		scan_give_up(s, e);
		return;
	}
	s->n_used++;
	timer_set(h->timer, loop_now(s->loop) + s->ks->timeout + LOOKUP_MSEC);
}

void
host_answered(struct scan_host *h, const struct endpoint *server)
{
	if (h->has_answered)
		return;
	h->has_answered = true;
	h->server = *server;
	timer_set(h->scan->more, loop_now(h->scan->loop));
}

/* Whether there are kinds left to be asked for where the host has answered. */
static bool
is_waiting(const struct scan_host *h)
{
	return h->has_answered && keyscan_kind(h->scan->ks->kinds, h->n_asked) != NULL;
}

void
host_asked(struct scan_host *h)
{
	struct scan *s = h->scan;

	timer_set(s->more, loop_now(s->loop));
	if (h->asks != NULL || is_waiting(h))
		return;
	if (h->has_answered)
		host_free(h);
	else
		try_next_address(h);
}

/* --- the list --- */

static enum err
host_new(struct scan *s, struct span addresses, struct span names, bool is_one_of_many)
{
	struct scan_host *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return ERR_NOMEM;
	*h = (struct scan_host){ .scan = s, .next = s->hosts, .is_one_of_many = is_one_of_many,
	    .addresses = span_dup_str(addresses), .names = span_dup_str(names) };
	s->hosts = h;
	if (h->addresses == NULL || h->names == NULL ||
	    loop_timer(s->loop, &h->timer, on_lookup_timeout, h) != ERR_OK) {
		host_free(h);
		return ERR_NOMEM;
	}
	h->untried = span_str(h->addresses);
	try_next_address(h);
	return ERR_OK;
}

/* Takes the next line off the list; false at the end. */
static bool
next_entry(struct scan *s, struct keyscan_entry *entry)
{
	struct span line;
	char buf[256];

	while (s->rest.len > 0) {
		enum err e;

		line = span_first(s->rest, span_find(s->rest, '\n'));
		s->rest = span_skip(s->rest, line.len + 1);
		e = keyscan_parse(line, entry);
		if (e == ERR_OK)
			return true;
		text_visible_str(buf, sizeof(buf), line);
		if (e == ERR_RANGE)
			log_error(&s->ks->log, "too many addresses: %s", buf);
		else if (e == ERR_SYNTAX)
			log_error(&s->ks->log, "not a host with its names, and not a network: %s", buf);
	}
	return false;
}

/* Begins with the next host; ERR_NOTFOUND: that was the last one. */
static enum err
next_host(struct scan *s)
{
	struct address a;
	struct keyscan_entry entry;
	char buf[64];

	if (s->many.is_network && keyscan_next_address(&s->many.network, &a)) {
		struct span text = span_str(address_print(&a, buf, sizeof(buf)));

		return host_new(s, text, text, true);
	}
	s->many.is_network = false;
	if (!next_entry(s, &entry))
		return ERR_NOTFOUND;
	if (!entry.is_network)
		return host_new(s, entry.addresses, entry.names, false);
	s->many = entry;
	return next_host(s);
}

/* Begins whatever can be begun; ends the loop when all is done. */
static void
on_more(void *arg)
{
	struct scan *s = arg;
	enum err e = ERR_OK;

	for (struct scan_host *h = s->hosts; h != NULL; h = h->next)
		while (s->n_used < s->ks->parallel && s->err == ERR_OK && is_waiting(h))
			ask_next(h, &h->server, 1);
	while (s->n_used < s->ks->parallel && s->err == ERR_OK && e == ERR_OK)
		e = next_host(s);
	if (e != ERR_OK && e != ERR_NOTFOUND)
		scan_give_up(s, e);
	if (s->hosts == NULL)
		loop_stop(s->loop);
}

enum err
keyscan_run(const struct keyscan *ks, uint64_t *n_keys)
{
	struct scan s = { .ks = ks, .rest = ks->list, .rng = rng_system() };
	enum err e = loop_new(&s.loop);

	if (e == ERR_OK)
		e = names_new(&s.names, s.loop);
	if (e == ERR_OK)
		e = loop_timer(s.loop, &s.more, on_more, &s);
	if (e == ERR_OK) {
		timer_set(s.more, loop_now(s.loop));
		e = loop_run(s.loop);
	}
	while (s.hosts != NULL)
		host_free(s.hosts);
	names_free(s.names);
	loop_free(s.loop);
	*n_keys = s.n_keys;
	if (s.err != ERR_OK) {
		errno = s.error;
		return s.err;
	}
	return e;
}
