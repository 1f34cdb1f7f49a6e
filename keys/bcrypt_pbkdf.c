/* SPDX-License-Identifier: ISC */
#include "keys/bcrypt_pbkdf.h"

#include <string.h>

#include "base/secret.h"
#include "crypto/hash.h"
#include "keys/blowfish.h"

#define HASH_LEN	32
#define SHA512_LEN	64

/* All that must be wiped, in one piece. */
struct work {
	struct blowfish blowfish;
	struct hash sha;
	uint8_t digest[SHA512_LEN];
	uint32_t pass[BLOWFISH_WORDS];
	uint32_t salt[BLOWFISH_WORDS];
	uint8_t u[HASH_LEN];		/* of the last round */
	uint8_t t[HASH_LEN];		/* of all rounds together */
};

static uint32_t
get_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* SHA-512 of two pieces, as the 16 words of a key or salt. */
static void
hash_words(struct work *w, struct span a, struct span b, uint32_t words[static BLOWFISH_WORDS])
{
	hash_init(&w->sha, hash_find("sha512"));
	hash_update(&w->sha, a);
	hash_update(&w->sha, b);
	hash_final(&w->sha, w->digest);
	for (size_t i = 0; i < BLOWFISH_WORDS; i++)
		words[i] = get_be32(w->digest + 4 * i);
}

/* bcrypt with cost 6 over hashed passphrase and salt, into u. */
static void
bcrypt_hash(struct work *w)
{
	static const char magic[] = "OxychromaticBlowfishSwatDynamite";

	blowfish_init(&w->blowfish);
	blowfish_expand(&w->blowfish, w->pass, w->salt);
	for (int i = 0; i < 64; i++) {
		blowfish_expand(&w->blowfish, w->salt, NULL);
		blowfish_expand(&w->blowfish, w->pass, NULL);
	}
	for (size_t i = 0; i < HASH_LEN; i += 8) {
		uint32_t block[2] = {
			get_be32((const uint8_t *)magic + i),
			get_be32((const uint8_t *)magic + i + 4),
		};

		for (int k = 0; k < 64; k++)
			blowfish_encrypt(&w->blowfish, block);
		for (size_t k = 0; k < 8; k++)		/* words in little-endian */
			w->u[i + k] = (uint8_t)(block[k / 4] >> 8 * (k % 4));
	}
}

/* The t of PBKDF2's block number count. */
static void
derive_block(struct work *w, struct span salt, uint32_t count, unsigned rounds)
{
	uint8_t number[4] = {
		(uint8_t)(count >> 24), (uint8_t)(count >> 16),
		(uint8_t)(count >> 8), (uint8_t)count,
	};

	hash_words(w, salt, span_of(number, 4), w->salt);
	bcrypt_hash(w);
	memcpy(w->t, w->u, HASH_LEN);
	for (unsigned i = 1; i < rounds; i++) {
		hash_words(w, span_of(w->u, HASH_LEN), SPAN_EMPTY, w->salt);
		bcrypt_hash(w);
		for (size_t k = 0; k < HASH_LEN; k++)
			w->t[k] ^= w->u[k];
	}
}

enum err
bcrypt_pbkdf(struct span passphrase, struct span salt, unsigned rounds, struct room out)
{
	SCOPED(secret_free) struct secret memory = { 0 };
	size_t n_blocks = (out.len + HASH_LEN - 1) / HASH_LEN;
	struct work *w;

	if (passphrase.len == 0 || salt.len == 0 || rounds == 0 ||
	    out.len == 0 || out.len > BCRYPT_PBKDF_MAX)
		return ERR_RANGE;
	TRY(secret_alloc(&memory, sizeof *w));
	w = (struct work *)(void *)memory.p;
	hash_words(w, passphrase, SPAN_EMPTY, w->pass);
	/*
	 * Unlike PBKDF2's, the blocks are interleaved: byte i of block b is byte
	 * i * n_blocks + b of the result.
	 */
	for (size_t b = 0; b < n_blocks; b++) {
		derive_block(w, salt, (uint32_t)b + 1, rounds);
		for (size_t i = 0; i < HASH_LEN && i * n_blocks + b < out.len; i++)
			out.p[i * n_blocks + b] = w->t[i];
	}
	return ERR_OK;
}
