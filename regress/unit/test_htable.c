/* SPDX-License-Identifier: ISC */
/* auth/htable and auth/siphash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "auth/htable.h"
#include "auth/siphash.h"
#include "regress/support/alloc.h"

struct thing {
	int value;
	struct hnode node;
};

static void
siphash_gives_the_vectors_of_its_authors(void **state)
{
	/* vectors_sip64 of the reference code, as little-endian words: inputs "", 00, 00 01 .. */
	static const uint64_t expected[] = { 0x726fdb47dd0e0e31, 0x74f839c593dc67fd,
	    0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d, 0xcf2794e0277187b7, 0x18765564cd99a68d,
	    0xcbc9466e58fee3ce, 0xab0200f58b01d137, 0x93f5f5799a932462, 0x9e0082df0ba9e4b0 };
	static const uint8_t in[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	struct siphash_key key = { { 0x0706050403020100, 0x0f0e0d0c0b0a0908 } };

	(void)state;
	for (size_t i = 0; i < COUNT(expected); i++) {
		assert_true(siphash(&key, span_of(in, i), SPAN_EMPTY) == expected[i]);
		assert_true(siphash(&key, span_of(in, i / 2), span_of(in + i / 2, i - i / 2)) ==
		    expected[i]);
	}
}

static struct thing *
find(struct htable *t, uint64_t hash, int value)
{
	struct hnode *node = htable_first(t, hash);

	for (; node != NULL; node = htable_next(t, node)) {
		if (HTABLE_OF(node, struct thing, node)->value == value)
			return HTABLE_OF(node, struct thing, node);
	}
	return NULL;
}

static void
what_is_added_is_found_until_it_is_removed(void **state)
{
	struct htable t = { .bucket = NULL };
	struct thing things[500];

	(void)state;
	assert_null(htable_first(&t, 1));
	for (int i = 0; i < 500; i++) {
		things[i].value = i;
		assert_int_equal(htable_reserve(&t), ERR_OK);
		/* Pairs share a hash. */
		htable_add(&t, &things[i].node, (uint64_t)(i / 2) * 0x9e3779b97f4a7c15);
	}
	assert_int_equal(t.n, 500);
	assert_true(t.n_buckets >= 500);
	for (int i = 0; i < 500; i += 3)
		htable_remove(&t, &things[i].node);
	for (int i = 0; i < 500; i++) {
		struct thing *found = find(&t, (uint64_t)(i / 2) * 0x9e3779b97f4a7c15, i);

		assert_ptr_equal(found, i % 3 == 0 ? NULL : &things[i]);
	}
	htable_free(&t);
}

static void
without_memory_chains_get_longer_and_nothing_is_lost(void **state)
{
	struct htable t = { .bucket = NULL };
	struct thing things[100];

	(void)state;
	alloc_fail_after(0);
	assert_int_equal(htable_reserve(&t), ERR_NOMEM);
	alloc_fail_after(1);
	for (int i = 0; i < 100; i++) {
		things[i].value = i;
		assert_int_equal(htable_reserve(&t), ERR_OK);
		htable_add(&t, &things[i].node, (uint64_t)i);
	}
	alloc_fail_never();
	for (int i = 0; i < 100; i++)
		assert_ptr_equal(find(&t, (uint64_t)i, i), &things[i]);
	htable_free(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_gives_the_vectors_of_its_authors),
		cmocka_unit_test(what_is_added_is_found_until_it_is_removed),
		cmocka_unit_test(without_memory_chains_get_longer_and_nothing_is_lost),
	};

	return cmocka_run_group_tests_name("htable", tests, NULL, NULL);
}
