/* SPDX-License-Identifier: ISC */
/*
 * ssh_config: any text is read or refused; the dump of what was read can be
 * read again and dumps the same; values expand or are refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/ssh_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err
nothing(void *self, const char *pattern, struct config_files *files)
{
	(void)self;
	(void)files;
	must(pattern[0] == '/');
	return ERR_OK;
}

static bool
run(void *self, const char *command)
{
	(void)self;
	return strlen(command) % 2 == 0;
}

static const char *
some_variable(void *self, const char *name)
{
	(void)self;
	return name[0] == 'A' ? "/a" : NULL;
}

/* Reads a text as both passes do, and dumps the result; false if it is refused. */
static bool
dump(struct span text, struct writer *w)
{
	static const struct address here = { 4, { 10, 0, 0, 1 } };
	struct ssh_input in = {
		.io = { .include = nothing },
		.algs = { .of = {
			[ALGS_KEX] = { "curve25519-sha256,ecdh-sha2-nistp256", "curve25519-sha256" },
			[ALGS_CIPHERS] = { "aes128-ctr,aes256-ctr", "aes128-ctr" },
			[ALGS_MACS] = { "hmac-sha2-256,hmac-sha1", "hmac-sha2-256" },
			[ALGS_SIGNATURES] = { "ssh-ed25519,ssh-rsa", "ssh-ed25519" },
			[ALGS_CA_SIGNATURES] = { "ssh-ed25519", "ssh-ed25519" },
		} },
		.facts = {
			.original_host = SPAN_LIT("h"), .host = SPAN_LIT("h"),
			.local_user = SPAN_LIT("me"), .local_host = SPAN_LIT("l.x"),
			.uid = SPAN_LIT("1"), .home = SPAN_LIT("/home/me"),
			.session_type = SPAN_LIT("shell"), .local_addresses = &here,
			.n_local_addresses = 1, .run = run, .getenv_of = some_variable,
		},
	};
	SCOPED(ssh_config_free) struct ssh_config c = { 0 };
	SCOPED(ssh_tokens_free) struct ssh_tokens t = { 0 };

	if (ssh_config_read(&c, &in, "fuzz", text, true) != ERR_OK)
		return false;
	in.facts.final = in.facts.canonical = c.wants_final;
	if (c.wants_final && ssh_config_read(&c, &in, "fuzz", text, true) != ERR_OK)
		return false;
	must(ssh_config_defaults(&c, &in) == ERR_OK);
	ssh_config_dump(&c, in.facts.original_host, w);
	must(wr_end(w) == ERR_OK);
	must(ssh_tokens_make(&t, &c, &in.facts) == ERR_OK);
	for (size_t i = 0; i < c.identity_files.n; i++) {
		SCOPED(writer_free) struct writer path = writer_init(1 << 20);

		(void)!ssh_config_expand(&path, SSH_KEYWORD_IdentityFile,
		    span_str(c.identity_files.v[i]), &t.tokens, &in.facts);
	}
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SCOPED(writer_free) struct writer once = writer_init(1 << 24);
	SCOPED(writer_free) struct writer twice = writer_init(1 << 24);
	struct span text = span_of(data, size);

	(void)ssh_host_is_safe(text);
	(void)ssh_user_is_safe(text);
	if (!dump(text, &once))
		return 0;
	must(dump(writer_span(&once), &twice));
	must(span_eq(writer_span(&once), writer_span(&twice)));
	return 0;
}
