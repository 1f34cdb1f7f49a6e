/* SPDX-License-Identifier: ISC */
/*
 * auth/password.h - does a password fit a hash of shadow(5)?
 *
 * Uses libcrypt (yescrypt, sha512crypt, bcrypt ...), which takes the same time
 * whatever the password. Where there is nothing to compare with (no such
 * user, "*", a locked account) a hash is computed all the same, of the kind
 * this machine uses, so that a stranger learns nothing from the clock.
 */
#ifndef AUTH_PASSWORD_H
#define AUTH_PASSWORD_H

#include "base/err.h"
#include "base/rng.h"
#include "base/span.h"

/* Room for a setting of crypt(5): prefix, cost and salt. */
#define PASSWORD_SETTING_MAX	128

/*
 * Picks the setting that unknown users' passwords are hashed with: kind and
 * cost of the first real hash in shadow's text, yescrypt if there is none.
 * fake has PASSWORD_SETTING_MAX bytes.
 */
void password_fake_setting(struct span shadow, char *fake);

/*
 * Checks a password. hash is empty or unusable ("*", "!...", not understood)
 * where no password can be right: then fake is hashed instead and the answer
 * is ERR_DENIED. A password above LIMIT_PASSWORD bytes is ERR_DENIED without
 * any hashing, whoever it is for. An empty password never fits (whether an
 * account without a password may log in is another question). ERR_NOMEM.
 */
enum err password_check(struct span hash, const char *fake, struct span password);

/* Room for a hash, with its NUL. */
#define PASSWORD_HASH_MAX	384

/*
 * Hashes a new password with a salt of its own, in the way that the hash like
 * is made; with yescrypt (sha512crypt if libcrypt has none) where that is no
 * hash or of a kind that is too weak for today (DES, MD5). ERR_DENIED for a
 * password that password_check() could never let in, ERR_NOMEM,
 * ERR_UNSUPPORTED.
 */
enum err password_make(char hash[static PASSWORD_HASH_MAX], struct span like, struct span password,
    struct rng *rng);

#endif
