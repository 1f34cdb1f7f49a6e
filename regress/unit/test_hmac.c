/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/hmac.h"
#include "regress/support/kat.h"

static void
each_vector_twice_under_one_key(void **state)
{
	struct kat kat;
	unsigned n = 0;

	(void)state;
	kat_open(&kat, "hmac.txt");
	while (kat_next(&kat)) {
		const struct hash_alg *alg = hash_find(kat_text(&kat, "hash"));
		uint8_t out[HASH_MAX_LEN];
		size_t key_len, msg_len, len;
		const uint8_t *key = kat_bytes(&kat, "key", &key_len);
		const uint8_t *msg = kat_bytes(&kat, "msg", &msg_len);
		const uint8_t *mac = kat_bytes(&kat, "mac", &len);
		struct hmac h;

		assert_non_null(alg);
		hmac_once(alg, span_of(key, key_len), span_of(msg, msg_len), out);
		assert_memory_equal(out, mac, len);
		hmac_init(&h, alg, span_of(key, key_len));
		for (int i = 0; i < 2; i++) {
			hmac_update(&h, span_of(msg, msg_len / 2));
			hmac_update(&h, span_of(msg + msg_len / 2, msg_len - msg_len / 2));
			hmac_final(&h, out);
			assert_memory_equal(out, mac, len);
		}
		hmac_wipe(&h);
		n++;
	}
	assert_true(n > 25);
}

static void
an_empty_key_and_message_are_fine(void **state)
{
	/* RFC 2104 with nothing: HMAC-SHA256("", ""), as openssl mac prints it. */
	static const uint8_t right[] = {
		0xb6, 0x13, 0x67, 0x9a, 0x08, 0x14, 0xd9, 0xec, 0x77, 0x2f, 0x95, 0xd7, 0x78,
		0xc3, 0x5f, 0xc5, 0xff, 0x16, 0x97, 0xc4, 0x93, 0x71, 0x56, 0x53, 0xc6, 0xc7,
		0x12, 0x14, 0x42, 0x92, 0xc5, 0xad,
	};
	uint8_t out[HASH_MAX_LEN];

	(void)state;
	hmac_once(hash_find("sha256"), SPAN_EMPTY, SPAN_EMPTY, out);
	assert_memory_equal(out, right, sizeof(right));
}

static void
wipe_leaves_nothing_behind(void **state)
{
	static const struct hmac zero;
	struct hmac h;

	(void)state;
	hmac_init(&h, hash_find("sha256"), SPAN_LIT("key"));
	hmac_wipe(&h);
	assert_memory_equal(&h, &zero, sizeof(h));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_vector_twice_under_one_key),
		cmocka_unit_test(an_empty_key_and_message_are_fine),
		cmocka_unit_test(wipe_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
