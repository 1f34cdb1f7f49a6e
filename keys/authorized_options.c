/* SPDX-License-Identifier: ISC */
/*
 * Options of authorized_keys: name, no-name, name="value", between commas.
 * One row an option; values are unquoted into one buffer, as long as the text,
 * that the result's spans point into.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/secret.h"
#include "base/text.h"
#include "keys/authorized_keys.h"
#include "keys/timestamp.h"

/* As many of one kind as OpenSSH takes. */
#define MAX_PERMIT	4096
#define MAX_ENV		1024

/* SSH_TUNID_ANY of OpenSSH's tunnel extension. */
#define TUNNEL_ANY	0x7fffffff

/* One option, taken apart. */
struct option {
	struct span whole;
	struct span name;		/* without "no-" */
	bool is_negated;
	bool has_value;
	struct span value;		/* unquoted */
};

struct parse {
	struct span rest;
	long utc_offset;
	size_t used;			/* of out->buf */
	struct authorized_options *out;
};

struct row {
	const char *name;
	bool takes_value;
	bool can_negate;
	unsigned permit;		/* flag: the bit it switches */
	enum err (*set)(struct parse *, const struct option *);
};

/* --- what each option does --- */

static enum err
set_restrict(struct parse *p, const struct option *o)
{
	(void)o;
	p->out->permit = 0;
	return ERR_OK;
}

static enum err
set_ca(struct parse *p, const struct option *o)
{
	(void)o;
	p->out->is_ca = true;
	return ERR_OK;
}

static enum err
set_touch(struct parse *p, const struct option *o)
{
	p->out->needs_touch = !o->is_negated;
	return ERR_OK;
}

static enum err
set_verify(struct parse *p, const struct option *o)
{
	p->out->needs_verify = !o->is_negated;
	return ERR_OK;
}

/* A value that may come once: which of two counts would be a guess. */
static enum err
set_once(bool *has, struct span *slot, struct span value)
{
	if (*has)
		return ERR_SYNTAX;
	*has = true;
	*slot = value;
	return ERR_OK;
}

static enum err
set_command(struct parse *p, const struct option *o)
{
	return set_once(&p->out->has_command, &p->out->command, o->value);
}

static enum err
set_from(struct parse *p, const struct option *o)
{
	return set_once(&p->out->has_from, &p->out->from, o->value);
}

static enum err
set_principals(struct parse *p, const struct option *o)
{
	return set_once(&p->out->has_principals, &p->out->principals, o->value);
}

static enum err
set_expiry(struct parse *p, const struct option *o)
{
	int64_t t;

	TRY(timestamp_parse(o->value, p->utc_offset, &t));
	if (t < p->out->expires)
		p->out->expires = t;
	return ERR_OK;
}

static enum err
set_tunnel(struct parse *p, const struct option *o)
{
	uint64_t unit = TUNNEL_ANY;

	if (!span_is(o->value, "any"))
		TRY(text_number(o->value, 0, TUNNEL_ANY - 2, &unit));
	p->out->tunnel = (int)unit;
	p->out->permit |= PERMIT_TUNNEL;
	return ERR_OK;
}

/* Makes room for one more element; n grows by the caller. */
static enum err
grow(void *array, size_t n, size_t max, size_t size)
{
	void **v = array;
	void *larger;

	if (n >= max)
		return ERR_LIMIT;
	if ((n & (n - 1)) != 0)		/* room lasts up to a power of two */
		return ERR_OK;
	larger = realloc(*v, (n == 0 ? 1 : 2 * n) * size);
	if (larger == NULL)
		return ERR_NOMEM;
	*v = larger;
	return ERR_OK;
}

/* Letters, digits and "_": anything else could mean more than a name. */
static bool
is_env_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || c == '_'))
			return false;
	}
	return name.len > 0;
}

static enum err
set_env(struct parse *p, const struct option *o)
{
	struct authorized_options *out = p->out;
	size_t equals = span_find(o->value, '=');
	struct span name = span_first(o->value, equals);

	if (equals == o->value.len || !is_env_name(name))
		return ERR_SYNTAX;
	for (size_t i = 0; i < out->n_env; i++)
		if (span_eq(out->env[i].name, name))
			return ERR_OK;		/* the first counts */
	TRY(grow(&out->env, out->n_env, MAX_ENV, sizeof *out->env));
	out->env[out->n_env++] = (struct permit_env){ name, span_skip(o->value, equals + 1) };
	return ERR_OK;
}

/* Splits "host:port", "[host]:port"; a host with colons needs its brackets. */
static enum err
split_address(struct span s, struct permit_address *out)
{
	size_t end = span_find(s, s.len > 0 && s.p[0] == '[' ? ']' : ':');
	struct span port;
	uint64_t n = 0;

	if (s.len > 0 && s.p[0] == '[') {
		out->host = span_skip(span_first(s, end), 1);
		s = span_skip(s, end + 1);
		end = 0;
	} else {
		out->host = span_first(s, end);
	}
	if (out->host.len == 0 || end >= s.len || s.p[end] != ':')
		return ERR_SYNTAX;
	port = span_skip(s, end + 1);
	if (!span_is(port, "*"))
		TRY(text_number(port, 1, 65535, &n));
	out->port = (uint16_t)n;
	return ERR_OK;
}

static enum err
add_address(struct permit_addresses *list, struct permit_address address)
{
	TRY(grow(&list->v, list->n, MAX_PERMIT, sizeof *list->v));
	list->v[list->n++] = address;
	return ERR_OK;
}

static enum err
set_open(struct parse *p, const struct option *o)
{
	struct permit_address a;

	TRY(split_address(o->value, &a));
	return add_address(&p->out->open, a);
}

static enum err
set_listen(struct parse *p, const struct option *o)
{
	struct permit_address a = { .host = SPAN_LIT("*") };
	uint64_t n = 0;

	if (span_find(o->value, ':') < o->value.len)
		TRY(split_address(o->value, &a));
	else if (!span_is(o->value, "*")) {
		TRY(text_number(o->value, 1, 65535, &n));
		a.port = (uint16_t)n;
	}
	return add_address(&p->out->listen, a);
}

/* Ours: who may connect to ports that listen for the holder of the key. */
static enum err
set_sources(struct parse *p, const struct option *o)
{
	struct span list = o->value, word;
	struct cidr c;

	if (p->out->has_sources)
		return ERR_SYNTAX;
	while (span_token(&list, ',', &word))
		TRY(cidr_parse(word, &c));
	p->out->has_sources = true;
	p->out->sources = o->value;
	return ERR_OK;
}

static const struct row rows[] = {
	{ "agent-forwarding",	false, true,  PERMIT_AGENT,   NULL },
	{ "port-forwarding",	false, true,  PERMIT_PORT,    NULL },
	{ "pty",		false, true,  PERMIT_PTY,     NULL },
	{ "user-rc",		false, true,  PERMIT_USER_RC, NULL },
	{ "X11-forwarding",	false, true,  PERMIT_X11,     NULL },
	{ "restrict",		false, false, 0,	      set_restrict },
	{ "cert-authority",	false, false, 0,	      set_ca },
	{ "touch-required",	false, true,  0,	      set_touch },
	{ "verify-required",	false, true,  0,	      set_verify },
	{ "principals",		true,  false, 0,	      set_principals },
	{ "command",		true,  false, 0,	      set_command },
	{ "from",		true,  false, 0,	      set_from },
	{ "expiry-time",	true,  false, 0,	      set_expiry },
	{ "environment",	true,  false, 0,	      set_env },
	{ "permitopen",		true,  false, 0,	      set_open },
	{ "permitlisten",	true,  false, 0,	      set_listen },
	{ "gatewaysources",	true,  false, 0,	      set_sources },
	{ "tunnel",		true,  false, 0,	      set_tunnel },
};

/* --- the grammar --- */

static bool
is_name(struct span s, const char *name)
{
	return s.len == strlen(name) && strncasecmp((const char *)s.p, name, s.len) == 0;
}

/* The row of an option; "no-" is taken off where the row allows it. NULL: unknown. */
static const struct row *
find_row(struct option *o)
{
	static const char no[] = "no-";
	bool has_no = o->name.len > 3 && strncasecmp((const char *)o->name.p, no, 3) == 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (is_name(o->name, rows[i].name))
			return &rows[i];
		if (has_no && rows[i].can_negate && is_name(span_skip(o->name, 3), rows[i].name)) {
			o->is_negated = true;
			return &rows[i];
		}
	}
	return NULL;
}

/* Takes a quoted value off p->rest and unquotes it into the buffer. */
static enum err
take_value(struct parse *p, struct span *value)
{
	uint8_t *to = p->out->buf + p->used;
	size_t i, n = 0;

	if (p->rest.len == 0 || p->rest.p[0] != '"')
		return ERR_SYNTAX;
	for (i = 1; i < p->rest.len && p->rest.p[i] != '"'; i++) {
		if (p->rest.p[i] == '\0')
			return ERR_SYNTAX;
		if (p->rest.p[i] == '\\' && i + 1 < p->rest.len && p->rest.p[i + 1] == '"')
			i++;
		to[n++] = p->rest.p[i];
	}
	if (i == p->rest.len)
		return ERR_SYNTAX;		/* no closing quote */
	p->rest = span_skip(p->rest, i + 1);
	p->used += n;
	*value = span_of(to, n);
	return ERR_OK;
}

/* Takes the next option off p->rest, with the comma behind it. */
static enum err
take_option(struct parse *p, struct option *o)
{
	struct span begin = p->rest;
	size_t n = 0;

	*o = (struct option){ .whole = begin };
	while (n < begin.len && begin.p[n] != '=' && begin.p[n] != ',' && begin.p[n] != '"' &&
	    begin.p[n] != ' ' && begin.p[n] != '\t' && begin.p[n] != '\0')
		n++;
	o->name = span_first(begin, n);
	o->whole = o->name;
	p->rest = span_skip(begin, n);
	if (o->name.len == 0)
		return ERR_SYNTAX;
	if (p->rest.len > 0 && p->rest.p[0] == '=') {
		o->has_value = true;
		p->rest = span_skip(p->rest, 1);
		TRY(take_value(p, &o->value));
	}
	if (p->rest.len == 0)
		return ERR_OK;
	/* Only a comma may follow, and something behind it. */
	if (p->rest.p[0] != ',' || p->rest.len == 1)
		return ERR_SYNTAX;
	p->rest = span_skip(p->rest, 1);
	return ERR_OK;
}

static enum err
apply(struct parse *p, struct option *o)
{
	const struct row *row = find_row(o);

	if (row == NULL) {
		if (p->out->unknown.len == 0) {
			/* buf is as long as the text: it has room for the name. */
			memcpy(p->out->buf + p->used, o->name.p, o->name.len);
			p->out->unknown = span_of(p->out->buf + p->used, o->name.len);
			p->used += o->name.len;
		}
		return ERR_OK;
	}
	if (row->takes_value != o->has_value)
		return ERR_SYNTAX;
	if (row->set != NULL)
		return row->set(p, o);
	p->out->permit = o->is_negated ? p->out->permit & ~row->permit :
	    p->out->permit | row->permit;
	return ERR_OK;
}

enum err
authorized_options_parse(struct span text, long utc_offset,
    struct authorized_options *out, struct span *at)
{
	struct parse p = { .rest = text, .utc_offset = utc_offset, .out = out };
	struct option o = { .has_value = false };
	enum err e = ERR_OK;

	*out = (struct authorized_options){
		.permit = PERMIT_ALL, .expires = AUTHORIZED_NEVER, .needs_touch = true,
		.tunnel = -1,
	};
	if (at != NULL)
		*at = SPAN_EMPTY;
	if (text.len == 0)
		return ERR_OK;
	out->buf = malloc(text.len);
	if (out->buf == NULL)
		e = ERR_NOMEM;
	while (e == ERR_OK && p.rest.len > 0) {
		e = take_option(&p, &o);
		if (e == ERR_OK)
			e = apply(&p, &o);
	}
	/* What an unknown option was meant to forbid cannot be known. */
	if (out->unknown.len > 0)
		out->permit = 0;
	if (e != ERR_OK) {
		authorized_options_free(out);
		if (at != NULL)
			*at = o.whole;
	}
	return e;
}

void
authorized_options_free(struct authorized_options *o)
{
	if (o == NULL)
		return;
	free(o->buf);
	free(o->open.v);
	free(o->listen.v);
	free(o->env);
	*o = (struct authorized_options){ .expires = AUTHORIZED_NEVER, .tunnel = -1 };
}

bool
permit_address_allows(const struct permit_addresses *list, struct span host, unsigned port)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct permit_address *a = &list->v[i];

		if ((a->port == 0 || a->port == port) && (span_is(a->host, "*") ||
		    (a->host.len == host.len &&
		    strncasecmp((const char *)a->host.p, (const char *)host.p, host.len) == 0)))
			return true;
	}
	return list->n == 0;
}
