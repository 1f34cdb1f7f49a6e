/* SPDX-License-Identifier: ISC */
/*
 * crypto/ecdh.h - Diffie-Hellman on the NIST curves (RFC 5656 4).
 *
 * Points travel uncompressed (0x04, X, Y); no other form is taken.
 */
#ifndef CRYPTO_ECDH_H
#define CRYPTO_ECDH_H

#include "base/err.h"
#include "base/rng.h"
#include "base/span.h"

enum ecdh_curve { ECDH_P256, ECDH_P384, ECDH_P521 };

/* The most of any curve: a scalar or coordinate, and a point. */
#define ECDH_MAX_LEN	66
#define ECDH_MAX_POINT	(1 + 2 * ECDH_MAX_LEN)

/* Bytes of a secret, and of a shared secret (an X coordinate): 32, 48 or 66. */
size_t ecdh_len(enum ecdh_curve curve);

/* Bytes of a point: 65, 97 or 133. */
size_t ecdh_point_len(enum ecdh_curve curve);

/*
 * Makes a key pair: ecdh_len() bytes of secret (the caller wipes it),
 * ecdh_point_len() bytes of public. ERR_NOMEM, ERR_CRYPTO.
 */
enum err ecdh_keygen(enum ecdh_curve curve, const struct rng *rng,
    uint8_t secret[static ECDH_MAX_LEN], uint8_t public[static ECDH_MAX_POINT]);

/*
 * Computes the shared secret, ecdh_len() bytes; the caller wipes it. ERR_KEX,
 * shared zeroed, unless peer is an uncompressed point on the curve.
 * ERR_NOMEM, ERR_CRYPTO.
 */
enum err ecdh_agree(enum ecdh_curve curve, const uint8_t secret[static ECDH_MAX_LEN],
    struct span peer, uint8_t shared[static ECDH_MAX_LEN]);

#endif
