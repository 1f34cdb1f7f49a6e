/* SPDX-License-Identifier: ISC */
/* ssh-ephemeral assist: what ssh's log and the server's events say. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "tools/assist.h"

/* Takes prefix from the front of *s, if it is there. */
static bool
skip(struct span *s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (s->len < n || memcmp(s->p, prefix, n) != 0)
		return false;
	*s = span_of(s->p + n, s->len - n);
	return true;
}

/* Up to the next space. */
static struct span
word(struct span s)
{
	struct span w = SPAN_EMPTY;

	(void)span_token(&s, ' ', &w);
	return w;
}

/* The last word. */
static struct span
last_word(struct span s)
{
	struct span w = SPAN_EMPTY;

	while (span_token(&s, ' ', &w))
		;
	return w;
}

/* Behind "originator ", up to a space. */
static struct span
originator(struct span s)
{
	struct span w;

	while (span_token(&s, ' ', &w)) {
		if (span_is(w, "originator"))
			return word(s);
	}
	return SPAN_EMPTY;
}

enum assist_news
assist_read_log(struct span line, const char *device, struct span *value)
{
	char ready[96];

	*value = SPAN_EMPTY;
	if (!skip(&line, "debug1: ")) {
		if (skip(&line, "Connection to ") && span_is(word(last_word(line)), "s."))
			return ASSIST_LOST;
		return line.len == 0 ? ASSIST_NOTHING : ASSIST_WORDS;
	}
	if (skip(&line, "Server host key: ")) {
		*value = last_word(line);
		return ASSIST_FINGERPRINT;
	}
	snprintf(ready, sizeof(ready), "remote forward success for: listen %s:22,", device);
	if (skip(&line, ready))
		return ASSIST_READY;
	if (!skip(&line, "client_request_forwarded_tcpip: "))
		return ASSIST_NOTHING;
	*value = originator(line);
	return ASSIST_CALLER;
}

struct span
assist_field(struct span line, const char *name)
{
	char mark[32];
	size_t n = (size_t)snprintf(mark, sizeof(mark), ", \"%s\": ", name), end;
	const uint8_t *at = line.len == 0 ? NULL : memmem(line.p, line.len, mark, n);
	struct span rest;

	/* A quote within a text has a backslash before it: the mark stands in none. */
	if (at == NULL)
		return SPAN_EMPTY;
	rest = span_of(at + n, line.len - (size_t)(at - line.p) - n);
	if (rest.len > 0 && rest.p[0] == '"') {
		rest = span_of(rest.p + 1, rest.len - 1);
		return span_of(rest.p, span_find(rest, '"'));
	}
	for (end = 0; end < rest.len && rest.p[end] >= '0' && rest.p[end] <= '9'; end++)
		;
	return span_of(rest.p, end);
}

enum assist_event
assist_read_event(struct span line)
{
	static const struct {
		const char *name;
		enum assist_event event;
	} names[] = {
		{ "used", ASSIST_EV_USED }, { "guessed_at", ASSIST_EV_GUESSED },
		{ "locked", ASSIST_EV_LOCKED }, { "revoked", ASSIST_EV_REVOKED },
		{ "session_started", ASSIST_EV_STARTED }, { "session_ended", ASSIST_EV_ENDED },
	};
	struct span event = assist_field(line, "event");

	for (size_t i = 0; i < COUNT(names); i++) {
		if (span_is(event, names[i].name))
			return names[i].event;
	}
	return ASSIST_EV_OTHER;
}
