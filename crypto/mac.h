/* SPDX-License-Identifier: ISC */
/*
 * crypto/mac.h - the MACs of packets, by SSH name; inside crypto/.
 */
#ifndef CRYPTO_MAC_H
#define CRYPTO_MAC_H

#include "crypto/hmac.h"

struct mac_alg {
	const char *name;
	const char *hash;
	size_t key_len;
	size_t tag_len;
	bool is_etm;
};

struct mac {
	const struct mac_alg *alg;
	struct hmac hmac;
};

/* Finds a MAC by name; NULL if there is none of that name. */
const struct mac_alg *mac_find(const char *name);

/* The i-th MAC of this build, best first; NULL behind the last. */
const struct mac_alg *mac_at(size_t i);

/* Starts m with a key of alg->key_len bytes. */
void mac_init(struct mac *m, const struct mac_alg *alg, struct span key);

/*
 * Writes the tag (alg->tag_len bytes) of packet number seq, of which data is
 * what the MAC covers. m is then ready for the next packet.
 */
void mac_compute(struct mac *m, uint32_t seq, struct span data, uint8_t *tag);

/* Whether tag is that of packet number seq; takes the same time either way. */
bool mac_matches(struct mac *m, uint32_t seq, struct span data, const uint8_t *tag);

/* Wipes m. */
void mac_wipe(struct mac *m);

#endif
