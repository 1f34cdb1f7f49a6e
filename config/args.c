/* SPDX-License-Identifier: ISC */
#include "config/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum err
args_bad(struct args *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(a->why, sizeof(a->why), fmt, ap);
	va_end(ap);
	return ERR_SYNTAX;
}

enum err
args_some(struct args *a)
{
	return a->n > 0 ? ERR_OK : args_bad(a, "missing argument");
}

enum err
args_one(struct args *a, struct span *out)
{
	TRY(args_some(a));
	if (a->n > 1)
		return args_bad(a, "extra arguments at end of line");
	*out = a->v[0];
	return ERR_OK;
}

bool
same_word(struct span s, const char *word)
{
	return s.len == strlen(word) && (s.len == 0 ||
	    strncasecmp((const char *)s.p, word, s.len) == 0);
}

bool
args_none(const struct args *a)
{
	return a->keyword->flags & NONE && a->n == 1 && same_word(a->v[0], "none");
}

enum err
copy_text(char **out, struct span s)
{
	must(*out == NULL);
	*out = span_dup_str(s);
	return *out == NULL ? ERR_NOMEM : ERR_OK;
}

void *
list_more(void *v, size_t n, size_t size)
{
	if (n > 0 && (n & (n - 1)) != 0)
		return v;		/* allocated by powers of two */
	return realloc(v, (n == 0 ? 1 : 2 * n) * size);
}

enum err
words_add(struct words *words, struct span s)
{
	char **v = list_more(words->v, words->n, sizeof(*v));

	if (v == NULL)
		return ERR_NOMEM;
	words->v = v;
	v[words->n] = NULL;
	TRY(copy_text(&v[words->n], s));
	words->n++;
	return ERR_OK;
}

void
words_free(void *value)
{
	struct words *words = value;

	for (size_t i = 0; i < words->n; i++)
		free(words->v[i]);
	free(words->v);
	*words = (struct words){ 0 };
}

bool
words_have(const struct words *words, struct span word)
{
	for (size_t i = 0; i < words->n; i++) {
		if (span_is(word, words->v[i]))
			return true;
	}
	return false;
}

size_t
find_last(struct span s, uint8_t c)
{
	for (size_t i = s.len; i > 0; i--) {
		if (s.p[i - 1] == c)
			return i - 1;
	}
	return s.len;
}

bool
split_host_port(struct span s, bool bare, struct span *host, struct span *port)
{
	size_t colon = find_last(s, ':'), close;

	*port = SPAN_EMPTY;
	if (s.len > 0 && s.p[0] == '[') {
		close = span_find(s, ']');
		if (close == s.len)
			return false;
		*host = span_of(s.p + 1, close - 1);
		if (span_find(*host, '[') < host->len)
			return false;
		if (close + 1 == s.len)
			return bare && host->len > 0;
		if (s.p[close + 1] != ':')
			return false;
		*port = span_skip(s, close + 2);
		return host->len > 0 && port->len > 0;
	}
	if (colon == s.len || span_find(s, ':') != colon) {	/* none, or IPv6 */
		*host = s;
		return bare && s.len > 0 && (colon == s.len ||
		    (span_find(s, '[') == s.len && span_find(s, ']') == s.len));
	}
	*host = span_first(s, colon);
	*port = span_skip(s, colon + 1);
	return host->len > 0 && port->len > 0;
}

bool
parse_port(struct span s, unsigned min, uint16_t *out)
{
	uint64_t port;

	if (text_number(s, min, 65535, &port) != ERR_OK)
		return false;
	*out = (uint16_t)port;
	return true;
}

void
print_host_port(struct writer *w, const char *host, const char *port)
{
	bool brackets = strchr(host, ':') != NULL;
	SCOPED(writer_free) struct writer word = writer_init(w->max);

	wr_printf(&word, brackets ? "[%s]%s%s" : "%s%s%s", host, port[0] == '\0' ? "" : ":", port);
	if (wr_end(&word) != ERR_OK)
		wr_fail(w, wr_end(&word));
	word_put(w, writer_span(&word));
}
