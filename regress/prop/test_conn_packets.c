/* SPDX-License-Identifier: ISC */
/* Lengths, counts, flipped bits: packets that are not what they should be. */
#include "regress/support/conn_attack.h"

static const char *const ciphers[] = {
	"chacha20-poly1305@openssh.com", "aes128-gcm@openssh.com", "aes256-gcm@openssh.com",
	"aes128-ctr", "aes192-ctr", "aes256-ctr",
};

static const char *const macs[] = {
	"hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com",
	"hmac-sha2-256", "hmac-sha2-512",
};

/* A pair that is logged in, with this cipher and MAC. */
static void
open_with(struct pair *p, const char *cipher, const char *mac)
{
	pair_init(p, "ed25519");
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		p->end[s].config.ciphers = cipher;
		p->end[s].config.macs = mac;
	}
	pair_open(p);
}

/*
 * Sends a packet of body bytes behind its length field, with any padding
 * length, whose length field says something else than it was sealed with: it
 * stands in clear or under a stream cipher, so flipping its bits does it.
 */
static void
inject_raw(struct pair *p, enum side from, uint32_t length, uint8_t padding, size_t body)
{
	struct transport *t = transport_of(p, from);
	struct flow *f = &t->flow[TX];
	size_t total = 4 + body + f->alg.tag_len;
	uint8_t *at = output_reserve(&t->out, total, t->now);

	assert_non_null(at);
	memset(at, 2, total);
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(body >> 8 * (3 - i));
	at[4] = padding;
	assert_int_equal(protect_seal(f->protect, f->seq++, (struct room){ at, total }), ERR_OK);
	for (int i = 0; i < 4; i++)
		at[i] ^= (uint8_t)((length ^ body) >> 8 * (3 - i));
	output_add(&t->out, total);
}

/* A body that is whole blocks with the cipher in use. */
static size_t
whole_body(struct pair *p)
{
	return transport_of(p, SIDE_CLIENT)->flow[TX].alg.length_apart ? 48 : 44;
}

/* --- lengths --- */

/* libssh2 CVE-2019-3855 and CVE-2026-55200 */
static void
lengths_that_would_wrap_are_refused_with_every_cipher(void **state)
{
	static const uint32_t lengths[] = { 0xffffffff, 0xfffffffb, 0xffffffec, 0x80000000,
	    0x7fffffff, LIMIT_PACKET + 1, LIMIT_PACKET + 16, 4, 3, 2, 1, 0 };

	(void)state;
	for (size_t c = 0; c < COUNT(ciphers); c++)
	for (size_t m = 0; m < COUNT(macs); m++)
	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct pair p;

		if (c < 3 && m > 0)
			continue;	/* needs no MAC */
		open_with(&p, ciphers[c], macs[m]);
		inject_raw(&p, SIDE_CLIENT, lengths[i], 10, whole_body(&p));
		deliver_all(&p, SIDE_SERVER);
		pair_events(&p, SIDE_SERVER);
		assert_true(p.end[SIDE_SERVER].is_over);
		assert_string_equal(p.end[SIDE_SERVER].text, "Bad packet length.");
		assert_true(transport_of(&p, SIDE_SERVER)->in.cap <= INPUT_MIN);
		pair_free(&p);
	}
}

static void
lengths_that_are_no_multiple_of_a_block_are_refused(void **state)
{
	(void)state;
	for (size_t c = 0; c < COUNT(ciphers); c++)
	for (size_t m = 0; m < COUNT(macs); m++)
	for (uint32_t length = 32; length < 48; length++) {
		struct pair p;
		bool is_right;

		open_with(&p, ciphers[c], macs[m]);
		is_right = protect_length_valid(&transport_of(&p, SIDE_SERVER)->flow[RX].alg, length);
		inject_raw(&p, SIDE_CLIENT, length, 10, whole_body(&p));
		deliver_all(&p, SIDE_SERVER);
		pair_events(&p, SIDE_SERVER);
		assert_true(p.end[SIDE_SERVER].is_over || length == whole_body(&p));
		if (length != whole_body(&p))
			assert_string_equal(p.end[SIDE_SERVER].text,
			    is_right ? "Corrupted MAC on input." : "Bad packet length.");
		pair_free(&p);
	}
}

/* libssh2 2026 (three), Go CVE-2021-43565 */
static void
padding_that_leaves_no_payload_is_refused_with_every_cipher(void **state)
{
	static const uint8_t bad[] = { 0, 1, 3, 47, 48, 49, 60, 61, 62, 63, 64, 128, 255 };

	(void)state;
	for (size_t c = 0; c < COUNT(ciphers); c++)
	for (size_t m = 0; m < COUNT(macs); m++)
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct pair p;
		size_t body;

		open_with(&p, ciphers[c], macs[m]);
		body = whole_body(&p);
		inject_raw(&p, SIDE_CLIENT, (uint32_t)body, bad[i], body);
		deliver_all(&p, SIDE_SERVER);
		pair_events(&p, SIDE_SERVER);
		assert_int_equal(p.end[SIDE_SERVER].is_over, bad[i] < 4 || bad[i] > body - 2);
		pair_free(&p);
	}
}

/* russh CVE-2024-43410 */
static void
memory_is_taken_as_bytes_arrive_not_as_lengths_promise(void **state)
{
	struct transport *t;
	struct pair p;

	(void)state;
	start_attack(&p, false);
	run_to(&p, SIDE_SERVER, PHASE_KEXINIT);
	t = transport_of(&p, SIDE_SERVER);
	output_free(&transport_of(&p, SIDE_CLIENT)->out);
	inject_raw(&p, SIDE_CLIENT, LIMIT_PACKET - 4, 4, 3004);
	deliver_all(&p, SIDE_SERVER);
	assert_false(p.end[SIDE_SERVER].is_over);
	assert_int_equal(t->packet_length, LIMIT_PACKET - 4);
	assert_true(t->in.cap <= INPUT_MIN);
	pair_free(&p);
}

static void
the_largest_packet_is_taken_and_one_byte_more_is_not(void **state)
{
	struct pair p;

	(void)state;
	open_with(&p, ciphers[0], macs[0]);
	inject_raw(&p, SIDE_CLIENT, LIMIT_PACKET, 4, LIMIT_PACKET);
	deliver_all(&p, SIDE_SERVER);
	assert_false(p.end[SIDE_SERVER].is_over);
	pair_exchange(&p, 100);
	inject_raw(&p, SIDE_CLIENT, LIMIT_PACKET + 8, 4, LIMIT_PACKET);
	deliver_all(&p, SIDE_SERVER);
	assert_true(p.end[SIDE_SERVER].is_over);
	pair_free(&p);
}

/* --- counts --- */

/* libssh2 CVE-2026-55199 */
static void
ext_info_that_counts_more_than_there_is_disconnects(void **state)
{
	static const struct span messages[] = {
		{ (const uint8_t *)"\7\xff\xff\xff\xff", 5 },
		{ (const uint8_t *)"\7\0\0\4\1", 5 },
		{ (const uint8_t *)"\7\0\0\0\2\0\0\0\1a\0\0\0\0", 14 },
		{ (const uint8_t *)"\7\0\0\0\1\xff\xff\xff\xff", 9 },
		{ (const uint8_t *)"\7\0\0\0\0x", 6 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(messages); i++) {
		struct pair p;

		start_attack(&p, true);
		run_to(&p, SIDE_SERVER, PHASE_RUNNING);
		inject(&p, SIDE_CLIENT, messages[i]);
		deliver_all(&p, SIDE_SERVER);
		pair_events(&p, SIDE_SERVER);
		assert_true(p.end[SIDE_SERVER].is_over);
		pair_free(&p);
	}
}

static void
ext_info_repeated_for_ever_is_bounded(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_PACKET);
	struct pair p;
	unsigned n = 0;

	(void)state;
	wr_u8(&w, 7);
	wr_u32(&w, 1);
	wr_str(&w, "server-sig-algs");
	for (unsigned i = 0; i < 4; i++)
		wr_raw(&w, SPAN_LIT("\0"));
	start_attack(&p, true);
	p.chunk = 0;
	run_to(&p, SIDE_SERVER, PHASE_RUNNING);
	while (!p.end[SIDE_SERVER].is_over && n++ < 5000) {
		inject(&p, SIDE_CLIENT, writer_span(&w));
		deliver_all(&p, SIDE_SERVER);
	}
	assert_true(n <= LIMIT_EXT_INFO + 1);
	pair_free(&p);
}

/* Sends the bytes of a KEXINIT of our own making to a server, first thing. */
static void
send_kexinit(struct pair *p, struct span payload)
{
	start_attack(p, false);
	run_to(p, SIDE_SERVER, PHASE_KEXINIT);
	p->chunk = 0;
	output_free(&transport_of(p, SIDE_CLIENT)->out);
	input_drop(&transport_of(p, SIDE_SERVER)->in,
	    input_bytes(&transport_of(p, SIDE_SERVER)->in).len);
	transport_of(p, SIDE_SERVER)->packet_length = 0;
	transport_of(p, SIDE_CLIENT)->flow[TX].seq = 0;
	inject(p, SIDE_CLIENT, payload);
	deliver_all(p, SIDE_SERVER);
	pair_events(p, SIDE_SERVER);
}

static void
kexinit_with_a_list_longer_than_itself_disconnects(void **state)
{
	static const uint32_t lengths[] = { 0xffffffff, 0xfffffff0, 0x80000000, 0x7fffffff, 1000 };

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++) {
		SCOPED(writer_free) struct writer w = writer_init(1000);
		struct pair p;

		wr_u8(&w, 20);
		for (unsigned n = 0; n < 16; n++)
			wr_u8(&w, 0);
		wr_u32(&w, lengths[i]);
		wr_raw(&w, SPAN_LIT("curve25519-sha256"));
		send_kexinit(&p, writer_span(&w));
		assert_refused(&p, SIDE_SERVER, ERR_SHORT);
		pair_free(&p);
	}
}

/* CVE-2016-8858 and 200 KiB of commas */
static void
kexinit_of_commas_is_refused_and_costs_nothing(void **state)
{
	static const size_t sizes[] = { 200 * 1024, LIMIT_KEXINIT - 100 };

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		SCOPED(writer_free) struct writer w = writer_init(LIMIT_PACKET);
		struct pair p;
		size_t mark;

		wr_u8(&w, 20);
		for (unsigned n = 0; n < 16; n++)
			wr_u8(&w, 0);
		mark = wr_open(&w);
		for (size_t n = 0; n < sizes[i]; n++)
			wr_u8(&w, ',');
		wr_close(&w, mark);
		for (unsigned n = 0; n < 9; n++)
			wr_u32(&w, 0);
		wr_u8(&w, 0);
		wr_u32(&w, 0);
		send_kexinit(&p, writer_span(&w));
		assert_refused(&p, SIDE_SERVER, i == 0 ? ERR_LIMIT : ERR_NEGOTIATE);
		pair_free(&p);
	}
}

static void
kexinit_cut_short_anywhere_disconnects(void **state)
{
	SCOPED(writer_free) struct writer whole = writer_init(LIMIT_PACKET);
	struct pair p;
	size_t step = 1;

	(void)state;
	start_attack(&p, true);
	wr_raw(&whole, writer_span(&transport_of(&p, SIDE_CLIENT)->exchange->kexinit[SIDE_CLIENT]));
	pair_free(&p);
	for (size_t n = 1; n < whole.len; n += step) {
		send_kexinit(&p, span_first(writer_span(&whole), n));
		assert_refused(&p, SIDE_SERVER, ERR_SHORT);
		pair_free(&p);
		step = n > 40 && n < whole.len - 40 ? 13 : 1;
	}
	send_kexinit(&p, writer_span(&whole));
	assert_false(p.end[SIDE_SERVER].is_over);
	pair_free(&p);
}

static void
a_second_kexinit_disconnects(void **state)
{
	struct pair p;

	(void)state;
	start_attack(&p, true);
	run_to(&p, SIDE_SERVER, PHASE_KEX);
	inject(&p, SIDE_CLIENT, writer_span(
	    &transport_of(&p, SIDE_CLIENT)->exchange->kexinit[SIDE_CLIENT]));
	deliver_all(&p, SIDE_SERVER);
	assert_refused(&p, SIDE_SERVER, ERR_SEQUENCE);
	pair_free(&p);
}

/* --- authenticity --- */

struct flip {
	size_t at;		/* bit to flip, counted from the beginning */
	size_t seen;
};

static void
flip_bit(struct pair *p, enum side to, uint8_t *bytes, size_t n)
{
	struct flip *f = p->tamper_arg;

	if (to != SIDE_SERVER)
		return;
	if (f->at / 8 >= f->seen && f->at / 8 < f->seen + n)
		bytes[f->at / 8 - f->seen] ^= (uint8_t)(1u << f->at % 8);
	f->seen += n;
}

/* libssh CVE-2026-59847, CVE-2025-5987 */
static void
any_flipped_bit_of_a_packet_disconnects_with_every_cipher_and_mac(void **state)
{
	(void)state;
	for (size_t c = 0; c < COUNT(ciphers); c++)
	for (size_t m = 0; m < COUNT(macs); m++)
	for (size_t bit = 0;; bit++) {
		struct flip flip = { .at = bit };
		struct pair p;
		size_t bits;

		if (c < 3 && m > 0)
			break;
		open_with(&p, ciphers[c], macs[m]);
		p.end[SIDE_CLIENT].to_send = 1;
		pair_feed(&p, SIDE_CLIENT);
		bits = 8 * conn_queued(p.end[SIDE_CLIENT].conn);
		/* Something behind it, should the length have grown. */
		p.end[SIDE_CLIENT].to_send = 200000;
		pair_feed(&p, SIDE_CLIENT);
		p.tamper = flip_bit;
		p.tamper_arg = &flip;
		deliver_all(&p, SIDE_SERVER);
		pair_events(&p, SIDE_SERVER);
		assert_int_equal(p.end[SIDE_SERVER].received, 0);
		/* With etm and GCM a length may ask for more than was sent. */
		if (!p.end[SIDE_SERVER].is_over)
			assert_true(bit < 32);
		pair_free(&p);
		/* All bits of the length and the tag, every seventh of the rest. */
		if (bit >= 40 && bit + 24 < bits)
			bit += 6;
		if (bit + 1 >= bits)
			break;
	}
}

static void
packets_repeated_or_in_another_order_disconnect(void **state)
{
	(void)state;
	for (size_t c = 0; c < COUNT(ciphers); c++)
	for (int swap = 0; swap < 2; swap++) {
		uint8_t packet[2][200];
		struct output *out;
		struct pair p;
		size_t len;

		open_with(&p, ciphers[c], macs[0]);
		out = &transport_of(&p, SIDE_CLIENT)->out;
		for (int i = 0; i < 2; i++) {
			inject(&p, SIDE_CLIENT, SPAN_LIT("\2\0\0\0\4same"));
			len = output_len(out);
			memcpy(packet[i], output_span(out).p, len);
			output_drop(out, len);
		}
		for (int i = 0; i < 2; i++) {
			memcpy(output_reserve(out, len, 0), packet[swap ? 1 - i : 0], len);
			output_add(out, len);
		}
		deliver_all(&p, SIDE_SERVER);
		assert_int_equal(p.end[SIDE_SERVER].seen[EV_FAILED], 1);
		assert_true(p.end[SIDE_SERVER].failure == ERR_MAC ||
		    p.end[SIDE_SERVER].failure == ERR_LIMIT);
		pair_free(&p);
	}
}

/* CVE-2008-5161: the same number of bytes is taken whatever is wrong. */
static void
a_bad_packet_under_cbc_ends_after_as_many_bytes_as_the_longest_has(void **state)
{
	static const char *const cbc[] = { "aes128-cbc", "3des-cbc" };
	static const size_t flips[] = { 0, 3, 17, 50, 70 };

	(void)state;
	for (size_t c = 0; c < COUNT(cbc); c++)
	for (size_t i = 0; i < COUNT(flips); i++) {
		static uint8_t junk[1000];
		struct pair p;
		uint64_t before;

		open_with(&p, cbc[c], "hmac-sha2-256");
		pair_exchange(&p, 1000);
		before = p.moved[SIDE_SERVER];
		inject(&p, SIDE_CLIENT, SPAN_LIT("\2\0\0\0\20exactly 32 bytes of text follow"));
		transport_of(&p, SIDE_CLIENT)->out.p[flips[i]] ^= 0x80;
		p.chunk = 1;
		while (!p.end[SIDE_SERVER].is_over) {
			struct output *out = &transport_of(&p, SIDE_CLIENT)->out;

			if (output_len(out) == 0) {
				memcpy(output_reserve(out, sizeof(junk), 0), junk, sizeof(junk));
				output_add(out, sizeof(junk));
			}
			deliver_all(&p, SIDE_SERVER);
		}
		assert_refused(&p, SIDE_SERVER, ERR_MAC);
		assert_int_equal(p.moved[SIDE_SERVER] - before, 4 + LIMIT_PACKET + 32);
		pair_free(&p);
	}
}

/* --- compression --- */

/* russh CVE-2026-46702 */
static void
a_compressed_payload_that_grows_beyond_a_packet_disconnects(void **state)
{
	static uint8_t zeros[4 * LIMIT_PACKET];
	struct compress *c;
	struct span bomb;
	struct pair p;

	(void)state;
	pair_init(&p, "ed25519");
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++)
		p.end[s].config.compression = "zlib@openssh.com";
	pair_open(&p);
	/* The attacker's stream takes over from the client's. */
	c = transport_of(&p, SIDE_CLIENT)->flow[TX].compress;
	transport_of(&p, SIDE_CLIENT)->flow[TX].compress = NULL;
	zeros[0] = 2;
	assert_int_equal(compress_run(c, span_of(zeros, sizeof(zeros)), &bomb), ERR_OK);
	assert_true(bomb.len < 20000);
	inject(&p, SIDE_CLIENT, bomb);
	deliver_all(&p, SIDE_SERVER);
	assert_refused(&p, SIDE_SERVER, ERR_LIMIT);
	compress_free(c);
	pair_free(&p);
}

static void
garbage_for_the_inflater_disconnects(void **state)
{
	struct compress *c;
	struct pair p;

	(void)state;
	pair_init(&p, "ed25519");
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++)
		p.end[s].config.compression = "zlib@openssh.com";
	pair_open(&p);
	c = transport_of(&p, SIDE_CLIENT)->flow[TX].compress;
	transport_of(&p, SIDE_CLIENT)->flow[TX].compress = NULL;
	inject(&p, SIDE_CLIENT, SPAN_LIT("\xff\xff\xff\xff\xff\xff\xff\xff"));
	deliver_all(&p, SIDE_SERVER);
	assert_refused(&p, SIDE_SERVER, ERR_INFLATE);
	compress_free(c);
	pair_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_that_would_wrap_are_refused_with_every_cipher),
		cmocka_unit_test(lengths_that_are_no_multiple_of_a_block_are_refused),
		cmocka_unit_test(padding_that_leaves_no_payload_is_refused_with_every_cipher),
		cmocka_unit_test(memory_is_taken_as_bytes_arrive_not_as_lengths_promise),
		cmocka_unit_test(the_largest_packet_is_taken_and_one_byte_more_is_not),
		cmocka_unit_test(ext_info_that_counts_more_than_there_is_disconnects),
		cmocka_unit_test(ext_info_repeated_for_ever_is_bounded),
		cmocka_unit_test(kexinit_with_a_list_longer_than_itself_disconnects),
		cmocka_unit_test(kexinit_of_commas_is_refused_and_costs_nothing),
		cmocka_unit_test(kexinit_cut_short_anywhere_disconnects),
		cmocka_unit_test(a_second_kexinit_disconnects),
		cmocka_unit_test(any_flipped_bit_of_a_packet_disconnects_with_every_cipher_and_mac),
		cmocka_unit_test(packets_repeated_or_in_another_order_disconnect),
		cmocka_unit_test(a_bad_packet_under_cbc_ends_after_as_many_bytes_as_the_longest_has),
		cmocka_unit_test(a_compressed_payload_that_grows_beyond_a_packet_disconnects),
		cmocka_unit_test(garbage_for_the_inflater_disconnects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
