/* SPDX-License-Identifier: ISC */
/*
 * ML-KEM after FIPS 203. The matrix is never held: each entry is sampled when
 * its product is due.
 */
#include "crypto/mlkem_tree.h"

#include <string.h>

#include "base/secret.h"
#include "crypto/keccak.h"
#include "crypto/mlkem_poly.h"

#define POLY_BYTES	384	/* of an encoded polynomial */
#define MAX_K		4

/* Table 2 of FIPS 203; eta1 and eta2 are 2 in both sets. */
struct params {
	uint8_t k;
	unsigned du, dv;	/* bits that u and v are compressed to */
};

static const struct params params[] = {
	[MLKEM_768] = { 3, 10, 4 },
	[MLKEM_1024] = { 4, 11, 5 },
};

/* G: SHA3-512 of two strings, as two halves. */
static void
hash_g(uint8_t first[static 32], uint8_t second[static 32], struct span a, struct span b)
{
	struct keccak k;

	sha3_512_init(&k);
	keccak_absorb(&k, a);
	keccak_absorb(&k, b);
	keccak_squeeze(&k, first, 32);
	keccak_squeeze(&k, second, 32);
	keccak_wipe(&k);
}

/* H: SHA3-256. */
static void
hash_h(uint8_t out[static 32], struct span s)
{
	struct keccak k;

	sha3_256_init(&k);
	keccak_absorb(&k, s);
	keccak_squeeze(&k, out, 32);
}

/* J: SHAKE256 of two strings. */
static void
hash_j(uint8_t out[static 32], struct span a, struct span b)
{
	struct keccak k;

	shake256_init(&k);
	keccak_absorb(&k, a);
	keccak_absorb(&k, b);
	keccak_squeeze(&k, out, 32);
	keccak_wipe(&k);
}

/* Row i of the matrix (of its transpose, if transposed) times v. */
static void
matrix_row(struct poly *out, const struct params *p, const uint8_t rho[static 32], uint8_t i,
    bool transposed, const struct poly *v)
{
	struct poly_sum sum = { 0 };
	struct poly entry;

	for (uint8_t j = 0; j < p->k; j++) {
		poly_sample(&entry, rho, transposed ? i : j, transposed ? j : i);
		poly_multiply_add(&sum, &entry, &v[j]);
	}
	poly_finish(out, &sum);
	wipe(&sum, sizeof(sum));
}

/* The product of two vectors, of which a comes encoded; back from the NTT domain. */
static void
inner_product(struct poly *out, const struct params *p, const uint8_t *a, const struct poly *b)
{
	struct poly_sum sum = { 0 };
	struct poly entry;

	for (uint8_t i = 0; i < p->k; i++) {
		(void)poly_decode(&entry, a + i * POLY_BYTES);
		poly_multiply_add(&sum, &entry, &b[i]);
	}
	poly_finish(out, &sum);
	poly_from_ntt(out);
	wipe(&sum, sizeof(sum));
	wipe(&entry, sizeof(entry));
}

/* K-PKE.KeyGen (algorithm 13): ek whole, the first k * 384 bytes of dk. */
static void
pke_keygen(const struct params *p, const uint8_t d[static 32], uint8_t *ek, uint8_t *dk)
{
	uint8_t *rho = ek + p->k * POLY_BYTES;
	uint8_t sigma[32];
	struct poly s[MAX_K], e, t;

	hash_g(rho, sigma, span_of(d, 32), span_of(&p->k, 1));
	secret_publish(rho, 32);
	for (uint8_t i = 0; i < p->k; i++) {
		poly_noise(&s[i], sigma, i);
		poly_ntt(&s[i]);
		poly_encode(dk + i * POLY_BYTES, &s[i]);
	}
	for (uint8_t i = 0; i < p->k; i++) {
		poly_noise(&e, sigma, (uint8_t)(p->k + i));
		poly_ntt(&e);
		matrix_row(&t, p, rho, i, false, s);
		poly_scale(&t);
		poly_add(&t, &e);
		poly_encode(ek + i * POLY_BYTES, &t);
	}
	wipe(sigma, sizeof(sigma));
	wipe(s, sizeof(s));
	wipe(&e, sizeof(e));
}

/* K-PKE.Encrypt (algorithm 14) of message m with randomness r. */
static void
pke_encrypt(const struct params *p, const uint8_t *ek, const uint8_t m[static 32],
    const uint8_t r[static 32], uint8_t *ct)
{
	const uint8_t *rho = ek + p->k * POLY_BYTES;
	struct poly y[MAX_K], noise, u;

	for (uint8_t i = 0; i < p->k; i++) {
		poly_noise(&y[i], r, i);
		poly_ntt(&y[i]);
	}
	for (uint8_t i = 0; i < p->k; i++) {
		matrix_row(&u, p, rho, i, true, y);
		poly_from_ntt(&u);
		poly_noise(&noise, r, (uint8_t)(p->k + i));
		poly_add(&u, &noise);
		poly_compress(ct + i * 32 * p->du, &u, p->du);
	}
	inner_product(&u, p, ek, y);
	poly_noise(&noise, r, (uint8_t)(2 * p->k));
	poly_add(&u, &noise);
	poly_decompress(&noise, m, 1);
	poly_add(&u, &noise);
	poly_compress(ct + p->k * 32 * p->du, &u, p->dv);
	wipe(y, sizeof(y));
	wipe(&noise, sizeof(noise));
	wipe(&u, sizeof(u));
}

/* K-PKE.Decrypt (algorithm 15). */
static void
pke_decrypt(const struct params *p, const uint8_t *dk, const uint8_t *ct, uint8_t m[static 32])
{
	struct poly u[MAX_K], v, product;

	for (uint8_t i = 0; i < p->k; i++) {
		poly_decompress(&u[i], ct + i * 32 * p->du, p->du);
		poly_ntt(&u[i]);
	}
	poly_decompress(&v, ct + p->k * 32 * p->du, p->dv);
	inner_product(&product, p, dk, u);
	poly_subtract(&v, &product);
	poly_compress(m, &v, 1);
	wipe(&v, sizeof(v));
	wipe(&product, sizeof(product));
}

void
mlkem_tree_keygen(enum mlkem_set set, const uint8_t d[static 32],
    const uint8_t z[static 32], uint8_t *ek, uint8_t *dk)
{
	const struct params *p = &params[set];
	size_t ek_len = mlkem_ek_len(set);

	pke_keygen(p, d, ek, dk);
	dk += p->k * POLY_BYTES;
	memcpy(dk, ek, ek_len);
	hash_h(dk + ek_len, span_of(ek, ek_len));
	memcpy(dk + ek_len + 32, z, 32);
}

enum err
mlkem_tree_encaps(enum mlkem_set set, const uint8_t m[static 32],
    const uint8_t *ek, uint8_t *ct, uint8_t shared[static MLKEM_SHARED_LEN])
{
	const struct params *p = &params[set];
	uint8_t hash[32], r[32];
	struct poly t;

	for (uint8_t i = 0; i < p->k; i++) {
		if (!poly_decode(&t, ek + i * POLY_BYTES))
			return ERR_KEX;
	}
	hash_h(hash, span_of(ek, mlkem_ek_len(set)));
	hash_g(shared, r, span_of(m, 32), span_of(hash, 32));
	pke_encrypt(p, ek, m, r, ct);
	wipe(r, sizeof(r));
	return ERR_OK;
}

/* 0xff if a and b differ, else 0; n bytes in constant time. */
static uint8_t
difference_mask(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint32_t diff = 0;

	for (size_t i = 0; i < n; i++)
		diff |= a[i] ^ b[i];
	diff = (diff + 0xff) >> 8;		/* 1 or 0 */
	__asm__("" : "+r"(diff));		/* of which the compiler knows nothing */
	return (uint8_t)-diff;
}

enum err
mlkem_tree_decaps(enum mlkem_set set, const uint8_t *dk, const uint8_t *ct,
    uint8_t shared[static MLKEM_SHARED_LEN])
{
	const struct params *p = &params[set];
	size_t ek_len = mlkem_ek_len(set), ct_len = mlkem_ct_len(set);
	const uint8_t *ek = dk + p->k * POLY_BYTES;
	const uint8_t *hash = ek + ek_len, *z = hash + 32;
	uint8_t m[32], r[32], rejected[32], again[MLKEM_MAX_CT_LEN], own_hash[32];
	uint8_t mask;

	hash_h(own_hash, span_of(ek, ek_len));
	if (!span_eq_secret(span_of(own_hash, 32), span_of(hash, 32)))
		return ERR_KEX;
	pke_decrypt(p, dk, ct, m);
	hash_g(shared, r, span_of(m, 32), span_of(hash, 32));
	hash_j(rejected, span_of(z, 32), span_of(ct, ct_len));
	pke_encrypt(p, ek, m, r, again);
	mask = difference_mask(ct, again, ct_len);
	for (size_t i = 0; i < MLKEM_SHARED_LEN; i++)
		shared[i] ^= (uint8_t)(mask & (shared[i] ^ rejected[i]));
	wipe(m, sizeof(m));
	wipe(r, sizeof(r));
	wipe(rejected, sizeof(rejected));
	wipe(again, sizeof(again));
	return ERR_OK;
}
