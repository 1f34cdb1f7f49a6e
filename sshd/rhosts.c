/* SPDX-License-Identifier: ISC */
#include "sshd/rhosts.h"

#include "keys/line.h"

/* A name in a line; wild: it means everybody. */
struct name {
	struct span text;
	bool negated, is_group, is_wild;
};

static struct name
take_name(struct span s)
{
	struct name n = { .text = s };

	if (s.len > 0 && (s.p[0] == '-' || s.p[0] == '+')) {
		n.negated = s.p[0] == '-';
		n.text = span_skip(s, 1);
	}
	n.is_group = n.text.len > 0 && n.text.p[0] == '@';
	n.is_wild = n.text.len == 0;
	return n;
}

static uint8_t
fold(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

/* All bytes count, also those behind a NUL. */
static bool
equal_fold(struct span a, struct span b)
{
	for (size_t i = 0; i < a.len && i < b.len; i++) {
		if (fold(a.p[i]) != fold(b.p[i]))
			return false;
	}
	return a.len == b.len;
}

/* What one line says. */
static enum rhosts_answer
look_at(struct span line, const struct rhosts_question *q)
{
	struct span first = line_word(&line), second = line_word(&line);
	struct name host = take_name(first), user = take_name(second);

	if (first.len == 0 || first.p[0] == '#')
		return RHOSTS_UNKNOWN;
	if (line.len > 0 || host.is_wild || (second.len > 0 && user.is_wild))
		return RHOSTS_UNKNOWN;
	/* Who is in a group is not known: nobody, unless that would let in. */
	if (host.is_group ? !host.negated : !equal_fold(host.text, q->host) && !span_eq(host.text, q->address))
		return RHOSTS_UNKNOWN;
	if (second.len == 0 && !span_eq(q->client_user, q->server_user))
		return RHOSTS_UNKNOWN;
	if (second.len > 0 && (user.is_group ? !user.negated : !span_eq(user.text, q->client_user)))
		return RHOSTS_UNKNOWN;
	return host.negated || user.negated ? RHOSTS_NO : RHOSTS_YES;
}

enum rhosts_answer
rhosts_look(struct span text, const struct rhosts_question *q)
{
	struct span line;

	while (line_next(&text, &line)) {
		enum rhosts_answer a = look_at(line_trim(line), q);

		if (a != RHOSTS_UNKNOWN)
			return a;
	}
	return RHOSTS_UNKNOWN;
}
