/* SPDX-License-Identifier: ISC */
#include "crypto/evp.h"

#include <limits.h>

#include <openssl/err.h>

/* Empties the queue; whether memory had run out. */
static bool
was_nomem(void)
{
	unsigned long code;
	bool nomem = false;

	while ((code = ERR_get_error()) != 0) {
		if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE)
			nomem = true;
	}
	return nomem;
}

enum err
evp_failed(void)
{
	return was_nomem() ? ERR_NOMEM : ERR_CRYPTO;
}

enum err
evp_refused(void)
{
	return was_nomem() ? ERR_NOMEM : ERR_KEX;
}

enum err
evp_cipher_open(EVP_CIPHER_CTX **out, const char *name,
    enum direction direction, const uint8_t *key, const uint8_t *iv)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	bool ok = ctx != NULL && cipher != NULL &&
	    EVP_CipherInit_ex(ctx, cipher, NULL, key, iv, direction == TX) == 1 &&
	    EVP_CIPHER_CTX_set_padding(ctx, 0) == 1;

	EVP_CIPHER_free(cipher);	/* ctx holds it */
	if (!ok) {
		EVP_CIPHER_CTX_free(ctx);
		return evp_failed();
	}
	*out = ctx;
	return ERR_OK;
}

enum err
evp_cipher_run(EVP_CIPHER_CTX *ctx, uint8_t *p, size_t n)
{
	int done;

	must(n <= INT_MAX);
	if (EVP_CipherUpdate(ctx, p, &done, p, (int)n) != 1 || (size_t)done != n)
		return evp_failed();
	return ERR_OK;
}
