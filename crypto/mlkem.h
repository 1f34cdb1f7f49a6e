/* SPDX-License-Identifier: ISC */
/*
 * crypto/mlkem.h - ML-KEM-768 and ML-KEM-1024 (FIPS 203).
 *
 * ek   encapsulation key, public; sent to the peer
 * dk   decapsulation key, secret (FIPS 203's expanded form)
 * ct   ciphertext, sent back
 *
 * libcrypto's implementation where it has one (OpenSSL 3.5), else the in-tree
 * one (crypto/mlkem_tree.h): both take and give the same bytes, and pass the
 * same vectors.
 */
#ifndef CRYPTO_MLKEM_H
#define CRYPTO_MLKEM_H

#include "base/err.h"
#include "base/rng.h"
#include "base/span.h"

enum mlkem_set { MLKEM_768, MLKEM_1024 };

#define MLKEM_768_EK_LEN	1184
#define MLKEM_768_DK_LEN	2400
#define MLKEM_768_CT_LEN	1088
#define MLKEM_1024_EK_LEN	1568
#define MLKEM_1024_DK_LEN	3168
#define MLKEM_1024_CT_LEN	1568

/* The most of either set. */
#define MLKEM_MAX_EK_LEN	MLKEM_1024_EK_LEN
#define MLKEM_MAX_DK_LEN	MLKEM_1024_DK_LEN
#define MLKEM_MAX_CT_LEN	MLKEM_1024_CT_LEN

#define MLKEM_SHARED_LEN	32

/* Bytes of an encapsulation key. */
size_t mlkem_ek_len(enum mlkem_set set);

/* Bytes of a decapsulation key. */
size_t mlkem_dk_len(enum mlkem_set set);

/* Bytes of a ciphertext. */
size_t mlkem_ct_len(enum mlkem_set set);

/*
 * Makes a key pair; ek and dk have their lengths, the caller wipes dk.
 * ERR_NOMEM, ERR_CRYPTO.
 */
enum err mlkem_keygen(enum mlkem_set set, const struct rng *rng, uint8_t *ek, uint8_t *dk);

/*
 * Makes a shared secret and its ciphertext for the owner of ek; the caller
 * wipes shared. ERR_KEX if ek has the wrong length or a coefficient that is
 * not reduced (FIPS 203 7.2). ERR_NOMEM, ERR_CRYPTO.
 */
enum err mlkem_encaps(enum mlkem_set set, const struct rng *rng, struct span ek,
    uint8_t *ct, uint8_t shared[static MLKEM_SHARED_LEN]);

/*
 * Recovers the shared secret; the caller wipes it. A ciphertext that was not
 * made for dk gives an unrelated secret and ERR_OK (implicit rejection), in
 * the same time. ERR_KEX if ct or dk has the wrong length. ERR_NOMEM, ERR_CRYPTO.
 */
enum err mlkem_decaps(enum mlkem_set set, struct span dk, struct span ct,
    uint8_t shared[static MLKEM_SHARED_LEN]);

#endif
