/* SPDX-License-Identifier: ISC */
/*
 * keys/fingerprint.h - short forms of public keys, for people to compare.
 *
 * "SHA256:" and unpadded base64 (or another hash of that family), "MD5:" and
 * hex with colons, and the drawing of randomart. All are made from a public key blob, which is not parsed.
 */
#ifndef KEYS_FINGERPRINT_H
#define KEYS_FINGERPRINT_H

#include "base/err.h"
#include "base/span.h"
#include "base/writer.h"
#include "crypto/hash.h"

enum fingerprint {
	FINGERPRINT_SHA256,
	FINGERPRINT_MD5,
	FINGERPRINT_SHA1,
	FINGERPRINT_SHA384,
	FINGERPRINT_SHA512,
};

/* Room for any form, with its NUL. */
#define FINGERPRINT_SIZE	96

/* "sha256", "md5", "sha1", "sha384" or "sha512" in any case. ERR_UNSUPPORTED. */
enum err fingerprint_kind(struct span name, enum fingerprint *out);

/* What stands before the colon: "SHA256". Static. */
const char *fingerprint_name(enum fingerprint kind);

/* Hashes blob into out; returns how many bytes that are. */
size_t fingerprint_hash(struct span blob, enum fingerprint kind, uint8_t out[static HASH_MAX_LEN]);

/* Writes the fingerprint of blob, with its prefix. Errors stick in w. */
void fingerprint_put(struct writer *w, struct span blob, enum fingerprint kind);

/* The same into buf, NUL terminated. Returns buf. */
const char *fingerprint_str(char buf[static FINGERPRINT_SIZE], struct span blob,
    enum fingerprint kind);

/*
 * Whether text, typed by a person, is a fingerprint of blob: "SHA256:..." or
 * "MD5:..." or MD5 without its prefix.
 */
bool fingerprint_is(struct span text, struct span blob);

/*
 * Writes the 11 lines of randomart (no newline behind the last), with
 * "[title bits]" in the upper border and the hash's name in the lower one.
 */
void randomart_put(struct writer *w, struct span blob, enum fingerprint kind,
    const char *title, unsigned bits);

#endif
