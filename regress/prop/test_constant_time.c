/* SPDX-License-Identifier: ISC */
/*
 * That in-tree cryptography neither branches on nor indexes by secrets: they
 * are marked as undefined, and valgrind's memcheck then reports every jump
 * and address that depends on them:
 *
 *	SRCDIR=... valgrind --error-exitcode=1 regress/prop/test_constant_time
 *
 * make check does so where valgrind is (regress/run-constant-time). Without it
 * the marks do nothing and only the results are checked. With the argument
 * "leak" the program branches on a secret, to see that this would be noticed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define VALGRIND_MAKE_MEM_UNDEFINED(p, n)	((void)(p), (void)(n))
#define VALGRIND_MAKE_MEM_DEFINED(p, n)		((void)(p), (void)(n))
#endif

#include "base/rng.h"
#include "base/secret.h"
#include "crypto/chacha.h"
#include "crypto/mlkem_tree.h"
#include "crypto/sntrup761.h"
#include "crypto/sntrup_ring.h"
#include "crypto/umac.h"

static void
hide(void *p, size_t n)
{
	(void)VALGRIND_MAKE_MEM_UNDEFINED(p, n);
}

static void
show(void *p, size_t n)
{
	(void)VALGRIND_MAKE_MEM_DEFINED(p, n);
}

/* Instead of base/publish.c's. */
void
secret_publish(const void *p, size_t n)
{
	show((void *)(uintptr_t)p, n);
}

/* A test source whose bytes are secret. */
static void
fill_hidden(void *state, struct room room)
{
	struct rng rng = rng_test(state);

	rng_fill(&rng, room.p, room.len);
	hide(room.p, room.len);
}

/* The whole of it, from its seeds to both encoded keys. */
static void
mlkem_key_generation_hides_its_seeds(void **state)
{
	(void)state;
	for (enum mlkem_set set = MLKEM_768; set <= MLKEM_1024; set++) {
		uint8_t d[32] = { 1 }, z[32] = { 2 };
		uint8_t ek[MLKEM_MAX_EK_LEN], dk[MLKEM_MAX_DK_LEN];
		uint8_t plain_ek[MLKEM_MAX_EK_LEN], plain_dk[MLKEM_MAX_DK_LEN];

		mlkem_tree_keygen(set, d, z, plain_ek, plain_dk);
		hide(d, sizeof(d));
		hide(z, sizeof(z));
		mlkem_tree_keygen(set, d, z, ek, dk);
		show(ek, sizeof(ek));
		show(dk, sizeof(dk));
		assert_memory_equal(ek, plain_ek, mlkem_ek_len(set));
		assert_memory_equal(dk, plain_dk, mlkem_dk_len(set));
	}
}

static void
mlkem_encapsulation_hides_the_message(void **state)
{
	(void)state;
	for (enum mlkem_set set = MLKEM_768; set <= MLKEM_1024; set++) {
		uint8_t d[32] = { 1 }, z[32] = { 2 }, m[32] = { 3 };
		uint8_t ek[MLKEM_MAX_EK_LEN], dk[MLKEM_MAX_DK_LEN], ct[MLKEM_MAX_CT_LEN];
		uint8_t a[MLKEM_SHARED_LEN], b[MLKEM_SHARED_LEN];

		mlkem_tree_keygen(set, d, z, ek, dk);
		hide(m, sizeof(m));
		assert_int_equal(mlkem_tree_encaps(set, m, ek, ct, a), ERR_OK);
		show(a, sizeof(a));
		show(ct, sizeof(ct));
		assert_int_equal(mlkem_tree_decaps(set, dk, ct, b), ERR_OK);
		assert_memory_equal(a, b, sizeof(a));
	}
}

static void
mlkem_decapsulation_hides_the_key_and_whether_it_rejects(void **state)
{
	(void)state;
	for (enum mlkem_set set = MLKEM_768; set <= MLKEM_1024; set++) {
		uint8_t d[32] = { 1 }, z[32] = { 2 }, m[32] = { 3 };
		uint8_t ek[MLKEM_MAX_EK_LEN], dk[MLKEM_MAX_DK_LEN], ct[MLKEM_MAX_CT_LEN];
		uint8_t a[MLKEM_SHARED_LEN], b[MLKEM_SHARED_LEN];
		size_t vector = mlkem_ek_len(set) - 32;

		mlkem_tree_keygen(set, d, z, ek, dk);
		assert_int_equal(mlkem_tree_encaps(set, m, ek, ct, a), ERR_OK);
		hide(dk, vector);
		hide(dk + mlkem_dk_len(set) - 32, 32);
		assert_int_equal(mlkem_tree_decaps(set, dk, ct, b), ERR_OK);
		show(b, sizeof(b));
		assert_memory_equal(a, b, sizeof(a));
		ct[5] ^= 1;
		assert_int_equal(mlkem_tree_decaps(set, dk, ct, b), ERR_OK);
		show(b, sizeof(b));
		assert_memory_not_equal(a, b, sizeof(a));
	}
}

static void
sntrup_inversion_hides_what_it_inverts(void **state)
{
	struct rng_test seed = { 4 };
	struct rng rng = rng_test(&seed);
	struct sntrup_poly g = { { 0 } }, inverse, product;
	bool found = false;

	(void)state;
	while (!found) {
		for (size_t i = 0; i < SNTRUP_P; i++)
			g.c[i] = (int16_t)((int)rng_below(&rng, 3) - 1);
		hide(&g, sizeof(g));
		found = sntrup_invert_3(&inverse, &g);
		show(&found, sizeof(found));	/* those that have none are thrown away */
		show(&g, sizeof(g));
	}
	sntrup_multiply_3(&product, &inverse, &g);
	show(&product, sizeof(product));
	assert_int_equal(product.c[0], 1);
	hide(&g, sizeof(g));
	sntrup_invert_q(&inverse, &g);
	sntrup_multiply_q(&product, &inverse, &g);
	show(&product, sizeof(product));
	assert_int_equal(product.c[0], -1530);
}

/* The whole of it: seeds that have no inverse, sorting, and both encoded keys. */
static void
sntrup_key_generation_hides_its_seeds(void **state)
{
	(void)state;
	for (uint64_t n = 0; n < 4; n++) {
		struct rng_test plain = { n }, seed = { n };
		struct rng rng = rng_test(&plain), hidden = { fill_hidden, &seed };
		uint8_t public[2][SNTRUP761_PUBLIC_LEN], secret[2][SNTRUP761_SECRET_LEN];

		sntrup761_keygen(&rng, public[0], secret[0]);
		sntrup761_keygen(&hidden, public[1], secret[1]);
		show(public[1], sizeof(public[1]));
		show(secret[1], sizeof(secret[1]));
		assert_memory_equal(public[0], public[1], sizeof(public[0]));
		assert_memory_equal(secret[0], secret[1], sizeof(secret[0]));
	}
}

static void
sntrup_hides_its_input_and_its_key(void **state)
{
	struct rng_test seed = { 5 };
	struct rng rng = rng_test(&seed), hidden = { fill_hidden, &seed };
	uint8_t public[SNTRUP761_PUBLIC_LEN], secret[SNTRUP761_SECRET_LEN];
	uint8_t ct[SNTRUP761_CT_LEN], a[SNTRUP761_SHARED_LEN], b[SNTRUP761_SHARED_LEN];

	(void)state;
	sntrup761_keygen(&rng, public, secret);
	assert_int_equal(sntrup761_encaps(&hidden, span_of(public, sizeof(public)), ct, a), ERR_OK);
	show(ct, sizeof(ct));
	show(a, sizeof(a));
	hide(secret, 2 * 191);
	hide(secret + 2 * 191 + SNTRUP761_PUBLIC_LEN, 191);
	assert_int_equal(sntrup761_decaps(secret, span_of(ct, sizeof(ct)), b), ERR_OK);
	show(b, sizeof(b));
	assert_memory_equal(a, b, sizeof(a));
	ct[9] ^= 1;
	assert_int_equal(sntrup761_decaps(secret, span_of(ct, sizeof(ct)), b), ERR_OK);
	show(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
}

static void
umac_hides_key_and_message(void **state)
{
	uint8_t key[UMAC_KEY_LEN], message[5000], tag[16];
	struct umac u;

	(void)state;
	memcpy(key, "abcdefghijklmnop", sizeof(key));
	memset(message, 'a', sizeof(message));
	hide(key, sizeof(key));
	hide(message, sizeof(message));
	assert_int_equal(umac_init(&u, 16, key), ERR_OK);
	assert_int_equal(umac_compute(&u, 0x6263646566676869, span_of(message, 1024), tag), ERR_OK);
	show(tag, sizeof(tag));
	assert_memory_equal(tag, "\x7a\x54\xab\xe0\x4a\xf8\x2d\x60", 8);
	assert_int_equal(umac_compute(&u, 2, span_of(message, sizeof(message)), tag), ERR_OK);
	umac_free(&u);
}

static void
comparing_secrets_hides_where_they_differ(void **state)
{
	uint8_t a[100] = { 0 }, b[100] = { 0 };
	bool same;

	(void)state;
	b[3] = 1;
	hide(a, sizeof(a));
	hide(b, sizeof(b));
	same = span_eq_secret(span_of(a, sizeof(a)), span_of(b, sizeof(b)));
	show(&same, sizeof(same));
	assert_false(same);
}

static void
chacha_hides_its_key(void **state)
{
	uint8_t out[CHACHA_BLOCK];
	uint32_t key[8] = { 0 };

	(void)state;
	hide(key, sizeof(key));
	chacha_block(out, key, 0, 0);
	show(out, sizeof(out));
	assert_memory_equal(out, "\x76\xb8\xe0\xad", 4);
}

/* What must not be done. */
static int
leak(void)
{
	uint8_t secret[16] = { 7 };
	volatile int found = 0;

	hide(secret, sizeof(secret));
	for (size_t i = 0; i < sizeof(secret); i++)
		if (secret[i] == 7)
			found++;
	show((void *)(uintptr_t)&found, sizeof(found));
	return found != 1;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mlkem_key_generation_hides_its_seeds),
		cmocka_unit_test(mlkem_encapsulation_hides_the_message),
		cmocka_unit_test(mlkem_decapsulation_hides_the_key_and_whether_it_rejects),
		cmocka_unit_test(sntrup_inversion_hides_what_it_inverts),
		cmocka_unit_test(sntrup_key_generation_hides_its_seeds),
		cmocka_unit_test(sntrup_hides_its_input_and_its_key),
		cmocka_unit_test(umac_hides_key_and_message),
		cmocka_unit_test(comparing_secrets_hides_where_they_differ),
		cmocka_unit_test(chacha_hides_its_key),
	};

	if (argc == 2 && strcmp(argv[1], "leak") == 0)
		return leak();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
