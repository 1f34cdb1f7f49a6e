/* SPDX-License-Identifier: ISC */
/* ssh-rsa: RFC 4253 6.6; its signatures: RFC 8332. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "crypto/ossl.h"
#include "keys/key_i.h"

#define MIN_BITS	1024
#define MAX_LEN		(LIMIT_RSA_BITS / 8)

/* Verification time grows with e; real ones are 65537, 37, 35 or 3. */
#define MAX_E_LEN	4

enum { N, E, D, P, Q, DP, DQ, QINV, N_PARTS };

/* A key as numbers; parts not known are NULL. */
struct rsa {
	BIGNUM *part[N_PARTS];
};

static const char *const part_names[N_PARTS] = {
	[N] = OSSL_PKEY_PARAM_RSA_N,
	[E] = OSSL_PKEY_PARAM_RSA_E,
	[D] = OSSL_PKEY_PARAM_RSA_D,
	[P] = OSSL_PKEY_PARAM_RSA_FACTOR1,
	[Q] = OSSL_PKEY_PARAM_RSA_FACTOR2,
	[DP] = OSSL_PKEY_PARAM_RSA_EXPONENT1,
	[DQ] = OSSL_PKEY_PARAM_RSA_EXPONENT2,
	[QINV] = OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};

static void
rsa_free(struct rsa *rsa)
{
	for (size_t i = 0; i < N_PARTS; i++)
		BN_clear_free(rsa->part[i]);
}

/* Reads an mpint into a part. */
static void
read_part(struct rsa *rsa, size_t i, struct reader *r, size_t max_len)
{
	struct span magnitude = rd_mpint(r, max_len);

	if (r->err != ERR_OK)
		return;
	rsa->part[i] = BN_secure_new();
	if (rsa->part[i] == NULL ||
	    BN_bin2bn(magnitude.p, (int)magnitude.len, rsa->part[i]) == NULL)
		rd_fail(r, key_crypto_fail(ERR_NOMEM));
	else if (i >= D)
		BN_set_flags(rsa->part[i], BN_FLG_CONSTTIME);
}

/* ERR_LIMIT for a size, ERR_FORMAT for numbers no RSA key has. */
static enum err
check_public(const struct rsa *rsa)
{
	int bits = BN_num_bits(rsa->part[N]);

	if (bits < MIN_BITS || bits > LIMIT_RSA_BITS)
		return ERR_LIMIT;
	if (!BN_is_odd(rsa->part[N]) || !BN_is_odd(rsa->part[E]) ||
	    BN_is_one(rsa->part[E]))
		return ERR_FORMAT;
	return ERR_OK;
}

/* Makes the EVP_PKEY of the parts there are. */
static enum err
make_pkey(const struct rsa *rsa, EVP_PKEY **out)
{
	SCOPED(ossl_params_bld_free) OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	SCOPED(ossl_params_free) OSSL_PARAM *params = NULL;
	SCOPED(ossl_pkey_ctx_free) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	int what = rsa->part[D] == NULL ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR;

	if (bld == NULL || ctx == NULL)
		return key_crypto_fail(ERR_NOMEM);
	for (size_t i = 0; i < N_PARTS; i++)
		if (rsa->part[i] != NULL &&
		    OSSL_PARAM_BLD_push_BN(bld, part_names[i], rsa->part[i]) != 1)
			return key_crypto_fail(ERR_CRYPTO);
	params = OSSL_PARAM_BLD_to_param(bld);
	if (params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, out, what, params) != 1)
		return key_crypto_fail(ERR_CRYPTO);
	return ERR_OK;
}

static enum err
read_public(struct key *k, struct reader *r)
{
	SCOPED(rsa_free) struct rsa rsa = { 0 };

	read_part(&rsa, E, r, MAX_E_LEN);
	read_part(&rsa, N, r, MAX_LEN);
	TRY(r->err);
	TRY(check_public(&rsa));
	return make_pkey(&rsa, &k->pkey);
}

/* Writes a part of pkey as an mpint. */
static void
write_part(const EVP_PKEY *pkey, size_t i, struct writer *w)
{
	BIGNUM *n = NULL;
	uint8_t *bytes = malloc(MAX_LEN);

	if (bytes == NULL || EVP_PKEY_get_bn_param(pkey, part_names[i], &n) != 1 ||
	    BN_num_bytes(n) > MAX_LEN)
		wr_fail(w, key_crypto_fail(ERR_CRYPTO));
	else
		wr_mpint(w, span_of(bytes, (size_t)BN_bn2bin(n, bytes)));
	if (bytes != NULL)
		wipe(bytes, MAX_LEN);
	free(bytes);
	BN_clear_free(n);
}

static void
write_public(const struct key *k, struct writer *w)
{
	write_part(k->pkey, E, w);
	write_part(k->pkey, N, w);
}

/* Computes d mod (prime - 1) into part i. */
static bool
reduce(struct rsa *rsa, size_t i, size_t prime, BN_CTX *ctx)
{
	BIGNUM *less = BN_dup(rsa->part[prime]);
	bool ok;

	rsa->part[i] = BN_secure_new();
	ok = less != NULL && rsa->part[i] != NULL && BN_sub_word(less, 1) == 1;
	if (ok) {
		BN_set_flags(less, BN_FLG_CONSTTIME);
		ok = BN_mod(rsa->part[i], rsa->part[D], less, ctx) == 1;
	}
	BN_clear_free(less);
	return ok;
}

/* Whether n = p * q and q * qinv = 1 mod p. */
static enum err
check_factors(const struct rsa *rsa, BN_CTX *ctx)
{
	BIGNUM *x = BN_secure_new();
	enum err e = ERR_CRYPTO;

	if (x != NULL && BN_mul(x, rsa->part[P], rsa->part[Q], ctx) == 1) {
		e = BN_cmp(x, rsa->part[N]) == 0 ? ERR_OK : ERR_FORMAT;
		if (e == ERR_OK && BN_mod_mul(x, rsa->part[Q], rsa->part[QINV],
		    rsa->part[P], ctx) != 1)
			e = ERR_CRYPTO;
		if (e == ERR_OK && !BN_is_one(x))
			e = ERR_FORMAT;
	}
	BN_clear_free(x);
	return e == ERR_CRYPTO ? key_crypto_fail(e) : e;
}

/* mpints n, e, d, qinv, p, q. */
static enum err
read_private(struct key *k, struct reader *r)
{
	SCOPED(rsa_free) struct rsa rsa = { 0 };
	SCOPED(ossl_bn_ctx_free) BN_CTX *ctx = BN_CTX_secure_new();

	if (ctx == NULL)
		return key_crypto_fail(ERR_NOMEM);
	read_part(&rsa, N, r, MAX_LEN);
	read_part(&rsa, E, r, MAX_E_LEN);
	read_part(&rsa, D, r, MAX_LEN);
	read_part(&rsa, QINV, r, MAX_LEN);
	read_part(&rsa, P, r, MAX_LEN);
	read_part(&rsa, Q, r, MAX_LEN);
	TRY(r->err);
	TRY(check_public(&rsa));
	if (BN_is_zero(rsa.part[P]) || BN_is_one(rsa.part[P]) ||
	    BN_is_zero(rsa.part[Q]) || BN_is_one(rsa.part[Q]))
		return ERR_FORMAT;
	TRY(check_factors(&rsa, ctx));
	if (!reduce(&rsa, DP, P, ctx) || !reduce(&rsa, DQ, Q, ctx))
		return key_crypto_fail(ERR_CRYPTO);
	return make_pkey(&rsa, &k->pkey);
}

static void
write_private(const struct key *k, struct writer *w)
{
	static const uint8_t order[] = { N, E, D, QINV, P, Q };

	for (size_t i = 0; i < sizeof order; i++)
		write_part(k->pkey, order[i], w);
}

static enum err
generate(struct key *k, unsigned bits, const struct rng *rng)
{
	SCOPED(ossl_pkey_ctx_free) EVP_PKEY_CTX *ctx = NULL;

	(void)rng;		/* libcrypto finds its primes with its own */
	if (bits < MIN_BITS || bits > LIMIT_RSA_BITS)
		return ERR_RANGE;
	ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	if (ctx == NULL || EVP_PKEY_keygen_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits) != 1 ||
	    EVP_PKEY_generate(ctx, &k->pkey) != 1)
		return key_crypto_fail(ERR_CRYPTO);
	return ERR_OK;
}

static enum err
verify_raw(EVP_PKEY *pkey, const EVP_MD *md, struct span sig, struct span data)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	enum err e = ERR_CRYPTO;

	if (ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, md, NULL, pkey) == 1)
		e = key_verdict(EVP_DigestVerify(ctx, sig.p, sig.len, data.p, data.len));
	EVP_MD_CTX_free(ctx);
	return e;
}

static enum err
make_signature(EVP_PKEY *pkey, const EVP_MD *md, struct span data,
    uint8_t sig[static MAX_LEN], size_t *len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;

	*len = MAX_LEN;
	ok = ctx != NULL && EVP_DigestSignInit(ctx, NULL, md, NULL, pkey) == 1 &&
	    EVP_DigestSign(ctx, sig, len, data.p, data.len) == 1;
	EVP_MD_CTX_free(ctx);
	return ok ? ERR_OK : key_crypto_fail(ERR_CRYPTO);
}

static enum err
sign(const struct key *k, const struct key_alg *alg, struct span data, struct writer *w)
{
	uint8_t sig[MAX_LEN];
	size_t len;

	TRY(make_signature(k->pkey, alg->md(), data, sig, &len));
	wr_bytes(w, span_of(sig, len));
	return ERR_OK;
}

/* RFC 8332 3: as long as the modulus; some signers drop leading zeros. */
static enum err
verify(const struct key *k, const struct key_alg *alg, struct reader *r,
    struct span data, struct key_token *token)
{
	struct span sig = rd_bytes(r);
	size_t len = (size_t)EVP_PKEY_get_size(k->pkey);
	uint8_t padded[MAX_LEN] = { 0 };

	(void)token;
	TRY(rd_end(r));
	if (sig.len == 0 || sig.len > len || len > sizeof padded)
		return ERR_SIGNATURE;
	memcpy(padded + (len - sig.len), sig.p, sig.len);
	return verify_raw(k->pkey, alg->md(), span_of(padded, len), data);
}

static unsigned
bits(const struct key *k)
{
	return (unsigned)EVP_PKEY_get_bits(k->pkey);
}

const struct key_kind key_kind_rsa = {
	.name = "ssh-rsa",
	.label = "RSA",
	.algs = "rsa-sha2-512,rsa-sha2-256,ssh-rsa",
	.read_public = read_public,
	.write_public = write_public,
	.read_private = read_private,
	.write_private = write_private,
	.generate = generate,
	.sign = sign,
	.verify = verify,
	.bits = bits,
};
