/* SPDX-License-Identifier: ISC */
#include "keys/agent_key.h"

#include "base/limits.h"
#include "keys/cert.h"
#include "keys/key_i.h"

/* RSA of 16,384 bits has 6 fields of 2 KiB at most. */
#define MAX_SECTION	(32 * 1024)

/* How the section of a type is laid out: strings all, until the comment. */
struct layout {
	const char *type;
	unsigned n_public;	/* first of them: left out beside a certificate */
	unsigned n_private;	/* the rest; 0: it is not read here */
};

static const struct layout layouts[] = {
	{ "ssh-rsa", 2, 4 },
	{ "ecdsa-sha2-nistp256", 2, 1 },
	{ "ecdsa-sha2-nistp384", 2, 1 },
	{ "ecdsa-sha2-nistp521", 2, 1 },
	{ "ssh-ed25519", 0, 2 },
	{ KEY_MLDSA, 0, 2 },
	{ "sk-ssh-ed25519@openssh.com", 1, 0 },
	{ "sk-ecdsa-sha2-nistp256@openssh.com", 2, 0 },
};

static const struct layout *
layout_of(const char *type)
{
	for (size_t i = 0; i < COUNT(layouts); i++)
		if (span_is(span_str(type), layouts[i].type))
			return &layouts[i];
	return NULL;
}

/* --- writing --- */

/* Writes what a certificate's blob leaves to say. */
static enum err
put_rest(struct writer *w, const struct key *k)
{
	SCOPED(writer_free) struct writer section = writer_init(MAX_SECTION);
	const struct layout *layout = layout_of(key_type(k));
	struct reader r;

	if (layout == NULL)
		return ERR_UNSUPPORTED;
	TRY(key_write_private(k, &section));
	r = rd_init(writer_span(&section));
	rd_bytes(&r);
	for (unsigned i = 0; i < layout->n_public; i++)
		rd_bytes(&r);
	wr_raw(w, rd_rest(&r));
	return rd_end(&r);
}

void
agent_key_put(struct writer *w, const struct key *k, struct span cert)
{
	const char *type = cert_type_of(span_str(key_type(k)));
	enum err e = ERR_UNSUPPORTED;

	if (cert.len == 0) {
		e = key_write_private(k, w);
	} else if (type != NULL) {
		wr_str(w, type);
		wr_bytes(w, cert);
		e = put_rest(w, k);
	}
	if (e != ERR_OK)
		wr_fail(w, e);
}

/* --- reading --- */

/* Writes the public fields in the section's order, which for RSA is not the blob's. */
static enum err
put_public(struct writer *w, const struct layout *layout, const struct key *subject)
{
	struct reader r = rd_init(key_blob(subject));
	struct span first, second;
	bool is_rsa = span_is(span_str(layout->type), "ssh-rsa");

	wr_bytes(w, rd_bytes(&r));
	if (layout->n_public == 0)
		return r.err;
	first = rd_bytes(&r);
	second = rd_bytes(&r);
	wr_bytes(w, is_rsa ? second : first);
	wr_bytes(w, is_rsa ? first : second);
	return rd_end(&r);
}

/* Makes the key of a certificate and the fields that follow it. */
static enum err
read_certified(struct reader *r, const struct key *subject, struct key **out)
{
	SCOPED(writer_free) struct writer section = writer_init(MAX_SECTION);
	const struct layout *layout = layout_of(key_type(subject));
	struct reader whole;

	if (layout == NULL || layout->n_private == 0)
		return ERR_UNSUPPORTED;
	TRY(put_public(&section, layout, subject));
	for (unsigned i = 0; i < layout->n_private; i++)
		wr_bytes(&section, rd_bytes(r));
	TRY(r->err);
	TRY(wr_end(&section));
	whole = rd_init(writer_span(&section));
	TRY(key_read_private(&whole, out));
	if (rd_end(&whole) == ERR_OK && key_equal(*out, subject))
		return ERR_OK;
	key_free(out);
	return ERR_FORMAT;
}

enum err
agent_key_get(struct reader *r, struct key **out, struct span *cert)
{
	SCOPED(cert_free) struct cert parsed = { .type = NULL };
	struct reader ahead = *r;
	struct span type = rd_bytes(&ahead);

	*out = NULL;
	*cert = SPAN_EMPTY;
	if (cert_type_plain(type) == NULL)
		return key_read_private(r, out);
	*cert = rd_bytes(&ahead);
	TRY(ahead.err);
	TRY(cert_parse(*cert, &parsed));
	if (!span_is(type, parsed.type))
		return ERR_FORMAT;
	*r = ahead;
	return read_certified(r, parsed.key, out);
}
