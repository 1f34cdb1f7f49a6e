/* SPDX-License-Identifier: ISC */
/* base/err: the one list of errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"

static void
every_error_has_a_text_a_name_and_a_class(void **state)
{
	(void)state;
	for (int e = 0; e < ERR_COUNT; e++) {
		assert_true(strlen(err_text((enum err)e)) > 3);
		assert_true(strlen(err_name((enum err)e)) > 1);
		assert_true((err_class((enum err)e) == ERR_CLASS_NONE) == (e == ERR_OK));
	}
}

static void
texts_are_lower_case_without_a_full_stop(void **state)
{
	(void)state;
	for (int e = 0; e < ERR_COUNT; e++) {
		const char *text = err_text((enum err)e);

		assert_in_range(text[0], 'a', 'z');
		assert_true(text[strlen(text) - 1] != '.');
	}
}

static void
errors_of_the_peer_have_a_disconnect_reason(void **state)
{
	(void)state;
	for (int e = 0; e < ERR_COUNT; e++) {
		if (err_class((enum err)e) == ERR_CLASS_PEER)
			assert_in_range(err_reason((enum err)e), 1, 15);
	}
	assert_int_equal(err_reason(ERR_MAC), 5);
	assert_int_equal(err_reason(ERR_OK), 0);
}

static void
numbers_out_of_the_list_are_told_apart(void **state)
{
	(void)state;
	assert_string_equal(err_text((enum err)ERR_COUNT), "unknown error");
	assert_string_equal(err_name((enum err)ERR_COUNT), "UNKNOWN");
	assert_int_equal(err_class((enum err)ERR_COUNT), ERR_CLASS_LOCAL);
	assert_int_equal(err_reason((enum err)ERR_COUNT), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_error_has_a_text_a_name_and_a_class),
		cmocka_unit_test(texts_are_lower_case_without_a_full_stop),
		cmocka_unit_test(errors_of_the_peer_have_a_disconnect_reason),
		cmocka_unit_test(numbers_out_of_the_list_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
