/* SPDX-License-Identifier: ISC */
/*
 * kex/kex.h - the lists of what the transport layer can negotiate by itself.
 *
 * Ciphers and MACs: crypto/crypto.h. Signature algorithms: keys/key.h.
 */
#ifndef KEX_KEX_H
#define KEX_KEX_H

#include "base/side.h"
#include "base/span.h"

/* Every key exchange method of this build, a comma list, best first; static. */
const char *kex_names(void);

/* The methods that a side offers unless the config says otherwise; static. */
const char *kex_default_algs(enum side side);

/* Whether the method of that name withstands quantum computers; false if unknown. */
bool kex_is_post_quantum(struct span name);

/* The hash of the method of that name ("sha256"), static; NULL if unknown. */
const char *kex_hash(struct span name);

/* Every compression method, a comma list; static. */
const char *kex_compression_names(void);

#endif
