/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/bcrypt_pbkdf.h"
#include "regress/support/alloc.h"
#include "regress/support/kat.h"

static void
results_are_those_of_other_implementations(void **state)
{
	struct kat kat;

	(void)state;
	kat_open(&kat, "bcrypt_pbkdf.txt");
	while (kat_next(&kat)) {
		size_t pass_len, salt_len, len;
		const uint8_t *pass = kat_bytes(&kat, "password", &pass_len);
		const uint8_t *salt = kat_bytes(&kat, "salt", &salt_len);
		const uint8_t *key = kat_bytes(&kat, "key", &len);
		uint8_t out[BCRYPT_PBKDF_MAX];

		assert_int_equal(bcrypt_pbkdf(span_of(pass, pass_len), span_of(salt, salt_len),
		    (unsigned)atoi(kat_text(&kat, "rounds")), (struct room){ out, len }), ERR_OK);
		assert_memory_equal(out, key, len);
	}
}

static void
empty_and_oversized_arguments_are_refused(void **state)
{
	uint8_t out[BCRYPT_PBKDF_MAX + 1];
	struct span s = SPAN_LIT("x");

	(void)state;
	assert_int_equal(bcrypt_pbkdf(SPAN_EMPTY, s, 1, (struct room){ out, 1 }), ERR_RANGE);
	assert_int_equal(bcrypt_pbkdf(s, SPAN_EMPTY, 1, (struct room){ out, 1 }), ERR_RANGE);
	assert_int_equal(bcrypt_pbkdf(s, s, 0, (struct room){ out, 1 }), ERR_RANGE);
	assert_int_equal(bcrypt_pbkdf(s, s, 1, (struct room){ out, 0 }), ERR_RANGE);
	assert_int_equal(bcrypt_pbkdf(s, s, 1, (struct room){ out, sizeof out }), ERR_RANGE);
}

static void
running_out_of_memory_is_reported(void **state)
{
	uint8_t out[1];

	(void)state;
	alloc_fail_after(0);
	assert_int_equal(bcrypt_pbkdf(SPAN_LIT("x"), SPAN_LIT("x"), 1, (struct room){ out, 1 }),
	    ERR_NOMEM);
	alloc_fail_never();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_are_those_of_other_implementations),
		cmocka_unit_test(empty_and_oversized_arguments_are_refused),
		cmocka_unit_test(running_out_of_memory_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
