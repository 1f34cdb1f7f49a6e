/* SPDX-License-Identifier: ISC */
/* Whole connections in memory: every algorithm, rekeying, and how bytes are cut. */
#include "regress/support/conn_pair.h"

#include "base/text.h"

#define KIB	1024
#define MIB	(1024 * 1024)

/* --- algorithms --- */

/* Copies the next name of a comma list into buf; false at the end. */
static bool
next_name(struct span *list, char *buf, size_t size)
{
	struct span name;

	if (!span_token(list, ',', &name))
		return false;
	assert_true(name.len < size);
	memcpy(buf, name.p, name.len);
	buf[name.len] = '\0';
	return true;
}

static void
set_both(struct pair *p, const char *kex, const char *cipher, const char *mac)
{
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		p->end[s].config.kex_algs = kex;
		p->end[s].config.ciphers = cipher;
		p->end[s].config.macs = mac;
	}
}

/* Logs in, sends data, rekeys, sends data again. */
static void
whole_connection(const char *key, const char *kex, const char *cipher, const char *mac)
{
	struct pair p;

	pair_init(&p, key);
	set_both(&p, kex, cipher, mac);
	pair_open(&p);
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		assert_string_equal(p.end[s].names.kex, kex);
		assert_string_equal(p.end[s].names.cipher[RX], cipher);
		assert_string_equal(p.end[s].names.cipher[TX], cipher);
	}
	assert_memory_equal(p.end[0].session_id, p.end[1].session_id, p.end[0].session_id_len);
	pair_exchange(&p, 100 * KIB);
	conn_rekey(p.end[SIDE_CLIENT].conn);
	pair_exchange(&p, 100 * KIB);
	assert_int_equal(p.end[SIDE_CLIENT].seen[EV_KEX_DONE], 2);
	assert_int_equal(p.end[SIDE_SERVER].seen[EV_KEX_DONE], 2);
	pair_free(&p);
}

static void
every_cipher_with_every_mac_carries_data(void **state)
{
	struct span ciphers = span_str(crypto_cipher_names());
	char cipher[64], mac[64];

	(void)state;
	while (next_name(&ciphers, cipher, sizeof(cipher))) {
		struct span macs = span_str(crypto_mac_names());

		while (next_name(&macs, mac, sizeof(mac)))
			whole_connection("ed25519", "curve25519-sha256", cipher, mac);
	}
}

/* Large numbers take tens of milliseconds: once each is enough. */
static bool
is_slow(const char *kex)
{
	return strncmp(kex, "diffie-hellman-", 15) == 0;
}

static void
every_key_exchange_with_every_cipher_carries_data(void **state)
{
	struct span methods = span_str(kex_names());
	char kex[64], cipher[64];

	(void)state;
	while (next_name(&methods, kex, sizeof(kex))) {
		struct span ciphers = span_str(crypto_cipher_names());

		while (next_name(&ciphers, cipher, sizeof(cipher))) {
			whole_connection("ed25519", kex, cipher, crypto_mac_names());
			if (is_slow(kex))
				break;
		}
	}
}

static void
every_host_key_type_with_every_key_exchange_is_proved(void **state)
{
	static const char *const kinds[] = { "ed25519", "ecdsa-sha2-nistp256",
	    "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa" };
	char kex[64];

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct span methods = span_str(kex_names());

		while (next_name(&methods, kex, sizeof(kex)))
			if (!is_slow(kex))
				whole_connection(kinds[i], kex, "aes128-gcm@openssh.com",
				    crypto_mac_names());
	}
}

static void
each_rsa_signature_algorithm_is_agreed_on(void **state)
{
	static const char *const algs[] = { "rsa-sha2-256", "rsa-sha2-512" };

	(void)state;
	for (size_t i = 0; i < COUNT(algs); i++) {
		struct pair p;

		pair_init(&p, "rsa");
		p.end[SIDE_CLIENT].config.hostkey_algs = algs[i];
		pair_open(&p);
		assert_string_equal(p.end[SIDE_CLIENT].names.hostkey, algs[i]);
		pair_free(&p);
	}
}

static void
different_ciphers_each_way_are_kept_apart(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, "ed25519");
	/* The client's preference counts; both directions have the same lists. */
	p.end[SIDE_CLIENT].config.ciphers = "aes256-ctr,aes128-ctr";
	p.end[SIDE_SERVER].config.ciphers = "aes128-ctr,aes256-ctr";
	pair_open(&p);
	assert_string_equal(p.end[SIDE_SERVER].names.cipher[RX], "aes256-ctr");
	pair_exchange(&p, 10 * KIB);
	pair_free(&p);
}

static void
compression_begins_after_authentication_and_lives_through_a_rekey(void **state)
{
	struct pair p;
	uint64_t before;

	(void)state;
	pair_init(&p, "ed25519");
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++)
		p.end[s].config.compression = "zlib@openssh.com,none";
	pair_open(&p);
	assert_string_equal(p.end[SIDE_CLIENT].names.compression[RX], "zlib@openssh.com");
	before = p.moved[SIDE_SERVER];
	pair_exchange(&p, 300 * KIB);
	/* The sequence repeats itself, so it must have shrunk. */
	assert_true(p.moved[SIDE_SERVER] - before < 200 * KIB);
	conn_rekey(p.end[SIDE_SERVER].conn);
	pair_exchange(&p, 300 * KIB);
	assert_int_equal(p.end[SIDE_CLIENT].seen[EV_KEX_DONE], 2);
	pair_free(&p);
}

static void
what_has_gone_each_way_is_counted_alike_by_both_ends(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, "ed25519");
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++)
		p.end[s].config.compression = "zlib@openssh.com,none";
	pair_open(&p);
	pair_exchange(&p, 300 * KIB);
	/* What is sent repeats itself, so it must have shrunk. */
	assert_true(conn_traffic(p.end[SIDE_CLIENT].conn, TX).plain > 300 * KIB);
	assert_true(conn_traffic(p.end[SIDE_CLIENT].conn, TX).packed < 200 * KIB);
	conn_rekey(p.end[SIDE_SERVER].conn);
	pair_exchange(&p, 300 * KIB);
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		struct traffic sent = conn_traffic(p.end[s].conn, TX);
		struct traffic taken = conn_traffic(p.end[other(s)].conn, RX);

		assert_int_equal(sent.packets, taken.packets);
		assert_int_equal(sent.bytes, taken.bytes);
		/* All that was moved but the identification string and its CR LF. */
		assert_int_equal(sent.bytes + strlen(p.end[s].config.ident) + 2, p.moved[other(s)]);
		assert_true(sent.is_compressed && taken.is_compressed);
		assert_int_equal(sent.plain, taken.plain);
		assert_int_equal(sent.packed, taken.packed);
		assert_int_equal(p.end[s].seen[EV_KEX_BEGUN], 2);
		assert_int_equal(p.end[s].seen[EV_KEX_DONE], 2);
	}
	pair_free(&p);
}

/* --- rekeying --- */

static void
open_default(struct pair *p)
{
	pair_init(p, "ed25519");
	pair_open(p);
}

static void
rekey_by_either_side_under_full_load_loses_nothing(void **state)
{
	(void)state;
	for (enum side who = SIDE_CLIENT; who <= SIDE_SERVER; who++) {
		struct pair p;

		open_default(&p);
		p.chunk = 10000;
		p.end[SIDE_CLIENT].to_send = p.end[SIDE_SERVER].to_send = 3 * MIB;
		for (unsigned i = 0; i < 250; i++) {
			for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
				pair_feed(&p, s);
				pair_deliver(&p, s);
			}
			if (i % 40 == 3)
				conn_rekey(p.end[who].conn);
		}
		pair_run(&p);
		assert_int_equal(p.end[SIDE_CLIENT].received, 3 * MIB);
		assert_int_equal(p.end[SIDE_SERVER].received, 3 * MIB);
		assert_true(p.end[SIDE_CLIENT].seen[EV_KEX_DONE] > 2);
		pair_free(&p);
	}
}

static void
rekey_by_both_sides_at_once_is_one_exchange(void **state)
{
	struct pair p;

	(void)state;
	open_default(&p);
	conn_rekey(p.end[SIDE_CLIENT].conn);
	conn_rekey(p.end[SIDE_SERVER].conn);
	pair_exchange(&p, 200 * KIB);
	assert_int_equal(p.end[SIDE_CLIENT].seen[EV_KEX_DONE], 2);
	assert_int_equal(p.end[SIDE_SERVER].seen[EV_KEX_DONE], 2);
	pair_free(&p);
}

static void
rekey_comes_by_itself_after_the_bytes_of_the_limit(void **state)
{
	(void)state;
	for (enum side who = SIDE_CLIENT; who <= SIDE_SERVER; who++) {
		struct pair p;

		pair_init(&p, "ed25519");
		p.end[who].config.rekey_bytes = 64 * KIB;
		pair_open(&p);
		pair_exchange(&p, 2 * MIB);
		assert_true(p.end[who].seen[EV_KEX_DONE] >= 8);
		pair_free(&p);
	}
}

static void
a_limit_of_a_few_bytes_makes_progress_all_the_same(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, "ed25519");
	p.end[SIDE_CLIENT].config.rekey_bytes = 16;
	pair_open(&p);
	pair_exchange(&p, 1 * MIB);
	assert_true(p.end[SIDE_SERVER].seen[EV_KEX_DONE] > 10);
	pair_free(&p);
}

static void
rekey_comes_by_itself_after_the_time_of_the_limit(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, "ed25519");
	p.end[SIDE_SERVER].config.rekey_after = 60000;
	pair_open(&p);
	assert_true(conn_deadline(p.end[SIDE_SERVER].conn) <= p.now + 60000);
	pair_tell_time(&p, p.now + 59999);
	pair_run(&p);
	assert_int_equal(p.end[SIDE_SERVER].seen[EV_KEX_DONE], 1);
	assert_int_equal(conn_deadline(p.end[SIDE_SERVER].conn), p.now + 1);
	pair_tell_time(&p, p.now + 1);
	pair_run(&p);
	assert_int_equal(p.end[SIDE_SERVER].seen[EV_KEX_DONE], 2);
	assert_int_equal(p.end[SIDE_CLIENT].seen[EV_KEX_DONE], 2);
	pair_free(&p);
}

/* As sshd does it, whose Match may say something else for the user. */
static void
a_rekey_limit_may_come_with_the_login(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, "ed25519");
	p.end[SIDE_SERVER].config.rekey_bytes = 100 * MIB;
	pair_open(&p);
	conn_rekey_limit(p.end[SIDE_SERVER].conn, 64 * KIB, 60000);
	pair_exchange(&p, 2 * MIB);
	assert_true(p.end[SIDE_SERVER].seen[EV_KEX_DONE] >= 8);
	conn_rekey_limit(p.end[SIDE_SERVER].conn, 0, 60000);
	p.end[SIDE_SERVER].seen[EV_KEX_DONE] = 0;
	pair_exchange(&p, 2 * MIB);
	assert_int_equal(p.end[SIDE_SERVER].seen[EV_KEX_DONE], 0);
	pair_tell_time(&p, p.now + 60000);
	pair_run(&p);
	assert_int_equal(p.end[SIDE_SERVER].seen[EV_KEX_DONE], 1);
	pair_free(&p);
}

static void
the_session_id_stays_through_rekeys(void **state)
{
	struct pair p;
	uint8_t first[HASH_MAX_LEN];
	size_t len;

	(void)state;
	open_default(&p);
	len = p.end[SIDE_CLIENT].session_id_len;
	memcpy(first, p.end[SIDE_CLIENT].session_id, len);
	conn_rekey(p.end[SIDE_CLIENT].conn);
	pair_run(&p);
	assert_int_equal(p.end[SIDE_CLIENT].session_id_len, len);
	assert_memory_equal(p.end[SIDE_CLIENT].session_id, first, len);
	assert_true(span_eq(conn_session_id(p.end[SIDE_SERVER].conn), span_of(first, len)));
	pair_free(&p);
}

/* What an agent is shown: session-bind@openssh.com. */
static void
the_host_s_signature_is_kept_of_the_first_exchange(void **state)
{
	struct pair p;
	struct conn *c;
	struct key *key = NULL;

	(void)state;
	pair_init(&p, "ed25519");
	assert_int_equal(pair_start(&p), ERR_OK);
	assert_int_equal(conn_hostkey_sig(p.end[SIDE_CLIENT].conn).len, 0);
	pair_run(&p);
	c = p.end[SIDE_CLIENT].conn;
	for (int round = 0; round < 2; round++) {
		assert_int_equal(p.end[SIDE_CLIENT].seen[EV_KEX_DONE], 1 + round);
		assert_int_equal(key_from_blob(conn_hostkey(c), &key), ERR_OK);
		assert_int_equal(key_verify(key, SPAN_LIT("ssh-ed25519"), SPAN_LIT("ssh-ed25519"),
		    conn_hostkey_sig(c), conn_session_id(c), NULL), ERR_OK);
		key_free(&key);
		conn_rekey(c);
		pair_run(&p);
	}
	assert_int_equal(conn_hostkey_sig(p.end[SIDE_SERVER].conn).len, 0);
	pair_free(&p);
}

/* --- how bytes are cut --- */

static void
delivery_in_any_chunks_equals_delivery_in_bulk(void **state)
{
	static const size_t chunks[] = { 1, 2, 3, 7, 16, 61, 1000, 4096 };
	uint64_t moved[2] = { 0, 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(chunks); i++) {
		struct pair p;

		pair_init(&p, "ed25519");
		p.chunk = chunks[i];
		pair_open(&p);
		pair_exchange(&p, 5 * KIB);
		if (i == 0)
			memcpy(moved, p.moved, sizeof(moved));
		/* The handshake, one packet each way and one WINDOW_ADJUST more or less. */
		assert_true(p.moved[0] < moved[0] + 300 && moved[0] < p.moved[0] + 300);
		pair_free(&p);
	}
}

static void
packets_of_every_small_size_arrive(void **state)
{
	static const char *const ciphers[] = { "chacha20-poly1305@openssh.com",
	    "aes256-gcm@openssh.com", "aes128-ctr" };

	(void)state;
	for (size_t i = 0; i < COUNT(ciphers); i++) {
		struct pair p;

		pair_init(&p, "ed25519");
		set_both(&p, "curve25519-sha256", ciphers[i], crypto_mac_names());
		pair_open(&p);
		for (unsigned n = 1; n < 300; n++)
			pair_exchange(&p, n);
		pair_free(&p);
	}
}

static void
a_rekey_in_the_middle_of_byte_wise_delivery_works(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, "ed25519");
	p.chunk = 1;
	pair_open(&p);
	p.end[SIDE_CLIENT].to_send = p.end[SIDE_SERVER].to_send = 20 * KIB;
	for (unsigned i = 0; i < 5000; i++) {
		for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
			pair_feed(&p, s);
			pair_deliver(&p, s);
		}
		if (i % 1000 == 500)
			conn_rekey(p.end[i & 1].conn);
	}
	pair_run(&p);
	assert_int_equal(p.end[SIDE_CLIENT].received, 20 * KIB);
	assert_int_equal(p.end[SIDE_SERVER].received, 20 * KIB);
	pair_free(&p);
}

/* --- extensions and small messages --- */

static void
extensions_are_told_one_by_one_and_kept(void **state)
{
	struct span value;
	struct pair p;

	(void)state;
	open_default(&p);
	assert_int_equal(p.end[SIDE_CLIENT].seen[EV_EXT_INFO], 4);
	assert_int_equal(p.end[SIDE_SERVER].seen[EV_EXT_INFO], 1);
	assert_true(conn_peer_extension(p.end[SIDE_CLIENT].conn, "server-sig-algs", &value));
	assert_true(span_is(value, "ssh-ed25519,rsa-sha2-256"));
	assert_true(conn_peer_extension(p.end[SIDE_SERVER].conn, "ext-info-in-auth@openssh.com",
	    NULL));
	assert_false(conn_peer_extension(p.end[SIDE_CLIENT].conn, "server-sig-alg", NULL));
	pair_free(&p);
}

static void
a_user_s_own_algorithms_come_in_a_second_ext_info(void **state)
{
	struct span value;
	struct pair p;

	(void)state;
	pair_init(&p, "ed25519");
	p.user_algs = "rsa-sha2-512,rsa-sha2-512-cert-v01@openssh.com";
	pair_open(&p);
	assert_int_equal(p.end[SIDE_CLIENT].seen[EV_EXT_INFO], 5);
	assert_true(conn_peer_extension(p.end[SIDE_CLIENT].conn, "server-sig-algs", &value));
	assert_true(span_is(value, "rsa-sha2-512"));
	/* Not when somebody is logged in: there is no state for it. */
	conn_tell_sig_algs(p.end[SIDE_SERVER].conn, SPAN_LIT("ssh-ed25519"));
	pair_run(&p);
	assert_int_equal(p.end[SIDE_CLIENT].seen[EV_EXT_INFO], 5);
	assert_int_equal(p.end[SIDE_CLIENT].seen[EV_FAILED], 0);
	pair_free(&p);
}

static void
a_server_that_takes_only_certificates_tells_what_their_keys_sign_by(void **state)
{
	struct span value;
	struct pair p;

	(void)state;
	pair_init(&p, "ed25519");
	p.user_algs = "ssh-ed25519-cert-v01@openssh.com,rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-512,"
	    "ssh-ed25519-cert-v01@openssh.com";
	pair_open(&p);
	assert_true(conn_peer_extension(p.end[SIDE_CLIENT].conn, "server-sig-algs", &value));
	assert_true(span_is(value, "ssh-ed25519,rsa-sha2-512"));
	pair_free(&p);
}

static void
a_ping_is_answered(void **state)
{
	struct pair p;

	(void)state;
	open_default(&p);
	assert_false(conn_ping(p.end[SIDE_SERVER].conn, SPAN_LIT("x")));
	assert_true(conn_ping(p.end[SIDE_CLIENT].conn, SPAN_LIT("are you there?")));
	pair_run(&p);
	assert_int_equal(p.end[SIDE_CLIENT].seen[EV_PONG], 1);
	pair_free(&p);
}

static void
a_disconnect_reaches_the_other_side_and_ends_both(void **state)
{
	struct event ev;
	struct pair p;

	(void)state;
	open_default(&p);
	conn_disconnect(p.end[SIDE_CLIENT].conn, 11, "so long");
	pair_run(&p);
	assert_int_equal(p.end[SIDE_SERVER].seen[EV_DISCONNECTED], 1);
	assert_int_equal(p.end[SIDE_SERVER].reason, 11);
	assert_string_equal(p.end[SIDE_SERVER].text, "so long");
	assert_false(conn_next(p.end[SIDE_CLIENT].conn, &ev));
	assert_int_equal(conn_room(p.end[SIDE_CLIENT].conn).len, 0);
	assert_int_equal(conn_received(p.end[SIDE_CLIENT].conn, 0, p.now), ERR_CLOSED);
	assert_int_equal(conn_received(p.end[SIDE_SERVER].conn, 0, p.now), ERR_CLOSED);
	pair_free(&p);
}

static void
memory_shrinks_when_a_busy_connection_goes_idle(void **state)
{
	struct pair p;
	size_t busy;

	(void)state;
	open_default(&p);
	pair_exchange(&p, 4 * MIB);
	busy = conn_room(p.end[SIDE_SERVER].conn).len;
	assert_true(busy >= 128 * KIB);
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++)
		assert_true(conn_deadline(p.end[s].conn) <= p.now + 2000);
	pair_tell_time(&p, p.now + 2000);
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		assert_true(conn_room(p.end[s].conn).len <= 8 * KIB);
		assert_true(conn_deadline(p.end[s].conn) == MSEC_NEVER);
	}
	pair_exchange(&p, 4 * MIB);
	pair_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cipher_with_every_mac_carries_data),
		cmocka_unit_test(every_key_exchange_with_every_cipher_carries_data),
		cmocka_unit_test(every_host_key_type_with_every_key_exchange_is_proved),
		cmocka_unit_test(each_rsa_signature_algorithm_is_agreed_on),
		cmocka_unit_test(different_ciphers_each_way_are_kept_apart),
		cmocka_unit_test(compression_begins_after_authentication_and_lives_through_a_rekey),
		cmocka_unit_test(what_has_gone_each_way_is_counted_alike_by_both_ends),
		cmocka_unit_test(rekey_by_either_side_under_full_load_loses_nothing),
		cmocka_unit_test(rekey_by_both_sides_at_once_is_one_exchange),
		cmocka_unit_test(rekey_comes_by_itself_after_the_bytes_of_the_limit),
		cmocka_unit_test(a_limit_of_a_few_bytes_makes_progress_all_the_same),
		cmocka_unit_test(rekey_comes_by_itself_after_the_time_of_the_limit),
		cmocka_unit_test(a_rekey_limit_may_come_with_the_login),
		cmocka_unit_test(the_session_id_stays_through_rekeys),
		cmocka_unit_test(the_host_s_signature_is_kept_of_the_first_exchange),
		cmocka_unit_test(delivery_in_any_chunks_equals_delivery_in_bulk),
		cmocka_unit_test(packets_of_every_small_size_arrive),
		cmocka_unit_test(a_rekey_in_the_middle_of_byte_wise_delivery_works),
		cmocka_unit_test(extensions_are_told_one_by_one_and_kept),
		cmocka_unit_test(a_user_s_own_algorithms_come_in_a_second_ext_info),
		cmocka_unit_test(a_server_that_takes_only_certificates_tells_what_their_keys_sign_by),
		cmocka_unit_test(a_ping_is_answered),
		cmocka_unit_test(a_disconnect_reaches_the_other_side_and_ends_both),
		cmocka_unit_test(memory_shrinks_when_a_busy_connection_goes_idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
