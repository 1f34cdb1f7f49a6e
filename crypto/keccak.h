/* SPDX-License-Identifier: ISC */
/*
 * crypto/keccak.h - SHA-3 and SHAKE (FIPS 202), for ML-KEM; inside crypto/.
 *
 * In-tree, because libcrypto before 3.3 cannot be asked for SHAKE output bit
 * by bit. Absorb, then squeeze; a struct keccak is a value. Constant time.
 */
#ifndef CRYPTO_KECCAK_H
#define CRYPTO_KECCAK_H

#include "base/span.h"

struct keccak {
	uint64_t lane[25];
	size_t rate;		/* bytes a permutation takes or gives */
	size_t used;		/* of this block */
	uint8_t suffix;		/* domain bits and the first bit of padding */
	bool is_squeezing;
};

/* Starts SHA3-256 (32 bytes of output). */
void sha3_256_init(struct keccak *k);

/* Starts SHA3-512 (64 bytes of output). */
void sha3_512_init(struct keccak *k);

/* Starts SHAKE128. */
void shake128_init(struct keccak *k);

/* Starts SHAKE256. */
void shake256_init(struct keccak *k);

/* Adds data; not after the first squeeze. */
void keccak_absorb(struct keccak *k, struct span data);

/* Gives the next n bytes of output. */
void keccak_squeeze(struct keccak *k, uint8_t *out, size_t n);

/* Wipes k. */
void keccak_wipe(struct keccak *k);

#endif
