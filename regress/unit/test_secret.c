/* SPDX-License-Identifier: ISC */
/* base/secret: memory that is wiped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/secret.h"
#include "regress/support/alloc.h"

static void
wipe_leaves_zeros(void **state)
{
	uint8_t b[33];

	(void)state;
	memset(b, 0xa5, sizeof(b));
	wipe(b, 32);
	for (size_t i = 0; i < 32; i++)
		assert_int_equal(b[i], 0);
	assert_int_equal(b[32], 0xa5);
	wipe(NULL, 0);
	wipe(NULL, 5);
}

static void
alloc_gives_zeros_and_copy_gives_a_copy(void **state)
{
	SCOPED(secret_free) struct secret s = { NULL, 0 };

	(void)state;
	assert_int_equal(secret_alloc(&s, 8), ERR_OK);
	assert_memory_equal(s.p, "\0\0\0\0\0\0\0\0", 8);
	assert_int_equal(secret_copy(&s, SPAN_LIT("key")), ERR_OK);
	assert_true(span_is(secret_span(&s), "key"));
	assert_int_equal(secret_copy(&s, SPAN_EMPTY), ERR_OK);
	assert_int_equal(secret_span(&s).len, 0);
}

static void
a_secret_can_be_copied_from_itself(void **state)
{
	SCOPED(secret_free) struct secret s = { NULL, 0 };

	(void)state;
	assert_int_equal(secret_copy(&s, SPAN_LIT("keykey")), ERR_OK);
	assert_int_equal(secret_copy(&s, span_skip(secret_span(&s), 3)), ERR_OK);
	assert_true(span_is(secret_span(&s), "key"));
}

static void
without_memory_the_old_value_stays(void **state)
{
	SCOPED(secret_free) struct secret s = { NULL, 0 };

	(void)state;
	assert_int_equal(secret_copy(&s, SPAN_LIT("old")), ERR_OK);
	alloc_fail_after(0);
	assert_int_equal(secret_copy(&s, SPAN_LIT("new")), ERR_NOMEM);
	assert_int_equal(secret_alloc(&s, 3), ERR_NOMEM);
	alloc_fail_never();
	assert_true(span_is(secret_span(&s), "old"));
}

static void
free_can_be_called_twice_and_with_null(void **state)
{
	struct secret s = { NULL, 0 };

	(void)state;
	assert_int_equal(secret_alloc(&s, 1), ERR_OK);
	secret_free(&s);
	assert_null(s.p);
	secret_free(&s);
	secret_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wipe_leaves_zeros),
		cmocka_unit_test(alloc_gives_zeros_and_copy_gives_a_copy),
		cmocka_unit_test(a_secret_can_be_copied_from_itself),
		cmocka_unit_test(without_memory_the_old_value_stays),
		cmocka_unit_test(free_can_be_called_twice_and_with_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
