/* SPDX-License-Identifier: ISC */
/* sshd/penalties.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "sshd/penalties.h"

struct fixture {
	struct penalties_table *t;
	struct sshd_config c;
	struct rng_test seed;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->c.per_source_penalties = (struct penalties){ .on = true, .crash = 90000, .authfail = 5000,
	    .invaliduser = 5000, .refuseconnection = 10000, .noauth = 1000, .grace_exceeded = 10000,
	    .max = 600000, .min = 15000, .max_sources4 = 4, .max_sources6 = 4 };
	f->c.per_source_net_block_size = (struct net_block){ 32, 128 };
	assert_int_equal(penalties_new(&f->t, rng_test(&f->seed)), ERR_OK);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	penalties_free(f->t);
	free(f);
	return 0;
}

static struct address
address(const char *text)
{
	struct address a;

	assert_int_equal(address_parse(span_str(text), &a), ERR_OK);
	return a;
}

static struct penalty_note
add(struct fixture *f, const char *from, enum penalty penalty, msec now)
{
	struct address a = address(from);
	struct penalty_note note;

	assert_int_equal(penalties_add(f->t, &f->c, &a, penalty, now, &note), ERR_OK);
	return note;
}

static enum penalty
active(struct fixture *f, const char *from, msec now)
{
	struct address a = address(from);

	return penalties_active(f->t, &f->c, &a, now);
}

static void
small_penalties_add_up_until_they_count(void **state)
{
	struct fixture *f = *state;

	assert_false(add(f, "192.0.2.1", PENALTY_AUTHFAIL, 1000).is_active);
	assert_false(add(f, "192.0.2.1", PENALTY_AUTHFAIL, 1000).is_active);
	assert_int_equal(active(f, "192.0.2.1", 1000), PENALTY_NONE);
	assert_true(add(f, "192.0.2.1", PENALTY_AUTHFAIL, 1000).is_active);
	assert_int_equal(active(f, "192.0.2.1", 1000), PENALTY_AUTHFAIL);
	assert_int_equal(active(f, "192.0.2.2", 1000), PENALTY_NONE);
}

static void
a_penalty_is_over_when_its_time_is(void **state)
{
	struct fixture *f = *state;

	assert_true(add(f, "192.0.2.1", PENALTY_CRASH, 1000).is_active);
	assert_int_equal(active(f, "192.0.2.1", 90999), PENALTY_CRASH);
	assert_int_equal(active(f, "192.0.2.1", 91000), PENALTY_NONE);
	assert_int_equal(penalties_count(f->t), 0);
}

static void
no_penalty_grows_beyond_the_maximum(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 100; i++)
		(void)add(f, "192.0.2.1", PENALTY_CRASH, 1000);
	assert_int_equal(active(f, "192.0.2.1", 600999), PENALTY_CRASH);
	assert_int_equal(active(f, "192.0.2.1", 601000), PENALTY_NONE);
}

static void
addresses_of_a_block_are_one_source(void **state)
{
	struct fixture *f = *state;

	f->c.per_source_net_block_size = (struct net_block){ 24, 64 };
	(void)add(f, "192.0.2.1", PENALTY_CRASH, 0);
	(void)add(f, "2001:db8::1", PENALTY_CRASH, 0);
	assert_int_equal(active(f, "192.0.2.200", 0), PENALTY_CRASH);
	assert_int_equal(active(f, "192.0.3.1", 0), PENALTY_NONE);
	assert_int_equal(active(f, "2001:db8::ffff:1", 0), PENALTY_CRASH);
	assert_int_equal(active(f, "2001:db8:0:1::1", 0), PENALTY_NONE);
}

static void
a_full_table_drops_what_ends_soonest(void **state)
{
	struct fixture *f = *state;

	(void)add(f, "192.0.2.1", PENALTY_CRASH, 5);
	(void)add(f, "192.0.2.2", PENALTY_CRASH, 4);
	(void)add(f, "192.0.2.3", PENALTY_CRASH, 6);
	(void)add(f, "192.0.2.4", PENALTY_CRASH, 7);
	(void)add(f, "192.0.2.5", PENALTY_CRASH, 8);
	assert_int_equal(penalties_count(f->t), 4);
	assert_int_equal(active(f, "192.0.2.2", 8), PENALTY_NONE);
	assert_int_equal(active(f, "192.0.2.1", 8), PENALTY_CRASH);
	assert_int_equal(active(f, "192.0.2.5", 8), PENALTY_CRASH);
}

static void
a_full_table_that_denies_all_refuses_strangers(void **state)
{
	struct fixture *f = *state;
	struct address a = address("192.0.2.5");
	struct penalty_note note;

	f->c.per_source_penalties.deny_all4 = true;
	for (int i = 1; i <= 4; i++) {
		char text[32];

		snprintf(text, sizeof(text), "192.0.2.%d", i);
		(void)add(f, text, PENALTY_NOAUTH, 0);
	}
	assert_int_equal(penalties_add(f->t, &f->c, &a, PENALTY_CRASH, 0, &note), ERR_NOMEM);
	assert_int_not_equal(active(f, "198.51.100.1", 0), PENALTY_NONE);
	assert_int_equal(active(f, "192.0.2.1", 0), PENALTY_NONE);
	assert_int_equal(active(f, "2001:db8::1", 0), PENALTY_NONE);
	assert_int_equal(active(f, "198.51.100.1", 1000), PENALTY_NONE);
}

static void
loopback_and_exempt_sources_get_none(void **state)
{
	struct fixture *f = *state;
	char list[] = "10.0.0.0/8";
	char *words[] = { list };

	f->c.per_source_penalty_exempt_list = (struct words){ words, 1 };
	assert_int_equal(add(f, "127.0.0.1", PENALTY_CRASH, 0).length, 0);
	assert_int_equal(add(f, "::1", PENALTY_CRASH, 0).length, 0);
	assert_int_equal(add(f, "10.1.2.3", PENALTY_CRASH, 0).length, 0);
	assert_int_equal(penalties_count(f->t), 0);
	assert_int_equal(add(f, "11.1.2.3", PENALTY_CRASH, 0).length, 90000);
}

static void
switched_off_there_are_none(void **state)
{
	struct fixture *f = *state;

	f->c.per_source_penalties.on = false;
	assert_int_equal(add(f, "192.0.2.1", PENALTY_CRASH, 0).length, 0);
	assert_int_equal(active(f, "192.0.2.1", 0), PENALTY_NONE);
}

#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

static void
sources_are_listed_and_cleared(void **state)
{
	struct fixture *f = *state;
	struct penalty_entry e[4];
	struct address a;

	add(f, "192.0.2.1", PENALTY_CRASH, 1000);
	add(f, "192.0.2.2", PENALTY_AUTHFAIL, 1000);
	add(f, "2001:db8::1", PENALTY_NOAUTH, 1000);
	assert_int_equal(penalties_list(f->t, 1500, 0, e, COUNT(e)), 3);
	assert_int_equal(e[0].penalty, PENALTY_AUTHFAIL);
	assert_false(e[0].is_active);
	assert_int_equal(e[1].penalty, PENALTY_CRASH);
	assert_true(e[1].is_active);
	assert_int_equal(e[1].left, 89500);
	assert_int_equal(e[2].block.base.family, 6);
	assert_int_equal(penalties_list(f->t, 1500, 1, e, 1), 1);
	assert_int_equal(e[0].penalty, PENALTY_CRASH);
	assert_int_equal(penalties_list(f->t, 1500, 3, e, COUNT(e)), 0);
	assert_int_equal(address_parse(SPAN_LIT("192.0.2.1"), &a), ERR_OK);
	assert_int_equal(penalties_clear(f->t, &a, 1500), 1);
	assert_int_equal(penalties_clear(f->t, &a, 1500), 0);
	assert_int_equal(penalties_list(f->t, 1500, 0, e, COUNT(e)), 2);
	assert_int_equal(penalties_clear(f->t, NULL, 1500), 2);
	assert_int_equal(penalties_count(f->t), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(small_penalties_add_up_until_they_count),
		T(sources_are_listed_and_cleared),
		T(a_penalty_is_over_when_its_time_is),
		T(no_penalty_grows_beyond_the_maximum),
		T(addresses_of_a_block_are_one_source),
		T(a_full_table_drops_what_ends_soonest),
		T(a_full_table_that_denies_all_refuses_strangers),
		T(loopback_and_exempt_sources_get_none),
		T(switched_off_there_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
