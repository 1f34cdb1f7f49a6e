/* SPDX-License-Identifier: ISC */
/*
 * libcrypto's hash functions by their direct names, not through EVP: they use
 * the same assembly, but start no provider, look nothing up and allocate
 * nothing, and their state can be copied by assignment (which HMAC lives on).
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/hash.h"

#include <string.h>

#include <openssl/md5.h>
#include <openssl/sha.h>

#include "base/err.h"
#include "base/secret.h"

struct hash_alg {
	const char *name;
	size_t len;
	size_t block_len;
	void (*init)(uint64_t *state);
	void (*update)(uint64_t *state, struct span data);
	void (*final)(uint64_t *state, uint8_t *out);
};

/* They return 1, always: no argument of theirs can be wrong here. */
#define HASH_FUNCTIONS(name, type, INIT, UPDATE, FINAL)			\
	_Static_assert(sizeof(type) <= sizeof(((struct hash *)0)->state), #name); \
	static void							\
	name##_init(uint64_t *state)					\
	{								\
		must(INIT((type *)state) == 1);				\
	}								\
	static void							\
	name##_update(uint64_t *state, struct span data)		\
	{								\
		must(UPDATE((type *)state, data.p, data.len) == 1);	\
	}								\
	static void							\
	name##_final(uint64_t *state, uint8_t *out)			\
	{								\
		must(FINAL(out, (type *)state) == 1);			\
	}

HASH_FUNCTIONS(md5, MD5_CTX, MD5_Init, MD5_Update, MD5_Final)
HASH_FUNCTIONS(sha1, SHA_CTX, SHA1_Init, SHA1_Update, SHA1_Final)
HASH_FUNCTIONS(sha256, SHA256_CTX, SHA256_Init, SHA256_Update, SHA256_Final)
HASH_FUNCTIONS(sha384, SHA512_CTX, SHA384_Init, SHA384_Update, SHA384_Final)
HASH_FUNCTIONS(sha512, SHA512_CTX, SHA512_Init, SHA512_Update, SHA512_Final)

#define HASH_ALG(name, len, block_len)	\
	{ #name, len, block_len, name##_init, name##_update, name##_final }

static const struct hash_alg algs[] = {
	HASH_ALG(sha256, 32, 64),
	HASH_ALG(sha512, 64, 128),
	HASH_ALG(sha384, 48, 128),
	HASH_ALG(sha1, 20, 64),
	HASH_ALG(md5, 16, 64),
};

const struct hash_alg *
hash_find(const char *name)
{
	for (size_t i = 0; i < COUNT(algs); i++) {
		if (strcmp(algs[i].name, name) == 0)
			return &algs[i];
	}
	return NULL;
}

const char *
hash_name(const struct hash_alg *alg)
{
	return alg->name;
}

size_t
hash_len(const struct hash_alg *alg)
{
	return alg->len;
}

size_t
hash_block_len(const struct hash_alg *alg)
{
	return alg->block_len;
}

void
hash_init(struct hash *h, const struct hash_alg *alg)
{
	h->alg = alg;
	alg->init(h->state);
}

void
hash_update(struct hash *h, struct span data)
{
	if (data.len > 0)
		h->alg->update(h->state, data);
}

void
hash_final(struct hash *h, uint8_t *out)
{
	h->alg->final(h->state, out);
	wipe(h, sizeof(*h));
}

void
hash_once(const struct hash_alg *alg, struct span data, uint8_t *out)
{
	struct hash h;

	hash_init(&h, alg);
	hash_update(&h, data);
	hash_final(&h, out);
}
