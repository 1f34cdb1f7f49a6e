/* SPDX-License-Identifier: ISC */
#include "crypto/mlkem_poly.h"

#include "base/secret.h"
#include "crypto/keccak.h"

#define Q		MLKEM_Q
#define Q_INVERSE	(-3327)		/* of Q modulo 2^16 */

/* 17^BitRev7(i) * 2^16 modulo q, i from 0 to 127 (FIPS 203 appendix A). */
static const int16_t zetas[128] = {
	-1044, -758, -359, -1517, 1493, 1422, 287, 202, -171, 622,
	1577, 182, 962, -1202, -1474, 1468, 573, -1325, 264, 383,
	-829, 1458, -1602, -130, -681, 1017, 732, 608, -1542, 411,
	-205, -1571, 1223, 652, -552, 1015, -1293, 1491, -282, -1544,
	516, -8, -320, -666, -1618, -1162, 126, 1469, -853, -90,
	-271, 830, 107, -1421, -247, -951, -398, 961, -1508, -725,
	448, -1065, 677, -1275, -1103, 430, 555, 843, -1251, 871,
	1550, 105, 422, 587, 177, -235, -291, -460, 1574, 1653,
	-246, 778, 1159, -147, -777, 1483, -602, 1119, -1590, 644,
	-872, 349, 418, 329, -156, -75, 817, 1097, 603, 610,
	1322, -1285, -1465, 384, -1215, -136, 1218, -1335, -874, 220,
	-1187, -1659, -1185, -1530, -1278, 794, -1510, -854, -870, 478,
	-108, -308, 996, 991, 958, -1460, 1522, 1628,
};

/*
 * a / 2^16 modulo q, within +-q; for a within +-q * 2^15. The low halves of
 * the two terms are equal, so their high halves are all there is to subtract:
 * compilers know that form, and take eight at a time.
 */
static inline int16_t
montgomery(int32_t a)
{
	int16_t t = (int16_t)((int16_t)a * Q_INVERSE);

	return (int16_t)((a >> 16) - ((int32_t)t * Q >> 16));
}

/* a * b / 2^16 modulo q. */
static inline int16_t
multiply(int16_t a, int16_t b)
{
	return montgomery((int32_t)a * b);
}

/* a modulo q, from -1664 to 1664 (Barrett: 20159 is 2^26 / q rounded). */
static inline int16_t
reduce(int16_t a)
{
	int16_t t = (int16_t)(((int32_t)a * 20159 >> 16) + (1 << 9)) >> 10;

	return (int16_t)(a - t * Q);
}

/* A reduced a as a number from 0 to q - 1. */
static inline uint16_t
canonical(int16_t a)
{
	return (uint16_t)(a + ((a >> 15) & Q));
}

static void
reduce_all(struct poly *p)
{
	for (unsigned i = 0; i < MLKEM_N; i++)
		p->c[i] = reduce(p->c[i]);
}

/*
 * One layer of algorithm 9. Inlined with len a constant, so that the inner
 * loops become vector instructions.
 */
static inline __attribute__((always_inline)) void
ntt_layer(int16_t *c, unsigned len)
{
	unsigned k = MLKEM_N / 2 / len;

	for (unsigned start = 0; start < MLKEM_N; start += 2 * len) {
		int16_t zeta = zetas[k++];

		for (unsigned i = start; i < start + len; i++) {
			int16_t t = multiply(zeta, c[i + len]);

			c[i + len] = (int16_t)(c[i] - t);
			c[i] = (int16_t)(c[i] + t);
		}
	}
}

/* Algorithm 9. Each of the 7 layers adds at most q to a coefficient's size. */
void
poly_ntt(struct poly *p)
{
	ntt_layer(p->c, 128);
	ntt_layer(p->c, 64);
	ntt_layer(p->c, 32);
	ntt_layer(p->c, 16);
	ntt_layer(p->c, 8);
	ntt_layer(p->c, 4);
	ntt_layer(p->c, 2);
	reduce_all(p);
}

/* One layer of algorithm 10, likewise. */
static inline __attribute__((always_inline)) void
inverse_layer(int16_t *c, unsigned len)
{
	unsigned k = MLKEM_N / len - 1;

	for (unsigned start = 0; start < MLKEM_N; start += 2 * len) {
		int16_t zeta = zetas[k--];

		for (unsigned i = start; i < start + len; i++) {
			int16_t t = c[i];

			c[i] = reduce((int16_t)(t + c[i + len]));
			c[i + len] = multiply(zeta, (int16_t)(c[i + len] - t));
		}
	}
}

/*
 * Algorithm 10. The last factor is 2^32 / 128: Montgomery's reduction and the
 * division that poly_finish() left in take 2^16 away each.
 */
void
poly_from_ntt(struct poly *p)
{
	inverse_layer(p->c, 2);
	inverse_layer(p->c, 4);
	inverse_layer(p->c, 8);
	inverse_layer(p->c, 16);
	inverse_layer(p->c, 32);
	inverse_layer(p->c, 64);
	inverse_layer(p->c, 128);
	for (unsigned i = 0; i < MLKEM_N; i++)
		p->c[i] = reduce(multiply(p->c[i], 1441));
}

/* One product modulo X^2 - gamma (algorithm 12). */
static inline void
multiply_pair(int32_t *sum, const int16_t *a, const int16_t *b, int16_t gamma)
{
	sum[0] += (int32_t)a[0] * b[0] + (int32_t)a[1] * multiply(b[1], gamma);
	sum[1] += (int32_t)a[0] * b[1] + (int32_t)a[1] * b[0];
}

/* Algorithm 11. gamma of pair i is zeta^(2 BitRev7(i) + 1): zetas[64 + i / 2], signs alternating. */
void
poly_multiply_add(struct poly_sum *sum, const struct poly *a, const struct poly *b)
{
	for (unsigned i = 0; i < MLKEM_N / 4; i++) {
		int16_t gamma = zetas[64 + i];

		multiply_pair(sum->c + 4 * i, a->c + 4 * i, b->c + 4 * i, gamma);
		multiply_pair(sum->c + 4 * i + 2, a->c + 4 * i + 2, b->c + 4 * i + 2,
		    (int16_t)-gamma);
	}
}

/* A product's terms are below q^2 and q^2 / 2 in size: four make less than q * 2^15. */
void
poly_finish(struct poly *out, const struct poly_sum *sum)
{
	for (unsigned i = 0; i < MLKEM_N; i++)
		out->c[i] = montgomery(sum->c[i]);
}

void
poly_scale(struct poly *p)
{
	for (unsigned i = 0; i < MLKEM_N; i++)
		p->c[i] = multiply(p->c[i], 1353);	/* 2^32 modulo q */
}

void
poly_add(struct poly *a, const struct poly *b)
{
	for (unsigned i = 0; i < MLKEM_N; i++)
		a->c[i] = reduce((int16_t)(a->c[i] + b->c[i]));
}

void
poly_subtract(struct poly *a, const struct poly *b)
{
	for (unsigned i = 0; i < MLKEM_N; i++)
		a->c[i] = reduce((int16_t)(a->c[i] - b->c[i]));
}

void
poly_sample(struct poly *p, const uint8_t rho[static 32], uint8_t x, uint8_t y)
{
	const uint8_t index[2] = { x, y };
	uint8_t block[168];		/* SHAKE128's rate, a multiple of 3 */
	struct keccak k;
	unsigned n = 0;

	shake128_init(&k);
	keccak_absorb(&k, span_of(rho, 32));
	keccak_absorb(&k, span_of(index, 2));
	while (n < MLKEM_N) {
		keccak_squeeze(&k, block, sizeof(block));
		for (unsigned i = 0; i < sizeof(block) && n < MLKEM_N; i += 3) {
			unsigned d1 = block[i] | (block[i + 1] & 15U) << 8;
			unsigned d2 = block[i + 1] >> 4 | (unsigned)block[i + 2] << 4;

			if (d1 < Q)
				p->c[n++] = (int16_t)d1;
			if (d2 < Q && n < MLKEM_N)
				p->c[n++] = (int16_t)d2;
		}
	}
}

void
poly_noise(struct poly *p, const uint8_t sigma[static 32], uint8_t n)
{
	uint8_t bits[128];
	struct keccak k;

	shake256_init(&k);
	keccak_absorb(&k, span_of(sigma, 32));
	keccak_absorb(&k, span_of(&n, 1));
	keccak_squeeze(&k, bits, sizeof(bits));
	for (unsigned i = 0; i < sizeof(bits); i++) {
		unsigned pairs = (bits[i] & 0x55U) + (bits[i] >> 1 & 0x55U);

		p->c[2 * i] = (int16_t)((int)(pairs & 3) - (int)(pairs >> 2 & 3));
		p->c[2 * i + 1] = (int16_t)((int)(pairs >> 4 & 3) - (int)(pairs >> 6));
	}
	wipe(bits, sizeof(bits));
	keccak_wipe(&k);
}

void
poly_encode(uint8_t *out, const struct poly *p)
{
	for (unsigned i = 0; i < MLKEM_N; i += 2, out += 3) {
		unsigned a = canonical(reduce(p->c[i])), b = canonical(reduce(p->c[i + 1]));

		out[0] = (uint8_t)a;
		out[1] = (uint8_t)(a >> 8 | b << 4);
		out[2] = (uint8_t)(b >> 4);
	}
}

bool
poly_decode(struct poly *p, const uint8_t *in)
{
	unsigned largest = 0;

	for (unsigned i = 0; i < MLKEM_N; i += 2, in += 3) {
		unsigned a = in[0] | (in[1] & 15U) << 8;
		unsigned b = in[1] >> 4 | (unsigned)in[2] << 4;

		p->c[i] = (int16_t)a;
		p->c[i + 1] = (int16_t)b;
		largest |= (Q - 1 - a) | (Q - 1 - b);	/* top bit set below zero */
	}
	return largest >> 31 == 0;
}

/*
 * round(2^d / q * v) modulo 2^d (4.7). The quotient is exact for all dividends
 * that occur (below 2^23): 5284525697 is 2^44 / q rounded up, which is off by
 * less than 1 part in 2^32.
 */
static inline unsigned
compress(uint16_t v, unsigned d)
{
	uint64_t dividend = ((uint64_t)v << d) + Q / 2;

	return (unsigned)(dividend * 5284525697U >> 44) & ((1U << d) - 1);
}

void
poly_compress(uint8_t *out, const struct poly *p, unsigned d)
{
	uint32_t bits = 0;
	unsigned n = 0;

	for (unsigned i = 0; i < MLKEM_N; i++) {
		bits |= compress(canonical(reduce(p->c[i])), d) << n;
		for (n += d; n >= 8; n -= 8) {
			*out++ = (uint8_t)bits;
			bits >>= 8;
		}
	}
}

void
poly_decompress(struct poly *p, const uint8_t *in, unsigned d)
{
	uint32_t bits = 0;
	unsigned n = 0;

	for (unsigned i = 0; i < MLKEM_N; i++) {
		uint32_t v;

		for (; n < d; n += 8)
			bits |= (uint32_t)*in++ << n;
		v = bits & ((1U << d) - 1);
		bits >>= d;
		n -= d;
		p->c[i] = (int16_t)((v * Q + (1U << (d - 1))) >> d);
	}
}
