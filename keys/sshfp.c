/* SPDX-License-Identifier: ISC */
#include "keys/sshfp.h"

#include "base/reader.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "keys/key.h"

#define CLASS_IN	1
#define FLAG_ANSWER	0x8000
#define FLAG_AUTHENTIC	0x0020
#define RCODE_MASK	0x000f

/* Hashes of fingerprints by their numbers. */
static const char *const hashes[] = { NULL, "sha1", "sha256" };

static unsigned
rd_u16(struct reader *r)
{
	unsigned high = rd_u8(r);

	return high << 8 | rd_u8(r);
}

/* Passes over a name: labels up to an empty one, or to a pointer (RFC 1035 4.1.4). */
static void
skip_name(struct reader *r)
{
	while (r->err == ERR_OK) {
		unsigned len = rd_u8(r);

		if ((len & 0xc0) == 0xc0) {
			rd_u8(r);
			return;
		}
		if (len == 0)
			return;
		if ((len & 0xc0) != 0)
			rd_fail(r, ERR_FORMAT);
		else
			rd_raw(r, len);
	}
}

/* The number that the key's type has in the DNS; 0: none. */
static unsigned
type_number(struct span blob)
{
	struct span type = key_blob_type(blob);

	if (span_is(type, "ssh-rsa"))
		return 1;
	if (span_starts(type, SPAN_LIT("ecdsa-sha2-")))
		return 3;
	return span_is(type, "ssh-ed25519") ? 4 : 0;
}

/* Looks at one fingerprint. */
static void
compare(struct span data, struct span blob, struct sshfp *out)
{
	static const size_t lens[] = { 0, 20, 32 };
	uint8_t made[HASH_MAX_LEN];
	struct reader r = rd_init(data);
	unsigned type = rd_u8(&r), hash = rd_u8(&r);

	if (r.err != ERR_OK || type == 0 || type != type_number(blob) || hash == 0 ||
	    hash >= COUNT(hashes) || r.rest.len != lens[hash])
		return;
	hash_once(hash_find(hashes[hash]), blob, made);
	out->n_found++;
	out->is_match |= span_eq(r.rest, span_of(made, lens[hash]));
}

/* Takes one record of the answer. */
static void
take_record(struct reader *r, struct span blob, struct sshfp *out)
{
	unsigned type, class;
	struct span data;

	skip_name(r);
	type = rd_u16(r);
	class = rd_u16(r);
	rd_raw(r, 4);			/* how long it may be kept */
	data = rd_raw(r, rd_u16(r));
	if (r->err == ERR_OK && type == SSHFP_TYPE && class == CLASS_IN)
		compare(data, blob, out);
}

enum err
sshfp_check(struct span answer, struct span blob, struct sshfp *out)
{
	struct sshfp found = { .n_found = 0 };
	struct reader r = rd_init(answer);
	unsigned flags, n_questions, n_records;

	*out = found;
	rd_u16(&r);
	flags = rd_u16(&r);
	n_questions = rd_u16(&r);
	n_records = rd_u16(&r);
	rd_raw(&r, 4);			/* counts of what is not looked at */
	TRY(r.err);
	if ((flags & FLAG_ANSWER) == 0)
		return ERR_FORMAT;
	if ((flags & RCODE_MASK) != 0)
		return ERR_NOTFOUND;
	for (unsigned i = 0; i < n_questions && r.err == ERR_OK; i++) {
		skip_name(&r);
		rd_raw(&r, 4);
	}
	for (unsigned i = 0; i < n_records && i < SSHFP_MAX && r.err == ERR_OK; i++)
		take_record(&r, blob, &found);
	TRY(r.err);
	found.is_authentic = (flags & FLAG_AUTHENTIC) != 0;
	*out = found;
	return ERR_OK;
}

/* --- making records --- */

unsigned
sshfp_hash(struct span name)
{
	for (unsigned i = 1; i < COUNT(hashes); i++)
		if (text_match(name, span_str(hashes[i]), true))
			return i;
	return 0;
}

static void
put_record(struct writer *w, struct span name, struct span blob, unsigned hash,
    enum sshfp_form form)
{
	const struct hash_alg *alg = hash_find(hashes[hash]);
	uint8_t digest[HASH_MAX_LEN];

	hash_once(alg, blob, digest);
	wr_raw(w, name);
	if (form == SSHFP_GENERIC)
		wr_printf(w, " IN TYPE%u \\# %zu %02x %02x ", SSHFP_TYPE, hash_len(alg) + 2,
		    type_number(blob), hash);
	else
		wr_printf(w, " IN SSHFP %u %u ", type_number(blob), hash);
	hex_put(w, span_of(digest, hash_len(alg)), '\0');
	wr_u8(w, '\n');
}

void
sshfp_put(struct writer *w, struct span name, struct span blob, unsigned hash,
    enum sshfp_form form)
{
	for (unsigned i = 1; i < COUNT(hashes) && type_number(blob) != 0; i++)
		if (hash == 0 || hash == i)
			put_record(w, name, blob, i, form);
}
