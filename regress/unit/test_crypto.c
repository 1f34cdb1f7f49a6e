/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "crypto/crypto.h"

static void
warming_up_leaves_no_error(void **state)
{
	(void)state;
	crypto_warm();
	crypto_warm();
	assert_int_equal(ERR_peek_error(), 0);
}

static void
an_error_is_told_once(void **state)
{
	char buf[128];

	(void)state;
	assert_string_equal(crypto_error(buf, sizeof(buf)), "");
	assert_null(EVP_CIPHER_fetch(NULL, "no such cipher", NULL));
	assert_true(strlen(crypto_error(buf, sizeof(buf))) > 0);
	assert_string_equal(crypto_error(buf, sizeof(buf)), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(warming_up_leaves_no_error),
		cmocka_unit_test(an_error_is_told_once),
	};

	crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
