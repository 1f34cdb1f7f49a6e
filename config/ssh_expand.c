/* SPDX-License-Identifier: ISC */
/* Tokens, variables and "~" in values of ssh_config; what may be put into commands. */
#include <stdio.h>
#include <stdlib.h>

#include "crypto/hash.h"
#include "config/ssh_table.h"

/* Gives letter c a copy of s as its value. */
static enum err
set_token(struct ssh_tokens *t, char c, struct span s)
{
	must(t->n_owned < COUNT(t->owned));
	TRY(copy_text(&t->owned[t->n_owned], s));
	t->tokens.value[(uint8_t)c] = t->owned[t->n_owned++];
	return ERR_OK;
}

/* %h: Hostname, in which %h stands for the name given. */
static enum err
set_host(struct ssh_tokens *t, const struct ssh_config *c, const struct ssh_facts *facts)
{
	SCOPED(writer_free) struct writer w = writer_init(SIZE_MAX);

	TRY(set_token(t, 'h', facts->host));
	if (c->hostname == NULL)
		return ERR_OK;
	if (config_expand(&w, span_str(c->hostname), &t->tokens) == ERR_SYNTAX)
		return set_token(t, 'h', span_str(c->hostname));
	TRY(wr_end(&w));
	return set_token(t, 'h', writer_span(&w));
}

/* %C: a short name of this connection. */
static enum err
set_connection_hash(struct ssh_tokens *t)
{
	static const char parts[] = "lhprj";
	const struct hash_alg *sha1 = hash_find("sha1");
	SCOPED(writer_free) struct writer w = writer_init(64);
	uint8_t digest[HASH_MAX_LEN];
	struct hash h;

	if (sha1 == NULL)
		return ERR_CRYPTO;
	hash_init(&h, sha1);
	for (const char *c = parts; *c != '\0'; c++)
		hash_update(&h, span_str(t->tokens.value[(uint8_t)*c]));
	hash_final(&h, digest);
	hex_put(&w, span_of(digest, hash_len(sha1)), '\0');
	TRY(wr_end(&w));
	return set_token(t, 'C', writer_span(&w));
}

enum err
ssh_tokens_make(struct ssh_tokens *t, const struct ssh_config *c, const struct ssh_facts *facts)
{
	struct span alias = c->host_key_alias == NULL ? facts->original_host :
	    span_str(c->host_key_alias);
	char port[12];

	snprintf(port, sizeof(port), "%u", c->port == 0 ? 22 : c->port);
	*t = (struct ssh_tokens){ 0 };
	TRY(set_host(t, c, facts));
	TRY(set_token(t, 'd', facts->home));
	TRY(set_token(t, 'i', facts->uid));
	TRY(set_token(t, 'j', span_str(c->proxy_jump)));
	TRY(set_token(t, 'k', alias));
	TRY(set_token(t, 'L', span_first(facts->local_host, span_find(facts->local_host, '.'))));
	TRY(set_token(t, 'l', facts->local_host));
	TRY(set_token(t, 'n', facts->original_host));
	TRY(set_token(t, 'p', span_str(port)));
	TRY(set_token(t, 'r', c->user == NULL ? facts->local_user : span_str(c->user)));
	TRY(set_token(t, 'u', facts->local_user));
	return set_connection_hash(t);
}

void
ssh_tokens_free(struct ssh_tokens *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->n_owned; i++)
		free(t->owned[i]);
	*t = (struct ssh_tokens){ 0 };
}

#define MOST_TOKENS	"CdhijkLlnpru"

enum { ENV = 1, TILDE = 2 };

static const struct {
	enum ssh_keyword keyword;
	unsigned how;
	const char *letters;
} expansions[] = {
	{ SSH_KEYWORD_CertificateFile, ENV | TILDE, MOST_TOKENS },
	{ SSH_KEYWORD_ControlPath, ENV | TILDE, MOST_TOKENS },
	{ SSH_KEYWORD_ForwardAgent, ENV | TILDE, MOST_TOKENS },
	{ SSH_KEYWORD_GlobalKnownHostsFile, TILDE, "" },
	{ SSH_KEYWORD_Hostname, 0, "h" },
	{ SSH_KEYWORD_IdentityAgent, ENV | TILDE, MOST_TOKENS },
	{ SSH_KEYWORD_IdentityFile, ENV | TILDE, MOST_TOKENS },
	{ SSH_KEYWORD_KnownHostsCommand, ENV, MOST_TOKENS "fHIKt" },
	{ SSH_KEYWORD_LocalCommand, 0, MOST_TOKENS "T" },
	{ SSH_KEYWORD_LocalForward, ENV | TILDE, MOST_TOKENS },
	{ SSH_KEYWORD_ProxyCommand, 0, "hknpr" },
	{ SSH_KEYWORD_ProxyJump, 0, "hnpr" },
	{ SSH_KEYWORD_RemoteCommand, 0, MOST_TOKENS },
	{ SSH_KEYWORD_RemoteForward, ENV, MOST_TOKENS },
	{ SSH_KEYWORD_RevokedHostKeys, ENV | TILDE, MOST_TOKENS },
	{ SSH_KEYWORD_SetEnv, ENV, MOST_TOKENS },
	{ SSH_KEYWORD_User, ENV, "dhijkLlnpu" },
	{ SSH_KEYWORD_UserKnownHostsFile, ENV | TILDE, MOST_TOKENS },
	{ SSH_KEYWORD_VersionAddendum, 0, MOST_TOKENS },
};

enum err
ssh_config_expand(struct writer *w, enum ssh_keyword k, struct span text,
    const struct config_tokens *tokens, const struct ssh_facts *facts)
{
	SCOPED(writer_free) struct writer env = writer_init(SIZE_MAX);
	struct config_tokens some = { 0 };
	unsigned how = 0;

	for (size_t i = 0; i < COUNT(expansions); i++) {
		if (expansions[i].keyword != k)
			continue;
		how = expansions[i].how;
		for (const char *c = expansions[i].letters; *c != '\0'; c++)
			some.value[(uint8_t)*c] = tokens->value[(uint8_t)*c];
	}
	if (how & ENV) {
		TRY(config_expand_env(&env, text, facts->getenv_of, facts->self));
		text = writer_span(&env);
	}
	if (how & TILDE && (span_is(text, "~") || span_starts(text, SPAN_LIT("~/")))) {
		wr_raw(w, facts->home);
		text = span_skip(text, 1);
		if (text.len == 0)	/* as OpenSSH writes it */
			wr_u8(w, '/');
	}
	return config_expand(w, text, &some);
}

/* Bytes that mean something to a shell, or to a terminal. */
static bool
has_unsafe_bytes(struct span s, const char *bad)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < ' ' || s.p[i] == 0x7f || span_find(span_str(bad), s.p[i]) < span_str(bad).len)
			return true;
	}
	return false;
}

bool
ssh_host_is_safe(struct span host)
{
	return host.len > 0 && host.p[0] != '-' &&
	    !has_unsafe_bytes(host, " '`\"$\\;&<>|(){},*?!#~=");
}

bool
ssh_user_is_safe(struct span user)
{
	if (user.len == 0 || user.p[0] == '-' || has_unsafe_bytes(user, "'`\";&<>|(){}$"))
		return false;
	/* A backslash parts a domain from a name; at the end it would quote. */
	return user.p[user.len - 1] != '\\';
}
