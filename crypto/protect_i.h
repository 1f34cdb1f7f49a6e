/* SPDX-License-Identifier: ISC */
/*
 * crypto/protect_i.h - what the kinds of packet protection share; inside crypto/.
 *
 * kind     one way of protecting: its struct begins with struct protect
 * cipher   one SSH cipher name: a kind and its parameters
 */
#ifndef CRYPTO_PROTECT_I_H
#define CRYPTO_PROTECT_I_H

#include "crypto/evp.h"
#include "crypto/mac.h"
#include "crypto/protect.h"

struct protect {
	struct protect_alg alg;
	enum direction direction;
};

struct protect_kind {
	size_t size;		/* of the kind's struct */
	enum err (*init)(struct protect *p, struct span key, struct span iv, struct span mac_key);
	enum err (*length)(struct protect *p, uint32_t seq, const uint8_t *head, uint32_t *out);
	/* May leave anything in packet when they fail: protect_open() wipes it. */
	enum err (*open)(struct protect *p, uint32_t seq, struct room packet);
	enum err (*seal)(struct protect *p, uint32_t seq, struct room packet);
	void (*free)(struct protect *p);
	/* One piece of data, no packet; tag is NULL where there is none. */
	enum err (*once)(const struct protect_cipher *c, enum direction direction,
	    struct span key, struct span iv, struct room data, uint8_t *tag);
};

struct protect_cipher {
	const char *name;
	const struct protect_kind *kind;
	const char *evp_name;
	size_t key_len;
	size_t iv_len;
	size_t block_len;
	size_t tag_len;		/* AEAD; 0: needs a MAC */
	uint64_t rekey_bytes;
};

extern const struct protect_kind protect_none_kind;
extern const struct protect_kind protect_block_kind;
extern const struct protect_kind protect_gcm_kind;
extern const struct protect_kind protect_chacha_kind;

/*
 * The i-th cipher of this build, best first: those that are offered, then
 * "none", then those in no list. NULL behind the last.
 */
const struct protect_cipher *protect_cipher_at(size_t i);

/* Finds a cipher, "none" too; NULL if there is none of that name. */
const struct protect_cipher *protect_cipher_find(struct span name);

#endif
