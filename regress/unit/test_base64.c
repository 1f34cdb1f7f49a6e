/* SPDX-License-Identifier: ISC */
/* base/base64: base64 (vectors of RFC 4648 10), hexadecimal, JSON strings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/text.h"

static void
vectors_of_rfc_4648_come_out_both_ways(void **state)
{
	static const struct {
		const char *plain, *padded, *bare;
	} rows[] = {
		{ "", "", "" }, { "f", "Zg==", "Zg" }, { "fo", "Zm8=", "Zm8" },
		{ "foo", "Zm9v", "Zm9v" }, { "foob", "Zm9vYg==", "Zm9vYg" },
		{ "fooba", "Zm9vYmE=", "Zm9vYmE" }, { "foobar", "Zm9vYmFy", "Zm9vYmFy" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		SCOPED(writer_free) struct writer w = writer_init(100);

		base64_put(&w, span_str(rows[i].plain), true);
		assert_true(span_is(writer_span(&w), rows[i].padded));
		writer_reset(&w);
		base64_put(&w, span_str(rows[i].plain), false);
		assert_true(span_is(writer_span(&w), rows[i].bare));
		writer_reset(&w);
		assert_int_equal(base64_get(&w, span_str(rows[i].padded)), ERR_OK);
		assert_true(span_is(writer_span(&w), rows[i].plain));
		writer_reset(&w);
		assert_int_equal(base64_get(&w, span_str(rows[i].bare)), ERR_OK);
		assert_true(span_is(writer_span(&w), rows[i].plain));
	}
}

static void
every_length_comes_back(void **state)
{
	struct rng_test t = { 5 };
	struct rng rng = rng_test(&t);
	uint8_t bytes[100];

	(void)state;
	rng_fill(&rng, bytes, sizeof(bytes));
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		SCOPED(writer_free) struct writer text = writer_init(1000);
		SCOPED(writer_free) struct writer back = writer_init(1000);

		base64_put(&text, span_of(bytes, n), n % 2 == 0);
		assert_int_equal(base64_get(&back, writer_span(&text)), ERR_OK);
		assert_true(span_eq(writer_span(&back), span_of(bytes, n)));
	}
}

static void
white_space_is_skipped(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(100);

	(void)state;
	assert_int_equal(base64_get(&w, SPAN_LIT(" Zm\n9v\r\nYg\t= =\n")), ERR_OK);
	assert_true(span_is(writer_span(&w), "foob"));
}

static void
there_is_one_text_for_each_value_and_errors_write_nothing(void **state)
{
	static const char *const bad[] = {
		"Z", "Zg=", "Zg===", "Zg==Zg==", "=", "==", "Zm9v=", "Zm8==", "Zm9vZ",
		"Zh==", "Zh", "Zm9=", "Zm9", "Zm-v", "Zm_v", "Zm9v!", "Zg=g", "Z=g=",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		SCOPED(writer_free) struct writer w = writer_init(100);

		wr_u8(&w, 'x');
		assert_int_equal(base64_get(&w, span_str(bad[i])), ERR_SYNTAX);
		assert_true(span_is(writer_span(&w), "x"));
		assert_int_equal(wr_end(&w), ERR_OK);
	}
}

static void
the_limit_of_the_writer_holds(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(5);

	(void)state;
	base64_put(&w, SPAN_LIT("foobar"), true);
	assert_int_equal(wr_end(&w), ERR_LIMIT);
	assert_int_equal(base64_get(&w, SPAN_LIT("Zm9vYmFy")), ERR_LIMIT);
	assert_int_equal(w.len, 0);
}

static void
hexadecimal_goes_both_ways(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(100);

	(void)state;
	hex_put(&w, SPAN_LIT("\x00\x9a\xff"), '\0');
	assert_true(span_is(writer_span(&w), "009aff"));
	writer_reset(&w);
	hex_put(&w, SPAN_LIT("\x00\x9a\xff"), ':');
	assert_true(span_is(writer_span(&w), "00:9a:ff"));
	writer_reset(&w);
	assert_int_equal(hex_get(&w, SPAN_LIT("009aFf")), ERR_OK);
	assert_true(span_eq(writer_span(&w), SPAN_LIT("\x00\x9a\xff")));
	assert_int_equal(hex_get(&w, SPAN_LIT("0")), ERR_SYNTAX);
	assert_int_equal(hex_get(&w, SPAN_LIT("0g")), ERR_SYNTAX);
	assert_int_equal(hex_get(&w, SPAN_LIT("@0")), ERR_SYNTAX);
	assert_int_equal(hex_get(&w, SPAN_LIT("0:0:")), ERR_SYNTAX);
	assert_int_equal(w.len, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_of_rfc_4648_come_out_both_ways),
		cmocka_unit_test(every_length_comes_back),
		cmocka_unit_test(white_space_is_skipped),
		cmocka_unit_test(there_is_one_text_for_each_value_and_errors_write_nothing),
		cmocka_unit_test(the_limit_of_the_writer_holds),
		cmocka_unit_test(hexadecimal_goes_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
