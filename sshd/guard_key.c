/* SPDX-License-Identifier: ISC */
/* Public keys: found in the ephemeral table or in the user's files, verified. */
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

/* --- the signature --- */

/* Whether an sk key's token did what key and config ask for. */
static bool
token_did_enough(struct guard *g, const struct key_token *token)
{
	uint32_t asked = g->user.config.pubkey_auth_options;
	SCOPED(authorized_options_free) struct authorized_options o = { .n_env = 0 };

	if (authorized_options_parse(writer_span(&g->key.options), 0, &o, NULL) != ERR_OK)
		return false;
	if (!token->is_touched && (o.needs_touch || (asked & PUBKEY_TOUCH_REQUIRED))) {
		log_info(&g->log, "security token was not touched: refused");
		return false;
	}
	if (!token->is_verified && (o.needs_verify || (asked & PUBKEY_VERIFY_REQUIRED))) {
		log_info(&g->log, "security token did not ask for PIN or fingerprint: refused");
		return false;
	}
	return true;
}

/*
 * Whether the client holds the key: rebuilds what it must have signed from
 * what the guard knows by itself.
 */
static bool
signature_holds(struct guard *g)
{
	const struct msg_from_wire_auth *m = &g->asked;
	struct auth_signed s = { .session_id = span_of(g->session_id, g->session_id_len),
	    .user = m->user, .service = m->service, .alg = m->alg, .blob = m->blob };
	SCOPED(writer_free) struct writer data = writer_init(LIMIT_IPC);
	SCOPED(key_free) struct key *key = NULL;
	struct key_token token = { .counter = 0 };

	if (g->session_id_len == 0)
		return false;
	if (span_is(m->method, "publickey-hostbound-v00@openssh.com"))
		s.hostkey = guard_hostkey(g);
	auth_signed_data(&data, &s);
	if (wr_end(&data) != ERR_OK || key_from_blob(m->blob, &key) != ERR_OK)
		return false;
	if (strcmp(key_type(key), "ssh-rsa") == 0 && key_bits(key) < g->user.config.required_rsa_size) {
		log_info(&g->log, "RSA key of %u bits is shorter than RequiredRSASize", key_bits(key));
		return false;
	}
	if (key_verify(key, m->alg, span_str(g->user.config.pubkey_accepted_algorithms), m->sig,
	    writer_span(&data), &token) != ERR_OK)
		return false;
	return !key_is_sk(key) || token_did_enough(g, &token);
}

/* --- keys in files --- */

/* The key is not, or no longer, in the table: looks at the user's files. */
static bool
is_in_files(struct guard *g)
{
	return g->user.is_valid && guard_find_key(g, g->asked.blob) == ERR_OK;
}

/* The client's address in numbers; empty without a network. */
static struct span
source(const struct guard *g)
{
	return g->start->has_ends ? span_str(g->client) : SPAN_EMPTY;
}

/* Whom the table is asked about: nobody, if it is somebody who may not log in. */
static struct span
table_user(const struct guard *g)
{
	return g->user.is_valid ? span_str(g->user.account.name) : SPAN_EMPTY;
}

/*
 * A key that nobody knows. Clients ask before they sign, unless it comes from
 * a code, which is not confirmed to who asks: so this may have been a guess.
 */
static void
unknown(struct guard *g)
{
	if (g->asked.has_sig && span_is(g->asked.alg, "ssh-ed25519") && guard_has_listener(g))
		guard_listener_sent(g, ipc_send_from_guard_wrong(&g->listener,
		    &(struct msg_from_guard_wrong){ .user = table_user(g), .address = source(g) }, NULL));
	guard_fail(g, g->asked.has_sig);
}

static void
try_files(struct guard *g)
{
	if (!is_in_files(g))
		unknown(g);
	else if (!g->asked.has_sig)
		guard_answer(g, AUTH_RESULT_PK_OK);
	else if (signature_holds(g))
		guard_proved(g);
	else
		guard_fail(g, true);
}

/* --- keys in the ephemeral table --- */

/* Asks the listener about the request's key. */
static void
ask(struct guard *g, bool use)
{
	uint32_t id = ++g->last_question;

	g->question = id;
	g->holder_proved = use;
	if (use)
		guard_listener_sent(g, ipc_send_from_guard_use(&g->listener,
		    &(struct msg_from_guard_use){ .id = id, .user = table_user(g),
		    .blob = g->asked.blob, .address = source(g) }, NULL));
	else
		guard_listener_sent(g, ipc_send_from_guard_find(&g->listener,
		    &(struct msg_from_guard_find){ .id = id, .user = table_user(g),
		    .blob = g->asked.blob, .address = source(g),
		    .is_signed = g->asked.has_sig }, NULL));
}

/* Takes over what a grant says. */
static enum err
keep_grant(struct guard *g, const struct msg_guard_grant *m)
{
	writer_reset(&g->key.options);
	wr_raw(&g->key.options, m->options);
	snprintf(g->key.grant, sizeof(g->key.grant), "%.*s", (int)m->grant.len,
	    (const char *)m->grant.p);
	text_visible_str(g->key.registrar, sizeof(g->key.registrar), m->registrar);
	g->key.end = m->end;
	return wr_end(&g->key.options);
}

/* What a query is answered: whoever asks must hold the key to learn more. */
static void
answer_query(struct guard *g, enum ephemeral_answer answer)
{
	/* Also where it lets nobody in, so that the holder signs, and can be told why. */
	if (answer != EPHEMERAL_UNKNOWN || is_in_files(g))
		guard_answer(g, AUTH_RESULT_PK_OK);
	else
		guard_fail(g, false);
}

/* The grant does not let in any more: tells the holder why, unless a file lets him in. */
static void
denied(struct guard *g, struct span reason)
{
	SCOPED(writer_free) struct writer text = writer_init(1024);

	writer_reset(&g->key.options);
	if (is_in_files(g) && signature_holds(g)) {
		guard_proved(g);
		return;
	}
	if (reason.len > 0) {
		text_visible(&text, reason);
		wr_raw(&text, SPAN_LIT("\r\n"));
	}
	if (text.len > 0 && wr_end(&text) == ERR_OK)
		guard_wire_sent(g, ipc_send_wire_banner(&g->wire,
		    &(struct msg_wire_banner){ .text = writer_span(&text) }, NULL));
	guard_fail(g, true);
}

/* The listener's answer after the signature was verified. */
static void
used(struct guard *g, const struct msg_guard_grant *m)
{
	if (m->answer != EPHEMERAL_YES) {
		denied(g, m->reason);
		return;
	}
	if (keep_grant(g, m) != ERR_OK) {
		guard_quit(g, GUARD_EXIT_FAILED);
		return;
	}
	if (guard_options_allow(g, writer_span(&g->key.options), "ephemeral key"))
		guard_proved(g);
	else
		guard_fail(g, true);
}

enum err
guard_on_grant(struct guard *g, const struct msg_guard_grant *m)
{
	if (m->id != g->question || !g->is_asked)
		return ERR_OK;		/* an old question */
	if (m->answer >= EPHEMERAL_N_ANSWERS)
		return ERR_FORMAT;	/* and the question is answered by the listener's end */
	g->question = 0;
	if (g->holder_proved) {
		used(g, m);
	} else if (!g->asked.has_sig) {
		answer_query(g, (enum ephemeral_answer)m->answer);
	} else if (m->answer == EPHEMERAL_UNKNOWN || (m->answer != EPHEMERAL_YES && is_in_files(g))) {
		try_files(g);
	} else {
		/* The grant's own options say what its token has to do. */
		TRY(keep_grant(g, m));
		if (m->answer != EPHEMERAL_YES)
			writer_reset(&g->key.options);	/* they are not for this login */
		g->proved_once = signature_holds(g);
		if (g->proved_once)
			ask(g, true);
		else
			guard_fail(g, true);
	}
	return ERR_OK;
}

/* --- the request --- */

/* Whether a key has been used for this login already (publickey,publickey). */
static bool
was_used(const struct guard *g, struct span blob)
{
	struct reader r = rd_init(writer_span(&g->proof.keys));

	while (r.err == ERR_OK && r.rest.len > 0) {
		if (span_eq(rd_bytes(&r), blob))
			return true;
	}
	return false;
}

/* A list of revoked keys is never larger than this. */
#define REVOKED_MAX	(64 * 1024 * 1024)

/* Whether RevokedKeys has the key. What cannot be read revokes all. */
static bool
is_revoked(const struct guard *g, struct span blob)
{
	const struct words *files = &g->user.config.revoked_keys;
	char fp[FINGERPRINT_SIZE];

	for (size_t i = 0; i < files->n; i++) {
		SCOPED(writer_free) struct writer text = writer_init(REVOKED_MAX);
		enum err e = file_read(files->v[i], &text, NULL);
		bool revoked = true;

		if (e == ERR_OK)
			e = revoked_key(writer_span(&text), blob, &revoked);
		if (e != ERR_OK)
			log_error(&g->log, "Error checking authentication key in revoked keys file "
			    "%s: %s", files->v[i], e == ERR_SYSTEM || e == ERR_NOTFOUND ?
			    strerror(errno) : err_text(e));
		else if (revoked)
			log_error(&g->log, "Authentication key %s revoked by file %s",
			    guard_fingerprint(g, blob, fp), files->v[i]);
		if (e != ERR_OK || revoked)
			return true;
	}
	return false;
}

/* Whether the request makes sense before anybody looks for its key. */
static bool
is_acceptable(struct guard *g)
{
	const struct msg_from_wire_auth *m = &g->asked;
	const char *type = key_alg_type(m->alg);

	if (m->blob.len > LIMIT_KEY_BLOB || m->sig.len > LIMIT_SIGNATURE)
		return false;
	if (type == NULL || !span_is(key_blob_type(m->blob), type) ||
	    !text_list_has(span_str(g->user.config.pubkey_accepted_algorithms), m->alg)) {
		char alg[64];

		log_debug(&g->log, "key algorithm %s is not accepted",
		    text_visible_str(alg, sizeof(alg), m->alg));
		return false;
	}
	if (span_is(m->method, "publickey-hostbound-v00@openssh.com") &&
	    (m->hostkey.len == 0 || !span_eq(m->hostkey, guard_hostkey(g)))) {
		log_info(&g->log, "the client's signature names another host key than ours: refused");
		return false;
	}
	if (was_used(g, m->blob)) {
		log_info(&g->log, "refusing previously-used %s key", type);
		return false;
	}
	return !is_revoked(g, m->blob);
}

void
guard_publickey(struct guard *g)
{
	if (!is_acceptable(g))
		guard_fail(g, g->asked.has_sig);
	else if (g->user.config.ephemeral_keys && guard_has_listener(g))
		ask(g, false);
	else
		try_files(g);
}
