/* SPDX-License-Identifier: ISC */
/* config/line: taking a line apart, and quoting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/rng.h"
#include "config/line.h"
#include "regress/support/alloc.h"

/* Splits text and writes "keyword(word)(word)" of it. */
static void
assert_parts(const char *text, const char *expected)
{
	SCOPED(lexer_free) struct lexer lx = { 0 };
	SCOPED(writer_free) struct writer w = writer_init(1000);
	struct line line;
	const char *why;

	assert_int_equal(line_split(&lx, span_str(text), &line, &why), ERR_OK);
	wr_raw(&w, line.keyword);
	for (size_t i = 0; i < line.n_words; i++) {
		wr_u8(&w, '(');
		wr_raw(&w, line.words[i]);
		wr_u8(&w, ')');
	}
	wr_u8(&w, 0);
	assert_string_equal((char *)w.p, expected);
}

static void
keyword_and_words_come_apart(void **state)
{
	(void)state;
	assert_parts("Port 22", "Port(22)");
	assert_parts("  \tPort\t 22  ", "Port(22)");
	assert_parts("Port=22", "Port(22)");
	assert_parts("Port = 22", "Port(22)");
	assert_parts("Port =22\r", "Port(22)");
	assert_parts("Port", "Port");
	assert_parts("Port ==22", "Port(=22)");
	assert_parts("SetEnv A=b C=d", "SetEnv(A=b)(C=d)");
	assert_parts("", "");
	assert_parts("   ", "");
}

static void
comments_end_a_line_where_a_word_would_begin(void **state)
{
	(void)state;
	assert_parts("# Port 22", "");
	assert_parts("   # Port 22", "");
	assert_parts("Port 22 # the usual", "Port(22)");
	assert_parts("Port 22#not", "Port(22#not)");
	assert_parts("Banner \"#\" 'a # b' #c", "Banner(#)(a # b)");
}

static void
quotes_group_and_backslashes_take_their_meaning(void **state)
{
	(void)state;
	assert_parts("K \"a b\" 'c d'", "K(a b)(c d)");
	assert_parts("K a\" \"b'c'", "K(a bc)");
	assert_parts("K \"it's\" 'say \"x\"'", "K(it's)(say \"x\")");
	assert_parts("K \"a\\\"b\" 'c\\'d'", "K(a\"b)(c'd)");
	assert_parts("K a\\ b \\\"q\\\" \\\\", "K(a b)(\"q\")(\\)");
	assert_parts("K C:\\dir\\n \"a\\ b\"", "K(C:\\dir\\n)(a\\ b)");
	assert_parts("K \"\" ''", "K()()");
	assert_parts("K x\\", "K(x\\)");
}

static void
the_rest_of_a_line_is_there_as_written(void **state)
{
	SCOPED(lexer_free) struct lexer lx = { 0 };
	struct line line;
	const char *why;

	(void)state;
	assert_int_equal(line_split(&lx, SPAN_LIT("Cmd =  \"/bin/x y\"  $1 # z \r"), &line, &why),
	    ERR_OK);
	assert_true(span_is(line.raw, "\"/bin/x y\"  $1 # z"));
	assert_int_equal(line.n_words, 2);
	assert_true(span_is(line.written[0], "\"/bin/x y\""));
	assert_true(span_is(line.written[1], "$1"));
}

static void
lines_that_cannot_be_right_are_refused_with_a_reason(void **state)
{
	SCOPED(lexer_free) struct lexer lx = { 0 };
	struct line line;
	const char *why = NULL;
	char *text = calloc(1, LIMIT_LINE + 1);

	(void)state;
	assert_int_equal(line_split(&lx, SPAN_LIT("K \"a"), &line, &why), ERR_SYNTAX);
	assert_non_null(strstr(why, "quote"));
	assert_int_equal(line_split(&lx, SPAN_LIT("K 'a\""), &line, &why), ERR_SYNTAX);
	assert_int_equal(line_split(&lx, SPAN_LIT("K a\0b"), &line, &why), ERR_SYNTAX);
	assert_non_null(strstr(why, "NUL"));
	memset(text, 'a', LIMIT_LINE + 1);
	assert_int_equal(line_split(&lx, span_of(text, LIMIT_LINE + 1), &line, &why), ERR_SYNTAX);
	assert_int_equal(line_split(&lx, span_of(text, LIMIT_LINE), &line, &why), ERR_OK);
	free(text);
}

static void
every_word_comes_back_from_its_quoted_form(void **state)
{
	static const char alphabet[] = "ab =#\"'\\\t%\x7f\xc3";
	SCOPED(lexer_free) struct lexer lx = { 0 };
	struct rng_test seed = { 7 };
	struct rng rng = rng_test(&seed);

	(void)state;
	for (int round = 0; round < 20000; round++) {
		SCOPED(writer_free) struct writer w = writer_init(1000);
		char a[12], b[12];
		size_t a_len = rng_below(&rng, sizeof(a)), b_len = rng_below(&rng, sizeof(b));
		struct line line;
		const char *why;

		for (size_t i = 0; i < sizeof(a); i++) {
			a[i] = alphabet[rng_below(&rng, sizeof(alphabet) - 1)];
			b[i] = alphabet[rng_below(&rng, sizeof(alphabet) - 1)];
		}
		wr_raw(&w, SPAN_LIT("Keyword "));
		word_put(&w, span_of(a, a_len));
		wr_u8(&w, ' ');
		word_put(&w, span_of(b, b_len));
		assert_int_equal(line_split(&lx, writer_span(&w), &line, &why), ERR_OK);
		assert_int_equal(line.n_words, 2);
		assert_true(span_eq(line.words[0], span_of(a, a_len)));
		assert_true(span_eq(line.words[1], span_of(b, b_len)));
	}
}

static void
without_memory_a_line_is_not_taken_apart(void **state)
{
	(void)state;
	for (unsigned n = 0; ; n++) {
		SCOPED(lexer_free) struct lexer lx = { 0 };
		struct line line;
		const char *why;
		enum err e;

		alloc_fail_after(n);
		e = line_split(&lx, SPAN_LIT("Port 22"), &line, &why);
		alloc_fail_never();
		if (e == ERR_OK)
			break;
		assert_int_equal(e, ERR_NOMEM);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keyword_and_words_come_apart),
		cmocka_unit_test(comments_end_a_line_where_a_word_would_begin),
		cmocka_unit_test(quotes_group_and_backslashes_take_their_meaning),
		cmocka_unit_test(the_rest_of_a_line_is_there_as_written),
		cmocka_unit_test(lines_that_cannot_be_right_are_refused_with_a_reason),
		cmocka_unit_test(every_word_comes_back_from_its_quoted_form),
		cmocka_unit_test(without_memory_a_line_is_not_taken_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
