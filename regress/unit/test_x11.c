/* SPDX-License-Identifier: ISC */
/* The first message of an X11 connection, as the X protocol (chapter 8) writes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "channels/x11.h"

#define METHOD	SPAN_LIT("MIT-MAGIC-COOKIE-1")
#define FAKE	SPAN_LIT("0123456789abcdef")
#define REAL	SPAN_LIT("fedcba9876543210")
#define SMALL	"l\0\x0b\0\0\0\x12\0\x10\0\0\0MIT-MAGIC-COOKIE-1\0\0"
#define BIG	"B\0\0\x0b\0\0\0\x12\0\x10\0\0MIT-MAGIC-COOKIE-1\0\0"

static void
the_fake_cookie_becomes_the_real_one_in_either_byte_order(void **state)
{
	const struct span in[] = { SPAN_LIT(SMALL "0123456789abcdef"),
		SPAN_LIT(BIG "0123456789abcdef") };
	const struct span want[] = { SPAN_LIT(SMALL "fedcba9876543210"),
		SPAN_LIT(BIG "fedcba9876543210") };

	(void)state;
	for (size_t i = 0; i < COUNT(in); i++) {
		SCOPED(writer_free) struct writer out = writer_init(X11_SETUP_MAX);
		size_t used;

		for (size_t n = 0; n < in[i].len; n++)
			assert_int_equal(x11_setup_swap(span_first(in[i], n), METHOD, FAKE, REAL, &out,
			    &used), ERR_AGAIN);
		assert_int_equal(x11_setup_swap(in[i], METHOD, FAKE, REAL, &out, &used), ERR_OK);
		assert_int_equal(used, in[i].len);
		assert_int_equal(out.len, want[i].len);
		assert_memory_equal(out.p, want[i].p, out.len);
	}
}

static void
another_cookie_or_method_is_denied(void **state)
{
	const struct span in[] = {
		SPAN_LIT(SMALL "0123456789abcdeg"),
		SPAN_LIT(SMALL "fedcba9876543210"),
		SPAN_LIT("l\0\x0b\0\0\0\x12\0\x10\0\0\0MIT-MAGIC-COOKIE-2\0\0" "0123456789abcdef"),
		SPAN_LIT("l\0\x0b\0\0\0\x12\0\x0c\0\0\0MIT-MAGIC-COOKIE-1\0\0" "0123456789ab"),
		SPAN_LIT("l\0\x0b\0\0\0\0\0\0\0\0\0"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(in); i++) {
		SCOPED(writer_free) struct writer out = writer_init(X11_SETUP_MAX);
		size_t used;

		assert_int_equal(x11_setup_swap(in[i], METHOD, FAKE, REAL, &out, &used), ERR_DENIED);
		assert_int_equal(out.len, 0);
		assert_int_equal(used, 0);
	}
}

static void
what_is_no_setup_is_refused_at_its_first_byte_or_length(void **state)
{
	SCOPED(writer_free) struct writer out = writer_init(X11_SETUP_MAX);
	size_t used;

	(void)state;
	assert_int_equal(x11_setup_swap(SPAN_LIT("G"), METHOD, FAKE, REAL, &out, &used), ERR_FORMAT);
	assert_int_equal(x11_setup_swap(SPAN_LIT("l\0\x0b\0\0\0\xff\xff\x10\0\0\0"), METHOD, FAKE,
	    REAL, &out, &used), ERR_FORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_fake_cookie_becomes_the_real_one_in_either_byte_order),
		cmocka_unit_test(another_cookie_or_method_is_denied),
		cmocka_unit_test(what_is_no_setup_is_refused_at_its_first_byte_or_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
