/* SPDX-License-Identifier: ISC */
/* What ssh -G shows of values with tokens: what they stand for, as far as is known before a connection. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "ssh/destination.h"
#include "ssh/settings.h"

/* Gives *text what it stands for. NULL stays. */
static enum err
show(const struct settings *s, const struct log *log, enum ssh_keyword k, char **text)
{
	char *expanded = NULL;

	if (*text == NULL)
		return ERR_OK;
	TRY(settings_expand(s, log, k, *text, &expanded));
	free(*text);
	*text = expanded;
	return ERR_OK;
}

/* The socket of an agent: also a word, or the name of a variable, which stay. */
static enum err
show_agent(const struct settings *s, const struct log *log, enum ssh_keyword k, char **text)
{
	if (*text == NULL || strcmp(*text, "none") == 0 || strcmp(*text, "SSH_AUTH_SOCK") == 0 ||
	    ((*text)[0] == '$' && (*text)[1] != '{'))
		return ERR_OK;
	return show(s, log, k, text);
}

static enum err
show_words(const struct settings *s, const struct log *log, enum ssh_keyword k,
    const struct words *list)
{
	for (size_t i = 0; i < list->n; i++)
		TRY(show(s, log, k, &list->v[i]));
	return ERR_OK;
}

/* NAME=VALUE pairs, of which the value may have tokens. */
static enum err
show_pairs(const struct settings *s, const struct log *log, enum ssh_keyword k,
    const struct words *list)
{
	for (size_t i = 0; i < list->n; i++) {
		char *equals = strchr(list->v[i], '='), *value = NULL, *pair;
		int n;

		if (equals == NULL)
			continue;
		TRY(settings_expand(s, log, k, equals + 1, &value));
		n = asprintf(&pair, "%.*s=%s", (int)(equals - list->v[i]), list->v[i], value);
		free(value);
		if (n == -1)
			return ERR_NOMEM;
		free(list->v[i]);
		list->v[i] = pair;
	}
	return ERR_OK;
}

static enum err
show_forwards(const struct settings *s, const struct log *log, enum ssh_keyword k,
    const struct forwards *list)
{
	for (size_t i = 0; i < list->n; i++) {
		TRY(show(s, log, k, &list->v[i].listen_path));
		TRY(show(s, log, k, &list->v[i].connect_path));
	}
	return ERR_OK;
}

/* One hop of ProxyJump: an URI as [user@]host[:port], all else as it is. */
static void
put_hop(struct writer *w, struct span hop)
{
	struct destination d;
	bool is_numbers;

	if (destination_parse_hop(hop, &d) != ERR_OK || !d.is_uri) {
		wr_raw(w, hop);
		return;
	}
	is_numbers = span_find(d.host, ':') < d.host.len;
	wr_raw(w, d.user);
	wr_printf(w, "%s%s", d.user.len > 0 ? "@" : "", is_numbers ? "[" : "");
	wr_raw(w, d.host);
	wr_printf(w, "%s", is_numbers ? "]" : "");
	if (d.port != 0)
		wr_printf(w, ":%u", (unsigned)d.port);
}

static enum err
show_jump(char **text)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);
	struct span rest = span_str(*text), hop;
	char *shown;

	if (*text == NULL)
		return ERR_OK;
	while (span_token(&rest, ',', &hop)) {
		if (w.len > 0)
			wr_u8(&w, ',');
		put_hop(&w, hop);
	}
	TRY(wr_end(&w));
	shown = span_dup_str(writer_span(&w));
	if (shown == NULL)
		return ERR_NOMEM;
	free(*text);
	*text = shown;
	return ERR_OK;
}

enum err
settings_show(struct settings *s, const struct log *log)
{
	struct ssh_config *c = &s->config;

	TRY(show(s, log, SSH_KEYWORD_User, &c->user));
	TRY(show(s, log, SSH_KEYWORD_ControlPath, &c->control_path));
	TRY(show(s, log, SSH_KEYWORD_RemoteCommand, &c->remote_command));
	TRY(show_agent(s, log, SSH_KEYWORD_IdentityAgent, &c->identity_agent));
	TRY(show_agent(s, log, SSH_KEYWORD_ForwardAgent, &c->forward_agent.socket));
	TRY(show_words(s, log, SSH_KEYWORD_UserKnownHostsFile, &c->user_known_hosts_files));
	TRY(show_words(s, log, SSH_KEYWORD_RevokedHostKeys, &c->revoked_host_keys));
	TRY(show_jump(&c->proxy_jump));
	TRY(show_pairs(s, log, SSH_KEYWORD_SetEnv, &c->set_env));
	TRY(show_forwards(s, log, SSH_KEYWORD_LocalForward, &c->local_forwards));
	return show_forwards(s, log, SSH_KEYWORD_RemoteForward, &c->remote_forwards);
}
