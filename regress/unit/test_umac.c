/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "crypto/endian.h"
#include "crypto/umac.h"
#include "regress/support/kat.h"

static const uint8_t key[] = "abcdefghijklmnop";

static uint64_t
nonce(void)
{
	return get_be64((const uint8_t *)"bcdefghi");
}

/* The message of a record, malloc'ed. */
static uint8_t *
message_of(const struct kat *kat, size_t *len)
{
	const char *unit = kat_text(kat, "unit");
	size_t count = strtoul(kat_text(kat, "count"), NULL, 10), n = strlen(unit);
	uint8_t *p = malloc(n * count + 1);

	assert_non_null(p);
	for (size_t i = 0; i < count; i++)
		memcpy(p + n * i, unit, n);
	*len = n * count;
	return p;
}

static void
each_vector_with_both_lengths(void **state)
{
	struct umac u64, u128;
	struct kat kat;
	unsigned n = 0;

	(void)state;
	assert_int_equal(umac_init(&u64, 8, key), ERR_OK);
	assert_int_equal(umac_init(&u128, 16, key), ERR_OK);
	kat_open(&kat, "umac.txt");
	while (kat_next(&kat)) {
		size_t len, tag_len = 0;
		uint8_t *message = message_of(&kat, &len), tag[16];
		const char *field = kat_text(&kat, "tag96") != NULL ? "tag96" : "tag128";

		assert_int_equal(umac_compute(&u64, nonce(), span_of(message, len), tag), ERR_OK);
		assert_memory_equal(tag, kat_bytes(&kat, "tag64", NULL), 8);
		assert_int_equal(umac_compute(&u128, nonce(), span_of(message, len), tag), ERR_OK);
		assert_memory_equal(tag, kat_bytes(&kat, field, &tag_len), tag_len);
		free(message);
		n++;
	}
	umac_free(&u64);
	umac_free(&u128);
	assert_true(n >= 10);
}

static void
every_nonce_gives_another_tag(void **state)
{
	uint8_t tags[256][16];

	(void)state;
	for (size_t tag_len = 8; tag_len <= 16; tag_len += 8) {
		struct umac u;

		assert_int_equal(umac_init(&u, tag_len, key), ERR_OK);
		for (unsigned i = 0; i < 256; i++) {
			assert_int_equal(umac_compute(&u, i, SPAN_LIT("message"), tags[i]), ERR_OK);
			for (unsigned k = 0; k < i; k++)
				assert_memory_not_equal(tags[i], tags[k], tag_len);
		}
		umac_free(&u);
	}
}

static void
every_bit_of_the_message_counts(void **state)
{
	static const size_t lengths[] = { 1, 31, 32, 33, 1023, 1024, 1025, 2048, 3000 };
	uint8_t message[3000], right[16], tag[16];
	struct umac u;

	(void)state;
	assert_int_equal(umac_init(&u, 16, key), ERR_OK);
	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct span span = span_of(message, lengths[i]);

		memset(message, 0xff, sizeof(message));
		assert_int_equal(umac_compute(&u, 1, span, right), ERR_OK);
		for (size_t bit = 0; bit < 8 * lengths[i]; bit += 7) {
			message[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(umac_compute(&u, 1, span, tag), ERR_OK);
			assert_memory_not_equal(tag, right, 16);
			message[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		if (lengths[i] < sizeof(message)) {	/* zeros behind count, too */
			message[lengths[i]] = 0;
			assert_int_equal(umac_compute(&u, 1, span_of(message, lengths[i] + 1), tag),
			    ERR_OK);
			assert_memory_not_equal(tag, right, 16);
		}
	}
	umac_free(&u);
}

static void
a_message_that_is_too_long_is_refused(void **state)
{
	struct umac u;
	uint8_t tag[8], byte = 0;

	(void)state;
	assert_int_equal(umac_init(&u, 8, key), ERR_OK);
	assert_int_equal(umac_compute(&u, 1, span_of(&byte, UMAC_MAX_MESSAGE + 1), tag), ERR_LIMIT);
	umac_free(&u);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_vector_with_both_lengths),
		cmocka_unit_test(every_nonce_gives_another_tag),
		cmocka_unit_test(every_bit_of_the_message_counts),
		cmocka_unit_test(a_message_that_is_too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
