/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "keys/authorized_keys.h"
#include "keys/private_file.h"

#define B64	"AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"
#define KEY	"ssh-ed25519 " B64

static struct authorized_line
split(const char *text)
{
	struct authorized_line line;

	(void)!authorized_parse(span_str(text), &line);
	return line;
}

static void
a_line_is_split_into_options_type_key_and_comment(void **state)
{
	struct authorized_line l;

	(void)state;
	l = split(KEY);
	assert_int_equal(l.err, ERR_OK);
	assert_int_equal(l.options.len, 0);
	assert_true(span_is(l.type, "ssh-ed25519"));
	assert_true(span_is(l.base64, B64));
	assert_int_equal(l.comment.len, 0);
	l = split("  restrict,command=\"a b \\\"c d\\\" \" \t" KEY " me and you ");
	assert_int_equal(l.err, ERR_OK);
	assert_true(span_is(l.options, "restrict,command=\"a b \\\"c d\\\" \""));
	assert_true(span_is(l.base64, B64));
	assert_true(span_is(l.comment, "me and you"));
}

static void
lines_that_cannot_be_used_say_why(void **state)
{
	(void)state;
	assert_int_equal(split("").err, ERR_NOTFOUND);
	assert_int_equal(split("  # " KEY).err, ERR_NOTFOUND);
	assert_int_equal(split("ssh-ed25519").err, ERR_SYNTAX);
	assert_int_equal(split("restrict ssh-ed25519").err, ERR_SYNTAX);
	assert_int_equal(split("restrict").err, ERR_SYNTAX);
	assert_int_equal(split("command=\"never closed " KEY).err, ERR_SYNTAX);
	assert_int_equal(split("restrict ssh-ed448 AAAA").err, ERR_UNSUPPORTED);
	/* A blank between options ends them. */
	assert_int_equal(split("restrict, pty " KEY).err, ERR_UNSUPPORTED);
}

static void
walking_gives_every_line_with_its_number(void **state)
{
	struct authorized_walk walk = { .rest = SPAN_LIT("# c\n" KEY "\r\n\n \nrubbish\nrestrict " KEY) };
	struct authorized_line line;

	(void)state;
	assert_true(authorized_next(&walk, &line));
	assert_int_equal(line.number, 2);
	assert_int_equal(line.err, ERR_OK);
	assert_true(span_is(line.base64, B64));
	assert_true(authorized_next(&walk, &line));
	assert_int_equal(line.number, 5);
	assert_int_equal(line.err, ERR_SYNTAX);
	assert_true(authorized_next(&walk, &line));
	assert_int_equal(line.number, 6);
	assert_true(span_is(line.options, "restrict"));
	assert_false(authorized_next(&walk, &line));
}

static void
the_tail_of_a_long_line_is_no_line_of_its_own(void **state)
{
	size_t len = 3 * 1024 * 1024;
	char *text = malloc(len + sizeof KEY + 2);
	struct authorized_walk walk;
	struct authorized_line line;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', len);
	text[0] = '#';
	memcpy(text + len, " " KEY, sizeof KEY + 1);
	walk = (struct authorized_walk){ .rest = span_str(text) };
	assert_false(authorized_next(&walk, &line));
	text[0] = 'x';
	walk = (struct authorized_walk){ .rest = span_str(text) };
	assert_true(authorized_next(&walk, &line));
	assert_int_equal(line.options.len, len);
	free(text);
}

static void
a_key_is_found_by_its_text_alone(void **state)
{
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	SCOPED(writer_free) struct writer again = writer_init(LIMIT_KEY_BLOB);
	struct authorized_line l = split(KEY);
	struct span comment;

	(void)state;
	assert_int_equal(public_line_parse(SPAN_LIT(KEY), &blob, &comment), ERR_OK);
	assert_true(authorized_has_key(&l, writer_span(&blob)));
	assert_int_equal(authorized_key(&l, &again), ERR_OK);
	assert_true(span_eq(writer_span(&blob), writer_span(&again)));
	for (size_t i = 0; i < blob.len; i++) {
		blob.p[i] ^= 1;
		assert_false(authorized_has_key(&l, writer_span(&blob)));
		blob.p[i] ^= 1;
		assert_false(authorized_has_key(&l, span_of(blob.p, i)));
	}
	assert_false(authorized_has_key(&l, SPAN_EMPTY));
	/* The type on the line must be the key's. */
	l = split("ssh-rsa " B64);
	assert_false(authorized_has_key(&l, writer_span(&blob)));
	assert_int_equal(authorized_key(&l, &again), ERR_FORMAT);
	l = split("ssh-rsa");
	assert_false(authorized_has_key(&l, writer_span(&blob)));
}

static void
keys_of_any_length_are_found_with_and_without_padding(void **state)
{
	(void)state;
	for (size_t n = 1; n < 12; n++) {
		SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
		SCOPED(writer_free) struct writer w = writer_init(LIMIT_KEY_BLOB);
		struct authorized_line l;

		wr_str(&blob, "ssh-ed25519");
		for (size_t i = 0; i < n; i++)
			wr_u8(&blob, (uint8_t)(0xff - i));
		public_line_put(&w, writer_span(&blob), SPAN_EMPTY);
		(void)!authorized_parse(writer_span(&w), &l);
		assert_true(authorized_has_key(&l, writer_span(&blob)));
		while (l.base64.p[l.base64.len - 1] == '=')
			l.base64.len--;
		assert_true(authorized_has_key(&l, writer_span(&blob)));
		l.base64.len--;
		assert_false(authorized_has_key(&l, writer_span(&blob)));
	}
}

static void
principals_lines_have_options_first(void **state)
{
	struct span options, principal;

	(void)state;
	assert_int_equal(authorized_principal(SPAN_LIT("alice"), &options, &principal), ERR_OK);
	assert_true(span_is(principal, "alice"));
	assert_int_equal(options.len, 0);
	assert_int_equal(authorized_principal(SPAN_LIT(" restrict,command=\"a b\" \tbob # c"), &options, &principal), ERR_OK);
	assert_true(span_is(principal, "bob"));
	assert_true(span_is(options, "restrict,command=\"a b\""));
	assert_int_equal(authorized_principal(SPAN_LIT("# alice"), &options, &principal), ERR_NOTFOUND);
	assert_int_equal(authorized_principal(SPAN_LIT("  "), &options, &principal), ERR_NOTFOUND);
	assert_int_equal(authorized_principal(SPAN_LIT("from=\"1.2.3.4\" no good alice"), &options, &principal), ERR_SYNTAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_split_into_options_type_key_and_comment),
		cmocka_unit_test(lines_that_cannot_be_used_say_why),
		cmocka_unit_test(walking_gives_every_line_with_its_number),
		cmocka_unit_test(the_tail_of_a_long_line_is_no_line_of_its_own),
		cmocka_unit_test(a_key_is_found_by_its_text_alone),
		cmocka_unit_test(keys_of_any_length_are_found_with_and_without_padding),
		cmocka_unit_test(principals_lines_have_options_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
