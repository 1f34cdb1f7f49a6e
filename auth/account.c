/* SPDX-License-Identifier: ISC */
#include "auth/account_i.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/text.h"

bool
account_next_line(struct span *text, struct span *field, size_t min, size_t n)
{
	struct span line;

	must(n <= ACCOUNT_MAX_FIELDS);
	while (span_token(text, '\n', &line)) {
		size_t i = 0;

		/* Comments, and the marks of NIS, which there is none of here. */
		if (line.len == 0 || line.p[0] == '#' || line.p[0] == '+' || line.p[0] == '-')
			continue;
		if (span_find(line, 0) != line.len)
			continue;
		while (i < n && span_token(&line, ':', &field[i]))
			i++;
		if (i < min || line.p != NULL || field[0].len == 0)
			continue;
		while (i < n)
			field[i++] = SPAN_EMPTY;
		return true;
	}
	return false;
}

bool
account_number(struct span s, uint32_t *out)
{
	uint64_t v;

	if (text_number(s, 0, UINT32_MAX - 1, &v) != ERR_OK)
		return false;
	*out = (uint32_t)v;
	return true;
}

void
account_free(struct account *a)
{
	if (a == NULL)
		return;
	free(a->name);
	free(a->gecos);
	free(a->home);
	free(a->shell);
	secret_free(&a->hash);
	*a = (struct account){ .name = NULL };
}

/* An account with these strings and no word about its password. */
static enum err
account_fill(struct account *out, const struct span *field, uint32_t uid, uint32_t gid)
{
	struct span home = field[5].len > 0 ? field[5] : SPAN_LIT("/");
	struct span shell = field[6].len > 0 ? field[6] : SPAN_LIT("/bin/sh");

	*out = (struct account){ .uid = uid, .gid = gid, .changed = ACCOUNT_NO_DAY,
	    .max_age = ACCOUNT_NO_DAY, .warn = ACCOUNT_NO_DAY,
	    .inactive = ACCOUNT_NO_DAY, .expires = ACCOUNT_NO_DAY };
	out->name = span_dup_str(field[0]);
	out->gecos = span_dup_str(field[4]);
	out->home = span_dup_str(home);
	out->shell = span_dup_str(shell);
	if (out->name == NULL || out->gecos == NULL || out->home == NULL || out->shell == NULL)
		goto out;
	if (secret_copy(&out->hash, field[1]) != ERR_OK)
		goto out;
	return ERR_OK;
out:
	account_free(out);
	return ERR_NOMEM;
}

/* Finds the first well-formed line with this name, or this uid if name is NULL. */
static enum err
account_search(struct account *out, struct span passwd, const struct span *name, uint32_t uid)
{
	struct span field[7];
	uint32_t found, gid;

	*out = (struct account){ .name = NULL };
	while (account_next_line(&passwd, field, PASSWD_FIELDS)) {
		if (name != NULL && !span_eq(field[0], *name))
			continue;
		if (!account_number(field[2], &found) || !account_number(field[3], &gid))
			continue;
		if (name == NULL && found != uid)
			continue;
		TRY(account_fill(out, field, found, gid));
		return ERR_OK;
	}
	return ERR_NOTFOUND;
}

enum err
account_find(struct account *out, struct span passwd, struct span name)
{
	if (name.len == 0 || name.len > LIMIT_USER) {
		*out = (struct account){ .name = NULL };
		return ERR_NOTFOUND;
	}
	return account_search(out, passwd, &name, 0);
}

enum err
account_find_uid(struct account *out, struct span passwd, uint32_t uid)
{
	return account_search(out, passwd, NULL, uid);
}

enum err
account_make(struct account *out, struct span name, uint32_t uid, uint32_t gid,
    struct span home, struct span shell)
{
	struct span field[7] = { [0] = name, [1] = SPAN_LIT("*"), [5] = home, [6] = shell };

	*out = (struct account){ .name = NULL };
	for (size_t i = 0; i < COUNT(field); i++) {
		struct span s = field[i];

		if (span_find(s, 0) != s.len || span_find(s, ':') != s.len ||
		    span_find(s, '\n') != s.len)
			return ERR_SYNTAX;
	}
	if (name.len == 0 || name.len > LIMIT_USER)
		return ERR_SYNTAX;
	return account_fill(out, field, uid, gid);
}

/* A day number of shadow(5): empty or nonsense is no day. */
static int64_t
day(struct span s)
{
	uint64_t v;

	if (text_number(s, 0, INT32_MAX, &v) != ERR_OK)
		return ACCOUNT_NO_DAY;
	return (int64_t)v;
}

enum err
account_add_shadow(struct account *a, struct span shadow)
{
	struct span field[9];
	struct span name = span_str(a->name);

	while (account_next_line(&shadow, field, SHADOW_FIELDS)) {
		if (!span_eq(field[0], name))
			continue;
		TRY(secret_copy(&a->hash, field[1]));
		a->in_shadow = true;
		a->changed = day(field[2]);
		a->max_age = day(field[4]);
		a->warn = day(field[5]);
		a->inactive = day(field[6]);
		a->expires = day(field[7]);
		return ERR_OK;
	}
	return ERR_OK;
}
