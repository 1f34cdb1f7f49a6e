/* SPDX-License-Identifier: ISC */
/*
 * regress/support/config_load.h - configs from strings, for tests: loads them,
 * keeps what was said, and gives values as a dump shows them. Included by one
 * file of a test program.
 */
#ifndef REGRESS_SUPPORT_CONFIG_LOAD_H
#define REGRESS_SUPPORT_CONFIG_LOAD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/ssh_config.h"
#include "config/sshd_config.h"

/* A file that Include may find. */
struct fake_file {
	const char *name;
	const char *text;
};

/* What a config says, and where it looks for files. */
struct fake_io {
	const struct fake_file *files;
	size_t n_files;
	enum err include_error;		/* instead of looking */
	char asked[512];		/* patterns that were asked for, each with a ";" */
	char errors[4096];		/* lines said */
	char debug[4096];
};

/* Appends to a buffer of size, as far as it goes. */
static inline void
append(char *buf, size_t size, const char *text, const char *end)
{
	size_t len = strlen(buf);

	snprintf(buf + len, size - len, "%s%s", text, end);
}

static inline enum err
fake_include(void *self, const char *pattern, struct config_files *files)
{
	struct fake_io *io = self;

	append(io->asked, sizeof(io->asked), pattern, ";");
	if (io->include_error != ERR_OK)
		return io->include_error;
	for (size_t i = 0; i < io->n_files; i++) {
		struct span name = span_str(io->files[i].name);

		if (text_match(name, span_str(pattern), false))
			TRY(config_files_add(files, name, span_str(io->files[i].text)));
	}
	return ERR_OK;
}

static inline void
fake_say(void *self, enum config_say level, const char *line)
{
	struct fake_io *io = self;

	if (level == CONFIG_SAY_ERROR)
		append(io->errors, sizeof(io->errors), line, "\n");
	else
		append(io->debug, sizeof(io->debug), line, "\n");
}

static inline struct config_io
config_io_of(struct fake_io *io)
{
	return (struct config_io){ fake_include, fake_say, io };
}

/* A build with few algorithms, so that golden files do not follow the real one. */
static inline struct config_algs
fake_algs(void)
{
	return (struct config_algs){ .of = {
		[ALGS_KEX] = { "mlkem768x25519-sha256,curve25519-sha256,ecdh-sha2-nistp256,"
		    "diffie-hellman-group14-sha256", "mlkem768x25519-sha256,curve25519-sha256,"
		    "ecdh-sha2-nistp256" },
		[ALGS_CIPHERS] = { "chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,"
		    "aes256-gcm@openssh.com,aes128-ctr,aes256-ctr,aes128-cbc",
		    "chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,aes128-ctr" },
		[ALGS_MACS] = { "hmac-sha2-256-etm@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1",
		    "hmac-sha2-256-etm@openssh.com,hmac-sha2-256" },
		[ALGS_SIGNATURES] = { "ssh-ed25519-cert-v01@openssh.com,ssh-ed25519,"
		    "ecdsa-sha2-nistp256,rsa-sha2-512,rsa-sha2-256,ssh-rsa",
		    "ssh-ed25519-cert-v01@openssh.com,ssh-ed25519,ecdsa-sha2-nistp256,"
		    "rsa-sha2-512,rsa-sha2-256" },
		[ALGS_CA_SIGNATURES] = { "ssh-ed25519,rsa-sha2-512,ssh-rsa",
		    "ssh-ed25519,rsa-sha2-512" },
	} };
}

/* Loads a server config; what it says is left in io. */
static inline enum err
load_sshd(struct sshd_rules **rules, struct fake_io *io, const char *text)
{
	struct sshd_input in = {
		.io = config_io_of(io), .algs = fake_algs(), .name = "sshd_config",
		.text = span_str(text), .version = "Dayfly_1.0",
	};

	*rules = NULL;
	return sshd_rules_load(rules, &in);
}

/* The value lines of a keyword in a dump, "|" between them; "" if there is none. */
static inline const char *
dumped_lines(struct span dump, const char *keyword, char *buf, size_t size)
{
	struct span line, name = span_str(keyword);

	buf[0] = '\0';
	while (span_token(&dump, '\n', &line)) {
		char value[2048];

		if (!span_starts(line, name) || line.len == name.len || line.p[name.len] != ' ')
			continue;
		snprintf(value, sizeof(value), "%.*s", (int)(line.len - name.len - 1),
		    (const char *)line.p + name.len + 1);
		append(buf, size, buf[0] == '\0' ? "" : "|", value);
	}
	return buf;
}

/* The value of a keyword for these facts (or none), as dumped_lines(). */
static inline const char *
sshd_value(const struct sshd_rules *rules, const struct sshd_facts *facts, const char *keyword,
    char *buf, size_t size)
{
	SCOPED(sshd_config_free) struct sshd_config c = { 0 };
	SCOPED(writer_free) struct writer w = writer_init(1 << 24);

	assert_int_equal(sshd_config_for(&c, rules, facts), ERR_OK);
	sshd_config_dump(&c, &w);
	assert_int_equal(wr_end(&w), ERR_OK);
	return dumped_lines(writer_span(&w), keyword, buf, size);
}

/* Loads text and checks a keyword's value. */
static inline void
assert_sshd(const char *text, const struct sshd_facts *facts, const char *keyword,
    const char *expected)
{
	struct fake_io io = { 0 };
	struct sshd_rules *rules;
	char buf[4096];

	if (load_sshd(&rules, &io, text) != ERR_OK)
		fail_msg("%s: %s", text, io.errors);
	sshd_value(rules, facts, keyword, buf, sizeof(buf));
	if (strcmp(buf, expected) != 0)
		fail_msg("%s\ngives %s %s\nnot %s", text, keyword, buf, expected);
	sshd_rules_free(rules);
}

/* Checks that a server config cannot be used, and that what is said has the words. */
static inline void
assert_sshd_bad(const char *text, const char *words)
{
	struct fake_io io = { 0 };
	struct sshd_rules *rules;

	if (load_sshd(&rules, &io, text) == ERR_OK) {
		sshd_rules_free(rules);
		fail_msg("loaded: %s", text);
	}
	if (strstr(io.errors, words) == NULL)
		fail_msg("%s\nsays: %s\nwithout: %s", text, io.errors, words);
	assert_null(rules);
}

/* A value that is refused, and a part of what is said. */
struct bad_line {
	const char *line, *said;
};

/* Whether one of the lines is about the keyword; says which keyword has none. */
static inline bool
has_bad_line(const struct bad_line *bad, size_t n, const char *keyword)
{
	size_t len = strlen(keyword);

	for (size_t i = 0; i < n; i++) {
		if (strncmp(bad[i].line, keyword, len) == 0 && strchr(" \n", bad[i].line[len]) != NULL)
			return true;
	}
	print_message("no bad value of %s\n", keyword);
	return false;
}

/* Input of the client for user "me" to host "host.example". */
static inline struct ssh_input
ssh_input_of(struct fake_io *io)
{
	return (struct ssh_input){
		.io = config_io_of(io), .algs = fake_algs(),
		.facts = {
			.original_host = SPAN_LIT("host.example"), .host = SPAN_LIT("host.example"),
			.local_user = SPAN_LIT("me"), .local_host = SPAN_LIT("laptop.example"),
			.uid = SPAN_LIT("1000"), .home = SPAN_LIT("/home/me"),
			.session_type = SPAN_LIT("shell"), .version = SPAN_LIT("Dayfly_1.0"),
		},
	};
}

/* Reads text as the user's file, fills in defaults, and gives a value as dumped. */
static inline const char *
ssh_value(const struct ssh_input *in, const char *text, const char *keyword, char *buf,
    size_t size)
{
	SCOPED(ssh_config_free) struct ssh_config c = { 0 };
	SCOPED(writer_free) struct writer w = writer_init(1 << 20);
	const struct fake_io *io = in->io.self;

	if (ssh_config_read(&c, in, "config", span_str(text), true) != ERR_OK)
		fail_msg("%s: %s", text, io->errors);
	assert_int_equal(ssh_config_defaults(&c, in), ERR_OK);
	ssh_config_dump(&c, in->facts.original_host, &w);
	assert_int_equal(wr_end(&w), ERR_OK);
	return dumped_lines(writer_span(&w), keyword, buf, size);
}

/* Checks a keyword's value in the dump of a client config. */
static inline void
assert_ssh_in(const struct ssh_input *in, const char *text, const char *keyword,
    const char *expected)
{
	char buf[4096];

	ssh_value(in, text, keyword, buf, sizeof(buf));
	if (strcmp(buf, expected) != 0)
		fail_msg("%s\ngives %s %s\nnot %s", text, keyword, buf, expected);
}

/* The same with the usual input. */
static inline void
assert_ssh(const char *text, const char *keyword, const char *expected)
{
	struct fake_io io = { 0 };
	struct ssh_input in = ssh_input_of(&io);

	assert_ssh_in(&in, text, keyword, expected);
}

/* Checks that a client config cannot be used, and that what is said has the words. */
static inline void
assert_ssh_bad(const char *text, const char *words)
{
	SCOPED(ssh_config_free) struct ssh_config c = { 0 };
	struct fake_io io = { 0 };
	struct ssh_input in = ssh_input_of(&io);

	if (ssh_config_read(&c, &in, "config", span_str(text), true) == ERR_OK)
		fail_msg("read: %s", text);
	if (strstr(io.errors, words) == NULL)
		fail_msg("%s\nsays: %s\nwithout: %s", text, io.errors, words);
}

#endif
