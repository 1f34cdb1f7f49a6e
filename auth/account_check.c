/* SPDX-License-Identifier: ISC */
/* May an account log in: decisions on what the files say and on given facts. */
#include "auth/account.h"

/* As OpenSSH on Linux (and Solaris' form, which travels in copied files). */
static bool
is_locked(struct span hash)
{
	return span_starts(hash, SPAN_LIT("!")) || span_starts(hash, SPAN_LIT("*LK*"));
}

enum account_verdict
account_check(const struct account *a, const struct account_facts *f)
{
	if (!f->shell_exists)
		return ACCOUNT_NO_SHELL;
	if (!f->shell_executable)
		return ACCOUNT_SHELL_NOT_EXECUTABLE;
	if (!f->ignore_lock && is_locked(secret_span(&a->hash)))
		return ACCOUNT_LOCKED;
	/* The day itself is still good. */
	if (a->expires != ACCOUNT_NO_DAY && f->today > a->expires)
		return ACCOUNT_EXPIRED;
	if (f->nologin_exists && a->uid != 0)
		return ACCOUNT_NOLOGIN;
	return ACCOUNT_OK;
}

const char *
account_verdict_text(enum account_verdict v)
{
	static const char *const texts[] = {
#define X(name, text) [ACCOUNT_##name] = text,
		ACCOUNT_VERDICT_LIST(X)
#undef X
	};

	return texts[v];
}

enum password_age
account_password_age(const struct account *a, int64_t today, int64_t *days_left)
{
	int64_t left;

	if (days_left != NULL)
		*days_left = -1;
	if (!a->in_shadow)
		return PASSWORD_AGE_OK;
	if (a->changed == 0)
		return PASSWORD_AGE_MUST_CHANGE;
	if (a->max_age == ACCOUNT_NO_DAY || a->changed == ACCOUNT_NO_DAY)
		return PASSWORD_AGE_OK;
	left = a->changed + a->max_age - today;
	if (left < 0 && a->inactive != ACCOUNT_NO_DAY && -left > a->inactive)
		return PASSWORD_AGE_DEAD;
	if (left < 0)
		return PASSWORD_AGE_EXPIRED;
	if (days_left != NULL && a->warn != ACCOUNT_NO_DAY && left <= a->warn)
		*days_left = left;
	return PASSWORD_AGE_OK;
}
