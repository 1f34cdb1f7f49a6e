/* SPDX-License-Identifier: ISC */
/*
 * Private keys in PEM, through libcrypto: PKCS#8, PKCS#1, SEC1, each also
 * encrypted. Whatever libcrypto makes of a file goes through our own checks
 * before it becomes a struct key.
 */
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/limits.h"
#include "crypto/ossl.h"
#include "keys/key_i.h"
#include "keys/private_i.h"

/* Where in s text stands; s.len if it does not. */
static size_t
find_text(struct span s, struct span text)
{
	for (size_t i = 0; i + text.len <= s.len; i++)
		if (s.p[i] == text.p[0] && span_starts(span_skip(s, i), text))
			return i;
	return s.len;
}

static const struct span headers[] = {
	{ (const uint8_t *)"-----BEGIN PRIVATE KEY-----", 27 },
	{ (const uint8_t *)"-----BEGIN ENCRYPTED PRIVATE KEY-----", 37 },
	{ (const uint8_t *)"-----BEGIN RSA PRIVATE KEY-----", 31 },
	{ (const uint8_t *)"-----BEGIN EC PRIVATE KEY-----", 30 },
};

bool
private_pem_is(struct span file)
{
	for (size_t i = 0; i < COUNT(headers); i++)
		if (find_text(file, headers[i]) < file.len)
			return true;
	return false;
}

static bool
is_encrypted(struct span file)
{
	return find_text(file, SPAN_LIT("BEGIN ENCRYPTED PRIVATE KEY")) < file.len ||
	    find_text(file, SPAN_LIT("Proc-Type: 4,ENCRYPTED")) < file.len;
}

enum err
private_pem_peek(struct span file, struct private_file *out)
{
	SCOPED(key_free) struct key *k = NULL;

	out->is_encrypted = is_encrypted(file);
	if (out->is_encrypted)
		return ERR_OK;
	/* Nothing is in clear beside the whole key. */
	TRY(private_pem_read(file, SPAN_EMPTY, &k));
	return key_public(k, &out->pub);
}

/* libcrypto's question for a passphrase. */
static int
give_passphrase(char *buf, int size, int is_writing, void *arg)
{
	const struct span *passphrase = arg;

	(void)is_writing;
	if (passphrase->len == 0 || passphrase->len > (size_t)size)
		return -1;
	memcpy(buf, passphrase->p, passphrase->len);
	return (int)passphrase->len;
}

/* What a failure to decode means. */
static enum err
decode_error(bool encrypted)
{
	int reason = ERR_GET_REASON(ERR_peek_last_error());

	ERR_clear_error();
	if (reason == ERR_R_MALLOC_FAILURE)
		return ERR_NOMEM;
	return encrypted ? ERR_PASSPHRASE : ERR_FORMAT;
}

enum err
private_pem_read(struct span file, struct span passphrase, struct key **out)
{
	SCOPED(ossl_bio_free) BIO *bio = NULL;
	EVP_PKEY *pkey;

	*out = NULL;
	if (file.len > LIMIT_KEY_FILE)
		return ERR_LIMIT;
	if (is_encrypted(file) && passphrase.len == 0)
		return ERR_PASSPHRASE;
	bio = BIO_new_mem_buf(file.p, (int)file.len);
	if (bio == NULL)
		return key_crypto_fail(ERR_NOMEM);
	ERR_clear_error();
	pkey = PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, &passphrase);
	if (pkey == NULL)
		return decode_error(is_encrypted(file));
	return key_from_pkey(pkey, out);
}

const struct key_kind *
key_kind_of_pkey(EVP_PKEY *pkey)
{
	char group[32];
	size_t len;

	switch (EVP_PKEY_get_base_id(pkey)) {
	case EVP_PKEY_ED25519:
		return &key_kind_ed25519;
	case EVP_PKEY_RSA:
		return &key_kind_rsa;
	case EVP_PKEY_EC:
		break;
	default:
		return NULL;
	}
	if (EVP_PKEY_get_group_name(pkey, group, sizeof group, &len) != 1)
		return NULL;
	for (size_t i = 0; key_kinds[i] != NULL; i++)
		if (!key_kinds[i]->is_sk && key_kinds[i]->curve != NULL &&
		    strcmp(group, OBJ_nid2sn(key_kinds[i]->curve->nid)) == 0)
			return key_kinds[i];
	return NULL;
}

enum err
key_from_pkey(EVP_PKEY *pkey, struct key **out)
{
	SCOPED(ossl_pkey_free) EVP_PKEY *owned = pkey;
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_KEY_FILE);
	const struct key_kind *kind = key_kind_of_pkey(pkey);
	struct key shell = { .kind = kind, .pkey = pkey };
	struct reader r;

	*out = NULL;
	if (kind == NULL)
		return key_crypto_fail(ERR_UNSUPPORTED);
	if (kind->curve != NULL && EVP_PKEY_set_utf8_string_param(owned,
	    OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed") != 1)
		return key_crypto_fail(ERR_CRYPTO);
	/* Once through our own form, so that our checks see it. */
	wr_str(&w, kind->name);
	kind->write_private(&shell, &w);
	TRY(wr_end(&w));
	r = rd_init(writer_span(&w));
	TRY(key_read_private(&r, out));
	must(rd_end(&r) == ERR_OK);
	return ERR_OK;
}

/* Writes pkey in PEM to bio. */
static int
put_pem(BIO *bio, EVP_PKEY *pkey, const struct private_file_format *format)
{
	struct span pass = format->passphrase;
	const EVP_CIPHER *cipher = pass.len == 0 ? NULL :
	    format->kind == PRIVATE_PKCS8 ? EVP_aes_256_cbc() : EVP_aes_128_cbc();

	if (format->kind == PRIVATE_PKCS8)
		return PEM_write_bio_PKCS8PrivateKey(bio, pkey, cipher, NULL, 0,
		    give_passphrase, &pass);
	return PEM_write_bio_PrivateKey_traditional(bio, pkey, cipher, NULL, 0,
	    give_passphrase, &pass);
}

enum err
private_pem_write(const struct key *k, const struct private_file_format *format,
    struct writer *w)
{
	SCOPED(ossl_bio_free) BIO *bio = NULL;
	char *text;
	long len;

	/* Ed25519 has no older form than PKCS#8, tokens and composites have none in PEM. */
	if (!k->has_private || k->pq != NULL || (format->kind == PRIVATE_PEM && k->kind == &key_kind_ed25519))
		return ERR_UNSUPPORTED;
	bio = BIO_new(BIO_s_secmem());
	if (bio == NULL)
		return key_crypto_fail(ERR_NOMEM);
	if (put_pem(bio, k->pkey, format) != 1)
		return key_crypto_fail(ERR_CRYPTO);
	len = BIO_get_mem_data(bio, &text);
	wr_raw(w, span_of(text, (size_t)len));
	return wr_end(w);
}
