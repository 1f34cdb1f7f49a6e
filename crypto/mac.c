/* SPDX-License-Identifier: ISC */
#include "crypto/mac.h"

#include <string.h>

#include "base/secret.h"
#include "crypto/endian.h"

static const struct mac_alg algs[] = {
	{ "umac-64-etm@openssh.com", NULL, UMAC_KEY_LEN, 8, true },
	{ "umac-128-etm@openssh.com", NULL, UMAC_KEY_LEN, 16, true },
	{ "hmac-sha2-256-etm@openssh.com", "sha256", 32, 32, true },
	{ "hmac-sha2-512-etm@openssh.com", "sha512", 64, 64, true },
	{ "hmac-sha1-etm@openssh.com", "sha1", 20, 20, true },
	{ "umac-64@openssh.com", NULL, UMAC_KEY_LEN, 8, false },
	{ "umac-128@openssh.com", NULL, UMAC_KEY_LEN, 16, false },
	{ "hmac-sha2-256", "sha256", 32, 32, false },
	{ "hmac-sha2-512", "sha512", 64, 64, false },
	{ "hmac-sha1", "sha1", 20, 20, false },
	/* Not offered unless the config names them. */
	{ "hmac-sha1-96-etm@openssh.com", "sha1", 20, 12, true },
	{ "hmac-sha1-96", "sha1", 20, 12, false },
	{ "hmac-md5-etm@openssh.com", "md5", 16, 16, true },
	{ "hmac-md5-96-etm@openssh.com", "md5", 16, 12, true },
	{ "hmac-md5", "md5", 16, 16, false },
	{ "hmac-md5-96", "md5", 16, 12, false },
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

enum err
mac_init(struct mac *m, const struct mac_alg *alg, struct span key)
{
	m->alg = alg;
	if (alg->hash == NULL)
		return umac_init(&m->umac, alg->tag_len, key.p);
	hmac_init(&m->hmac, hash_find(alg->hash), span_first(key, alg->key_len));
	return ERR_OK;
}

/* Writes the whole result, which may be longer than the tag. */
static enum err
compute(struct mac *m, uint32_t seq, struct span data, uint8_t out[static HASH_MAX_LEN])
{
	uint8_t number[4];

	if (m->alg->hash == NULL)
		return umac_compute(&m->umac, seq, data, out);
	put_be32(number, seq);
	hmac_update(&m->hmac, span_of(number, sizeof(number)));
	hmac_update(&m->hmac, data);
	hmac_final(&m->hmac, out);
	return ERR_OK;
}

enum err
mac_compute(struct mac *m, uint32_t seq, struct span data, uint8_t *tag)
{
	uint8_t out[HASH_MAX_LEN];

	TRY(compute(m, seq, data, out));
	memcpy(tag, out, m->alg->tag_len);
	return ERR_OK;
}

enum err
mac_verify(struct mac *m, uint32_t seq, struct span data, const uint8_t *tag)
{
	uint8_t out[HASH_MAX_LEN];
	bool same;

	TRY(compute(m, seq, data, out));
	same = span_eq_secret(span_of(out, m->alg->tag_len), span_of(tag, m->alg->tag_len));
	wipe(out, sizeof(out));		/* the right tag of a forged packet */
	return same ? ERR_OK : ERR_MAC;
}

void
mac_free(struct mac *m)
{
	if (m->alg != NULL && m->alg->hash == NULL)
		umac_free(&m->umac);
	wipe(m, sizeof(*m));
}
