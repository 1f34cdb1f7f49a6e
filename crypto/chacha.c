/* SPDX-License-Identifier: ISC */
#include "crypto/chacha.h"

#include "base/secret.h"
#include "crypto/endian.h"

#define ROTATE(v, n)	((v) << (n) | (v) >> (32 - (n)))

/* A macro, so that the sixteen words can stay in registers. */
#define QUARTER_ROUND(a, b, c, d)					\
	do {								\
		x[a] += x[b]; x[d] = ROTATE(x[d] ^ x[a], 16);		\
		x[c] += x[d]; x[b] = ROTATE(x[b] ^ x[c], 12);		\
		x[a] += x[b]; x[d] = ROTATE(x[d] ^ x[a], 8);		\
		x[c] += x[d]; x[b] = ROTATE(x[b] ^ x[c], 7);		\
	} while (0)

void
chacha_block(uint8_t out[static CHACHA_BLOCK], const uint32_t key[static 8],
    uint64_t counter, uint64_t nonce)
{
	const uint32_t in[16] = {
		0x61707865, 0x3320646e, 0x79622d32, 0x6b206574,
		key[0], key[1], key[2], key[3], key[4], key[5], key[6], key[7],
		(uint32_t)counter, (uint32_t)(counter >> 32),
		(uint32_t)nonce, (uint32_t)(nonce >> 32),
	};
	uint32_t x[16];

	for (int i = 0; i < 16; i++)
		x[i] = in[i];
	for (int round = 0; round < 20; round += 2) {
		QUARTER_ROUND(0, 4, 8, 12);
		QUARTER_ROUND(1, 5, 9, 13);
		QUARTER_ROUND(2, 6, 10, 14);
		QUARTER_ROUND(3, 7, 11, 15);
		QUARTER_ROUND(0, 5, 10, 15);
		QUARTER_ROUND(1, 6, 11, 12);
		QUARTER_ROUND(2, 7, 8, 13);
		QUARTER_ROUND(3, 4, 9, 14);
	}
	for (int i = 0; i < 16; i++)
		put_le32(out + 4 * i, x[i] + in[i]);
	wipe(x, sizeof(x));
}
