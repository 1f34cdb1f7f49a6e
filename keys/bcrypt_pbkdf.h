/* SPDX-License-Identifier: ISC */
/*
 * keys/bcrypt_pbkdf.h - the key derivation of encrypted openssh-key-v1 files:
 * PBKDF2's shape around a bcrypt whose input is hashed with SHA-512.
 */
#ifndef KEYS_BCRYPT_PBKDF_H
#define KEYS_BCRYPT_PBKDF_H

#include "base/err.h"
#include "base/span.h"

/* The most that can be derived at once. */
#define BCRYPT_PBKDF_MAX	1024

/*
 * Derives out.len bytes; takes some milliseconds a round and 32 bytes.
 * ERR_RANGE if passphrase, salt or out is empty, rounds is 0, or out is longer
 * than BCRYPT_PBKDF_MAX. ERR_NOMEM.
 */
enum err bcrypt_pbkdf(struct span passphrase, struct span salt, unsigned rounds,
    struct room out);

#endif
