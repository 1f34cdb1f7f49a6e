/* SPDX-License-Identifier: ISC */
/*
 * base/span.h - borrowed memory.
 *
 * span   bytes somebody else owns, to read. It lives until the owner's next
 *        call that may move them; whoever hands one out says until when.
 * room   bytes somebody else owns, to write into.
 *
 * Neither is ever freed through these types. An empty span may have p NULL;
 * no function here does arithmetic on it.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	const uint8_t *p;
	size_t len;
};

struct room {
	uint8_t *p;
	size_t len;
};

#define SPAN_EMPTY	((struct span){ NULL, 0 })

/* A string literal as a span, without its NUL. */
#define SPAN_LIT(s)	((struct span){ (const uint8_t *)("" s), sizeof(s) - 1 })

/* Borrows len bytes at p. */
struct span span_of(const void *p, size_t len);

/* Borrows the characters of s without the NUL; NULL gives an empty span. */
struct span span_str(const char *s);

/* The first n bytes of s; all of s if it has fewer. */
struct span span_first(struct span s, size_t n);

/* What follows the first n bytes of s; empty if s has no more. */
struct span span_skip(struct span s, size_t n);

/* Whether a and b hold the same bytes. Takes time that depends on them. */
bool span_eq(struct span a, struct span b);

/* Whether s holds exactly the characters of the string str. */
bool span_is(struct span s, const char *str);

/* Whether a and b are equal; time depends on the lengths only. */
bool span_eq_secret(struct span a, struct span b);

/* Orders like memcmp, a prefix before what it is a prefix of. */
int span_cmp(struct span a, struct span b);

/* Whether s begins with prefix. */
bool span_starts(struct span s, struct span prefix);

/* Index of the first byte c in s, or s.len. */
size_t span_find(struct span s, uint8_t c);

/*
 * Takes the part of *list up to the next sep, and moves *list behind sep.
 * Returns false when *list is used up (its p is NULL then), so that
 * "a,,b" gives three parts and "" one empty part.
 */
bool span_token(struct span *list, uint8_t sep, struct span *part);

/* A copy of s with a NUL behind it, malloc'ed; NULL when out of memory. */
char *span_dup_str(struct span s);

#endif
