/* SPDX-License-Identifier: ISC */
#include "keys/line.h"

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

bool
line_next(struct span *text, struct span *line)
{
	size_t n;

	if (text->len == 0)
		return false;
	n = span_find(*text, '\n');
	*line = span_first(*text, n);
	*text = span_skip(*text, n + 1);
	if (line->len > 0 && line->p[line->len - 1] == '\r')
		line->len--;
	return true;
}

struct span
line_trim(struct span s)
{
	while (s.len > 0 && is_blank(s.p[0]))
		s = span_skip(s, 1);
	while (s.len > 0 && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

struct span
line_word(struct span *rest)
{
	struct span s = *rest;
	size_t n = 0;

	while (s.len > 0 && is_blank(s.p[0]))
		s = span_skip(s, 1);
	while (n < s.len && !is_blank(s.p[n]))
		n++;
	*rest = span_skip(s, n);
	while (rest->len > 0 && is_blank(rest->p[0]))
		*rest = span_skip(*rest, 1);
	return span_first(s, n);
}
