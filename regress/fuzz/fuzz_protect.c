/* SPDX-License-Identifier: ISC */
/*
 * Packet protection: a stream of bytes that nobody sealed never opens, and a
 * sealed packet opens unless one of its bits is changed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/limits.h"
#include "crypto/crypto.h"
#include "crypto/endian.h"
#include "crypto/protect.h"
#include "crypto/protect_i.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t secrets[PROTECT_MAX_KEY + PROTECT_MAX_MAC_KEY] = { 1, 2, 3 };

static struct protect *
make(const struct protect_alg *alg, enum direction direction)
{
	struct span all = span_of(secrets, sizeof(secrets));
	struct protect *p;

	must(protect_new(&p, alg, direction, all, all, all) == ERR_OK);
	return p;
}

/* Takes an algorithm by two bytes. */
static void
choose(struct protect_alg *alg, uint8_t cipher, uint8_t mac)
{
	size_t n_ciphers = 0, n_macs = 0;

	while (protect_cipher_at(n_ciphers) != NULL)
		n_ciphers++;
	while (mac_at(n_macs) != NULL)
		n_macs++;
	if (protect_find(alg, protect_cipher_at(cipher % n_ciphers)->name,
	    mac_at(mac % n_macs)->name) != ERR_OK)	/* "none" with a MAC */
		must(protect_find(alg, "aes128-cbc", mac_at(mac % n_macs)->name) == ERR_OK);
}

/* Receives s as a stream of packets until one is refused or bytes run out. */
static void
receive(const struct protect_alg *alg, struct span s)
{
	struct protect *rx = make(alg, RX);

	for (uint32_t seq = 0;; seq++) {
		uint32_t length;
		size_t whole;
		uint8_t *packet;
		enum err e;

		if (protect_length(rx, seq, s, &length) != ERR_OK || !protect_length_valid(alg, length))
			break;
		whole = 4 + length + alg->tag_len;
		if (s.len < whole)
			break;
		packet = malloc(whole);
		must(packet != NULL);
		memcpy(packet, s.p, whole);
		e = protect_open(rx, seq, (struct room){ packet, whole });
		free(packet);
		must(e == ERR_MAC);
		break;
	}
	protect_free(rx);
}

/* Seals s, changes byte at by change, and opens it. */
static void
round_trip(const struct protect_alg *alg, struct span s, size_t at, uint8_t change)
{
	struct protect *tx = make(alg, TX), *rx = make(alg, RX);
	size_t padding = protect_padding(alg, s.len);
	struct room room = { NULL, 4 + 1 + s.len + padding + alg->tag_len };
	uint32_t length;
	enum err e;

	room.p = calloc(1, room.len);
	must(room.p != NULL);
	put_be32(room.p, (uint32_t)(1 + s.len + padding));
	room.p[4] = (uint8_t)padding;
	if (s.len > 0)
		memcpy(room.p + 5, s.p, s.len);
	must(protect_seal(tx, 1, room) == ERR_OK);
	room.p[at % room.len] ^= change;
	must(protect_length(rx, 1, span_of(room.p, room.len), &length) == ERR_OK);
	e = protect_open(rx, 1, room);
	must(change == 0 ? e == ERR_OK : e == ERR_MAC);
	if (change == 0 && s.len > 0)
		must(memcmp(room.p + 5, s.p, s.len) == 0);
	free(room.p);
	protect_free(tx);
	protect_free(rx);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct protect_alg alg;
	struct span rest;

	if (size < 6 || size > LIMIT_PACKET / 2)
		return 0;
	choose(&alg, data[0], data[1]);
	rest = span_of(data + 6, size - 6);
	receive(&alg, rest);
	round_trip(&alg, rest, get_be32(data + 1) & 0xffffff, data[5]);
	return 0;
}
