/* SPDX-License-Identifier: ISC */
/* base/reader: decoding with a sticky error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/reader.h"

/* What rd_end() says of input after the reads in fn. */
static enum err
read_all(struct span s, void (*fn)(struct reader *))
{
	struct reader r = rd_init(s);

	fn(&r);
	return rd_end(&r);
}

static void
numbers_are_big_endian(void **state)
{
	struct reader r = rd_init(SPAN_LIT("\x01\x02\x00\x00\x01\x02" "\x01\x02\x03\x04\x05\x06\x07\x08"));

	(void)state;
	assert_int_equal(rd_u8(&r), 1);
	assert_true(rd_flag(&r));
	assert_int_equal(rd_u32(&r), 0x102);
	assert_true(rd_u64(&r) == 0x0102030405060708);
	assert_int_equal(rd_end(&r), ERR_OK);
}

static void
each_read_beyond_the_end_is_short_and_gives_zero(void **state)
{
	struct reader r = rd_init(SPAN_LIT("\xff\xff\xff"));

	(void)state;
	assert_int_equal(rd_u32(&r), 0);
	assert_int_equal(rd_u8(&r), 0);		/* though three bytes were there */
	assert_int_equal(rd_bytes(&r).len, 0);
	assert_int_equal(rd_rest(&r).len, 0);
	assert_int_equal(rd_end(&r), ERR_SHORT);
}

static void
a_string_longer_than_the_message_is_short(void **state)
{
	struct reader r = rd_init(SPAN_LIT("\xff\xff\xff\xff" "abc"));

	(void)state;
	assert_int_equal(rd_bytes(&r).len, 0);
	assert_int_equal(rd_end(&r), ERR_SHORT);
}

static void
what_is_left_over_is_an_error(void **state)
{
	struct reader r = rd_init(SPAN_LIT("\x00\x00\x00\x01" "ab"));

	(void)state;
	assert_true(span_is(rd_bytes(&r), "a"));
	assert_int_equal(rd_end(&r), ERR_TRAILING);
	assert_true(span_is(rd_rest(&r), "b"));
	assert_int_equal(rd_end(&r), ERR_OK);
}

static void
text_with_a_nul_is_malformed(void **state)
{
	struct reader r = rd_init(SPAN_LIT("\x00\x00\x00\x03" "a\0b"));

	(void)state;
	assert_int_equal(rd_text(&r).len, 0);
	assert_int_equal(rd_end(&r), ERR_FORMAT);
}

static void
the_first_error_stays(void **state)
{
	struct reader r = rd_init(SPAN_LIT("abc"));

	(void)state;
	rd_fail(&r, ERR_LIMIT);
	rd_fail(&r, ERR_FORMAT);
	(void)rd_u64(&r);
	assert_int_equal(rd_end(&r), ERR_LIMIT);
}

static void
read_mpint(struct reader *r)
{
	(void)rd_mpint(r, 4);
}

static void
an_mpint_is_its_magnitude(void **state)
{
	struct reader r = rd_init(SPAN_LIT("\0\0\0\0" "\0\0\0\2\0\x80" "\0\0\0\1\x7f"));
	struct span m;

	(void)state;
	assert_int_equal(rd_mpint(&r, 4).len, 0);
	m = rd_mpint(&r, 4);
	assert_int_equal(m.len, 1);
	assert_int_equal(m.p[0], 0x80);
	assert_int_equal(rd_mpint(&r, 4).p[0], 0x7f);
	assert_int_equal(rd_end(&r), ERR_OK);
}

static void
an_mpint_that_is_negative_padded_or_too_long_is_refused(void **state)
{
	(void)state;
	assert_int_equal(read_all(SPAN_LIT("\0\0\0\1\x80"), read_mpint), ERR_FORMAT);
	assert_int_equal(read_all(SPAN_LIT("\0\0\0\1\0"), read_mpint), ERR_FORMAT);
	assert_int_equal(read_all(SPAN_LIT("\0\0\0\2\0\x7f"), read_mpint), ERR_FORMAT);
	assert_int_equal(read_all(SPAN_LIT("\0\0\0\5\1\2\3\4\5"), read_mpint), ERR_LIMIT);
	assert_int_equal(read_all(SPAN_LIT("\0\0\0\5\0\x82\3\4\5"), read_mpint), ERR_OK);
	assert_int_equal(read_all(SPAN_LIT("\0\0\0\5\1\2"), read_mpint), ERR_SHORT);
}

static void
every_truncation_of_a_message_is_short(void **state)
{
	static const char message[] = "\1\0\0\0\3abc\0\0\0\1\x05";

	(void)state;
	for (size_t n = 0; n < sizeof(message) - 1; n++) {
		struct reader r = rd_init(span_of(message, n));

		(void)rd_flag(&r);
		(void)rd_bytes(&r);
		(void)rd_mpint(&r, 8);
		assert_int_equal(rd_end(&r), ERR_SHORT);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_big_endian),
		cmocka_unit_test(each_read_beyond_the_end_is_short_and_gives_zero),
		cmocka_unit_test(a_string_longer_than_the_message_is_short),
		cmocka_unit_test(what_is_left_over_is_an_error),
		cmocka_unit_test(text_with_a_nul_is_malformed),
		cmocka_unit_test(the_first_error_stays),
		cmocka_unit_test(an_mpint_is_its_magnitude),
		cmocka_unit_test(an_mpint_that_is_negative_padded_or_too_long_is_refused),
		cmocka_unit_test(every_truncation_of_a_message_is_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
