/* SPDX-License-Identifier: ISC */
/* publickey (RFC 4252 7): which key, by which algorithm. */
#include "base/limits.h"
#include "base/text.h"
#include "keys/cert.h"
#include "keys/fingerprint.h"
#include "ssh/login.h"

/* Whether the server, as far as it has said, takes signatures by alg (RFC 8308 3.1). */
static bool
server_takes(const struct ssh *s, struct span alg)
{
	struct span list;

	if (!conn_peer_extension(s->conn, "server-sig-algs", &list) || list.len == 0)
		return true;
	return text_list_has(list, alg);
}

/*
 * The algorithm to use a key with: the first of the key's that our config and
 * the server accept. NULL: none.
 */
static const char *
choose_alg(const struct ssh *s, const struct identity *id)
{
	const struct key *key = id->pub;
	struct span accepted = span_str(s->settings.config.pubkey_accepted_algorithms);
	struct span list = span_str(key_algs(key));
	struct span alg;

	while (span_token(&list, ',', &alg)) {
		/* Only RSA has more than one; for others the key type is the algorithm. */
		bool is_only = span_is(alg, key_type(key));
		const char *name = id->cert.len > 0 ? cert_alg_of(alg) : key_alg_find(alg);

		if (name != NULL && text_list_has(accepted, span_str(name)) &&
		    (is_only || server_takes(s, alg) || server_takes(s, span_str(name))))
			return name;
	}
	return NULL;
}

static void
say(const struct ssh *s, const char *what, const struct identity *id)
{
	char fp[FINGERPRINT_SIZE];

	if (!log_wants(&s->log, LOG_LEVEL_DEBUG1))
		return;
	log_debug(&s->log, "%s: %s %s%s %s%s%s", what, id->path, key_label(id->pub),
	    id->cert.len > 0 ? "-CERT" : "",
	    fingerprint_str(fp, key_blob(id->pub), FINGERPRINT_SHA256),
	    id->is_named ? " explicit" : "", id->is_in_agent ? " agent" : "");
}

/* Signs and sends. False: it could not be signed, the next key may do. */
static bool
send_signed(struct ssh *s, struct identity *id)
{
	SCOPED(writer_free) struct writer data = writer_init(LIMIT_PACKET);
	SCOPED(writer_free) struct writer sig = writer_init(LIMIT_SIGNATURE);
	struct login *l = s->login;
	struct span blob = identity_blob(id);
	struct identity *signer = identity_signer(&l->ids, id);
	enum err e;

	if (signer == NULL)
		return false;
	identity_to_agent(s, &l->ids, signer);
	conn_auth_key_data(s->conn, s->settings.user, l->current_alg, blob, &data);
	e = wr_end(&data);
	if (e == ERR_OK)
		e = identity_sign(&l->ids, signer, span_str(l->current_alg), writer_span(&data), &sig);
	if (e != ERR_OK) {
		log_error(&s->log, "sign_and_send_pubkey: signing failed for %s \"%s\"%s: %s",
		    key_label(id->pub), id->path, signer->is_in_agent ? " from agent" : "",
		    e == ERR_DENIED ? "agent refused operation" : err_text(e));
		return false;
	}
	conn_auth_key(s->conn, s->settings.user, l->current_alg, blob, writer_span(&sig));
	return true;
}

/* RequiredRSASize holds for our own keys, too. */
static bool
is_too_short(const struct ssh *s, const struct key *key)
{
	return span_is(span_str(key_type(key)), "ssh-rsa") &&
	    key_bits(key) < s->settings.config.required_rsa_size;
}

/*
 * Tries one key. A key at hand is used at once: that spares asking whether it
 * would do, and a server that has a reason to refuse it (its registration
 * expired, say) can tell one who has proved to hold it. A key that costs the
 * user something (a passphrase, a touch) is asked about first.
 */
static bool
try_identity(struct ssh *s, struct identity *id)
{
	struct login *l = s->login;
	struct identity *signer = identity_signer(&l->ids, id);
	bool is_ready;

	if (signer == NULL) {
		log_debug(&s->log, "no private key for certificate %s", id->path);
		return false;
	}
	is_ready = identity_is_ready(s, signer);
	if (id->pub == NULL) {
		/* Encrypted all through: there is no public half to ask about. */
		log_debug(&s->log, "Trying private key: %s", id->path);
		if (id->is_bad || identity_unlock(s, id) != ERR_OK)
			return false;
		is_ready = true;
	}
	if (id->is_bad || signer->is_bad)
		return false;
	if (is_too_short(s, id->pub)) {
		log_info(&s->log, "Skipping RSA key %s of %u bits: RequiredRSASize is %u", id->path,
		    key_bits(id->pub), (unsigned)s->settings.config.required_rsa_size);
		return false;
	}
	l->current_id = id;
	l->current_alg = choose_alg(s, id);
	if (l->current_alg == NULL) {
		log_debug(&s->log, "no mutual signature algorithm for %s", id->path);
		return false;
	}
	say(s, "Offering public key", id);
	login_note_key(l, id);
	if (is_ready)
		return send_signed(s, id);
	conn_auth_query_key(s->conn, s->settings.user, l->current_alg, identity_blob(id));
	return true;
}

enum err
login_find_keys(struct ssh *s)
{
	struct login *l = s->login;

	if (l->has_ids)
		return ERR_OK;
	l->has_ids = true;
	return identities_find(s, &l->ids);
}

bool
login_next_key(struct ssh *s)
{
	struct login *l = s->login;

	if (login_find_keys(s) != ERR_OK)
		log_error(&s->log, "out of memory");
	for (size_t i = 0; i < l->ids.n; i++) {
		struct identity *id = &l->ids.v[i];

		if (id->is_tried)
			continue;
		id->is_tried = true;
		if (try_identity(s, id))
			return true;
	}
	return false;
}

void
login_sign(struct ssh *s)
{
	struct identity *id = s->login->current_id;
	struct identity *signer = identity_signer(&s->login->ids, id);

	say(s, "Server accepts key", id);
	if (signer == NULL || identity_unlock(s, signer) != ERR_OK || !send_signed(s, id))
		login_go_on(s);
}
