/* SPDX-License-Identifier: ISC */
/*
 * sshd_config: any text loads or is refused; what loads can be evaluated with
 * and without facts, and its dump loads again and dumps the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/sshd_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err
nothing(void *self, const char *pattern, struct config_files *files)
{
	(void)self;
	(void)files;
	must(pattern[0] == '/');
	return ERR_OK;
}

static const struct config_algs algs = { .of = {
	[ALGS_KEX] = { "curve25519-sha256,ecdh-sha2-nistp256", "curve25519-sha256" },
	[ALGS_CIPHERS] = { "aes128-ctr,aes256-ctr", "aes128-ctr" },
	[ALGS_MACS] = { "hmac-sha2-256,hmac-sha1", "hmac-sha2-256" },
	[ALGS_SIGNATURES] = { "ssh-ed25519,rsa-sha2-512,ssh-rsa", "ssh-ed25519,rsa-sha2-512" },
	[ALGS_CA_SIGNATURES] = { "ssh-ed25519,rsa-sha2-512", "ssh-ed25519" },
} };

/* Loads a text; NULL if it is refused. */
static struct sshd_rules *
load(struct span text)
{
	struct sshd_input in = {
		.io = { .include = nothing }, .algs = algs, .name = "fuzz", .text = text,
		.version = "Dayfly_1.0",
	};
	struct sshd_rules *rules = NULL;
	enum err e = sshd_rules_load(&rules, &in);

	must((e == ERR_OK) == (rules != NULL));
	return rules;
}

/* Dumps the values for some facts, and checks that they can be sent. */
static void
dump(const struct sshd_rules *rules, const struct sshd_facts *facts, struct writer *w)
{
	SCOPED(sshd_config_free) struct sshd_config c = { 0 };
	SCOPED(sshd_config_free) struct sshd_config again = { 0 };
	SCOPED(writer_free) struct writer sent = writer_init(1 << 24);
	SCOPED(writer_free) struct writer dumped = writer_init(1 << 24);

	must(sshd_config_for(&c, rules, facts) == ERR_OK);
	sshd_config_dump(&c, w);
	sshd_config_put(&c, &sent);
	must(wr_end(w) == ERR_OK && wr_end(&sent) == ERR_OK);
	must(sshd_config_get(&again, writer_span(&sent)) == ERR_OK);
	sshd_config_dump(&again, &dumped);
	must(span_eq(writer_span(w), writer_span(&dumped)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct span groups[] = { { (const uint8_t *)"wheel", 5 } };
	struct sshd_facts facts = {
		.user = SPAN_LIT("ann"), .groups = groups, .n_groups = 1, .host = SPAN_LIT("pc.lan"),
		.address = { 4, { 10, 1, 2, 3 } }, .local_address = { 6, { [15] = 1 } },
		.local_port = 22,
	};
	SCOPED(writer_free) struct writer once = writer_init(1 << 24);
	SCOPED(writer_free) struct writer twice = writer_init(1 << 24);
	SCOPED(writer_free) struct writer matched = writer_init(1 << 24);
	SCOPED(sshd_config_free) struct sshd_config c = { 0 };
	struct sshd_rules *rules = load(span_of(data, size)), *again;

	if (sshd_config_get(&c, span_of(data, size)) == ERR_OK)
		sshd_config_free(&c);
	if (rules == NULL)
		return 0;
	dump(rules, NULL, &once);
	dump(rules, &facts, &matched);
	again = load(writer_span(&once));
	must(again != NULL);
	dump(again, NULL, &twice);
	must(span_eq(writer_span(&once), writer_span(&twice)));
	sshd_rules_free(again);
	sshd_rules_free(rules);
	return 0;
}
