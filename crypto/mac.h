/* SPDX-License-Identifier: ISC */
/*
 * crypto/mac.h - the MACs of packets, by SSH name; inside crypto/.
 */
#ifndef CRYPTO_MAC_H
#define CRYPTO_MAC_H

#include "base/err.h"
#include "crypto/hmac.h"
#include "crypto/umac.h"

struct mac_alg {
	const char *name;
	const char *hash;	/* HMAC over this; NULL: UMAC */
	size_t key_len;
	size_t tag_len;		/* HMAC may be cut short */
	bool is_etm;
};

struct mac {
	const struct mac_alg *alg;
	union {
		struct hmac hmac;
		struct umac umac;
	};
};

/* Finds a MAC by name; NULL if there is none of that name. */
const struct mac_alg *mac_find(const char *name);

/* The i-th MAC of this build, best first; NULL behind the last. */
const struct mac_alg *mac_at(size_t i);

/*
 * Starts m with a key of alg->key_len bytes. ERR_CRYPTO; then as always
 * mac_free() is due.
 */
enum err mac_init(struct mac *m, const struct mac_alg *alg, struct span key);

/*
 * Writes the tag (alg->tag_len bytes) of packet number seq, of which data is
 * what the MAC covers. m is then ready for the next packet. ERR_CRYPTO.
 */
enum err mac_compute(struct mac *m, uint32_t seq, struct span data, uint8_t *tag);

/*
 * Checks tag against that of packet number seq, in the same time whether it is
 * right or not: ERR_MAC. ERR_CRYPTO.
 */
enum err mac_verify(struct mac *m, uint32_t seq, struct span data, const uint8_t *tag);

/* Wipes m and frees what it holds; m may be all zero. */
void mac_free(struct mac *m);

#endif
