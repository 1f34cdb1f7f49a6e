/* SPDX-License-Identifier: ISC */
#include "keys/blowfish.h"

#include <string.h>

#include "keys/blowfish_pi.h"

void
blowfish_init(struct blowfish *b)
{
	memcpy(b->p, blowfish_pi, sizeof b->p);
	memcpy(b->s, blowfish_pi + 18, sizeof b->s);
}

static inline uint32_t
mix(const struct blowfish *b, uint32_t x)
{
	return ((b->s[0][x >> 24] + b->s[1][x >> 16 & 0xff]) ^
	    b->s[2][x >> 8 & 0xff]) + b->s[3][x & 0xff];
}

void
blowfish_encrypt(const struct blowfish *b, uint32_t block[static 2])
{
	uint32_t left = block[0] ^ b->p[0];
	uint32_t right = block[1];

	for (int i = 1; i < 17; i += 2) {
		right ^= mix(b, left) ^ b->p[i];
		left ^= mix(b, right) ^ b->p[i + 1];
	}
	block[0] = right ^ b->p[17];
	block[1] = left;
}

/* Replaces n words by the running encryption of zeros, or of the salt. */
static void
refill(struct blowfish *b, uint32_t *words, int n, uint32_t block[static 2],
    const uint32_t *salt, unsigned *at)
{
	for (int i = 0; i < n; i += 2) {
		if (salt != NULL) {
			block[0] ^= salt[*at % BLOWFISH_WORDS];
			block[1] ^= salt[(*at + 1) % BLOWFISH_WORDS];
			*at += 2;
		}
		blowfish_encrypt(b, block);
		words[i] = block[0];
		words[i + 1] = block[1];
	}
}

void
blowfish_expand(struct blowfish *b, const uint32_t key[static BLOWFISH_WORDS],
    const uint32_t *salt)
{
	uint32_t block[2] = { 0, 0 };
	unsigned at = 0;

	for (int i = 0; i < 18; i++)
		b->p[i] ^= key[i % BLOWFISH_WORDS];
	refill(b, b->p, 18, block, salt, &at);
	for (int i = 0; i < 4; i++)
		refill(b, b->s[i], 256, block, salt, &at);
}
