/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/err.h>

#include "crypto/ecdh.h"
#include "regress/support/alloc.h"
#include "regress/support/alloc_crypto.h"
#include "regress/support/kat.h"

static const char *const names[] = { "nistp256", "nistp384", "nistp521" };

static enum ecdh_curve
curve_of(const char *name)
{
	for (size_t i = 0; i < COUNT(names); i++) {
		if (strcmp(names[i], name) == 0)
			return (enum ecdh_curve)i;
	}
	fail_msg("unknown curve %s", name);
	return ECDH_P256;
}

static void
each_vector_gives_its_result_or_is_refused(void **state)
{
	struct kat kat;
	unsigned good = 0, bad = 0;

	(void)state;
	kat_open(&kat, "ecdh.txt");
	while (kat_next(&kat)) {
		enum ecdh_curve curve = curve_of(kat_text(&kat, "curve"));
		uint8_t secret[ECDH_MAX_LEN] = { 0 }, shared[ECDH_MAX_LEN];
		size_t peer_len, len;
		const uint8_t *peer = kat_bytes(&kat, "peer", &peer_len);
		const uint8_t *right = kat_bytes(&kat, "shared", &len);
		enum err e;

		memcpy(secret, kat_bytes(&kat, "secret", NULL), ecdh_len(curve));
		e = ecdh_agree(curve, secret, span_of(peer, peer_len), shared);
		if (len == 0) {
			assert_int_equal(e, ERR_KEX);
			bad++;
		} else {
			assert_int_equal(e, ERR_OK);
			assert_int_equal(len, ecdh_len(curve));
			assert_memory_equal(shared, right, len);
			good++;
		}
		assert_int_equal(ERR_peek_error(), 0);
	}
	assert_true(good >= 15 && bad >= 6);
}

static void
both_sides_agree_on_every_curve(void **state)
{
	struct rng_test seed = { 1 };
	struct rng rng = rng_test(&seed);

	(void)state;
	for (enum ecdh_curve c = ECDH_P256; c <= ECDH_P521; c++) {
		uint8_t a[ECDH_MAX_LEN], b[ECDH_MAX_LEN], sa[ECDH_MAX_LEN], sb[ECDH_MAX_LEN];
		uint8_t pa[ECDH_MAX_POINT], pb[ECDH_MAX_POINT];

		assert_int_equal(ecdh_keygen(c, &rng, a, pa), ERR_OK);
		assert_int_equal(ecdh_keygen(c, &rng, b, pb), ERR_OK);
		assert_int_equal(pa[0], 4);
		assert_memory_not_equal(pa, pb, ecdh_point_len(c));
		assert_int_equal(ecdh_agree(c, a, span_of(pb, ecdh_point_len(c)), sa), ERR_OK);
		assert_int_equal(ecdh_agree(c, b, span_of(pa, ecdh_point_len(c)), sb), ERR_OK);
		assert_memory_equal(sa, sb, ecdh_len(c));
	}
}

static void
refused(enum ecdh_curve c, const uint8_t *secret, const uint8_t *p, size_t len)
{
	static const uint8_t zero[ECDH_MAX_LEN];
	uint8_t shared[ECDH_MAX_LEN];

	memset(shared, 0xff, sizeof(shared));
	assert_int_equal(ecdh_agree(c, secret, span_of(p, len), shared), ERR_KEX);
	assert_memory_equal(shared, zero, sizeof(shared));
	assert_int_equal(ERR_peek_error(), 0);
}

static void
every_form_but_uncompressed_is_refused(void **state)
{
	struct rng_test seed = { 3 };
	struct rng rng = rng_test(&seed);

	(void)state;
	for (enum ecdh_curve c = ECDH_P256; c <= ECDH_P521; c++) {
		uint8_t secret[ECDH_MAX_LEN], point[ECDH_MAX_POINT + 1] = { 0 };
		size_t len = ecdh_point_len(c);

		assert_int_equal(ecdh_keygen(c, &rng, secret, point), ERR_OK);
		for (unsigned form = 0; form < 256; form++) {
			point[0] = (uint8_t)form;
			if (form != 4)
				refused(c, secret, point, len);
		}
		for (uint8_t form = 2; form <= 3; form++) {	/* compressed, right length */
			point[0] = form;
			refused(c, secret, point, 1 + ecdh_len(c));
		}
		point[0] = 4;
		refused(c, secret, point, len - 1);
		refused(c, secret, point, len + 1);
		refused(c, secret, (const uint8_t *)"", 1);	/* infinity */
		refused(c, secret, NULL, 0);
	}
}

static void
points_off_the_curve_are_refused(void **state)
{
	struct rng_test seed = { 4 };
	struct rng rng = rng_test(&seed);

	(void)state;
	for (enum ecdh_curve c = ECDH_P256; c <= ECDH_P521; c++) {
		uint8_t secret[ECDH_MAX_LEN], point[ECDH_MAX_POINT];
		size_t len = ecdh_point_len(c);

		assert_int_equal(ecdh_keygen(c, &rng, secret, point), ERR_OK);
		for (size_t bit = 8; bit < 8 * len; bit += 13) {
			point[bit / 8] ^= (uint8_t)(1 << bit % 8);
			refused(c, secret, point, len);
			point[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		memset(point + 1, 0, len - 1);
		refused(c, secret, point, len);
		memset(point + 1, 0xff, len - 1);		/* coordinates above p */
		refused(c, secret, point, len);
	}
}

static void
running_out_of_memory_gives_an_error(void **state)
{
	struct rng_test seed = { 5 };
	struct rng rng = rng_test(&seed);
	uint8_t secret[ECDH_MAX_LEN], public[ECDH_MAX_POINT], shared[ECDH_MAX_LEN];

	(void)state;
	assert_int_equal(ecdh_keygen(ECDH_P256, &rng, secret, public), ERR_OK);
	for (unsigned n = 0;; n++) {
		enum err e;

		alloc_fail_after(n);
		e = ecdh_agree(ECDH_P256, secret, span_of(public, 65), shared);
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
		cmocka_unit_test(each_vector_gives_its_result_or_is_refused),
		cmocka_unit_test(both_sides_agree_on_every_curve),
		cmocka_unit_test(every_form_but_uncompressed_is_refused),
		cmocka_unit_test(points_off_the_curve_are_refused),
		cmocka_unit_test(running_out_of_memory_gives_an_error),
	};

	if (!alloc_crypto_hook())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
