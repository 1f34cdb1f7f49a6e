/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/hash.h"
#include "regress/support/kat.h"

static void
each_vector_at_once_and_byte_by_byte(void **state)
{
	struct kat kat;
	unsigned n = 0;

	(void)state;
	kat_open(&kat, "hash.txt");
	while (kat_next(&kat)) {
		const struct hash_alg *alg = hash_find(kat_text(&kat, "hash"));
		uint8_t out[HASH_MAX_LEN];
		size_t msg_len, len;
		const uint8_t *msg = kat_bytes(&kat, "msg", &msg_len);
		const uint8_t *digest = kat_bytes(&kat, "digest", &len);
		struct hash h;

		assert_non_null(alg);
		assert_int_equal(len, hash_len(alg));
		hash_once(alg, span_of(msg, msg_len), out);
		assert_memory_equal(out, digest, len);
		hash_init(&h, alg);
		for (size_t i = 0; i < msg_len; i++)
			hash_update(&h, span_of(msg + i, 1));
		hash_update(&h, SPAN_EMPTY);
		hash_final(&h, out);
		assert_memory_equal(out, digest, len);
		n++;
	}
	assert_true(n > 40);
}

static void
a_copy_goes_its_own_way(void **state)
{
	const struct hash_alg *alg = hash_find("sha256");
	uint8_t whole[HASH_MAX_LEN], out[HASH_MAX_LEN];
	struct hash a, b;

	(void)state;
	hash_once(alg, SPAN_LIT("common and its own end"), whole);
	hash_init(&a, alg);
	hash_update(&a, SPAN_LIT("common"));
	b = a;
	hash_update(&b, SPAN_LIT(" but something else"));
	hash_final(&b, out);
	assert_memory_not_equal(out, whole, 32);
	hash_update(&a, SPAN_LIT(" and its own end"));
	hash_final(&a, out);
	assert_memory_equal(out, whole, 32);
}

static void
an_unknown_name_is_not_found(void **state)
{
	(void)state;
	assert_null(hash_find("sha3-256"));
	assert_null(hash_find(""));
	assert_null(hash_find("SHA256"));
	assert_string_equal(hash_name(hash_find("sha384")), "sha384");
	assert_int_equal(hash_block_len(hash_find("sha512")), 128);
}

static void
final_leaves_nothing_behind(void **state)
{
	static const struct hash zero;
	uint8_t out[HASH_MAX_LEN];
	struct hash h;

	(void)state;
	hash_init(&h, hash_find("sha512"));
	hash_update(&h, SPAN_LIT("secret"));
	hash_final(&h, out);
	assert_memory_equal(&h, &zero, sizeof(h));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_vector_at_once_and_byte_by_byte),
		cmocka_unit_test(a_copy_goes_its_own_way),
		cmocka_unit_test(an_unknown_name_is_not_found),
		cmocka_unit_test(final_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
