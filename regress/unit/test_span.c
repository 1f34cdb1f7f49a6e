/* SPDX-License-Identifier: ISC */
/* base/span: borrowed memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "regress/support/alloc.h"

static void
first_and_skip_stay_within_the_span(void **state)
{
	struct span s = SPAN_LIT("abcdef");

	(void)state;
	assert_true(span_is(span_first(s, 2), "ab"));
	assert_true(span_is(span_first(s, 99), "abcdef"));
	assert_true(span_is(span_skip(s, 2), "cdef"));
	assert_int_equal(span_skip(s, 6).len, 0);
	assert_int_equal(span_skip(s, SIZE_MAX).len, 0);
	assert_null(span_skip(s, 99).p);
}

static void
empty_spans_are_equal_whatever_they_point_to(void **state)
{
	(void)state;
	assert_true(span_eq(SPAN_EMPTY, SPAN_LIT("")));
	assert_true(span_eq_secret(SPAN_EMPTY, SPAN_LIT("")));
	assert_int_equal(span_cmp(SPAN_EMPTY, SPAN_LIT("")), 0);
	assert_true(span_is(SPAN_EMPTY, ""));
	assert_int_equal(span_str(NULL).len, 0);
}

static void
every_changed_bit_makes_spans_unequal(void **state)
{
	uint8_t a[9] = "12345678", b[9];

	(void)state;
	for (size_t bit = 0; bit < 64; bit++) {
		memcpy(b, a, sizeof(a));
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(span_eq(span_of(a, 8), span_of(b, 8)));
		assert_false(span_eq_secret(span_of(a, 8), span_of(b, 8)));
	}
	assert_true(span_eq_secret(span_of(a, 8), span_of("12345678", 8)));
	assert_false(span_eq_secret(span_of(a, 8), span_of(a, 7)));
}

static void
a_prefix_is_ordered_before_what_it_begins(void **state)
{
	(void)state;
	assert_true(span_cmp(SPAN_LIT("ab"), SPAN_LIT("abc")) < 0);
	assert_true(span_cmp(SPAN_LIT("abc"), SPAN_LIT("ab")) > 0);
	assert_true(span_cmp(SPAN_LIT("b"), SPAN_LIT("abc")) > 0);
	assert_true(span_cmp(SPAN_LIT("\xff"), SPAN_LIT("a")) > 0);
	assert_int_equal(span_cmp(SPAN_LIT("ab"), SPAN_LIT("ab")), 0);
}

static void
find_gives_the_first_or_the_length(void **state)
{
	(void)state;
	assert_int_equal(span_find(SPAN_LIT("a,b,c"), ','), 1);
	assert_int_equal(span_find(SPAN_LIT("abc"), ','), 3);
	assert_int_equal(span_find(SPAN_EMPTY, ','), 0);
}

static void
starts_needs_all_of_the_prefix(void **state)
{
	(void)state;
	assert_true(span_starts(SPAN_LIT("ssh-rsa"), SPAN_LIT("ssh-")));
	assert_true(span_starts(SPAN_LIT("x"), SPAN_EMPTY));
	assert_false(span_starts(SPAN_LIT("ss"), SPAN_LIT("ssh")));
}

static void
token_gives_empty_parts_and_ends_once(void **state)
{
	struct span list = SPAN_LIT("a,,b"), part;

	(void)state;
	assert_true(span_token(&list, ',', &part));
	assert_true(span_is(part, "a"));
	assert_true(span_token(&list, ',', &part));
	assert_int_equal(part.len, 0);
	assert_true(span_token(&list, ',', &part));
	assert_true(span_is(part, "b"));
	assert_false(span_token(&list, ',', &part));
	assert_false(span_token(&list, ',', &part));
	list = SPAN_LIT("");
	assert_true(span_token(&list, ',', &part));
	assert_int_equal(part.len, 0);
	assert_false(span_token(&list, ',', &part));
	list = SPAN_LIT("a,");
	assert_true(span_token(&list, ',', &part));
	assert_true(span_token(&list, ',', &part));
	assert_int_equal(part.len, 0);
	assert_false(span_token(&list, ',', &part));
}

static void
dup_str_ends_with_a_nul_and_gives_null_without_memory(void **state)
{
	char *s = span_dup_str(SPAN_LIT("abc"));

	(void)state;
	assert_string_equal(s, "abc");
	free(s);
	s = span_dup_str(SPAN_EMPTY);
	assert_string_equal(s, "");
	free(s);
	alloc_fail_after(0);
	assert_null(span_dup_str(SPAN_LIT("abc")));
	alloc_fail_never();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_and_skip_stay_within_the_span),
		cmocka_unit_test(empty_spans_are_equal_whatever_they_point_to),
		cmocka_unit_test(every_changed_bit_makes_spans_unequal),
		cmocka_unit_test(a_prefix_is_ordered_before_what_it_begins),
		cmocka_unit_test(find_gives_the_first_or_the_length),
		cmocka_unit_test(starts_needs_all_of_the_prefix),
		cmocka_unit_test(token_gives_empty_parts_and_ends_once),
		cmocka_unit_test(dup_str_ends_with_a_nul_and_gives_null_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
