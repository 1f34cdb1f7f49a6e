/* SPDX-License-Identifier: ISC */
#include "keys/krl.h"

#include "base/limits.h"
#include "base/reader.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "keys/authorized_keys.h"

#define MAGIC		SPAN_LIT("SSHKRL\n\0")
#define FORMAT_VERSION	1

enum section {
	SECTION_CERTIFICATES = 1,
	SECTION_KEYS = 2,
	SECTION_SHA1 = 3,
	SECTION_SHA256 = 5,
	SECTION_EXTENSION = 255,
};

enum cert_section {
	CERT_SERIAL_LIST = 0x20,
	CERT_SERIAL_RANGE = 0x21,
	CERT_SERIAL_BITMAP = 0x22,
	CERT_KEY_ID = 0x23,
	CERT_EXTENSION = 0x39,
};

/* A question, and what has been found so far. */
struct query {
	struct span blob;		/* of the plain key; empty: only the form is checked */
	const struct cert *cert;	/* NULL: none */
	uint8_t sha1[HASH_MAX_LEN];
	uint8_t sha256[HASH_MAX_LEN];
	bool revoked;
};

bool
krl_is(struct span file)
{
	return span_starts(file, MAGIC);
}

/* Reads strings of this length (0: any) to the end; notes if one is what. */
static enum err
match_strings(struct span list, struct span what, size_t len, bool *found)
{
	struct reader r = rd_init(list);

	while (r.err == ERR_OK && r.rest.len > 0) {
		struct span s = rd_bytes(&r);

		if (len != 0 && s.len != len)
			rd_fail(&r, ERR_FORMAT);
		if (r.err == ERR_OK && what.len > 0 && span_eq(s, what))
			*found = true;
	}
	return rd_end(&r);
}

/* An extension that must be understood means that the list is not. */
static enum err
skip_extension(struct span data)
{
	struct reader r = rd_init(data);
	bool is_critical;

	rd_bytes(&r);
	is_critical = rd_flag(&r);
	rd_bytes(&r);
	TRY(rd_end(&r));
	return is_critical ? ERR_UNSUPPORTED : ERR_OK;
}

static enum err
match_serials(struct span data, uint64_t serial, bool *found)
{
	struct reader r = rd_init(data);

	while (r.err == ERR_OK && r.rest.len > 0)
		if (rd_u64(&r) == serial && serial != 0 && r.err == ERR_OK)
			*found = true;
	return rd_end(&r);
}

static enum err
match_range(struct span data, uint64_t serial, bool *found)
{
	struct reader r = rd_init(data);
	uint64_t first = rd_u64(&r), last = rd_u64(&r);

	TRY(rd_end(&r));
	if (first > last)
		return ERR_FORMAT;
	if (serial != 0 && serial >= first && serial <= last)
		*found = true;
	return ERR_OK;
}

/* Bit n of the number stands for serial offset + n. */
static enum err
match_bitmap(struct span data, uint64_t serial, bool *found)
{
	struct reader r = rd_init(data);
	uint64_t offset = rd_u64(&r), bit;
	struct span map = rd_mpint(&r, data.len);

	TRY(rd_end(&r));
	if (serial == 0 || serial < offset)
		return ERR_OK;
	bit = serial - offset;
	if (bit / 8 < map.len && (map.p[map.len - 1 - bit / 8] >> bit % 8 & 1) != 0)
		*found = true;
	return ERR_OK;
}

/* Looks at the certificates of one CA; data follows the CA. */
static enum err
match_certs(struct reader *r, struct query *q, bool is_ours)
{
	uint64_t serial = is_ours ? q->cert->serial : 0;
	struct span key_id = is_ours ? q->cert->key_id : SPAN_EMPTY;

	while (r->err == ERR_OK && r->rest.len > 0) {
		uint8_t type = rd_u8(r);
		struct span data = rd_bytes(r);

		TRY(r->err);
		if (type == CERT_SERIAL_LIST)
			TRY(match_serials(data, serial, &q->revoked));
		else if (type == CERT_SERIAL_RANGE)
			TRY(match_range(data, serial, &q->revoked));
		else if (type == CERT_SERIAL_BITMAP)
			TRY(match_bitmap(data, serial, &q->revoked));
		else if (type == CERT_KEY_ID)
			TRY(match_strings(data, key_id, 0, &q->revoked));
		else if (type == CERT_EXTENSION)
			TRY(skip_extension(data));
		else
			return ERR_UNSUPPORTED;
	}
	return rd_end(r);
}

static enum err
cert_section(struct span data, struct query *q)
{
	struct reader r = rd_init(data);
	struct span ca = rd_bytes(&r);

	rd_bytes(&r);			/* reserved */
	TRY(r.err);
	/* An empty CA stands for all. */
	return match_certs(&r, q, q->cert != NULL &&
	    (ca.len == 0 || span_eq(ca, key_blob(q->cert->ca))));
}

static enum err
look(uint8_t type, struct span data, struct query *q)
{
	struct span sha1 = q->blob.len == 0 ? SPAN_EMPTY : span_of(q->sha1, 20);
	struct span sha256 = q->blob.len == 0 ? SPAN_EMPTY : span_of(q->sha256, 32);

	switch (type) {
	case SECTION_CERTIFICATES:
		return cert_section(data, q);
	case SECTION_KEYS:
		return match_strings(data, q->blob, 0, &q->revoked);
	case SECTION_SHA1:
		return match_strings(data, sha1, 20, &q->revoked);
	case SECTION_SHA256:
		return match_strings(data, sha256, 32, &q->revoked);
	case SECTION_EXTENSION:
		return skip_extension(data);
	default:
		/* Signed lists among them: nobody makes them, none are believed. */
		return ERR_UNSUPPORTED;
	}
}

static enum err
read_header(struct reader *r, struct krl_info *out)
{
	uint32_t format;

	if (!span_eq(rd_raw(r, MAGIC.len), MAGIC))
		return ERR_FORMAT;
	format = rd_u32(r);
	out->version = rd_u64(r);
	out->generated = rd_u64(r);
	rd_u64(r);			/* flags: none are defined */
	rd_bytes(r);			/* reserved */
	out->comment = rd_bytes(r);
	TRY(r->err);
	return format == FORMAT_VERSION ? ERR_OK : ERR_UNSUPPORTED;
}

/* Goes through the whole list, to its end even when something was found. */
static enum err
walk(struct span file, struct query *q, struct krl_info *info)
{
	struct reader r = rd_init(file);

	TRY(read_header(&r, info));
	while (r.err == ERR_OK && r.rest.len > 0) {
		uint8_t type = rd_u8(&r);
		struct span data = rd_bytes(&r);

		TRY(r.err);
		TRY(look(type, data, q));
	}
	return rd_end(&r);
}

enum err
krl_info(struct span file, struct krl_info *out)
{
	struct query q = { .revoked = false };

	return walk(file, &q, out);
}

/* Asks a KRL about a plain key, and a certificate that may come with it. */
static enum err
ask_krl(struct span file, struct span blob, const struct cert *c, bool *revoked)
{
	struct query q = { .blob = blob, .cert = c };
	struct krl_info info;
	enum err e;

	hash_once(hash_find("sha1"), blob, q.sha1);
	hash_once(hash_find("sha256"), blob, q.sha256);
	e = walk(file, &q, &info);
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
