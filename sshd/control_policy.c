/* SPDX-License-Identifier: ISC */
/* Who may register keys for whom. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth/account.h"
#include "keys/authorized_keys.h"
#include "os/file.h"
#include "sshd/control_i.h"
#include "sshd/own_account.h"

void
control_policy_free(struct control_policy *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n; i++) {
		free(p->registrar[i].name);
		free(p->registrar[i].users);
		free(p->registrar[i].least_options);
		free(p->registrar[i].ssh);
	}
	free(p->registrar);
	*p = (struct control_policy){ .registrar = NULL };
}

/* Writes a sentence about a part of the line, and returns ERR_SYNTAX. */
static enum err
complain(char *why, size_t size, const char *what, struct span part)
{
	char shown[80];

	snprintf(why, size, "%s: \"%s\"", what, text_visible_str(shown, sizeof(shown), part));
	return ERR_SYNTAX;
}

/* P|P...: kept as a comma list, as text_match_list() wants it. */
static enum err
set_list(char **list, struct span value)
{
	free(*list);
	*list = span_dup_str(value);
	if (*list == NULL)
		return ERR_NOMEM;
	for (char *p = *list; *p != '\0'; p++) {
		if (*p == '|')
			*p = ',';
	}
	return ERR_OK;
}

/* permit=WORD|WORD...: words as in authorized_keys. */
static enum err
set_permit(struct control_registrar *r, struct span value, char *why, size_t size)
{
	static const struct {
		const char *word;
		unsigned bit;
	} words[] = {
		{ "none", 0 }, { "pty", PERMIT_PTY }, { "port-forwarding", PERMIT_PORT },
		{ "agent-forwarding", PERMIT_AGENT }, { "X11-forwarding", PERMIT_X11 },
		{ "user-rc", PERMIT_USER_RC },
	};
	SCOPED(writer_free) struct writer least = writer_init(256);
	struct span word;

	wr_printf(&least, "restrict");
	r->has_permit = true;
	r->permit = 0;
	while (span_token(&value, '|', &word)) {
		size_t i = 0;

		while (i < COUNT(words) && !span_is(word, words[i].word))
			i++;
		if (i == COUNT(words))
			return complain(why, size, "a registrar's keys cannot permit", word);
		if (words[i].bit != 0 && (r->permit & words[i].bit) == 0)
			wr_printf(&least, ",%s", words[i].word);
		r->permit |= words[i].bit;
	}
	TRY(wr_end(&least));
	free(r->least_options);
	r->least_options = span_dup_str(writer_span(&least));
	return r->least_options == NULL ? ERR_NOMEM : ERR_OK;
}

/* ssh=any, or fingerprints. */
static enum err
set_ssh(struct control_registrar *r, struct span value, char *why, size_t size)
{
	struct span rest = value, key;

	while (!span_is(value, "any") && span_token(&rest, '|', &key)) {
		if (!span_starts(key, SPAN_LIT("SHA256:")) || key.len != 7 + 43)
			return complain(why, size, "not \"any\" nor a whole SHA256 fingerprint", key);
	}
	return set_list(&r->ssh, value);
}

static enum err
set_time(msec *out, struct span value, char *why, size_t size)
{
	uint64_t seconds;

	if (text_time(value, &seconds) != ERR_OK || seconds == 0)
		return complain(why, size, "not a time", value);
	*out = seconds * 1000;
	return ERR_OK;
}

static enum err
parse_option(struct control_registrar *r, struct span option, char *why, size_t size)
{
	size_t n = span_find(option, '=');
	struct span name = span_first(option, n);
	struct span value = span_skip(option, n + 1);
	uint64_t number;

	if (value.len == 0)
		return complain(why, size, "option of a registrar without a value", option);
	if (span_is(name, "users"))
		return set_list(&r->users, value);
	if (span_is(name, "max-ttl"))
		return set_time(&r->max_ttl, value, why, size);
	if (span_is(name, "max-session"))
		return set_time(&r->max_session, value, why, size);
	if (span_is(name, "permit"))
		return set_permit(r, value, why, size);
	if (span_is(name, "ssh"))
		return set_ssh(r, value, why, size);
	if (!span_is(name, "max-uses"))
		return complain(why, size, "unknown option of a registrar (users, max-ttl, max-uses, "
		    "max-session, permit, ssh)", name);
	if (text_number(value, 1, UINT32_MAX, &number) != ERR_OK)
		return complain(why, size, "not a number of uses", value);
	r->max_uses = (uint32_t)number;
	return ERR_OK;
}

/* NAME[:OPTION,OPTION...] */
static enum err
parse_registrar(struct control_registrar *r, struct span word, char *why, size_t size)
{
	size_t n = span_find(word, ':');
	struct span name = span_first(word, n);
	struct span options = span_skip(word, n + 1);
	struct span option;

	if (name.len == 0 || name.len > LIMIT_USER)
		return complain(why, size, "registrar without a name", word);
	r->name = span_dup_str(name);
	if (r->name == NULL)
		return ERR_NOMEM;
	if (n < word.len && options.len == 0)
		return complain(why, size, "registrar without options behind its colon", word);
	while (options.p != NULL && span_token(&options, ',', &option))
		TRY(parse_option(r, option, why, size));
	return ERR_OK;
}

enum err
control_policy_parse(struct control_policy *out, struct span text, char *why, size_t size)
{
	SCOPED(control_policy_free) struct control_policy p = { .registrar = NULL };
	struct span word;

	*out = p;
	snprintf(why, size, "%s", err_text(ERR_NOMEM));
	if (span_is(text, "none"))
		return ERR_OK;
	while (text.p != NULL && span_token(&text, ' ', &word)) {
		struct control_registrar *grown;

		if (word.len == 0)
			continue;
		grown = realloc(p.registrar, (p.n + 1) * sizeof(*grown));
		if (grown == NULL)
			return ERR_NOMEM;
		p.registrar = grown;
		p.registrar[p.n++] = (struct control_registrar){ .name = NULL };
		TRY(parse_registrar(&p.registrar[p.n - 1], word, why, size));
	}
	*out = p;
	p = (struct control_policy){ .registrar = NULL };
	return ERR_OK;
}

/* --- decisions --- */

const struct control_registrar *
control_registrar_of(const struct control_policy *policy, uid_t uid, const char *name)
{
	for (size_t i = 0; i < policy->n; i++) {
		const struct control_registrar *r = &policy->registrar[i];
		uint64_t number;

		if (span_is(span_str(r->name), name))
			return r;
		if (text_number(span_str(r->name), 0, UINT32_MAX, &number) == ERR_OK &&
		    number == uid)
			return r;
	}
	return NULL;
}

const struct control_registrar *
control_registrar_by_ssh(const struct control_policy *policy, uid_t uid, const char *name,
    const char *key)
{
	const struct control_registrar *r = control_registrar_of(policy, uid, name);

	if (r == NULL || r->ssh == NULL)
		return NULL;
	if (span_is(span_str(r->ssh), "any"))
		return r;
	return key[0] != '\0' && text_list_has(span_str(r->ssh), span_str(key)) ? r : NULL;
}

bool
control_may_register(const struct control_registrar *r, const char *name, struct span user)
{
	if (r->users == NULL)
		return span_is(user, name);
	/* A wildcard that nobody thought through must not hand out root. */
	if (span_is(user, "root"))
		return text_list_has(span_str(r->users), user);
	return text_match_list(user, span_str(r->users), false) == MATCH_YES;
}

bool
control_user_is_meant(const struct words *users, struct span user)
{
	bool is_meant = false;

	for (size_t i = 0; i < users->n; i++) {
		enum match m = text_match_list(user, span_str(users->v[i]), false);

		if (m == MATCH_NEGATED)
			return false;
		is_meant |= m == MATCH_YES;
	}
	return is_meant;
}

/* --- names --- */

/* Finds an account by name, or by uid if name is empty. */
static enum err
find_account(const struct words *passwd_files, struct span name, uid_t uid, struct account *out)
{
	for (size_t i = 0; i < passwd_files->n; i++) {
		SCOPED(writer_free) struct writer text = writer_init(64 * 1024 * 1024);
		enum err e;

		if (file_read(passwd_files->v[i], &text, NULL) != ERR_OK)
			continue;
		e = name.len > 0 ? account_find(out, writer_span(&text), name) :
		    account_find_uid(out, writer_span(&text), uid);
		if (e == ERR_OK)
			return e;
	}
	return ERR_NOTFOUND;
}

void
control_name_of(const struct words *passwd_files, uid_t uid, char *name, size_t size)
{
	SCOPED(account_free) struct account a = { .name = NULL };

	if (find_account(passwd_files, SPAN_EMPTY, uid, &a) == ERR_OK)
		snprintf(name, size, "%s", a.name);
	else
		snprintf(name, size, "uid %u", (unsigned)uid);
}

bool
control_user_exists(const struct words *passwd_files, struct span user)
{
	SCOPED(account_free) struct account a = { .name = NULL };

	if (find_account(passwd_files, user, 0, &a) == ERR_OK)
		return true;
	return own_account_make(&a, passwd_files) == ERR_OK && span_is(user, a.name);
}
