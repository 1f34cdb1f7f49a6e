/* SPDX-License-Identifier: ISC */
/* crypto/scrypt: the vectors of RFC 7914, section 12. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "crypto/scrypt.h"

static void
it_gives_what_the_rfc_has(void **state)
{
	static const struct {
		struct span secret, salt;
		uint64_t n, r, p;
		const char *begins;
	} rows[] = {
		{ SPAN_LIT(""), SPAN_LIT(""), 16, 1, 1,
		    "\x77\xd6\x57\x62\x38\x65\x7b\x20\x3b\x19\xca\x42\xc1\x8a\x04\x97" },
		{ SPAN_LIT("password"), SPAN_LIT("NaCl"), 1024, 8, 16,
		    "\xfd\xba\xbe\x1c\x9d\x34\x72\x00\x78\x56\xe7\x19\x0d\x01\xe9\xfe" },
		{ SPAN_LIT("pleaseletmein"), SPAN_LIT("SodiumChloride"), 16384, 8, 1,
		    "\x70\x23\xbd\xcb\x3a\xfd\x73\x48\x46\x1c\x06\xcd\x81\xfd\x38\xeb" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t out[64];

		assert_int_equal(scrypt(rows[i].secret, rows[i].salt, rows[i].n, rows[i].r, rows[i].p, out,
		    sizeof(out)), ERR_OK);
		assert_memory_equal(out, rows[i].begins, 16);
	}
}

static void
parameters_that_cannot_be_are_refused(void **state)
{
	uint8_t out[8];

	(void)state;
	assert_int_equal(scrypt(SPAN_LIT("x"), SPAN_LIT("y"), 15, 8, 1, out, sizeof(out)), ERR_CRYPTO);
	assert_int_equal(scrypt(SPAN_LIT("x"), SPAN_LIT("y"), 16, 0, 1, out, sizeof(out)), ERR_CRYPTO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_gives_what_the_rfc_has),
		cmocka_unit_test(parameters_that_cannot_be_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
