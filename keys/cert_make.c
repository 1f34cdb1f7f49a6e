/* SPDX-License-Identifier: ISC */
/* Making certificates. */
#include "base/limits.h"
#include "base/reader.h"
#include "keys/cert.h"

#define NONCE_LEN	32

void
cert_option_put(struct writer *w, struct span name, struct span value)
{
	size_t m;

	wr_bytes(w, name);
	m = wr_open(w);
	if (value.p != NULL)
		wr_bytes(w, value);
	wr_close(w, m);
}

/* Writes the fields of the subject: its blob without the type. */
static void
put_subject(struct writer *w, const struct key *k)
{
	struct reader r = rd_init(key_blob(k));

	rd_bytes(&r);
	wr_raw(w, rd_rest(&r));
}

static void
put_principals(struct writer *w, struct span list)
{
	size_t m = wr_open(w);
	struct span name;

	while (list.len > 0 && span_token(&list, ',', &name))
		wr_bytes(w, name);
	wr_close(w, m);
}

/* Writes all that is signed. */
static void
put_body(struct writer *w, const struct cert_order *order, const char *type,
    const struct key *ca, const struct rng *rng)
{
	uint8_t nonce[NONCE_LEN];

	rng_fill(rng, nonce, sizeof nonce);
	wr_str(w, type);
	wr_bytes(w, span_of(nonce, sizeof nonce));
	put_subject(w, order->key);
	wr_u64(w, order->serial);
	wr_u32(w, order->role);
	wr_bytes(w, order->key_id);
	put_principals(w, order->principals);
	wr_u64(w, order->valid_after);
	wr_u64(w, order->valid_before);
	wr_bytes(w, order->critical);
	wr_bytes(w, order->extensions);
	wr_bytes(w, SPAN_EMPTY);
	wr_bytes(w, key_blob(ca));
}

enum err
cert_draft(const struct cert_order *order, const struct key *ca, const struct rng *rng,
    struct writer *w)
{
	const char *type = cert_type_of(span_str(key_type(order->key)));

	if (type == NULL)
		return ERR_UNSUPPORTED;
	put_body(w, order, type, ca, rng);
	return wr_end(w);
}

void
cert_seal(struct writer *draft, struct span sig)
{
	wr_bytes(draft, sig);
}

enum err
cert_make(const struct cert_order *order, const struct key *ca,
    struct span alg, const struct rng *rng, struct writer *w)
{
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	SCOPED(writer_free) struct writer sig = writer_init(LIMIT_SIGNATURE);

	TRY(cert_draft(order, ca, rng, &blob));
	TRY(key_sign(ca, alg, writer_span(&blob), &sig));
	cert_seal(&blob, writer_span(&sig));
	TRY(wr_end(&blob));
	wr_raw(w, writer_span(&blob));
	return wr_end(w);
}
