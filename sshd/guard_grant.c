/* SPDX-License-Identifier: ISC */
/* Keys in the ephemeral table: what the guard asks the listener, and what it makes of the answers. */
#include <stdio.h>
#include <string.h>

#include "auth/ephemeral.h"
#include "sshd/guard_i.h"

/* --- questions --- */

struct span
guard_source(const struct guard *g)
{
	return g->start->has_ends ? span_str(g->client) : SPAN_EMPTY;
}

/* Whom the table is asked about: nobody, if it is somebody who may not log in. */
static struct span
table_user(const struct guard *g)
{
	return g->user.is_valid ? span_str(g->user.account.name) : SPAN_EMPTY;
}

void
guard_tell_wrong(struct guard *g)
{
	if (guard_has_listener(g))
		guard_listener_sent(g, ipc_send_from_guard_wrong(&g->listener,
		    &(struct msg_from_guard_wrong){ .user = table_user(g), .address = guard_source(g) }, NULL));
}

void
guard_grant_find(struct guard *g)
{
	g->question = ++g->last_question;
	g->holder_proved = false;
	guard_listener_sent(g, ipc_send_from_guard_find(&g->listener,
	    &(struct msg_from_guard_find){ .id = g->question, .user = table_user(g),
	    .blob = g->asked.blob, .address = guard_source(g),
	    .is_signed = g->asked.has_sig }, NULL));
}

void
guard_grant_use(struct guard *g, uint32_t id, struct span blob)
{
	g->question = id;
	g->holder_proved = true;
	guard_listener_sent(g, ipc_send_from_guard_use(&g->listener,
	    &(struct msg_from_guard_use){ .id = id, .user = table_user(g), .blob = blob,
	    .address = guard_source(g) }, NULL));
}

/* --- answers --- */

/* Takes over what a grant says. */
static enum err
keep_grant(struct guard *g, const struct msg_guard_grant *m)
{
	writer_reset(&g->key.options);
	wr_raw(&g->key.options, m->options);
	snprintf(g->key.grant, sizeof(g->key.grant), "%.*s", (int)m->grant.len,
	    (const char *)m->grant.p);
	text_visible_str(g->key.registrar, sizeof(g->key.registrar), m->registrar);
	g->key.has_proof = m->proof.len == sizeof(g->key.proof);
	if (g->key.has_proof)
		memcpy(g->key.proof, m->proof.p, sizeof(g->key.proof));
	return wr_end(&g->key.options);
}

/* What a query is answered: whoever asks must hold the key to learn more. */
static void
answer_query(struct guard *g, enum ephemeral_answer answer)
{
	/* Also where it lets nobody in, so that the holder signs, and can be told why. */
	if (answer != EPHEMERAL_UNKNOWN || guard_key_is_in_files(g))
		guard_answer(g, AUTH_RESULT_PK_OK);
	else
		guard_key_unknown(g);
}

/* The grant does not let in any more: tells the holder why, unless a file lets him in. */
static void
denied(struct guard *g, struct span reason)
{
	char text[512];

	writer_reset(&g->key.options);
	g->key.grant[0] = '\0';
	if (guard_key_is_in_files(g) && guard_key_is_signed(g)) {
		guard_proved(g);
		return;
	}
	guard_refuse(g, REASON_KEY_OVER, SSHD_EphemeralKeys);
	if (reason.len > 0)
		guard_tell(g, text_visible_str(text, sizeof(text), reason));
	guard_fail(g, true);
}

/* The listener's answer after the signature was verified. */
static void
used(struct guard *g, const struct msg_guard_grant *m)
{
	bool was_typed = g->code_question != 0;	/* nothing was asked before its use */

	g->code_question = 0;
	if (m->answer != EPHEMERAL_YES) {
		denied(g, m->reason);
		return;
	}
	if (keep_grant(g, m) != ERR_OK) {
		guard_quit(g, GUARD_EXIT_FAILED);
		return;
	}
	g->key.is_held = true;
	if (g->key.has_proof && g->user.config.ephemeral_codes == CODES_NO) {
		guard_refuse(g, REASON_KEY_OPTIONS, SSHD_EphemeralCodes);
		guard_fail(g, true);
	} else if (was_typed && !guard_options_allow(g, writer_span(&g->key.options), GUARD_LINE_KEY,
	    "ephemeral key")) {
		guard_refuse(g, REASON_KEY_OPTIONS, SSHD_EphemeralCodes);
		guard_fail(g, true);
	} else {
		guard_proved(g);
	}
}

/*
 * The holder has signed: uses the grant, unless he would not be let in anyway.
 * A key that works once must not be spent on a refusal.
 */
static void
use(struct guard *g, bool is_live)
{
	if (is_live && !guard_options_allow(g, writer_span(&g->key.options), GUARD_LINE_KEY, "ephemeral key")) {
		guard_refuse(g, REASON_KEY_OPTIONS, SSHD_EphemeralKeys);
		guard_tell(g, "The options of this key's registration do not let you in from here.");
		guard_fail(g, true);
	} else if (is_live && !guard_root_may(g)) {
		guard_refuse_root(g);
	} else {
		guard_grant_use(g, ++g->last_question, g->asked.blob);
	}
}

void
guard_grant_drop(struct guard *g)
{
	if (g->key.is_held && guard_has_listener(g))
		guard_listener_sent(g, ipc_send_from_guard_drop(&g->listener,
		    &(struct msg_from_guard_drop){ .grant = span_str(g->key.grant) }, NULL));
	g->key.is_held = false;
}

/* The uses are good, or one of them is not any more: its registration has been revoked, say. */
static void
committed(struct guard *g, const struct msg_guard_grant *m)
{
	char text[300];

	g->is_committing = false;
	if (m->answer == EPHEMERAL_YES) {
		guard_accept(g, m->end);
		return;
	}
	guard_refuse(g, REASON_KEY_OVER, SSHD_EphemeralKeys);
	guard_log_result(g, "Failed", true);
	guard_log_refusal(g, LOG_LEVEL_INFO);
	if (m->reason.len > 0)
		guard_tell(g, text_visible_str(text, sizeof(text), m->reason));
	/* The chain is gone through: there is nothing left that could be tried. */
	guard_end(g, 14, "a registration that this login needs is over");
}

void
guard_grant_commit(struct guard *g)
{
	uint32_t id = ++g->last_question;

	g->question = id;
	g->is_committing = true;
	if (guard_has_listener(g))
		guard_listener_sent(g, ipc_send_from_guard_commit(&g->listener,
		    &(struct msg_from_guard_commit){ .id = id }, NULL));
	else
		(void)!guard_on_grant(g, &(struct msg_guard_grant){ .id = id,
		    .answer = EPHEMERAL_UNKNOWN, .end = MSEC_NEVER });
}

enum err
guard_on_grant(struct guard *g, const struct msg_guard_grant *m)
{
	if (m->id != g->question || !g->is_asked)
		return ERR_OK;		/* an old question */
	if (m->answer >= EPHEMERAL_N_ANSWERS)
		return ERR_FORMAT;	/* and the question is answered by the listener's end */
	g->question = 0;
	if (g->is_committing) {
		committed(g, m);
	} else if (g->holder_proved && g->code_question != 0 && m->answer != EPHEMERAL_YES) {
		guard_code_answered(g, m);
	} else if (g->holder_proved) {
		used(g, m);
	} else if (!g->asked.has_sig) {
		answer_query(g, (enum ephemeral_answer)m->answer);
	} else if (m->answer == EPHEMERAL_UNKNOWN || (m->answer != EPHEMERAL_YES && guard_key_is_in_files(g))) {
		guard_key_try_files(g);
	} else {
		/* The grant's own options say what its token has to do. */
		TRY(keep_grant(g, m));
		if (m->answer != EPHEMERAL_YES)
			writer_reset(&g->key.options);	/* they are not for this login */
		g->proved_once = guard_key_is_signed(g);
		if (g->proved_once)
			use(g, m->answer == EPHEMERAL_YES);
		else
			guard_key_not_signed(g);
	}
	return ERR_OK;
}
