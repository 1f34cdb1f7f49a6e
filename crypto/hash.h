/* SPDX-License-Identifier: ISC */
/*
 * crypto/hash.h - md5, sha1, sha256, sha384, sha512.
 *
 * A struct hash is a value: copy it to keep a common beginning. It needs no
 * initialisation of libcrypto, allocates nothing and cannot fail. It may hold
 * secrets: hash_final() wipes it, else use wipe().
 */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include "base/span.h"

#define HASH_MAX_LEN	64
#define HASH_MAX_BLOCK	128

struct hash_alg;

struct hash {
	const struct hash_alg *alg;
	uint64_t state[28];	/* libcrypto's context of the algorithm */
};

/* Finds an algorithm by name ("sha256"); NULL if there is none of that name. */
const struct hash_alg *hash_find(const char *name);

/* Its name; static. */
const char *hash_name(const struct hash_alg *alg);

/* How many bytes its result has. */
size_t hash_len(const struct hash_alg *alg);

/* How many bytes it works on at a time. */
size_t hash_block_len(const struct hash_alg *alg);

/* Starts h. */
void hash_init(struct hash *h, const struct hash_alg *alg);

/* Adds data. */
void hash_update(struct hash *h, struct span data);

/* Writes hash_len() bytes to out and wipes h. */
void hash_final(struct hash *h, uint8_t *out);

/* Hashes data: hash_len() bytes to out. */
void hash_once(const struct hash_alg *alg, struct span data, uint8_t *out);

#endif
