/* SPDX-License-Identifier: ISC */
/*
 * The framing of packets: bytes in pieces of any size, before and after
 * there are keys. The first byte chooses the cipher and how it is cut.
 */
#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "kex/transport_i.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const ciphers[] = { "none", "chacha20-poly1305@openssh.com",
    "aes128-gcm@openssh.com", "aes128-ctr", "aes128-ctr", "aes128-cbc", "3des-cbc", "none" };
static const char *const macs[] = { "none", NULL, NULL, "hmac-sha2-256",
    "hmac-sha2-256-etm@openssh.com", "hmac-sha2-256", "umac-64@openssh.com", "none" };

static struct transport *
new_transport(struct rng_test *seed)
{
	struct transport_config config = { .side = SIDE_CLIENT, .ident = "SSH-2.0-fuzz",
	    .kex_algs = "curve25519-sha256", .hostkey_algs = "ssh-ed25519",
	    .ciphers = "aes128-ctr", .macs = "hmac-sha2-256", .compression = "none",
	    .rng = rng_test(seed) };
	struct transport *t;

	must(transport_new(&t, &config, 0) == ERR_OK);
	return t;
}

/* Puts keys of zeros into use. */
static void
set_keys(struct transport *t, unsigned i)
{
	static const uint8_t zeros[PROTECT_MAX_KEY];
	struct span key = span_of(zeros, sizeof(zeros));
	struct flow *f = &t->flow[RX];

	protect_free(f->protect);
	must(protect_find(&f->alg, ciphers[i], macs[i]) == ERR_OK);
	must(protect_new(&f->protect, &f->alg, RX, key, key, key) == ERR_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rng_test seed = { 1 };
	struct transport *t;
	size_t step;

	if (size == 0)
		return 0;
	t = new_transport(&seed);
	t->phase = PHASE_KEXINIT;
	set_keys(t, data[0] & 7);
	step = 1 + (data[0] >> 3) * 7;
	for (size_t at = 1; at < size;) {
		struct room room = transport_room(t);
		size_t n = size - at < step ? size - at : step;
		struct span payload;

		if (room.len == 0)
			break;
		n = n < room.len ? n : room.len;
		memcpy(room.p, data + at, n);
		at += n;
		transport_received(t, n, at);
		while (transport_packet(t, &payload))
			must(payload.len > 0 && payload.len < LIMIT_PACKET);
	}
	transport_free(t);
	return 0;
}
