/* SPDX-License-Identifier: ISC */
#include "crypto/x25519.h"

#include "base/secret.h"
#include "crypto/evp.h"

enum err
x25519_keygen(const struct rng *rng, uint8_t secret[static X25519_LEN],
    uint8_t public[static X25519_LEN])
{
	size_t len = X25519_LEN;
	EVP_PKEY *key;
	bool ok;

	rng_fill(rng, secret, X25519_LEN);	/* RFC 7748 5: any 32 bytes will do */
	key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, X25519_LEN);
	ok = key != NULL && EVP_PKEY_get_raw_public_key(key, public, &len) == 1;
	EVP_PKEY_free(key);
	if (ok)
		return ERR_OK;
	wipe(secret, X25519_LEN);
	return evp_failed();
}

/* Multiplies. ERR_KEX if the result is zero, which libcrypto may refuse by itself. */
static enum err
derive(EVP_PKEY *key, EVP_PKEY *peer, uint8_t *shared)
{
	static const uint8_t zero[X25519_LEN];
	size_t len = X25519_LEN;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool is_ready = ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
	    EVP_PKEY_derive_set_peer(ctx, peer) == 1;
	bool ok = is_ready && EVP_PKEY_derive(ctx, shared, &len) == 1 && len == X25519_LEN;

	EVP_PKEY_CTX_free(ctx);
	if (!is_ready)
		return evp_failed();
	if (!ok || span_eq_secret(span_of(shared, X25519_LEN), span_of(zero, X25519_LEN)))
		return evp_refused();
	return ERR_OK;
}

enum err
x25519_agree(const uint8_t secret[static X25519_LEN], struct span peer,
    uint8_t shared[static X25519_LEN])
{
	EVP_PKEY *key, *other;
	enum err e;

	if (peer.len != X25519_LEN) {
		wipe(shared, X25519_LEN);
		return ERR_KEX;
	}
	key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, X25519_LEN);
	other = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peer.p, X25519_LEN);
	e = key == NULL || other == NULL ? evp_failed() : derive(key, other, shared);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	if (e != ERR_OK)
		wipe(shared, X25519_LEN);
	return e;
}
