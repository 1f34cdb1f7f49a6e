/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/keccak.h"
#include "regress/support/kat.h"

static void
start(struct keccak *k, const char *name)
{
	if (strcmp(name, "sha3-256") == 0)
		sha3_256_init(k);
	else if (strcmp(name, "sha3-512") == 0)
		sha3_512_init(k);
	else if (strcmp(name, "shake128") == 0)
		shake128_init(k);
	else if (strcmp(name, "shake256") == 0)
		shake256_init(k);
	else
		fail_msg("unknown hash %s", name);
}

static void
each_vector_at_once_and_in_pieces(void **state)
{
	struct kat kat;
	unsigned n = 0;

	(void)state;
	kat_open(&kat, "keccak.txt");
	while (kat_next(&kat)) {
		uint8_t out[512];
		size_t msg_len, len;
		const uint8_t *msg = kat_bytes(&kat, "msg", &msg_len);
		const uint8_t *digest = kat_bytes(&kat, "digest", &len);
		struct keccak k;

		assert_true(len <= sizeof(out));
		start(&k, kat_text(&kat, "hash"));
		keccak_absorb(&k, span_of(msg, msg_len));
		keccak_squeeze(&k, out, len);
		assert_memory_equal(out, digest, len);
		start(&k, kat_text(&kat, "hash"));
		for (size_t i = 0; i < msg_len; i += 3)
			keccak_absorb(&k, span_of(msg + i, msg_len - i < 3 ? msg_len - i : 3));
		for (size_t i = 0; i < len; i++)
			keccak_squeeze(&k, out + i, 1);
		assert_memory_equal(out, digest, len);
		n++;
	}
	assert_true(n > 30);
}

static void
output_in_odd_pieces_is_the_same_stream(void **state)
{
	uint8_t whole[1000], parts[1000];
	struct keccak k;
	size_t at = 0;

	(void)state;
	shake128_init(&k);
	keccak_squeeze(&k, whole, sizeof(whole));
	/* The stream that begins 7f9c2ba4...: SHAKE128 of nothing. */
	assert_memory_equal(whole, "\x7f\x9c\x2b\xa4\xe8\x8f\x82\x7d", 8);
	shake128_init(&k);
	for (size_t n = 1; at < sizeof(parts); n = n * 7 % 61) {
		size_t take = n < sizeof(parts) - at ? n : sizeof(parts) - at;

		keccak_squeeze(&k, parts + at, take);
		at += take;
	}
	assert_memory_equal(whole, parts, sizeof(whole));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_vector_at_once_and_in_pieces),
		cmocka_unit_test(output_in_odd_pieces_is_the_same_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
