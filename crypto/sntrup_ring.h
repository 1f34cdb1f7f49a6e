/* SPDX-License-Identifier: ISC */
/*
 * crypto/sntrup_ring.h - arithmetic of Streamlined NTRU Prime 761; inside crypto/.
 *
 * Polynomials modulo x^761 - x - 1. "small" ones have coefficients -1, 0, 1;
 * those of R/q have them from -2295 to 2295. Nothing here branches on or
 * indexes by coefficients, nor divides by a variable.
 */
#ifndef CRYPTO_SNTRUP_RING_H
#define CRYPTO_SNTRUP_RING_H

#include "base/span.h"

#define SNTRUP_P	761
#define SNTRUP_Q	4591
#define SNTRUP_W	286		/* coefficients of a short polynomial that are not 0 */

/* Room for 768 coefficients: whole vectors; what is behind 761 stays 0. */
#define SNTRUP_ROOM	768

struct sntrup_poly {
	int16_t c[SNTRUP_ROOM];
};

/* Multiplies in R/q; f in R/q, g small. */
void sntrup_multiply_q(struct sntrup_poly *out, const struct sntrup_poly *f,
    const struct sntrup_poly *g);

/* Multiplies in R/3; both small. */
void sntrup_multiply_3(struct sntrup_poly *out, const struct sntrup_poly *f,
    const struct sntrup_poly *g);

/* The inverse of 3 f in R/q; f small and not zero. */
void sntrup_invert_q(struct sntrup_poly *out, const struct sntrup_poly *f);

/* The inverse of g in R/3; false (and anything in out) if there is none. */
bool sntrup_invert_3(struct sntrup_poly *out, const struct sntrup_poly *g);

/* Multiplies each coefficient of R/q by 3 and takes it modulo 3. */
void sntrup_triple_mod_3(struct sntrup_poly *p);

/* Rounds each coefficient of R/q to the nearest multiple of 3. */
void sntrup_round(struct sntrup_poly *p);

/* Zero if p, small, has SNTRUP_W coefficients that are not 0; else all ones. */
uint16_t sntrup_weight_mask(const struct sntrup_poly *p);

#endif
