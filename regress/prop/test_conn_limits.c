/* SPDX-License-Identifier: ISC */
/* What a peer can make a connection spend: memory, output, patience. */
#include "regress/support/conn_attack.h"

#include "regress/support/alloc.h"

static void
open_default(struct pair *p)
{
	pair_init(p, "ed25519");
	pair_open(p);
}

/* CVE-2025-26466 */
static void
a_flood_of_pings_from_a_peer_that_does_not_read_stops_the_reading(void **state)
{
	uint8_t ping[1 + 4 + 3000] = { 192, 0, 0, 3000 / 256, 3000 % 256 };
	struct pair p;
	unsigned n;

	(void)state;
	open_default(&p);
	for (n = 0; n < 2000; n++) {
		struct span out;
		struct room room;
		size_t len;

		inject(&p, SIDE_CLIENT, span_of(ping, sizeof(ping)));
		out = conn_output(p.end[SIDE_CLIENT].conn);
		room = conn_room(p.end[SIDE_SERVER].conn);
		if (room.len == 0)
			break;
		len = out.len < room.len ? out.len : room.len;
		memcpy(room.p, out.p, len);
		conn_sent(p.end[SIDE_CLIENT].conn, len);
		assert_int_equal(conn_received(p.end[SIDE_SERVER].conn, len, p.now), ERR_OK);
		pair_events(&p, SIDE_SERVER);
	}
	assert_true(n < 1000);
	assert_true(conn_queued(p.end[SIDE_SERVER].conn) < LIMIT_OUTPUT + 100000);
	/* Once it reads, all goes on. */
	pair_run(&p);
	pair_exchange(&p, 1000);
	pair_free(&p);
}

static void
pings_during_a_rekey_that_is_never_answered_are_bounded(void **state)
{
	uint8_t ping[1 + 4 + 30000] = { 192, 0, 0, 30000 / 256, 30000 % 256 };
	struct pair p;
	unsigned n;

	(void)state;
	open_default(&p);
	conn_rekey(p.end[SIDE_SERVER].conn);
	output_free(&transport_of(&p, SIDE_SERVER)->out);
	for (n = 0; n < 1000 && !p.end[SIDE_SERVER].is_over; n++) {
		inject(&p, SIDE_CLIENT, span_of(ping, sizeof(ping)));
		deliver_all(&p, SIDE_SERVER);
	}
	assert_true(p.end[SIDE_SERVER].is_over);
	assert_true(n < 50);
	pair_free(&p);
}

static void
a_peer_that_never_reads_gets_no_more_than_a_bounded_amount(void **state)
{
	struct pair p;

	(void)state;
	open_default(&p);
	p.end[SIDE_SERVER].to_send = 100 * 1024 * 1024;
	while (pair_feed(&p, SIDE_SERVER))
		continue;
	assert_true(conn_queued(p.end[SIDE_SERVER].conn) < LIMIT_OUTPUT_DATA + 64 * 1024);
	assert_true(transport_of(&p, SIDE_SERVER)->out.cap <= LIMIT_OUTPUT);
	/* It is still listened to. */
	assert_true(conn_room(p.end[SIDE_SERVER].conn).len > 0);
	pair_free(&p);
}

/* Both send as much as they can and read only what they have room for: no deadlock. */
static void
bulk_both_ways_through_a_narrow_pipe_never_locks_up(void **state)
{
	struct pair p;

	(void)state;
	open_default(&p);
	p.chunk = 700;
	pair_exchange(&p, 2 * 1024 * 1024);
	pair_free(&p);
}

/* russh CVE-2026-48108 */
static void
a_server_takes_one_line_of_255_bytes_and_nothing_before_it(void **state)
{
	static const char *const bad[] = { "GET / HTTP/1.1\r\n", "\n", "\r\nSSH-2.0-x\r\n",
	    "ssh-2.0-x\r\n", "SSH-1.5-x\r\n", "SSH-3.0-x\r\n", "SSH-\r\n", "S\r\n",
	    "SSH-2.0-x\r\r\n", "\x16\x03\x01" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct pair p;

		pair_init(&p, "ed25519");
		assert_int_equal(pair_start(&p), ERR_OK);
		output_free(&transport_of(&p, SIDE_CLIENT)->out);
		memcpy(conn_room(p.end[SIDE_SERVER].conn).p, bad[i], strlen(bad[i]));
		(void)!conn_received(p.end[SIDE_SERVER].conn, strlen(bad[i]), p.now);
		assert_refused(&p, SIDE_SERVER, ERR_IDENT);
		assert_int_equal(p.end[SIDE_SERVER].reason, 8);
		assert_true(conn_output(p.end[SIDE_SERVER].conn).len < 100);
		pair_free(&p);
	}
}

static void
an_identification_string_that_never_ends_is_cut_off_at_its_limit(void **state)
{
	struct pair p;
	size_t n;

	(void)state;
	pair_init(&p, "ed25519");
	assert_int_equal(pair_start(&p), ERR_OK);
	for (n = 0; n < 1000 && !p.end[SIDE_SERVER].is_over; n++) {
		conn_room(p.end[SIDE_SERVER].conn).p[0] = n < 8 ? "SSH-2.0-"[n] : 'x';
		(void)!conn_received(p.end[SIDE_SERVER].conn, 1, p.now);
		pair_events(&p, SIDE_SERVER);
	}
	assert_int_equal(n, LIMIT_IDENT);
	pair_free(&p);
}

static void
a_client_skips_a_bounded_number_of_lines(void **state)
{
	(void)state;
	for (int more = 0; more < 2; more++) {
		struct pair p;

		pair_init(&p, "ed25519");
		assert_int_equal(pair_start(&p), ERR_OK);
		for (int i = 0; i < LIMIT_IDENT_LINES + more; i++) {
			struct room room = conn_room(p.end[SIDE_CLIENT].conn);
			size_t len = i % 7 == 0 && i < 100 ? LIMIT_IDENT_LINE : 30;

			assert_true(room.len >= len);
			memset(room.p, 'a', len);
			room.p[len - 1] = '\n';
			(void)!conn_received(p.end[SIDE_CLIENT].conn, len, p.now);
			pair_events(&p, SIDE_CLIENT);
		}
		assert_int_equal(p.end[SIDE_CLIENT].is_over, more);
		if (more == 0)
			pair_run(&p);
		assert_int_equal(p.end[SIDE_CLIENT].seen[EV_AUTH_SUCCESS], !more);
		pair_free(&p);
	}
}

static void
idle_connections_hold_little_memory(void **state)
{
	struct pair p;

	(void)state;
	open_default(&p);
	pair_exchange(&p, 1000);
	pair_tell_time(&p, p.now + 10000);
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		const struct transport *t = transport_of(&p, s);

		assert_true(t->in.cap <= INPUT_MIN);
		assert_true(t->out.cap <= OUTPUT_MIN);
		assert_null(t->exchange);
		assert_int_equal(t->held.cap, 0);
		assert_true(t->msg.cap <= 1024);
		assert_true(t->ext.cap + t->hostkey.cap + t->peer_ident.cap <= 1024);
	}
	pair_free(&p);
}

/* --- memory that runs out --- */

/* A handshake with login and data, with every allocation failing once. */
static void
every_failed_allocation_ends_the_connection_cleanly(void **state)
{
	unsigned n, ended = 0;

	(void)state;
	for (n = 0; n < 5000; n++) {
		struct pair p;
		enum err e;

		pair_init(&p, "ed25519");
		alloc_fail_after(n);
		e = pair_start(&p);
		if (e == ERR_OK)
			pair_run(&p);
		alloc_fail_never();
		if (e != ERR_OK) {
			assert_int_equal(e, ERR_NOMEM);
			ended++;
		} else if (p.end[0].seen[EV_AUTH_SUCCESS] != 1 || p.end[1].seen[EV_AUTH_SUCCESS] != 1) {
			/* The side that failed says so; the other hears of it, or of nothing. */
			if (!p.end[0].is_over && !p.end[1].is_over)
				fail_msg("allocation %u: neither side has ended", n);
			ended++;
		}
		pair_free(&p);
		if (!alloc_failed())
			break;
	}
	assert_true(n > 50 && n < 5000);
	assert_true(ended > 50);
}

/* Only a verified signature may let a client go on, whatever fails meanwhile. */
static void
no_failed_allocation_lets_a_forged_host_key_signature_pass(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 5000; n++) {
		uint8_t sig[83] = { 0, 0, 0, 11, 's', 's', 'h', '-', 'e', 'd', '2', '5', '5', '1', '9',
		    0, 0, 0, 64 };
		struct pair p;
		bool did_fail;

		pair_init(&p, "ed25519");
		p.leave_signature = true;
		assert_int_equal(pair_start(&p), ERR_OK);
		pair_run(&p);
		conn_answer_host_signature(p.end[SIDE_SERVER].conn, p.end[SIDE_SERVER].sign_id,
		    span_of(sig, sizeof(sig)));
		alloc_fail_after(n);
		deliver_all(&p, SIDE_CLIENT);
		pair_events(&p, SIDE_CLIENT);
		did_fail = alloc_failed();
		alloc_fail_never();
		assert_int_equal(p.end[SIDE_CLIENT].seen[EV_NEED_HOSTKEY_CHECK], 0);
		assert_true(p.end[SIDE_CLIENT].is_over);
		pair_free(&p);
		if (!did_fail)
			break;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flood_of_pings_from_a_peer_that_does_not_read_stops_the_reading),
		cmocka_unit_test(pings_during_a_rekey_that_is_never_answered_are_bounded),
		cmocka_unit_test(a_peer_that_never_reads_gets_no_more_than_a_bounded_amount),
		cmocka_unit_test(bulk_both_ways_through_a_narrow_pipe_never_locks_up),
		cmocka_unit_test(a_server_takes_one_line_of_255_bytes_and_nothing_before_it),
		cmocka_unit_test(an_identification_string_that_never_ends_is_cut_off_at_its_limit),
		cmocka_unit_test(a_client_skips_a_bounded_number_of_lines),
		cmocka_unit_test(idle_connections_hold_little_memory),
		cmocka_unit_test(every_failed_allocation_ends_the_connection_cleanly),
		cmocka_unit_test(no_failed_allocation_lets_a_forged_host_key_signature_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
