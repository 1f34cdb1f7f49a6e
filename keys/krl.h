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
#include "base/reader.h"
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

/* --- what a KRL says, item by item --- */

enum krl_kind {
	KRL_SERIALS,		/* data: 8 bytes for each */
	KRL_RANGE,		/* first to last */
	KRL_BITMAP,		/* data: a number, its bit n is for serial first + n */
	KRL_KEY_ID,
	KRL_KEY,		/* data: a blob */
	KRL_SHA1,		/* of a blob */
	KRL_SHA256,
};

/* One thing that is revoked, or several serial numbers. Spans borrow from the file. */
struct krl_item {
	enum krl_kind kind;
	struct span ca;			/* of serials and key ids; empty: of all CAs */
	uint64_t first;
	uint64_t last;
	struct span data;
};

/* Where in a KRL one is; private. */
struct krl_walk {
	struct reader file;		/* its error is that of all */
	struct reader section;
	uint8_t section_type;
	struct span ca;
	struct reader key_ids;
};

/* Reads the header. ERR_FORMAT, ERR_SHORT, ERR_UNSUPPORTED. */
enum err krl_walk_start(struct span file, struct krl_walk *w, struct krl_info *out);

/* The next item; false at the end or at an error. */
bool krl_walk_next(struct krl_walk *w, struct krl_item *item);

/* After the last: whether all was well-formed, and all that is critical known. */
enum err krl_walk_end(const struct krl_walk *w);

#endif
