/* SPDX-License-Identifier: ISC */
#include "keys/sshsig.h"

#include "base/limits.h"
#include "base/reader.h"
#include "base/text.h"

#define MAGIC		SPAN_LIT("SSHSIG")
#define VERSION		1
#define BEGIN		SPAN_LIT("-----BEGIN SSH SIGNATURE-----")
#define END		SPAN_LIT("-----END SSH SIGNATURE-----")
#define LINE_LEN	70

/* --- armour --- */

void
sshsig_armour_put(struct writer *w, struct span blob)
{
	SCOPED(writer_free) struct writer text = writer_init(2 * SSHSIG_MAX_BLOB);
	struct span rest;

	base64_put(&text, blob, true);
	if (wr_end(&text) != ERR_OK)
		wr_fail(w, text.err);
	wr_raw(w, BEGIN);
	wr_u8(w, '\n');
	for (rest = writer_span(&text); rest.len > 0; rest = span_skip(rest, LINE_LEN)) {
		wr_raw(w, span_first(rest, LINE_LEN));
		wr_u8(w, '\n');
	}
	wr_raw(w, END);
	wr_u8(w, '\n');
}

enum err
sshsig_armour_get(struct span file, struct writer *blob)
{
	struct span rest = span_skip(file, BEGIN.len), text;
	enum err e;

	if (!span_starts(file, BEGIN) || rest.len == 0 || (rest.p[0] != '\n' && rest.p[0] != '\r'))
		return ERR_NOTFOUND;
	/* The end stands at the beginning of a line. */
	text = rest;
	while (rest.len > 0 && !span_starts(rest, END))
		rest = span_skip(rest, span_find(rest, '\n') + 1);
	if (rest.len == 0)
		return ERR_SHORT;
	e = base64_get(blob, span_first(text, text.len - rest.len));
	return e == ERR_SYNTAX ? ERR_FORMAT : e;
}

/* --- the signature --- */

void
sshsig_put(struct writer *w, const struct sshsig *s)
{
	wr_raw(w, MAGIC);
	wr_u32(w, VERSION);
	wr_bytes(w, s->signer);
	wr_bytes(w, s->name_space);
	wr_bytes(w, SPAN_EMPTY);	/* reserved */
	wr_bytes(w, s->hash);
	wr_bytes(w, s->signature);
}

enum err
sshsig_get(struct span blob, struct sshsig *out)
{
	struct reader r = rd_init(blob);
	struct span magic = rd_raw(&r, MAGIC.len);
	uint32_t version = rd_u32(&r);

	if (r.err != ERR_OK || !span_eq(magic, MAGIC))
		return ERR_FORMAT;
	if (version != VERSION)
		return ERR_UNSUPPORTED;
	out->signer = rd_bytes(&r);
	out->name_space = rd_text(&r);
	rd_bytes(&r);			/* reserved: to be ignored, and not signed */
	out->hash = rd_bytes(&r);
	out->signature = rd_bytes(&r);
	return rd_end(&r);
}

const struct hash_alg *
sshsig_hash(struct span name)
{
	if (span_is(name, "sha512"))
		return hash_find("sha512");
	return span_is(name, "sha256") ? hash_find("sha256") : NULL;
}

void
sshsig_signed_put(struct writer *w, const struct sshsig *s, const uint8_t *digest)
{
	const struct hash_alg *hash = sshsig_hash(s->hash);

	if (hash == NULL) {
		wr_fail(w, ERR_UNSUPPORTED);
		return;
	}
	wr_raw(w, MAGIC);
	wr_bytes(w, s->name_space);
	wr_bytes(w, SPAN_EMPTY);	/* reserved */
	wr_bytes(w, s->hash);
	wr_bytes(w, span_of(digest, hash_len(hash)));
}

/* --- who signed --- */

/* Whether the CA has signed; by SHA-1 it has not. */
static enum err
check_ca(const struct cert *c)
{
	enum err e = cert_check_signature(c, span_str(keys_list(KEY_LIST_CA)));

	return e == ERR_DENIED ? ERR_SIGNATURE : e;
}

enum err
sshsig_signer_get(struct span blob, struct sshsig_signer *out)
{
	enum err e;

	*out = (struct sshsig_signer){ .key = NULL };
	if (cert_type_plain(key_blob_type(blob)) == NULL) {
		e = key_from_blob(blob, &out->plain);
		out->key = out->plain;
		return e;
	}
	e = cert_parse(blob, &out->cert);
	if (e == ERR_OK)
		e = check_ca(&out->cert);
	if (e != ERR_OK) {
		sshsig_signer_free(out);
		return e;
	}
	out->is_cert = true;
	out->key = out->cert.key;
	return ERR_OK;
}

void
sshsig_signer_free(struct sshsig_signer *signer)
{
	if (signer == NULL)
		return;
	cert_free(&signer->cert);
	key_free(&signer->plain);
	*signer = (struct sshsig_signer){ .key = NULL };
}

struct span
sshsig_alg(const struct key *k)
{
	struct span algs = span_str(key_algs(k)), best;

	(void)span_token(&algs, ',', &best);
	return best;
}

enum err
sshsig_verify(const struct sshsig *s, const struct sshsig_signer *signer, const uint8_t *digest)
{
	SCOPED(writer_free) struct writer data = writer_init(SSHSIG_MAX_BLOB);
	struct reader r = rd_init(s->signature);
	struct span alg = rd_bytes(&r);
	struct key_token token;
	enum err e;

	if (span_is(alg, "ssh-rsa"))
		return ERR_SIGNATURE;
	sshsig_signed_put(&data, s, digest);
	TRY(wr_end(&data));
	e = key_verify(signer->key, alg, span_str(keys_list(KEY_LIST_SIG)), s->signature,
	    writer_span(&data), &token);
	return e == ERR_DENIED ? ERR_SIGNATURE : e;
}
