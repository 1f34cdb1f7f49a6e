/* SPDX-License-Identifier: ISC */
/*
 * crypto/mlkem_poly.h - the ring of ML-KEM (FIPS 203 4); inside crypto/.
 *
 * poly     256 coefficients modulo 3329, each in a small signed range around
 *          zero; "reduced" means from -1664 to 1664
 * NTT      the transformed form (FIPS 203 4.3), in which products are cheap;
 *          its order of coefficients is the standard's
 *
 * Products are computed with Montgomery's reduction by 2^16. Nothing here
 * branches on or indexes by coefficients, but poly_sample() and poly_decode(),
 * whose input is public; no division is left to the compiler.
 */
#ifndef CRYPTO_MLKEM_POLY_H
#define CRYPTO_MLKEM_POLY_H

#include "base/span.h"

#define MLKEM_N		256
#define MLKEM_Q		3329

struct poly {
	int16_t c[MLKEM_N];
};

/* A sum of products in the NTT domain that is not reduced yet: up to 4 of them. */
struct poly_sum {
	int32_t c[MLKEM_N];
};

/* Transforms p (coefficients within +-q) to the NTT domain, reduced. */
void poly_ntt(struct poly *p);

/* Transforms back what poly_finish() gave, dividing by what it left in. Reduced. */
void poly_from_ntt(struct poly *p);

/* Adds the product of a and b, both in the NTT domain, a within 0..q-1, b reduced. */
void poly_multiply_add(struct poly_sum *sum, const struct poly *a, const struct poly *b);

/* Reduces a sum; what it gives is divided by 2^16, for poly_from_ntt() or poly_scale(). */
void poly_finish(struct poly *out, const struct poly_sum *sum);

/* Multiplies by 2^16, undoing what poly_finish() left. */
void poly_scale(struct poly *p);

/* Adds b to a, reduced. */
void poly_add(struct poly *a, const struct poly *b);

/* Subtracts b from a, reduced. */
void poly_subtract(struct poly *a, const struct poly *b);

/* SampleNTT (algorithm 7) from SHAKE128(rho, x, y); coefficients within 0..q-1. */
void poly_sample(struct poly *p, const uint8_t rho[static 32], uint8_t x, uint8_t y);

/* SamplePolyCBD_2 (algorithm 8) from SHAKE256(sigma, n). */
void poly_noise(struct poly *p, const uint8_t sigma[static 32], uint8_t n);

/* ByteEncode_12 (algorithm 5): 384 bytes. */
void poly_encode(uint8_t *out, const struct poly *p);

/* ByteDecode_12 (algorithm 6); false if a coefficient was not below q. */
bool poly_decode(struct poly *p, const uint8_t *in);

/* ByteEncode_d(Compress_d(p)): 32 * d bytes. d: 1, 4, 5, 10 or 11. */
void poly_compress(uint8_t *out, const struct poly *p, unsigned d);

/* Decompress_d(ByteDecode_d(in)); coefficients within 0..q-1. */
void poly_decompress(struct poly *p, const uint8_t *in, unsigned d);

#endif
