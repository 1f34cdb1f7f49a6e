/* SPDX-License-Identifier: ISC */
/* Registering a key at the control socket: what the registrar may, what makes sense, and why not. */
#include <stdio.h>

#include "keys/authorized_keys.h"
#include "keys/key.h"
#include "sshd/control_i.h"
#include "sshd/control_messages.h"

/* ERR_OK and *ok false: the client has been told why not. */
static enum err
check_user(struct control_client *cl, struct span user, bool *ok)
{
	const struct control_config *config = &cl->control->config;
	char shown[LIMIT_USER + 1];

	*ok = false;
	text_visible_str(shown, sizeof(shown), user);
	if (user.len == 0 || user.len > LIMIT_USER)
		return control_refuse(cl, "no user is named");
	if (!control_may_give(cl, user))
		return control_refuse_user(cl, user);
	if (!control_user_is_meant(config->rules.users, user))
		return control_refuse(cl, "keys may not be registered for %s (EphemeralKeyUsers)", shown);
	if (config->only_user != NULL && !span_is(user, config->only_user))
		return control_refuse(cl, "only %s can log in to this server, which is not root's; not %s",
		    config->only_user, shown);
	if (config->only_user == NULL && !control_user_exists(config->rules.passwd_files, user))
		return control_refuse(cl, "there is no user %s", shown);
	*ok = true;
	return ERR_OK;
}

/* Whether a key can sign by an algorithm that users' keys may use here. */
static bool
is_accepted(const struct key *k, const char *accepted)
{
	struct span algs = span_str(key_algs(k));
	struct span alg;

	while (span_token(&algs, ',', &alg)) {
		if (text_list_has(span_str(accepted), alg))
			return true;
	}
	return false;
}

static enum err
check_key(struct control_client *cl, struct span blob, bool *ok)
{
	const struct control_rules *rules = &cl->control->config.rules;
	SCOPED(key_free) struct key *k = NULL;
	char type[64];
	enum err e = key_from_blob(blob, &k);

	*ok = false;
	text_visible_str(type, sizeof(type), key_blob_type(blob));
	if (e == ERR_UNSUPPORTED)
		return control_refuse(cl, "keys of type \"%s\" cannot be registered", type);
	if (e == ERR_LIMIT)
		return control_refuse(cl, "bad key: its size is not acceptable");
	if (e != ERR_OK)
		return control_refuse(cl, "bad key: %s", err_text(e));
	if (!is_accepted(k, rules->key_algs))
		return control_refuse(cl, "keys of type %s are not accepted (PubkeyAcceptedAlgorithms)", type);
	if (span_is(span_str(key_type(k)), "ssh-rsa") && key_bits(k) < rules->required_rsa_bits)
		return control_refuse(cl, "bad key: RSA keys need %u bits or more (RequiredRSASize)",
		    rules->required_rsa_bits);
	*ok = true;
	return ERR_OK;
}

static enum err
check_options(struct control_client *cl, struct span options, bool *ok)
{
	const struct control_registrar *r = control_row(cl);
	struct authorized_options o;
	struct span at = options;
	char shown[128];
	unsigned permit;
	enum err e;

	*ok = false;
	e = authorized_options_parse(options, 0, &o, &at);
	if (e != ERR_OK)
		return control_refuse(cl, "options: \"%s\": %s",
		    text_visible_str(shown, sizeof(shown), at), err_text(e));
	text_visible_str(shown, sizeof(shown), o.unknown);
	*ok = o.unknown.len == 0 && !o.is_ca && !o.has_principals;
	permit = o.permit;
	authorized_options_free(&o);
	if (*ok && r != NULL && r->has_permit && (permit & ~r->permit) != 0) {
		*ok = false;
		return control_refuse(cl, "options: you may hand out \"%s\" at most (EphemeralKeyRegistrars)",
		    r->least_options);
	}
	if (*ok)
		return ERR_OK;
	if (shown[0] != '\0')
		return control_refuse(cl, "options: \"%s\" is not known", shown);
	return control_refuse(cl, "options: certificate authorities cannot be registered");
}

/* How long a session may come to last; with the grant, whose end its first use moves by the grace. */
static msec
session_of(const struct ephemeral_request *req)
{
	if (req->session != EPHEMERAL_SESSION_GRANT)
		return req->session_length;
	return req->grace > req->ttl ? req->grace : req->ttl;
}

/* Times, each with its own sentence. */
static enum err
check_times(struct control_client *cl, const struct ephemeral_request *req, bool *ok)
{
	const struct control_registrar *r = control_row(cl);
	msec min = ephemeral_limits(cl->control->config.table)->min_ttl;
	msec max = control_longest(cl);

	*ok = false;
	if (req->ttl < min || req->ttl > max)
		return control_refuse(cl, "ttl must be from %llu to %llu seconds (EphemeralKeyMaxTTL, "
		    "EphemeralKeyRegistrars)", (unsigned long long)min / 1000,
		    (unsigned long long)max / 1000);
	if (req->grace > max)
		return control_refuse(cl, "grace must be %llu seconds or less", (unsigned long long)max / 1000);
	if (req->session > EPHEMERAL_SESSION_GRANT)
		return control_refuse(cl, "no such kind of session limit");
	if (r != NULL && r->max_uses != 0 && req->uses > r->max_uses)
		return control_refuse(cl, "you may hand out %u uses at most (EphemeralKeyRegistrars)",
		    (unsigned)r->max_uses);
	if (r != NULL && r->max_session != 0 && session_of(req) > r->max_session)
		return control_refuse(cl, "you may hand out sessions of %llu seconds at most "
		    "(EphemeralKeyRegistrars)", (unsigned long long)r->max_session / 1000);
	*ok = true;
	return ERR_OK;
}

static enum err
refuse_full(struct control_client *cl, enum ephemeral_full full, struct span user)
{
	const struct ephemeral_limits *l = ephemeral_limits(cl->control->config.table);
	char shown[LIMIT_USER + 1];

	text_visible_str(shown, sizeof(shown), user);
	switch (full) {
	case EPHEMERAL_FULL_USER:
		return control_refuse(cl, "full: %s has %zu keys already (EphemeralKeyLimits)", shown,
		    l->per_user);
	case EPHEMERAL_FULL_REGISTRAR:
		return control_refuse(cl, "full: %s has registered %zu keys already (EphemeralKeyLimits)",
		    cl->name, l->per_registrar);
	case EPHEMERAL_FULL_KEY:
		return control_refuse(cl, "full: this key is registered for %s %d times already", shown,
		    EPHEMERAL_PER_KEY);
	case EPHEMERAL_FULL_CODES:
		return control_refuse(cl, "full: there are %d codes already", EPHEMERAL_CODES);
	case EPHEMERAL_FULL_BYTES:
		return control_refuse(cl, "full: the table's memory is used up");
	case EPHEMERAL_FULL_TOTAL:
	case EPHEMERAL_NOT_FULL:
		break;
	}
	return control_refuse(cl, "full: the table holds %zu keys already (EphemeralKeyLimits)", l->total);
}

/* Which of the strings the table did not like. */
static enum err
refuse_syntax(struct control_client *cl, const struct ephemeral_request *req)
{
	struct span list = req->sources, part;
	struct cidr cidr;
	char shown[80];

	while (list.len > 0 && span_token(&list, ',', &part)) {
		if (cidr_parse(part, &cidr) != ERR_OK)
			return control_refuse(cl, "from: \"%s\" is not an address or a network (CIDR)",
			    text_visible_str(shown, sizeof(shown), part));
	}
	return control_refuse(cl, "a field is too long, or has control characters or an empty part");
}

static enum err
add(struct control_client *cl, const struct ephemeral_request *req)
{
	const struct control_config *config = &cl->control->config;
	enum ephemeral_full full;
	struct ephemeral_grant g;
	enum err e = ephemeral_add(config->table, req, loop_now(config->loop), &g, &full);

	switch (e) {
	case ERR_OK:
		TRY(control_send_grant(cl, &g));
		return control_send_done(cl, 1, 0);
	case ERR_LIMIT:
		return refuse_full(cl, full, req->user);
	case ERR_SYNTAX:
		return refuse_syntax(cl, req);
	case ERR_RANGE:
		return control_refuse(cl, "the session length is out of range");
	default:
		return control_refuse(cl, "%s", err_text(e));
	}
}

/* Fills in what was not asked for, within what this client may have. */
static void
cut(const struct control_client *cl, struct ephemeral_request *req)
{
	const struct control_registrar *r = control_row(cl);
	msec default_ttl = cl->control->config.rules.default_ttl;

	if (req->ttl == 0)
		req->ttl = default_ttl < control_longest(cl) ? default_ttl : control_longest(cl);
	if (r == NULL)
		return;
	if (req->uses == 0)
		req->uses = r->max_uses;
	if (req->options.len == 0 && r->has_permit)
		req->options = span_str(r->least_options);
	if (req->session == EPHEMERAL_SESSION_FREE && r->max_session != 0) {
		req->session = EPHEMERAL_SESSION_LENGTH;
		req->session_length = r->max_session;
	}
}

enum err
control_add(struct control_client *cl, const struct msg_ctl_add *m)
{
	struct ephemeral_request req = { .user = m->user, .blob = m->key,
	    .ttl = m->ttl, .uses = m->uses, .grace = m->grace,
	    .sources = m->sources, .options = m->options,
	    .session = (enum ephemeral_session)m->session,
	    .session_length = m->session_length, .registrar = span_str(cl->name),
	    .comment = m->comment, .proof = m->proof };
	bool ok;

	/* What nobody asked for is cut to what this registrar may have. */
	cut(cl, &req);
	if (req.proof.len > 0 && cl->control->config.rules.no_codes)
		return control_refuse(cl, "codes are not allowed here (EphemeralCodes)");
	TRY(check_user(cl, m->user, &ok));
	if (ok)
		TRY(check_key(cl, m->key, &ok));
	if (ok)
		TRY(check_options(cl, req.options, &ok));
	if (ok)
		TRY(check_times(cl, &req, &ok));
	return ok ? add(cl, &req) : ERR_OK;
}
