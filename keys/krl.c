/* SPDX-License-Identifier: ISC */
#include "keys/krl.h"

#include "base/limits.h"
#include "base/reader.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "keys/authorized_keys.h"

/* A question, and what has been found so far. */
struct query {
	struct span blob;		/* of the plain key */
	const struct cert *cert;	/* NULL: none */
	uint8_t sha1[HASH_MAX_LEN];
	uint8_t sha256[HASH_MAX_LEN];
	bool revoked;
};

/* Whether a number of the list is the serial. */
static bool
has_serial(struct span list, uint64_t serial)
{
	struct reader r = rd_init(list);

	while (r.rest.len > 0)
		if (rd_u64(&r) == serial)
			return true;
	return false;
}

/* Bit n of the number map stands for serial offset + n. */
static bool
has_bit(struct span map, uint64_t offset, uint64_t serial)
{
	uint64_t bit = serial - offset;

	return serial >= offset && bit / 8 < map.len &&
	    (map.p[map.len - 1 - bit / 8] >> bit % 8 & 1) != 0;
}

/* Whether an item about certificates means this one. */
static bool
is_about_cert(const struct krl_item *item, const struct cert *c)
{
	/* An empty CA stands for all. */
	if (item->ca.len > 0 && !span_eq(item->ca, key_blob(c->ca)))
		return false;
	if (item->kind == KRL_KEY_ID)
		return span_eq(item->data, c->key_id);
	/* Serial 0 is what those have that were given none. */
	if (c->serial == 0)
		return false;
	if (item->kind == KRL_SERIALS)
		return has_serial(item->data, c->serial);
	if (item->kind == KRL_RANGE)
		return c->serial >= item->first && c->serial <= item->last;
	return has_bit(item->data, item->first, c->serial);
}

static bool
is_about(const struct krl_item *item, const struct query *q)
{
	switch (item->kind) {
	case KRL_KEY:
		return span_eq(item->data, q->blob);
	case KRL_SHA1:
		return span_eq(item->data, span_of(q->sha1, 20));
	case KRL_SHA256:
		return span_eq(item->data, span_of(q->sha256, 32));
	default:
		return q->cert != NULL && is_about_cert(item, q->cert);
	}
}

enum err
krl_info(struct span file, struct krl_info *out)
{
	struct krl_walk walk;
	struct krl_item item;

	TRY(krl_walk_start(file, &walk, out));
	while (krl_walk_next(&walk, &item))
		;
	return krl_walk_end(&walk);
}

/* Goes through the whole list, to its end even when something was found. */
static enum err
look(struct span file, struct query *q)
{
	struct krl_info info;
	struct krl_walk walk;
	struct krl_item item;

	TRY(krl_walk_start(file, &walk, &info));
	while (krl_walk_next(&walk, &item))
		q->revoked = q->revoked || is_about(&item, q);
	return krl_walk_end(&walk);
}

/* Asks a KRL about a plain key, and a certificate that may come with it. */
static enum err
ask_krl(struct span file, struct span blob, const struct cert *c, bool *revoked)
{
	struct query q = { .blob = blob, .cert = c };
	enum err e;

	hash_once(hash_find("sha1"), blob, q.sha1);
	hash_once(hash_find("sha256"), blob, q.sha256);
	e = look(file, &q);
	*revoked = e != ERR_OK || q.revoked;
	return e;
}

/* The key that a line of a text revokes: a certificate's is its subject. */
static enum err
take_line(const struct authorized_line *line, struct writer *key)
{
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	SCOPED(cert_free) struct cert c = { .key = NULL };

	if (cert_type_plain(line->type) == NULL)
		return authorized_key(line, key);
	TRY(base64_get(&blob, line->base64));
	TRY(wr_end(&blob));
	TRY(cert_parse(writer_span(&blob), &c));
	wr_raw(key, key_blob(c.key));
	return wr_end(key);
}

/* A text: a key on each line; a line that is none leaves the answer open. */
static enum err
ask_text(struct span file, struct span blob, bool *revoked)
{
	struct authorized_walk lines = { .rest = file };
	struct authorized_line line;
	bool found = false;

	*revoked = true;
	/* No text has a NUL, every KRL has some: this was one, and its beginning is damaged. */
	if (span_find(file, '\0') < file.len)
		return ERR_FORMAT;
	while (authorized_next(&lines, &line)) {
		SCOPED(writer_free) struct writer key = writer_init(LIMIT_LINE);

		/* A type that is not known here cannot be the key's. */
		if (line.err == ERR_UNSUPPORTED && cert_type_plain(line.type) == NULL)
			continue;
		TRY(take_line(&line, &key));
		found = found || span_eq(writer_span(&key), blob);
	}
	*revoked = found;
	return ERR_OK;
}

enum err
revoked_key(struct span file, struct span blob, bool *revoked)
{
	*revoked = true;
	if (blob.len == 0)
		return ERR_FORMAT;
	return krl_is(file) ? ask_krl(file, blob, NULL, revoked) : ask_text(file, blob, revoked);
}

enum err
revoked_cert(struct span file, const struct cert *c, bool *revoked)
{
	*revoked = true;
	if (!krl_is(file))
		TRY(ask_text(file, key_blob(c->key), revoked));
	else
		TRY(ask_krl(file, key_blob(c->key), c, revoked));
	/* A CA that is revoked takes its certificates along. */
	return *revoked ? ERR_OK : revoked_key(file, key_blob(c->ca), revoked);
}
