/* SPDX-License-Identifier: ISC */
/*
 * crypto/evp.h - libcrypto's ciphers with our errors; inside crypto/.
 *
 * No error is ever left in libcrypto's queue, where an unrelated call would
 * find it.
 */
#ifndef CRYPTO_EVP_H
#define CRYPTO_EVP_H

#include <openssl/evp.h>

#include "base/err.h"
#include "base/side.h"
#include "base/span.h"

/*
 * Makes a context of the cipher that libcrypto calls name, with the key set, and
 * the iv unless it is NULL. ERR_CRYPTO.
 */
enum err evp_cipher_open(EVP_CIPHER_CTX **out, const char *name,
    enum direction direction, const uint8_t *key, const uint8_t *iv);

/* Runs n bytes at p through ctx in place. ERR_CRYPTO. */
enum err evp_cipher_run(EVP_CIPHER_CTX *ctx, uint8_t *p, size_t n);

/* Empties libcrypto's error queue. Returns ERR_NOMEM if that was why, else ERR_CRYPTO. */
enum err evp_failed(void);

/*
 * Empties the queue likewise, where libcrypto refuses what the peer sent.
 * Returns ERR_NOMEM if that was why, else ERR_KEX.
 */
enum err evp_refused(void);

#endif
