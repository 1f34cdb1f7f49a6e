/* SPDX-License-Identifier: ISC */
/* base/rng: the repeatable source, and numbers below a bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

static void
the_same_seed_gives_the_same_bytes(void **state)
{
	struct rng_test a = { 42 }, b = { 42 }, c = { 43 };
	struct rng ra = rng_test(&a), rb = rng_test(&b), rc = rng_test(&c);
	uint8_t x[64], y[64], z[64];

	(void)state;
	rng_fill(&ra, x, sizeof(x));
	rng_fill(&rb, y, 10);
	rng_fill(&rb, y + 10, sizeof(y) - 10);
	rng_fill(&rc, z, sizeof(z));
	assert_memory_equal(x, y, sizeof(x));
	assert_memory_not_equal(x, z, sizeof(x));
}

static void
numbers_stay_below_their_bound_and_reach_all_values(void **state)
{
	struct rng_test t = { 1 };
	struct rng rng = rng_test(&t);
	unsigned seen[7] = { 0 };

	(void)state;
	for (int i = 0; i < 7000; i++) {
		uint32_t v = rng_below(&rng, 7);

		assert_in_range(v, 0, 6);
		seen[v]++;
	}
	for (size_t i = 0; i < 7; i++)
		assert_in_range(seen[i], 800, 1200);
	assert_int_equal(rng_below(&rng, 1), 0);
}

/* Gives the words of a list, one a call. */
static void
fill_from_list(void *state, struct room room)
{
	uint32_t **at = state;

	memcpy(room.p, *at, sizeof(**at));
	assert_int_equal(room.len, sizeof(**at));
	(*at)++;
}

static void
values_that_would_favour_small_numbers_are_drawn_again(void **state)
{
	/* 2^32 mod 3 is 1: only 0 is one too many. */
	uint32_t words[] = { 0, 1, 2, 3 }, *at = words;
	struct rng rng = { fill_from_list, &at };

	(void)state;
	assert_int_equal(rng_below(&rng, 3), 1);
	assert_ptr_equal(at, words + 2);
	assert_int_equal(rng_below(&rng, 3), 2);
	assert_int_equal(rng_below(&rng, 3), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_seed_gives_the_same_bytes),
		cmocka_unit_test(numbers_stay_below_their_bound_and_reach_all_values),
		cmocka_unit_test(values_that_would_favour_small_numbers_are_drawn_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
