/* SPDX-License-Identifier: ISC */
#include "keys/key.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "keys/key_i.h"

enum err
key_crypto_fail(enum err e)
{
	ERR_clear_error();
	return e;
}

enum err
key_verdict(int result)
{
	return result == 1 ? ERR_OK : key_crypto_fail(ERR_SIGNATURE);
}

struct key *
key_alloc(const struct key_kind *kind)
{
	struct key *k = calloc(1, sizeof *k);

	if (k != NULL)
		k->kind = kind;
	return k;
}

void
key_free(struct key **k)
{
	if (k == NULL || *k == NULL)
		return;
	EVP_PKEY_free((*k)->pkey);	/* wipes private parts */
	EVP_PKEY_free((*k)->pq);
	secret_free(&(*k)->sk_handle);
	free((*k)->blob);
	free(*k);
	*k = NULL;
}

/* Gives k its blob, and for sk keys the application within it. */
static void
take_blob(struct key *k, uint8_t *blob, size_t len)
{
	struct reader r = rd_init(span_of(blob, len));

	k->blob = blob;
	k->blob_len = len;
	if (!k->kind->is_sk)
		return;
	rd_bytes(&r);			/* type */
	if (k->kind->curve != NULL)
		rd_bytes(&r);		/* curve */
	rd_bytes(&r);			/* public key */
	k->application = rd_bytes(&r);
}

enum err
key_set_blob(struct key *k)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_KEY_BLOB);
	uint8_t *blob;
	size_t len;

	wr_str(&w, k->kind->name);
	k->kind->write_public(k, &w);
	TRY(wr_end(&w));
	blob = writer_take(&w, &len);
	take_blob(k, blob, len);
	return ERR_OK;
}

struct span
key_blob_type(struct span blob)
{
	struct reader r = rd_init(blob);

	return rd_bytes(&r);
}

enum err
key_from_blob(struct span blob, struct key **out)
{
	SCOPED(key_free) struct key *k = NULL;
	struct reader r = rd_init(blob);
	struct span name = rd_bytes(&r);
	const struct key_kind *kind;
	uint8_t *copy;

	*out = NULL;
	if (blob.len > LIMIT_KEY_BLOB)
		return ERR_LIMIT;
	TRY(r.err);
	kind = key_kind_find(name);
	if (kind == NULL)
		return ERR_UNSUPPORTED;
	k = key_alloc(kind);
	if (k == NULL)
		return ERR_NOMEM;
	TRY(kind->read_public(k, &r));
	TRY(rd_end(&r));
	copy = malloc(blob.len);
	if (copy == NULL)
		return ERR_NOMEM;
	memcpy(copy, blob.p, blob.len);
	take_blob(k, copy, blob.len);
	*out = k;
	k = NULL;
	return ERR_OK;
}

enum err
key_public(const struct key *k, struct key **out)
{
	return key_from_blob(key_blob(k), out);
}

enum err
key_read_private(struct reader *r, struct key **out)
{
	SCOPED(key_free) struct key *k = NULL;
	const struct key_kind *kind;
	struct span name = rd_bytes(r);

	*out = NULL;
	TRY(r->err);
	kind = key_kind_find(name);
	if (kind == NULL)
		return ERR_UNSUPPORTED;
	k = key_alloc(kind);
	if (k == NULL)
		return ERR_NOMEM;
	TRY(kind->read_private(k, r));
	TRY(r->err);
	k->has_private = !kind->is_sk;
	if (k->blob == NULL)
		TRY(key_set_blob(k));
	*out = k;
	k = NULL;
	return ERR_OK;
}

enum err
key_write_private(const struct key *k, struct writer *w)
{
	if (!k->has_private && k->sk_handle.len == 0)
		return ERR_UNSUPPORTED;
	wr_str(w, k->kind->name);
	k->kind->write_private(k, w);
	return wr_end(w);
}

/* --- what a key is --- */

struct span
key_blob(const struct key *k)
{
	return span_of(k->blob, k->blob_len);
}

const char *
key_type(const struct key *k)
{
	return k->kind->name;
}

const char *
key_label(const struct key *k)
{
	return k->kind->label;
}

unsigned
key_bits(const struct key *k)
{
	return k->kind->bits(k);
}

bool
key_has_private(const struct key *k)
{
	return k->has_private;
}

bool
key_is_sk(const struct key *k)
{
	return k->kind->is_sk;
}

struct span
key_application(const struct key *k)
{
	return k->application;
}

bool
key_equal(const struct key *a, const struct key *b)
{
	return span_eq(key_blob(a), key_blob(b));
}

const char *
key_algs(const struct key *k)
{
	return k->kind->algs;
}

/* --- signatures --- */

/* Reads the signature's fields; whatever is wrong in them is ERR_SIGNATURE. */
static enum err
verify_fields(const struct key *k, const struct key_alg *alg, struct span sig,
    struct span data, struct key_token *token)
{
	struct reader r = rd_init(sig);
	struct span name = rd_bytes(&r);
	enum err e;

	if (r.err != ERR_OK || !span_is(name, alg->inner))
		return ERR_SIGNATURE;
	e = k->kind->verify(k, alg, &r, data, token);
	if (e == ERR_OK && rd_end(&r) != ERR_OK)
		return ERR_SIGNATURE;
	return e == ERR_OK || err_class(e) == ERR_CLASS_LOCAL ? e : ERR_SIGNATURE;
}

/* Signs, and checks what came out: a faulty signature can give the key away. */
static enum err
sign_checked(const struct key *k, const struct key_alg *alg, struct span data, struct writer *w)
{
	struct key_token token = { 0 };
	size_t start = w->len;

	wr_str(w, alg->inner);
	TRY(k->kind->sign(k, alg, data, w));
	TRY(wr_end(w));
	return verify_fields(k, alg, span_skip(writer_span(w), start), data, &token) == ERR_OK ?
	    ERR_OK : ERR_CRYPTO;
}

enum err
key_sign(const struct key *k, struct span alg, struct span data, struct writer *w)
{
	const struct key_alg *row = key_alg_row(alg);
	size_t start = w->len;
	enum err e;

	if (row == NULL || !k->has_private || k->kind->sign == NULL ||
	    !text_list_has(span_str(k->kind->algs), alg))
		return ERR_UNSUPPORTED;
	e = sign_checked(k, row, data, w);
	if (e != ERR_OK && w->len > start)
		writer_truncate(w, start);
	return e;
}

enum err
key_verify(const struct key *k, struct span alg, struct span allowed,
    struct span sig, struct span data, struct key_token *token)
{
	const struct key_alg *row = key_alg_row(alg);
	struct key_token said = { 0 };
	enum err e;

	if (token != NULL)
		*token = said;
	if (row == NULL || strcmp(row->kind, k->kind->name) != 0 ||
	    !text_list_has(allowed, alg))
		return ERR_DENIED;
	if (sig.len > LIMIT_SIGNATURE)
		return ERR_SIGNATURE;
	e = verify_fields(k, row, sig, data, &said);
	if (e != ERR_OK)
		return e;
	if (token != NULL)
		*token = said;
	else if (k->kind->is_sk && !said.is_touched)
		return ERR_SIGNATURE;
	return ERR_OK;
}
