/* SPDX-License-Identifier: ISC */
#include "base/span.h"

#include <stdlib.h>
#include <string.h>

struct span
span_of(const void *p, size_t len)
{
	return (struct span){ p, len };
}

struct span
span_str(const char *s)
{
	return s == NULL ? SPAN_EMPTY : span_of(s, strlen(s));
}

struct span
span_first(struct span s, size_t n)
{
	if (s.len > n)
		s.len = n;
	return s;
}

struct span
span_skip(struct span s, size_t n)
{
	if (n >= s.len)
		return SPAN_EMPTY;
	return span_of(s.p + n, s.len - n);
}

bool
span_eq(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

bool
span_is(struct span s, const char *str)
{
	return span_eq(s, span_str(str));
}

bool
span_eq_secret(struct span a, struct span b)
{
	uint8_t diff = 0;

	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		diff |= a.p[i] ^ b.p[i];
		__asm__("" : "+r"(diff));	/* keeps the loop from ending early */
	}
	return diff == 0;
}

int
span_cmp(struct span a, struct span b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int order = n == 0 ? 0 : memcmp(a.p, b.p, n);

	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

bool
span_starts(struct span s, struct span prefix)
{
	return s.len >= prefix.len && span_eq(span_first(s, prefix.len), prefix);
}

size_t
span_find(struct span s, uint8_t c)
{
	const uint8_t *at = s.len == 0 ? NULL : memchr(s.p, c, s.len);

	return at == NULL ? s.len : (size_t)(at - s.p);
}

bool
span_token(struct span *list, uint8_t sep, struct span *part)
{
	size_t n;

	if (list->p == NULL)
		return false;
	n = span_find(*list, sep);
	*part = span_first(*list, n);
	if (n == list->len)
		*list = SPAN_EMPTY;
	else
		*list = span_of(list->p + n + 1, list->len - n - 1);
	return true;
}

char *
span_dup_str(struct span s)
{
	char *copy = malloc(s.len + 1);

	if (copy == NULL)
		return NULL;
	if (s.len > 0)
		memcpy(copy, s.p, s.len);
	copy[s.len] = '\0';
	return copy;
}
