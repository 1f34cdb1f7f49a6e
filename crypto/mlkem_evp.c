/* SPDX-License-Identifier: ISC */
#include "crypto/mlkem_evp.h"

#if MLKEM_HAVE_EVP

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "base/secret.h"
#include "crypto/evp.h"

static const char *
algorithm(enum mlkem_set set)
{
	return set == MLKEM_768 ? "ML-KEM-768" : "ML-KEM-1024";
}

/* Makes the key whose seed is d, z. */
static EVP_PKEY *
key_from_seed(enum mlkem_set set, const uint8_t d[static 32], const uint8_t z[static 32])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, algorithm(set), NULL);
	EVP_PKEY *key = NULL;
	uint8_t seed[64];
	OSSL_PARAM seed_params[] = {
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ML_KEM_SEED, seed, sizeof(seed)),
		OSSL_PARAM_END,
	};

	memcpy(seed, d, 32);
	memcpy(seed + 32, z, 32);
	if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, seed_params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	wipe(seed, sizeof(seed));
	return key;
}

enum err
mlkem_evp_keygen(enum mlkem_set set, const uint8_t d[static 32],
    const uint8_t z[static 32], uint8_t *ek, uint8_t *dk)
{
	size_t ek_len = mlkem_ek_len(set), dk_len = mlkem_dk_len(set);
	EVP_PKEY *key = key_from_seed(set, d, z);
	bool ok = key != NULL &&
	    EVP_PKEY_get_raw_public_key(key, ek, &ek_len) == 1 && ek_len == mlkem_ek_len(set) &&
	    EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PRIV_KEY, dk, dk_len, &dk_len) == 1 &&
	    dk_len == mlkem_dk_len(set);

	EVP_PKEY_free(key);
	return ok ? ERR_OK : evp_failed();
}

/* Runs the encapsulation with m as its randomness. */
static bool
encapsulate(EVP_PKEY *key, const uint8_t m[static 32], struct room ct, uint8_t *shared)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	size_t ct_len = ct.len, shared_len = MLKEM_SHARED_LEN;
	uint8_t copy[32];		/* OSSL_PARAM has no const */
	OSSL_PARAM params[] = {
		OSSL_PARAM_octet_string(OSSL_KEM_PARAM_IKME, copy, sizeof(copy)),
		OSSL_PARAM_END,
	};
	bool ok;

	memcpy(copy, m, sizeof(copy));
	ok = ctx != NULL && EVP_PKEY_encapsulate_init(ctx, params) == 1 &&
	    EVP_PKEY_encapsulate(ctx, ct.p, &ct_len, shared, &shared_len) == 1 &&
	    ct_len == ct.len && shared_len == MLKEM_SHARED_LEN;
	EVP_PKEY_CTX_free(ctx);
	wipe(copy, sizeof(copy));
	return ok;
}

enum err
mlkem_evp_encaps(enum mlkem_set set, const uint8_t m[static 32],
    const uint8_t *ek, uint8_t *ct, uint8_t shared[static MLKEM_SHARED_LEN])
{
	struct room ct_room = { ct, mlkem_ct_len(set) };
	EVP_PKEY *key;
	bool ok;

	key = EVP_PKEY_new_raw_public_key_ex(NULL, algorithm(set), NULL, ek, mlkem_ek_len(set));
	if (key == NULL)
		return evp_refused();
	ok = encapsulate(key, m, ct_room, shared);
	EVP_PKEY_free(key);
	return ok ? ERR_OK : evp_failed();
}

enum err
mlkem_evp_decaps(enum mlkem_set set, const uint8_t *dk, const uint8_t *ct,
    uint8_t shared[static MLKEM_SHARED_LEN])
{
	size_t len = MLKEM_SHARED_LEN;
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *key;
	bool ok;

	key = EVP_PKEY_new_raw_private_key_ex(NULL, algorithm(set), NULL, dk, mlkem_dk_len(set));
	if (key == NULL)
		return evp_refused();
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	ok = ctx != NULL && EVP_PKEY_decapsulate_init(ctx, NULL) == 1 &&
	    EVP_PKEY_decapsulate(ctx, shared, &len, ct, mlkem_ct_len(set)) == 1 &&
	    len == MLKEM_SHARED_LEN;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return ok ? ERR_OK : evp_failed();
}

#else
/* ISO C wants something in every file. */
_Static_assert(MLKEM_HAVE_EVP == 0, "the in-tree ML-KEM is in use");
#endif
