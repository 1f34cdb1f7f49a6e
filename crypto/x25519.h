/* SPDX-License-Identifier: ISC */
/*
 * crypto/x25519.h - Diffie-Hellman on Curve25519 (RFC 7748 5).
 */
#ifndef CRYPTO_X25519_H
#define CRYPTO_X25519_H

#include "base/err.h"
#include "base/rng.h"
#include "base/span.h"

#define X25519_LEN	32

/* Makes a key pair; the caller wipes secret. ERR_NOMEM, ERR_CRYPTO. */
enum err x25519_keygen(const struct rng *rng, uint8_t secret[static X25519_LEN],
    uint8_t public[static X25519_LEN]);

/*
 * Computes the shared secret; the caller wipes it. ERR_KEX, shared zeroed, if
 * peer is not 32 bytes or the result is all zero (a peer's point of small
 * order). ERR_NOMEM, ERR_CRYPTO.
 */
enum err x25519_agree(const uint8_t secret[static X25519_LEN], struct span peer,
    uint8_t shared[static X25519_LEN]);

#endif
