/* SPDX-License-Identifier: ISC */
/*
 * sk-ssh-ed25519@openssh.com and sk-ecdsa-sha2-nistp256@openssh.com: keys in
 * security tokens (FIDO). Verified here with nothing but libcrypto; signing
 * needs the token and is not done here.
 *
 * A token signs SHA256(application), flags, counter, SHA256(message). For
 * webauthn-sk-ecdsa a browser did it, and SHA256(message) is replaced by
 * extensions and SHA256(JSON with the message in it).
 */
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "keys/ec.h"

#define SHA256_LEN	32

/* Bits of flags (CTAP2, authenticator data). */
#define FLAG_UP		0x01
#define FLAG_UV		0x04
#define FLAG_AT		0x40
#define FLAG_ED		0x80

/* What a token adds to its signature. */
struct sk_sig {
	struct span raw;
	uint8_t flags;
	uint32_t counter;
	bool is_webauthn;
	struct span origin;
	struct span client_data;
	struct span extensions;
};

static enum err
read_public(struct key *k, struct reader *r)
{
	const struct ec_curve *curve = k->kind->curve;
	struct span point;

	if (curve != NULL && !span_is(rd_bytes(r), curve->name))
		rd_fail(r, ERR_FORMAT);
	point = rd_bytes(r);
	k->application = rd_text(r);
	TRY(r->err);
	return curve != NULL ? ec_public(curve, point, &k->pkey) :
	    ed25519_public(point, &k->pkey);
}

static void
write_public(const struct key *k, struct writer *w)
{
	if (k->kind->curve != NULL) {
		wr_str(w, k->kind->curve->name);
		ec_write_point(k->kind->curve, k->pkey, w);
	} else {
		ed25519_write_public(k->pkey, w);
	}
	wr_bytes(w, k->application);
}

/* The public fields, byte flags, string handle, string reserved. */
static enum err
read_private(struct key *k, struct reader *r)
{
	struct span handle;

	TRY(read_public(k, r));
	k->sk_flags = rd_u8(r);
	handle = rd_bytes(r);
	rd_bytes(r);
	TRY(r->err);
	if (handle.len == 0)
		return ERR_FORMAT;
	TRY(secret_copy(&k->sk_handle, handle));
	return key_set_blob(k);		/* application moves there from r */
}

static void
write_private(const struct key *k, struct writer *w)
{
	write_public(k, w);
	wr_u8(w, k->sk_flags);
	wr_bytes(w, secret_span(&k->sk_handle));
	wr_bytes(w, SPAN_EMPTY);
}

static void
put_sha256(struct writer *w, struct span s)
{
	uint8_t hash[SHA256_LEN];

	hash_once(hash_find("sha256"), s, hash);
	wr_raw(w, span_of(hash, sizeof hash));
}

/* base64 for URLs, without padding, as WebAuthn writes the challenge. */
static void
put_base64url(struct writer *w, struct span s)
{
	size_t start = w->len;

	base64_put(w, s, false);
	for (size_t i = start; i < w->len; i++) {
		if (w->p[i] == '+')
			w->p[i] = '-';
		else if (w->p[i] == '/')
			w->p[i] = '_';
	}
}

/* An origin with these could end its JSON string early. */
static bool
origin_is_plain(struct span origin)
{
	for (size_t i = 0; i < origin.len; i++)
		if (origin.p[i] < 0x20 || origin.p[i] == '"' || origin.p[i] == '\\')
			return false;
	return true;
}

/*
 * Whether the JSON that the browser signed carries data as its challenge. Its
 * first members come in the fixed order and form of WebAuthn 5.8.1.1, so it
 * is compared as text and not parsed.
 */
static enum err
check_client_data(const struct sk_sig *sig, struct span data)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_PACKET * 2);
	struct span begin;

	if (!origin_is_plain(sig->origin))
		return ERR_SIGNATURE;
	wr_raw(&w, SPAN_LIT("{\"type\":\"webauthn.get\",\"challenge\":\""));
	put_base64url(&w, data);
	wr_raw(&w, SPAN_LIT("\",\"origin\":\""));
	wr_raw(&w, sig->origin);
	wr_raw(&w, SPAN_LIT("\""));
	TRY(wr_end(&w));
	begin = writer_span(&w);
	if (sig->client_data.len <= begin.len || !span_starts(sig->client_data, begin))
		return ERR_SIGNATURE;
	return sig->client_data.p[begin.len] == ',' ||
	    sig->client_data.p[begin.len] == '}' ? ERR_OK : ERR_SIGNATURE;
}

/* Reads what follows the algorithm's name. */
static enum err
read_signature(struct reader *r, bool is_webauthn, struct sk_sig *sig)
{
	*sig = (struct sk_sig){ .is_webauthn = is_webauthn };
	sig->raw = rd_bytes(r);
	sig->flags = rd_u8(r);
	sig->counter = rd_u32(r);
	if (is_webauthn) {
		sig->origin = rd_bytes(r);
		sig->client_data = rd_bytes(r);
		sig->extensions = rd_bytes(r);
	}
	TRY(rd_end(r));
	/* Attested data is for registration; extensions must be announced. */
	if ((sig->flags & FLAG_AT) != 0 && is_webauthn)
		return ERR_SIGNATURE;
	if (((sig->flags & FLAG_ED) != 0) != (sig->extensions.len != 0))
		return ERR_SIGNATURE;
	return ERR_OK;
}

/* Writes what the token has signed. */
static enum err
put_signed(const struct key *k, const struct sk_sig *sig, struct span data,
    struct writer *w)
{
	if (sig->is_webauthn)
		TRY(check_client_data(sig, data));
	put_sha256(w, k->application);
	wr_u8(w, sig->flags);
	wr_u32(w, sig->counter);
	wr_raw(w, sig->extensions);
	put_sha256(w, sig->is_webauthn ? sig->client_data : data);
	return wr_end(w);
}

static enum err
verify(const struct key *k, const struct key_alg *alg, struct reader *r,
    struct span data, struct key_token *token)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_SIGNATURE * 2);
	struct sk_sig sig;

	TRY(read_signature(r, strcmp(alg->inner, k->kind->name) != 0, &sig));
	TRY(put_signed(k, &sig, data, &w));
	if (k->kind->curve != NULL)
		TRY(ec_verify_raw(k->kind->curve, k->pkey, alg->md(), sig.raw, writer_span(&w)));
	else
		TRY(ed25519_verify_raw(k->pkey, sig.raw, writer_span(&w)));
	*token = (struct key_token){
		.is_touched = (sig.flags & FLAG_UP) != 0,
		.is_verified = (sig.flags & FLAG_UV) != 0,
		.counter = sig.counter,
	};
	return ERR_OK;
}

static unsigned
bits(const struct key *k)
{
	(void)k;
	return 256;
}

const struct key_kind key_kind_sk_ed25519 = {
	.name = "sk-ssh-ed25519@openssh.com",
	.label = "ED25519-SK",
	.algs = "sk-ssh-ed25519@openssh.com",
	.is_sk = true,
	.read_public = read_public,
	.write_public = write_public,
	.read_private = read_private,
	.write_private = write_private,
	.verify = verify,
	.bits = bits,
};

const struct key_kind key_kind_sk_ecdsa = {
	.name = "sk-ecdsa-sha2-nistp256@openssh.com",
	.label = "ECDSA-SK",
	.algs = "sk-ecdsa-sha2-nistp256@openssh.com,"
	    "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
	.curve = &ec_nistp256,
	.is_sk = true,
	.read_public = read_public,
	.write_public = write_public,
	.read_private = read_private,
	.write_private = write_private,
	.verify = verify,
	.bits = bits,
};
