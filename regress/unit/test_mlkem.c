/* SPDX-License-Identifier: ISC */
/*
 * Every vector runs on the in-tree implementation and, where libcrypto has
 * one, on libcrypto's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/err.h>

#include "crypto/keccak.h"
#include "crypto/mlkem_evp.h"
#include "crypto/mlkem_poly.h"
#include "crypto/mlkem_tree.h"
#include "regress/support/kat.h"

struct implementation {
	enum err (*keygen)(enum mlkem_set, const uint8_t *, const uint8_t *, uint8_t *, uint8_t *);
	enum err (*encaps)(enum mlkem_set, const uint8_t *, const uint8_t *, uint8_t *, uint8_t *);
	enum err (*decaps)(enum mlkem_set, const uint8_t *, const uint8_t *, uint8_t *);
};

static enum err
tree_keygen(enum mlkem_set set, const uint8_t *d, const uint8_t *z, uint8_t *ek, uint8_t *dk)
{
	mlkem_tree_keygen(set, d, z, ek, dk);
	return ERR_OK;
}

static const struct implementation implementations[] = {
	{ tree_keygen, mlkem_tree_encaps, mlkem_tree_decaps },
#if MLKEM_HAVE_EVP
	{ mlkem_evp_keygen, mlkem_evp_encaps, mlkem_evp_decaps },
#endif
};

static enum mlkem_set
set_of(const struct kat *kat)
{
	const char *name = kat_text(kat, "set");

	assert_non_null(name);
	return strcmp(name, "ML-KEM-768") == 0 ? MLKEM_768 : MLKEM_1024;
}

static void
key_generation_vectors(void **state)
{
	uint8_t ek[MLKEM_MAX_EK_LEN], dk[MLKEM_MAX_DK_LEN];
	struct kat kat;
	unsigned n = 0;

	(void)state;
	kat_open(&kat, "mlkem_keygen.txt");
	while (kat_next(&kat)) {
		enum mlkem_set set = set_of(&kat);
		const uint8_t *seed = kat_bytes(&kat, "seed", NULL);

		for (size_t i = 0; i < COUNT(implementations); i++) {
			assert_int_equal(implementations[i].keygen(set, seed, seed + 32, ek, dk), ERR_OK);
			assert_memory_equal(ek, kat_bytes(&kat, "ek", NULL), mlkem_ek_len(set));
			assert_memory_equal(dk, kat_bytes(&kat, "dk", NULL), mlkem_dk_len(set));
		}
		n++;
	}
	assert_true(n >= 8);
}

static void
encapsulation_vectors(void **state)
{
	uint8_t ct[MLKEM_MAX_CT_LEN], shared[MLKEM_SHARED_LEN];
	struct kat kat;
	unsigned n = 0;

	(void)state;
	kat_open(&kat, "mlkem_encap.txt");
	while (kat_next(&kat)) {
		enum mlkem_set set = set_of(&kat);

		for (size_t i = 0; i < COUNT(implementations); i++) {
			assert_int_equal(implementations[i].encaps(set, kat_bytes(&kat, "m", NULL),
			    kat_bytes(&kat, "ek", NULL), ct, shared), ERR_OK);
			assert_memory_equal(ct, kat_bytes(&kat, "ct", NULL), mlkem_ct_len(set));
			assert_memory_equal(shared, kat_bytes(&kat, "shared", NULL), MLKEM_SHARED_LEN);
		}
		n++;
	}
	assert_true(n >= 6);
}

static void
decapsulation_vectors_good_and_bad(void **state)
{
	uint8_t shared[MLKEM_SHARED_LEN];
	struct kat kat;
	unsigned n = 0;

	(void)state;
	kat_open(&kat, "mlkem_decap.txt");
	while (kat_next(&kat)) {
		enum mlkem_set set = set_of(&kat);
		size_t dk_len, ct_len;
		const uint8_t *dk = kat_bytes(&kat, "dk", &dk_len);
		const uint8_t *ct = kat_bytes(&kat, "ct", &ct_len);

		assert_int_equal(dk_len, mlkem_dk_len(set));
		assert_int_equal(ct_len, mlkem_ct_len(set));
		for (size_t i = 0; i < COUNT(implementations); i++) {
			assert_int_equal(implementations[i].decaps(set, dk, ct, shared), ERR_OK);
			assert_memory_equal(shared, kat_bytes(&kat, "shared", NULL), MLKEM_SHARED_LEN);
		}
		n++;
	}
	assert_true(n >= 12);
}

struct trial {
	uint8_t d[32], z[32], m[32];
	uint8_t ek[MLKEM_MAX_EK_LEN], dk[MLKEM_MAX_DK_LEN];
	uint8_t ct[MLKEM_MAX_CT_LEN], random_ct[MLKEM_MAX_CT_LEN];
	uint8_t shared[MLKEM_SHARED_LEN], again[MLKEM_SHARED_LEN];
};

/* One test of the accumulated vectors: draws from in, adds to sum. */
static void
one_trial(const struct implementation *imp, enum mlkem_set set, struct keccak *in,
    struct keccak *sum)
{
	struct trial t;

	keccak_squeeze(in, t.d, 32);
	keccak_squeeze(in, t.z, 32);
	keccak_squeeze(in, t.m, 32);
	keccak_squeeze(in, t.random_ct, mlkem_ct_len(set));
	assert_int_equal(imp->keygen(set, t.d, t.z, t.ek, t.dk), ERR_OK);
	assert_int_equal(imp->encaps(set, t.m, t.ek, t.ct, t.shared), ERR_OK);
	assert_int_equal(imp->decaps(set, t.dk, t.ct, t.again), ERR_OK);
	assert_memory_equal(t.shared, t.again, MLKEM_SHARED_LEN);
	keccak_absorb(sum, span_of(t.ek, mlkem_ek_len(set)));
	keccak_absorb(sum, span_of(t.dk, mlkem_dk_len(set)));
	keccak_absorb(sum, span_of(t.ct, mlkem_ct_len(set)));
	keccak_absorb(sum, span_of(t.shared, MLKEM_SHARED_LEN));
	assert_int_equal(imp->decaps(set, t.dk, t.random_ct, t.again), ERR_OK);
	keccak_absorb(sum, span_of(t.again, MLKEM_SHARED_LEN));
}

/*
 * Thousands of tests drawn from SHAKE128, their results hashed together: the
 * published sums are of 10,000 tests, which DAYFLY_TEST_SLOW=1 runs; a sum of
 * the first few of the same run, for every day, stands beside.
 */
static void
accumulated_vectors(void **state)
{
	bool slow = getenv("DAYFLY_TEST_SLOW") != NULL;
	struct kat kat;

	(void)state;
	kat_open(&kat, "mlkem_sums.txt");
	while (kat_next(&kat)) {
		long count = strtol(kat_text(&kat, "count"), NULL, 10);

		if (count > 1000 && !slow)
			continue;
		for (size_t i = 0; i < COUNT(implementations); i++) {
			uint8_t result[32];
			struct keccak in, sum;

			shake128_init(&in);
			shake128_init(&sum);
			for (long n = 0; n < count; n++)
				one_trial(&implementations[i], set_of(&kat), &in, &sum);
			keccak_squeeze(&sum, result, sizeof(result));
			assert_memory_equal(result, kat_bytes(&kat, "sum", NULL), sizeof(result));
		}
	}
}

/* Writes coefficient i of an encoded vector. */
static void
set_coefficient(uint8_t *ek, size_t i, unsigned v)
{
	uint8_t *p = ek + i / 2 * 3;

	if (i % 2 == 0) {
		p[0] = (uint8_t)v;
		p[1] = (uint8_t)((p[1] & 0xf0) | v >> 8);
	} else {
		p[1] = (uint8_t)((p[1] & 0x0f) | v << 4);
		p[2] = (uint8_t)(v >> 4);
	}
}

static void
refuses_ek(enum mlkem_set set, const uint8_t *ek)
{
	uint8_t m[32] = { 1 }, ct[MLKEM_MAX_CT_LEN], shared[MLKEM_SHARED_LEN];

	for (size_t i = 0; i < COUNT(implementations); i++) {
		assert_int_equal(implementations[i].encaps(set, m, ek, ct, shared), ERR_KEX);
		assert_int_equal(ERR_peek_error(), 0);
	}
}

static void
an_encapsulation_key_with_a_coefficient_not_reduced_is_refused(void **state)
{
	(void)state;
	for (enum mlkem_set set = MLKEM_768; set <= MLKEM_1024; set++) {
		uint8_t d[32] = { 3 }, z[32] = { 4 }, ek[MLKEM_MAX_EK_LEN], dk[MLKEM_MAX_DK_LEN];
		uint8_t bad[MLKEM_MAX_EK_LEN];
		size_t n = (mlkem_ek_len(set) - 32) / 3 * 2;

		mlkem_tree_keygen(set, d, z, ek, dk);
		for (size_t i = 0; i < n; i++) {	/* every place, every value */
			memcpy(bad, ek, sizeof(bad));
			set_coefficient(bad, i, MLKEM_Q + (unsigned)i % (4096 - MLKEM_Q));
			refuses_ek(set, bad);
		}
		memset(bad, 0xff, sizeof(bad));
		refuses_ek(set, bad);
	}
}

static void
the_largest_reduced_coefficient_is_taken(void **state)
{
	uint8_t d[32] = { 3 }, z[32] = { 4 }, m[32] = { 5 };
	uint8_t ek[MLKEM_MAX_EK_LEN], dk[MLKEM_MAX_DK_LEN];
	uint8_t ct[MLKEM_MAX_CT_LEN], shared[MLKEM_SHARED_LEN];

	(void)state;
	mlkem_tree_keygen(MLKEM_768, d, z, ek, dk);
	for (size_t i = 0; i < 768; i++)
		set_coefficient(ek, i, MLKEM_Q - 1);
	assert_int_equal(mlkem_tree_encaps(MLKEM_768, m, ek, ct, shared), ERR_OK);
}

static void
a_changed_ciphertext_gives_another_secret_and_no_error(void **state)
{
	struct rng_test seed = { 5 };
	struct rng rng = rng_test(&seed);

	(void)state;
	for (enum mlkem_set set = MLKEM_768; set <= MLKEM_1024; set++) {
		uint8_t ek[MLKEM_MAX_EK_LEN], dk[MLKEM_MAX_DK_LEN], ct[MLKEM_MAX_CT_LEN];
		uint8_t shared[MLKEM_SHARED_LEN], other[MLKEM_SHARED_LEN];
		struct span dk_span = span_of(dk, mlkem_dk_len(set));
		struct span ct_span = span_of(ct, mlkem_ct_len(set));

		assert_int_equal(mlkem_keygen(set, &rng, ek, dk), ERR_OK);
		assert_int_equal(mlkem_encaps(set, &rng, span_of(ek, mlkem_ek_len(set)), ct, shared),
		    ERR_OK);
		assert_int_equal(mlkem_decaps(set, dk_span, ct_span, other), ERR_OK);
		assert_memory_equal(shared, other, MLKEM_SHARED_LEN);
		for (size_t i = 0; i < ct_span.len; i += 37) {
			ct[i] ^= 0x10;
			assert_int_equal(mlkem_decaps(set, dk_span, ct_span, other), ERR_OK);
			assert_memory_not_equal(shared, other, MLKEM_SHARED_LEN);
			ct[i] ^= 0x10;
		}
	}
}

static void
wrong_lengths_are_refused(void **state)
{
	struct rng_test seed = { 6 };
	struct rng rng = rng_test(&seed);
	uint8_t ek[MLKEM_MAX_EK_LEN + 1] = { 0 }, dk[MLKEM_MAX_DK_LEN + 1] = { 0 };
	uint8_t ct[MLKEM_MAX_CT_LEN + 1] = { 0 }, shared[MLKEM_SHARED_LEN];

	(void)state;
	for (enum mlkem_set set = MLKEM_768; set <= MLKEM_1024; set++) {
		size_t ek_len = mlkem_ek_len(set), dk_len = mlkem_dk_len(set), ct_len = mlkem_ct_len(set);

		assert_int_equal(mlkem_keygen(set, &rng, ek, dk), ERR_OK);
		assert_int_equal(mlkem_encaps(set, &rng, span_of(ek, ek_len - 1), ct, shared), ERR_KEX);
		assert_int_equal(mlkem_encaps(set, &rng, span_of(ek, ek_len + 1), ct, shared), ERR_KEX);
		assert_int_equal(mlkem_encaps(set, &rng, SPAN_EMPTY, ct, shared), ERR_KEX);
		assert_int_equal(mlkem_decaps(set, span_of(dk, dk_len), span_of(ct, ct_len - 1), shared), ERR_KEX);
		assert_int_equal(mlkem_decaps(set, span_of(dk, dk_len), span_of(ct, ct_len + 1), shared), ERR_KEX);
		assert_int_equal(mlkem_decaps(set, span_of(dk, dk_len - 1), span_of(ct, ct_len), shared), ERR_KEX);
	}
}

static void
a_damaged_decapsulation_key_is_refused(void **state)
{
	(void)state;
	for (enum mlkem_set set = MLKEM_768; set <= MLKEM_1024; set++) {
		uint8_t d[32] = { 3 }, z[32] = { 4 }, m[32] = { 5 };
		uint8_t ek[MLKEM_MAX_EK_LEN], dk[MLKEM_MAX_DK_LEN];
		uint8_t ct[MLKEM_MAX_CT_LEN], shared[MLKEM_SHARED_LEN];

		mlkem_tree_keygen(set, d, z, ek, dk);
		assert_int_equal(mlkem_tree_encaps(set, m, ek, ct, shared), ERR_OK);
		dk[mlkem_dk_len(set) - 40] ^= 1;	/* in the stored hash */
		for (size_t i = 0; i < COUNT(implementations); i++)
			assert_int_equal(implementations[i].decaps(set, dk, ct, shared), ERR_KEX);
	}
}

/* Against the definitions, with division as mathematics has it. */
static void
compression_rounds_right_for_every_coefficient(void **state)
{
	static const unsigned widths[] = { 1, 4, 5, 10, 11 };

	(void)state;
	for (size_t w = 0; w < COUNT(widths); w++) {
		unsigned d = widths[w];

		for (unsigned first = 0; first < MLKEM_Q; first += MLKEM_N) {
			uint8_t bytes[32 * 11];
			struct poly p, back;

			for (unsigned i = 0; i < MLKEM_N; i++) {
				unsigned v = (first + i) % MLKEM_Q;

				p.c[i] = (int16_t)(v > MLKEM_Q / 2 ? (int)v - MLKEM_Q : (int)v);
			}
			poly_compress(bytes, &p, d);
			poly_decompress(&back, bytes, d);
			for (unsigned i = 0; i < MLKEM_N; i++) {
				unsigned v = (first + i) % MLKEM_Q;
				unsigned y = ((v << (d + 1)) + MLKEM_Q) / (2 * MLKEM_Q) % (1U << d);

				assert_int_equal(back.c[i], (y * 2 * MLKEM_Q + (1U << d)) >> (d + 1));
			}
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_generation_vectors),
		cmocka_unit_test(encapsulation_vectors),
		cmocka_unit_test(decapsulation_vectors_good_and_bad),
		cmocka_unit_test(accumulated_vectors),
		cmocka_unit_test(an_encapsulation_key_with_a_coefficient_not_reduced_is_refused),
		cmocka_unit_test(the_largest_reduced_coefficient_is_taken),
		cmocka_unit_test(a_changed_ciphertext_gives_another_secret_and_no_error),
		cmocka_unit_test(wrong_lengths_are_refused),
		cmocka_unit_test(a_damaged_decapsulation_key_is_refused),
		cmocka_unit_test(compression_rounds_right_for_every_coefficient),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
