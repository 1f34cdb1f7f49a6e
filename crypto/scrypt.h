/* SPDX-License-Identifier: ISC */
/*
 * crypto/scrypt.h - scrypt (RFC 7914): makes guessing at something short cost
 * memory and time. Thin over libcrypto.
 */
#ifndef CRYPTO_SCRYPT_H
#define CRYPTO_SCRYPT_H

#include "base/err.h"
#include "base/span.h"

/*
 * Derives len bytes. cost: N, a power of two; it takes 128 * N * blocks bytes of
 * memory while it runs. ERR_NOMEM, ERR_CRYPTO (parameters that cannot be).
 */
enum err scrypt(struct span secret, struct span salt, uint64_t cost, uint64_t blocks,
    uint64_t parallel, uint8_t *out, size_t len);

#endif
