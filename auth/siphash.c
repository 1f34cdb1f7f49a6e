/* SPDX-License-Identifier: ISC */
#include "auth/siphash.h"

struct siphash_state {
	uint64_t v[4];
	uint64_t word;			/* bytes not yet mixed in */
	uint64_t len;
};

static uint64_t
rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void
rounds(uint64_t v[4], int n)
{
	while (n-- > 0) {
		v[0] += v[1];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[0] = rotate(v[0], 32);
		v[2] += v[3];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[2] = rotate(v[2], 32);
	}
}

static void
mix(struct siphash_state *s, uint64_t word)
{
	s->v[3] ^= word;
	rounds(s->v, 2);
	s->v[0] ^= word;
}

static void
add(struct siphash_state *s, struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		s->word |= (uint64_t)bytes.p[i] << 8 * (s->len % 8);
		if (++s->len % 8 == 0) {
			mix(s, s->word);
			s->word = 0;
		}
	}
}

uint64_t
siphash(const struct siphash_key *key, struct span a, struct span b)
{
	/* "somepseudorandomlygeneratedbytes" */
	struct siphash_state s = { .v = {
	    key->k[0] ^ 0x736f6d6570736575, key->k[1] ^ 0x646f72616e646f6d,
	    key->k[0] ^ 0x6c7967656e657261, key->k[1] ^ 0x7465646279746573 } };

	add(&s, a);
	add(&s, b);
	mix(&s, s.word | s.len << 56);
	s.v[2] ^= 0xff;
	rounds(s.v, 4);
	return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}
