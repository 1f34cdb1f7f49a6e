/* SPDX-License-Identifier: ISC */
/*
 * crypto/sntrup761.h - the key encapsulation Streamlined NTRU Prime 761, as
 * submitted to NIST's process (round 3) and used by sntrup761x25519-sha512.
 *
 * In-tree, because libcrypto has none. Constant time in everything secret.
 */
#ifndef CRYPTO_SNTRUP761_H
#define CRYPTO_SNTRUP761_H

#include "base/err.h"
#include "base/rng.h"
#include "base/span.h"

#define SNTRUP761_PUBLIC_LEN	1158
#define SNTRUP761_SECRET_LEN	1763
#define SNTRUP761_CT_LEN	1039
#define SNTRUP761_SHARED_LEN	32

/* Makes a key pair; the caller wipes secret. */
void sntrup761_keygen(const struct rng *rng, uint8_t public[static SNTRUP761_PUBLIC_LEN],
    uint8_t secret[static SNTRUP761_SECRET_LEN]);

/*
 * Makes a shared secret and its ciphertext for the owner of public; the
 * caller wipes shared. ERR_KEX if public has the wrong length.
 */
enum err sntrup761_encaps(const struct rng *rng, struct span public,
    uint8_t ct[static SNTRUP761_CT_LEN], uint8_t shared[static SNTRUP761_SHARED_LEN]);

/*
 * Recovers the shared secret; the caller wipes it. A ciphertext that was not
 * made for secret gives an unrelated one and ERR_OK (implicit rejection), in
 * the same time. ERR_KEX if ct has the wrong length.
 */
enum err sntrup761_decaps(const uint8_t secret[static SNTRUP761_SECRET_LEN], struct span ct,
    uint8_t shared[static SNTRUP761_SHARED_LEN]);

#endif
