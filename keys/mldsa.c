/* SPDX-License-Identifier: ISC */
/*
 * ssh-mldsa44-ed25519@openssh.com: ML-DSA-44 (FIPS 204) and Ed25519 side by
 * side (draft-miller-sshm-mldsa44-ed25519-composite-sigs), where libcrypto has
 * ML-DSA. Who breaks only one of the two has nothing.
 *
 *	public	string ML-DSA's (1312) || Ed25519's (32)
 *	secret	string ML-DSA's seed (32) || Ed25519's seed (32)
 *	sig	string ML-DSA's (2420) || Ed25519's (64)
 *
 * Both sign prefix || label || 0 || SHA-512(message), and ML-DSA has the label as
 * its context (draft-ietf-lamps-pq-composite-sigs 3.2), so that no half is a
 * signature by itself. Experimental, and in no default list.
 */
#include "keys/key_i.h"

#if KEY_HAVE_MLDSA

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <string.h>

#include "crypto/hash.h"

#define ML_PUBLIC_LEN	1312
#define ML_SIG_LEN	2420
#define ED_PUBLIC_LEN	32
#define ED_SIG_LEN	64
#define SEED_LEN	32
#define PUBLIC_LEN	(ML_PUBLIC_LEN + ED_PUBLIC_LEN)
#define SIG_LEN		(ML_SIG_LEN + ED_SIG_LEN)

#define PREFIX		"CompositeAlgorithmSignatures2025"
#define LABEL		"COMPSIG-MLDSA44-Ed25519-SHA512"
#define SHA512_LEN	64
#define SIGNED_LEN	(sizeof(PREFIX) - 1 + sizeof(LABEL) - 1 + 1 + SHA512_LEN)

/* Writes what both halves sign. */
static void
put_signed(uint8_t out[static SIGNED_LEN], struct span data)
{
	/* Its NUL is the length of the application's context: none. */
	memcpy(out, PREFIX LABEL, sizeof(PREFIX LABEL));
	hash_once(hash_find("sha512"), data, out + sizeof(PREFIX LABEL));
}

/* The label, as libcrypto wants to be told of it. */
static void
context_params(OSSL_PARAM params[static 2])
{
	static const char label[] = LABEL;

	/* OSSL_PARAM has no const. */
	params[0] = OSSL_PARAM_construct_octet_string(OSSL_SIGNATURE_PARAM_CONTEXT_STRING,
	    (void *)(uintptr_t)label, sizeof(label) - 1);
	params[1] = OSSL_PARAM_construct_end();
}

/* --- keys --- */

static enum err
set_public(struct key *k, struct span both)
{
	if (both.len != PUBLIC_LEN)
		return ERR_FORMAT;
	k->pq = EVP_PKEY_new_raw_public_key_ex(NULL, "ML-DSA-44", NULL, both.p, ML_PUBLIC_LEN);
	if (k->pq == NULL)
		return key_crypto_fail(ERR_FORMAT);
	return ed25519_public(span_skip(both, ML_PUBLIC_LEN), &k->pkey);
}

/* Makes ML-DSA's key of its seed. */
static EVP_PKEY *
from_seed(const uint8_t *seed)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "ML-DSA-44", NULL);
	EVP_PKEY *pkey = NULL;
	uint8_t copy[SEED_LEN];		/* OSSL_PARAM has no const */
	OSSL_PARAM params[] = {
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ML_DSA_SEED, copy, sizeof(copy)),
		OSSL_PARAM_END,
	};

	memcpy(copy, seed, sizeof(copy));
	if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	wipe(copy, sizeof(copy));
	return pkey;
}

static enum err
set_seeds(struct key *k, const uint8_t seeds[static 2 * SEED_LEN])
{
	k->pq = from_seed(seeds);
	k->pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seeds + SEED_LEN, SEED_LEN);
	return k->pq == NULL || k->pkey == NULL ? key_crypto_fail(ERR_CRYPTO) : ERR_OK;
}

static enum err
get_public(const struct key *k, uint8_t out[static PUBLIC_LEN])
{
	size_t ml = ML_PUBLIC_LEN, ed = ED_PUBLIC_LEN;

	return EVP_PKEY_get_raw_public_key(k->pq, out, &ml) == 1 && ml == ML_PUBLIC_LEN &&
	    EVP_PKEY_get_raw_public_key(k->pkey, out + ml, &ed) == 1 && ed == ED_PUBLIC_LEN ?
	    ERR_OK : key_crypto_fail(ERR_CRYPTO);
}

static enum err
read_public(struct key *k, struct reader *r)
{
	struct span both = rd_bytes(r);

	TRY(r->err);
	return set_public(k, both);
}

static void
write_public(const struct key *k, struct writer *w)
{
	uint8_t both[PUBLIC_LEN];
	enum err e = get_public(k, both);

	if (e != ERR_OK)
		wr_fail(w, e);
	else
		wr_bytes(w, span_of(both, sizeof(both)));
}

/* string public, string seeds. */
static enum err
read_private(struct key *k, struct reader *r)
{
	struct span public = rd_bytes(r), seeds = rd_bytes(r);
	uint8_t derived[PUBLIC_LEN];

	TRY(r->err);
	if (public.len != PUBLIC_LEN || seeds.len != 2 * SEED_LEN)
		return ERR_FORMAT;
	TRY(set_seeds(k, seeds.p));
	TRY(get_public(k, derived));
	return span_eq(public, span_of(derived, sizeof(derived))) ? ERR_OK : ERR_FORMAT;
}

static void
write_private(const struct key *k, struct writer *w)
{
	uint8_t seeds[2 * SEED_LEN];
	size_t ml = SEED_LEN, ed = SEED_LEN;

	write_public(k, w);
	if (EVP_PKEY_get_octet_string_param(k->pq, OSSL_PKEY_PARAM_ML_DSA_SEED, seeds, ml, &ml) != 1 ||
	    ml != SEED_LEN || EVP_PKEY_get_octet_string_param(k->pkey, OSSL_PKEY_PARAM_PRIV_KEY,
	    seeds + SEED_LEN, ed, &ed) != 1 ||
	    ed != SEED_LEN)
		wr_fail(w, key_crypto_fail(ERR_CRYPTO));
	else
		wr_bytes(w, span_of(seeds, sizeof(seeds)));
	wipe(seeds, sizeof(seeds));
}

static enum err
generate(struct key *k, unsigned bits, const struct rng *rng)
{
	uint8_t seeds[2 * SEED_LEN];
	enum err e;

	if (bits != 256)
		return ERR_RANGE;
	rng_fill(rng, seeds, sizeof(seeds));
	e = set_seeds(k, seeds);
	wipe(seeds, sizeof(seeds));
	return e;
}

/* --- signatures --- */

/* Each half signs by itself; ML-DSA with fresh randomness of libcrypto's. */
static bool
sign_half(EVP_PKEY *pkey, const OSSL_PARAM *params, struct span data, uint8_t *sig, size_t sig_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = sig_len;
	bool ok = ctx != NULL &&
	    EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, pkey, params) == 1 &&
	    EVP_DigestSign(ctx, sig, &len, data.p, data.len) == 1 && len == sig_len;

	EVP_MD_CTX_free(ctx);
	return ok;
}

static enum err
sign(const struct key *k, const struct key_alg *alg, struct span data, struct writer *w)
{
	uint8_t sig[SIG_LEN], signed_data[SIGNED_LEN];
	OSSL_PARAM context[2];
	struct span what;

	(void)alg;
	put_signed(signed_data, data);
	what = span_of(signed_data, sizeof(signed_data));
	context_params(context);
	if (!sign_half(k->pq, context, what, sig, ML_SIG_LEN) ||
	    !sign_half(k->pkey, NULL, what, sig + ML_SIG_LEN, ED_SIG_LEN))
		return key_crypto_fail(ERR_CRYPTO);
	wr_bytes(w, span_of(sig, sizeof(sig)));
	return ERR_OK;
}

static enum err
verify_ml(EVP_PKEY *pkey, struct span sig, struct span data)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	enum err e = ERR_CRYPTO;
	OSSL_PARAM context[2];

	context_params(context);
	if (ctx != NULL && EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, pkey, context) == 1)
		e = key_verdict(EVP_DigestVerify(ctx, sig.p, sig.len, data.p, data.len));
	EVP_MD_CTX_free(ctx);
	return e;
}

static enum err
verify(const struct key *k, const struct key_alg *alg, struct reader *r, struct span data,
    struct key_token *token)
{
	struct span sig = rd_bytes(r);
	uint8_t signed_data[SIGNED_LEN];
	struct span what;

	(void)alg;
	(void)token;
	TRY(rd_end(r));
	if (sig.len != SIG_LEN)
		return ERR_SIGNATURE;
	put_signed(signed_data, data);
	what = span_of(signed_data, sizeof(signed_data));
	TRY(verify_ml(k->pq, span_first(sig, ML_SIG_LEN), what));
	return ed25519_verify_raw(k->pkey, span_skip(sig, ML_SIG_LEN), what);
}

static unsigned
bits(const struct key *k)
{
	(void)k;
	return 256;
}

const struct key_kind key_kind_mldsa = {
	.name = KEY_MLDSA,
	.label = "MLDSA44-ED25519",
	.algs = KEY_MLDSA,
	.read_public = read_public,
	.write_public = write_public,
	.read_private = read_private,
	.write_private = write_private,
	.generate = generate,
	.sign = sign,
	.verify = verify,
	.bits = bits,
};

#endif
