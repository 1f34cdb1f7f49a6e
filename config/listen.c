/* SPDX-License-Identifier: ISC */
/* Kinds that are ports and hosts: Port, ListenAddress, PermitOpen and its like. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/table.h"

static enum err
ports_parse(struct args *a, void *value)
{
	struct ports *ports = value;
	uint16_t port, *v;
	struct span s;

	TRY(args_one(a, &s));
	if (!parse_port(s, 1, &port))
		return args_bad(a, "must be a number from 1 to 65535");
	for (size_t i = 0; i < ports->n; i++) {
		if (ports->v[i] == port)
			return ERR_OK;
	}
	v = list_more(ports->v, ports->n, sizeof(*v));
	if (v == NULL)
		return ERR_NOMEM;
	ports->v = v;
	v[ports->n++] = port;
	return ERR_OK;
}

static size_t
ports_lines(const struct keyword *k, const void *value)
{
	(void)k;
	return ((const struct ports *)value)->n;
}

static void
ports_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	(void)k;
	wr_printf(w, "%u", ((const struct ports *)value)->v[i]);
}

static void
ports_free(void *value)
{
	struct ports *ports = value;

	free(ports->v);
	*ports = (struct ports){ 0 };
}

const struct kind kind_ports = {
	.size = sizeof(struct ports), .parse = ports_parse, .lines = ports_lines,
	.print = ports_print, .free = ports_free,
};

static enum err
listen_add(struct listen_addresses *l, struct span host, uint16_t port)
{
	struct listen_address *v = list_more(l->v, l->n, sizeof(*v));

	if (v == NULL)
		return ERR_NOMEM;
	l->v = v;
	v[l->n] = (struct listen_address){ .port = port };
	TRY(copy_text(&v[l->n].host, host));
	l->n++;
	return ERR_OK;
}

static enum err
listen_parse(struct args *a, void *value)
{
	struct span host, port;
	uint16_t number = 0;

	TRY(args_some(a));
	if (a->n > 1 && same_word(a->v[1], "rdomain"))
		return args_bad(a, "routing domains are not supported on this system");
	if (a->n > 1)
		return args_bad(a, "extra arguments at end of line");
	if (!split_host_port(a->v[0], true, &host, &port))
		return args_bad(a, "must be host, host:port, [v6] or [v6]:port");
	if (port.len > 0 && !parse_port(port, 1, &number))
		return args_bad(a, "the port must be a number from 1 to 65535");
	return listen_add(value, host, number);
}

static size_t
listen_lines(const struct keyword *k, const void *value)
{
	(void)k;
	return ((const struct listen_addresses *)value)->n;
}

static void
listen_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	const struct listen_address *l = &((const struct listen_addresses *)value)->v[i];
	char port[8];

	(void)k;
	if (l->port == 0 && strchr(l->host, ':') == NULL) {
		word_put(w, span_str(l->host));
		return;
	}
	snprintf(port, sizeof(port), "%u", l->port);
	print_host_port(w, l->host, l->port == 0 ? "" : port);
}

static void
listen_free(void *value)
{
	struct listen_addresses *l = value;

	for (size_t i = 0; i < l->n; i++)
		free(l->v[i].host);
	free(l->v);
	*l = (struct listen_addresses){ 0 };
}

const struct kind kind_listen_addresses = {
	.size = sizeof(struct listen_addresses), .parse = listen_parse, .lines = listen_lines,
	.print = listen_print, .free = listen_free,
};

/* Takes one word of PermitOpen (host:port) or PermitListen ([host:]port). */
static enum err
permit_add(struct args *a, struct permits *p, struct span s)
{
	bool listen = a->keyword->detail->variant == PERMITS_LISTEN;
	struct span host = SPAN_LIT("*"), port = s;
	struct permit *v;
	uint16_t number = 0;

	if ((!listen || span_find(s, ':') < s.len) && !split_host_port(s, false, &host, &port))
		return args_bad(a, "must be any, none, or a list of %s",
		    listen ? "[host:]port" : "host:port");
	if (!span_is(port, "*") && !parse_port(port, 1, &number))
		return args_bad(a, "a port must be a number from 1 to 65535, or *");
	v = list_more(p->v, p->n, sizeof(*v));
	if (v == NULL)
		return ERR_NOMEM;
	p->v = v;
	v[p->n] = (struct permit){ .port = number };
	if (!span_is(host, "*"))
		TRY(copy_text(&v[p->n].host, host));
	p->n++;
	return ERR_OK;
}

static enum err
permits_parse(struct args *a, void *value)
{
	struct permits *p = value;

	TRY(args_some(a));
	if (args_none(a))
		return ERR_OK;
	if (a->n == 1 && same_word(a->v[0], "any")) {
		p->any = true;
		return ERR_OK;
	}
	for (size_t i = 0; i < a->n; i++)
		TRY(permit_add(a, p, a->v[i]));
	return ERR_OK;
}

static size_t
permits_lines(const struct keyword *k, const void *value)
{
	const struct permits *p = value;

	(void)k;
	return p->any || p->n > 0 ? 1 : 0;
}

static void
permits_print(const struct keyword *k, const void *value, size_t line, struct writer *w)
{
	const struct permits *p = value;

	(void)k;
	(void)line;
	if (p->any)
		wr_raw(w, SPAN_LIT("any"));
	for (size_t i = 0; i < p->n; i++) {
		char port[8] = "*";

		if (p->v[i].port != 0)
			snprintf(port, sizeof(port), "%u", p->v[i].port);
		if (i > 0)
			wr_u8(w, ' ');
		print_host_port(w, p->v[i].host == NULL ? "*" : p->v[i].host, port);
	}
}

static void
permits_free(void *value)
{
	struct permits *p = value;

	for (size_t i = 0; i < p->n; i++)
		free(p->v[i].host);
	free(p->v);
	*p = (struct permits){ 0 };
}

const struct kind kind_permits = {
	.size = sizeof(struct permits), .parse = permits_parse, .lines = permits_lines,
	.print = permits_print, .free = permits_free,
};

bool
permits_allow(const struct permits *p, struct span host, uint16_t port, bool patterns)
{
	if (p->any)
		return true;
	for (size_t i = 0; i < p->n; i++) {
		const struct permit *permit = &p->v[i];

		if (permit->port != 0 && permit->port != port)
			continue;
		if (permit->host == NULL || same_word(host, permit->host))
			return true;
		if (patterns && text_match(host, span_str(permit->host), true))
			return true;
	}
	return false;
}
