/* SPDX-License-Identifier: ISC */
/*
 * keys/agent_key.h - private keys as agents are given them (RFC 9987 4.2): the
 * section of openssh-key-v1, or for a certificate its blob and those fields of
 * the section that are not in it already.
 */
#ifndef KEYS_AGENT_KEY_H
#define KEYS_AGENT_KEY_H

#include "base/reader.h"
#include "base/writer.h"
#include "keys/key.h"

/*
 * Writes k, with a certificate's blob unless that is empty. Errors stick in w:
 * ERR_UNSUPPORTED if k has no private half or there are no certificates of
 * its type.
 */
void agent_key_put(struct writer *w, const struct key *k, struct span cert);

/*
 * Reads a key; *cert is the certificate's blob, which borrows from r, or empty.
 * ERR_FORMAT and the like if it is malformed or the certificate another key's,
 * ERR_UNSUPPORTED for other types, ERR_NOMEM, ERR_CRYPTO. *out is NULL on error.
 */
enum err agent_key_get(struct reader *r, struct key **out, struct span *cert);

#endif
