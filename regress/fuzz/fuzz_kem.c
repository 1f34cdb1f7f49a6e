/* SPDX-License-Identifier: ISC */
/*
 * What a peer sends in a key exchange: public keys, points and ciphertexts of
 * any content. Each is refused or used, and nothing else happens.
 */
#include <string.h>

#include "crypto/ecdh.h"
#include "crypto/mlkem.h"
#include "crypto/sntrup761.h"
#include "crypto/x25519.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* s cut or filled up with its own bytes to n bytes. */
static struct span
fit(struct span s, uint8_t *buf, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf[i] = s.len == 0 ? 0 : s.p[i % s.len];
	return span_of(buf, n);
}

static void
expect(enum err e)
{
	must(e == ERR_OK || e == ERR_KEX);
}

static void
try_mlkem(enum mlkem_set set, const struct rng *rng, struct span s)
{
	uint8_t ek[MLKEM_MAX_EK_LEN], dk[MLKEM_MAX_DK_LEN], ct[MLKEM_MAX_CT_LEN];
	uint8_t shared[MLKEM_SHARED_LEN];

	expect(mlkem_encaps(set, rng, s, ct, shared));
	expect(mlkem_encaps(set, rng, fit(s, ek, mlkem_ek_len(set)), ct, shared));
	must(mlkem_keygen(set, rng, ek, dk) == ERR_OK);
	expect(mlkem_decaps(set, span_of(dk, mlkem_dk_len(set)), fit(s, ct, mlkem_ct_len(set)),
	    shared));
}

static void
try_sntrup(const struct rng *rng, struct span s)
{
	uint8_t public[SNTRUP761_PUBLIC_LEN], secret[SNTRUP761_SECRET_LEN];
	uint8_t ct[SNTRUP761_CT_LEN], shared[SNTRUP761_SHARED_LEN];

	expect(sntrup761_encaps(rng, s, ct, shared));
	must(sntrup761_encaps(rng, fit(s, public, sizeof(public)), ct, shared) == ERR_OK);
	fit(s, secret, sizeof(secret));
	must(sntrup761_decaps(secret, fit(s, ct, sizeof(ct)), shared) == ERR_OK);
}

static void
try_curves(const struct rng *rng, struct span s)
{
	uint8_t secret[ECDH_MAX_LEN], public[ECDH_MAX_POINT], shared[ECDH_MAX_LEN];

	must(x25519_keygen(rng, secret, public) == ERR_OK);
	expect(x25519_agree(secret, s, shared));
	expect(x25519_agree(secret, fit(s, public, X25519_LEN), shared));
	for (enum ecdh_curve c = ECDH_P256; c <= ECDH_P521; c++) {
		must(ecdh_keygen(c, rng, secret, public) == ERR_OK);
		expect(ecdh_agree(c, secret, s, shared));
		fit(s, public, ecdh_point_len(c));
		public[0] = 4;
		expect(ecdh_agree(c, secret, span_of(public, ecdh_point_len(c)), shared));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rng_test seed = { 1 };
	struct rng rng = rng_test(&seed);
	struct span s;

	if (size < 1)
		return 0;
	s = span_of(data + 1, size - 1);
	switch (data[0] % 4) {
	case 0:
		try_mlkem(MLKEM_768, &rng, s);
		break;
	case 1:
		try_mlkem(MLKEM_1024, &rng, s);
		break;
	case 2:
		try_sntrup(&rng, s);
		break;
	default:
		try_curves(&rng, s);
	}
	return 0;
}
