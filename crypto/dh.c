/* SPDX-License-Identifier: ISC */
#include "crypto/dh.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>

#include "crypto/evp.h"

/*
 * Bits of a secret exponent: twice the strength that any of the groups has
 * (RFC 4419 6.2); a full-length one would only be slower.
 */
#define EXPONENT_BITS	512

struct dh_group {
	BIGNUM *p, *g;
	BIGNUM *last;		/* p - 1 */
	size_t p_len;
	uint8_t p_bytes[DH_MAX_LEN], g_bytes[DH_MAX_LEN];
};

static const struct {
	unsigned number, bits;
	BIGNUM *(*prime)(BIGNUM *);
} fixed[] = {
	{ 14, 2048, BN_get_rfc3526_prime_2048 },
	{ 16, 4096, BN_get_rfc3526_prime_4096 },
	{ 18, 8192, BN_get_rfc3526_prime_8192 },
	{ 1, 1024, BN_get_rfc2409_prime_1024 },
};

void
dh_group_free(struct dh_group *group)
{
	if (group == NULL)
		return;
	BN_free(group->p);
	BN_free(group->g);
	BN_free(group->last);
	free(group);
}

/* Makes a group of the two numbers, which become its own. */
static enum err
make(struct dh_group **out, BIGNUM *p, BIGNUM *g)
{
	struct dh_group *group = calloc(1, sizeof(*group));
	BIGNUM *last = p == NULL ? NULL : BN_dup(p);

	if (group == NULL || g == NULL || last == NULL || BN_sub_word(last, 1) != 1) {
		free(group);
		BN_free(p);
		BN_free(g);
		BN_free(last);
		(void)evp_failed();
		return ERR_NOMEM;
	}
	*group = (struct dh_group){ .p = p, .g = g, .last = last, .p_len = (size_t)BN_num_bytes(p) };
	must(group->p_len <= DH_MAX_LEN && (size_t)BN_num_bytes(g) <= DH_MAX_LEN);
	BN_bn2bin(p, group->p_bytes);
	BN_bn2bin(g, group->g_bytes);
	*out = group;
	return ERR_OK;
}

/* Whether 1 < n < p - 1. */
static bool
is_inside(const struct dh_group *group, const BIGNUM *n)
{
	return BN_cmp(n, BN_value_one()) > 0 && BN_cmp(n, group->last) < 0;
}

static enum err
make_fixed(struct dh_group **out, size_t i)
{
	BIGNUM *p = fixed[i].prime(NULL), *g = BN_new();

	if (g != NULL && BN_set_word(g, 2) != 1) {
		BN_free(g);
		g = NULL;
	}
	return make(out, p, g);
}

enum err
dh_group_fixed(struct dh_group **out, unsigned number)
{
	for (size_t i = 0; i < COUNT(fixed); i++) {
		if (fixed[i].number == number)
			return make_fixed(out, i);
	}
	return ERR_NOTFOUND;
}

enum err
dh_group_choose(struct dh_group **out, unsigned min, unsigned n, unsigned max)
{
	size_t best = COUNT(fixed);

	for (size_t i = 0; i < COUNT(fixed); i++) {
		unsigned bits = fixed[i].bits;

		if (bits < DH_MIN_BITS || bits < min || bits > max)
			continue;
		if (best == COUNT(fixed) || fixed[best].bits < n)
			best = i;	/* they stand in order */
	}
	return best == COUNT(fixed) ? ERR_NOTFOUND : make_fixed(out, best);
}

unsigned
dh_bits_for(size_t key_len)
{
	if (key_len <= 14)
		return 2048;
	if (key_len <= 16)
		return 3072;
	return key_len <= 24 ? 7680 : DH_MAX_BITS;
}

enum err
dh_group_new(struct dh_group **out, struct span p, struct span g)
{
	struct dh_group *group;
	int bits;

	if (p.len > DH_MAX_LEN || g.len > DH_MAX_LEN)
		return ERR_KEX;
	TRY(make(&group, BN_bin2bn(p.p, (int)p.len, NULL), BN_bin2bn(g.p, (int)g.len, NULL)));
	bits = BN_num_bits(group->p);
	if (bits < DH_MIN_BITS || bits > DH_MAX_BITS || !BN_is_odd(group->p) ||
	    !is_inside(group, group->g)) {
		dh_group_free(group);
		return ERR_KEX;
	}
	*out = group;
	return ERR_OK;
}

struct span
dh_group_p(const struct dh_group *group)
{
	return span_of(group->p_bytes, group->p_len);
}

struct span
dh_group_g(const struct dh_group *group)
{
	return span_of(group->g_bytes, (size_t)BN_num_bytes(group->g));
}

/* Writes base^exponent mod p, as long as p, to *out; in constant time for its length. */
static enum err
power(const struct dh_group *group, const BIGNUM *base, struct span exponent, struct secret *out)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *e = BN_bin2bn(exponent.p, (int)exponent.len, NULL), *result = BN_new();
	enum err err = ERR_OK;

	if (ctx == NULL || e == NULL || result == NULL ||
	    BN_mod_exp_mont_consttime(result, base, e, group->p, ctx, NULL) != 1)
		err = evp_failed();
	if (err == ERR_OK)
		err = secret_alloc(out, group->p_len);
	if (err == ERR_OK && BN_bn2binpad(result, out->p, (int)out->len) != (int)out->len)
		err = evp_failed();
	BN_clear_free(e);
	BN_clear_free(result);
	BN_CTX_free(ctx);
	return err;
}

enum err
dh_keygen(const struct dh_group *group, const struct rng *rng,
    struct secret *secret, struct secret *public)
{
	TRY(secret_alloc(secret, EXPONENT_BITS / 8));
	rng_fill(rng, secret->p, secret->len);
	secret->p[0] |= 0x80;		/* one length, so one time for all */
	return power(group, group->g, secret_span(secret), public);
}

/* How many bits of s are set; of public numbers. */
static unsigned
count_bits(struct span s)
{
	unsigned n = 0;

	for (size_t i = 0; i < s.len; i++) {
		for (unsigned byte = s.p[i]; byte != 0; byte &= byte - 1)
			n++;
	}
	return n;
}

enum err
dh_agree(const struct dh_group *group, const struct secret *secret,
    struct span peer, struct secret *shared)
{
	BIGNUM *base;
	enum err e;

	if (peer.len > group->p_len || count_bits(peer) < 4)
		return ERR_KEX;
	base = BN_bin2bn(peer.p, (int)peer.len, NULL);
	if (base == NULL)
		return evp_failed();
	e = is_inside(group, base) ? power(group, base, secret_span(secret), shared) : ERR_KEX;
	BN_free(base);
	return e;
}
