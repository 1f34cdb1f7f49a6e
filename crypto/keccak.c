/* SPDX-License-Identifier: ISC */
#include "crypto/keccak.h"

#include <string.h>

#include "base/err.h"
#include "base/secret.h"
#include "crypto/endian.h"

#define ROUNDS	24

static const uint64_t round_constant[ROUNDS] = {
	0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
	0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
	0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
	0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
	0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
	0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

/* n may be 0: no shift by 64. */
#define ROTATE(v, n)	((v) << (n) | (v) >> (-(n) & 63))

/*
 * One row of the state behind theta, rho, pi and chi: lane y * 5 + x of the
 * result, for x from 0 to 4, from the lanes pi moves there with rho's rotations.
 */
#define ROW(y, l0, r0, l1, r1, l2, r2, l3, r3, l4, r4)			\
	do {								\
		uint64_t b0 = ROTATE(a[l0] ^ d[l0 % 5], r0);		\
		uint64_t b1 = ROTATE(a[l1] ^ d[l1 % 5], r1);		\
		uint64_t b2 = ROTATE(a[l2] ^ d[l2 % 5], r2);		\
		uint64_t b3 = ROTATE(a[l3] ^ d[l3 % 5], r3);		\
		uint64_t b4 = ROTATE(a[l4] ^ d[l4 % 5], r4);		\
		e[y * 5 + 0] = b0 ^ (~b1 & b2);				\
		e[y * 5 + 1] = b1 ^ (~b2 & b3);				\
		e[y * 5 + 2] = b2 ^ (~b3 & b4);				\
		e[y * 5 + 3] = b3 ^ (~b4 & b0);				\
		e[y * 5 + 4] = b4 ^ (~b0 & b1);				\
	} while (0)

/* Writes to e what one round (FIPS 202 3.3) makes of a. */
static inline void
keccak_round(uint64_t e[restrict static 25], const uint64_t a[restrict static 25], uint64_t constant)
{
	uint64_t c0 = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20];
	uint64_t c1 = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21];
	uint64_t c2 = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22];
	uint64_t c3 = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23];
	uint64_t c4 = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24];
	const uint64_t d[5] = {
		c4 ^ ROTATE(c1, 1), c0 ^ ROTATE(c2, 1), c1 ^ ROTATE(c3, 1),
		c2 ^ ROTATE(c4, 1), c3 ^ ROTATE(c0, 1),
	};

	ROW(0, 0, 0, 6, 44, 12, 43, 18, 21, 24, 14);
	ROW(1, 3, 28, 9, 20, 10, 3, 16, 45, 22, 61);
	ROW(2, 1, 1, 7, 6, 13, 25, 19, 8, 20, 18);
	ROW(3, 4, 27, 5, 36, 11, 10, 17, 15, 23, 56);
	ROW(4, 2, 62, 8, 55, 14, 39, 15, 41, 21, 2);
	e[0] ^= constant;
}

static void
permute(uint64_t lane[static 25])
{
	uint64_t other[25];

	for (int round = 0; round < ROUNDS; round += 2) {
		keccak_round(other, lane, round_constant[round]);
		keccak_round(lane, other, round_constant[round + 1]);
	}
	wipe(other, sizeof(other));
}

static void
init(struct keccak *k, size_t rate, uint8_t suffix)
{
	memset(k, 0, sizeof(*k));
	k->rate = rate;
	k->suffix = suffix;
}

void
sha3_256_init(struct keccak *k)
{
	init(k, 136, 0x06);
}

void
sha3_512_init(struct keccak *k)
{
	init(k, 72, 0x06);
}

void
shake128_init(struct keccak *k)
{
	init(k, 168, 0x1f);
}

void
shake256_init(struct keccak *k)
{
	init(k, 136, 0x1f);
}

/* Xors a byte into the block at byte i. */
static void
xor_byte(struct keccak *k, size_t i, uint8_t v)
{
	k->lane[i / 8] ^= (uint64_t)v << 8 * (i % 8);
}

void
keccak_absorb(struct keccak *k, struct span data)
{
	must(!k->is_squeezing);
	while (data.len > 0) {
		if (k->used % 8 == 0 && data.len >= 8) {
			k->lane[k->used / 8] ^= get_le64(data.p);
			k->used += 8;
			data = span_skip(data, 8);
		} else {
			xor_byte(k, k->used++, data.p[0]);
			data = span_skip(data, 1);
		}
		if (k->used == k->rate) {
			permute(k->lane);
			k->used = 0;
		}
	}
}

/* Pads the last block (FIPS 202 5.1) and turns to output. */
static void
finish(struct keccak *k)
{
	xor_byte(k, k->used, k->suffix);
	xor_byte(k, k->rate - 1, 0x80);
	permute(k->lane);
	k->used = 0;
	k->is_squeezing = true;
}

void
keccak_squeeze(struct keccak *k, uint8_t *out, size_t n)
{
	if (!k->is_squeezing)
		finish(k);
	while (n > 0) {
		if (k->used == k->rate) {
			permute(k->lane);
			k->used = 0;
		}
		if (k->used % 8 == 0 && n >= 8) {
			put_le64(out, k->lane[k->used / 8]);
			k->used += 8;
			out += 8;
			n -= 8;
		} else {
			*out++ = (uint8_t)(k->lane[k->used / 8] >> 8 * (k->used % 8));
			k->used++;
			n--;
		}
	}
}

void
keccak_wipe(struct keccak *k)
{
	wipe(k, sizeof(*k));
}
