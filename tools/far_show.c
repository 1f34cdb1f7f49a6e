/* SPDX-License-Identifier: ISC */
/* What scp and sftp show, and how they read what the user names. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tools/far.h"

/* Copies text so that a terminal prints it and does nothing else; a newline at its end may stay. */
static char *
shown(const char *text, bool keeps_newline)
{
	struct span s = span_str(text);
	char *out = far_must(malloc(4 * s.len + 1)), *p = out;

	while (s.len > 0) {
		size_t n = (s.p[0] >= ' ' && s.p[0] <= '~') || (keeps_newline && s.len == 1 && s.p[0] == '\n') ? 1 :
		    text_utf8_char(s);

		if (n > 0) {
			memcpy(p, s.p, n);
			p += n;
		} else {
			p += sprintf(p, "\\%03o", s.p[0]);
			n = 1;
		}
		s = span_skip(s, n);
	}
	*p = '\0';
	return out;
}

char *
far_shown(const char *text)
{
	return shown(text, false);
}

void
far_print(FILE *to, const char *fmt, ...)
{
	char *raw = NULL, *fit;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&raw, fmt, ap) == -1)
		raw = far_must(NULL);
	va_end(ap);
	fit = shown(raw, true);
	fputs(fit, to);
	free(fit);
	free(raw);
}

/* --- where --- */

void
where_free(struct where *w)
{
	free(w->user);
	free(w->host);
	free(w->path);
	*w = (struct where){ .port = -1 };
}

/* Takes the %XX out; NULL if one is none, or a NUL. */
static char *
decode(struct span s)
{
	char *out = far_must(malloc(s.len + 1)), *p = out;

	while (s.len > 0) {
		uint64_t c = s.p[0];
		size_t n = 1;

		if (c == '%') {
			if (s.len < 3 || text_hex_number(span_of(s.p + 1, 2), &c) != ERR_OK || c == 0) {
				free(out);
				return NULL;
			}
			n = 3;
		}
		*p++ = (char)c;
		s = span_skip(s, n);
	}
	*p = '\0';
	return out;
}

/* Index of the last byte c in s, or s.len. */
static size_t
find_last(struct span s, uint8_t c)
{
	for (size_t i = s.len; i > 0; i--)
		if (s.p[i - 1] == c)
			return i - 1;
	return s.len;
}

/* Takes [USER@]HOST[:PORT] of an URI apart; a user's ;parameters are passed over. */
static bool
authority(struct span s, struct where *w)
{
	size_t at = find_last(s, '@');
	struct span host = s, port = SPAN_EMPTY;
	uint64_t number;

	if (at < s.len) {
		struct span user = span_first(s, at);

		user = span_first(user, span_find(user, ';'));
		user = span_first(user, span_find(user, ':'));
		w->user = decode(user);
		if (w->user == NULL || w->user[0] == '\0')
			return false;
		host = span_skip(s, at + 1);
	}
	if (host.len > 0 && host.p[0] == '[') {
		size_t end = span_find(host, ']');

		if (end == host.len)
			return false;
		port = span_skip(host, end + 1);
		host = span_skip(span_first(host, end), 1);
	} else {
		size_t colon = span_find(host, ':');

		port = span_skip(host, colon);
		host = span_first(host, colon);
	}
	w->host = decode(host);
	if (w->host == NULL || w->host[0] == '\0')
		return false;
	if (port.len == 0)
		return true;
	if (port.p[0] != ':' || text_number(span_skip(port, 1), 1, 65535, &number) != ERR_OK)
		return false;
	w->port = (int)number;
	return true;
}

bool
where_uri(const char *text, const char *scheme, struct where *out, bool *is_bad)
{
	struct span s = span_str(text);
	size_t n = strlen(scheme), slash;

	*is_bad = false;
	*out = (struct where){ .port = -1 };
	if (strncmp(text, scheme, n) != 0 || strncmp(text + n, "://", 3) != 0)
		return false;
	s = span_skip(s, n + 3);
	slash = span_find(s, '/');
	/* The path is one from the home; "//" begins one from the root. */
	if (authority(span_first(s, slash), out) && (slash == s.len ||
	    (out->path = decode(span_skip(s, slash + 1))) != NULL))
		return true;
	where_free(out);
	*is_bad = true;
	return false;
}

bool
where_remote(const char *text, struct where *out)
{
	const char *host = text, *p, *colon = NULL;
	bool in_brackets = false;
	size_t at;

	*out = (struct where){ .port = -1 };
	if (text[0] == ':' || text[0] == '\0')
		return false;
	if (text[0] == '[')
		in_brackets = true;
	for (p = text; *p != '\0' && colon == NULL; p++) {
		if (*p == '@' && p[1] == '[')
			in_brackets = true;
		if (*p == ']' && p[1] == ':' && in_brackets)
			colon = p + 1;
		else if (*p == ':' && !in_brackets)
			colon = p;
		else if (*p == '/')
			return false;
	}
	if (colon == NULL)
		return false;
	at = find_last(span_of(text, (size_t)(colon - text)), '@');
	if (at < (size_t)(colon - text)) {
		out->user = far_must(strndup(text, at));
		host = text + at + 1;
	}
	if (host[0] == '[' && colon[-1] == ']')
		out->host = far_must(strndup(host + 1, (size_t)(colon - host) - 2));
	else
		out->host = far_must(strndup(host, (size_t)(colon - host)));
	out->path = far_strdup(colon + 1);
	return true;
}
