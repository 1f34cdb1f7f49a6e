/* SPDX-License-Identifier: ISC */
/* kex/input and kex/output against the simplest queues there are, at random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/rng.h"
#include "kex/input.h"
#include "kex/output.h"
#include "regress/support/alloc.h"

/* Both queues carry this sequence, so its numbers are the whole model. */
static uint8_t
nth(uint64_t n)
{
	return (uint8_t)(n * 31 + (n >> 8) * 7 + (n >> 16));
}

static void
assert_sequence(const uint8_t *p, size_t len, uint64_t from)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != nth(from + i))
			fail_msg("byte %llu", (unsigned long long)(from + i));
}

static void
input_gives_what_was_read_into_it_whatever_the_sizes(void **state)
{
	struct rng_test seed = { 1 };
	struct rng rng = rng_test(&seed);
	struct input in = { 0 };
	uint64_t put = 0, got = 0;
	bool no_memory;
	msec now = 0;

	(void)state;
	for (unsigned step = 0; step < 30000; step++) {
		struct room room = input_room(&in, rng_below(&rng, 2) * 100000,
		    rng_below(&rng, 4) > 0, &no_memory);
		size_t n = room.len == 0 ? 0 : rng_below(&rng, 4) == 0 ? room.len :
		    rng_below(&rng, (uint32_t)room.len + 1);
		struct room have;

		assert_false(no_memory);
		for (size_t i = 0; i < n; i++)
			room.p[i] = nth(put + i);
		put += n;
		input_add(&in, n, now);
		have = input_bytes(&in);
		assert_int_equal(have.len, put - got);
		n = have.len == 0 || rng_below(&rng, 5) == 0 ? have.len :
		    rng_below(&rng, (uint32_t)have.len + 1);
		assert_sequence(have.p, n, got);
		got += n;
		input_drop(&in, n);
		now += rng_below(&rng, 1000);
		if (rng_below(&rng, 20) == 0)
			now += 5000;
		input_idle(&in, now);
		assert_true(input_deadline(&in) > now);
		assert_true(in.cap <= INPUT_MAX);
	}
	assert_true(put > 10 * 1024 * 1024);
	input_free(&in);
}

static void
input_grows_for_a_packet_only_when_it_is_full(void **state)
{
	struct input in = { 0 };
	bool no_memory;
	struct room room;

	(void)state;
	for (size_t sum = 0; sum < LIMIT_PACKET + 36; sum += room.len) {
		room = input_room(&in, LIMIT_PACKET + 36, true, &no_memory);
		assert_true(room.len > 0);
		assert_true(in.cap <= INPUT_MIN || in.cap <= 2 * sum);
		memset(room.p, 1, room.len);
		input_add(&in, room.len, 0);
	}
	assert_true(in.cap >= LIMIT_PACKET + 36);
	input_free(&in);
}

static void
input_that_may_not_grow_offers_nothing_when_full(void **state)
{
	struct input in = { 0 };
	bool no_memory;
	struct room room = input_room(&in, 0, false, &no_memory);

	(void)state;
	assert_int_equal(room.len, INPUT_MIN);
	memset(room.p, 1, room.len);
	input_add(&in, room.len, 0);
	assert_int_equal(input_room(&in, 0, false, &no_memory).len, 0);
	assert_false(no_memory);
	alloc_fail_after(0);
	assert_int_equal(input_room(&in, 0, true, &no_memory).len, 0);
	alloc_fail_never();
	assert_true(no_memory);
	input_free(&in);
}

static void
secret_input_is_wiped_as_it_is_used_up(void **state)
{
	struct input in = { .is_secret = true };
	bool no_memory;
	struct room room = input_room(&in, 0, true, &no_memory);

	(void)state;
	memcpy(room.p, "password", 8);
	input_add(&in, 8, 0);
	input_drop(&in, 8);
	room = input_room(&in, 0, true, &no_memory);
	for (int i = 0; i < 8; i++)
		assert_int_equal(room.p[i], 0);
	input_free(&in);
}

static void
output_gives_packets_in_order_and_each_in_one_piece(void **state)
{
	struct rng_test seed = { 2 };
	struct rng rng = rng_test(&seed);
	struct output out = { 0 };
	uint64_t put = 0, got = 0;
	msec now = 0;

	(void)state;
	for (unsigned step = 0; step < 30000; step++) {
		if (output_len(&out) < LIMIT_OUTPUT_DATA && rng_below(&rng, 3) > 0) {
			size_t n = 1 + rng_below(&rng, rng_below(&rng, 8) == 0 ? 40000 : 3000);
			/* What is asked for and what is used need not be the same. */
			uint8_t *p = output_reserve(&out, n + rng_below(&rng, 300), now);

			assert_non_null(p);
			for (size_t i = 0; i < n; i++)
				p[i] = nth(put + i);
			output_add(&out, n);
			put += n;
		}
		assert_int_equal(output_len(&out), put - got);
		if (rng_below(&rng, 3) == 0) {
			struct span s = output_span(&out);
			size_t n = s.len == 0 || rng_below(&rng, 3) == 0 ? s.len :
			    rng_below(&rng, (uint32_t)s.len + 1);

			assert_int_equal(s.len == 0, put == got);
			assert_sequence(s.p, n, got);
			output_drop(&out, n);
			got += n;
		}
		now += rng_below(&rng, 1000);
		output_idle(&out, now);
		assert_true(output_deadline(&out) > now);
		assert_true(out.cap <= 1024 * 1024);
	}
	assert_true(put > 10 * 1024 * 1024);
	output_free(&out);
}

static void
output_that_finds_no_memory_keeps_what_it_has(void **state)
{
	struct output out = { 0 };
	uint8_t *p = output_reserve(&out, 4000, 0);

	(void)state;
	for (size_t i = 0; i < 4000; i++)
		p[i] = nth(i);
	output_add(&out, 4000);
	alloc_fail_after(0);
	assert_null(output_reserve(&out, 4000, 0));
	alloc_fail_never();
	assert_int_equal(output_len(&out), 4000);
	assert_sequence(output_span(&out).p, 4000, 0);
	output_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(input_gives_what_was_read_into_it_whatever_the_sizes),
		cmocka_unit_test(input_grows_for_a_packet_only_when_it_is_full),
		cmocka_unit_test(input_that_may_not_grow_offers_nothing_when_full),
		cmocka_unit_test(secret_input_is_wiped_as_it_is_used_up),
		cmocka_unit_test(output_gives_packets_in_order_and_each_in_one_piece),
		cmocka_unit_test(output_that_finds_no_memory_keeps_what_it_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
