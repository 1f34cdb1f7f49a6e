/* SPDX-License-Identifier: ISC */
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/encoder.h>
#include <string.h>

#include "base/limits.h"
#include "crypto/ossl.h"
#include "keys/key_i.h"
#include "keys/public_format.h"

static void
encoder_free(OSSL_ENCODER_CTX **c)
{
	OSSL_ENCODER_CTX_free(*c);
}

static void
decoder_free(OSSL_DECODER_CTX **c)
{
	OSSL_DECODER_CTX_free(*c);
}

/* What libcrypto calls the structure. */
static const char *
structure(enum public_pem kind)
{
	return kind == PUBLIC_PEM ? "type-specific" : "SubjectPublicKeyInfo";
}

enum err
public_pem_put(struct writer *w, const struct key *k, enum public_pem kind)
{
	SCOPED(encoder_free) OSSL_ENCODER_CTX *ctx = NULL;
	unsigned char *text = NULL;
	size_t len = 0;

	if (k->kind->is_sk || k->pq != NULL || (kind == PUBLIC_PEM && k->kind != &key_kind_rsa))
		return ERR_UNSUPPORTED;
	ctx = OSSL_ENCODER_CTX_new_for_pkey(k->pkey, OSSL_KEYMGMT_SELECT_PUBLIC_KEY, "PEM",
	    structure(kind), NULL);
	if (ctx == NULL)
		return key_crypto_fail(ERR_NOMEM);
	if (OSSL_ENCODER_to_data(ctx, &text, &len) != 1)
		return key_crypto_fail(ERR_CRYPTO);
	wr_raw(w, span_of(text, len));
	OPENSSL_free(text);
	return wr_end(w);
}

/* Makes a key of libcrypto's one of ours, by way of its blob and our checks. */
static enum err
from_public(EVP_PKEY *pkey, struct key **out)
{
	const struct key_kind *kind = key_kind_of_pkey(pkey);
	struct key shell = { .kind = kind, .pkey = pkey };
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_KEY_BLOB);

	if (kind == NULL)
		return key_crypto_fail(ERR_UNSUPPORTED);
	if (kind->curve != NULL && EVP_PKEY_set_utf8_string_param(pkey,
	    OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed") != 1)
		return key_crypto_fail(ERR_CRYPTO);
	wr_str(&w, kind->name);
	kind->write_public(&shell, &w);
	TRY(wr_end(&w));
	return key_from_blob(writer_span(&w), out);
}

enum err
public_pem_get(struct span file, enum public_pem kind, struct key **out)
{
	SCOPED(ossl_pkey_free) EVP_PKEY *pkey = NULL;
	SCOPED(decoder_free) OSSL_DECODER_CTX *ctx = NULL;
	const unsigned char *at = file.p;
	size_t len = file.len;

	*out = NULL;
	ctx = OSSL_DECODER_CTX_new_for_pkey(&pkey, "PEM", structure(kind), NULL,
	    OSSL_KEYMGMT_SELECT_PUBLIC_KEY, NULL, NULL);
	if (ctx == NULL)
		return key_crypto_fail(ERR_NOMEM);
	if (file.len == 0 || OSSL_DECODER_from_data(ctx, &at, &len) != 1)
		return key_crypto_fail(ERR_FORMAT);
	return from_public(pkey, out);
}
