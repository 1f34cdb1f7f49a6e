/* SPDX-License-Identifier: ISC */
/*
 * The secret key is: f and 1/g encoded, the public key, 191 random bytes that
 * stand in for the input when a ciphertext is refused, and a hash of the
 * public key.
 */
#include "crypto/sntrup761.h"

#include <string.h>

#include "base/secret.h"
#include "crypto/hash.h"
#include "crypto/sntrup_code.h"
#include "crypto/sntrup_ring.h"

#define P		SNTRUP_P
#define CONFIRM_LEN	32

/* Where the parts of a secret key are. */
#define AT_INVERSE	SNTRUP_SMALL_BYTES
#define AT_PUBLIC	(AT_INVERSE + SNTRUP_SMALL_BYTES)
#define AT_STAND_IN	(AT_PUBLIC + SNTRUP761_PUBLIC_LEN)
#define AT_CACHE	(AT_STAND_IN + SNTRUP_SMALL_BYTES)

_Static_assert(AT_CACHE + 32 == SNTRUP761_SECRET_LEN, "lengths");
_Static_assert(SNTRUP_ROUNDED_BYTES + CONFIRM_LEN == SNTRUP761_CT_LEN, "lengths");

/* The first half of SHA-512 of a byte and two strings. */
static void
hash_prefixed(uint8_t out[static 32], uint8_t prefix, struct span a, struct span b)
{
	uint8_t digest[HASH_MAX_LEN];
	struct hash h;

	hash_init(&h, hash_find("sha512"));
	hash_update(&h, span_of(&prefix, 1));
	hash_update(&h, a);
	hash_update(&h, b);
	hash_final(&h, digest);
	memcpy(out, digest, 32);
	wipe(digest, sizeof(digest));
}

/* What confirms that r was known: a hash of r's hash and the public key's. */
static void
confirm(uint8_t out[static CONFIRM_LEN], const uint8_t r[static SNTRUP_SMALL_BYTES],
    const uint8_t cache[static 32])
{
	uint8_t hash[32];

	hash_prefixed(hash, 3, span_of(r, SNTRUP_SMALL_BYTES), SPAN_EMPTY);
	hash_prefixed(out, 2, span_of(hash, 32), span_of(cache, 32));
	wipe(hash, sizeof(hash));
}

/* The session's secret; is_good is 1, or 0 when r stands in for the real one. */
static void
session(uint8_t out[static 32], uint8_t is_good, const uint8_t r[static SNTRUP_SMALL_BYTES],
    const uint8_t ct[static SNTRUP761_CT_LEN])
{
	uint8_t hash[32];

	hash_prefixed(hash, 3, span_of(r, SNTRUP_SMALL_BYTES), SPAN_EMPTY);
	hash_prefixed(out, is_good, span_of(hash, 32), span_of(ct, SNTRUP761_CT_LEN));
	wipe(hash, sizeof(hash));
}

/* Random, each coefficient -1, 0 or 1 nearly equally likely. */
static void
draw_small(struct sntrup_poly *p, const struct rng *rng)
{
	uint32_t random[P];

	rng_fill(rng, random, sizeof(random));
	memset(p, 0, sizeof(*p));
	for (size_t i = 0; i < P; i++)
		p->c[i] = (int16_t)((int)((random[i] & 0x3fffffff) * 3 >> 30) - 1);
	wipe(random, sizeof(random));
}

/* Puts the smaller of two numbers first. */
static inline void
order(uint32_t *a, uint32_t *b)
{
	uint32_t is_less = (uint32_t)(((uint64_t)*b - *a) >> 63);	/* b < a */
	uint32_t t = (*a ^ *b) & -is_less;

	*a ^= t;
	*b ^= t;
}

/* Sorts by a fixed network of exchanges (Batcher's, as Knuth 5.2.2 M has it). */
static void
sort(uint32_t *a, size_t n)
{
	size_t top = 1;

	while (2 * top < n)
		top *= 2;
	for (size_t p = top; p > 0; p /= 2) {
		size_t q = top, r = 0, d = p;

		for (;;) {
			for (size_t i = 0; i + d < n; i++) {
				if ((i & p) == r)
					order(&a[i], &a[i + d]);
			}
			if (q == p)
				break;
			d = q - p;
			q /= 2;
			r = p;
		}
	}
}

/* Random among those with SNTRUP_W coefficients of -1 or 1: shuffled by sorting. */
static void
draw_short(struct sntrup_poly *p, const struct rng *rng)
{
	uint32_t random[P];

	rng_fill(rng, random, sizeof(random));
	for (size_t i = 0; i < P; i++)
		random[i] = i < SNTRUP_W ? random[i] & ~1U : (random[i] & ~3U) | 1;
	sort(random, P);
	memset(p, 0, sizeof(*p));
	for (size_t i = 0; i < P; i++)
		p->c[i] = (int16_t)((int)(random[i] & 3) - 1);
	wipe(random, sizeof(random));
}

/* Draws f and a g that has an inverse; writes them, and the public h = g / 3f. */
static void
make_keys(const struct rng *rng, uint8_t *public, uint8_t *secret)
{
	struct sntrup_poly f, g, h, inverse;
	bool found;

	do {
		draw_small(&g, rng);
		found = sntrup_invert_3(&inverse, &g);
		secret_publish(&found, sizeof(found));	/* the others are thrown away */
	} while (!found);
	draw_short(&f, rng);
	sntrup_small_put(secret, &f);
	sntrup_small_put(secret + AT_INVERSE, &inverse);
	sntrup_invert_q(&inverse, &f);
	sntrup_multiply_q(&h, &inverse, &g);
	sntrup_rq_put(public, &h);
	wipe(&f, sizeof(f));
	wipe(&g, sizeof(g));
	wipe(&inverse, sizeof(inverse));
}

void
sntrup761_keygen(const struct rng *rng, uint8_t public[static SNTRUP761_PUBLIC_LEN],
    uint8_t secret[static SNTRUP761_SECRET_LEN])
{
	make_keys(rng, public, secret);
	memcpy(secret + AT_PUBLIC, public, SNTRUP761_PUBLIC_LEN);
	rng_fill(rng, secret + AT_STAND_IN, SNTRUP_SMALL_BYTES);
	hash_prefixed(secret + AT_CACHE, 4, span_of(public, SNTRUP761_PUBLIC_LEN), SPAN_EMPTY);
}

/* Encrypts r, and confirms: ct, and r encoded. */
static void
hide(uint8_t ct[static SNTRUP761_CT_LEN], uint8_t r_bytes[static SNTRUP_SMALL_BYTES],
    const struct sntrup_poly *r, const uint8_t *public, const uint8_t *cache)
{
	struct sntrup_poly h, c;

	sntrup_small_put(r_bytes, r);
	sntrup_rq_get(&h, public);
	sntrup_multiply_q(&c, &h, r);
	sntrup_round(&c);
	sntrup_rounded_put(ct, &c);
	confirm(ct + SNTRUP_ROUNDED_BYTES, r_bytes, cache);
	wipe(&c, sizeof(c));
}

enum err
sntrup761_encaps(const struct rng *rng, struct span public,
    uint8_t ct[static SNTRUP761_CT_LEN], uint8_t shared[static SNTRUP761_SHARED_LEN])
{
	uint8_t r_bytes[SNTRUP_SMALL_BYTES], cache[32];
	struct sntrup_poly r;

	if (public.len != SNTRUP761_PUBLIC_LEN)
		return ERR_KEX;
	hash_prefixed(cache, 4, public, SPAN_EMPTY);
	draw_short(&r, rng);
	hide(ct, r_bytes, &r, public.p, cache);
	session(shared, 1, r_bytes, ct);
	wipe(&r, sizeof(r));
	wipe(r_bytes, sizeof(r_bytes));
	return ERR_OK;
}

/* The r that ct encrypts; some r of the right weight if it encrypts none. */
static void
decrypt(struct sntrup_poly *r, const uint8_t *secret, const uint8_t *ct)
{
	struct sntrup_poly f, inverse, c;
	uint16_t wrong;

	sntrup_rounded_get(&c, ct);
	sntrup_small_get(&f, secret);
	sntrup_small_get(&inverse, secret + AT_INVERSE);
	sntrup_multiply_q(r, &c, &f);
	sntrup_triple_mod_3(r);
	sntrup_multiply_3(&c, r, &inverse);
	wrong = sntrup_weight_mask(&c);
	memset(r, 0, sizeof(*r));
	for (size_t i = 0; i < P; i++) {
		uint16_t stand_in = i < SNTRUP_W;

		r->c[i] = (int16_t)(((uint16_t)c.c[i] & ~wrong) | (stand_in & wrong));
	}
	wipe(&f, sizeof(f));
	wipe(&inverse, sizeof(inverse));
	wipe(&c, sizeof(c));
}

/* 0xff if a and b differ, else 0. */
static uint8_t
difference_mask(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint32_t diff = 0;

	for (size_t i = 0; i < n; i++)
		diff |= a[i] ^ b[i];
	diff = (diff + 0xff) >> 8;
	__asm__("" : "+r"(diff));	/* of which the compiler knows nothing */
	return (uint8_t)-diff;
}

enum err
sntrup761_decaps(const uint8_t secret[static SNTRUP761_SECRET_LEN], struct span ct,
    uint8_t shared[static SNTRUP761_SHARED_LEN])
{
	const uint8_t *stand_in = secret + AT_STAND_IN;
	uint8_t r_bytes[SNTRUP_SMALL_BYTES], again[SNTRUP761_CT_LEN], wrong;
	struct sntrup_poly r;

	if (ct.len != SNTRUP761_CT_LEN)
		return ERR_KEX;
	decrypt(&r, secret, ct.p);
	hide(again, r_bytes, &r, secret + AT_PUBLIC, secret + AT_CACHE);
	wrong = difference_mask(again, ct.p, SNTRUP761_CT_LEN);
	for (size_t i = 0; i < SNTRUP_SMALL_BYTES; i++)
		r_bytes[i] ^= (uint8_t)(wrong & (r_bytes[i] ^ stand_in[i]));
	session(shared, (uint8_t)(1 + wrong), r_bytes, ct.p);
	wipe(&r, sizeof(r));
	wipe(r_bytes, sizeof(r_bytes));
	wipe(again, sizeof(again));
	return ERR_OK;
}
