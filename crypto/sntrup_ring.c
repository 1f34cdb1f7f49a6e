/* SPDX-License-Identifier: ISC */
/*
 * Inverses are computed by the division steps of Bernstein and Yang ("Fast
 * constant-time gcd computation and modular inversion", 2019): as many steps
 * for every input, each choosing by masks.
 */
#include "crypto/sntrup_ring.h"

#include <string.h>

#include "base/secret.h"

#define P	SNTRUP_P
#define Q	SNTRUP_Q
#define Q_INVERSE	(15631)
#define ROOM	SNTRUP_ROOM
#define STEPS	(2 * P - 1)

/* a modulo q, from -2295 to 2295; exact for a within +-2^25 (2^40 / q is 239492840 rounded). */
static inline int16_t
mod_q(int32_t a)
{
	int32_t quotient = (int32_t)(((int64_t)a * 239492840 + ((int64_t)1 << 39)) >> 40);

	return (int16_t)(a - quotient * Q);
}

/* a modulo 3, from -1 to 1; exact for a within +-2^28. */
static inline int16_t
mod_3(int32_t a)
{
	int32_t quotient = (int32_t)(((int64_t)a * 1431655765 + ((int64_t)1 << 31)) >> 32);

	return (int16_t)(a - quotient * 3);
}

/* a * b / 2^16 modulo q, within +-(q / 2 + |a b| / 2^16); Q_INVERSE is 1 / q modulo 2^16. */
static inline int16_t
montgomery(int16_t a, int16_t b)
{
	int32_t product = (int32_t)a * b;
	int16_t t = (int16_t)((int16_t)product * Q_INVERSE);

	return (int16_t)((product >> 16) - ((int32_t)t * Q >> 16));
}

/* All ones if v is not zero, else zero. */
static inline int16_t
nonzero_mask(int16_t v)
{
	uint32_t u = (uint16_t)v;

	return (int16_t)-(int32_t)((u + 0xffff) >> 16);
}

/* All ones if v is below zero, else zero. */
static inline int16_t
negative_mask(int16_t v)
{
	return (int16_t)(v >> 15);
}

/* The product as integers, modulo x^761 - x - 1: coefficients below 761 * 2295 * 3 in size. */
static void
multiply(int32_t out[restrict static 2 * ROOM], const struct sntrup_poly *restrict f,
    const struct sntrup_poly *restrict g)
{
	memset(out, 0, 2 * ROOM * sizeof(*out));
	for (size_t i = 0; i < P; i++) {
		int16_t c = g->c[i];
		int32_t *restrict at = out + i;

		for (size_t j = 0; j < ROOM; j++)
			at[j] += (int32_t)f->c[j] * c;
	}
	for (size_t i = 2 * P - 2; i >= P; i--) {
		out[i - P] += out[i];
		out[i - P + 1] += out[i];
	}
}

void
sntrup_multiply_q(struct sntrup_poly *out, const struct sntrup_poly *f,
    const struct sntrup_poly *g)
{
	int32_t product[2 * ROOM];

	multiply(product, f, g);
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < P; i++)
		out->c[i] = mod_q(product[i]);
	wipe(product, sizeof(product));
}

void
sntrup_multiply_3(struct sntrup_poly *out, const struct sntrup_poly *f,
    const struct sntrup_poly *g)
{
	int32_t product[2 * ROOM];

	multiply(product, f, g);
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < P; i++)
		out->c[i] = mod_3(product[i]);
	wipe(product, sizeof(product));
}

/* What the division steps work on: f and g, reversed, and their cofactors. */
struct steps {
	int16_t f[ROOM], g[ROOM], v[ROOM], r[ROOM];
	int16_t delta;
};

/* Starts with x^p - x - 1 and in; r is what 1 becomes. */
static void
steps_init(struct steps *s, const struct sntrup_poly *in, int16_t r)
{
	memset(s, 0, sizeof(*s));
	s->f[0] = 1;
	s->f[P - 1] = s->f[P] = -1;
	for (size_t i = 0; i < P; i++)
		s->g[P - 1 - i] = in->c[i];
	s->r[0] = r;
	s->delta = 1;
}

/* Swaps a and b if mask is all ones. */
static void
swap(int16_t a[restrict static ROOM], int16_t b[restrict static ROOM], int16_t mask)
{
	for (size_t i = 0; i < ROOM; i++) {
		int16_t t = (int16_t)(mask & (a[i] ^ b[i]));

		a[i] ^= t;
		b[i] ^= t;
	}
}

/* The part of a step that is the same for both fields; g0: whether g's lowest is not 0. */
static void
step_swap(struct steps *s, int16_t g0_mask)
{
	int16_t mask = (int16_t)(negative_mask((int16_t)-s->delta) & g0_mask);

	memmove(s->v + 1, s->v, (ROOM - 1) * sizeof(*s->v));
	s->v[0] = 0;
	swap(s->f, s->g, mask);
	swap(s->v, s->r, mask);
	s->delta = (int16_t)((s->delta ^ (mask & (s->delta ^ -s->delta))) + 1);
}

/* a = (x * a - y * b) / 2^16 in each place. All stay below 5500 in size. */
static void
combine_q(int16_t a[restrict static ROOM], const int16_t b[restrict static ROOM], int16_t x,
    int16_t y)
{
	for (size_t i = 0; i < ROOM; i++)
		a[i] = (int16_t)(montgomery(x, a[i]) - montgomery(y, b[i]));
}

/* Divides g by x. */
static void
shift_down(int16_t g[static ROOM])
{
	memmove(g, g + 1, (ROOM - 1) * sizeof(*g));
	g[ROOM - 1] = 0;
}

/* 1 / a modulo q, by Fermat. */
static int16_t
invert_scalar(int16_t a)
{
	int16_t result = 1;

	for (unsigned bit = 1U << 12; bit > 0; bit >>= 1) {
		result = mod_q((int32_t)result * result);
		if ((Q - 2) & bit)
			result = mod_q((int32_t)result * a);
	}
	return result;
}

/*
 * Montgomery's factor, left in both g and r by every step, cancels: only the
 * quotient of v and f counts.
 */
void
sntrup_invert_q(struct sntrup_poly *out, const struct sntrup_poly *f)
{
	struct steps s;
	int16_t scale;

	steps_init(&s, f, -1530);	/* 1 / 3 modulo q */
	for (unsigned i = 0; i < STEPS; i++) {
		int16_t f0, g0;

		step_swap(&s, nonzero_mask(mod_q(s.g[0])));
		f0 = s.f[0];
		g0 = s.g[0];
		combine_q(s.g, s.f, f0, g0);
		combine_q(s.r, s.v, f0, g0);
		shift_down(s.g);
	}
	scale = invert_scalar(mod_q(s.f[0]));
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < P; i++)
		out->c[i] = mod_q((int32_t)scale * mod_q(s.v[P - 1 - i]));
	wipe(&s, sizeof(s));
}

/* a = a + x * b modulo 3 in each place; all of them from -1 to 1. */
static void
combine_3(int16_t a[restrict static ROOM], const int16_t b[restrict static ROOM], int16_t x)
{
	for (size_t i = 0; i < ROOM; i++) {
		int16_t sum = (int16_t)(a[i] + (int16_t)(x * b[i]));
		int16_t excess = (int16_t)(((int16_t)((sum + 4) * 11) >> 5) - 1);

		a[i] = (int16_t)(sum - 3 * excess);	/* excess: -1 for -2, 1 for 2 */
	}
}

bool
sntrup_invert_3(struct sntrup_poly *out, const struct sntrup_poly *g)
{
	struct steps s;
	bool is_invertible;

	steps_init(&s, g, 1);
	for (unsigned i = 0; i < STEPS; i++) {
		int16_t x;

		step_swap(&s, nonzero_mask(s.g[0]));
		x = (int16_t)(-s.g[0] * s.f[0]);
		combine_3(s.g, s.f, x);
		combine_3(s.r, s.v, x);
		shift_down(s.g);
	}
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < P; i++)
		out->c[i] = (int16_t)(s.f[0] * s.v[P - 1 - i]);
	is_invertible = s.delta == 0;
	wipe(&s, sizeof(s));
	return is_invertible;
}

void
sntrup_triple_mod_3(struct sntrup_poly *p)
{
	for (size_t i = 0; i < P; i++)
		p->c[i] = mod_3(mod_q(3 * p->c[i]));
}

void
sntrup_round(struct sntrup_poly *p)
{
	for (size_t i = 0; i < P; i++)
		p->c[i] = (int16_t)(p->c[i] - mod_3(p->c[i]));
}

uint16_t
sntrup_weight_mask(const struct sntrup_poly *p)
{
	int16_t weight = 0;

	for (size_t i = 0; i < P; i++)
		weight = (int16_t)(weight + (p->c[i] & 1));
	return (uint16_t)nonzero_mask((int16_t)(weight - SNTRUP_W));
}
