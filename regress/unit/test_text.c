/* SPDX-License-Identifier: ISC */
/* base/text: numbers, times, sizes, and making bytes fit to print. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static void
numbers_are_digits_within_their_range(void **state)
{
	uint64_t v = 99;

	(void)state;
	assert_int_equal(text_number(SPAN_LIT("0"), 0, 10, &v), ERR_OK);
	assert_int_equal(v, 0);
	assert_int_equal(text_number(SPAN_LIT("18446744073709551615"), 0, UINT64_MAX, &v), ERR_OK);
	assert_true(v == UINT64_MAX);
	assert_int_equal(text_number(SPAN_LIT("007"), 0, 10, &v), ERR_OK);
	assert_int_equal(v, 7);
}

static void
numbers_out_of_range_are_told_from_nonsense_and_change_nothing(void **state)
{
	static const char *const nonsense[] = {
		"", " 1", "1 ", "+1", "-1", "0x1", "1a", "99999999999999999999999x",
	};
	uint64_t v = 99;

	(void)state;
	for (size_t i = 0; i < COUNT(nonsense); i++)
		assert_int_equal(text_number(span_str(nonsense[i]), 0, 1000, &v), ERR_SYNTAX);
	assert_int_equal(text_number(SPAN_LIT("11"), 1, 10, &v), ERR_RANGE);
	assert_int_equal(text_number(SPAN_LIT("0"), 1, 10, &v), ERR_RANGE);
	assert_int_equal(text_number(SPAN_LIT("18446744073709551616"), 0, UINT64_MAX, &v), ERR_RANGE);
	assert_int_equal(text_number(SPAN_EMPTY, 0, 1, &v), ERR_SYNTAX);
	assert_int_equal(v, 99);
}

static void
hexadecimal_numbers_are_parsed(void **state)
{
	static const char *const nonsense[] = { "", "0x1", "g", " 1", "1 ", "-1", "@", "`", "0000000000000000g" };
	uint64_t v;

	(void)state;
	assert_int_equal(text_hex_number(SPAN_LIT("0"), &v), ERR_OK);
	assert_int_equal(v, 0);
	assert_int_equal(text_hex_number(SPAN_LIT("19aFBc"), &v), ERR_OK);
	assert_int_equal(v, 0x19afbc);
	assert_int_equal(text_hex_number(SPAN_LIT("ffffffffffffffff"), &v), ERR_OK);
	assert_true(v == UINT64_MAX);
	assert_int_equal(text_hex_number(SPAN_LIT("00000000000000001"), &v), ERR_RANGE);
	for (size_t i = 0; i < COUNT(nonsense); i++)
		assert_int_equal(text_hex_number(span_str(nonsense[i]), &v), ERR_SYNTAX);
}

static void
times_are_sums_of_units(void **state)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} good[] = {
		{ "90", 90 }, { "90s", 90 }, { "90S", 90 }, { "10m", 600 }, { "1h30m", 5400 },
		{ "1H30M", 5400 }, { "2d", 172800 }, { "1w", 604800 }, { "1w2d3h4m5", 788645 },
		{ "0", 0 }, { "2147483647", 2147483647 },
	};
	uint64_t v;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(text_time(span_str(good[i].text), &v), ERR_OK);
		assert_int_equal(v, good[i].seconds);
	}
}

static void
times_that_overflow_or_have_no_number_are_refused(void **state)
{
	static const char *const nonsense[] = { "", "m", "1x", "1 m", "-5", "1m-", "1.5h", "none" };
	static const char *const large[] = {
		"2147483648", "3551w", "99999999999999999999w", "9223372036854775807s9223372036854775807s",
	};
	uint64_t v = 99;

	(void)state;
	for (size_t i = 0; i < COUNT(nonsense); i++)
		assert_int_equal(text_time(span_str(nonsense[i]), &v), ERR_SYNTAX);
	for (size_t i = 0; i < COUNT(large); i++)
		assert_int_equal(text_time(span_str(large[i]), &v), ERR_RANGE);
	assert_int_equal(v, 99);
}

static void
sizes_have_binary_units(void **state)
{
	uint64_t v = 99;

	(void)state;
	assert_int_equal(text_size(SPAN_LIT("512"), &v), ERR_OK);
	assert_int_equal(v, 512);
	assert_int_equal(text_size(SPAN_LIT("64K"), &v), ERR_OK);
	assert_int_equal(v, 65536);
	assert_int_equal(text_size(SPAN_LIT("1m"), &v), ERR_OK);
	assert_int_equal(v, 1 << 20);
	assert_int_equal(text_size(SPAN_LIT("2G"), &v), ERR_OK);
	assert_true(v == (uint64_t)2 << 30);
	v = 99;
	assert_int_equal(text_size(SPAN_LIT(""), &v), ERR_SYNTAX);
	assert_int_equal(text_size(SPAN_LIT("K"), &v), ERR_SYNTAX);
	assert_int_equal(text_size(SPAN_LIT("1KB"), &v), ERR_SYNTAX);
	assert_int_equal(text_size(SPAN_LIT("1x"), &v), ERR_SYNTAX);
	assert_int_equal(text_size(SPAN_LIT("18446744073709551615K"), &v), ERR_RANGE);
	assert_int_equal(v, 99);
}

static void
control_bytes_are_made_visible(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1000);

	(void)state;
	text_visible(&w, SPAN_LIT("a\nb\r\t\033[2J\\\x7f\xff\0z"));
	wr_u8(&w, 0);
	assert_int_equal(wr_end(&w), ERR_OK);
	assert_string_equal((char *)w.p, "a\\nb\\r\\t\\033[2J\\\\\\177\\377\\000z");
}

static void
visible_text_is_cut_with_dots_and_always_ended(void **state)
{
	char buf[16];

	(void)state;
	assert_string_equal(text_visible_str(buf, sizeof(buf), SPAN_LIT("exactly 15 char")),
	    "exactly 15 char");
	assert_string_equal(text_visible_str(buf, sizeof(buf), SPAN_LIT("exactly 16 chars")),
	    "exactly 16 c...");
	assert_string_equal(text_visible_str(buf, 8, SPAN_LIT("\033\033\033")), "\\033...");
	assert_string_equal(text_visible_str(buf, 3, SPAN_LIT("abc")), "..");
	assert_string_equal(text_visible_str(buf, 1, SPAN_LIT("abc")), "");
	assert_string_equal(text_visible_str(buf, 4, SPAN_EMPTY), "");
}

static void
a_line_of_the_log_made_visible_twice_is_as_after_once(void **state)
{
	char once[64], twice[64];

	(void)state;
	text_line_str(once, sizeof(once), SPAN_LIT("a\nb\033[2J\\c\303"));
	assert_string_equal(once, "a\\nb\\033[2J\\c\\303");
	text_line_str(twice, sizeof(twice), span_str(once));
	assert_string_equal(twice, once);
	assert_string_equal(text_line_str(once, 3, SPAN_LIT("\\\\\\\\")), "..");
}

static void
visible_text_never_leaves_its_buffer(void **state)
{
	uint8_t all[256];
	char buf[64];

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)i;
	for (size_t size = 1; size < sizeof(buf); size++) {
		for (size_t from = 0; from < sizeof(all); from++) {
			memset(buf, 'X', sizeof(buf));
			text_visible_str(buf, size, span_of(all + from, sizeof(all) - from));
			assert_true(strlen(buf) < size);
			assert_int_equal(buf[size], 'X');
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_digits_within_their_range),
		cmocka_unit_test(hexadecimal_numbers_are_parsed),
		cmocka_unit_test(numbers_out_of_range_are_told_from_nonsense_and_change_nothing),
		cmocka_unit_test(times_are_sums_of_units),
		cmocka_unit_test(times_that_overflow_or_have_no_number_are_refused),
		cmocka_unit_test(sizes_have_binary_units),
		cmocka_unit_test(control_bytes_are_made_visible),
		cmocka_unit_test(visible_text_is_cut_with_dots_and_always_ended),
		cmocka_unit_test(a_line_of_the_log_made_visible_twice_is_as_after_once),
		cmocka_unit_test(visible_text_never_leaves_its_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
