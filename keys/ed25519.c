/* SPDX-License-Identifier: ISC */
/* ssh-ed25519: RFC 8709; the arithmetic is libcrypto's. */
#include <openssl/core_names.h>
#include <string.h>

#include "keys/key_i.h"

#define ED25519_LEN	32
#define ED25519_SIG_LEN	64

enum err
ed25519_public(struct span bytes, EVP_PKEY **out)
{
	*out = NULL;
	if (bytes.len != ED25519_LEN)
		return ERR_FORMAT;
	*out = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes.p, bytes.len);
	return *out == NULL ? key_crypto_fail(ERR_CRYPTO) : ERR_OK;
}

/* The 32 public bytes; false if libcrypto does not give them. */
static bool
get_public(const EVP_PKEY *pkey, uint8_t out[static ED25519_LEN])
{
	size_t len = ED25519_LEN;

	return EVP_PKEY_get_raw_public_key(pkey, out, &len) == 1 && len == ED25519_LEN;
}

void
ed25519_write_public(const EVP_PKEY *pkey, struct writer *w)
{
	uint8_t pub[ED25519_LEN];

	if (!get_public(pkey, pub))
		wr_fail(w, key_crypto_fail(ERR_CRYPTO));
	else
		wr_bytes(w, span_of(pub, sizeof pub));
}

static enum err
read_public(struct key *k, struct reader *r)
{
	struct span bytes = rd_bytes(r);

	TRY(r->err);
	return ed25519_public(bytes, &k->pkey);
}

static void
write_public(const struct key *k, struct writer *w)
{
	ed25519_write_public(k->pkey, w);
}

static enum err
set_seed(struct key *k, const uint8_t *seed)
{
	k->pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, ED25519_LEN);
	return k->pkey == NULL ? key_crypto_fail(ERR_CRYPTO) : ERR_OK;
}

/* string public, string seed followed by public. */
static enum err
read_private(struct key *k, struct reader *r)
{
	struct span pub = rd_bytes(r);
	struct span both = rd_bytes(r);
	uint8_t derived[ED25519_LEN];

	TRY(r->err);
	if (pub.len != ED25519_LEN || both.len != 2 * ED25519_LEN)
		return ERR_FORMAT;
	TRY(set_seed(k, both.p));
	if (!get_public(k->pkey, derived))
		return key_crypto_fail(ERR_CRYPTO);
	if (memcmp(derived, pub.p, ED25519_LEN) != 0 ||
	    memcmp(derived, both.p + ED25519_LEN, ED25519_LEN) != 0)
		return ERR_FORMAT;
	return ERR_OK;
}

static void
write_private(const struct key *k, struct writer *w)
{
	uint8_t seed[ED25519_LEN], pub[ED25519_LEN];
	size_t len = sizeof seed, m;

	/* EVP_PKEY_get_raw_private_key() would leave a copy in freed memory (OpenSSL 3.0). */
	if (EVP_PKEY_get_octet_string_param(k->pkey, OSSL_PKEY_PARAM_PRIV_KEY, seed, len, &len) != 1 ||
	    len != sizeof seed || !get_public(k->pkey, pub)) {
		wr_fail(w, key_crypto_fail(ERR_CRYPTO));
		return;
	}
	wr_bytes(w, span_of(pub, sizeof pub));
	m = wr_open(w);
	wr_raw(w, span_of(seed, sizeof seed));
	wr_raw(w, span_of(pub, sizeof pub));
	wr_close(w, m);
	wipe(seed, sizeof seed);
}

static enum err
generate(struct key *k, unsigned bits, const struct rng *rng)
{
	uint8_t seed[ED25519_LEN];
	enum err e;

	if (bits != 256)
		return ERR_RANGE;
	rng_fill(rng, seed, sizeof seed);
	e = set_seed(k, seed);
	wipe(seed, sizeof seed);
	return e;
}

static enum err
sign(const struct key *k, const struct key_alg *alg, struct span data, struct writer *w)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t sig[ED25519_SIG_LEN];
	size_t len = sizeof sig;
	bool ok;

	(void)alg;
	ok = ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, k->pkey) == 1 &&
	    EVP_DigestSign(ctx, sig, &len, data.p, data.len) == 1 && len == sizeof sig;
	EVP_MD_CTX_free(ctx);
	if (!ok)
		return key_crypto_fail(ERR_CRYPTO);
	wr_bytes(w, span_of(sig, sizeof sig));
	return ERR_OK;
}

enum err
ed25519_verify_raw(EVP_PKEY *pkey, struct span sig, struct span data)
{
	EVP_MD_CTX *ctx;
	enum err e = ERR_CRYPTO;

	if (sig.len != ED25519_SIG_LEN)
		return ERR_SIGNATURE;
	ctx = EVP_MD_CTX_new();
	/* libcrypto refuses S >= L (RFC 8032 5.1.7). */
	if (ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1)
		e = key_verdict(EVP_DigestVerify(ctx, sig.p, sig.len, data.p, data.len));
	EVP_MD_CTX_free(ctx);
	return e;
}

static enum err
verify(const struct key *k, const struct key_alg *alg, struct reader *r,
    struct span data, struct key_token *token)
{
	struct span sig = rd_bytes(r);

	(void)alg;
	(void)token;
	TRY(rd_end(r));
	return ed25519_verify_raw(k->pkey, sig, data);
}

static unsigned
bits(const struct key *k)
{
	(void)k;
	return 256;
}

const struct key_kind key_kind_ed25519 = {
	.name = "ssh-ed25519",
	.label = "ED25519",
	.algs = "ssh-ed25519",
	.read_public = read_public,
	.write_public = write_public,
	.read_private = read_private,
	.write_private = write_private,
	.generate = generate,
	.sign = sign,
	.verify = verify,
	.bits = bits,
};

enum err
key_from_ed25519_seed(const uint8_t seed[static ED25519_LEN], struct key **out)
{
	SCOPED(key_free) struct key *k = key_alloc(&key_kind_ed25519);

	*out = NULL;
	if (k == NULL)
		return ERR_NOMEM;
	TRY(set_seed(k, seed));
	k->has_private = true;
	TRY(key_set_blob(k));
	*out = k;
	k = NULL;
	return ERR_OK;
}
