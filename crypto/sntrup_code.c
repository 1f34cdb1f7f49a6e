/* SPDX-License-Identifier: ISC */
/*
 * Numbers below a bound m are packed in pairs: r0 + m0 * r1 is below m0 * m1;
 * its low bytes are written while 14 bits of the bound or more would be left,
 * and the rest is a number of the next level, half as long, until one is left.
 */
#include "crypto/sntrup_code.h"

#include <string.h>

#include "base/err.h"
#include "base/secret.h"

#define P	SNTRUP_P
#define LIMIT	16384
#define HALF_Q	((SNTRUP_Q - 1) / 2)

/* All levels: 761, 381, 191, 96, 48, 24, 12, 6, 3, 2 and 1 numbers. */
#define ALL_LEVELS	1525

void
sntrup_small_put(uint8_t out[static SNTRUP_SMALL_BYTES], const struct sntrup_poly *p)
{
	memset(out, 0, SNTRUP_SMALL_BYTES);
	for (size_t i = 0; i < P; i++)
		out[i / 4] |= (uint8_t)((p->c[i] + 1) << 2 * (i % 4));
}

void
sntrup_small_get(struct sntrup_poly *p, const uint8_t in[static SNTRUP_SMALL_BYTES])
{
	memset(p, 0, sizeof(*p));
	for (size_t i = 0; i < P; i++)
		p->c[i] = (int16_t)((in[i / 4] >> 2 * (i % 4) & 3) - 1);
}

/* Writes n bytes of v at *out, as many as the bound *m says. Returns what is left of v. */
static uint32_t
put_bytes(uint8_t **out, uint32_t v, uint32_t *m, uint32_t until)
{
	while (*m >= until) {
		*(*out)++ = (uint8_t)v;
		v >>= 8;
		*m = (*m + 255) >> 8;
	}
	return v;
}

/* Packs P numbers r, each below bound; r is used up. */
static void
encode(uint8_t *out, uint16_t r[static P], uint16_t bound)
{
	uint16_t m[P];
	uint32_t last_bound;

	for (size_t i = 0; i < P; i++)
		m[i] = bound;
	for (size_t n = P; n > 1; n = (n + 1) / 2) {
		for (size_t i = 0; i + 1 < n; i += 2) {
			uint32_t product = (uint32_t)m[i] * m[i + 1];
			uint32_t v = r[i] + (uint32_t)r[i + 1] * m[i];

			r[i / 2] = (uint16_t)put_bytes(&out, v, &product, LIMIT);
			m[i / 2] = (uint16_t)product;
		}
		if (n % 2 == 1) {
			r[n / 2] = r[n - 1];
			m[n / 2] = m[n - 1];
		}
	}
	last_bound = m[0];
	(void)put_bytes(&out, r[0], &last_bound, 2);
}

/* What decoding needs to know of all levels, one behind the other. */
struct levels {
	size_t start[12], count[12];
	size_t top;			/* the level of one number */
	uint16_t m[ALL_LEVELS];		/* bounds */
	uint16_t low[ALL_LEVELS];	/* of a pair: the bytes that were written ... */
	uint32_t low_bound[ALL_LEVELS];	/* ... and what they are below */
	uint16_t value[ALL_LEVELS];
};

/* Reads the bytes of the pairs of level n from in, making level n + 1. Returns what follows. */
static const uint8_t *
climb(struct levels *l, size_t n, const uint8_t *in)
{
	const uint16_t *m = l->m + l->start[n];

	l->start[n + 1] = l->start[n] + l->count[n];
	l->count[n + 1] = (l->count[n] + 1) / 2;
	for (size_t i = 0; i < l->count[n]; i += 2) {
		size_t up = l->start[n + 1] + i / 2;
		bool is_pair = i + 1 < l->count[n];
		uint32_t bound = is_pair ? (uint32_t)m[i] * m[i + 1] : m[i];

		l->low[up] = 0;
		l->low_bound[up] = 1;
		while (is_pair && bound >= LIMIT) {
			l->low[up] = (uint16_t)(l->low[up] + *in++ * l->low_bound[up]);
			l->low_bound[up] <<= 8;
			bound = (bound + 255) >> 8;
		}
		l->m[up] = (uint16_t)bound;
	}
	return in;
}

/* Takes the numbers of level n + 1 apart to those of level n. */
static void
descend(struct levels *l, size_t n)
{
	const uint16_t *m = l->m + l->start[n];
	uint16_t *value = l->value + l->start[n];

	for (size_t i = 0; i < l->count[n]; i += 2) {
		size_t up = l->start[n + 1] + i / 2;
		uint32_t v = l->low[up] + l->low_bound[up] * l->value[up];

		value[i] = (uint16_t)(v % m[i]);
		if (i + 1 < l->count[n])
			value[i + 1] = (uint16_t)(v / m[i] % m[i + 1]);
	}
}

/* Unpacks what encode() wrote. */
static void
decode(uint16_t r[static P], const uint8_t *in, uint16_t bound)
{
	struct levels l = { .count = { P } };
	uint32_t last = 0, last_bound;

	for (size_t i = 0; i < P; i++)
		l.m[i] = bound;
	for (l.top = 0; l.count[l.top] > 1; l.top++)
		in = climb(&l, l.top, in);
	last_bound = l.m[l.start[l.top]];
	for (unsigned shift = 0; last_bound > 1; shift += 8, last_bound = (last_bound + 255) >> 8)
		last |= (uint32_t)*in++ << shift;
	l.value[l.start[l.top]] = (uint16_t)(last % l.m[l.start[l.top]]);
	for (size_t n = l.top; n-- > 0; )
		descend(&l, n);
	memcpy(r, l.value, P * sizeof(*r));
}

void
sntrup_rq_put(uint8_t out[static SNTRUP_RQ_BYTES], const struct sntrup_poly *p)
{
	uint16_t r[P];

	for (size_t i = 0; i < P; i++)
		r[i] = (uint16_t)(p->c[i] + HALF_Q);
	encode(out, r, SNTRUP_Q);
	wipe(r, sizeof(r));
}

void
sntrup_rq_get(struct sntrup_poly *p, const uint8_t in[static SNTRUP_RQ_BYTES])
{
	uint16_t r[P];

	decode(r, in, SNTRUP_Q);
	memset(p, 0, sizeof(*p));
	for (size_t i = 0; i < P; i++)
		p->c[i] = (int16_t)(r[i] - HALF_Q);
}

void
sntrup_rounded_put(uint8_t out[static SNTRUP_ROUNDED_BYTES], const struct sntrup_poly *p)
{
	uint16_t r[P];

	/* (c + 2295) / 3, a whole number below 1531: 10923 is 2^15 / 3, rounded up. */
	for (size_t i = 0; i < P; i++)
		r[i] = (uint16_t)((uint32_t)(p->c[i] + HALF_Q) * 10923 >> 15);
	encode(out, r, (SNTRUP_Q + 2) / 3);
	wipe(r, sizeof(r));
}

void
sntrup_rounded_get(struct sntrup_poly *p, const uint8_t in[static SNTRUP_ROUNDED_BYTES])
{
	uint16_t r[P];

	decode(r, in, (SNTRUP_Q + 2) / 3);
	memset(p, 0, sizeof(*p));
	for (size_t i = 0; i < P; i++)
		p->c[i] = (int16_t)(r[i] * 3 - HALF_Q);
}
