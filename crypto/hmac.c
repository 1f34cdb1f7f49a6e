/* SPDX-License-Identifier: ISC */
#include "crypto/hmac.h"

#include <string.h>

#include "base/secret.h"

/* Starts h with one block: the key with every byte xored with pad. */
static void
start(struct hash *h, const struct hash_alg *alg, const uint8_t *key, uint8_t pad)
{
	uint8_t block[HASH_MAX_BLOCK];

	for (size_t i = 0; i < hash_block_len(alg); i++)
		block[i] = key[i] ^ pad;
	hash_init(h, alg);
	hash_update(h, span_of(block, hash_block_len(alg)));
	wipe(block, sizeof(block));
}

void
hmac_init(struct hmac *h, const struct hash_alg *alg, struct span key)
{
	uint8_t block[HASH_MAX_BLOCK] = { 0 };

	if (key.len > hash_block_len(alg))
		hash_once(alg, key, block);
	else if (key.len > 0)
		memcpy(block, key.p, key.len);
	start(&h->inner, alg, block, 0x36);
	start(&h->outer, alg, block, 0x5c);
	h->run = h->inner;
	wipe(block, sizeof(block));
}

void
hmac_update(struct hmac *h, struct span data)
{
	hash_update(&h->run, data);
}

void
hmac_final(struct hmac *h, uint8_t *out)
{
	size_t len = hash_len(h->run.alg);
	uint8_t digest[HASH_MAX_LEN];

	hash_final(&h->run, digest);
	h->run = h->outer;
	hash_update(&h->run, span_of(digest, len));
	hash_final(&h->run, out);
	h->run = h->inner;
	wipe(digest, sizeof(digest));
}

void
hmac_wipe(struct hmac *h)
{
	wipe(h, sizeof(*h));
}

void
hmac_once(const struct hash_alg *alg, struct span key, struct span data, uint8_t *out)
{
	struct hmac h;

	hmac_init(&h, alg, key);
	hmac_update(&h, data);
	hmac_final(&h, out);
	hmac_wipe(&h);
}
