/* SPDX-License-Identifier: ISC */
/* kex/ident: the identification string and what stands before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "kex/ident.h"

/* Finds in all of text at once; the line found as a C string in found. */
static enum err
find(enum side us, struct span text, size_t *used, char found[LIMIT_IDENT + 1])
{
	struct ident id = { 0 };
	struct span line;
	enum err e = ident_find(&id, us, text, used, &line);

	if (line.len > 0)
		memcpy(found, line.p, line.len);
	found[line.len] = '\0';
	return e;
}

static void
a_string_with_crlf_or_lf_is_found_without_them(void **state)
{
	char found[LIMIT_IDENT + 1];
	size_t used;

	(void)state;
	for (enum side us = SIDE_CLIENT; us <= SIDE_SERVER; us++) {
		assert_int_equal(find(us, SPAN_LIT("SSH-2.0-abc def\r\nmore"), &used, found), ERR_OK);
		assert_string_equal(found, "SSH-2.0-abc def");
		assert_int_equal(used, 17);
		assert_int_equal(find(us, SPAN_LIT("SSH-1.99-abc\n"), &used, found), ERR_OK);
		assert_string_equal(found, "SSH-1.99-abc");
		assert_int_equal(used, 13);
	}
}

static void
lines_before_it_are_skipped_by_a_client_only(void **state)
{
	char found[LIMIT_IDENT + 1];
	size_t used;

	(void)state;
	assert_int_equal(find(SIDE_CLIENT, SPAN_LIT("hello\r\n\nssh\r\nSSH-2.0-x\r\n"), &used, found),
	    ERR_OK);
	assert_string_equal(found, "SSH-2.0-x");
	assert_int_equal(used, 7 + 1 + 5 + 11);
	assert_int_equal(find(SIDE_SERVER, SPAN_LIT("hello\r\nSSH-2.0-x\r\n"), &used, found), ERR_IDENT);
}

static void
skipped_lines_are_used_up_before_the_string_comes(void **state)
{
	char found[LIMIT_IDENT + 1];
	size_t used;

	(void)state;
	assert_int_equal(find(SIDE_CLIENT, SPAN_LIT("one\ntwo\nSSH-2"), &used, found), ERR_OK);
	assert_string_equal(found, "");
	assert_int_equal(used, 8);
}

static void
other_versions_nul_and_stray_cr_are_refused(void **state)
{
	static const struct span bad[] = {
		{ (const uint8_t *)"SSH-1.5-x\n", 10 },
		{ (const uint8_t *)"SSH-2.1-x\n", 10 },
		{ (const uint8_t *)"SSH-2.0x\n", 9 },
		{ (const uint8_t *)"SSH-\n", 5 },
		{ (const uint8_t *)"SSH-2.0-a\0b\n", 12 },
		{ (const uint8_t *)"SSH-2.0-a\rb\n", 12 },
		{ (const uint8_t *)"SSH-2.0-a\r\r\n", 12 },
	};
	char found[LIMIT_IDENT + 1];
	size_t used;

	(void)state;
	for (enum side us = SIDE_CLIENT; us <= SIDE_SERVER; us++)
		for (size_t i = 0; i < COUNT(bad); i++)
			assert_int_equal(find(us, bad[i], &used, found), ERR_IDENT);
}

static void
a_server_refuses_at_the_first_byte_that_does_not_fit(void **state)
{
	static const struct span prefixes[] = {
		{ (const uint8_t *)"s", 1 }, { (const uint8_t *)"ST", 2 },
		{ (const uint8_t *)"SSx", 3 }, { (const uint8_t *)"SSH ", 4 },
		{ (const uint8_t *)"\n", 1 }, { (const uint8_t *)"\0", 1 },
	};
	char found[LIMIT_IDENT + 1];
	size_t used;

	(void)state;
	for (size_t i = 0; i < COUNT(prefixes); i++) {
		assert_int_equal(find(SIDE_SERVER, prefixes[i], &used, found), ERR_IDENT);
		assert_int_equal(find(SIDE_SERVER, span_first(prefixes[i], prefixes[i].len - 1), &used,
		    found), ERR_OK);
	}
}

static void
the_longest_string_has_255_bytes_with_its_end(void **state)
{
	uint8_t text[LIMIT_IDENT + 1];
	char found[LIMIT_IDENT + 1];
	size_t used;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "SSH-2.0-", 8);
	text[LIMIT_IDENT - 1] = '\n';
	assert_int_equal(find(SIDE_SERVER, span_of(text, LIMIT_IDENT), &used, found), ERR_OK);
	assert_int_equal(strlen(found), LIMIT_IDENT - 1);
	text[LIMIT_IDENT - 1] = 'x';
	text[LIMIT_IDENT] = '\n';
	assert_int_equal(find(SIDE_SERVER, span_of(text, LIMIT_IDENT), &used, found), ERR_LIMIT);
	assert_int_equal(find(SIDE_SERVER, span_of(text, LIMIT_IDENT + 1), &used, found), ERR_LIMIT);
	assert_int_equal(find(SIDE_CLIENT, span_of(text, LIMIT_IDENT + 1), &used, found), ERR_LIMIT);
}

static void
finding_it_byte_by_byte_gives_the_same(void **state)
{
	static const char text[] = "first\r\n\r\nSSH \nSS\nSSH-2.0-abc def\r\n";
	struct ident id = { 0 };
	size_t start = 0, used;
	struct span line = SPAN_EMPTY;

	(void)state;
	for (size_t end = 1; end < sizeof(text); end++) {
		assert_int_equal(line.len, 0);
		assert_int_equal(ident_find(&id, SIDE_CLIENT, span_of(text + start, end - start), &used,
		    &line), ERR_OK);
		start += used;
	}
	assert_true(span_is(line, "SSH-2.0-abc def"));
	assert_int_equal(id.lines, 4);
}

static void
what_we_send_ourselves_is_checked(void **state)
{
	char text[300];

	(void)state;
	assert_true(ident_is_valid(SPAN_LIT("SSH-2.0-Dayfly_0.1")));
	assert_true(ident_is_valid(SPAN_LIT("SSH-2.0-Dayfly_0.1 with a comment")));
	assert_false(ident_is_valid(SPAN_LIT("SSH-2.0-")));
	assert_false(ident_is_valid(SPAN_LIT("SSH-2.0-a\nb")));
	assert_false(ident_is_valid(SPAN_LIT("SSH-1.99-a")));
	assert_false(ident_is_valid(SPAN_EMPTY));
	memset(text, 'x', sizeof(text));
	memcpy(text, "SSH-2.0-", 8);
	assert_true(ident_is_valid(span_of(text, 253)));
	assert_false(ident_is_valid(span_of(text, 254)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_string_with_crlf_or_lf_is_found_without_them),
		cmocka_unit_test(lines_before_it_are_skipped_by_a_client_only),
		cmocka_unit_test(skipped_lines_are_used_up_before_the_string_comes),
		cmocka_unit_test(other_versions_nul_and_stray_cr_are_refused),
		cmocka_unit_test(a_server_refuses_at_the_first_byte_that_does_not_fit),
		cmocka_unit_test(the_longest_string_has_255_bytes_with_its_end),
		cmocka_unit_test(finding_it_byte_by_byte_gives_the_same),
		cmocka_unit_test(what_we_send_ourselves_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
