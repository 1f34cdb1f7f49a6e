/* SPDX-License-Identifier: ISC */
/*
 * crypto/mlkem_evp.h - ML-KEM by libcrypto, from OpenSSL 3.5 on, with its
 * randomness as arguments like crypto/mlkem_tree.h; inside crypto/ and its tests.
 */
#ifndef CRYPTO_MLKEM_EVP_H
#define CRYPTO_MLKEM_EVP_H

#include <openssl/opensslv.h>

#include "crypto/mlkem.h"

#if OPENSSL_VERSION_NUMBER >= 0x30500000L
#define MLKEM_HAVE_EVP	1
#else
#define MLKEM_HAVE_EVP	0
#endif

#if MLKEM_HAVE_EVP
/* KeyGen_internal. ERR_CRYPTO. */
enum err mlkem_evp_keygen(enum mlkem_set set, const uint8_t d[static 32],
    const uint8_t z[static 32], uint8_t *ek, uint8_t *dk);

/* Encaps_internal, behind the check of 7.2: ERR_KEX. ERR_CRYPTO. */
enum err mlkem_evp_encaps(enum mlkem_set set, const uint8_t m[static 32],
    const uint8_t *ek, uint8_t *ct, uint8_t shared[static MLKEM_SHARED_LEN]);

/* Decaps_internal. ERR_KEX if dk is damaged. ERR_CRYPTO. */
enum err mlkem_evp_decaps(enum mlkem_set set, const uint8_t *dk, const uint8_t *ct,
    uint8_t shared[static MLKEM_SHARED_LEN]);
#endif

#endif
