/* SPDX-License-Identifier: ISC */
/*
 * crypto/chacha.h - one block of the ChaCha20 function (RFC 8439 2.3).
 *
 * For where a whole cipher context would be too much: random.h's stream.
 * Bulk data goes through libcrypto (crypto/protect.h).
 */
#ifndef CRYPTO_CHACHA_H
#define CRYPTO_CHACHA_H

#include <stdint.h>

#define CHACHA_BLOCK	64

/*
 * Writes the block of key with a 64-bit counter and a 64-bit nonce (the
 * original layout of the last four words). Constant time.
 */
void chacha_block(uint8_t out[static CHACHA_BLOCK], const uint32_t key[static 8],
    uint64_t counter, uint64_t nonce);

#endif
