/* SPDX-License-Identifier: ISC */
#include "base/rng.h"

#include "base/err.h"

void
rng_fill(const struct rng *rng, void *p, size_t n)
{
	rng->fill(rng->state, (struct room){ p, n });
}

uint32_t
rng_below(const struct rng *rng, uint32_t bound)
{
	uint32_t least, v;

	must(bound > 0);
	least = -bound % bound;		/* 2^32 mod bound: the biased part */
	do
		rng_fill(rng, &v, sizeof(v));
	while (v < least);
	return v % bound;
}

/* Steele's SplitMix64: any seed gives a full-period sequence. */
static uint64_t
splitmix(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15U);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
	z = (z ^ z >> 27) * 0x94d049bb133111ebU;
	return z ^ z >> 31;
}

static void
fill_test(void *state, struct room room)
{
	struct rng_test *t = state;

	for (size_t i = 0; i < room.len; i++)
		room.p[i] = (uint8_t)splitmix(&t->state);
}

struct rng
rng_test(struct rng_test *t)
{
	return (struct rng){ fill_test, t };
}
