/* SPDX-License-Identifier: ISC */
#include "crypto/mac.h"

#include <string.h>

#include "base/err.h"
#include "base/secret.h"
#include "crypto/endian.h"

static const struct mac_alg algs[] = {
	{ "hmac-sha2-256-etm@openssh.com", "sha256", 32, 32, true },
	{ "hmac-sha2-512-etm@openssh.com", "sha512", 64, 64, true },
	{ "hmac-sha2-256", "sha256", 32, 32, false },
	{ "hmac-sha2-512", "sha512", 64, 64, false },
};

const struct mac_alg *
mac_at(size_t i)
{
	return i < COUNT(algs) ? &algs[i] : NULL;
}

const struct mac_alg *
mac_find(const char *name)
{
	for (size_t i = 0; i < COUNT(algs); i++) {
		if (strcmp(algs[i].name, name) == 0)
			return &algs[i];
	}
	return NULL;
}

void
mac_init(struct mac *m, const struct mac_alg *alg, struct span key)
{
	m->alg = alg;
	hmac_init(&m->hmac, hash_find(alg->hash), span_first(key, alg->key_len));
}

/* Writes the whole result, which may be longer than the tag. */
static void
compute(struct mac *m, uint32_t seq, struct span data, uint8_t out[static HASH_MAX_LEN])
{
	uint8_t number[4];

	put_be32(number, seq);
	hmac_update(&m->hmac, span_of(number, sizeof(number)));
	hmac_update(&m->hmac, data);
	hmac_final(&m->hmac, out);
}

void
mac_compute(struct mac *m, uint32_t seq, struct span data, uint8_t *tag)
{
	uint8_t out[HASH_MAX_LEN];

	compute(m, seq, data, out);
	memcpy(tag, out, m->alg->tag_len);
}

bool
mac_matches(struct mac *m, uint32_t seq, struct span data, const uint8_t *tag)
{
	uint8_t out[HASH_MAX_LEN];
	bool same;

	compute(m, seq, data, out);
	same = span_eq_secret(span_of(out, m->alg->tag_len), span_of(tag, m->alg->tag_len));
	wipe(out, sizeof(out));		/* the right tag of a forged packet */
	return same;
}

void
mac_wipe(struct mac *m)
{
	wipe(m, sizeof(*m));
}
