/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "channels/window.h"

#define MIB	(1024u * 1024)

static struct window_budget
budget(uint32_t mib)
{
	return (struct window_budget){ .total = (uint64_t)mib * MIB, .most = mib * MIB };
}

static void
take_more_than_credit_is_refused_and_changes_nothing(void **state)
{
	struct credit c = { .left = 10 };

	(void)state;
	assert_int_equal(credit_take(&c, 11), ERR_LIMIT);
	assert_int_equal(c.left, 10);
	assert_int_equal(credit_take(&c, 10), ERR_OK);
	assert_int_equal(c.left, 0);
}

static void
an_adjust_beyond_32_bits_is_refused_and_changes_nothing(void **state)
{
	struct credit c = { .left = UINT32_MAX };

	(void)state;
	assert_int_equal(credit_add(&c, 1), ERR_LIMIT);
	assert_int_equal(c.left, UINT32_MAX);
	assert_int_equal(credit_add(&c, 0), ERR_OK);
	c.left = 1;
	assert_int_equal(credit_add(&c, UINT32_MAX - 1), ERR_OK);
	assert_int_equal(c.left, UINT32_MAX);
}

static void
data_within_the_credit_is_counted(void **state)
{
	struct window_budget b = budget(64);
	struct window w = window_init(&b);
	uint32_t credit = w.credit;

	(void)state;
	assert_int_equal(window_received(&w, 1000, 0), ERR_OK);
	assert_int_equal(w.credit, credit - 1000);
	assert_int_equal(w.held, 1000);
	window_consumed(&w, 1000);
	assert_int_equal(w.held, 0);
}

static void
a_tenth_of_excess_is_borne_and_more_refused_and_changes_nothing(void **state)
{
	struct window_budget b = budget(64);
	struct window w = window_init(&b);
	uint32_t slack = w.size / 10;

	(void)state;
	assert_int_equal(window_received(&w, w.credit + slack + 1, 0), ERR_LIMIT);
	assert_int_equal(w.held, 0);
	assert_int_equal(w.excess, 0);
	assert_int_equal(window_received(&w, w.credit + slack, 0), ERR_OK);
	assert_int_equal(w.credit, 0);
	assert_int_equal(window_received(&w, 1, 0), ERR_LIMIT);
	/* Also after the program has read everything: it is counted for ever. */
	window_consumed(&w, w.held);
	assert_true(window_due(&w, 0) > 0);
	assert_int_equal(window_received(&w, w.credit + 1, 0), ERR_LIMIT);
}

static void
a_huge_length_does_not_wrap(void **state)
{
	struct window_budget b = budget(64);
	struct window w = window_init(&b);

	(void)state;
	assert_int_equal(window_received(&w, UINT32_MAX, 0), ERR_LIMIT);
	assert_int_equal(w.held, 0);
}

static void
nothing_is_granted_for_data_that_is_left_lying(void **state)
{
	struct window_budget b = budget(64);
	struct window w = window_init(&b);

	(void)state;
	while (w.credit > 0) {
		uint32_t n = w.credit < 32768 ? w.credit : 32768;

		assert_int_equal(window_received(&w, n, 0), ERR_OK);
		assert_int_equal(window_due(&w, 0), 0);
	}
	window_consumed(&w, w.held);
	assert_true(window_due(&w, 0) > 0);
}

static void
small_amounts_are_gathered_before_they_are_granted(void **state)
{
	struct window_budget b = budget(64);
	struct window w = window_init(&b);
	unsigned adjusts = 0;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(window_received(&w, 1000, 0), ERR_OK);
		window_consumed(&w, 1000);
		adjusts += window_due(&w, 0) > 0;
	}
	assert_in_range(adjusts, 1, 2);
}

static void
limits_are_where_no_bulk_packet_ends(void **state)
{
	struct window_budget b = budget(64);
	struct window w = window_init(&b);

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		assert_true(w.credit % 4096 != 0);
		assert_int_equal(window_received(&w, 65536, i), ERR_OK);
		window_consumed(&w, 65536);
		(void)window_due(&w, i);
	}
}

static void
windows_share_a_budget_and_give_it_back(void **state)
{
	struct window_budget b = budget(8);
	struct window w[100];

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		w[i] = window_init(&b);
		assert_true(w[i].size >= WINDOW_LEAST);
	}
	assert_true(w[0].size == WINDOW_INITIAL);
	assert_true(w[99].size == WINDOW_LEAST);
	assert_true(b.used <= b.total + 100 * WINDOW_LEAST);
	for (unsigned i = 0; i < 100; i++)
		window_close(&w[i]);
	assert_int_equal(b.used, 0);
	window_close(&w[0]);
	assert_int_equal(b.used, 0);
}

/*
 * A peer behind a path: it sends as fast as the path takes it, while it has
 * credit; a program that reads everything at once, or lets `slow` lie.
 */
struct path {
	struct window w;
	msec round_trip;
	uint32_t per_msec;	/* bytes */
	uint32_t slow;		/* bytes left lying */
	uint32_t credit;	/* as the peer sees it */
	uint32_t flight[1000];	/* data on its way, by arrival */
	uint32_t grants[1000];	/* adjusts on their way */
	uint64_t arrived;
};

static void
path_grant(struct path *p, msec now)
{
	uint32_t grant = window_due(&p->w, now);

	p->grants[(now + p->round_trip / 2) % 1000] += grant;
}

static void
path_arrive(struct path *p, uint32_t n, msec now)
{
	p->arrived += n;
	while (n > 0) {
		uint32_t packet = n < 32768 ? n : 32768;

		assert_int_equal(window_received(&p->w, packet, now), ERR_OK);
		n -= packet;
		if (p->w.held > p->slow)
			window_consumed(&p->w, p->w.held - p->slow);
		path_grant(p, now);
	}
}

/* Lets so much time pass. */
static void
path_run(struct path *p, msec from, msec until)
{
	for (msec now = from; now < until; now++) {
		uint32_t n = p->flight[now % 1000];

		p->flight[now % 1000] = 0;
		path_arrive(p, n, now);
		if (p->round_trip < 2)
			path_arrive(p, 0, now);
		p->credit += p->grants[now % 1000];
		p->grants[now % 1000] = 0;
		n = p->per_msec < p->credit ? p->per_msec : p->credit;
		p->credit -= n;
		p->flight[(now + 1 + p->round_trip / 2) % 1000] += n;
	}
}

static void
path_init(struct path *p, struct window_budget *b, msec round_trip, uint32_t per_msec)
{
	*p = (struct path){ .w = window_init(b), .round_trip = round_trip,
	    .per_msec = per_msec };
	p->credit = p->w.credit;
}

static void
a_long_fat_path_gets_what_it_holds(void **state)
{
	static struct path p;
	struct window_budget b = budget(64);

	(void)state;
	/* 100 ms, 512 MB/s: the path holds 50 MiB; a window of 2 MiB, 20 MB/s. */
	path_init(&p, &b, 100, 512 * 1024);
	path_run(&p, 1, 3000);
	p.arrived = 0;
	path_run(&p, 3000, 5000);
	assert_true(p.w.size >= 48 * MIB);
	assert_true(p.arrived / 2 >= 20u * 20 * MIB);
}

static void
a_path_that_is_filled_does_not_grow_its_window_further(void **state)
{
	static struct path p;
	struct window_budget b = budget(64);

	(void)state;
	/* 100 ms, 50 MB/s: 5 MB are on the way. */
	path_init(&p, &b, 100, 50 * 1024);
	path_run(&p, 1, 20000);
	assert_in_range(p.w.size, 5 * MIB, 16 * MIB);
}

static void
a_short_path_keeps_its_first_window(void **state)
{
	static struct path p;
	struct window_budget b = budget(64);

	(void)state;
	path_init(&p, &b, 0, 4096 * 1024);
	path_run(&p, 1, 5000);
	assert_int_equal(p.w.size, WINDOW_INITIAL);
}

static void
a_slow_reader_keeps_its_first_window(void **state)
{
	static struct path p;
	struct window_budget b = budget(64);

	(void)state;
	path_init(&p, &b, 100, 512 * 1024);
	p.slow = 700 * 1024;
	path_run(&p, 1, 10000);
	assert_int_equal(p.w.size, WINDOW_INITIAL);
}

static void
a_peer_that_pauses_now_and_then_does_not_grow_the_window(void **state)
{
	static struct path p;
	struct window_budget b = budget(64);
	msec now = 1;

	(void)state;
	/* The same machine; its scheduler holds the peer up for 30 ms at times. */
	path_init(&p, &b, 0, 1024 * 1024);
	for (unsigned i = 0; i < 100; i++) {
		path_run(&p, now, now + 50);
		now += 50;
		p.per_msec = 0;
		path_run(&p, now, now + 30);
		now += 30;
		p.per_msec = 1024 * 1024;
	}
	assert_true(p.w.size <= 4 * MIB);
}

static void
a_window_that_has_grown_shrinks_when_the_program_stops_reading(void **state)
{
	static struct path p;
	struct window_budget b = budget(64);

	(void)state;
	path_init(&p, &b, 100, 512 * 1024);
	path_run(&p, 1, 3000);
	assert_true(p.w.size >= 40 * MIB);
	p.slow = 1024 * MIB;
	path_run(&p, 3000, 6000);
	assert_true(p.w.held <= 64 * MIB);
	assert_int_equal(p.credit, 0);
	p.slow = 0;
	/* It begins to read again, slowly: a little at a time. */
	for (msec now = 6000; p.w.held > 0; now++) {
		uint32_t n = p.w.held < 32768 ? p.w.held : 32768;

		window_consumed(&p.w, n);
		(void)window_due(&p.w, now);
		assert_true(p.w.held + p.w.credit <= 64 * MIB);
	}
	assert_true(p.w.size <= 32 * MIB);
}

static void
a_program_that_pauses_for_a_moment_keeps_its_window(void **state)
{
	static struct path p;
	struct window_budget b = budget(64);
	uint32_t size;

	(void)state;
	path_init(&p, &b, 100, 512 * 1024);
	path_run(&p, 1, 3000);
	size = p.w.size;
	p.slow = 1024 * MIB;
	path_run(&p, 3000, 3300);
	p.slow = 0;
	path_run(&p, 3300, 3400);
	assert_true(p.w.size >= size);
}

static void
two_windows_grow_no_further_than_their_budget(void **state)
{
	static struct path p, q;
	struct window_budget b = budget(16);

	(void)state;
	path_init(&p, &b, 100, 512 * 1024);
	path_init(&q, &b, 100, 512 * 1024);
	for (msec now = 1; now < 10000; now += 100) {
		path_run(&p, now, now + 100);
		path_run(&q, now, now + 100);
		assert_true((uint64_t)p.w.size + q.w.size <= b.total);
		assert_int_equal(b.used, (uint64_t)p.w.size + q.w.size);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(take_more_than_credit_is_refused_and_changes_nothing),
		cmocka_unit_test(an_adjust_beyond_32_bits_is_refused_and_changes_nothing),
		cmocka_unit_test(data_within_the_credit_is_counted),
		cmocka_unit_test(a_tenth_of_excess_is_borne_and_more_refused_and_changes_nothing),
		cmocka_unit_test(a_huge_length_does_not_wrap),
		cmocka_unit_test(nothing_is_granted_for_data_that_is_left_lying),
		cmocka_unit_test(small_amounts_are_gathered_before_they_are_granted),
		cmocka_unit_test(limits_are_where_no_bulk_packet_ends),
		cmocka_unit_test(windows_share_a_budget_and_give_it_back),
		cmocka_unit_test(a_long_fat_path_gets_what_it_holds),
		cmocka_unit_test(a_path_that_is_filled_does_not_grow_its_window_further),
		cmocka_unit_test(a_short_path_keeps_its_first_window),
		cmocka_unit_test(a_slow_reader_keeps_its_first_window),
		cmocka_unit_test(a_peer_that_pauses_now_and_then_does_not_grow_the_window),
		cmocka_unit_test(a_window_that_has_grown_shrinks_when_the_program_stops_reading),
		cmocka_unit_test(a_program_that_pauses_for_a_moment_keeps_its_window),
		cmocka_unit_test(two_windows_grow_no_further_than_their_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
