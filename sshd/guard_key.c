/* SPDX-License-Identifier: ISC */
/* Public keys: whether they make sense, whether they signed, and what the user's files say of them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "auth/ephemeral.h"
#include "auth/userauth.h"
#include "keys/authorized_keys.h"
#include "keys/fingerprint.h"
#include "keys/krl.h"
#include "os/file.h"
#include "sshd/guard_i.h"

/* --- the key that is shown --- */

void
guard_key_reset(struct guard *g)
{
	struct guard_key *k = &g->key;

	cert_free(&k->cert);
	k->is_cert = false;
	writer_reset(&k->options);
	writer_reset(&k->cert_options);
	k->place[0] = k->comment[0] = k->grant[0] = k->registrar[0] = '\0';
	wipe(k->proof, sizeof(k->proof));
	k->has_proof = k->is_held = false;
	k->expires = AUTHORIZED_NEVER;
	k->why = REASON_NONE;
}

void
guard_key_refused(struct guard *g, enum reason why, enum sshd_keyword rule)
{
	if (g->key.why != REASON_NONE)
		return;
	g->key.why = why;
	g->key.why_rule = rule;
}

struct span
guard_plain_blob(const struct guard *g)
{
	return g->key.is_cert ? key_blob(g->key.cert.key) : g->asked.blob;
}

const char *
guard_key_name(const struct guard *g, char *buf, size_t size)
{
	const struct cert *c = &g->key.cert;
	char fp[FINGERPRINT_SIZE], ca[FINGERPRINT_SIZE], id[256];
	const char *label = key_type_label(key_blob_type(g->asked.blob));

	if (g->key.is_cert)
		snprintf(buf, size, "%s-CERT %s ID %s (serial %llu) CA %s %s", key_label(c->key),
		    guard_fingerprint(g, key_blob(c->key), fp), text_visible_str(id, sizeof(id), c->key_id),
		    (unsigned long long)c->serial, key_label(c->ca), guard_fingerprint(g, key_blob(c->ca), ca));
	else
		snprintf(buf, size, "%s %s", label == NULL ? "unknown" : label,
		    guard_fingerprint(g, g->asked.blob, fp));
	return buf;
}

/* --- the signature --- */

/* Whether an sk key's token did what key, certificate and config ask for. */
static bool
token_did_enough(struct guard *g, const struct key_token *token)
{
	uint32_t asked = g->user.config.pubkey_auth_options;
	SCOPED(authorized_options_free) struct authorized_options key = { .n_env = 0 }, cert = { .n_env = 0 };
	bool needs_touch, needs_verify;

	if (authorized_options_parse(writer_span(&g->key.options), 0, &key, NULL) != ERR_OK ||
	    authorized_options_parse(writer_span(&g->key.cert_options), 0, &cert, NULL) != ERR_OK)
		return false;
	needs_touch = key.needs_touch || (g->key.is_cert && cert.needs_touch) || (asked & PUBKEY_TOUCH_REQUIRED);
	needs_verify = key.needs_verify || cert.needs_verify || (asked & PUBKEY_VERIFY_REQUIRED);
	if (!token->is_touched && needs_touch) {
		log_info(&g->log, "security token was not touched: refused");
		return false;
	}
	if (!token->is_verified && needs_verify) {
		log_info(&g->log, "security token did not ask for PIN or fingerprint: refused");
		return false;
	}
	return true;
}

/* What the client must have signed, from what the guard knows by itself. */
static enum err
put_signed(struct guard *g, struct writer *data)
{
	const struct msg_from_wire_auth *m = &g->asked;
	struct auth_signed s = { .session_id = span_of(g->session_id, g->session_id_len),
	    .user = m->user, .service = m->service, .alg = m->alg, .blob = m->blob };

	if (g->session_id_len == 0)
		return ERR_NOTNOW;
	if (span_is(m->method, "publickey-hostbound-v00@openssh.com"))
		s.hostkey = guard_hostkey(g);
	auth_signed_data(data, &s);
	return wr_end(data);
}

bool
guard_key_is_signed(struct guard *g)
{
	const struct msg_from_wire_auth *m = &g->asked;
	const char *plain = cert_alg_plain(m->alg);
	struct span alg = plain != NULL ? span_str(plain) : m->alg;
	SCOPED(writer_free) struct writer data = writer_init(LIMIT_IPC);
	SCOPED(key_free) struct key *key = NULL;
	struct key_token token = { .counter = 0 };

	if (put_signed(g, &data) != ERR_OK || key_from_blob(guard_plain_blob(g), &key) != ERR_OK)
		return false;
	/* That the algorithm is allowed, a certificate's by its own name, guard_key_acceptable() has seen. */
	if (key_verify(key, alg, alg, m->sig, writer_span(&data), &token) != ERR_OK)
		return false;
	return !key_is_sk(key) || token_did_enough(g, &token);
}

/* --- keys in files --- */

bool
guard_key_is_in_files(struct guard *g)
{
	return g->user.is_valid && guard_find_key(g) == ERR_OK;
}

/*
 * A key that nobody knows. Clients ask before they sign, unless it comes from
 * a code, which is not confirmed to who asks: so this may have been a guess.
 */
void
guard_key_unknown(struct guard *g)
{
	if (g->asked.has_sig && span_is(g->asked.alg, "ssh-ed25519"))
		guard_tell_wrong(g);
	if (g->key.why != REASON_NONE)
		guard_refuse(g, g->key.why, g->key.why_rule);
	else
		guard_refuse(g, REASON_KEY_UNKNOWN, SSHD_AuthorizedKeysFile);
	guard_fail(g, g->asked.has_sig);
}

void
guard_key_not_signed(struct guard *g)
{
	guard_refuse(g, REASON_SIGNATURE, SSHD_N_KEYWORDS);
	guard_fail(g, true);
}

void
guard_key_try_files(struct guard *g)
{
	if (!guard_key_is_in_files(g))
		guard_key_unknown(g);
	else if (!g->asked.has_sig)
		guard_answer(g, AUTH_RESULT_PK_OK);
	else if (guard_key_is_signed(g))
		guard_proved(g);
	else
		guard_key_not_signed(g);
}

/* --- the request --- */

/* Whether a key has been used for this login already (publickey,publickey); its certificate is no other key. */
static bool
was_used(const struct guard *g)
{
	struct reader r = rd_init(writer_span(&g->proof.keys));

	while (r.err == ERR_OK && r.rest.len > 0) {
		if (span_eq(rd_bytes(&r), guard_plain_blob(g)))
			return true;
	}
	return false;
}

/* A list of revoked keys is never larger than this. */
#define REVOKED_MAX	(64 * 1024 * 1024)

/* Asks one list. What cannot be read revokes all. */
static bool
is_revoked_by(const struct guard *g, const char *path)
{
	SCOPED(writer_free) struct writer text = writer_init(REVOKED_MAX);
	bool revoked = true;
	char name[1024];
	enum err e = file_read_any(path, &text, NULL);

	if (e == ERR_OK && g->key.is_cert)
		e = revoked_cert(writer_span(&text), &g->key.cert, &revoked);
	else if (e == ERR_OK)
		e = revoked_key(writer_span(&text), g->asked.blob, &revoked);
	if (e != ERR_OK)
		log_error(&g->log, "Error checking authentication key in revoked keys file %s: %s", path,
		    e == ERR_SYSTEM || e == ERR_NOTFOUND ? strerror(errno) : err_text(e));
	else if (revoked)
		log_error(&g->log, "Authentication key %s revoked by file %s",
		    guard_key_name(g, name, sizeof(name)), path);
	return e != ERR_OK || revoked;
}

/* Whether RevokedKeys has the key, its certificate or the CA. */
static bool
is_revoked(const struct guard *g)
{
	const struct words *files = &g->user.config.revoked_keys;

	for (size_t i = 0; i < files->n; i++) {
		if (is_revoked_by(g, files->v[i]))
			return true;
	}
	return false;
}

/* Whether the algorithm is one for what the blob says that it is. */
bool
guard_alg_fits(struct span alg, struct span type)
{
	const char *plain = cert_alg_plain(alg);
	const char *of = key_alg_type(plain != NULL ? span_str(plain) : alg);

	if (of != NULL && plain != NULL)
		of = cert_type_of(span_str(of));
	return of != NULL && span_is(type, of);
}

/* Takes the certificate apart, if it is one. False: it is none that can be used. */
static bool
read_cert(struct guard *g)
{
	struct span blob = g->asked.blob;
	enum err e;

	if (cert_type_plain(key_blob_type(blob)) == NULL)
		return true;
	e = cert_parse(blob, &g->key.cert);
	g->key.is_cert = e == ERR_OK;
	if (e != ERR_OK)
		log_info(&g->log, "certificate cannot be used: %s", err_text(e));
	return g->key.is_cert;
}

/* Whether it is no RSA key, or one that is long enough. */
static bool
is_long_enough(struct guard *g)
{
	SCOPED(key_free) struct key *key = NULL;

	if (!span_is(key_blob_type(guard_plain_blob(g)), "ssh-rsa"))
		return true;
	if (key_from_blob(guard_plain_blob(g), &key) != ERR_OK)
		return false;
	if (key_bits(key) >= g->user.config.required_rsa_size)
		return true;
	guard_refuse(g, REASON_KEY_ALG, SSHD_RequiredRSASize);
	log_info(&g->log, "RSA key of %u bits is shorter than RequiredRSASize", key_bits(key));
	return false;
}

bool
guard_key_acceptable(struct guard *g, struct span allowed)
{
	const struct msg_from_wire_auth *m = &g->asked;
	char alg[64];

	guard_refuse(g, REASON_KEY_ALG, span_is(m->method, "hostbased") ? SSHD_HostbasedAcceptedAlgorithms :
	    SSHD_PubkeyAcceptedAlgorithms);
	if (m->blob.len > LIMIT_KEY_BLOB || m->sig.len > LIMIT_SIGNATURE)
		return false;
	text_visible_str(alg, sizeof(alg), m->alg);
	if (!guard_alg_fits(m->alg, key_blob_type(m->blob)) ||
	    !text_list_has(allowed, m->alg)) {
		log_debug(&g->log, "key algorithm %s is not accepted", alg);
		return false;
	}
	if (span_is(m->method, "publickey-hostbound-v00@openssh.com") &&
	    (m->hostkey.len == 0 || !span_eq(m->hostkey, guard_hostkey(g)))) {
		guard_refuse(g, REASON_HOSTKEY, SSHD_N_KEYWORDS);
		log_info(&g->log, "the client's signature names another host key than ours: refused");
		return false;
	}
	if (!read_cert(g) || !is_long_enough(g))
		return false;
	if (was_used(g)) {
		guard_refuse(g, REASON_KEY_USED, SSHD_AuthenticationMethods);
		log_info(&g->log, "refusing previously-used %s key", alg);
		return false;
	}
	guard_refuse(g, REASON_KEY_REVOKED, SSHD_RevokedKeys);
	return !is_revoked(g);
}

void
guard_publickey(struct guard *g)
{
	if (!guard_key_acceptable(g, span_str(g->user.config.pubkey_accepted_algorithms)))
		guard_fail(g, g->asked.has_sig);
	else if (!g->key.is_cert && g->user.config.ephemeral_keys && guard_has_listener(g))
		guard_grant_find(g);
	else
		guard_key_try_files(g);
}
