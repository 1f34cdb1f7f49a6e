/* SPDX-License-Identifier: ISC */
/*
 * crypto/sntrup_code.h - the encodings of Streamlined NTRU Prime 761; inside
 * crypto/. Encoding takes the same time for all values; decoding is for public
 * data, except sntrup_small_get().
 */
#ifndef CRYPTO_SNTRUP_CODE_H
#define CRYPTO_SNTRUP_CODE_H

#include "crypto/sntrup_ring.h"

#define SNTRUP_SMALL_BYTES	191
#define SNTRUP_RQ_BYTES		1158
#define SNTRUP_ROUNDED_BYTES	1007

/* Writes a small polynomial, four coefficients a byte. */
void sntrup_small_put(uint8_t out[static SNTRUP_SMALL_BYTES], const struct sntrup_poly *p);

/* Reads a small polynomial; the unused value counts as 2. */
void sntrup_small_get(struct sntrup_poly *p, const uint8_t in[static SNTRUP_SMALL_BYTES]);

/* Writes an element of R/q. */
void sntrup_rq_put(uint8_t out[static SNTRUP_RQ_BYTES], const struct sntrup_poly *p);

/* Reads an element of R/q; what no element is encoded as gives some element. */
void sntrup_rq_get(struct sntrup_poly *p, const uint8_t in[static SNTRUP_RQ_BYTES]);

/* Writes an element of R/q of which each coefficient is a multiple of 3. */
void sntrup_rounded_put(uint8_t out[static SNTRUP_ROUNDED_BYTES], const struct sntrup_poly *p);

/* Reads such an element. */
void sntrup_rounded_get(struct sntrup_poly *p, const uint8_t in[static SNTRUP_ROUNDED_BYTES]);

#endif
