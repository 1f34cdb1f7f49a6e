/* SPDX-License-Identifier: ISC */
/*
 * crypto/random.h - the system's random bytes, and a fast stream of them.
 *
 * Both are sources for base/rng.h. rng_system() has no state at all, so it
 * gives different bytes on both sides of a fork. A random_stream is a
 * ChaCha20 keystream that is rekeyed from itself (what it gave out cannot be
 * found again in its memory) and from its seed source now and then; it has
 * state and so must not live across a fork.
 */
#ifndef CRYPTO_RANDOM_H
#define CRYPTO_RANDOM_H

#include "base/rng.h"

/* The kernel's random bytes; ends the program if there are none. */
struct rng rng_system(void);

/* Bytes handed out before a stream takes a fresh seed. */
#define RANDOM_STREAM_RESEED	(1024 * 1024)

struct random_stream {
	struct rng seed;
	uint32_t key[8];
	uint8_t buf[512];
	size_t used;		/* of buf; what was given out is zero */
	size_t until_reseed;
};

/* Starts a stream seeded from seed, which is asked at the first use. */
void random_stream_init(struct random_stream *s, struct rng seed);

/* The stream as a source; s must outlive it. For bytes by the packet (padding). */
struct rng random_stream_rng(struct random_stream *s);

#endif
