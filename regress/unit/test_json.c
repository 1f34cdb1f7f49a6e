/* SPDX-License-Identifier: ISC */
/* base/json: what is written can be read by any JSON parser, and says what was meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"

static void
check(const char *text, const char *json)
{
	SCOPED(writer_free) struct writer w = writer_init(100);

	json_put_str(&w, span_str(text));
	assert_true(span_is(writer_span(&w), json));
}

static void
strings_are_quoted_and_their_controls_escaped(void **state)
{
	(void)state;
	check("", "\"\"");
	check("a\"b\\c\nd\t\001\x7f/", "\"a\\\"b\\\\c\\nd\\t\\u0001\\u007f/\"");
}

static void
characters_of_utf_8_stay_and_other_bytes_become_characters(void **state)
{
	(void)state;
	check("Ren\xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\x91", "\"Ren\xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\x91\"");
	check("\xe9", "\"\\u00e9\"");
	check("\xc2\x9b", "\"\\u00c2\\u009b\"");		/* a control of ECMA-48 */
	check("\xc0\xaf", "\"\\u00c0\\u00af\"");		/* too long a form */
	check("\xed\xa0\x80", "\"\\u00ed\\u00a0\\u0080\"");	/* a surrogate */
	check("\xf4\x90\x80\x80", "\"\\u00f4\\u0090\\u0080\\u0080\"");
	check("\xe2\x82", "\"\\u00e2\\u0082\"");		/* ends too early */
}

static void
members_follow_others(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(100);

	(void)state;
	json_put_text(&w, "a", SPAN_LIT("x\"y"));
	json_put_number(&w, "b", UINT64_MAX);
	json_put_flag(&w, "c", true);
	json_put_flag(&w, "d", false);
	assert_true(span_is(writer_span(&w),
	    ", \"a\": \"x\\\"y\", \"b\": 18446744073709551615, \"c\": true, \"d\": false"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_are_quoted_and_their_controls_escaped),
		cmocka_unit_test(characters_of_utf_8_stay_and_other_bytes_become_characters),
		cmocka_unit_test(members_follow_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
