/* SPDX-License-Identifier: ISC */
/*
 * keys/sshfp.h - fingerprints of host keys in the DNS (RFC 4255, 6594, 7479).
 *
 * answer   a whole DNS message, as a resolver gave it. Whether it was signed,
 *          and by whom, is for the caller to know: nothing here is a proof.
 */
#ifndef KEYS_SSHFP_H
#define KEYS_SSHFP_H

#include "base/err.h"
#include "base/span.h"

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

#endif
