/* SPDX-License-Identifier: ISC */
/* Kinds of the client's forwardings: LocalForward and its like, ForwardAgent, TunnelDevice. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/table.h"

void
forward_clear(struct forward *f)
{
	free(f->listen_host);
	free(f->listen_path);
	free(f->connect_host);
	free(f->connect_path);
	*f = (struct forward){ 0 };
}

/* Whether s names a socket in the file system, perhaps after expansion. */
static bool
is_path(struct span s)
{
	return s.len > 0 && (s.p[0] == '/' || s.p[0] == '~' || s.p[0] == '%' ||
	    span_starts(s, SPAN_LIT("${")));
}

#define FIELDS_MAX	4

/*
 * Takes "a:b:c:d" apart, where a field may be "[...]" or have \: in it; 0 if
 * that cannot be. A field that is a path ends at the next ":" too.
 */
static size_t
split_fields(struct span s, struct span *out)
{
	size_t n = 0, i = 0;

	while (n < FIELDS_MAX) {
		size_t start = i, end;

		if (i < s.len && s.p[i] == '[') {
			while (i < s.len && s.p[i] != ']')
				i++;
			if (i == s.len)
				return 0;
			end = i++;
			start++;
		} else {
			while (i < s.len && s.p[i] != ':')
				i += span_starts(span_skip(s, i), SPAN_LIT("${")) ? 2 : 1;
			end = i = i > s.len ? s.len : i;
		}
		out[n++] = span_of(s.p + start, end - start);
		if (i == s.len)
			return n;
		if (s.p[i++] != ':')
			return 0;
	}
	return 0;
}

/* Whether s can be a host: brackets would not come back from a dump. */
static bool
is_host(struct span s)
{
	return s.len > 0 && span_find(s, '[') == s.len && span_find(s, ']') == s.len;
}

/* The listening end: [bind:]port or a path. */
static bool
set_listen(struct forward *f, const struct span *v, size_t n, unsigned min_port, enum err *e)
{
	if (n == 1 && is_path(v[0])) {
		*e = copy_text(&f->listen_path, v[0]);
		return true;
	}
	if (n < 1 || n > 2 || !parse_port(v[n - 1], min_port, &f->listen_port))
		return false;
	if (n == 1)
		return true;
	if (v[0].len > 0 && !is_host(v[0]))
		return false;
	/* An empty one stands for all addresses. */
	*e = copy_text(&f->listen_host, v[0].len == 0 ? SPAN_LIT("*") : v[0]);
	return true;
}

/* The connecting end: host:port or a path. */
static bool
set_connect(struct forward *f, const struct span *v, size_t n, enum err *e)
{
	if (n == 1 && is_path(v[0])) {
		*e = copy_text(&f->connect_path, v[0]);
		return true;
	}
	if (n != 2 || !is_host(v[0]) || !parse_port(v[1], 1, &f->connect_port))
		return false;
	*e = copy_text(&f->connect_host, v[0]);
	return true;
}

/* Takes the one- or two-word form. False if it is neither. */
static bool
set_forward(struct args *a, struct forward *f, enum err *e)
{
	unsigned min = a->keyword->detail->variant == FORWARDS_REMOTE ? 0 : 1;
	bool socks = a->keyword->detail->variant != FORWARDS_LOCAL;
	bool target = a->keyword->detail->variant != FORWARDS_DYNAMIC;
	struct span v[FIELDS_MAX], w[FIELDS_MAX];
	size_t n = split_fields(a->v[0], v), take;

	if (n == 0)
		return false;
	if (a->n == 2) {
		size_t m = split_fields(a->v[1], w);

		return target && set_listen(f, v, n, min, e) && *e == ERR_OK &&
		    set_connect(f, w, m, e);
	}
	/* One word, as behind -L: the last field or two say where to. */
	take = n > 1 && is_path(v[n - 1]) ? 1 : 2;
	if (target && n > take)
		return set_listen(f, v, n - take, min, e) && *e == ERR_OK &&
		    set_connect(f, v + n - take, take, e);
	return socks && set_listen(f, v, n, min, e);
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
same_forward(const struct forward *a, const struct forward *b)
{
	return same_text(a->listen_host, b->listen_host) &&
	    same_text(a->listen_path, b->listen_path) &&
	    same_text(a->connect_host, b->connect_host) &&
	    same_text(a->connect_path, b->connect_path) &&
	    a->listen_port == b->listen_port && a->connect_port == b->connect_port;
}

/* Adds a forward, which is the list's or gone afterwards. */
static enum err
forwards_add(struct forwards *list, struct forward *f)
{
	struct forward *v;

	for (size_t i = 0; i < list->n; i++) {
		if (same_forward(f, &list->v[i])) {
			forward_clear(f);
			return ERR_OK;
		}
	}
	v = list_more(list->v, list->n, sizeof(*v));
	if (v == NULL) {
		forward_clear(f);
		return ERR_NOMEM;
	}
	list->v = v;
	v[list->n++] = *f;
	return ERR_OK;
}

static enum err
forwards_parse(struct args *a, void *value)
{
	static const char *const forms[] = {
		[FORWARDS_LOCAL] = "must be [bind:]port or a path, then host:port or a path",
		[FORWARDS_REMOTE] = "must be [bind:]port or a path, then host:port, a path or nothing",
		[FORWARDS_DYNAMIC] = "must be [bind:]port",
	};
	struct forward f = { 0 };
	enum err e = ERR_OK;

	TRY(args_some(a));
	if (a->n > 2)
		return args_bad(a, "extra arguments at end of line");
	if (!set_forward(a, &f, &e))
		e = args_bad(a, "%s", forms[a->keyword->detail->variant]);
	if (e == ERR_OK)
		return forwards_add(value, &f);
	forward_clear(&f);
	return e;
}

static size_t
forwards_lines(const struct keyword *k, const void *value)
{
	(void)k;
	return ((const struct forwards *)value)->n;
}

/* Prints a path, a port, or "[host]:port", as ssh -G does. */
static void
print_end(struct writer *w, const char *path, const char *host, unsigned port)
{
	SCOPED(writer_free) struct writer word = writer_init(w->max);

	if (path != NULL)
		wr_printf(&word, "%s", path);
	else if (host != NULL)
		wr_printf(&word, "[%s]:%u", host, port);
	else
		wr_printf(&word, "%u", port);
	if (wr_end(&word) != ERR_OK)
		wr_fail(w, wr_end(&word));
	word_put(w, writer_span(&word));
}

static void
forwards_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	const struct forward *f = &((const struct forwards *)value)->v[i];

	(void)k;
	print_end(w, f->listen_path, f->listen_host, f->listen_port);
	if (f->connect_path == NULL && f->connect_host == NULL)
		return;
	wr_u8(w, ' ');
	print_end(w, f->connect_path, f->connect_host, f->connect_port);
}

static void
forwards_free(void *value)
{
	struct forwards *list = value;

	for (size_t i = 0; i < list->n; i++)
		forward_clear(&list->v[i]);
	free(list->v);
	*list = (struct forwards){ 0 };
}

const struct kind kind_forwards = {
	.size = sizeof(struct forwards), .parse = forwards_parse, .lines = forwards_lines,
	.print = forwards_print, .free = forwards_free,
};

/* --- ForwardAgent --- */

static enum err
forward_agent_parse(struct args *a, void *value)
{
	struct forward_agent *f = value;
	struct span s;

	TRY(args_one(a, &s));
	if (s.len == 0)
		return args_bad(a, "must be yes, no, a path or $VARIABLE");
	f->on = !same_word(s, "no") && !(a->truth && same_word(s, "false"));
	if (!f->on || same_word(s, "yes") || (a->truth && same_word(s, "true")))
		return ERR_OK;
	return copy_text(&f->socket, s);
}

static void
forward_agent_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	const struct forward_agent *f = value;

	(void)k;
	(void)i;
	if (f->socket != NULL)
		word_put(w, span_str(f->socket));
	else
		wr_printf(w, "%s", f->on ? "yes" : "no");
}

static void
forward_agent_free(void *value)
{
	struct forward_agent *f = value;

	free(f->socket);
	*f = (struct forward_agent){ 0 };
}

const struct kind kind_forward_agent = {
	.size = sizeof(struct forward_agent), .parse = forward_agent_parse,
	.print = forward_agent_print, .free = forward_agent_free,
};

/* --- TunnelDevice --- */

static bool
parse_unit(struct span s, int *out)
{
	uint64_t unit;

	*out = TUNNEL_ANY;
	if (same_word(s, "any"))
		return true;
	if (text_number(s, 0, INT32_MAX, &unit) != ERR_OK)
		return false;
	*out = (int)unit;
	return true;
}

static enum err
tunnel_device_parse(struct args *a, void *value)
{
	struct tunnel_device *t = value;
	struct span s;
	size_t colon;

	TRY(args_one(a, &s));
	colon = span_find(s, ':');
	t->remote = TUNNEL_ANY;
	if (!parse_unit(span_first(s, colon), &t->local) ||
	    (colon < s.len && !parse_unit(span_skip(s, colon + 1), &t->remote)))
		return args_bad(a, "must be local or local:remote, numbers or any");
	return ERR_OK;
}

static void
tunnel_device_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	const struct tunnel_device *t = value;
	int units[2] = { t->local, t->remote };

	(void)k;
	(void)i;
	for (size_t u = 0; u < COUNT(units); u++) {
		if (u > 0)
			wr_u8(w, ':');
		if (units[u] == TUNNEL_ANY)
			wr_raw(w, SPAN_LIT("any"));
		else
			wr_printf(w, "%d", units[u]);
	}
}

const struct kind kind_tunnel_device = {
	.size = sizeof(struct tunnel_device), .parse = tunnel_device_parse,
	.print = tunnel_device_print,
};
