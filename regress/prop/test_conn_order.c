/* SPDX-License-Identifier: ISC */
/* Messages of the transport layer that are malformed or out of turn, and packets that are too many. */
#include "regress/support/conn_attack.h"

/* A connection that both have logged in on. */
static void
open_pair(struct pair *p)
{
	pair_init(p, "ed25519");
	pair_open(p);
}

static void
small_messages_that_are_cut_short_or_too_long_disconnect(void **state)
{
	static const struct span messages[] = {
		{ (const uint8_t *)"\3", 1 },			/* UNIMPLEMENTED */
		{ (const uint8_t *)"\3\0\0\0", 4 },
		{ (const uint8_t *)"\3\0\0\0\0\0", 6 },
		{ (const uint8_t *)"\4", 1 },			/* DEBUG */
		{ (const uint8_t *)"\4\1\0\0\0\2a", 7 },
		{ (const uint8_t *)"\7", 1 },			/* EXT_INFO */
		{ (const uint8_t *)"\xc0", 1 },			/* PING */
		{ (const uint8_t *)"\xc0\0\0\0\1", 5 },
		{ (const uint8_t *)"\xc0\0\0\0\0a", 6 },
		{ (const uint8_t *)"\xc1\0\0\0\1", 5 },		/* PONG */
		{ (const uint8_t *)"\xc1\0\0\0\0a", 6 },
		{ (const uint8_t *)"\x15", 1 },			/* NEWKEYS */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(messages); i++) {
		for (enum side to = SIDE_CLIENT; to <= SIDE_SERVER; to++) {
			struct pair p;

			open_pair(&p);
			inject(&p, other(to), messages[i]);
			deliver_all(&p, to);
			pair_events(&p, to);
			assert_int_equal(p.end[to].seen[EV_FAILED], 1);
			pair_free(&p);
		}
	}
}

/* A server in the first exchange that waits for the client's half. */
static void
await_kex(struct pair *p, const char *kex)
{
	pair_init(p, "ed25519");
	p->chunk = 1;
	p->end[SIDE_CLIENT].config.kex_algs = p->end[SIDE_SERVER].config.kex_algs = kex;
	assert_int_equal(pair_start(p), ERR_OK);
	run_to(p, SIDE_SERVER, PHASE_KEX);
	run_to(p, SIDE_CLIENT, PHASE_KEX);
	p->chunk = 0;
	output_free(&transport_of(p, SIDE_CLIENT)->out);
	input_drop(&transport_of(p, SIDE_SERVER)->in, input_bytes(&transport_of(p, SIDE_SERVER)->in).len);
	transport_of(p, SIDE_SERVER)->packet_length = 0;
	transport_of(p, SIDE_CLIENT)->flow[TX].seq = transport_of(p, SIDE_SERVER)->flow[RX].seq;
}

static void
messages_of_another_method_or_of_a_later_step_disconnect(void **state)
{
	static const struct {
		const char *kex;
		uint8_t right;
	} methods[] = { { "curve25519-sha256", 30 }, { "mlkem768x25519-sha256", 30 },
	    { "diffie-hellman-group14-sha256", 30 }, { "diffie-hellman-group-exchange-sha256", 34 } };

	(void)state;
	for (size_t i = 0; i < COUNT(methods); i++) {
		for (uint8_t number = 30; number <= 34; number++) {
			struct pair p;

			if (number == methods[i].right)
				continue;
			await_kex(&p, methods[i].kex);
			inject_number(&p, SIDE_CLIENT, number, 12);
			deliver_all(&p, SIDE_SERVER);
			assert_refused(&p, SIDE_SERVER, ERR_SEQUENCE);
			pair_free(&p);
		}
	}
}

static void
packets_before_the_first_exchange_cannot_wrap_the_sequence_number(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, "ed25519");
	p.chunk = 1;
	assert_int_equal(pair_start(&p), ERR_OK);
	run_to(&p, SIDE_SERVER, PHASE_KEXINIT);
	alter_kexinit(&p, SIDE_CLIENT, "kex-strict-c", "kex-frisky-c");
	transport_of(&p, SIDE_SERVER)->flow[RX].seq = UINT32_MAX;
	pair_run(&p);
	assert_refused(&p, SIDE_SERVER, ERR_LIMIT);
	pair_free(&p);
}

/* The exchange that has been due since 2^31 packets was never answered. */
static void
packets_under_one_key_end_before_their_number_comes_again(void **state)
{
	struct pair p;

	(void)state;
	open_pair(&p);
	transport_of(&p, SIDE_SERVER)->flow[RX].packets = UINT32_MAX - 1;
	inject_number(&p, SIDE_CLIENT, 2, 4);
	deliver_all(&p, SIDE_SERVER);
	assert_refused(&p, SIDE_SERVER, ERR_LIMIT);
	pair_free(&p);

	open_pair(&p);
	transport_of(&p, SIDE_SERVER)->flow[TX].packets = UINT32_MAX - 1;
	inject_number(&p, SIDE_SERVER, 2, 4);
	assert_refused(&p, SIDE_SERVER, ERR_LIMIT);
	pair_free(&p);
}

static void
an_exchange_is_begun_long_before_that(void **state)
{
	struct pair p;

	(void)state;
	open_pair(&p);
	transport_of(&p, SIDE_SERVER)->flow[RX].packets = (uint64_t)1 << 31;
	pair_exchange(&p, 10);
	assert_int_equal(p.end[SIDE_SERVER].seen[EV_KEX_DONE], 2);
	pair_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_messages_that_are_cut_short_or_too_long_disconnect),
		cmocka_unit_test(messages_of_another_method_or_of_a_later_step_disconnect),
		cmocka_unit_test(packets_before_the_first_exchange_cannot_wrap_the_sequence_number),
		cmocka_unit_test(packets_under_one_key_end_before_their_number_comes_again),
		cmocka_unit_test(an_exchange_is_begun_long_before_that),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
