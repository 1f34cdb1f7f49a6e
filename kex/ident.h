/* SPDX-License-Identifier: ISC */
/*
 * kex/ident.h - the identification string (RFC 4253 4.2).
 *
 *	SSH-protoversion-softwareversion SP comments CR LF
 *
 * Both sides send one, first thing. A server may send other lines before it,
 * which a client skips; a client may not.
 */
#ifndef KEX_IDENT_H
#define KEX_IDENT_H

#include "base/err.h"
#include "base/side.h"
#include "base/span.h"

/* How far the search for the peer's string is. Starts zeroed. */
struct ident {
	unsigned lines;		/* skipped so far */
	size_t scanned;		/* bytes of the current line known to hold no LF */
};

/*
 * Looks for the peer's string at the beginning of in. our_side: whose peer.
 * *used is how many bytes of in are done with, and *line is the string without
 * CR LF if it was there (borrowed from in), else empty: more bytes are needed.
 * ERR_IDENT if what comes is no SSH peer, or speaks another version;
 * ERR_LIMIT if it takes too long about it.
 */
enum err ident_find(struct ident *id, enum side our_side, struct span in, size_t *used,
    struct span *line);

/* Whether ident may be sent: "SSH-2.0-", printable US-ASCII, at most 253 bytes. */
bool ident_is_valid(struct span ident);

#endif
