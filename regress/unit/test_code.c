/* SPDX-License-Identifier: ISC */
/* auth/code: codes as people type them, what they become, and the proof. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <string.h>

#include "auth/code.h"
#include "base/rng.h"

static void
a_code_that_was_made_is_one(void **state)
{
	struct rng_test seed = { 1 };
	struct rng rng = rng_test(&seed);

	(void)state;
	for (int i = 0; i < 1000; i++) {
		char code[CODE_SIZE], again[CODE_SIZE];

		code_make(&rng, code);
		assert_int_equal(strlen(code), CODE_SIZE - 1);
		assert_null(strpbrk(code, "ILOU"));
		assert_int_equal(code_parse(span_str(code), again), ERR_OK);
		assert_string_equal(code, again);
	}
}

static void
how_it_is_typed_does_not_matter(void **state)
{
	struct rng_test seed = { 2 };
	struct rng rng = rng_test(&seed);

	(void)state;
	for (int i = 0; i < 200; i++) {
		char code[CODE_SIZE], typed[2 * CODE_SIZE], again[CODE_SIZE];
		size_t n = 0;

		code_make(&rng, code);
		for (const char *p = code; *p != '\0'; p++) {
			char c = *p == '0' ? 'o' : *p == '1' ? (i % 2 ? 'L' : 'i') : (char)tolower(*p);

			if (*p == '-')
				continue;
			typed[n++] = c;
			if (n % 3 == 0)
				typed[n++] = ' ';
		}
		typed[n] = '\0';
		assert_int_equal(code_parse(span_str(typed), again), ERR_OK);
		assert_string_equal(code, again);
	}
}

static void
a_wrong_letter_and_two_that_changed_places_are_found(void **state)
{
	static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	struct rng_test seed = { 3 };
	struct rng rng = rng_test(&seed);
	char code[CODE_SIZE], wrong[CODE_SIZE], out[CODE_SIZE];

	(void)state;
	for (int round = 0; round < 20; round++) {
		code_make(&rng, code);
		for (size_t at = 0; at < CODE_SIZE - 1; at++) {
			if (code[at] == '-')
				continue;
			for (const char *l = letters; *l != '\0'; l++) {
				memcpy(wrong, code, sizeof(wrong));
				wrong[at] = *l;
				assert_int_equal(code_parse(span_str(wrong), out),
				    *l == code[at] ? ERR_OK : ERR_SYNTAX);
			}
			for (size_t with = at + 1; with < CODE_SIZE - 1; with++) {
				if (code[with] == '-' || code[with] == code[at])
					continue;
				memcpy(wrong, code, sizeof(wrong));
				wrong[at] = code[with];
				wrong[with] = code[at];
				assert_int_equal(code_parse(span_str(wrong), out), ERR_SYNTAX);
			}
		}
	}
}

static void
what_is_no_code_is_refused(void **state)
{
	static const char *const bad[] = { "", "-", "7KQ2", "7KQ2-M9XD-4RTVC-", "secret password",
	    "0000-0000-00001", "0000-0000-000000", "UUUU-UUUU-UUUUU", "\xff\xff\xff\xff" };
	char out[CODE_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (i == 3)
			continue;
		assert_int_equal(code_parse(span_str(bad[i]), out), ERR_SYNTAX);
	}
	assert_int_equal(code_parse(SPAN_LIT("0000-0000-00000"), out), ERR_OK);
	assert_int_equal(code_parse(SPAN_LIT("0000\0-0000-00000"), out), ERR_SYNTAX);
}

static void
both_sides_get_the_same_keys_and_others_get_others(void **state)
{
	struct code_keys a, b, c;

	(void)state;
	assert_int_equal(code_stretch("0000-0000-00000", &a), ERR_OK);
	assert_int_equal(code_stretch("0000-0000-00000", &b), ERR_OK);
	assert_int_equal(code_stretch("7KQ2-M9XD-4RTVC", &c), ERR_OK);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_memory_not_equal(a.seed, c.seed, sizeof(a.seed));
	assert_memory_not_equal(a.proof, c.proof, sizeof(a.proof));
	assert_memory_not_equal(a.seed, a.proof, sizeof(a.proof));
}

static void
a_proof_is_for_one_session_one_host_key_and_one_code(void **state)
{
	uint8_t key[CODE_PROOF_LEN] = { 1 }, other[CODE_PROOF_LEN] = { 2 };
	uint8_t proof[32], again[32];

	(void)state;
	code_proof(key, SPAN_LIT("session"), SPAN_LIT("host"), proof);
	code_proof(key, SPAN_LIT("session"), SPAN_LIT("host"), again);
	assert_memory_equal(proof, again, 32);
	code_proof(key, SPAN_LIT("session2"), SPAN_LIT("host"), again);
	assert_memory_not_equal(proof, again, 32);
	code_proof(key, SPAN_LIT("session"), SPAN_LIT("host2"), again);
	assert_memory_not_equal(proof, again, 32);
	code_proof(key, SPAN_LIT("sessionh"), SPAN_LIT("ost"), again);
	assert_memory_not_equal(proof, again, 32);
	code_proof(other, SPAN_LIT("session"), SPAN_LIT("host"), again);
	assert_memory_not_equal(proof, again, 32);
}

static void
the_mark_of_a_relay_stands_before_a_code_and_is_no_part_of_it(void **state)
{
	static const char *const marked[] = { "R-0000-0000-00000", "r0000000000000 ", "R 0000 0000 0000 0" };
	static const char *const wrong[] = { "R-0000-0000-00001", "X-0000-0000-00000", "RR-0000-0000-00000", "R-0000-0000-0000" };
	char out[CODE_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(marked); i++) {
		assert_true(code_is_relayed(span_str(marked[i])));
		assert_int_equal(code_parse(span_str(marked[i]), out), ERR_OK);
		assert_string_equal(out, "0000-0000-00000");
	}
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(code_parse(span_str(wrong[i]), out), ERR_SYNTAX);
	assert_false(code_is_relayed(SPAN_LIT("0000-0000-00000")));
	assert_false(code_is_relayed(SPAN_LIT("R000-0000-00000")));
	assert_false(code_is_relayed(SPAN_EMPTY));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_code_that_was_made_is_one),
		cmocka_unit_test(how_it_is_typed_does_not_matter),
		cmocka_unit_test(a_wrong_letter_and_two_that_changed_places_are_found),
		cmocka_unit_test(what_is_no_code_is_refused),
		cmocka_unit_test(both_sides_get_the_same_keys_and_others_get_others),
		cmocka_unit_test(the_mark_of_a_relay_stands_before_a_code_and_is_no_part_of_it),
		cmocka_unit_test(a_proof_is_for_one_session_one_host_key_and_one_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
