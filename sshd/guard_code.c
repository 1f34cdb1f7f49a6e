/* SPDX-License-Identifier: ISC */
/*
 * Codes that are typed where a password is asked for: for clients that know
 * nothing else (EphemeralCodes interactive). Such a client gets no proof that
 * this server knows the code; ssh-ephemeral login does.
 */
#include <stdio.h>
#include <string.h>

#include "auth/ephemeral.h"
#include "base/secret.h"
#include "keys/key.h"
#include "sshd/guard_i.h"

bool
guard_try_code(struct guard *g, struct span typed)
{
	char code[CODE_SIZE];

	if (g->user.config.ephemeral_codes != CODES_INTERACTIVE || !g->user.config.ephemeral_keys ||
	    !guard_has_listener(g) || code_parse(typed, code) != ERR_OK)
		return false;
	/* Stretching costs memory: the listener says whether there is anything to find, and room. */
	memcpy(g->code, code, sizeof(g->code));
	wipe(code, sizeof(code));
	g->code_question = ++g->last_question;
	guard_listener_sent(g, ipc_send_from_guard_code(&g->listener,
	    &(struct msg_from_guard_code){ .id = g->code_question, .address = guard_source(g) }, NULL));
	return true;
}

static void
no_code(struct guard *g)
{
	wipe(g->code, sizeof(g->code));
	g->code_question = 0;
	guard_refuse(g, REASON_PASSWORD, SSHD_N_KEYWORDS);
	guard_fail(g, true);
}

/* Asks for a use of what the code becomes: who can type it has proved to know it. */
static enum err
ask_for_use(struct guard *g)
{
	SCOPED(key_free) struct key *key = NULL;
	struct code_keys k;
	enum err e = code_stretch(g->code, &k);

	wipe(g->code, sizeof(g->code));
	if (e == ERR_OK)
		e = key_from_ed25519_seed(k.seed, &key);
	wipe(&k, sizeof(k));
	TRY(e);
	guard_grant_use(g, g->code_question, key_blob(key));
	return ERR_OK;
}

enum err
guard_on_code(struct guard *g, const struct msg_guard_code *m)
{
	enum err e;

	if (m->id != g->code_question || !g->is_asked)
		return ERR_OK;		/* an old question */
	if (!m->ok) {
		no_code(g);
		return ERR_OK;
	}
	e = ask_for_use(g);
	if (e == ERR_OK)
		return ERR_OK;
	log_error(&g->log, "cannot stretch a code: %s", err_text(e));
	no_code(g);
	return ERR_OK;
}

void
guard_code_answered(struct guard *g, const struct msg_guard_grant *m)
{
	char text[512];

	g->code_question = 0;
	guard_refuse(g, m->answer == EPHEMERAL_UNKNOWN ? REASON_PASSWORD : REASON_KEY_OVER,
	    SSHD_EphemeralCodes);
	if (m->answer == EPHEMERAL_UNKNOWN)
		guard_tell_wrong(g);
	else if (m->reason.len > 0)
		guard_tell(g, text_visible_str(text, sizeof(text), m->reason));
	guard_fail(g, true);
}
