/* SPDX-License-Identifier: ISC */
/*
 * keys/blowfish.h - Blowfish with the costly key schedule of bcrypt, for
 * bcrypt_pbkdf.c alone: libcrypto has neither. Keys and salts are always
 * SHA-512 results, that is, 16 words.
 */
#ifndef KEYS_BLOWFISH_H
#define KEYS_BLOWFISH_H

#include <stdint.h>

#define BLOWFISH_WORDS	16

struct blowfish {
	uint32_t p[18];
	uint32_t s[4][256];
};

/* Starts b with the digits of pi. */
void blowfish_init(struct blowfish *b);

/* Mixes key, and salt unless it is NULL, into the state. */
void blowfish_expand(struct blowfish *b, const uint32_t key[static BLOWFISH_WORDS],
    const uint32_t *salt);

/* Encrypts one block where it stands. */
void blowfish_encrypt(const struct blowfish *b, uint32_t block[static 2]);

#endif
