/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/err.h>

#include "base/limits.h"
#include "base/rng.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "crypto/endian.h"
#include "crypto/protect.h"
#include "crypto/protect_i.h"
#include "regress/support/alloc.h"
#include "regress/support/alloc_crypto.h"
#include "regress/support/kat.h"

#define ROOM	(4 + LIMIT_PACKET + PROTECT_MAX_TAG)

static const uint8_t secrets[PROTECT_MAX_KEY + PROTECT_MAX_IV + PROTECT_MAX_MAC_KEY] = {
	0x60, 0x3d, 0xeb, 0x10, 0x15, 0xca, 0x71, 0xbe, 0x2b, 0x73, 0xae, 0xf0, 0x85, 0x7d, 0x77, 0x81,
	0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff,
};

static struct protect *
make(const struct protect_alg *alg, enum direction direction)
{
	struct protect *p = NULL;

	assert_int_equal(protect_new(&p, alg, direction, span_of(secrets, PROTECT_MAX_KEY),
	    span_of(secrets + 7, PROTECT_MAX_IV), span_of(secrets + 3, PROTECT_MAX_MAC_KEY)), ERR_OK);
	return p;
}

/* Lays out a packet with a payload of n bytes; returns its length with the tag. */
static size_t
lay_out(const struct protect_alg *alg, uint8_t *packet, size_t n)
{
	size_t padding = protect_padding(alg, n);

	put_be32(packet, (uint32_t)(1 + n + padding));
	packet[4] = (uint8_t)padding;
	for (size_t i = 0; i < n + padding; i++)
		packet[5 + i] = (uint8_t)(i * 7 + n);
	return 4 + 1 + n + padding + alg->tag_len;
}

/* Calls fn with each cipher and MAC that go together, listed or not. */
static void
each_alg(void (*fn)(const struct protect_alg *))
{
	struct protect_alg alg;

	assert_int_equal(protect_find(&alg, "none", "none"), ERR_OK);
	fn(&alg);
	for (size_t c = 0; protect_cipher_at(c) != NULL; c++) {
		for (size_t m = 0; mac_at(m) != NULL; m++) {
			if (protect_find(&alg, protect_cipher_at(c)->name, mac_at(m)->name) != ERR_OK)
				continue;
			fn(&alg);
			if (alg.is_aead)
				break;
		}
	}
}

static struct span
field(const struct kat *kat, const char *name)
{
	size_t len;
	const uint8_t *p = kat_bytes(kat, name, &len);

	return span_of(p, len);
}

static void
start_vectors(const struct kat *kat, const struct protect_alg *alg, enum direction d,
    struct protect **p)
{
	protect_free(*p);
	assert_int_equal(protect_new(p, alg, d, field(kat, "key"), field(kat, "iv"),
	    field(kat, "mac_key")), ERR_OK);
}

static void
each_vector_is_sealed_and_opened(void **state)
{
	struct protect *tx = NULL, *rx = NULL;
	struct kat kat;
	unsigned n = 0;

	(void)state;
	kat_open(&kat, "protect.txt");
	while (kat_next(&kat)) {
		struct span clear = field(&kat, "clear"), sealed = field(&kat, "sealed");
		uint32_t seq = get_be32(kat_bytes(&kat, "seq", NULL)), length;
		uint8_t packet[512];
		struct room room = { packet, sealed.len };
		struct protect_alg alg;

		assert_int_equal(protect_find(&alg, kat_text(&kat, "cipher"), kat_text(&kat, "mac")),
		    ERR_OK);
		if (strcmp(kat_text(&kat, "first"), "yes") == 0) {
			start_vectors(&kat, &alg, TX, &tx);
			start_vectors(&kat, &alg, RX, &rx);
		}
		assert_int_equal(clear.len + alg.tag_len, sealed.len);
		memcpy(packet, clear.p, clear.len);
		assert_int_equal(protect_seal(tx, seq, room), ERR_OK);
		assert_memory_equal(packet, sealed.p, sealed.len);
		assert_int_equal(protect_length(rx, seq, sealed, &length), ERR_OK);
		assert_int_equal(length, get_be32(clear.p));
		assert_int_equal(protect_open(rx, seq, room), ERR_OK);
		assert_memory_equal(packet, clear.p, clear.len);
		n++;
	}
	protect_free(tx);
	protect_free(rx);
	assert_true(n >= 60);
}

/* Seals, asks for the length and opens one packet. */
static void
round_trip(struct protect *tx, struct protect *rx, uint32_t seq, size_t n, uint8_t *packet,
    uint8_t *copy)
{
	const struct protect_alg *alg = protect_alg(tx);
	struct room room = { packet, lay_out(alg, packet, n) };
	uint8_t head[16];
	uint32_t length;

	memcpy(copy, packet, room.len);
	assert_int_equal(protect_seal(tx, seq, room), ERR_OK);
	memcpy(head, packet, protect_peek_len(rx));
	for (int again = 0; again < 2; again++) {
		assert_int_equal(protect_length(rx, seq, span_of(head, protect_peek_len(rx)), &length),
		    ERR_OK);
		assert_int_equal(length, get_be32(copy));
		assert_true(protect_length_valid(alg, length));
	}
	assert_memory_equal(head, packet, protect_peek_len(rx));
	assert_int_equal(protect_open(rx, seq, room), ERR_OK);
	assert_memory_equal(packet, copy, room.len - alg->tag_len);
}

static void
round_trips(const struct protect_alg *alg)
{
	static const size_t large[] = { 1000, 4096, 32768, 35000, 65535, 131072, LIMIT_PACKET - 64 };
	struct protect *tx = make(alg, TX), *rx = make(alg, RX);
	uint8_t *packet = malloc(ROOM), *copy = malloc(ROOM);
	uint32_t seq = UINT32_MAX - 20;		/* passes zero on the way */

	for (size_t n = 1; n < 200; n++)
		round_trip(tx, rx, seq++, n, packet, copy);
	for (size_t i = 0; i < COUNT(large); i++)
		round_trip(tx, rx, seq++, large[i], packet, copy);
	free(packet);
	free(copy);
	protect_free(tx);
	protect_free(rx);
}

static void
every_cipher_with_every_mac_at_many_sizes(void **state)
{
	(void)state;
	each_alg(round_trips);
}

/* Whether packet, received, is refused, at the length or at opening. */
static bool
is_refused(const struct protect_alg *alg, uint32_t seq, const uint8_t *sealed, size_t len)
{
	struct protect *rx = make(alg, RX);
	uint8_t packet[512];
	struct room room = { packet, len };
	bool refused = true;
	uint32_t length;

	memcpy(packet, sealed, len);
	assert_int_equal(protect_length(rx, seq, span_of(packet, len), &length), ERR_OK);
	/* Another length: a receiver would wait for another packet, whose tag is elsewhere. */
	if (protect_length_valid(alg, length) && 4 + length + alg->tag_len == len) {
		enum err e = protect_open(rx, seq, room);

		assert_true(e == ERR_OK || e == ERR_MAC);
		refused = e == ERR_MAC;
		for (size_t i = 0; refused && i < len; i++)
			assert_int_equal(packet[i], 0);
		assert_int_equal(ERR_peek_error(), 0);
	}
	protect_free(rx);
	return refused;
}

static void
flip_each_bit(const struct protect_alg *alg)
{
	struct protect *tx = make(alg, TX);
	uint8_t packet[512];
	size_t len = lay_out(alg, packet, 30);
	struct room room = { packet, len };

	if (alg->tag_len == 0) {
		protect_free(tx);
		return;
	}
	assert_int_equal(protect_seal(tx, 5, room), ERR_OK);
	assert_false(is_refused(alg, 5, packet, len));
	for (size_t bit = 0; bit < 8 * len; bit++) {
		packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(is_refused(alg, 5, packet, len));
		packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	protect_free(tx);
}

static void
every_single_bit_counts(void **state)
{
	(void)state;
	each_alg(flip_each_bit);
}

/*
 * A changed length that is valid, with as many bytes behind it as it says:
 * the packet that such a receiver would see is refused, too.
 */
static void
change_length(const struct protect_alg *alg)
{
	for (unsigned bit = 0; bit < 12 && alg->tag_len > 0; bit++) {
		struct protect *tx = make(alg, TX), *rx = make(alg, RX);
		uint8_t packet[8192] = { 0 };
		struct room room = { packet, lay_out(alg, packet, 300) };
		uint32_t length;

		assert_int_equal(protect_seal(tx, 9, room), ERR_OK);
		packet[3 - bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(protect_length(rx, 9, span_of(packet, 16), &length), ERR_OK);
		room.len = 4 + (size_t)length + alg->tag_len;
		if (protect_length_valid(alg, length) && room.len <= sizeof(packet))
			assert_int_equal(protect_open(rx, 9, room), ERR_MAC);
		protect_free(tx);
		protect_free(rx);
	}
}

static void
a_changed_length_is_noticed_with_the_bytes_it_asks_for(void **state)
{
	(void)state;
	each_alg(change_length);
}

static void
other_sequence(const struct protect_alg *alg)
{
	struct protect *tx = make(alg, TX);
	uint8_t packet[512];
	struct room room = { packet, lay_out(alg, packet, 30) };

	/* GCM counts by itself (RFC 5647 7.1), see a_packet_cannot_be_replayed. */
	if (alg->tag_len > 0 && strstr(alg->cipher, "gcm") == NULL) {
		assert_int_equal(protect_seal(tx, 5, room), ERR_OK);
		for (unsigned bit = 0; bit < 32; bit++)
			assert_true(is_refused(alg, 5U ^ 1U << bit, packet, room.len));
	}
	protect_free(tx);
}

static void
another_sequence_number_is_refused(void **state)
{
	(void)state;
	each_alg(other_sequence);
}

static void
replay(const struct protect_alg *alg)
{
	struct protect *tx = make(alg, TX), *rx = make(alg, RX);
	uint8_t packet[512], copy[512];
	struct room room = { packet, lay_out(alg, packet, 30) };
	uint32_t length;

	if (alg->tag_len > 0) {
		assert_int_equal(protect_seal(tx, 0, room), ERR_OK);
		memcpy(copy, packet, room.len);
		assert_int_equal(protect_open(rx, 0, room), ERR_OK);
		memcpy(packet, copy, room.len);
		assert_int_equal(protect_length(rx, 1, span_of(packet, room.len), &length), ERR_OK);
		if (4 + length + alg->tag_len == room.len)
			assert_int_equal(protect_open(rx, 1, room), ERR_MAC);
	}
	protect_free(tx);
	protect_free(rx);
}

static void
a_packet_cannot_be_replayed(void **state)
{
	(void)state;
	each_alg(replay);
}

static void
other_key(const struct protect_alg *alg)
{
	uint8_t key[sizeof(secrets)], packet[512];
	struct protect *tx = make(alg, TX);
	struct room room = { packet, lay_out(alg, packet, 30) };

	if (alg->tag_len == 0) {
		protect_free(tx);
		return;
	}
	assert_int_equal(protect_seal(tx, 5, room), ERR_OK);
	for (size_t i = 0; i < alg->key_len; i += 5) {
		struct protect *rx = NULL;
		uint8_t copy[512];
		enum err e;

		memcpy(key, secrets, sizeof(key));
		key[i] ^= 4;
		assert_int_equal(protect_new(&rx, alg, RX, span_of(key, alg->key_len),
		    span_of(secrets + 7, PROTECT_MAX_IV), span_of(secrets + 3, PROTECT_MAX_MAC_KEY)), ERR_OK);
		memcpy(copy, packet, room.len);
		e = protect_open(rx, 5, (struct room){ copy, room.len });
		/* With EtM the cipher's key is not what authenticates. */
		assert_int_equal(e, alg->is_etm ? ERR_OK : ERR_MAC);
		protect_free(rx);
	}
	protect_free(tx);
}

static void
another_key_is_refused(void **state)
{
	(void)state;
	each_alg(other_key);
}

static void
padding(const struct protect_alg *alg)
{
	for (size_t n = 0; n < 100; n++) {
		size_t pad = protect_padding(alg, n);
		size_t padded = (alg->length_apart ? 0 : 4) + 1 + n + pad;

		assert_true(pad >= 4 && pad < 4 + alg->block_len);
		assert_int_equal(padded % alg->block_len, 0);
		assert_true(padded >= (alg->length_apart ? 8 : alg->block_len));
		assert_true(protect_length_valid(alg, (uint32_t)(1 + n + pad)));
	}
}

static void
padding_is_four_or_more_and_fills_the_block(void **state)
{
	(void)state;
	each_alg(padding);
}

static void
lengths(const struct protect_alg *alg)
{
	uint32_t good = 0;

	for (uint32_t n = 0; n < 5; n++)
		assert_false(protect_length_valid(alg, n));
	for (uint32_t n = 5; n <= LIMIT_PACKET; n++)
		good += protect_length_valid(alg, n);
	assert_in_range(good, LIMIT_PACKET / alg->block_len - 1, LIMIT_PACKET / alg->block_len);
	for (uint32_t n = LIMIT_PACKET + 1; n < LIMIT_PACKET + 100; n++)
		assert_false(protect_length_valid(alg, n));
	for (uint32_t n = 0xffffffff; n > 0xffffff00; n--)
		assert_false(protect_length_valid(alg, n));
	assert_false(protect_length_valid(alg, 0x7ffffffc));
}

static void
lengths_out_of_range_or_of_no_whole_block_are_not_valid(void **state)
{
	(void)state;
	each_alg(lengths);
}

static void
too_few_bytes(const struct protect_alg *alg)
{
	struct protect *rx = make(alg, RX);
	uint8_t bytes[16] = { 0 };
	uint32_t length;

	for (size_t n = 0; n < protect_peek_len(rx); n++) {
		assert_int_equal(protect_length(rx, 0, span_of(bytes, n), &length), ERR_SHORT);
		assert_int_equal(protect_open(rx, 0, (struct room){ bytes, n }), ERR_SHORT);
	}
	protect_free(rx);
}

static void
a_length_cannot_be_read_from_too_few_bytes(void **state)
{
	(void)state;
	each_alg(too_few_bytes);
}

static void
names_in_the_lists_are_those_that_are_found(void **state)
{
	struct span list = span_str(crypto_cipher_names()), name;
	size_t i;

	(void)state;
	for (i = 0; span_token(&list, ',', &name); i++)
		assert_true(span_is(name, protect_cipher_at(i)->name));
	assert_string_equal(protect_cipher_at(i)->name, "none");
	assert_null(protect_cipher_at(i + 1));
	list = span_str(crypto_mac_names());
	for (i = 0; span_token(&list, ',', &name); i++)
		assert_true(span_is(name, mac_at(i)->name));
	assert_null(mac_at(i));
	list = span_str(crypto_cipher_defaults());
	while (span_token(&list, ',', &name))
		assert_true(text_list_has(span_str(crypto_cipher_names()), name));
	list = span_str(crypto_mac_defaults());
	while (span_token(&list, ',', &name))
		assert_true(text_list_has(span_str(crypto_mac_names()), name));
	list = span_str(crypto_cipher_names());
	while (span_token(&list, ',', &name))
		assert_int_equal(protect_is_aead(name),
		    text_list_has(span_str(crypto_cipher_auth_names()), name));
}

static void
unknown_and_impossible_combinations_are_not_found(void **state)
{
	struct protect_alg alg;

	(void)state;
	assert_int_equal(protect_find(&alg, "aes128", "hmac-sha2-256"), ERR_NOTFOUND);
	assert_int_equal(protect_find(&alg, "aes128-ctr", "none"), ERR_NOTFOUND);
	assert_int_equal(protect_find(&alg, "aes128-ctr", NULL), ERR_NOTFOUND);
	assert_int_equal(protect_find(&alg, "none", "hmac-sha2-256"), ERR_NOTFOUND);
	assert_int_equal(protect_find(&alg, "none", NULL), ERR_NOTFOUND);
	assert_int_equal(protect_find(&alg, "aes128-gcm@openssh.com", NULL), ERR_OK);
	assert_string_equal(alg.mac, "<implicit>");
	assert_int_equal(alg.mac_key_len, 0);
}

static void
cbc_is_marked_and_never_a_default(void **state)
{
	struct protect_alg alg;

	(void)state;
	assert_int_equal(protect_find(&alg, "aes128-cbc", "hmac-sha2-256"), ERR_OK);
	assert_true(alg.is_cbc);
	assert_int_equal(protect_find(&alg, "3des-cbc", "hmac-sha1"), ERR_OK);
	assert_true(alg.is_cbc && alg.block_len == 8);
	assert_int_equal(protect_find(&alg, "aes128-ctr", "hmac-sha2-256"), ERR_OK);
	assert_false(alg.is_cbc);
	assert_null(strstr(crypto_cipher_defaults(), "cbc"));
}

static void
rekey_limits_are_those_of_the_block_size(void **state)
{
	struct protect_alg alg;

	(void)state;
	assert_int_equal(protect_find(&alg, "aes256-ctr", "hmac-sha2-256"), ERR_OK);
	assert_true(alg.rekey_bytes == (uint64_t)1 << 36 && alg.rekey_packets == (uint64_t)1 << 31);
	assert_int_equal(protect_find(&alg, "chacha20-poly1305@openssh.com", NULL), ERR_OK);
	assert_true(alg.rekey_bytes == (uint64_t)1 << 30);
}

static void
sizes_fit_the_maxima(const struct protect_alg *alg)
{
	assert_true(alg->key_len <= PROTECT_MAX_KEY);
	assert_true(alg->iv_len <= PROTECT_MAX_IV);
	assert_true(alg->tag_len <= PROTECT_MAX_TAG);
	assert_true(alg->mac_key_len <= PROTECT_MAX_MAC_KEY);
}

static void
no_algorithm_needs_more_than_the_maxima(void **state)
{
	(void)state;
	each_alg(sizes_fit_the_maxima);
}

static void
no_allocation(const struct protect_alg *alg)
{
	struct protect *tx = make(alg, TX), *rx = make(alg, RX);
	uint8_t packet[512], copy[512];
	unsigned long before = alloc_count();

	for (uint32_t seq = 0; seq < 10; seq++)
		round_trip(tx, rx, seq, 30, packet, copy);
	assert_int_equal(alloc_count(), before);
	protect_free(tx);
	protect_free(rx);
}

static void
a_packet_allocates_nothing(void **state)
{
	(void)state;
	each_alg(no_allocation);
}

static void
out_of_memory(const struct protect_alg *alg)
{
	for (unsigned n = 0;; n++) {
		struct protect *p = NULL;
		enum err e;

		alloc_fail_after(n);
		e = protect_new(&p, alg, TX, span_of(secrets, PROTECT_MAX_KEY),
		    span_of(secrets, PROTECT_MAX_IV), span_of(secrets, PROTECT_MAX_MAC_KEY));
		if (!alloc_failed()) {
			assert_int_equal(e, ERR_OK);
			protect_free(p);
			break;
		}
		assert_true(e == ERR_NOMEM || e == ERR_CRYPTO);
		assert_null(p);
	}
	alloc_fail_never();
}

static void
running_out_of_memory_gives_an_error(void **state)
{
	(void)state;
	each_alg(out_of_memory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_vector_is_sealed_and_opened),
		cmocka_unit_test(every_cipher_with_every_mac_at_many_sizes),
		cmocka_unit_test(every_single_bit_counts),
		cmocka_unit_test(a_changed_length_is_noticed_with_the_bytes_it_asks_for),
		cmocka_unit_test(another_sequence_number_is_refused),
		cmocka_unit_test(a_packet_cannot_be_replayed),
		cmocka_unit_test(another_key_is_refused),
		cmocka_unit_test(padding_is_four_or_more_and_fills_the_block),
		cmocka_unit_test(lengths_out_of_range_or_of_no_whole_block_are_not_valid),
		cmocka_unit_test(a_length_cannot_be_read_from_too_few_bytes),
		cmocka_unit_test(names_in_the_lists_are_those_that_are_found),
		cmocka_unit_test(unknown_and_impossible_combinations_are_not_found),
		cmocka_unit_test(cbc_is_marked_and_never_a_default),
		cmocka_unit_test(rekey_limits_are_those_of_the_block_size),
		cmocka_unit_test(no_algorithm_needs_more_than_the_maxima),
		cmocka_unit_test(a_packet_allocates_nothing),
		cmocka_unit_test(running_out_of_memory_gives_an_error),
	};

	if (!alloc_crypto_hook())
		return 1;
	crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
