/* SPDX-License-Identifier: ISC */
/* Parsing certificates, and what their types and algorithms are called. */
#include "keys/cert.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "keys/key_i.h"
#include "keys/line.h"

/* Type or algorithm of the certificate, and of the subject. */
struct names {
	const char *cert;
	const char *plain;
};

#define V01	"-cert-v01@openssh.com"

static const struct names types[] = {
	{ "ssh-ed25519" V01, "ssh-ed25519" },
	{ "ecdsa-sha2-nistp256" V01, "ecdsa-sha2-nistp256" },
	{ "ecdsa-sha2-nistp384" V01, "ecdsa-sha2-nistp384" },
	{ "ecdsa-sha2-nistp521" V01, "ecdsa-sha2-nistp521" },
	{ "sk-ssh-ed25519" V01, "sk-ssh-ed25519@openssh.com" },
	{ "sk-ecdsa-sha2-nistp256" V01, "sk-ecdsa-sha2-nistp256@openssh.com" },
	{ "ssh-rsa" V01, "ssh-rsa" },
#if KEY_HAVE_MLDSA
	{ KEY_MLDSA_CERT, KEY_MLDSA },
#endif
};

/* Algorithms that are not named like their type. */
static const struct names more_algs[] = {
	{ "webauthn-sk-ecdsa-sha2-nistp256" V01, "webauthn-sk-ecdsa-sha2-nistp256@openssh.com" },
	{ "rsa-sha2-512" V01, "rsa-sha2-512" },
	{ "rsa-sha2-256" V01, "rsa-sha2-256" },
};

static const struct names *
find_cert(const struct names *rows, size_t n, struct span name)
{
	for (size_t i = 0; i < n; i++)
		if (span_is(name, rows[i].cert))
			return &rows[i];
	return NULL;
}

static const struct names *
find_plain(const struct names *rows, size_t n, struct span name)
{
	for (size_t i = 0; i < n; i++)
		if (span_is(name, rows[i].plain))
			return &rows[i];
	return NULL;
}

const char *
cert_type_plain(struct span type)
{
	const struct names *row = find_cert(types, COUNT(types), type);

	return row == NULL ? NULL : row->plain;
}

const char *
cert_type_of(struct span plain)
{
	const struct names *row = find_plain(types, COUNT(types), plain);

	return row == NULL ? NULL : row->cert;
}

const char *
cert_alg_plain(struct span alg)
{
	const struct names *row = find_cert(more_algs, COUNT(more_algs), alg);

	return row == NULL ? cert_type_plain(alg) : row->plain;
}

const char *
cert_alg_of(struct span plain)
{
	const struct names *row = find_plain(more_algs, COUNT(more_algs), plain);

	return row == NULL ? cert_type_of(plain) : row->cert;
}

enum err
cert_line_decode(struct span text, struct writer *blob)
{
	struct span rest = line_trim(span_first(text, span_find(text, '\n')));
	struct span type = line_word(&rest);

	if (cert_type_plain(type) == NULL)
		return ERR_UNSUPPORTED;
	return line_key_decode(type, line_word(&rest), blob);
}

/* --- lists inside --- */

bool
cert_next_principal(struct span *rest, struct span *principal)
{
	struct reader r = rd_init(*rest);

	if (rest->len == 0)
		return false;
	*principal = rd_bytes(&r);
	*rest = r.rest;
	return r.err == ERR_OK;
}

bool
cert_next_option(struct span *rest, struct cert_option *o)
{
	struct reader r = rd_init(*rest), data;

	*o = (struct cert_option){ .is_flag = false };
	if (rest->len == 0)
		return false;
	o->name = rd_bytes(&r);
	o->data = rd_bytes(&r);
	*rest = r.rest;
	data = rd_init(o->data);
	o->is_flag = o->data.len == 0;
	if (!o->is_flag) {
		o->value = rd_bytes(&data);
		o->is_odd = rd_end(&data) != ERR_OK;
		if (o->is_odd)
			o->value = SPAN_EMPTY;
	}
	return r.err == ERR_OK;
}

/* Whether a list is strings from end to end; how many. */
static enum err
count_strings(struct span list, unsigned *n)
{
	struct reader r = rd_init(list);

	for (*n = 0; r.err == ERR_OK && r.rest.len > 0; (*n)++)
		rd_bytes(&r);
	return rd_end(&r);
}

/* --- the whole --- */

/* Reads the subject's fields as in a plain blob. */
static enum err
read_subject(struct reader *r, const char *plain, struct key **out)
{
	SCOPED(key_free) struct key *k = key_alloc(key_kind_find(span_str(plain)));

	if (k == NULL)
		return ERR_NOMEM;
	TRY(k->kind->read_public(k, r));
	TRY(r->err);
	TRY(key_set_blob(k));
	*out = k;
	k = NULL;
	return ERR_OK;
}

/* Reads what stands between the subject and the signature. */
static enum err
read_body(struct reader *r, struct cert *c)
{
	unsigned n_critical, n_extensions;
	uint32_t role;
	struct span ca;

	c->serial = rd_u64(r);
	role = rd_u32(r);
	c->key_id = rd_bytes(r);
	c->principals = rd_bytes(r);
	c->valid_after = rd_u64(r);
	c->valid_before = rd_u64(r);
	c->critical = rd_bytes(r);
	c->extensions = rd_bytes(r);
	rd_bytes(r);			/* reserved */
	ca = rd_bytes(r);
	TRY(r->err);
	if (role != CERT_USER && role != CERT_HOST)
		return ERR_FORMAT;
	c->role = (enum cert_role)role;
	TRY(count_strings(c->principals, &c->n_principals));
	if (c->n_principals > CERT_MAX_PRINCIPALS)
		return ERR_LIMIT;
	TRY(count_strings(c->critical, &n_critical));
	TRY(count_strings(c->extensions, &n_extensions));
	if (n_critical % 2 != 0 || n_extensions % 2 != 0)
		return ERR_FORMAT;
	/* A CA that is a certificate has no plain type: nothing nests. */
	return key_from_blob(ca, &c->ca);
}

static enum err
read_cert(struct span blob, struct cert *c)
{
	struct reader r = rd_init(blob);
	struct span type = rd_bytes(&r);
	const struct names *row = find_cert(types, COUNT(types), type);

	TRY(r.err);
	if (row == NULL)
		return ERR_UNSUPPORTED;
	c->type = row->cert;
	rd_bytes(&r);			/* nonce */
	TRY(r.err);
	TRY(read_subject(&r, row->plain, &c->key));
	TRY(read_body(&r, c));
	c->signed_data = span_first(blob, blob.len - r.rest.len);
	c->signature = rd_bytes(&r);
	return rd_end(&r);
}

enum err
cert_parse(struct span blob, struct cert *out)
{
	struct cert c = { .serial = 0 };
	uint8_t *copy;
	enum err e;

	*out = c;
	if (blob.len == 0)
		return ERR_SHORT;
	if (blob.len > LIMIT_KEY_BLOB)
		return ERR_LIMIT;
	copy = malloc(blob.len);
	if (copy == NULL)
		return ERR_NOMEM;
	memcpy(copy, blob.p, blob.len);
	c.blob = span_of(copy, blob.len);
	e = read_cert(c.blob, &c);
	if (e != ERR_OK)
		cert_free(&c);
	else
		*out = c;
	return e;
}

void
cert_free(struct cert *c)
{
	if (c == NULL)
		return;
	key_free(&c->key);
	key_free(&c->ca);
	free((void *)(uintptr_t)c->blob.p);	/* made by cert_parse() */
	*c = (struct cert){ .serial = 0 };
}
