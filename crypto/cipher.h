/* SPDX-License-Identifier: ISC */
/*
 * crypto/cipher.h - a cipher by its SSH name, over one piece of data.
 *
 * For key files (openssh-key-v1) and the like. Packets: see crypto/protect.h.
 */
#ifndef CRYPTO_CIPHER_H
#define CRYPTO_CIPHER_H

#include "base/err.h"
#include "base/span.h"

struct cipher_info {
	const char *name;
	size_t key_len;
	size_t iv_len;
	size_t block_len;	/* data must be a multiple of it */
	size_t tag_len;		/* behind the data; 0: does not authenticate */
};

/*
 * Finds a cipher by its SSH name: false if it is unknown. iv_len is 0 for
 * chacha20-poly1305@openssh.com, whose nonce is the number zero here.
 */
bool cipher_find(struct cipher_info *out, struct span name);

/*
 * Encrypts data in place; writes tag_len bytes to tag. key and iv must have
 * their lengths, data be a multiple of block_len (else ERR_RANGE).
 * ERR_CRYPTO, ERR_NOMEM.
 */
enum err cipher_encrypt(const struct cipher_info *c, struct span key, struct span iv,
    struct room data, uint8_t *tag);

/* Decrypts data in place; ERR_MAC, data wiped, if tag is not right. */
enum err cipher_decrypt(const struct cipher_info *c, struct span key, struct span iv,
    struct room data, struct span tag);

#endif
