/* SPDX-License-Identifier: ISC */
/*
 * auth/siphash.h - SipHash-2-4 (Aumasson, Bernstein), for hash tables whose
 * keys somebody else may choose: without the secret nobody can find keys that
 * meet in one bucket.
 */
#ifndef AUTH_SIPHASH_H
#define AUTH_SIPHASH_H

#include "base/span.h"

struct siphash_key {
	uint64_t k[2];
};

/* The hash of the bytes of a and b, one behind the other. */
uint64_t siphash(const struct siphash_key *key, struct span a, struct span b);

#endif
