/* SPDX-License-Identifier: ISC */
/* sshd/startups.h: whom MaxStartups drops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "sshd/startups.h"

static const struct net_block single = { .v4_bits = 32, .v6_bits = 128 };

/* Addresses of a string: "a" is 192.0.2.97, and so on; "A" 2001:db8::41. */
static size_t
addresses(struct address *v, const char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++) {
		v[i] = (struct address){ .family = 4, .bytes = { 192, 0, 2, (uint8_t)s[i] } };
		if (s[i] < 'a')
			v[i] = (struct address){ .family = 6, .bytes = { 0x20, 1, 0xd, 0xb8, [15] = (uint8_t)s[i] } };
	}
	return n;
}

/* Whose place is taken: a letter of `starting`, or '-' if the newcomer goes. */
static char
victim(const char *starting, char newcomer, const struct net_block *block, uint64_t seed)
{
	struct rng_test state = { seed };
	struct rng rng = rng_test(&state);
	struct address v[200], who;
	size_t n = addresses(v, starting), i;
	char one[2] = { newcomer, 0 };

	addresses(&who, one);
	i = startups_victim(v, n, &who, block, &rng);
	return i == n ? '-' : starting[i];
}

static void
whoever_holds_most_makes_room_for_others_and_not_for_himself(void **state)
{
	static const struct {
		const char *starting;
		char newcomer, goes;
	} rows[] = {
		{ "aaaaaaaaaa", 'b', 'a' },
		{ "aaaaaaaaaa", 'a', '-' },
		{ "aaaaaab", 'b', 'a' },
		{ "aaaab", 'c', 'a' },
		{ "abbbcc", 'c', '-' },		/* he would hold as much as the one who holds most */
		{ "abbbbcc", 'c', 'b' },
		{ "aabb", 'b', '-' },
		{ "abcdefg", 'h', '-' },	/* nobody holds more than he would */
		{ "", 'a', '-' },
		{ "AAAAa", 'B', 'A' },
		{ "AAAAaa", 'a', 'A' },
	};

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		for (size_t i = 0; i < COUNT(rows); i++) {
			if (victim(rows[i].starting, rows[i].newcomer, &single, seed) != rows[i].goes)
				fail_msg("%s and %c", rows[i].starting, rows[i].newcomer);
		}
	}
}

static void
a_block_of_addresses_is_one_source(void **state)
{
	static const struct net_block wide = { .v4_bits = 24, .v6_bits = 64 };

	(void)state;
	assert_int_equal(victim("abcdefgh", 'i', &wide, 1), '-');
	assert_true(victim("abcdefgh", 'A', &wide, 1) >= 'a');
	assert_true(victim("ABCDEFGHa", 'b', &wide, 1) < 'a');
}

static void
each_of_the_source_may_be_the_one(void **state)
{
	struct address v[8], who;
	bool seen[8] = { false };

	(void)state;
	addresses(v, "abaababa");
	addresses(&who, "c");
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct rng_test s = { seed };
		struct rng rng = rng_test(&s);

		seen[startups_victim(v, 8, &who, &single, &rng)] = true;
	}
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(seen[i], "abaababa"[i] == 'a');
}

static void
the_share_that_goes_grows_from_begin_to_full(void **state)
{
	static const struct max_startups m = { .begin = 10, .rate = 30, .full = 100 };
	static const struct max_startups one = { .begin = 5, .rate = 100, .full = 5 };
	struct rng_test s = { 7 };
	struct rng rng = rng_test(&s);
	size_t last = 0;

	(void)state;
	for (size_t n = 0; n <= 110; n += 10) {
		size_t gone = 0;

		for (int i = 0; i < 4000; i++)
			gone += startups_full(&m, n, &rng);
		if (n < 10)
			assert_int_equal(gone, 0);
		if (n == 10)
			assert_true(gone > 1000 && gone < 1400);
		if (n >= 100)
			assert_int_equal(gone, 4000);
		assert_true(gone + 150 > last);
		last = gone;
	}
	assert_false(startups_full(&one, 4, &rng));
	assert_true(startups_full(&one, 5, &rng));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_holds_most_makes_room_for_others_and_not_for_himself),
		cmocka_unit_test(a_block_of_addresses_is_one_source),
		cmocka_unit_test(each_of_the_source_may_be_the_one),
		cmocka_unit_test(the_share_that_goes_grows_from_begin_to_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
