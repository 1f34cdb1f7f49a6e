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

/* --- a peer that asks on and on instead of answering our KEXINIT --- */

/* What can be asked for: PING, a global request, a channel, a request on channel 0. */
static void
write_question(struct writer *w, unsigned kind)
{
	static const uint8_t numbers[] = { 192, 80, 90, 98 };
	uint8_t body[3000] = { 0 };

	wr_u8(w, numbers[kind]);
	if (kind == 0)
		wr_bytes(w, span_of(body, sizeof(body)));
	else if (kind == 1)
		wr_str(w, "tcpip-forward");
	else if (kind == 2)
		wr_str(w, "nonsense");
	else
		wr_u32(w, 0);
	if (kind == 3)
		wr_str(w, "nonsense");
	if (kind == 1 || kind == 3)
		wr_flag(w, true);
	for (unsigned i = 0; kind == 2 && i < 3; i++)
		wr_u32(w, 1000);
	assert_int_equal(wr_end(w), ERR_OK);
}

/* The victim's program answers each question with a no, at once. */
static void
answer_questions(struct pair *p, enum side s)
{
	struct conn *c = p->end[s].conn;
	struct event ev;

	while (conn_next(c, &ev)) {
		if (ev.type == EV_GLOBAL_REQUEST)
			conn_answer_global_request(c, ev.id, false, SPAN_EMPTY);
		else if (ev.type == EV_CHANNEL_REQUEST)
			conn_answer_channel_request(c, ev.channel, ev.id, false);
		else if (ev.type == EV_NEED_CHANNEL)
			conn_refuse_channel(c, ev.channel, 1, "no");
		else
			pair_event(p, s, &ev);
	}
}

/* Sends questions until the victim reads no further; gives how many it has read. */
static unsigned
flood(struct pair *p, enum side victim, unsigned kind, unsigned most)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_PACKET);
	struct end *e = &p->end[victim], *from = &p->end[other(victim)];
	unsigned n;

	write_question(&w, kind);
	for (n = 0; n < most; n++) {
		struct room room = conn_room(e->conn);
		struct span out;

		if (room.len == 0)
			break;
		inject(p, other(victim), writer_span(&w));
		out = conn_output(from->conn);
		assert_true(room.len >= out.len);
		memcpy(room.p, out.p, out.len);
		conn_sent(from->conn, out.len);
		assert_int_equal(conn_received(e->conn, out.len, p->now), ERR_OK);
		answer_questions(p, victim);
		assert_false(e->is_over);
	}
	return n;
}

static void
a_peer_that_asks_on_and_on_instead_of_rekeying_is_read_no_further(void **state)
{
	(void)state;
	for (enum side victim = SIDE_CLIENT; victim <= SIDE_SERVER; victim++)
	for (unsigned kind = 0; kind < 4; kind++) {
		const struct transport *t;
		struct event ev;
		struct pair p;

		open_default(&p);
		t = transport_of(&p, victim);
		conn_rekey(p.end[victim].conn);
		assert_in_range(flood(&p, victim, kind, 100000), 10, 99999);
		/* Little is held, and nothing of it went out. */
		assert_true(t->held.cap <= 2 * LIMIT_REKEY_ANSWERS);
		assert_true(t->in.cap <= INPUT_MAX && conn_queued(p.end[victim].conn) < 10000);
		assert_false(conn_next(p.end[victim].conn, &ev));
		/* That stays so until the time of a rekey is over. */
		p.now += LIMIT_REKEY_TIME - 1;
		assert_int_equal(conn_received(p.end[victim].conn, 0, p.now), ERR_OK);
		assert_int_equal(conn_room(p.end[victim].conn).len, 0);
		assert_int_equal(conn_deadline(p.end[victim].conn), p.now + 1);
		assert_int_equal(conn_received(p.end[victim].conn, 0, p.now + 1), ERR_CLOSED);
		assert_refused(&p, victim, ERR_TIMEOUT);
		pair_free(&p);
	}
}

static void
answers_that_waited_for_a_rekey_all_go_out_behind_it(void **state)
{
	(void)state;
	for (enum side victim = SIDE_CLIENT; victim <= SIDE_SERVER; victim++)
	for (unsigned kind = 0; kind < 4; kind++) {
		struct pair p;
		unsigned n = kind == 0 ? 80 : 5000;

		/* The sender would not know the channels that are refused. */
		if (kind == 2)
			continue;
		open_default(&p);
		conn_rekey(p.end[victim].conn);
		assert_int_equal(flood(&p, victim, kind, n), n);
		assert_true(transport_of(&p, victim)->held_answers >= 5 * n);
		pair_run(&p);
		assert_int_equal(transport_of(&p, victim)->held_answers, 0);
		assert_int_equal(p.end[victim].seen[EV_KEX_DONE], 2);
		if (kind == 0)
			assert_int_equal(p.end[other(victim)].seen[EV_PONG], n);
		pair_exchange(&p, 100000);
		pair_free(&p);
	}
}

/* Data is no question: as much as the window allows is taken, and costs nothing. */
static void
data_of_a_peer_that_does_not_rekey_stops_at_the_window(void **state)
{
	(void)state;
	for (enum side victim = SIDE_CLIENT; victim <= SIDE_SERVER; victim++) {
		enum side from = other(victim);
		struct pair p;

		open_default(&p);
		conn_rekey(p.end[victim].conn);
		/* Our KEXINIT is not delivered: the peer goes on as long as it may. */
		p.end[from].to_send = 100 * 1024 * 1024;
		while (pair_feed(&p, from))
			deliver_all(&p, victim);
		assert_in_range(p.end[victim].received, 100000, LIMIT_WINDOW_BUDGET);
		assert_true(transport_of(&p, victim)->held.cap <= 4096);
		assert_true(conn_room(p.end[victim].conn).len > 0);
		p.end[from].to_send = 3000000;
		pair_run(&p);
		assert_int_equal(p.end[victim].seen[EV_KEX_DONE], 2);
		assert_int_equal(p.end[from].to_send, 0);
		assert_int_equal(p.end[victim].received, p.end[from].sent);
		pair_free(&p);
	}
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

/* As pair_run(), but one side reads nothing while it has something to write. */
static void
run_with_a_writer_that_blocks(struct pair *p, enum side blocks)
{
	bool did = true;

	while (did) {
		did = false;
		for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
			pair_events(p, s);
			did |= pair_feed(p, s);
			if (s != blocks || conn_queued(p->end[s].conn) == 0)
				did |= pair_deliver(p, s);
			did |= conn_deadline(p->end[s].conn) == 0;
		}
	}
}

/* Simple servers write all they have before they read again: they rely on being read, rekey or not. */
static void
a_peer_that_writes_all_before_it_reads_again_is_read_through_every_rekey(void **state)
{
	(void)state;
	for (enum side blocks = SIDE_CLIENT; blocks <= SIDE_SERVER; blocks++)
	for (enum side rekeys = SIDE_CLIENT; rekeys <= SIDE_SERVER; rekeys++) {
		const uint64_t total = 2 * 1024 * 1024;
		struct pair p;

		pair_init(&p, "ed25519");
		p.end[rekeys].config.rekey_bytes = 64 * 1024;
		pair_open(&p);
		p.chunk = 700;
		p.end[SIDE_CLIENT].to_send = p.end[SIDE_SERVER].to_send = total;
		run_with_a_writer_that_blocks(&p, blocks);
		for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
			assert_string_equal(p.end[s].text, "");
			assert_int_equal(p.end[s].received, total);
			assert_true(p.end[s].seen[EV_KEX_DONE] > 5);
		}
		pair_free(&p);
	}
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
		cmocka_unit_test(a_peer_that_asks_on_and_on_instead_of_rekeying_is_read_no_further),
		cmocka_unit_test(answers_that_waited_for_a_rekey_all_go_out_behind_it),
		cmocka_unit_test(data_of_a_peer_that_does_not_rekey_stops_at_the_window),
		cmocka_unit_test(a_peer_that_never_reads_gets_no_more_than_a_bounded_amount),
		cmocka_unit_test(bulk_both_ways_through_a_narrow_pipe_never_locks_up),
		cmocka_unit_test(a_peer_that_writes_all_before_it_reads_again_is_read_through_every_rekey),
		cmocka_unit_test(a_server_takes_one_line_of_255_bytes_and_nothing_before_it),
		cmocka_unit_test(an_identification_string_that_never_ends_is_cut_off_at_its_limit),
		cmocka_unit_test(a_client_skips_a_bounded_number_of_lines),
		cmocka_unit_test(idle_connections_hold_little_memory),
		cmocka_unit_test(every_failed_allocation_ends_the_connection_cleanly),
		cmocka_unit_test(no_failed_allocation_lets_a_forged_host_key_signature_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
