/* SPDX-License-Identifier: ISC */
/* Passwords: "none", "password", "keyboard-interactive", and new ones for those that have expired. */
#include <stdio.h>
#include <string.h>

#include "auth/password.h"
#include "os/clock.h"
#include "sshd/guard_i.h"
#include "sshd/guard_methods.h"

#define DAY	86400

/* What is said where a new password has to be made. */
#define MUST_CHANGE	"Your password has expired. You must choose a new one now."
#define NEW_PROMPT	"New password: "
#define AGAIN_PROMPT	"Retype new password: "

enum verdict {
	VERDICT_WRONG,
	VERDICT_RIGHT,
	VERDICT_OLD,			/* right, but it must be changed */
	VERDICT_DEAD,			/* right, but too old even for that */
	VERDICT_FAILED,			/* no memory: the connection is over */
};

/* --- is it right? --- */

/* Whether no password is needed: one alone never stands for a step of a chain. */
static bool
needs_none(const struct guard *g)
{
	const struct guard_user *u = &g->user;

	return u->is_valid && u->account.hash.len == 0 && u->config.permit_empty_passwords &&
	    guard_methods_any(&u->config);
}

/* Whether nothing at all is the next step: of a chain that says "none", or of any way. */
static bool
passes_none(const struct guard *g)
{
	const struct guard_user *u = &g->user;

	if (needs_none(g))
		return u->config.password_authentication;
	return u->is_valid && u->account.hash.len == 0 &&
	    guard_methods_allow(&u->config, &g->proof, SPAN_LIT("none"));
}

/* How old the password may still be used. */
static enum verdict
judge_age(struct guard *g)
{
	int64_t left;

	switch (account_password_age(&g->user.account, clock_wall() / DAY, &left)) {
	case PASSWORD_AGE_OK:
		g->days_left = left;
		return VERDICT_RIGHT;
	case PASSWORD_AGE_DEAD:
		return VERDICT_DEAD;
	case PASSWORD_AGE_MUST_CHANGE:
	case PASSWORD_AGE_EXPIRED:
	default:
		return VERDICT_OLD;
	}
}

static enum verdict
judge(struct guard *g, struct span password)
{
	struct guard_user *u = &g->user;
	enum err e;

	/* Somebody who may not log in has no password that fits, and nobody learns his. */
	e = password_check(u->is_valid ? secret_span(&u->account.hash) : SPAN_LIT("*"), u->fake, password);
	if (e == ERR_NOMEM) {
		guard_quit(g, GUARD_EXIT_FAILED);
		return VERDICT_FAILED;
	}
	if (e != ERR_OK && !(password.len == 0 && needs_none(g)))
		return VERDICT_WRONG;
	return judge_age(g);
}

/* --- a new one --- */

/* Asks for a new password; text says why. */
static void
ask_for_new(struct guard *g, const char *text)
{
	SCOPED(writer_free) struct writer prompts = writer_init(256);

	if (span_is(g->asked.method, "password")) {
		g->change_offered = true;
		guard_asks(g, ipc_send_wire_change(&g->wire, &(struct msg_wire_change){
		    .id = g->asked.id, .text = span_str(text) }, NULL));
		return;
	}
	g->challenge = CHALLENGE_NEW;
	wr_str(&prompts, NEW_PROMPT);
	wr_flag(&prompts, false);
	wr_str(&prompts, AGAIN_PROMPT);
	wr_flag(&prompts, false);
	guard_asks(g, wr_end(&prompts) != ERR_OK ? wr_end(&prompts) : ipc_send_wire_prompts(&g->wire,
	    &(struct msg_wire_prompts){ .id = g->asked.id, .instruction = span_str(text),
	    .prompts = writer_span(&prompts) }, NULL));
}

/* A new one would not do: says why, and asks again, which counts as a try. */
static void
ask_again(struct guard *g, const char *why)
{
	char text[512];

	snprintf(text, sizeof(text), "%s. %s", why, MUST_CHANGE);
	if (++g->tries >= g->user.config.max_auth_tries) {
		guard_refuse(g, REASON_NEW_PASSWORD, SSHD_MaxAuthTries);
		guard_fail(g, false);
	} else {
		ask_for_new(g, text);
	}
}

/* The password is right, but too old. */
static void
is_old(struct guard *g, struct span password, bool too_late)
{
	char why[300] = "Your password has expired, and it is too late to change it.";

	log_info(&g->log, "password of user %s has expired", g->user.account.name);
	if (!guard_root_may(g)) {
		guard_refuse(g, REASON_ROOT, SSHD_PermitRootLogin);
		guard_fail(g, true);
		return;
	}
	if (too_late || !guard_change_is_possible(g, why, sizeof(why))) {
		guard_refuse(g, REASON_PASSWORD_OLD, SSHD_ShadowFile);
		guard_tell(g, why);
		guard_fail(g, true);
		return;
	}
	/* Who only looks, again and again, uses up his tries. */
	if (g->n_old++ > 0 && ++g->tries >= g->user.config.max_auth_tries) {
		guard_refuse(g, REASON_PASSWORD_OLD, SSHD_MaxAuthTries);
		guard_fail(g, false);
		return;
	}
	if (secret_copy(&g->old_password, password) != ERR_OK)
		guard_quit(g, GUARD_EXIT_FAILED);
	else
		ask_for_new(g, MUST_CHANGE);
}

/* Takes a new password in the place of the one that was proved. */
static void
take_new(struct guard *g, struct span new_password)
{
	char why[300] = "";

	switch (guard_change_password(g, secret_span(&g->old_password), new_password, why, sizeof(why))) {
	case ERR_OK:
		secret_free(&g->old_password);
		g->change_offered = false;
		guard_proved(g);
		break;
	case ERR_DENIED:
		ask_again(g, why);
		break;
	default:
		guard_refuse(g, REASON_PASSWORD_OLD, SSHD_ShadowFile);
		guard_tell(g, why);
		guard_fail(g, true);
		break;
	}
}

/* --- the methods --- */

static void
decide(struct guard *g, struct span password)
{
	enum verdict v = judge(g, password);

	switch (v) {
	case VERDICT_RIGHT:
		guard_proved(g);
		break;
	case VERDICT_OLD:
	case VERDICT_DEAD:
		is_old(g, password, v == VERDICT_DEAD);
		break;
	case VERDICT_WRONG:
		if (guard_try_code(g, password))
			break;		/* answered when the listener has spoken */
		guard_refuse(g, REASON_PASSWORD, SSHD_N_KEYWORDS);
		guard_fail(g, true);
		break;
	case VERDICT_FAILED:
	default:
		break;
	}
}

/* RFC 4252 8: a password and the new one for it. */
static void
change(struct guard *g)
{
	bool offered = g->change_offered;
	enum verdict v = judge(g, g->asked.password);

	if (v == VERDICT_FAILED)
		return;
	/* Only where it was asked for: a password that is still good is changed by passwd(1). */
	if (v != VERDICT_OLD || !offered || !guard_root_may(g)) {
		guard_refuse(g, v == VERDICT_WRONG ? REASON_PASSWORD : REASON_NEW_PASSWORD, SSHD_N_KEYWORDS);
		guard_fail(g, true);
	} else if (secret_copy(&g->old_password, g->asked.password) != ERR_OK) {
		guard_quit(g, GUARD_EXIT_FAILED);
	} else {
		take_new(g, g->asked.new_password);
	}
}

void
guard_password(struct guard *g)
{
	if (g->asked.is_change)
		change(g);
	else
		decide(g, g->asked.password);
}

void
guard_none(struct guard *g)
{
	bool counts = g->none_seen;

	g->none_seen = true;
	if (passes_none(g) && judge_age(g) == VERDICT_RIGHT)
		guard_proved(g);
	else if (counts)
		guard_fail(g, true);
	else
		guard_answer(g, AUTH_RESULT_FAILURE);	/* how clients ask what there is */
}

/* --- keyboard-interactive --- */

void
guard_kbdint(struct guard *g)
{
	SCOPED(writer_free) struct writer prompts = writer_init(64);

	g->challenge = CHALLENGE_PASSWORD;
	wr_str(&prompts, "Password: ");
	wr_flag(&prompts, false);
	guard_asks(g, wr_end(&prompts) != ERR_OK ? wr_end(&prompts) : ipc_send_wire_prompts(&g->wire,
	    &(struct msg_wire_prompts){ .id = g->asked.id, .prompts = writer_span(&prompts) }, NULL));
}

/* The answers to a challenge; they are wiped behind this. */
static void
answered(struct guard *g, enum guard_challenge challenge, struct span answers)
{
	struct reader r = rd_init(answers);
	struct span first = rd_bytes(&r), second = SPAN_EMPTY;

	if (challenge == CHALLENGE_NEW)
		second = rd_bytes(&r);
	if (rd_end(&r) != ERR_OK) {
		guard_refuse(g, REASON_ABANDONED, SSHD_N_KEYWORDS);
		guard_fail(g, true);
	} else if (challenge == CHALLENGE_PASSWORD) {
		decide(g, first);
	} else if (!span_eq_secret(first, second)) {
		ask_again(g, "The passwords are not the same");
	} else {
		take_new(g, first);
	}
}

enum err
guard_on_answers(struct guard *g, const struct msg_from_wire_answers *m)
{
	enum guard_challenge challenge = g->challenge;

	if (challenge == CHALLENGE_NONE || g->is_asked || g->ending)
		return ERR_SEQUENCE;	/* nobody asked: wire has lost its senses */
	g->challenge = CHALLENGE_NONE;
	guard_asked_again(g, m->id);
	answered(g, challenge, m->ok ? m->answers : SPAN_EMPTY);
	return ERR_OK;
}

void
guard_challenge_drop(struct guard *g)
{
	if (g->challenge == CHALLENGE_NONE)
		return;
	g->challenge = CHALLENGE_NONE;
	g->tries++;		/* or the tries would have no end */
	guard_refuse(g, REASON_ABANDONED, SSHD_N_KEYWORDS);
	guard_log_refusal(g, LOG_LEVEL_INFO);
}
