/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/err.h>

#include "base/text.h"
#include "crypto/cipher.h"
#include "crypto/crypto.h"
#include "regress/support/kat.h"

#define MAX_DATA	256

struct vector {
	struct cipher_info info;
	struct span key, iv, plain, crypt, tag;
};

static struct span
field(const struct kat *kat, const char *name)
{
	size_t len;
	const uint8_t *p = kat_bytes(kat, name, &len);

	return span_of(p, len);
}

static struct vector
read_vector(const struct kat *kat)
{
	struct vector v = {
		.key = field(kat, "key"), .iv = field(kat, "iv"), .plain = field(kat, "plain"),
		.crypt = field(kat, "crypt"), .tag = field(kat, "tag"),
	};

	assert_true(cipher_find(&v.info, span_str(kat_text(kat, "cipher"))));
	assert_int_equal(v.key.len, v.info.key_len);
	assert_int_equal(v.iv.len, v.info.iv_len);
	assert_int_equal(v.tag.len, v.info.tag_len);
	assert_true(v.plain.len <= MAX_DATA);
	return v;
}

static void
each_vector_both_ways(void **state)
{
	struct kat kat;
	unsigned n = 0;

	(void)state;
	kat_open(&kat, "cipher.txt");
	while (kat_next(&kat)) {
		struct vector v = read_vector(&kat);
		uint8_t data[MAX_DATA], tag[16];
		struct room room = { data, v.plain.len };

		memcpy(data, v.plain.p, v.plain.len);
		assert_int_equal(cipher_encrypt(&v.info, v.key, v.iv, room, tag), ERR_OK);
		assert_memory_equal(data, v.crypt.p, v.crypt.len);
		assert_memory_equal(tag, v.tag.p, v.tag.len);
		assert_int_equal(cipher_decrypt(&v.info, v.key, v.iv, room, v.tag), ERR_OK);
		assert_memory_equal(data, v.plain.p, v.plain.len);
		n++;
	}
	assert_true(n >= 10);
}

/* A span of n bytes that nobody minds. */
static struct span
some(size_t n)
{
	static const uint8_t bytes[64] = { 1, 2, 3 };

	return span_of(bytes, n);
}

static void
each_cipher_goes_there_and_back(void **state)
{
	struct span names = span_str(crypto_cipher_names()), name;

	(void)state;
	while (span_token(&names, ',', &name)) {
		uint8_t data[64] = "the plain text", clear[64], tag[16];
		struct room room = { data, sizeof(data) };
		struct cipher_info info;

		assert_true(cipher_find(&info, name));
		memcpy(clear, data, sizeof(data));
		assert_int_equal(cipher_encrypt(&info, some(info.key_len), some(info.iv_len), room, tag),
		    ERR_OK);
		assert_memory_not_equal(data, clear, sizeof(data));
		assert_int_equal(cipher_decrypt(&info, some(info.key_len), some(info.iv_len), room,
		    span_of(tag, info.tag_len)), ERR_OK);
		assert_memory_equal(data, clear, sizeof(data));
	}
}

static void
a_wrong_tag_wipes_the_data(void **state)
{
	struct span names = span_str(crypto_cipher_auth_names()), name;

	(void)state;
	while (span_token(&names, ',', &name)) {
		static const uint8_t zero[64];
		uint8_t data[64] = "the plain text", tag[16];
		struct room room = { data, sizeof(data) };
		struct cipher_info info;

		assert_true(cipher_find(&info, name));
		assert_int_equal(cipher_encrypt(&info, some(info.key_len), some(info.iv_len), room, tag),
		    ERR_OK);
		tag[15] ^= 1;
		assert_int_equal(cipher_decrypt(&info, some(info.key_len), some(info.iv_len), room,
		    span_of(tag, sizeof(tag))), ERR_MAC);
		assert_memory_equal(data, zero, sizeof(data));
		assert_int_equal(ERR_peek_error(), 0);
	}
}

static void
wrong_lengths_are_refused(void **state)
{
	uint8_t data[32] = { 0 }, tag[16];
	struct room room = { data, sizeof(data) };
	struct cipher_info info;

	(void)state;
	assert_true(cipher_find(&info, SPAN_LIT("aes256-ctr")));
	assert_int_equal(cipher_encrypt(&info, some(31), some(16), room, tag), ERR_RANGE);
	assert_int_equal(cipher_encrypt(&info, some(32), some(15), room, tag), ERR_RANGE);
	room.len = 31;
	assert_int_equal(cipher_encrypt(&info, some(32), some(16), room, tag), ERR_RANGE);
	assert_true(cipher_find(&info, SPAN_LIT("aes256-gcm@openssh.com")));
	room.len = 32;
	assert_int_equal(cipher_decrypt(&info, some(32), some(12), room, some(15)), ERR_RANGE);
	assert_false(cipher_find(&info, SPAN_LIT("aes256")));
	assert_false(cipher_find(&info, SPAN_EMPTY));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_vector_both_ways),
		cmocka_unit_test(each_cipher_goes_there_and_back),
		cmocka_unit_test(a_wrong_tag_wipes_the_data),
		cmocka_unit_test(wrong_lengths_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
