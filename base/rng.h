/* SPDX-License-Identifier: ISC */
/*
 * base/rng.h - randomness as an argument.
 *
 * The core never asks the system for random bytes; it is given a source.
 * Programs pass rng_system() of crypto/random.h; tests and fuzzers pass an
 * rng_test, whose output follows from its seed.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include "base/span.h"

struct rng {
	/* Fills room; must not fail (a source that cannot, ends the program). */
	void (*fill)(void *state, struct room room);
	void *state;
};

/* Fills n bytes at p. */
void rng_fill(const struct rng *rng, void *p, size_t n);

/* A number from 0 to bound - 1, each equally likely; bound must not be 0. */
uint32_t rng_below(const struct rng *rng, uint32_t bound);

/* State of a repeatable source. NOT random: for tests and fuzzers only. */
struct rng_test {
	uint64_t state;
};

/* A source whose bytes follow from t->state alone; t must outlive it. */
struct rng rng_test(struct rng_test *t);

#endif
