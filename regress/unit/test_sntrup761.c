/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/sntrup761.h"
#include "crypto/sntrup_code.h"
#include "regress/support/kat.h"

static void
each_vector_gives_its_secret_and_changed_another(void **state)
{
	struct kat kat;
	unsigned n = 0;

	(void)state;
	kat_open(&kat, "sntrup761.txt");
	while (kat_next(&kat)) {
		const uint8_t *secret = kat_bytes(&kat, "secret", NULL);
		uint8_t ct[SNTRUP761_CT_LEN], shared[SNTRUP761_SHARED_LEN];
		size_t at = strtoul(kat_text(&kat, "changed"), NULL, 10);

		memcpy(ct, kat_bytes(&kat, "ct", NULL), sizeof(ct));
		assert_int_equal(sntrup761_decaps(secret, span_of(ct, sizeof(ct)), shared), ERR_OK);
		assert_memory_equal(shared, kat_bytes(&kat, "shared", NULL), sizeof(shared));
		ct[at] ^= 1;
		assert_int_equal(sntrup761_decaps(secret, span_of(ct, sizeof(ct)), shared), ERR_OK);
		assert_memory_equal(shared, kat_bytes(&kat, "rejected", NULL), sizeof(shared));
		n++;
	}
	assert_true(n >= 4);
}

static void
both_sides_agree(void **state)
{
	struct rng_test seed = { 1 };
	struct rng rng = rng_test(&seed);

	(void)state;
	for (int i = 0; i < 20; i++) {
		uint8_t public[SNTRUP761_PUBLIC_LEN], secret[SNTRUP761_SECRET_LEN];
		uint8_t ct[SNTRUP761_CT_LEN], a[SNTRUP761_SHARED_LEN], b[SNTRUP761_SHARED_LEN];

		sntrup761_keygen(&rng, public, secret);
		assert_int_equal(sntrup761_encaps(&rng, span_of(public, sizeof(public)), ct, a), ERR_OK);
		assert_int_equal(sntrup761_decaps(secret, span_of(ct, sizeof(ct)), b), ERR_OK);
		assert_memory_equal(a, b, sizeof(a));
		ct[i * 50] ^= 0x80;
		assert_int_equal(sntrup761_decaps(secret, span_of(ct, sizeof(ct)), b), ERR_OK);
		assert_memory_not_equal(a, b, sizeof(a));
	}
}

static void
wrong_lengths_are_refused(void **state)
{
	struct rng_test seed = { 2 };
	struct rng rng = rng_test(&seed);
	uint8_t bytes[SNTRUP761_SECRET_LEN] = { 0 };
	uint8_t ct[SNTRUP761_CT_LEN], shared[SNTRUP761_SHARED_LEN];

	(void)state;
	assert_int_equal(sntrup761_encaps(&rng, span_of(bytes, SNTRUP761_PUBLIC_LEN - 1), ct, shared),
	    ERR_KEX);
	assert_int_equal(sntrup761_encaps(&rng, span_of(bytes, SNTRUP761_PUBLIC_LEN + 1), ct, shared),
	    ERR_KEX);
	assert_int_equal(sntrup761_encaps(&rng, SPAN_EMPTY, ct, shared), ERR_KEX);
	assert_int_equal(sntrup761_decaps(bytes, span_of(bytes, SNTRUP761_CT_LEN - 1), shared), ERR_KEX);
	assert_int_equal(sntrup761_decaps(bytes, span_of(bytes, SNTRUP761_CT_LEN + 1), shared), ERR_KEX);
}

static void
any_element_is_encoded_and_decoded(void **state)
{
	struct rng_test seed = { 3 };
	struct rng rng = rng_test(&seed);

	(void)state;
	for (int turn = 0; turn < 200; turn++) {
		uint8_t rq[SNTRUP_RQ_BYTES], rounded[SNTRUP_ROUNDED_BYTES], small[SNTRUP_SMALL_BYTES];
		struct sntrup_poly p = { { 0 } }, back;

		for (size_t i = 0; i < SNTRUP_P; i++)	/* the ends of the range first */
			p.c[i] = (int16_t)(turn == 0 ? -2295 : turn == 1 ? 2295 :
			    (int)rng_below(&rng, SNTRUP_Q) - 2295);
		sntrup_rq_put(rq, &p);
		sntrup_rq_get(&back, rq);
		assert_memory_equal(&p, &back, sizeof(p));
		sntrup_round(&p);
		for (size_t i = 0; i < SNTRUP_P; i++)
			assert_int_equal(p.c[i] % 3, 0);
		sntrup_rounded_put(rounded, &p);
		sntrup_rounded_get(&back, rounded);
		assert_memory_equal(&p, &back, sizeof(p));
		for (size_t i = 0; i < SNTRUP_P; i++)
			p.c[i] = (int16_t)((int)rng_below(&rng, 3) - 1);
		sntrup_small_put(small, &p);
		sntrup_small_get(&back, small);
		assert_memory_equal(&p, &back, sizeof(p));
	}
}

static void
inverses_times_what_they_are_of_are_one(void **state)
{
	struct rng_test seed = { 4 };
	struct rng rng = rng_test(&seed);
	unsigned n = 0;

	(void)state;
	for (int turn = 0; turn < 20; turn++) {
		struct sntrup_poly g = { { 0 } }, inverse, product;

		for (size_t i = 0; i < SNTRUP_P; i++)
			g.c[i] = (int16_t)((int)rng_below(&rng, 3) - 1);
		sntrup_invert_q(&inverse, &g);
		sntrup_multiply_q(&product, &inverse, &g);	/* a third: 3 * -1530 is 1 */
		for (size_t i = 0; i < SNTRUP_P; i++)
			assert_int_equal(product.c[i], i == 0 ? -1530 : 0);
		if (!sntrup_invert_3(&inverse, &g))
			continue;
		sntrup_multiply_3(&product, &inverse, &g);
		for (size_t i = 0; i < SNTRUP_P; i++)
			assert_int_equal(product.c[i], i == 0);
		n++;
	}
	assert_true(n > 5);
	{
		struct sntrup_poly zero = { { 0 } }, out;

		assert_false(sntrup_invert_3(&out, &zero));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_vector_gives_its_secret_and_changed_another),
		cmocka_unit_test(both_sides_agree),
		cmocka_unit_test(wrong_lengths_are_refused),
		cmocka_unit_test(any_element_is_encoded_and_decoded),
		cmocka_unit_test(inverses_times_what_they_are_of_are_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
