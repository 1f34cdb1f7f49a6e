/* SPDX-License-Identifier: ISC */
#include "ssh/settings.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "ssh/canonical.h"
#include "ssh/destination.h"
#include "ssh/settings_i.h"

static enum err
to_string(struct writer *w, char **out)
{
	TRY(wr_end(w));
	free(*out);
	*out = span_dup_str(writer_span(w));
	return *out == NULL ? ERR_NOMEM : ERR_OK;
}

/* The name to connect to: Hostname with %h, in lower case unless a proxy sees it. */
static enum err
set_host(struct loading *l)
{
	struct settings *s = l->s;

	SCOPED(ssh_tokens_free) struct ssh_tokens t = { .n_owned = 0 };

	TRY(ssh_tokens_make(&t, &s->config, &l->in.facts));
	free(s->host);
	s->host = strdup(t.tokens.value['h']);
	if (s->host == NULL)
		return ERR_NOMEM;
	for (char *c = s->host; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	return ERR_OK;
}

static enum err
set_user(struct settings *s, const struct log *log)
{
	TRY(settings_expand(s, log, SSH_KEYWORD_User, s->config.user, &s->user));
	if (ssh_user_is_safe(span_str(s->user)))
		return ERR_OK;
	log_fatal(log, "remote username contains invalid characters");
	return ERR_SYNTAX;
}

static enum err
set_command(struct settings *s, const struct options *o, const struct log *log)
{
	if (o->command != NULL && s->config.remote_command != NULL) {
		log_fatal(log, "Cannot execute command-line and remote command.");
		return ERR_SYNTAX;
	}
	if (o->command == NULL && s->config.remote_command != NULL)
		return settings_expand(s, log, SSH_KEYWORD_RemoteCommand,
		    s->config.remote_command, &s->command);
	if (o->command == NULL)
		return ERR_OK;
	s->command = strdup(o->command);
	return s->command == NULL ? ERR_NOMEM : ERR_OK;
}

static enum err
finish(struct loading *l, const struct options *o)
{
	struct settings *s = l->s;

	TRY(ssh_config_defaults(&s->config, &l->in));
	l->log->level = (enum log_level)s->config.log_level;
	l->log->facility = (int)s->config.syslog_facility;
	TRY(set_host(l));
	s->facts.host = l->in.facts.host = span_str(s->host);
	free(s->config.hostname);
	s->config.hostname = strdup(s->host);
	if (s->config.hostname == NULL)
		return ERR_NOMEM;
	if (!ssh_host_is_safe(span_str(s->host))) {
		log_fatal(l->log, "hostname contains invalid characters");
		return ERR_SYNTAX;
	}
	TRY(ssh_tokens_make(&s->tokens, &s->config, &l->in.facts));
	TRY(set_user(s, l->log));
	ssh_tokens_free(&s->tokens);
	TRY(ssh_tokens_make(&s->tokens, &s->config, &l->in.facts));
	s->tokens.tokens.value['r'] = s->user;
	return set_command(s, o, l->log);
}

/* A Hostname that was set gives way to the canonical name. */
static enum err
replace_hostname(struct settings *s)
{
	if (!ssh_config_is_set(&s->config, SSH_KEYWORD_Hostname))
		return ERR_OK;
	free(s->config.hostname);
	s->config.hostname = strdup(s->host);
	return s->config.hostname == NULL ? ERR_NOMEM : ERR_OK;
}

/*
 * The second pass, for Match final and Match canonical: due when there is a
 * Match final, or the name may have become another.
 */
static enum err
read_again(struct loading *l, const struct options *o)
{
	struct settings *s = l->s;
	bool canonicalizes = s->config.canonicalize_hostname != CANONICALIZE_NO;
	char *name;

	if (!canonicalizes && !s->config.wants_final)
		return ERR_OK;
	TRY(set_host(l));
	if (canonicalizes) {
		TRY(canonical_name(&s->config, l->log, s->host, &name));
		free(s->host);
		s->host = name;
		TRY(replace_hostname(s));
	}
	log_debug(l->log, "re-parsing configuration");
	l->in.facts.host = span_str(s->host);
	l->in.facts.final = true;
	l->in.facts.canonical = canonicalizes;
	TRY(loading_files(l, o));
	if (!canonicalizes)
		l->in.facts.host = span_str(s->host_typed);
	return ERR_OK;
}

/*
 * -J and -o ProxyJump: the command line may have been made by somebody who
 * should not get at a shell. What a config file names is looked at when it is used.
 */
static enum err
check_jump(const struct settings *s, const struct log *log)
{
	struct span rest = span_str(s->config.proxy_jump), hop;

	while (span_token(&rest, ',', &hop)) {
		SCOPED(writer_free) struct writer user = writer_init(LIMIT_LINE);
		struct destination d;

		if (destination_safe_hop(hop, &d, &user) != ERR_OK) {
			log_fatal(log, "Invalid ProxyJump \"%s\"", s->config.proxy_jump);
			return ERR_SYNTAX;
		}
	}
	return ERR_OK;
}

enum err
settings_load(struct settings *s, const struct options *o, struct log *log)
{
	struct loading l = { .s = s, .log = log };

	TRY(loading_begin(&l, o));
	TRY(loading_options(&l, o));
	TRY(check_jump(s, log));
	/* Host and Match see the name as typed; it must be fit for that first. */
	if (!ssh_host_is_safe(span_str(s->host_typed))) {
		log_fatal(log, "hostname contains invalid characters");
		return ERR_SYNTAX;
	}
	TRY(loading_files(&l, o));
	TRY(read_again(&l, o));
	return finish(&l, o);
}

enum err
settings_check(const struct options *o, struct log *log)
{
	struct settings s = { .host = NULL };
	struct loading l = { .s = &s, .log = log };
	enum err e = loading_begin(&l, o);

	if (e == ERR_OK)
		e = loading_options(&l, o);
	settings_free(&s);
	return e;
}

void
settings_free(struct settings *s)
{
	if (s == NULL)
		return;
	ssh_config_free(&s->config);
	ssh_tokens_free(&s->tokens);
	account_free(&s->me);
	free(s->host_typed);
	free(s->host);
	free(s->user);
	free(s->command);
	free(s->local_host);
}

enum err
settings_expand(const struct settings *s, const struct log *log, enum ssh_keyword k,
    const char *text, char **out)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);
	enum err e = ssh_config_expand(&w, k, span_str(text), &s->tokens.tokens, &s->facts);

	*out = NULL;
	if (e == ERR_OK)
		return to_string(&w, out);
	log_fatal(log, "%s: cannot expand \"%s\": %s", ssh_keyword_name(k), text,
	    e == ERR_NOTFOUND ? "a variable is not set" :
	    e == ERR_SYNTAX ? "unknown % token" : err_text(e));
	return e;
}
