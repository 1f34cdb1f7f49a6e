/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "keys/allowed_signers.h"
#include "keys/private_file.h"
#include "regress/support/alloc.h"
#include "regress/support/kat.h"

#define NOON	1705320000	/* 2024-01-15 12:00:00 UTC, inside the certificate's time */

/* A public key line of regress/kat: "type base64", without comment or newline. */
static void
key_text(const char *name, char out[static 4096])
{
	char path[128];
	size_t len;
	char *text;

	snprintf(path, sizeof path, "regress/kat/%s", name);
	text = kat_file(path, &len);
	*strchr(strchr(text, ' ') + 1, ' ') = '\0';
	snprintf(out, 4096, "%s", text);
	free(text);
}

/* A line: KEY stands for the key of ed25519, CA for that of the CA. */
static void
expand(const char *pattern, char out[static 8192])
{
	char text[4096];
	const char *at = strstr(pattern, "KEY");

	if (at != NULL)
		key_text("keys/ed25519.pub", text);
	else if ((at = strstr(pattern, "CA")) != NULL)
		key_text("certs/ca.pub", text);
	if (at == NULL)
		snprintf(out, 8192, "%s", pattern);
	else
		snprintf(out, 8192, "%.*s%s%s", (int)(at - pattern), pattern, text,
		    at + (at[0] == 'K' ? 3 : 2));
}

static struct writer
decode(const char *name)
{
	struct writer blob = writer_init(LIMIT_KEY_BLOB);
	struct span comment;
	char text[4096];

	key_text(name, text);
	assert_int_equal(public_line_parse(span_str(text), &blob, &comment), ERR_OK);
	return blob;
}

static void
load_cert(const char *name, struct cert *c)
{
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	char text[4096];

	key_text(name, text);
	assert_int_equal(cert_line_decode(span_str(text), &blob), ERR_OK);
	assert_int_equal(cert_parse(writer_span(&blob), c), ERR_OK);
}

/* --- lines --- */

static const char *
fault_of(const char *pattern)
{
	SCOPED(allowed_signer_free) struct allowed_signer s = { .is_ca = false };
	const char *why;
	char line[8192];
	enum err e;

	expand(pattern, line);
	e = allowed_signer_parse(span_str(line), &s, &why);
	assert_int_equal(e, why == NULL ? ERR_OK : ERR_SYNTAX);
	return why == NULL ? "" : why;
}

static void
lines_are_read_or_told_to_be_wrong_as_openssh_does(void **state)
{
	static const struct { const char *line; const char *fault; } rows[] = {
		{ "u@x KEY", "" },
		{ "  u@x\tKEY a comment", "" },
		{ "\"u@x\" KEY", "" },
		{ "\"a b\"KEY", "" },
		{ "u@x namespaces=\"file,git\",valid-after=\"20200101\",VALID-BEFORE=\"20400101Z\" KEY c", "" },
		{ "u@x cert-authority,cert-authority KEY", "" },
		{ "u@x CERT-authority KEY", "" },
		{ "u@x namespaces=\"\" KEY", "" },
		{ "u@x namespaces=\"a \\\" b\" KEY", "" },
		{ "u@x", "missing key" },
		{ "u@x cert-authority", "missing key" },
		{ "\"u@x KEY", "invalid line" },
		{ "u@x namespaces=\"a KEY", "invalid options" },
		{ "u@x ssh-bogus AAAA", "invalid key" },
		{ "u@x ssh-ed25519 AAAA", "invalid key" },
		{ "u@x ssh-ed25519", "invalid key" },
		{ "u@x ,KEY", "invalid key" },
		{ "u@x cert-authority namespaces=\"x\" KEY", "invalid key" },
		{ "u@x bogus KEY", "bad options: unknown key option" },
		{ "u@x \"x\" KEY", "bad options: unknown key option" },
		{ "u@x cert-authorityX KEY", "bad options: unknown key option" },
		{ "u@x namespaces=\"a\"x KEY", "bad options: unknown key option" },
		{ "u@x , KEY", "bad options: unexpected end-of-options" },
		{ "u@x cert-authority, KEY", "bad options: unexpected end-of-options" },
		{ "u@x namespaces=file KEY", "bad options: missing start quote" },
		{ "u@x valid-after=20200101 KEY", "bad options: missing start quote" },
		{ "u@x namespaces=\"a\",namespaces=\"b\" KEY", "bad options: multiple \"namespaces\" clauses" },
		{ "u@x valid-after=\"20200101\",valid-after=\"20210101\" KEY",
		    "bad options: multiple \"valid-after\" clauses" },
		{ "u@x valid-before=\"20200101\",valid-before=\"20210101\" KEY",
		    "bad options: multiple \"valid-before\" clauses" },
		{ "u@x valid-after=\"1\" KEY", "bad options: invalid \"valid-after\" time" },
		{ "u@x valid-before=\"20201301\" KEY", "bad options: invalid \"valid-before\" time" },
		{ "u@x valid-after=\"20200101\",valid-before=\"20190101\" KEY",
		    "bad options: \"valid-before\" time is before \"valid-after\"" },
		{ "u@x valid-after=\"20200101\",valid-before=\"20200101\" KEY",
		    "bad options: \"valid-before\" time is before \"valid-after\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(fault_of(rows[i].line), rows[i].fault);
}

static void
a_file_is_walked_through_past_comments_and_bad_lines(void **state)
{
	static const struct { unsigned number; enum err e; } expected[] = {
		{ 3, ERR_OK }, { 4, ERR_SYNTAX }, { 6, ERR_OK },
	};
	struct allowed_walk walk;
	struct allowed_signer s;
	const char *why;
	char file[8192];
	size_t n = 0;
	enum err e;

	(void)state;
	expand("# c\n\nu@x KEY\nu@x\n  # d\nv@x ssh-ed25519 "
	    "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", file);
	walk = (struct allowed_walk){ .rest = span_str(file) };
	while (allowed_next(&walk, &s, &e, &why)) {
		assert_true(n < COUNT(expected));
		assert_int_equal(walk.number, expected[n].number);
		assert_int_equal(e, expected[n].e);
		n++;
		allowed_signer_free(&s);
	}
	assert_int_equal(n, COUNT(expected));
}

static void
principals_are_patterns_with_case_and_negation(void **state)
{
	static const struct { const char *line; bool is_for; } rows[] = {
		{ "u@x KEY", true }, { "U@X KEY", false }, { "*@x KEY", true }, { "v@x,u@x KEY", true },
		{ "!u@x KEY", false }, { "*,!u@x KEY", false }, { "u@x.y KEY", false }, { "u?x KEY", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		SCOPED(allowed_signer_free) struct allowed_signer s = { .is_ca = false };
		const char *why;
		char line[8192];

		expand(rows[i].line, line);
		assert_int_equal(allowed_signer_parse(span_str(line), &s, &why), ERR_OK);
		assert_int_equal(allowed_signer_is_for(&s, SPAN_LIT("u@x")), rows[i].is_for);
	}
}

/* --- questions --- */

/* What the line answers about a signature of ed25519, by its certificate if c is not NULL. */
static enum signer_answer
ask(const char *pattern, const struct cert *c, const char *principal, int64_t now, int64_t offset,
    const char **why)
{
	SCOPED(allowed_signer_free) struct allowed_signer s = { .is_ca = false };
	SCOPED(writer_free) struct writer blob = decode("keys/ed25519.pub");
	struct signer_question q = {
		.signer = c == NULL ? writer_span(&blob) : c->blob, .cert = c,
		.principal = span_str(principal), .name_space = SPAN_LIT("file"),
		.now = (uint64_t)now, .now_local = now + offset,
	};
	enum signer_answer answer;
	char line[8192];

	expand(pattern, line);
	assert_int_equal(allowed_signer_parse(span_str(line), &s, why), ERR_OK);
	assert_int_equal(allowed_signer_ask(&s, &q, &answer, why), ERR_OK);
	return answer;
}

static enum signer_answer
ask_key(const char *pattern)
{
	const char *why;

	return ask(pattern, NULL, "u@x", NOON, 0, &why);
}

static void
a_key_signs_for_its_principals_in_its_name_spaces(void **state)
{
	(void)state;
	assert_int_equal(ask_key("u@x KEY"), SIGNER_ALLOWED);
	assert_int_equal(ask_key("v@x KEY"), SIGNER_OTHER);
	assert_int_equal(ask_key("u@x CA"), SIGNER_OTHER);
	/* What a CA signs itself is not what it certifies. */
	assert_int_equal(ask_key("u@x cert-authority KEY"), SIGNER_OTHER);
	assert_int_equal(ask_key("u@x namespaces=\"git,f*\" KEY"), SIGNER_ALLOWED);
	assert_int_equal(ask_key("u@x namespaces=\"git\" KEY"), SIGNER_NAME_SPACE);
	assert_int_equal(ask_key("u@x namespaces=\"*,!file\" KEY"), SIGNER_NAME_SPACE);
	assert_int_equal(ask_key("u@x namespaces=\"\" KEY"), SIGNER_NAME_SPACE);
}

static void
a_key_signs_from_its_first_second_to_its_last(void **state)
{
	static const char line[] = "u@x valid-after=\"20240115110000Z\",valid-before=\"20240115130000Z\" KEY";
	const char *why;

	(void)state;
	for (int offset = -7200; offset <= 7200; offset += 7200) {
		assert_int_equal(ask(line, NULL, "u@x", NOON - 3601, offset, &why), SIGNER_EARLY);
		assert_int_equal(ask(line, NULL, "u@x", NOON - 3600, offset, &why), SIGNER_ALLOWED);
		assert_int_equal(ask(line, NULL, "u@x", NOON + 3600, offset, &why), SIGNER_ALLOWED);
		assert_int_equal(ask(line, NULL, "u@x", NOON + 3601, offset, &why), SIGNER_LATE);
	}
}

static void
times_without_z_are_those_on_the_wall(void **state)
{
	static const char line[] = "u@x valid-after=\"202401151200\",valid-before=\"20240115120001\" KEY";
	const char *why;

	(void)state;
	assert_int_equal(ask(line, NULL, "u@x", NOON, 0, &why), SIGNER_ALLOWED);
	assert_int_equal(ask(line, NULL, "u@x", NOON, 3600, &why), SIGNER_LATE);
	assert_int_equal(ask(line, NULL, "u@x", NOON, -3600, &why), SIGNER_EARLY);
	assert_int_equal(ask(line, NULL, "u@x", NOON - 3600, 3600, &why), SIGNER_ALLOWED);
}

static void
a_certificate_signs_for_its_own_principals_only_and_in_its_time(void **state)
{
	SCOPED(cert_free) struct cert c = { .key = NULL }, host = { .key = NULL };
	const char *why;

	(void)state;
	load_cert("certs/ed25519.cert", &c);
	assert_int_equal(ask("* cert-authority CA", &c, "alice", NOON, 0, &why), SIGNER_ALLOWED);
	assert_int_equal(ask("alice cert-authority CA", &c, "alice", NOON, 0, &why), SIGNER_ALLOWED);
	assert_int_equal(ask("bob cert-authority CA", &c, "alice", NOON, 0, &why), SIGNER_OTHER);
	assert_int_equal(ask("* CA", &c, "alice", NOON, 0, &why), SIGNER_OTHER);
	assert_int_equal(ask("* KEY", &c, "alice", NOON, 0, &why), SIGNER_OTHER);
	assert_int_equal(ask("* cert-authority KEY", &c, "alice", NOON, 0, &why), SIGNER_OTHER);
	assert_int_equal(ask("* cert-authority CA", &c, "carol", NOON, 0, &why), SIGNER_BAD_CERT);
	assert_string_equal(why, "Certificate invalid: name is not a listed principal");
	/* Who signed is not asked: find-principals. */
	assert_int_equal(ask("bob cert-authority CA", &c, NULL, NOON, 0, &why), SIGNER_ALLOWED);
	assert_int_equal(ask("* cert-authority CA", &c, "alice", 1600000000, 0, &why), SIGNER_BAD_CERT);
	assert_string_equal(why, "Certificate invalid: not yet valid");
	assert_int_equal(ask("* cert-authority CA", &c, "alice", 2000000000, 0, &why), SIGNER_BAD_CERT);
	assert_string_equal(why, "Certificate invalid: expired");
	assert_int_equal(ask("* cert-authority,valid-before=\"20240101\" CA", &c, "alice", NOON, 0, &why),
	    SIGNER_LATE);
	load_cert("certs/host.cert", &host);
	assert_int_equal(ask("* cert-authority CA", &host, NULL, NOON, 0, &why), SIGNER_BAD_CERT);
	assert_string_equal(why, "Certificate invalid: not a user certificate");
}

/* --- memory --- */

static void
running_out_of_memory_is_told_and_nobody_is_allowed(void **state)
{
	SCOPED(cert_free) struct cert c = { .key = NULL };
	struct signer_question q = { .principal = SPAN_LIT("alice"), .name_space = SPAN_LIT("file"),
	    .now = NOON, .now_local = NOON };
	char line[8192];
	enum err e = ERR_NOMEM;

	(void)state;
	load_cert("certs/ed25519.cert", &c);
	q.signer = c.blob;
	q.cert = &c;
	expand("* cert-authority,namespaces=\"file\",valid-after=\"20200101\" CA", line);
	for (unsigned n = 0; e != ERR_OK; n++) {
		SCOPED(allowed_signer_free) struct allowed_signer s = { .is_ca = false };
		enum signer_answer answer = SIGNER_OTHER;
		const char *why;

		assert_true(n < 1000);
		alloc_fail_once(n);
		e = allowed_signer_parse(span_str(line), &s, &why);
		if (e == ERR_OK)
			e = allowed_signer_ask(&s, &q, &answer, &why);
		alloc_fail_never();
		assert_int_equal(e, alloc_failed() ? ERR_NOMEM : ERR_OK);
		assert_int_equal(answer, e == ERR_OK ? SIGNER_ALLOWED : SIGNER_OTHER);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_read_or_told_to_be_wrong_as_openssh_does),
		cmocka_unit_test(a_file_is_walked_through_past_comments_and_bad_lines),
		cmocka_unit_test(principals_are_patterns_with_case_and_negation),
		cmocka_unit_test(a_key_signs_for_its_principals_in_its_name_spaces),
		cmocka_unit_test(a_key_signs_from_its_first_second_to_its_last),
		cmocka_unit_test(times_without_z_are_those_on_the_wall),
		cmocka_unit_test(a_certificate_signs_for_its_own_principals_only_and_in_its_time),
		cmocka_unit_test(running_out_of_memory_is_told_and_nobody_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
