/* SPDX-License-Identifier: ISC */
/*
 * crypto/mlkem_tree.h - the in-tree ML-KEM, with its randomness as arguments
 * (FIPS 203 6); inside crypto/ and its tests. Lengths: crypto/mlkem.h.
 */
#ifndef CRYPTO_MLKEM_TREE_H
#define CRYPTO_MLKEM_TREE_H

#include "crypto/mlkem.h"

/* KeyGen_internal (algorithm 16). */
void mlkem_tree_keygen(enum mlkem_set set, const uint8_t d[static 32],
    const uint8_t z[static 32], uint8_t *ek, uint8_t *dk);

/* Encaps_internal (algorithm 17), behind the check of 7.2: ERR_KEX. */
enum err mlkem_tree_encaps(enum mlkem_set set, const uint8_t m[static 32],
    const uint8_t *ek, uint8_t *ct, uint8_t shared[static MLKEM_SHARED_LEN]);

/* Decaps_internal (algorithm 18). ERR_KEX if dk is damaged (7.3). */
enum err mlkem_tree_decaps(enum mlkem_set set, const uint8_t *dk, const uint8_t *ct,
    uint8_t shared[static MLKEM_SHARED_LEN]);

#endif
