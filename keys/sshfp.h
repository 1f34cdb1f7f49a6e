/* SPDX-License-Identifier: ISC */
/*
 * keys/sshfp.h - fingerprints of host keys in the DNS (RFC 4255, 6594, 7479):
 * comparing those that are there, and making the records.
 *
 * answer   a whole DNS message, as a resolver gave it. Whether it was signed,
 *          and by whom, is for the caller to know: nothing here is a proof.
 */
#ifndef KEYS_SSHFP_H
#define KEYS_SSHFP_H

#include "base/err.h"
#include "base/span.h"
#include "base/writer.h"

/* The type of the record in the DNS. */
#define SSHFP_TYPE	44

/* More records than this are not looked at. */
#define SSHFP_MAX	64

struct sshfp {
	unsigned n_found;	/* fingerprints of keys of this type, by a hash we know */
	bool is_match;		/* one of them is this key's */
	bool is_authentic;	/* the resolver says that it has checked signatures (AD) */
};

/*
 * Compares the key with the fingerprints in an answer. ERR_NOTFOUND if the
 * name is not there or the server failed; ERR_FORMAT and the like for a
 * malformed answer. *out says that nothing was found on error.
 */
enum err sshfp_check(struct span answer, struct span blob, struct sshfp *out);

/* The number that the hash of this name ("sha1", "sha256", in any case) has in the DNS; 0: none. */
unsigned sshfp_hash(struct span name);

/* How records are written: by the name of their type, or as a name server takes any type (RFC 3597). */
enum sshfp_form { SSHFP_NAMED, SSHFP_GENERIC };

/*
 * Writes the records of a key under a host's name, a line for each hash, or for
 * the one of that number (0: all). Nothing for a type that has none in the DNS.
 */
void sshfp_put(struct writer *w, struct span name, struct span blob, unsigned hash,
    enum sshfp_form form);

#endif
