/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "keys/private_file.h"

#define KEY	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"

static enum err
parse(const char *line, const char *expected_comment)
{
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	struct span comment;
	enum err e = public_line_parse(span_str(line), &blob, &comment);

	if (e == ERR_OK) {
		assert_int_equal(blob.len, 51);
		assert_true(span_is(comment, expected_comment));
	} else {
		assert_int_equal(blob.len, 0);
		assert_int_equal(comment.len, 0);
	}
	return e;
}

static void
a_line_has_type_key_and_any_comment(void **state)
{
	(void)state;
	assert_int_equal(parse(KEY, ""), ERR_OK);
	assert_int_equal(parse(KEY " me@host", "me@host"), ERR_OK);
	assert_int_equal(parse(" \t" KEY "\t two  words ", "two  words"), ERR_OK);
}

static void
lines_without_a_known_type_or_a_whole_key_are_refused(void **state)
{
	(void)state;
	assert_int_equal(parse("", ""), ERR_SYNTAX);
	assert_int_equal(parse("ssh-ed25519", ""), ERR_SYNTAX);
	assert_int_equal(parse("ssh-ed25519 !!!!", ""), ERR_SYNTAX);
	assert_int_equal(parse("ssh-ed25519 AAAA", ""), ERR_SYNTAX);
	assert_int_equal(parse("ssh-ed448 AAAA", ""), ERR_UNSUPPORTED);
	assert_int_equal(parse("ssh-rsa" " AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea", ""),
	    ERR_SYNTAX);
}

static void
the_first_key_of_a_file_is_found_behind_comments_and_blank_lines(void **state)
{
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	struct span comment;

	(void)state;
	assert_int_equal(public_file_parse(SPAN_LIT("# x\n\n  \r\n" KEY " c\r\nssh-rsa x\n"), &blob, &comment), ERR_OK);
	assert_true(span_is(comment, "c"));
	assert_int_equal(public_file_parse(SPAN_LIT("# x\n\n"), &blob, &comment), ERR_NOTFOUND);
	assert_int_equal(public_file_parse(SPAN_EMPTY, &blob, &comment), ERR_NOTFOUND);
	assert_int_equal(public_file_parse(SPAN_LIT("x y\n" KEY), &blob, &comment), ERR_UNSUPPORTED);
}

static void
a_line_that_was_written_is_the_one_that_was_read(void **state)
{
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	SCOPED(writer_free) struct writer w = writer_init(1024);
	struct span comment;

	(void)state;
	assert_int_equal(public_line_parse(SPAN_LIT(KEY " a b"), &blob, &comment), ERR_OK);
	public_line_put(&w, writer_span(&blob), comment);
	assert_true(span_is(writer_span(&w), KEY " a b"));
	writer_reset(&w);
	public_line_put(&w, writer_span(&blob), SPAN_EMPTY);
	assert_true(span_is(writer_span(&w), KEY));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_type_key_and_any_comment),
		cmocka_unit_test(lines_without_a_known_type_or_a_whole_key_are_refused),
		cmocka_unit_test(the_first_key_of_a_file_is_found_behind_comments_and_blank_lines),
		cmocka_unit_test(a_line_that_was_written_is_the_one_that_was_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
