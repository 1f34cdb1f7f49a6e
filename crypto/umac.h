/* SPDX-License-Identifier: ISC */
/*
 * crypto/umac.h - UMAC-64 and UMAC-128 (RFC 4418); inside crypto/.
 *
 * In-tree, because libcrypto has none. The nonce is 8 bytes, of which no two
 * messages under one key may have the same. Constant time for a given length
 * of message.
 */
#ifndef CRYPTO_UMAC_H
#define CRYPTO_UMAC_H

#include "base/err.h"
#include "base/span.h"

/*
 * Messages are limited to what POLY-64 takes (RFC 4418 5.4: 2^17 bytes of the
 * first layer's output); packets are a hundredth of it.
 */
#define UMAC_MAX_MESSAGE	((size_t)16 * 1024 * 1024)

#define UMAC_KEY_LEN	16
#define UMAC_MAX_STREAMS 4

struct evp_cipher_ctx_st;

struct umac {
	size_t streams;				/* 4 bytes of tag each: 2 or 4 */
	uint32_t nh[256 + 4 * (UMAC_MAX_STREAMS - 1)];
	uint64_t poly[UMAC_MAX_STREAMS];
	uint64_t inner[UMAC_MAX_STREAMS][8];
	uint32_t last[UMAC_MAX_STREAMS];
	struct evp_cipher_ctx_st *pad;		/* AES under the key of pads */
};

/*
 * Starts u for tags of tag_len (8 or 16) bytes. ERR_NOMEM, ERR_CRYPTO; then
 * as always umac_free() is due.
 */
enum err umac_init(struct umac *u, size_t tag_len, const uint8_t key[static UMAC_KEY_LEN]);

/* Writes the tag of message under nonce. ERR_CRYPTO, ERR_LIMIT. */
enum err umac_compute(struct umac *u, uint64_t nonce, struct span message, uint8_t *tag);

/* Wipes u and frees what it holds. */
void umac_free(struct umac *u);

#endif
