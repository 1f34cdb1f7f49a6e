/* SPDX-License-Identifier: ISC */
/* New keys. */
#include "keys/key_i.h"

/* What people ask for, the size, and the type that gives. */
static const struct {
	const char *name;
	unsigned bits;			/* 0: any the type allows */
	const struct key_kind *kind;
} sizes[] = {
	{ "ed25519", 256, &key_kind_ed25519 },
	{ "ecdsa", 256, &key_kind_ecdsa_256 },
	{ "ecdsa", 384, &key_kind_ecdsa_384 },
	{ "ecdsa", 521, &key_kind_ecdsa_521 },
	{ "rsa", 0, &key_kind_rsa },
#if KEY_HAVE_MLDSA
	{ "mldsa44-ed25519", 256, &key_kind_mldsa },
#endif
};

#define RSA_DEFAULT_BITS	3072

static bool
ignores_bits(const struct key_kind *kind)
{
#if KEY_HAVE_MLDSA
	if (kind == &key_kind_mldsa)
		return true;
#endif
	return kind == &key_kind_ed25519;
}

/* The type for a kind and size. ERR_UNSUPPORTED, ERR_RANGE. */
static enum err
find_kind(struct span kind, unsigned *bits, const struct key_kind **out)
{
	enum err e = ERR_UNSUPPORTED;

	for (size_t i = 0; i < COUNT(sizes); i++) {
		bool is_type = span_is(kind, sizes[i].kind->name);
		bool fits = *bits == 0 || sizes[i].bits == 0 || *bits == sizes[i].bits;

		if (!is_type && !span_is(kind, sizes[i].name))
			continue;
		/* These have one size, and whatever was asked for is ignored. */
		if (!fits && !ignores_bits(sizes[i].kind)) {
			e = ERR_RANGE;
			continue;
		}
		if (sizes[i].bits != 0)
			*bits = sizes[i].bits;
		else if (*bits == 0)
			*bits = RSA_DEFAULT_BITS;
		*out = sizes[i].kind;
		return ERR_OK;
	}
	return e;
}

enum err
key_generate(struct span kind, unsigned bits, const struct rng *rng, struct key **out)
{
	SCOPED(key_free) struct key *k = NULL;
	const struct key_kind *found = NULL;

	*out = NULL;
	TRY(find_kind(kind, &bits, &found));
	k = key_alloc(found);
	if (k == NULL)
		return ERR_NOMEM;
	TRY(found->generate(k, bits, rng));
	k->has_private = true;
	TRY(key_set_blob(k));
	*out = k;
	k = NULL;
	return ERR_OK;
}
