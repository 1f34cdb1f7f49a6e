/* SPDX-License-Identifier: ISC */
#include "crypto/mlkem.h"

#include "base/secret.h"
#include "crypto/mlkem_evp.h"
#include "crypto/mlkem_tree.h"

/* Which implementation this build takes; the tests cover both. */
#if MLKEM_HAVE_EVP
#define KEYGEN	mlkem_evp_keygen
#define ENCAPS	mlkem_evp_encaps
#define DECAPS	mlkem_evp_decaps
#else
#define ENCAPS	mlkem_tree_encaps
#define DECAPS	mlkem_tree_decaps

static enum err
KEYGEN(enum mlkem_set set, const uint8_t d[static 32], const uint8_t z[static 32],
    uint8_t *ek, uint8_t *dk)
{
	mlkem_tree_keygen(set, d, z, ek, dk);
	return ERR_OK;
}
#endif

static const struct {
	size_t ek_len, dk_len, ct_len;
} lengths[] = {
	[MLKEM_768] = { MLKEM_768_EK_LEN, MLKEM_768_DK_LEN, MLKEM_768_CT_LEN },
	[MLKEM_1024] = { MLKEM_1024_EK_LEN, MLKEM_1024_DK_LEN, MLKEM_1024_CT_LEN },
};

size_t
mlkem_ek_len(enum mlkem_set set)
{
	return lengths[set].ek_len;
}

size_t
mlkem_dk_len(enum mlkem_set set)
{
	return lengths[set].dk_len;
}

size_t
mlkem_ct_len(enum mlkem_set set)
{
	return lengths[set].ct_len;
}

enum err
mlkem_keygen(enum mlkem_set set, const struct rng *rng, uint8_t *ek, uint8_t *dk)
{
	uint8_t d[32], z[32];
	enum err e;

	rng_fill(rng, d, sizeof(d));
	rng_fill(rng, z, sizeof(z));
	e = KEYGEN(set, d, z, ek, dk);
	wipe(d, sizeof(d));
	wipe(z, sizeof(z));
	return e;
}

enum err
mlkem_encaps(enum mlkem_set set, const struct rng *rng, struct span ek,
    uint8_t *ct, uint8_t shared[static MLKEM_SHARED_LEN])
{
	uint8_t m[32];
	enum err e;

	if (ek.len != lengths[set].ek_len)
		return ERR_KEX;
	rng_fill(rng, m, sizeof(m));
	e = ENCAPS(set, m, ek.p, ct, shared);
	wipe(m, sizeof(m));
	return e;
}

enum err
mlkem_decaps(enum mlkem_set set, struct span dk, struct span ct,
    uint8_t shared[static MLKEM_SHARED_LEN])
{
	if (dk.len != lengths[set].dk_len || ct.len != lengths[set].ct_len)
		return ERR_KEX;
	return DECAPS(set, dk.p, ct.p, shared);
}
