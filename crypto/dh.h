/* SPDX-License-Identifier: ISC */
/*
 * crypto/dh.h - classic Diffie-Hellman in groups modulo a prime (RFC 4253 8,
 * RFC 4419, RFC 8268).
 *
 * All numbers are magnitudes, most significant byte first, as rd_mpint() gives
 * and wr_mpint() takes them.
 */
#ifndef CRYPTO_DH_H
#define CRYPTO_DH_H

#include "base/rng.h"
#include "base/secret.h"

/* Bits of the groups that an exchange of groups may come to (RFC 8270 3). */
#define DH_MIN_BITS	2048
#define DH_MAX_BITS	8192
#define DH_MAX_LEN	(DH_MAX_BITS / 8)

struct dh_group;

/*
 * Makes one of the fixed groups: 1 (1024 bits, RFC 2409), 14, 16 or 18 (2048,
 * 4096, 8192 bits, RFC 3526). ERR_NOTFOUND, ERR_NOMEM.
 */
enum err dh_group_fixed(struct dh_group **out, unsigned number);

/*
 * Makes the fixed group for an exchange of groups that asks for n bits, at
 * least min and at most max (RFC 4419 3): the smallest of 14, 16 and 18 that
 * has n bits, else the largest within max. ERR_NOTFOUND, ERR_NOMEM.
 */
enum err dh_group_choose(struct dh_group **out, unsigned min, unsigned n, unsigned max);

/*
 * The size of group to ask for beside a cipher whose key has so many bytes: as
 * hard to break as that (NIST SP 800-57 part 1, table 2), DH_MAX_BITS at most.
 */
unsigned dh_bits_for(size_t key_len);

/*
 * Makes a group that the peer or a file names. ERR_KEX unless p is odd and of
 * DH_MIN_BITS to DH_MAX_BITS and 1 < g < p - 1; that p is prime is not
 * checked. ERR_NOMEM.
 */
enum err dh_group_new(struct dh_group **out, struct span p, struct span g);

/* Frees. NULL is fine. */
void dh_group_free(struct dh_group *group);

/* The prime; lives as long as group. */
struct span dh_group_p(const struct dh_group *group);

/* The generator; lives as long as group. */
struct span dh_group_g(const struct dh_group *group);

/*
 * Makes a key pair: *secret, and the public number as long as p in *public.
 * ERR_NOMEM, ERR_CRYPTO.
 */
enum err dh_keygen(const struct dh_group *group, const struct rng *rng,
    struct secret *secret, struct secret *public);

/*
 * Computes the shared number, as long as p, in *shared. ERR_KEX unless
 * 1 < peer < p - 1 and at least 4 of its bits are set (fewer give a number
 * whose logarithm is known). ERR_NOMEM, ERR_CRYPTO.
 */
enum err dh_agree(const struct dh_group *group, const struct secret *secret,
    struct span peer, struct secret *shared);

#endif
