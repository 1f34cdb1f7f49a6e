/* SPDX-License-Identifier: ISC */
/*
 * AuthorizedKeysCommand and AuthorizedPrincipalsCommand: programs that say
 * which keys and principals a user has.
 *
 * They run as the account that the config names, with an environment made
 * here, and never longer than COMMAND_MSEC or than the client waits. What they
 * print counts only if they have ended with status 0.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/line.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/output.h"
#include "sshd/guard_i.h"

#define COMMAND_MSEC	20000

/* What such a program may print. */
#define COMMAND_MAX	(16 * 1024 * 1024)

#define ARGUMENTS_MAX	64

/* A program and whom it runs as. */
struct command {
	const char *text;		/* of the config */
	const char *user;
	char *argv[ARGUMENTS_MAX + 2];
	size_t n;
	struct account account;
	struct group_list groups;
};

static void
command_free(struct command *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->argv[i]);
	account_free(&c->account);
	group_list_free(&c->groups);
}

/* --- tokens --- */

/* Values of tokens that have to be made. */
struct values {
	char uid[16], serial[24];
	struct writer connection, fingerprint, blob, id, ca_fingerprint, ca_blob, domain;
};

static void
values_free(struct values *v)
{
	struct writer *all[] = { &v->connection, &v->fingerprint, &v->blob, &v->id, &v->ca_fingerprint,
	    &v->ca_blob, &v->domain };

	for (size_t i = 0; i < COUNT(all); i++)
		writer_free(all[i]);
}

/* Ends a string; what holds a NUL is none. */
static enum err
end_string(struct writer *w)
{
	if (span_find(writer_span(w), '\0') < w->len)
		return ERR_FORMAT;
	wr_u8(w, 0);
	return wr_end(w);
}

static enum err
put_key(const struct guard *g, struct span blob, struct span of, struct writer *fingerprint,
    struct writer *base64)
{
	char fp[FINGERPRINT_SIZE];

	wr_raw(fingerprint, span_str(guard_fingerprint(g, of, fp)));
	base64_put(base64, blob, true);
	TRY(end_string(fingerprint));
	return end_string(base64);
}

/* Values for all tokens; they live as long as v, and g's request. */
static enum err
set_tokens(struct guard *g, struct values *v, struct config_tokens *t)
{
	const struct account *a = &g->user.account;
	struct span type = key_blob_type(g->asked.blob);
	const struct cert *c = &g->key.cert;

	*v = (struct values){ .connection = writer_init(512), .fingerprint = writer_init(512),
	    .blob = writer_init(LIMIT_LINE), .id = writer_init(LIMIT_LINE),
	    .ca_fingerprint = writer_init(512), .ca_blob = writer_init(LIMIT_LINE), .domain = writer_init(8) };
	snprintf(v->uid, sizeof(v->uid), "%lu", (unsigned long)a->uid);
	wr_printf(&v->connection, "%s %u %s %u", g->client, (unsigned)g->client_port, g->server,
	    (unsigned)g->server_port);
	TRY(end_string(&v->connection));
	TRY(end_string(&v->domain));
	TRY(put_key(g, g->asked.blob, guard_plain_blob(g), &v->fingerprint, &v->blob));
	t->value['C'] = (const char *)v->connection.p;
	t->value['D'] = (const char *)v->domain.p;
	t->value['f'] = (const char *)v->fingerprint.p;
	t->value['h'] = a->home;
	t->value['k'] = (const char *)v->blob.p;
	t->value['t'] = g->key.is_cert ? c->type : key_type_find(type);
	t->value['U'] = v->uid;
	t->value['u'] = a->name;
	if (!g->key.is_cert)
		return ERR_OK;
	snprintf(v->serial, sizeof(v->serial), "%llu", (unsigned long long)c->serial);
	wr_raw(&v->id, c->key_id);
	TRY(end_string(&v->id));
	TRY(put_key(g, key_blob(c->ca), key_blob(c->ca), &v->ca_fingerprint, &v->ca_blob));
	t->value['F'] = (const char *)v->ca_fingerprint.p;
	t->value['i'] = (const char *)v->id.p;
	t->value['K'] = (const char *)v->ca_blob.p;
	t->value['s'] = v->serial;
	t->value['T'] = key_type(c->ca);
	return ERR_OK;
}

/* --- the program --- */

/* Adds an argument with its tokens replaced. */
static enum err
add_argument(struct command *c, enum sshd_keyword keyword, struct span word,
    const struct config_tokens *t)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);

	if (c->n == ARGUMENTS_MAX)
		return ERR_LIMIT;
	TRY(sshd_config_expand(&w, keyword, word, t));
	c->argv[c->n] = span_dup_str(writer_span(&w));
	if (c->argv[c->n] == NULL)
		return ERR_NOMEM;
	c->n++;
	return ERR_OK;
}

/* Takes the command's text apart: as a config line behind its keyword. */
static enum err
split(struct command *c, enum sshd_keyword keyword, const struct config_tokens *t)
{
	SCOPED(lexer_free) struct lexer lexer = { 0 };
	SCOPED(writer_free) struct writer text = writer_init(LIMIT_LINE);
	const char *why;
	struct line line;

	wr_printf(&text, "x ");
	wr_raw(&text, span_str(c->text));
	TRY(wr_end(&text));
	TRY(line_split(&lexer, writer_span(&text), &line, &why));
	for (size_t i = 0; i < line.n_words; i++)
		TRY(add_argument(c, keyword, line.words[i], t));
	if (c->n == 0)
		return ERR_SYNTAX;
	if (c->n == 1 && keyword == SSHD_AuthorizedKeysCommand)
		return add_argument(c, keyword, SPAN_LIT("%u"), t);
	return ERR_OK;
}

/* The account it runs as. */
static enum err
find_user(struct guard *g, struct command *c, enum sshd_keyword keyword, const struct config_tokens *t)
{
	SCOPED(writer_free) struct writer name = writer_init(LIMIT_LINE);

	TRY(sshd_config_expand(&name, keyword, span_str(c->user), t));
	return guard_find_account(g, writer_span(&name), &c->account, &c->groups);
}

/* Runs it; what it has printed is in w. */
static enum err
run(struct guard *g, const struct command *c, struct writer *w, int *status)
{
	const struct account *a = &c->account;
	char user[LIMIT_USER + 16], logname[LIMIT_USER + 16], path[] = "PATH=/usr/bin:/bin:/usr/sbin:/sbin";
	SCOPED(writer_free) struct writer home = writer_init(8192);
	char *envp[5] = { path, user, logname };
	struct process_user as = { a->uid, a->gid, c->groups.gid, c->groups.n };
	struct output_job job = { .exec_fd = -1, .path = c->argv[0], .argv = c->argv, .envp = envp,
	    .user = &as, .timeout = COMMAND_MSEC, .abort_fd = g->wire.fd };
	msec now = clock_boot(), grace = (msec)g->start->config->login_grace_time * 1000;

	snprintf(user, sizeof(user), "USER=%s", a->name);
	snprintf(logname, sizeof(logname), "LOGNAME=%s", a->name);
	wr_printf(&home, "HOME=%s", a->home);
	TRY(end_string(&home));
	envp[3] = (char *)home.p;
	/* LoginGraceTime holds here too: nothing else can look at the clock meanwhile. */
	if (grace > 0 && now - g->start->accepted + COMMAND_MSEC > grace)
		job.timeout = grace > now - g->start->accepted ? grace - (now - g->start->accepted) : 1;
	return output_of(&job, w, status);
}

/* Why it did not work, for the log. */
static const char *
reason(enum err e, int status, char *buf, size_t size)
{
	if (e == ERR_DENIED && WIFEXITED(status))
		snprintf(buf, size, "it ended with status %d", WEXITSTATUS(status));
	else if (e == ERR_DENIED)
		snprintf(buf, size, "it was killed by signal %d", WTERMSIG(status));
	else if (e == ERR_LIMIT)
		snprintf(buf, size, "it printed more than %d bytes", COMMAND_MAX);
	else
		snprintf(buf, size, "%s", e == ERR_SYSTEM ? strerror(errno) : err_text(e));
	return buf;
}

/* Whether nobody but root (or whoever runs this server) can have put something else there. */
static bool
is_safe(struct guard *g, enum sshd_keyword keyword, const char *path)
{
	char why[4200];
	enum err e = file_check_modes(path, geteuid(), NULL, FILE_MODES_ALL, why, sizeof(why));

	if (e == ERR_OK)
		return true;
	log_error(&g->log, "Unsafe %s \"%s\": %s", sshd_keyword_name(keyword), path,
	    e == ERR_DENIED ? why : e == ERR_NOTFOUND || e == ERR_SYSTEM ? strerror(errno) : err_text(e));
	return false;
}

/* Starts with what the config says. False: there is no such command. */
static bool
from_config(const struct sshd_config *c, enum sshd_keyword keyword, struct command *out,
    enum sshd_keyword *user_keyword)
{
	bool of_keys = keyword == SSHD_AuthorizedKeysCommand;

	*out = (struct command){ .n = 0 };
	out->text = of_keys ? c->authorized_keys_command : c->authorized_principals_command;
	out->user = of_keys ? c->authorized_keys_command_user : c->authorized_principals_command_user;
	*user_keyword = of_keys ? SSHD_AuthorizedKeysCommandUser : SSHD_AuthorizedPrincipalsCommandUser;
	return out->text != NULL;
}

enum err
guard_ask_command(struct guard *g, enum sshd_keyword keyword, guard_look look)
{
	SCOPED(command_free) struct command c = { .n = 0 };
	SCOPED(values_free) struct values values = { .uid = "" };
	SCOPED(writer_free) struct writer text = writer_init(COMMAND_MAX);
	struct config_tokens tokens = { .value = { NULL } };
	enum sshd_keyword user_keyword;
	char why[128];
	int status = 0;
	enum err e;

	if (!from_config(&g->user.config, keyword, &c, &user_keyword))
		return ERR_NOTFOUND;
	if (c.user == NULL) {
		log_error(&g->log, "No user for %s specified, skipping", sshd_keyword_name(keyword));
		return ERR_NOTFOUND;
	}
	e = set_tokens(g, &values, &tokens);
	if (e == ERR_OK)
		e = split(&c, keyword, &tokens);
	if (e == ERR_OK && !is_safe(g, keyword, c.argv[0]))
		return ERR_NOTFOUND;
	if (e == ERR_OK)
		e = find_user(g, &c, user_keyword, &tokens);
	if (e == ERR_NOTFOUND)
		log_error(&g->log, "%s user \"%s\" not found", sshd_keyword_name(keyword), c.user);
	else if (e == ERR_OK)
		e = run(g, &c, &text, &status);
	if (e == ERR_OK)
		return look(g, c.argv[0], writer_span(&text));
	if (e != ERR_NOTFOUND)
		log_error(&g->log, "%s %s: %s: what it said does not count", sshd_keyword_name(keyword),
		    c.n > 0 ? c.argv[0] : c.text, reason(e, status, why, sizeof(why)));
	return ERR_NOTFOUND;
}
