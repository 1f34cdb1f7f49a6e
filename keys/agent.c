/* SPDX-License-Identifier: ISC */
/* Requests to an agent, and its answers. */
#include "keys/agent_i.h"

#include "base/limits.h"
#include "base/text.h"
#include "keys/fingerprint.h"

/* Of a comment or a name, in a question to the user. */
#define SHOWN_TEXT	256

/* Messages of SSH 1 and of tokens, which are known by name only. */
#define REMOVE_ALL_RSA1		9
#define ADD_SMARTCARD		20
#define REMOVE_SMARTCARD	21
#define ADD_SMARTCARD_LIMITED	26

/* One request on its way through. */
struct job {
	struct agent *agent;
	struct agent_client *client;
	struct span body;
	uint8_t type;
	const struct agent_time *time;
	struct writer *answer;
	enum agent_verdict verdict;
};

static enum err
deny(const struct job *j, const char *why)
{
	if (j->client->why == NULL)
		j->client->why = why;
	return ERR_DENIED;
}

/*
 * Memory is ours. All else is the client's doing, what libcrypto says of a
 * strange key too.
 */
static enum err
blame(const struct job *j, enum err e, const char *why)
{
	return e == ERR_NOMEM ? e : deny(j, why);
}

/* --- which keys there are --- */

static enum err
on_list(struct job *j)
{
	struct agent *a = j->agent;
	bool shows[AGENT_TABLE_MAX] = { false };
	uint32_t n = 0;
	size_t mark;

	for (size_t i = 0; i < a->n && !a->lock.is_locked; i++) {
		shows[i] = agent_may_use(j->client, &a->keys[i], SPAN_EMPTY, j->time->wall);
		n += shows[i];
	}
	j->client->why = NULL;
	mark = agent_identities_put(j->answer, n);
	for (size_t i = 0; i < a->n; i++)
		if (shows[i])
			agent_identity_put(j->answer, writer_span(&a->keys[i].blob),
			    writer_span(&a->keys[i].comment));
	wr_close(j->answer, mark);
	return wr_end(j->answer);
}

/* --- signing --- */

static void
put_question(struct writer *w, const struct agent_entry *e, struct span user)
{
	char shown[SHOWN_TEXT];

	wr_printf(w, "Allow use of key %s?\nKey fingerprint ",
	    text_visible_str(shown, sizeof(shown), writer_span(&e->comment)));
	fingerprint_put(w, key_blob(e->key), FINGERPRINT_SHA256);
	wr_printf(w, ".");
	if (user.p != NULL)
		wr_printf(w, "\nTo log in as user \"%s\" at a host it is allowed for.",
		    text_visible_str(shown, sizeof(shown), user));
}

/* Whether the user has agreed; if not asked yet, the question. */
static enum err
get_consent(struct job *j, const struct agent_entry *e, struct span user, bool *has_it)
{
	*has_it = !e->confirm || j->client->consent == AGENT_CONSENT_GIVEN;
	if (*has_it)
		return ERR_OK;
	if (j->client->consent == AGENT_CONSENT_REFUSED)
		return deny(j, "the user refused");
	put_question(j->answer, e, user);
	j->verdict = AGENT_CONFIRM;
	return wr_end(j->answer);
}

static enum err
on_sign(struct job *j)
{
	SCOPED(writer_free) struct writer sig = writer_init(LIMIT_SIGNATURE);
	struct agent_entry *e;
	struct span user = SPAN_EMPTY;
	struct agent_sign sign;
	const char *alg;
	bool has_consent;
	enum err err;

	if (agent_sign_get(j->body, &sign) != ERR_OK)
		return deny(j, "malformed request");
	e = agent_find(j->agent, sign.blob);
	if (e == NULL)
		return deny(j, "no such key");
	if (e->destinations.len != 0 && !agent_may_sign(j->client, e, sign.data, j->time->wall, &user))
		return ERR_DENIED;
	TRY(get_consent(j, e, user, &has_consent));
	if (!has_consent)
		return ERR_OK;
	alg = agent_sign_alg(span_str(key_type(e->key)), sign.flags);
	err = key_sign(e->key, span_str(alg), sign.data, &sig);
	if (err != ERR_OK)
		return blame(j, err, "the key does not sign this way");
	agent_signature_put(j->answer, writer_span(&sig));
	return wr_end(j->answer);
}

/* --- adding and removing --- */

static enum err
on_add(struct job *j)
{
	SCOPED(key_free) struct key *k = NULL;
	struct agent_entry *old;
	struct agent_add add;
	enum err e = agent_add_get(j->body, j->type == AGENT_ADD_CONSTRAINED, &k, &add);

	if (e != ERR_OK)
		return blame(j, e, e == ERR_UNSUPPORTED ? "a key, or a constraint, of a kind that is not known here" :
		    "malformed key");
	if (!key_has_private(k))
		return deny(j, "keys of security tokens are not held here");
	old = agent_find(j->agent, add.cert.len != 0 ? add.cert : key_blob(k));
	/* Nor may a key be changed by somebody who cannot see it. */
	if (old != NULL && !agent_may_use(j->client, old, SPAN_EMPTY, j->time->wall))
		return ERR_DENIED;
	e = agent_put_key(j->agent, k, &add, j->time->now);
	if (e != ERR_OK)
		return blame(j, e, "no room for more keys");
	k = NULL;
	agent_put(j->answer, AGENT_SUCCESS);
	return ERR_OK;
}

static enum err
on_remove(struct job *j)
{
	struct agent_entry *e;
	struct span blob;

	if (agent_string_get(j->body, &blob) != ERR_OK)
		return deny(j, "malformed request");
	e = agent_find(j->agent, blob);
	if (e == NULL)
		return deny(j, "no such key");
	if (!agent_may_use(j->client, e, SPAN_EMPTY, j->time->wall))
		return ERR_DENIED;
	agent_drop(j->agent, e);
	agent_put(j->answer, AGENT_SUCCESS);
	return ERR_OK;
}

static enum err
on_remove_all(struct job *j)
{
	(void)agent_forget(j->agent);
	agent_put(j->answer, AGENT_SUCCESS);
	return ERR_OK;
}

/* "All keys of SSH 1", which ssh-add -D asks for, too: there are none. */
static enum err
on_remove_all_rsa1(struct job *j)
{
	agent_put(j->answer, AGENT_SUCCESS);
	return ERR_OK;
}

/* --- locking --- */

static enum err
on_lock(struct job *j)
{
	struct span passphrase;
	enum err e;

	if (agent_string_get(j->body, &passphrase) != ERR_OK)
		return deny(j, "malformed request");
	e = agent_lock_set(&j->agent->lock, &j->agent->rng, passphrase);
	if (e != ERR_OK)
		return blame(j, e, "no passphrase");
	agent_put(j->answer, AGENT_SUCCESS);
	return ERR_OK;
}

static enum err
on_unlock(struct job *j)
{
	struct span passphrase;
	enum err e;

	if (agent_string_get(j->body, &passphrase) != ERR_OK)
		return deny(j, "malformed request");
	e = agent_lock_open(&j->agent->lock, passphrase, j->time->now);
	if (e == ERR_AGAIN) {
		j->client->until = j->agent->lock.next_try;
		j->verdict = AGENT_LATER;
		return ERR_OK;
	}
	if (e != ERR_OK)
		return blame(j, e, j->agent->lock.is_locked ? "wrong passphrase" : "it is not locked");
	agent_put(j->answer, AGENT_SUCCESS);
	return ERR_OK;
}

/* --- extensions --- */

static enum err
on_extension(struct job *j)
{
	struct span name, contents;
	enum err e;

	if (agent_extension_get(j->body, &name, &contents) != ERR_OK)
		return deny(j, "malformed request");
	if (span_is(name, AGENT_EXT_BIND)) {
		e = agent_bind_add(j->client, contents);
		if (e == ERR_OK || e == ERR_DENIED) {
			agent_put(j->answer, e == ERR_OK ? AGENT_SUCCESS : AGENT_EXTENSION_FAILURE);
			e = ERR_OK;
		}
		return e;
	}
	if (!span_is(name, AGENT_EXT_QUERY) || j->agent->lock.is_locked)
		return deny(j, "unknown extension");
	agent_query_answer_put(j->answer, AGENT_EXT_BIND);
	return ERR_OK;
}

/* --- all of them --- */

static enum err
on_token(struct job *j)
{
	return deny(j, "tokens (PKCS#11) are not supported");
}

struct rule {
	uint8_t type;
	bool while_locked;
	enum err (*handler)(struct job *j);
	const char *name;
};

static const struct rule rules[] = {
	{ AGENT_REQUEST_IDENTITIES,	true,	on_list,	"request identities" },
	{ AGENT_SIGN_REQUEST,		false,	on_sign,	"sign request" },
	{ AGENT_ADD_IDENTITY,		false,	on_add,		"add identity" },
	{ AGENT_ADD_CONSTRAINED,	false,	on_add,		"add identity, constrained" },
	{ AGENT_REMOVE_IDENTITY,	false,	on_remove,	"remove identity" },
	{ AGENT_REMOVE_ALL,		false,	on_remove_all,	"remove all identities" },
	{ REMOVE_ALL_RSA1,		false,	on_remove_all_rsa1, "remove all SSH 1 identities" },
	{ AGENT_LOCK,			false,	on_lock,	"lock" },
	{ AGENT_UNLOCK,			true,	on_unlock,	"unlock" },
	{ AGENT_EXTENSION,		true,	on_extension,	"extension" },
	{ ADD_SMARTCARD,		false,	on_token,	"add token" },
	{ REMOVE_SMARTCARD,		false,	on_token,	"remove token" },
	{ ADD_SMARTCARD_LIMITED,	false,	on_token,	"add token, constrained" },
};

static const struct rule *
rule_of(uint8_t type)
{
	for (size_t i = 0; i < COUNT(rules); i++)
		if (rules[i].type == type)
			return &rules[i];
	return NULL;
}

const char *
agent_type_name(uint8_t type)
{
	const struct rule *rule = rule_of(type);

	return rule == NULL ? "unknown request" : rule->name;
}

static enum err
dispatch(struct job *j)
{
	const struct rule *rule = rule_of(j->type);

	if (rule == NULL)
		return deny(j, "unknown request");
	if (j->agent->lock.is_locked && !rule->while_locked)
		return deny(j, "the agent is locked");
	return rule->handler(j);
}

enum err
agent_handle(struct agent *a, struct agent_client *c, const struct agent_frame *request,
    const struct agent_time *time, struct writer *answer, enum agent_verdict *verdict)
{
	struct job j = {
		.agent = a, .client = c, .body = request->body, .type = request->type, .time = time,
		.answer = answer, .verdict = AGENT_ANSWERED,
	};
	enum err e;

	c->why = NULL;
	/* What has been done must be answered: SUCCESS and FAILURE have their room from the start. */
	(void)wr_reserve(answer, 16);
	TRY(wr_end(answer));
	(void)agent_expire(a, time->now);
	e = dispatch(&j);
	if (e == ERR_DENIED) {
		writer_reset(answer);
		agent_put(answer, AGENT_FAILURE);
		e = ERR_OK;
	}
	if (e == ERR_OK)
		e = wr_end(answer);
	*verdict = j.verdict;
	if (j.verdict == AGENT_ANSWERED)
		c->consent = AGENT_CONSENT_UNASKED;
	return e;
}
