/* SPDX-License-Identifier: ISC */
/*
 * keys/known_hosts_i.h - hashed host names; for the known_hosts files of
 * keys/ only.
 */
#ifndef KEYS_KNOWN_HOSTS_I_H
#define KEYS_KNOWN_HOSTS_I_H

#include "keys/known_hosts.h"

/* Salt and HMAC-SHA1 have the same length. */
#define KNOWN_HOSTS_HASH_LEN	20

/* Computes HMAC-SHA1(salt, name). */
void known_hosts_hmac(struct span salt, struct span name,
    uint8_t out[static KNOWN_HOSTS_HASH_LEN]);

/* Whether names is "|1|...". */
bool known_hosts_is_hashed(struct span names);

#endif
