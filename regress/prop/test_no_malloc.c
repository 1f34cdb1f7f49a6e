/* SPDX-License-Identifier: ISC */
/* After the handshake a packet costs no allocation, whatever it carries. */
#include "regress/support/conn_pair.h"

#include "regress/support/alloc.h"

#define WARM_UP		(4 * 1024 * 1024)

/* Allocations while n bytes go each way. */
static unsigned long
allocations_of(struct pair *p, uint64_t n)
{
	unsigned long before = alloc_count();

	pair_exchange(p, n);
	return alloc_count() - before;
}

static void
bulk_data_is_sent_and_received_without_an_allocation(void **state)
{
	struct span ciphers = span_str(crypto_cipher_names()), name;

	(void)state;
	while (span_token(&ciphers, ',', &name)) {
		char cipher[64] = { 0 };
		struct pair p;

		memcpy(cipher, name.p, name.len);
		pair_init(&p, "ed25519");
		p.end[SIDE_CLIENT].config.ciphers = cipher;
		pair_open(&p);
		/* Buffers and windows reach their size. */
		pair_exchange(&p, WARM_UP);
		assert_int_equal(allocations_of(&p, 64 * 1024 * 1024), 0);
		pair_free(&p);
	}
}

static void
key_presses_are_sent_and_received_without_an_allocation(void **state)
{
	unsigned long before;
	struct pair p;

	(void)state;
	pair_init(&p, "ed25519");
	pair_open(&p);
	pair_exchange(&p, 1);
	before = alloc_count();
	for (unsigned i = 0; i < 10000; i++)
		pair_exchange(&p, 1);
	assert_int_equal(alloc_count() - before, 0);
	pair_free(&p);
}

static void
control_messages_cost_no_allocation(void **state)
{
	unsigned long before;
	struct pair p;

	(void)state;
	pair_init(&p, "ed25519");
	pair_open(&p);
	for (unsigned i = 0; i < 1100; i++) {
		if (i == 100)
			before = alloc_count();
		assert_true(conn_ping(p.end[SIDE_CLIENT].conn, SPAN_LIT("ping")));
		conn_channel_request(p.end[SIDE_CLIENT].conn, p.end[SIDE_CLIENT].channel,
		    "window-change", false, SPAN_LIT("\0\0\0\x50\0\0\0\x18\0\0\0\0\0\0\0\0"));
		pair_run(&p);
	}
	assert_int_equal(alloc_count() - before, 0);
	pair_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bulk_data_is_sent_and_received_without_an_allocation),
		cmocka_unit_test(key_presses_are_sent_and_received_without_an_allocation),
		cmocka_unit_test(control_messages_cost_no_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
