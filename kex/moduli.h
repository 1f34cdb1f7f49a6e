/* SPDX-License-Identifier: ISC */
/*
 * kex/moduli.h - moduli(5): a file of groups for Diffie-Hellman group
 * exchange (RFC 4419). A line a group:
 *
 *	time type tests tries size generator modulus
 *
 * Generator and modulus are hexadecimal, the rest is decimal; size is that of
 * the modulus less one bit. Only safe primes (type 2) count, that have been
 * tested and not been found to be composite.
 */
#ifndef KEX_MODULI_H
#define KEX_MODULI_H

#include "base/err.h"
#include "base/rng.h"
#include "base/writer.h"

/*
 * Chooses a group of at least min and at most max bits for a client that asks
 * for n: of the smallest size that has n bits, else of the largest there is;
 * one of that size at random. Writes the magnitudes of prime and generator.
 * ERR_NOTFOUND if no line will do; ERR_NOMEM. Lines that make no sense are
 * passed over.
 */
enum err moduli_choose(struct span text, uint32_t min, uint32_t n, uint32_t max,
    const struct rng *rng, struct writer *prime, struct writer *generator);

#endif
