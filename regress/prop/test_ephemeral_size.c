/* SPDX-License-Identifier: ISC */
/*
 * The ephemeral table with a hundred thousand grants: what it weighs, and that
 * look-ups cost what they cost in a small one (counted, not timed).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "auth/ephemeral.h"
#include "regress/support/alloc.h"

#define ED25519_BLOB	51
#define NOW		((msec)1000000)
#define MINUTE		((msec)60000)

/* The blob of key number i, of an Ed25519 key's size. */
static struct span
blob(uint32_t i, uint8_t room[ED25519_BLOB])
{
	memset(room, 0, ED25519_BLOB);
	memcpy(room, &i, sizeof(i));
	return span_of(room, ED25519_BLOB);
}

static struct span
user(uint32_t i, char room[32])
{
	return span_of(room, (size_t)snprintf(room, 32, "user%u", i % 1000));
}

/* A table with n grants, as a fleet's registrar would make them. */
static struct ephemeral *
filled(uint32_t n, struct rng_test *seed)
{
	struct ephemeral_limits limits = ephemeral_default_limits();
	struct ephemeral *t;

	assert_int_equal(ephemeral_new(&t, &limits, rng_test(seed)), ERR_OK);
	for (uint32_t i = 0; i < n; i++) {
		uint8_t b[ED25519_BLOB];
		char name[32];
		struct ephemeral_grant g;
		struct ephemeral_request req = { .user = user(i, name), .blob = blob(i, b),
		    .ttl = MINUTE + i, .sources = SPAN_LIT("192.0.2.0/24"),
		    .options = SPAN_LIT("restrict,pty"), .registrar = SPAN_LIT("root"),
		    .comment = SPAN_LIT("a comment of some length") };

		assert_int_equal(ephemeral_add(t, &req, NOW, &g, NULL), ERR_OK);
	}
	assert_int_equal(ephemeral_count(t), n);
	return t;
}

/* Entries looked at by 2,000 look-ups, half of them of keys that are not there. */
static uint64_t
probes_of_look_ups(struct ephemeral *t, uint32_t n)
{
	uint64_t before = ephemeral_probes(t);
	struct address from;

	assert_int_equal(address_parse(SPAN_LIT("192.0.2.1"), &from), ERR_OK);
	for (uint32_t i = 0; i < 2000; i++) {
		uint32_t key = i % 2 == 0 ? i % n : n + i;
		uint8_t b[ED25519_BLOB];
		char name[32];

		assert_int_equal(ephemeral_find(t, user(key, name), blob(key, b), &from, false, NOW, NULL),
		    i % 2 == 0 ? EPHEMERAL_YES : EPHEMERAL_UNKNOWN);
	}
	return ephemeral_probes(t) - before;
}

static void
a_hundred_thousand_grants_fit_in_64_mib(void **state)
{
	struct rng_test seed = { 1 };
	struct ephemeral *t = filled(LIMIT_EPHEMERAL, &seed);
	struct ephemeral_request req = { .user = SPAN_LIT("one"), .blob = SPAN_LIT("too many"),
	    .ttl = MINUTE, .registrar = SPAN_LIT("root") };
	struct ephemeral_grant g;
	enum ephemeral_full full;

	(void)state;
	assert_true(ephemeral_bytes(t) < (size_t)64 * 1024 * 1024);
	assert_int_equal(ephemeral_add(t, &req, NOW, &g, &full), ERR_LIMIT);
	assert_int_equal(full, EPHEMERAL_FULL_TOTAL);
	ephemeral_free(t);
}

static void
look_ups_cost_the_same_however_many_grants_there_are(void **state)
{
	struct rng_test seed = { 2 };
	struct ephemeral *small = filled(1000, &seed), *large = filled(LIMIT_EPHEMERAL, &seed);
	uint64_t in_small = probes_of_look_ups(small, 1000);
	uint64_t in_large = probes_of_look_ups(large, LIMIT_EPHEMERAL);

	(void)state;
	/* A look-up walks one chain: about one entry, and never many. */
	assert_true(in_small < 2 * 2000);
	assert_true(in_large < 2 * 2000);
	ephemeral_free(small);
	ephemeral_free(large);
}

static void
looking_allocates_nothing(void **state)
{
	struct rng_test seed = { 3 };
	struct ephemeral *t = filled(1000, &seed);
	unsigned long before = alloc_count();

	(void)state;
	(void)probes_of_look_ups(t, 1000);
	assert_int_equal(alloc_count(), before);
	ephemeral_free(t);
}

static void
all_expire_each_at_its_time(void **state)
{
	struct rng_test seed = { 4 };
	struct ephemeral *t = filled(LIMIT_EPHEMERAL, &seed);

	(void)state;
	for (uint32_t gone = 0; gone < LIMIT_EPHEMERAL; gone += 9973) {
		assert_true(ephemeral_deadline(t) == NOW + MINUTE + gone);
		ephemeral_tick(t, NOW + MINUTE + gone - 1);
		assert_int_equal(ephemeral_count(t), LIMIT_EPHEMERAL - gone);
		ephemeral_tick(t, NOW + MINUTE + gone + 9972);
	}
	assert_int_equal(ephemeral_count(t), 0);
	/* And are forgotten: what is left is the empty tables. */
	ephemeral_tick(t, NOW + 100 * MINUTE);
	assert_true(ephemeral_bytes(t) < (size_t)5 * 1024 * 1024);
	ephemeral_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hundred_thousand_grants_fit_in_64_mib),
		cmocka_unit_test(look_ups_cost_the_same_however_many_grants_there_are),
		cmocka_unit_test(looking_allocates_nothing),
		cmocka_unit_test(all_expire_each_at_its_time),
	};

	return cmocka_run_group_tests_name("ephemeral size", tests, NULL, NULL);
}
