/* SPDX-License-Identifier: ISC */
#include "keys/bubblebabble.h"

#include "crypto/hash.h"

static const char vowels[] = "aeiouy";
static const char consonants[] = "bcdfghklmnprstvzx";

#define ODD	16		/* index of the x that fills up an even number of bytes */

static void
put_triple(struct writer *w, unsigned a, unsigned b, unsigned c)
{
	wr_u8(w, (uint8_t)vowels[a]);
	wr_u8(w, (uint8_t)consonants[b]);
	wr_u8(w, (uint8_t)vowels[c]);
}

/* Two bytes give five letters and a dash; seed carries a checksum along. */
void
bubblebabble_put_bytes(struct writer *w, struct span s)
{
	unsigned seed = 1;
	size_t i;

	wr_u8(w, 'x');
	for (i = 0; i < s.len; i += 2) {
		unsigned a = s.p[i];

		put_triple(w, ((a >> 6) + seed) % 6, a >> 2 & 15, ((a & 3) + seed / 6) % 6);
		if (i + 1 == s.len)
			break;
		wr_u8(w, (uint8_t)consonants[s.p[i + 1] >> 4]);
		wr_u8(w, '-');
		wr_u8(w, (uint8_t)consonants[s.p[i + 1] & 15]);
		seed = (seed * 5 + a * 7 + s.p[i + 1]) % 36;
	}
	if (s.len % 2 == 0)
		put_triple(w, seed % 6, ODD, seed / 6);
	wr_u8(w, 'x');
}

void
bubblebabble_put(struct writer *w, struct span blob)
{
	const struct hash_alg *sha1 = hash_find("sha1");
	uint8_t hash[HASH_MAX_LEN];

	hash_once(sha1, blob, hash);
	bubblebabble_put_bytes(w, span_of(hash, hash_len(sha1)));
}
