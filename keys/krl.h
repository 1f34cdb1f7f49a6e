/* SPDX-License-Identifier: ISC */
/*
 * keys/krl.h - revoked keys: OpenSSH's key revocation lists (KRL), and plain
 * text files with a public key on each line (RevokedKeys, RevokedHostKeys).
 *
 * A list is looked through where it stands; nothing is built or kept. Any
 * error means that the answer is not known: callers must take the key for
 * revoked then, as sshd_config(5) promises of a list that cannot be read.
 */
#ifndef KEYS_KRL_H
#define KEYS_KRL_H

#include "base/err.h"
#include "base/span.h"
#include "keys/cert.h"

/* Whether file is a KRL; else it is a text. */
bool krl_is(struct span file);

/* What the header of a KRL says. */
struct krl_info {
	uint64_t version;		/* of the list, as its maker counts */
	uint64_t generated;		/* unix time */
	struct span comment;
};

/* Reads the header and checks the form of all that follows. ERR_FORMAT, ERR_UNSUPPORTED ... */
enum err krl_info(struct span file, struct krl_info *out);

/*
 * Whether file (either form) revokes a plain key. ERR_FORMAT and the like for
 * a damaged list, ERR_UNSUPPORTED for one with a critical part that is not
 * known; *revoked is true on error.
 */
enum err revoked_key(struct span file, struct span blob, bool *revoked);

/*
 * Whether file revokes a certificate: by its subject, its CA, its serial
 * number (0 is none) or its key id. As revoked_key() otherwise.
 */
enum err revoked_cert(struct span file, const struct cert *c, bool *revoked);

#endif
