/* SPDX-License-Identifier: ISC */
/*
 * keys/ec.h - points on the NIST curves, shared by ecdsa.c and sk.c.
 *
 * A point is always the uncompressed form of SEC 1: 04, X, Y.
 */
#ifndef KEYS_EC_H
#define KEYS_EC_H

#include <openssl/bn.h>

#include "keys/key_i.h"

/* P-521: 04 and two coordinates of 66 bytes. */
#define EC_MAX_POINT	133

extern const struct ec_curve ec_nistp256;
extern const struct ec_curve ec_nistp384;
extern const struct ec_curve ec_nistp521;

/* Whether point has the length and first byte of an uncompressed point. */
bool ec_point_is_plain(const struct ec_curve *curve, struct span point);

/* Makes a key of a point and, unless it is NULL, its private number. ERR_FORMAT. */
enum err ec_make(const struct ec_curve *curve, struct span point, const BIGNUM *d,
    EVP_PKEY **out);

/* Gets the point of a key; returns its length, 0 on failure. */
size_t ec_get_point(const struct ec_curve *curve, const EVP_PKEY *pkey,
    uint8_t point[static EC_MAX_POINT]);

#endif
