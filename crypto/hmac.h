/* SPDX-License-Identifier: ISC */
/*
 * crypto/hmac.h - HMAC (RFC 2104) over any hash of crypto/hash.h.
 *
 * The key is worked in once; after hmac_final() the struct is ready for the
 * next message under the same key. Allocates nothing, cannot fail. Ends with
 * hmac_wipe(), which suits SCOPED().
 */
#ifndef CRYPTO_HMAC_H
#define CRYPTO_HMAC_H

#include "crypto/hash.h"

struct hmac {
	struct hash inner;	/* behind the key's inner block */
	struct hash outer;	/* behind the key's outer block */
	struct hash run;	/* the message so far */
};

/* Starts h with a key of any length. */
void hmac_init(struct hmac *h, const struct hash_alg *alg, struct span key);

/* Adds data to the message. */
void hmac_update(struct hmac *h, struct span data);

/* Writes hash_len() bytes to out; h is then ready for another message. */
void hmac_final(struct hmac *h, uint8_t *out);

/* Wipes h. */
void hmac_wipe(struct hmac *h);

/* Computes HMAC(key, data): hash_len() bytes to out. */
void hmac_once(const struct hash_alg *alg, struct span key, struct span data,
    uint8_t *out);

#endif
