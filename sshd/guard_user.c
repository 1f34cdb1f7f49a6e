/* SPDX-License-Identifier: ISC */
/* Whom a login is for: the account, its groups, whether it may, its config. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/password.h"
#include "os/clock.h"
#include "os/file.h"
#include "sshd/guard_access.h"
#include "sshd/guard_i.h"
#include "sshd/own_account.h"

/* passwd, group or shadow, all of their files together. */
#define ACCOUNTS_MAX	(64 * 1024 * 1024)

#define DAY	86400

/* Of the account that stands for users who do not exist. */
#define FAKE_UID	65534

void
guard_user_free(struct guard_user *u)
{
	free(u->name);
	account_free(&u->account);
	group_list_free(&u->groups);
	sshd_config_free(&u->config);
	*u = (struct guard_user){ .name = NULL };
}

const char *
guard_who(const struct guard *g, char *buf, size_t size)
{
	char name[LIMIT_USER * 4 + 4];

	snprintf(buf, size, "%s%s", g->user.is_valid ? "" : "invalid user ",
	    text_visible_str(name, sizeof(name), span_str(g->user.name)));
	return buf;
}

const char *
guard_fingerprint(const struct guard *g, struct span blob, char buf[static FINGERPRINT_SIZE])
{
	return fingerprint_str(buf, blob, g->start->config->fingerprint_hash == FINGERPRINT_HASH_MD5 ?
	    FINGERPRINT_MD5 : FINGERPRINT_SHA256);
}

/* Appends the files, each to end with a newline; those that are not there are skipped. */
static void
read_files(struct guard *g, const struct words *files, struct writer *w)
{
	for (size_t i = 0; i < files->n; i++) {
		SCOPED(writer_free) struct writer one = writer_init(ACCOUNTS_MAX);
		enum err e = file_read(files->v[i], &one, NULL);

		if (e == ERR_OK) {
			wr_raw(w, writer_span(&one));
			wr_u8(w, '\n');
		} else {
			log_debug(&g->log, "%s: %s", files->v[i], e == ERR_SYSTEM || e == ERR_NOTFOUND ?
			    strerror(errno) : err_text(e));
		}
	}
}

/* Finds the account in the files. ERR_NOTFOUND. */
static enum err
find_account(struct guard *g, struct span name, struct account *a)
{
	const struct sshd_config *c = g->start->config;
	SCOPED(writer_free) struct writer passwd = writer_init(ACCOUNTS_MAX);
	SCOPED(account_free) struct account own = { .name = NULL };
	enum err e;

	read_files(g, &c->passwd_files, &passwd);
	TRY(wr_end(&passwd));
	e = account_find(a, writer_span(&passwd), name);
	if (e != ERR_NOTFOUND)
		return e;
	if (account_find_uid(&own, writer_span(&passwd), (uint32_t)geteuid()) == ERR_OK)
		return ERR_NOTFOUND;
	TRY(own_account_make(&own, &c->passwd_files));
	if (!span_is(name, own.name))
		return ERR_NOTFOUND;
	*a = own;
	own = (struct account){ .name = NULL };
	return ERR_OK;
}

enum err
guard_find_account(struct guard *g, struct span name, struct account *a, struct group_list *groups)
{
	SCOPED(writer_free) struct writer text = writer_init(ACCOUNTS_MAX);

	TRY(find_account(g, name, a));
	read_files(g, &g->start->config->group_files, &text);
	TRY(wr_end(&text));
	return group_list_of(groups, writer_span(&text), span_str(a->name), a->gid);
}

/* Password hash and ageing; and what others' passwords are hashed with. */
static enum err
add_shadow(struct guard *g, struct guard_user *u)
{
	SCOPED(writer_free) struct writer shadow = writer_init(ACCOUNTS_MAX);

	read_files(g, &g->start->config->shadow_files, &shadow);
	TRY(wr_end(&shadow));
	password_fake_setting(writer_span(&shadow), u->fake);
	return account_add_shadow(&u->account, writer_span(&shadow));
}

/* The names of the user's groups, for Match and AllowGroups; spans into text. */
struct group_names {
	struct span *v;
	size_t n;
};

static void
group_names_free(struct group_names *g)
{
	free(g->v);
}

static enum err
name_groups(const struct group_list *list, struct span text, struct group_names *out)
{
	out->v = calloc(list->n + 1, sizeof(*out->v));
	if (out->v == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < list->n; i++) {
		if (group_name(text, list->gid[i], &out->v[out->n]) == ERR_OK)
			out->n++;
	}
	return ERR_OK;
}

const char *
guard_nologin(void)
{
	static const char *const paths[] = { "/etc/nologin", "/run/nologin" };

	for (size_t i = 0; i < COUNT(paths); i++) {
		if (access(paths[i], F_OK) == 0)
			return paths[i];
	}
	return NULL;
}

/* What the files of the machine say of the account and of logins as such. */
static struct account_facts
find_facts(const struct account *a)
{
	struct account_facts f = { .today = clock_wall() / DAY };
	struct stat st;

	if (stat(a->shell, &st) == 0) {
		f.shell_exists = true;
		f.shell_executable = S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0;
	}
	f.nologin_exists = guard_nologin() != NULL;
	return f;
}

static const enum reason reasons[] = {
	[ACCOUNT_OK] = REASON_NONE,
	[ACCOUNT_LOCKED] = REASON_LOCKED,
	[ACCOUNT_EXPIRED] = REASON_EXPIRED,
	[ACCOUNT_NO_SHELL] = REASON_NO_SHELL,
	[ACCOUNT_SHELL_NOT_EXECUTABLE] = REASON_BAD_SHELL,
	[ACCOUNT_NOLOGIN] = REASON_NOLOGIN,
};

/* Whether the account may log in by itself; the log says why not. */
static bool
account_may(struct guard *g, const struct account *a)
{
	struct account_facts f = find_facts(a);
	enum account_verdict v = account_check(a, &f);

	if (v == ACCOUNT_OK)
		return true;
	g->user.why = reasons[v];
	if (v == ACCOUNT_NO_SHELL || v == ACCOUNT_SHELL_NOT_EXECUTABLE)
		log_info(&g->log, "User %s not allowed because shell %s %s", a->name, a->shell,
		    v == ACCOUNT_NO_SHELL ? "does not exist" : "is not executable");
	else if (v == ACCOUNT_NOLOGIN)
		log_info(&g->log, "User %s not allowed because %s exists", a->name,
		    guard_nologin() != NULL ? guard_nologin() : "a nologin file");
	else
		log_info(&g->log, "User %s not allowed because %s", a->name, account_verdict_text(v));
	return false;
}

/* What Match goes by. */
static struct sshd_facts
facts_of(const struct guard *g, bool exists, const struct group_names *groups)
{
	struct sshd_facts facts = { .user = span_str(g->user.name), .user_invalid = !exists,
	    .groups = groups->v, .n_groups = groups->n,
	    .host = span_str(g->host[0] != '\0' ? g->host : g->client),
	    .host_unknown = g->start->config->use_dns && g->host[0] == '\0' };

	if (g->start->has_ends) {
		facts.address = g->start->client.address;
		facts.local_address = g->start->server.address;
		facts.local_port = g->start->server.port;
	}
	return facts;
}

/* Whether it can be said what the config means for this client. */
static enum err
is_decided(struct guard *g, const struct sshd_facts *facts, bool *yes)
{
	struct sshd_place at;
	bool undecided;

	TRY(sshd_rules_undecided(g->start->rules, facts, &undecided, &at));
	*yes = !undecided;
	if (*yes)
		return ERR_OK;
	g->user.why = REASON_NO_HOST;
	g->user.why_rule = SSHD_UseDNS;
	log_info(&g->log, "User %s from %s not allowed because its host has no name, and Match Host at %s:%u excludes names",
	    g->user.account.name, g->client, at.file, at.line);
	return ERR_OK;
}

/* Whether the lists let the account in; the log says why not, and places which lines were about it. */
static enum err
lists_let(struct guard *g, const struct sshd_facts *facts, bool *yes)
{
	struct guard_user *u = &g->user;
	struct client_host host = guard_client_host(g);
	struct access_request r = { .config = &u->config, .user = u->account.name,
	    .host = &host, .groups = facts->groups, .n_groups = facts->n_groups };
	struct access_answer answer;
	enum reason why = access_refused(&r, &answer);

	for (int i = 0; i < ACCESS_LISTS; i++) {
		enum sshd_keyword k = access_keyword((enum access_list)i);

		if (answer.matched[i] != NULL)
			TRY(sshd_config_word_place(&u->places[k], g->start->rules, facts, k, answer.matched[i]));
	}
	*yes = why == REASON_NONE;
	if (*yes)
		return ERR_OK;
	u->why = why;
	u->why_rule = answer.rule;
	log_info(&g->log, "User %s from %s not allowed because %s", u->account.name,
	    g->host[0] != '\0' ? g->host : g->client, access_text(why));
	return ERR_OK;
}

/* From now on as the config of this user says. */
static void
set_log_level(struct guard *g)
{
	if (g->start->debug_level == LOG_LEVEL_QUIET && g->log.level != LOG_LEVEL_QUIET)
		g->log.level = (enum log_level)g->user.config.log_level;
}

/* Whether he may log in; ERR_NOMEM. */
static enum err
judge(struct guard *g, enum err found, const struct sshd_facts *facts)
{
	struct guard_user *u = &g->user;
	char name[LIMIT_USER * 4 + 4];

	u->why = REASON_NONE;
	u->why_rule = SSHD_N_KEYWORDS;
	if (found != ERR_OK) {
		u->why = REASON_UNKNOWN_USER;
		u->why_rule = SSHD_PasswdFile;
		log_info(&g->log, "Invalid user %s from %s port %u",
		    text_visible_str(name, sizeof(name), span_str(u->name)), g->client,
		    (unsigned)g->client_port);
		return ERR_OK;
	}
	if (geteuid() != 0 && u->account.uid != (uint32_t)geteuid()) {
		u->why = REASON_OTHER_UID;
		log_info(&g->log, "User %s not allowed because this sshd runs as uid %lu and can let in only that user",
		    u->account.name, (unsigned long)geteuid());
		return ERR_OK;
	}
	if (!account_may(g, &u->account))
		return ERR_OK;
	TRY(is_decided(g, facts, &u->is_valid));
	return u->is_valid ? lists_let(g, facts, &u->is_valid) : ERR_OK;
}

enum err
guard_find_user(struct guard *g, struct span name)
{
	struct guard_user *u = &g->user;
	SCOPED(writer_free) struct writer group = writer_init(ACCOUNTS_MAX);
	SCOPED(group_names_free) struct group_names groups = { .n = 0 };
	enum err found = ERR_NOTFOUND;
	struct sshd_facts facts;

	u->name = span_dup_str(name);
	if (u->name == NULL)
		return ERR_NOMEM;
	if (name.len > 0 && name.len <= LIMIT_USER && span_find(name, '\0') == name.len)
		found = find_account(g, name, &u->account);
	if (found == ERR_NOTFOUND)	/* one that nothing fits, treated the same */
		TRY(account_make(&u->account, SPAN_LIT("nobody"), FAKE_UID, FAKE_UID, SPAN_EMPTY, SPAN_EMPTY));
	else if (found != ERR_OK)
		return found;
	TRY(add_shadow(g, u));
	read_files(g, &g->start->config->group_files, &group);
	TRY(wr_end(&group));
	TRY(group_list_of(&u->groups, writer_span(&group), span_str(u->account.name), u->account.gid));
	TRY(name_groups(&u->groups, writer_span(&group), &groups));
	guard_find_host(g);
	facts = facts_of(g, found == ERR_OK, &groups);
	TRY(sshd_config_places(u->places, g->start->rules, &facts));
	TRY(sshd_config_for(&u->config, g->start->rules, &facts));
	set_log_level(g);
	TRY(judge(g, found, &facts));
	u->is_known = true;
	title_set(g->start->title, "%s [priv]", u->is_valid ? u->account.name : "unknown");
	return ERR_OK;
}
