/* SPDX-License-Identifier: ISC */
/* Messages in the wrong state: one test a flaw that others have had. */
#include "regress/support/conn_attack.h"

#define CHANNEL_OPEN_SESSION						\
	"\x5a\0\0\0\7session\0\0\0\0\0\x10\0\0\0\0\x80\0"

static struct span
channel_open(void)
{
	return SPAN_LIT(CHANNEL_OPEN_SESSION);
}

/* No channel, no login: whatever was sent, nothing came of it. */
static void
assert_nothing_opened(struct pair *p)
{
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		assert_int_equal(p->end[s].seen[EV_NEED_CHANNEL], 0);
		assert_int_equal(p->end[s].seen[EV_AUTH_SUCCESS], 0);
	}
}

/* --- before authentication --- */

/* libssh CVE-2018-10933 */
static void
userauth_success_sent_to_a_server_lets_nobody_in(void **state)
{
	struct pair p;

	(void)state;
	start_attack(&p, true);
	run_to(&p, SIDE_SERVER, PHASE_RUNNING);
	p.end[SIDE_CLIENT].seen[EV_AUTH_READY] = 0;
	inject(&p, SIDE_CLIENT, SPAN_LIT("\5\0\0\0\14ssh-userauth"));
	deliver_all(&p, SIDE_SERVER);
	inject_number(&p, SIDE_CLIENT, 52, 0);
	inject(&p, SIDE_CLIENT, channel_open());
	deliver_all(&p, SIDE_SERVER);
	assert_refused(&p, SIDE_SERVER, ERR_SEQUENCE);
	assert_nothing_opened(&p);
	pair_free(&p);
}

/* Erlang CVE-2025-32433, wolfSSH CVE-2024-2873, paramiko CVE-2018-7750 */
static void
channel_messages_before_authentication_disconnect(void **state)
{
	(void)state;
	for (unsigned number = 80; number <= 255; number++) {
		struct pair p;

		start_attack(&p, true);
		p.chunk = 0;
		run_to(&p, SIDE_SERVER, PHASE_RUNNING);
		inject_number(&p, SIDE_CLIENT, (uint8_t)number, 20);
		deliver_all(&p, SIDE_SERVER);
		assert_refused(&p, SIDE_SERVER, ERR_SEQUENCE);
		assert_nothing_opened(&p);
		pair_free(&p);
	}
}

static void
channel_open_in_clear_before_the_key_exchange_disconnects(void **state)
{
	(void)state;
	for (enum side victim = SIDE_CLIENT; victim <= SIDE_SERVER; victim++) {
		struct pair p;

		start_attack(&p, false);
		run_to(&p, victim, PHASE_KEX);
		inject(&p, other(victim), channel_open());
		deliver_all(&p, victim);
		assert_refused(&p, victim, ERR_SEQUENCE);
		assert_nothing_opened(&p);
		pair_free(&p);
	}
}

/* Every number in every phase of the first exchange: the table, end to end. */
static void
no_upper_message_gets_through_during_the_first_exchange(void **state)
{
	static const enum phase phases[] = { PHASE_KEXINIT, PHASE_KEX, PHASE_NEWKEYS };

	(void)state;
	for (size_t i = 0; i < COUNT(phases); i++)
	for (unsigned number = 50; number <= 255; number += 3) {
		struct pair p;

		start_attack(&p, number & 1);
		run_to(&p, SIDE_SERVER, phases[i]);
		/* What the client had sent so far has to arrive first. */
		output_free(&transport_of(&p, SIDE_CLIENT)->out);
		input_drop(&transport_of(&p, SIDE_SERVER)->in,
		    input_bytes(&transport_of(&p, SIDE_SERVER)->in).len);
		transport_of(&p, SIDE_SERVER)->packet_length = 0;
		inject_number(&p, SIDE_CLIENT, (uint8_t)number, 20);
		deliver_all(&p, SIDE_SERVER);
		if (!p.end[SIDE_SERVER].is_over)
			fail_msg("phase %d number %u", (int)phases[i], number);
		assert_nothing_opened(&p);
		pair_free(&p);
	}
}

/* OpenSSH CVE-2016-10708 */
static void
newkeys_before_there_are_keys_disconnects(void **state)
{
	(void)state;
	for (enum side victim = SIDE_CLIENT; victim <= SIDE_SERVER; victim++)
	for (enum phase phase = PHASE_KEXINIT; phase <= PHASE_KEX; phase++) {
		struct pair p;

		start_attack(&p, false);
		run_to(&p, victim, PHASE_KEXINIT);
		if (victim == SIDE_CLIENT && phase == PHASE_KEXINIT)
			output_free(&transport_of(&p, SIDE_SERVER)->out);
		inject_number(&p, other(victim), 21, 0);
		deliver_all(&p, victim);
		pair_events(&p, victim);
		assert_true(p.end[victim].is_over);
		assert_int_equal(p.end[victim].seen[EV_KEX_DONE], 0);
		pair_free(&p);
	}
}

/* wolfSSH CVE-2025-14942 */
static void
a_client_keeps_its_password_until_the_server_has_proved_itself(void **state)
{
	struct pair p;

	(void)state;
	start_attack(&p, false);
	p.leave_signature = true;
	pair_run(&p);
	/* Instead of its proof the server goes on as if all were done. */
	inject_number(&p, SIDE_SERVER, 21, 0);
	inject(&p, SIDE_SERVER, SPAN_LIT("\6\0\0\0\14ssh-userauth"));
	deliver_all(&p, SIDE_CLIENT);
	assert_refused(&p, SIDE_CLIENT, ERR_SEQUENCE);
	assert_int_equal(p.end[SIDE_CLIENT].seen[EV_AUTH_READY], 0);
	assert_int_equal(p.end[SIDE_CLIENT].seen[EV_KEX_DONE], 0);
	pair_free(&p);
}

static void
a_client_that_distrusts_the_host_key_sends_nothing_more(void **state)
{
	struct pair p;

	(void)state;
	start_attack(&p, true);
	p.distrust = true;
	pair_run(&p);
	assert_refused(&p, SIDE_CLIENT, ERR_HOSTKEY);
	assert_int_equal(p.end[SIDE_CLIENT].seen[EV_KEX_DONE], 0);
	assert_int_equal(p.end[SIDE_SERVER].seen[EV_DISCONNECTED], 1);
	assert_int_equal(p.end[SIDE_SERVER].reason, 9);
	pair_free(&p);
}

/* --- strict key exchange (Terrapin, CVE-2023-48795) --- */

static void
optional_messages_in_a_strict_first_exchange_disconnect(void **state)
{
	static const uint8_t numbers[] = { 2, 3, 4, 7, 192 };

	(void)state;
	for (enum side victim = SIDE_CLIENT; victim <= SIDE_SERVER; victim++)
	for (size_t i = 0; i < COUNT(numbers); i++) {
		struct pair p;

		start_attack(&p, true);
		run_to(&p, victim, victim == SIDE_SERVER ? PHASE_KEX : PHASE_KEXINIT);
		if (victim == SIDE_CLIENT) {
			p.leave_signature = true;
			pair_run(&p);
		}
		inject_number(&p, other(victim), numbers[i], 10);
		deliver_all(&p, victim);
		pair_events(&p, victim);
		assert_true(p.end[victim].is_over);
		assert_int_equal(p.end[victim].seen[EV_DEBUG], 0);
		assert_nothing_opened(&p);
		pair_free(&p);
	}
}

/* The flag must count for what came before it was known. */
static void
strict_is_checked_backwards_when_kexinit_was_not_the_first_packet(void **state)
{
	struct pair p;

	(void)state;
	start_attack(&p, true);
	run_to(&p, SIDE_SERVER, PHASE_KEXINIT);
	/* The client's KEXINIT has gone already; the server's comes behind an IGNORE. */
	output_free(&transport_of(&p, SIDE_SERVER)->out);
	inject(&p, SIDE_SERVER, SPAN_LIT("\2\0\0\0\0"));
	transport_of(&p, SIDE_SERVER)->flow[TX].seq = 0;
	inject(&p, SIDE_SERVER, writer_span(
	    &transport_of(&p, SIDE_SERVER)->exchange->kexinit[SIDE_SERVER]));
	deliver_all(&p, SIDE_CLIENT);
	assert_refused(&p, SIDE_CLIENT, ERR_SEQUENCE);
	assert_non_null(strstr(p.end[SIDE_CLIENT].text, "strict"));
	pair_free(&p);
}

static void
optional_messages_without_strict_are_taken(void **state)
{
	struct pair p;

	(void)state;
	start_attack(&p, false);
	run_to(&p, SIDE_SERVER, PHASE_KEX);
	inject(&p, SIDE_CLIENT, SPAN_LIT("\2\0\0\0\0"));
	inject(&p, SIDE_CLIENT, SPAN_LIT("\4\0\0\0\0\5hello\0\0\0\0"));
	inject_number(&p, SIDE_CLIENT, 19, 0);
	pair_run(&p);
	assert_int_equal(p.end[SIDE_SERVER].seen[EV_DEBUG], 1);
	assert_int_equal(p.end[SIDE_CLIENT].seen[EV_UNIMPLEMENTED], 1);
	assert_int_equal(p.end[SIDE_SERVER].seen[EV_AUTH_SUCCESS], 1);
	pair_free(&p);
}

static void
sequence_numbers_begin_anew_with_strict_and_go_on_without(void **state)
{
	(void)state;
	for (int strict = 0; strict < 2; strict++) {
		struct pair p;

		start_attack(&p, strict);
		pair_run(&p);
		for (enum direction d = RX; d <= TX; d++) {
			conn_rekey(p.end[SIDE_CLIENT].conn);
			pair_run(&p);
			assert_int_equal(transport_of(&p, SIDE_SERVER)->flow[d].seq == 0, strict);
			assert_int_equal(transport_of(&p, SIDE_CLIENT)->flow[d].seq == 0, strict);
		}
		pair_exchange(&p, 0);
		pair_free(&p);
	}
}

/* Drops the first packet behind NEWKEYS, as Terrapin does. */
static void
drop_first_encrypted(struct pair *p, enum side to)
{
	struct output *out = &transport_of(p, other(to))->out;

	assert_true(output_len(out) > 0);
	output_drop(out, output_span(out).len);
}

static void
a_packet_dropped_behind_newkeys_is_noticed(void **state)
{
	(void)state;
	for (int strict = 0; strict < 2; strict++) {
		struct pair p;

		start_attack(&p, strict);
		run_to(&p, SIDE_CLIENT, PHASE_RUNNING);
		deliver_all(&p, SIDE_SERVER);
		drop_first_encrypted(&p, SIDE_CLIENT);
		inject(&p, SIDE_SERVER, SPAN_LIT("\2\0\0\0\0"));
		deliver_all(&p, SIDE_CLIENT);
		pair_events(&p, SIDE_CLIENT);
		assert_true(p.end[SIDE_CLIENT].is_over);
		assert_nothing_opened(&p);
		pair_free(&p);
	}
}

static void
the_strict_marker_in_a_later_kexinit_means_nothing(void **state)
{
	const struct writer *own;
	struct pair p;
	size_t len;

	(void)state;
	start_attack(&p, false);
	pair_run(&p);
	/* A later proposal with the marker: made as if it were the first. */
	len = transport_of(&p, SIDE_CLIENT)->session_id_len;
	transport_of(&p, SIDE_CLIENT)->session_id_len = 0;
	exchange_start(transport_of(&p, SIDE_CLIENT));
	transport_of(&p, SIDE_CLIENT)->session_id_len = len;
	own = &transport_of(&p, SIDE_CLIENT)->exchange->kexinit[SIDE_CLIENT];
	assert_int_equal(replace(own->p, own->len, "kex-strict-c", "kex-strict-c"), 1);
	pair_run(&p);
	assert_false(transport_is_strict(transport_of(&p, SIDE_SERVER)));
	assert_int_equal(p.end[SIDE_SERVER].seen[EV_KEX_DONE], 2);
	pair_free(&p);
}

/* --- live sessions --- */

/* OpenSSH 10.4 */
static void
anything_but_the_exchange_behind_a_kexinit_disconnects(void **state)
{
	static const uint8_t numbers[] = { 5, 6, 7, 20, 21, 50, 52, 80, 90, 93, 94, 98, 192, 193 };

	(void)state;
	for (enum side victim = SIDE_CLIENT; victim <= SIDE_SERVER; victim++)
	for (size_t i = 0; i < COUNT(numbers); i++) {
		struct pair p;

		pair_init(&p, "ed25519");
		p.chunk = 0;
		pair_open(&p);
		exchange_start(transport_of(&p, other(victim)));
		inject_number(&p, other(victim), numbers[i], 12);
		deliver_all(&p, victim);
		assert_refused(&p, victim, ERR_SEQUENCE);
		assert_int_equal(p.end[victim].seen[EV_CHANNEL_DATA], 0);
		pair_free(&p);
	}
}

/* Go CVE-2025-22869 */
static void
output_that_waits_for_an_exchange_is_bounded(void **state)
{
	uint8_t text[1000] = { 0 };
	struct event ev;
	unsigned n = 0;
	struct pair p;

	(void)state;
	pair_init(&p, "ed25519");
	pair_open(&p);
	conn_rekey(p.end[SIDE_SERVER].conn);
	while (n < 100000 && !conn_next(p.end[SIDE_SERVER].conn, &ev)) {
		conn_global_request(p.end[SIDE_SERVER].conn, "flood", false,
		    span_of(text, sizeof(text)));
		n++;
	}
	assert_int_equal(ev.type, EV_FAILED);
	assert_int_equal(ev.err, ERR_LIMIT);
	assert_in_range(n, 500, 1100);
	pair_free(&p);
}

static void
a_rekey_that_the_peer_never_answers_times_out(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, "ed25519");
	pair_open(&p);
	conn_rekey(p.end[SIDE_SERVER].conn);
	assert_int_equal(conn_received(p.end[SIDE_SERVER].conn, 0, p.now), ERR_OK);
	assert_int_equal(conn_deadline(p.end[SIDE_SERVER].conn), p.now + LIMIT_REKEY_TIME);
	p.now += LIMIT_REKEY_TIME;
	assert_int_equal(conn_received(p.end[SIDE_SERVER].conn, 0, p.now), ERR_CLOSED);
	assert_refused(&p, SIDE_SERVER, ERR_TIMEOUT);
	pair_free(&p);
}

/* ~R, or much output, after a long silence: the conn knows only an old time then. */
static void
a_rekey_after_a_long_silence_gets_its_whole_time(void **state)
{
	struct conn *conn;
	struct pair p;

	(void)state;
	pair_init(&p, "ed25519");
	pair_open(&p);
	conn = p.end[SIDE_CLIENT].conn;
	p.now += 2 * LIMIT_REKEY_TIME;
	conn_rekey(conn);
	assert_int_equal(conn_deadline(conn), 0);
	assert_int_equal(conn_received(conn, 0, p.now), ERR_OK);
	assert_int_equal(conn_deadline(conn), p.now + LIMIT_REKEY_TIME);
	pair_free(&p);
}

static void
data_that_was_under_way_before_the_peer_saw_our_kexinit_is_taken(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, "ed25519");
	pair_open(&p);
	p.end[SIDE_CLIENT].to_send = 50000;
	pair_feed(&p, SIDE_CLIENT);
	conn_rekey(p.end[SIDE_SERVER].conn);
	pair_run(&p);
	assert_int_equal(p.end[SIDE_SERVER].received, 50000);
	assert_int_equal(p.end[SIDE_SERVER].seen[EV_KEX_DONE], 2);
	pair_free(&p);
}

/* Go CVE-2026-39830 */
static void
answers_that_nobody_asked_for_are_dropped(void **state)
{
	static const uint8_t numbers[] = { 81, 82 };
	struct pair p;

	(void)state;
	pair_init(&p, "ed25519");
	pair_open(&p);
	for (unsigned i = 0; i < 10000; i++) {
		inject_number(&p, SIDE_CLIENT, numbers[i & 1], 0);
		deliver_all(&p, SIDE_SERVER);
	}
	assert_int_equal(p.end[SIDE_SERVER].seen[EV_GLOBAL_REPLY], 0);
	pair_exchange(&p, 1000);
	pair_free(&p);
}

static void
numbers_nobody_knows_are_answered_with_unimplemented(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, "ed25519");
	pair_open(&p);
	inject_number(&p, SIDE_CLIENT, 150, 3);
	inject_number(&p, SIDE_SERVER, 199, 3);
	pair_exchange(&p, 100);
	assert_int_equal(p.end[SIDE_CLIENT].seen[EV_UNIMPLEMENTED], 1);
	assert_int_equal(p.end[SIDE_SERVER].seen[EV_UNIMPLEMENTED], 1);
	pair_free(&p);
}

static void
key_exchanges_before_authentication_are_counted(void **state)
{
	struct pair p;
	unsigned n;

	(void)state;
	pair_init(&p, "ed25519");
	p.no_login = true;
	assert_int_equal(pair_start(&p), ERR_OK);
	pair_run(&p);
	assert_int_equal(p.end[SIDE_CLIENT].seen[EV_AUTH_READY], 1);
	/* A client that only ever rekeys, and does not count itself. */
	for (n = 1; n < 100 && !p.end[SIDE_SERVER].is_over; n++) {
		transport_of(&p, SIDE_CLIENT)->n_exchanges = 1;
		conn_rekey(p.end[SIDE_CLIENT].conn);
		pair_run(&p);
	}
	assert_refused(&p, SIDE_SERVER, ERR_LIMIT);
	assert_string_equal(p.end[SIDE_SERVER].text, "too many key exchanges before authentication");
	assert_int_equal(n, LIMIT_KEX_UNAUTHENTICATED + 1);
	pair_free(&p);
}

static void
a_flipped_state_does_not_open_the_connection_layer(void **state)
{
	struct pair p;

	(void)state;
	start_attack(&p, true);
	run_to(&p, SIDE_SERVER, PHASE_RUNNING);
	/* Rowhammer: any one bit of what says "authenticated". */
	for (unsigned bit = 0; bit < 64; bit++) {
		p.end[SIDE_SERVER].conn->open ^= UINT64_C(1) << bit;
		assert_false(conn_is_open(p.end[SIDE_SERVER].conn));
		p.end[SIDE_SERVER].conn->open ^= UINT64_C(1) << bit;
	}
	p.end[SIDE_SERVER].conn->open = CONN_IS_OPEN;
	assert_false(conn_is_open(p.end[SIDE_SERVER].conn));
	pair_free(&p);
}

static void
no_rekey_by_time_crosses_the_login_and_its_compression(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, "ed25519");
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		p.end[s].config.compression = "zlib@openssh.com";
		p.end[s].config.rekey_after = 1000;
	}
	assert_int_equal(pair_start(&p), ERR_OK);
	run_to(&p, SIDE_CLIENT, PHASE_RUNNING);
	/* Whoever logs in takes his time. */
	p.now += 5000;
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++)
		(void)!conn_received(p.end[s].conn, 0, p.now);
	assert_null(transport_of(&p, SIDE_CLIENT)->exchange);
	pair_run(&p);
	assert_int_equal(p.end[SIDE_SERVER].seen[EV_AUTH_SUCCESS], 1);
	/* Then it comes. */
	pair_tell_time(&p, p.now + 1);
	pair_run(&p);
	assert_string_equal(p.end[SIDE_CLIENT].text, "");
	assert_string_equal(p.end[SIDE_SERVER].text, "");
	assert_int_equal(p.end[SIDE_SERVER].seen[EV_KEX_DONE], 2);
	pair_free(&p);
}

/* How often the password stands in n bytes at p. */
static unsigned
passwords_in(uint8_t *p, size_t n)
{
	return p == NULL ? 0 : replace(p, n, "secret", "secret");
}

static void
no_password_is_left_in_the_input_after_the_login(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, "ed25519");
	assert_int_equal(pair_start(&p), ERR_OK);
	pair_run(&p);
	assert_int_equal(p.end[SIDE_SERVER].seen[EV_AUTH_SUCCESS], 1);
	(void)conn_room(p.end[SIDE_SERVER].conn);
	assert_int_equal(conn_channel_open(p.end[SIDE_CLIENT].conn, "session", SPAN_EMPTY,
	    &p.end[SIDE_CLIENT].channel), ERR_OK);
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		struct transport *t = transport_of(&p, s);

		assert_int_equal(passwords_in(t->in.p, t->in.high), 0);
		assert_int_equal(passwords_in(t->msg.p, t->msg.len), 0);
	}
	/* What follows is data, and is not wiped for nothing. */
	assert_false(transport_of(&p, SIDE_SERVER)->in.is_secret);
	pair_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(userauth_success_sent_to_a_server_lets_nobody_in),
		cmocka_unit_test(channel_messages_before_authentication_disconnect),
		cmocka_unit_test(channel_open_in_clear_before_the_key_exchange_disconnects),
		cmocka_unit_test(no_upper_message_gets_through_during_the_first_exchange),
		cmocka_unit_test(newkeys_before_there_are_keys_disconnects),
		cmocka_unit_test(a_client_keeps_its_password_until_the_server_has_proved_itself),
		cmocka_unit_test(a_client_that_distrusts_the_host_key_sends_nothing_more),
		cmocka_unit_test(optional_messages_in_a_strict_first_exchange_disconnect),
		cmocka_unit_test(strict_is_checked_backwards_when_kexinit_was_not_the_first_packet),
		cmocka_unit_test(optional_messages_without_strict_are_taken),
		cmocka_unit_test(sequence_numbers_begin_anew_with_strict_and_go_on_without),
		cmocka_unit_test(a_packet_dropped_behind_newkeys_is_noticed),
		cmocka_unit_test(the_strict_marker_in_a_later_kexinit_means_nothing),
		cmocka_unit_test(anything_but_the_exchange_behind_a_kexinit_disconnects),
		cmocka_unit_test(output_that_waits_for_an_exchange_is_bounded),
		cmocka_unit_test(a_rekey_that_the_peer_never_answers_times_out),
		cmocka_unit_test(a_rekey_after_a_long_silence_gets_its_whole_time),
		cmocka_unit_test(data_that_was_under_way_before_the_peer_saw_our_kexinit_is_taken),
		cmocka_unit_test(answers_that_nobody_asked_for_are_dropped),
		cmocka_unit_test(numbers_nobody_knows_are_answered_with_unimplemented),
		cmocka_unit_test(key_exchanges_before_authentication_are_counted),
		cmocka_unit_test(a_flipped_state_does_not_open_the_connection_layer),
		cmocka_unit_test(no_rekey_by_time_crosses_the_login_and_its_compression),
		cmocka_unit_test(no_password_is_left_in_the_input_after_the_login),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
