/* SPDX-License-Identifier: ISC */
/* ecdsa-sha2-nistp256, -nistp384, -nistp521: RFC 5656. */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <string.h>

#include "crypto/ossl.h"
#include "keys/ec.h"

const struct ec_curve ec_nistp256 = { "nistp256", NID_X9_62_prime256v1, 256, 32 };
const struct ec_curve ec_nistp384 = { "nistp384", NID_secp384r1, 384, 48 };
const struct ec_curve ec_nistp521 = { "nistp521", NID_secp521r1, 521, 66 };

static void
group_free(EC_GROUP **g)
{
	EC_GROUP_free(*g);
}

static void
point_free(EC_POINT **p)
{
	EC_POINT_free(*p);
}

/* Reads the curve's name, which must be the type's. */
static void
read_curve(const struct key *k, struct reader *r)
{
	struct span name = rd_bytes(r);

	if (r->err == ERR_OK && !span_is(name, k->kind->curve->name))
		rd_fail(r, ERR_FORMAT);
}

static enum err
read_public(struct key *k, struct reader *r)
{
	struct span point;

	read_curve(k, r);
	point = rd_bytes(r);
	TRY(r->err);
	return ec_public(k->kind->curve, point, &k->pkey);
}

static void
write_public(const struct key *k, struct writer *w)
{
	wr_str(w, k->kind->curve->name);
	ec_write_point(k->kind->curve, k->pkey, w);
}

/* The point that belongs to d; returns its length, 0 on failure. */
static size_t
derive_point(const EC_GROUP *group, const BIGNUM *d, uint8_t point[static EC_MAX_POINT])
{
	SCOPED(point_free) EC_POINT *q = EC_POINT_new(group);

	if (q == NULL || EC_POINT_mul(group, q, d, NULL, NULL, NULL) != 1)
		return 0;
	return EC_POINT_point2oct(group, q, POINT_CONVERSION_UNCOMPRESSED,
	    point, EC_MAX_POINT, NULL);
}

/* Makes k->pkey from d. ERR_FORMAT if d is not from 1 to the order - 1. */
static enum err
set_private(struct key *k, const BIGNUM *d)
{
	SCOPED(group_free) EC_GROUP *group = EC_GROUP_new_by_curve_name(k->kind->curve->nid);
	uint8_t point[EC_MAX_POINT];
	size_t len;

	if (group == NULL)
		return key_crypto_fail(ERR_CRYPTO);
	if (BN_is_zero(d) || BN_cmp(d, EC_GROUP_get0_order(group)) >= 0)
		return ERR_FORMAT;
	len = derive_point(group, d, point);
	if (len == 0)
		return key_crypto_fail(ERR_CRYPTO);
	return ec_make(k->kind->curve, span_of(point, len), d, &k->pkey);
}

/* A number from libcrypto's secure heap or one that is wiped anyhow. */
static BIGNUM *
secret_number(struct span bytes)
{
	BIGNUM *d = BN_secure_new();

	if (d != NULL)
		BN_set_flags(d, BN_FLG_CONSTTIME);
	if (d != NULL && BN_bin2bn(bytes.p, (int)bytes.len, d) == NULL) {
		BN_clear_free(d);
		return NULL;
	}
	return d;
}

/* string curve, string point, mpint d. */
static enum err
read_private(struct key *k, struct reader *r)
{
	SCOPED(ossl_bn_free) BIGNUM *d = NULL;
	struct span point, magnitude;
	uint8_t derived[EC_MAX_POINT];
	size_t len;

	read_curve(k, r);
	point = rd_bytes(r);
	magnitude = rd_mpint(r, k->kind->curve->field_len);
	TRY(r->err);
	d = secret_number(magnitude);
	if (d == NULL)
		return key_crypto_fail(ERR_NOMEM);
	TRY(set_private(k, d));
	len = ec_get_point(k->kind->curve, k->pkey, derived);
	return span_eq(point, span_of(derived, len)) ? ERR_OK : ERR_FORMAT;
}

static void
write_private(const struct key *k, struct writer *w)
{
	SCOPED(ossl_bn_free) BIGNUM *d = NULL;
	uint8_t bytes[EC_MAX_POINT];
	int len;

	write_public(k, w);
	if (EVP_PKEY_get_bn_param(k->pkey, OSSL_PKEY_PARAM_PRIV_KEY, &d) != 1) {
		wr_fail(w, key_crypto_fail(ERR_CRYPTO));
		return;
	}
	len = BN_bn2bin(d, bytes);
	wr_mpint(w, span_of(bytes, (size_t)len));
	wipe(bytes, sizeof bytes);
}

/*
 * Takes numbers of as many bits as the order has until one is below it, so
 * that each is equally likely; half of all tries do, or better.
 */
static enum err
generate(struct key *k, unsigned bits, const struct rng *rng)
{
	uint8_t bytes[EC_MAX_POINT];
	size_t len = k->kind->curve->field_len;
	enum err e = ERR_FORMAT;

	if (bits != k->kind->curve->bits)
		return ERR_RANGE;
	for (int tries = 0; e == ERR_FORMAT && tries < 256; tries++) {
		SCOPED(ossl_bn_free) BIGNUM *d = NULL;

		rng_fill(rng, bytes, len);
		if (bits % 8 != 0)
			bytes[0] &= (uint8_t)((1 << bits % 8) - 1);
		d = secret_number(span_of(bytes, len));
		e = d == NULL ? ERR_NOMEM : set_private(k, d);
	}
	wipe(bytes, sizeof bytes);
	return e == ERR_FORMAT ? ERR_CRYPTO : e;
}

/* Writes the mpints r and s of a DER signature as one string. */
static enum err
write_signature(struct span der, struct writer *w)
{
	const uint8_t *p = der.p;
	SCOPED(ossl_ecdsa_sig_free) ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)der.len);
	const BIGNUM *part[2];
	uint8_t bytes[EC_MAX_POINT];
	size_t m;

	if (sig == NULL)
		return key_crypto_fail(ERR_CRYPTO);
	ECDSA_SIG_get0(sig, &part[0], &part[1]);
	m = wr_open(w);
	for (size_t i = 0; i < 2; i++) {
		must((size_t)BN_num_bytes(part[i]) <= sizeof bytes);
		wr_mpint(w, span_of(bytes, (size_t)BN_bn2bin(part[i], bytes)));
	}
	wr_close(w, m);
	return wr_end(w);
}

/*
 * libcrypto makes the nonce from the private number, the message and fresh
 * random bytes, as wide as the order: neither a weak generator nor a repeated
 * message gives the key away (CVE-2024-31497).
 */
static enum err
sign(const struct key *k, const struct key_alg *alg, struct span data, struct writer *w)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[2 * EC_MAX_POINT];
	size_t len = sizeof der;
	bool ok;

	ok = ctx != NULL && EVP_DigestSignInit(ctx, NULL, alg->md(), NULL, k->pkey) == 1 &&
	    EVP_DigestSign(ctx, der, &len, data.p, data.len) == 1;
	EVP_MD_CTX_free(ctx);
	if (!ok)
		return key_crypto_fail(ERR_CRYPTO);
	return write_signature(span_of(der, len), w);
}

static enum err
verify(const struct key *k, const struct key_alg *alg, struct reader *r,
    struct span data, struct key_token *token)
{
	struct span sig = rd_bytes(r);

	(void)token;
	TRY(rd_end(r));
	return ec_verify_raw(k->kind->curve, k->pkey, alg->md(), sig, data);
}

static unsigned
bits(const struct key *k)
{
	return k->kind->curve->bits;
}

#define ECDSA(suffix, bits_)						\
const struct key_kind key_kind_ecdsa_##bits_ = {			\
	.name = "ecdsa-sha2-" #suffix,					\
	.label = "ECDSA",						\
	.algs = "ecdsa-sha2-" #suffix,					\
	.curve = &ec_##suffix,						\
	.read_public = read_public,					\
	.write_public = write_public,					\
	.read_private = read_private,					\
	.write_private = write_private,					\
	.generate = generate,						\
	.sign = sign,							\
	.verify = verify,						\
	.bits = bits,							\
}

ECDSA(nistp256, 256);
ECDSA(nistp384, 384);
ECDSA(nistp521, 521);
