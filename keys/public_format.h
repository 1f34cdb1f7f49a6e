/* SPDX-License-Identifier: ISC */
/*
 * keys/public_format.h - public keys in the formats of others: RFC 4716
 * ("SSH2"), and PEM: SubjectPublicKeyInfo and PKCS#1. ssh-keygen -e and -i.
 */
#ifndef KEYS_PUBLIC_FORMAT_H
#define KEYS_PUBLIC_FORMAT_H

#include "keys/key.h"

/* Writes blob as RFC 4716 has it, with a Comment header. */
void rfc4716_put(struct writer *w, struct span blob, struct span comment);

/*
 * Appends the blob in an RFC 4716 file to blob; headers are passed over.
 * ERR_FORMAT, ERR_NOMEM.
 */
enum err rfc4716_get(struct span file, struct writer *blob);

enum public_pem {
	PUBLIC_PKCS8,		/* "PUBLIC KEY" */
	PUBLIC_PEM,		/* "RSA PUBLIC KEY": PKCS#1, RSA only */
};

/* Writes k in PEM. ERR_UNSUPPORTED for a key that has no such form. */
enum err public_pem_put(struct writer *w, const struct key *k, enum public_pem kind);

/* Reads a key in PEM. ERR_FORMAT, ERR_UNSUPPORTED, ERR_NOMEM; else as key_from_blob(). */
enum err public_pem_get(struct span file, enum public_pem kind, struct key **out);

#endif
