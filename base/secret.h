/* SPDX-License-Identifier: ISC */
/*
 * base/secret.h - memory that is wiped when it is let go.
 *
 * secret   owns bytes that nobody may find later: wiped on free and on change.
 *
 * Wiping is the type's job: use secret_free (SCOPED) and never a list of
 * calls at the end of a function.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/err.h"
#include "base/span.h"

struct secret {
	uint8_t *p;
	size_t len;
};

/* Overwrites n bytes at p with zeros in a way the compiler keeps. */
void wipe(void *p, size_t n);

/* Makes *s a zeroed secret of n bytes, wiping what it held. ERR_NOMEM. */
enum err secret_alloc(struct secret *s, size_t n);

/* Makes *s a copy of from, wiping what it held. ERR_NOMEM. */
enum err secret_copy(struct secret *s, struct span from);

/* The bytes of s; valid until it changes. */
struct span secret_span(const struct secret *s);

/* Wipes, frees, empties. NULL is fine. */
void secret_free(struct secret *s);

/*
 * Says that these bytes, made of secrets, may be known from now on. Does
 * nothing: what may branch on them is seen by who reads the code, and by the
 * constant-time test, which has a function of this name that tells valgrind.
 */
void secret_publish(const void *p, size_t n);

#endif
