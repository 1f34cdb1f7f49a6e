/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/err.h>

#include "crypto/x25519.h"
#include "regress/support/alloc.h"
#include "regress/support/alloc_crypto.h"
#include "regress/support/kat.h"

static void
each_vector_gives_its_result(void **state)
{
	struct kat kat;
	unsigned n = 0;

	(void)state;
	kat_open(&kat, "x25519.txt");
	while (kat_next(&kat)) {
		uint8_t shared[X25519_LEN];

		assert_int_equal(x25519_agree(kat_bytes(&kat, "scalar", NULL),
		    span_of(kat_bytes(&kat, "u", NULL), X25519_LEN), shared), ERR_OK);
		assert_memory_equal(shared, kat_bytes(&kat, "result", NULL), X25519_LEN);
		n++;
	}
	assert_true(n >= 4);
}

static void
both_sides_agree(void **state)
{
	struct rng_test seed = { 1 };
	struct rng rng = rng_test(&seed);
	uint8_t a[X25519_LEN], b[X25519_LEN], pa[X25519_LEN], pb[X25519_LEN];
	uint8_t sa[X25519_LEN], sb[X25519_LEN];

	(void)state;
	assert_int_equal(x25519_keygen(&rng, a, pa), ERR_OK);
	assert_int_equal(x25519_keygen(&rng, b, pb), ERR_OK);
	assert_memory_not_equal(pa, pb, X25519_LEN);
	assert_int_equal(x25519_agree(a, span_of(pb, X25519_LEN), sa), ERR_OK);
	assert_int_equal(x25519_agree(b, span_of(pa, X25519_LEN), sb), ERR_OK);
	assert_memory_equal(sa, sb, X25519_LEN);
}

/*
 * All points of small order (RFC 7748 6.1: 0, 1, two of order 8, p - 1), and
 * p and p + 1, which are 0 and 1 not reduced; least significant byte first.
 */
static const uint8_t small_order[][X25519_LEN] = {
	{ 0 },
	{ 1 },
	{ 0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4,
	  0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49,
	  0xb8, 0x00 },
	{ 0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef,
	  0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f,
	  0x11, 0x57 },
	{ 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0x7f },
	{ 0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0x7f },
	{ 0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0x7f },
};

static void
points_of_small_order_are_refused(void **state)
{
	static const uint8_t zero[X25519_LEN];
	struct rng_test seed = { 2 };
	struct rng rng = rng_test(&seed);
	uint8_t secret[X25519_LEN], public[X25519_LEN], shared[X25519_LEN];

	(void)state;
	assert_int_equal(x25519_keygen(&rng, secret, public), ERR_OK);
	for (size_t i = 0; i < COUNT(small_order); i++) {
		uint8_t point[X25519_LEN];

		memcpy(point, small_order[i], X25519_LEN);
		for (int high = 0; high < 2; high++) {	/* the unused bit changes nothing */
			memset(shared, 0xff, sizeof(shared));
			assert_int_equal(x25519_agree(secret, span_of(point, X25519_LEN), shared),
			    ERR_KEX);
			assert_memory_equal(shared, zero, X25519_LEN);
			assert_int_equal(ERR_peek_error(), 0);
			point[31] |= 0x80;
		}
	}
}

static void
any_other_length_is_refused(void **state)
{
	uint8_t secret[X25519_LEN] = { 9 }, peer[64] = { 9 }, shared[X25519_LEN];

	(void)state;
	for (size_t len = 0; len <= sizeof(peer); len++) {
		if (len != X25519_LEN)
			assert_int_equal(x25519_agree(secret, span_of(peer, len), shared), ERR_KEX);
	}
	assert_int_equal(x25519_agree(secret, SPAN_EMPTY, shared), ERR_KEX);
}

static void
running_out_of_memory_gives_an_error(void **state)
{
	uint8_t secret[X25519_LEN] = { 9 }, peer[X25519_LEN] = { 9 }, shared[X25519_LEN];

	(void)state;
	for (unsigned n = 0;; n++) {
		enum err e;

		alloc_fail_after(n);
		e = x25519_agree(secret, span_of(peer, sizeof(peer)), shared);
		if (!alloc_failed()) {
			assert_int_equal(e, ERR_OK);
			break;
		}
		/* libcrypto may do without what it could not have. */
		if (e != ERR_OK)
			assert_int_equal(err_class(e), ERR_CLASS_LOCAL);
	}
	alloc_fail_never();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_vector_gives_its_result),
		cmocka_unit_test(both_sides_agree),
		cmocka_unit_test(points_of_small_order_are_refused),
		cmocka_unit_test(any_other_length_is_refused),
		cmocka_unit_test(running_out_of_memory_gives_an_error),
	};

	if (!alloc_crypto_hook())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
