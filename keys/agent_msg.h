/* SPDX-License-Identifier: ISC */
/*
 * keys/agent_msg.h - the messages of the agent protocol (RFC 9987), both ends.
 *
 * frame    uint32 length, and a message of that length: its type and body
 *
 * _put functions write a whole frame; _get functions take a body apart. Spans
 * that _get gives borrow from the body. There is no I/O here: sockets, asking
 * and waiting are the program's.
 */
#ifndef KEYS_AGENT_MSG_H
#define KEYS_AGENT_MSG_H

#include "base/err.h"
#include "base/reader.h"
#include "base/span.h"
#include "base/writer.h"
#include "keys/key.h"

enum agent_type {
	AGENT_FAILURE			= 5,
	AGENT_SUCCESS			= 6,
	AGENT_REQUEST_IDENTITIES	= 11,
	AGENT_IDENTITIES_ANSWER		= 12,
	AGENT_SIGN_REQUEST		= 13,
	AGENT_SIGN_RESPONSE		= 14,
	AGENT_ADD_IDENTITY		= 17,
	AGENT_REMOVE_IDENTITY		= 18,
	AGENT_REMOVE_ALL		= 19,
	AGENT_LOCK			= 22,
	AGENT_UNLOCK			= 23,
	AGENT_ADD_CONSTRAINED		= 25,
	AGENT_EXTENSION			= 27,
	AGENT_EXTENSION_FAILURE		= 28,
	AGENT_EXTENSION_RESPONSE	= 29,
};

/* A frame longer than this is refused. */
#define AGENT_MAX_FRAME		(256 * 1024)

/* An answer with more keys than this is refused. */
#define AGENT_MAX_KEYS		2048

struct agent_frame {
	uint8_t type;
	struct span body;
	size_t size;		/* of the whole frame, for the caller to consume */
};

/*
 * Finds the frame at the beginning of what has been received. ERR_AGAIN if
 * more bytes are needed, ERR_FORMAT for an empty one, ERR_LIMIT.
 */
enum err agent_frame_get(struct span received, struct agent_frame *out);

/* Writes a frame without a body: FAILURE, SUCCESS, REQUEST_IDENTITIES, REMOVE_ALL. */
void agent_put(struct writer *w, enum agent_type type);

/* --- which keys there are --- */

/* Starts an IDENTITIES_ANSWER of n keys; returns a mark for wr_close(). */
size_t agent_identities_put(struct writer *w, uint32_t n);

/* Writes one of its keys. */
void agent_identity_put(struct writer *w, struct span blob, struct span comment);

/* Reads an IDENTITIES_ANSWER, key by key. */
struct agent_identities {
	struct reader r;
	uint32_t left;
};

/* Starts. ERR_LIMIT for more than AGENT_MAX_KEYS. */
enum err agent_identities_get(struct span body, struct agent_identities *out);

/* The next key; false at the end or at an error. */
bool agent_identity_get(struct agent_identities *a, struct span *blob, struct span *comment);

/* After the last: whether all was well-formed. Keys before an error may be used. */
enum err agent_identities_end(const struct agent_identities *a);

/* --- signing --- */

struct agent_sign {
	struct span blob;
	struct span data;
	uint32_t flags;			/* see agent_sign_alg() */
};

/* Writes a SIGN_REQUEST for a signature by alg. */
void agent_sign_put(struct writer *w, struct span blob, struct span data, struct span alg);

/* Reads a SIGN_REQUEST. */
enum err agent_sign_get(struct span body, struct agent_sign *out);

/*
 * The algorithm that flags ask of a key of this type: rsa-sha2-256 or -512,
 * else ssh-rsa; others have one. NULL for an unknown type.
 */
const char *agent_sign_alg(struct span type, uint32_t flags);

/* Writes a SIGN_RESPONSE with a signature blob (RFC 4253 6.6). */
void agent_signature_put(struct writer *w, struct span sig);

/* Reads a SIGN_RESPONSE. */
enum err agent_signature_get(struct span body, struct span *sig);

/* --- adding and removing --- */

struct agent_add {
	struct span comment;
	struct span cert;		/* blob of a certificate that the key is added as; empty: plain */
	uint32_t lifetime;		/* seconds; 0: no limit */
	bool confirm;			/* ask the user at each use */
	struct span destinations;	/* where it may be used (keys/agent_destination.h); empty: anywhere */
	struct span provider;		/* of an sk key: who talks to the token; written, never read */
};

/*
 * Writes ADD_IDENTITY, or ADD_CONSTRAINED if there are constraints. Errors
 * stick in w: ERR_UNSUPPORTED if the key has no private half, or there are no
 * certificates of its type.
 */
void agent_add_put(struct writer *w, const struct key *k, const struct agent_add *add);

/*
 * Reads either; constrained says which. The key is the caller's; a certificate
 * is one of this key. A constraint that is not known is ERR_UNSUPPORTED: the
 * key must not be added without it. destinations have been checked.
 */
enum err agent_add_get(struct span body, bool constrained, struct key **k,
    struct agent_add *out);

/* Writes REMOVE_IDENTITY (a blob), LOCK or UNLOCK (a passphrase): one string. */
void agent_string_put(struct writer *w, enum agent_type type, struct span s);

/* Reads the same. */
enum err agent_string_get(struct span body, struct span *s);

/* --- extensions --- */

/* session-bind@openssh.com: this connection speaks for that session. */
struct agent_bind {
	struct span hostkey;
	struct span session_id;
	struct span sig;
	bool is_forwarding;
};

/* Writes the extension request. */
void agent_bind_put(struct writer *w, const struct agent_bind *bind);

/* Reads what follows the extension's name. */
enum err agent_bind_get(struct span contents, struct agent_bind *out);

/* The extensions that the agent here has, for agent_query_put(). */
#define AGENT_EXT_BIND	"session-bind@openssh.com"
#define AGENT_EXT_QUERY	"query"

/* Writes the request for the names of an agent's extensions. */
void agent_query_put(struct writer *w);

/* Writes its answer, a list with one name. */
void agent_query_answer_put(struct writer *w, const char *name);

/* Reads an answer: the names, each a string, for rd_bytes(). */
enum err agent_query_answer_get(struct span body, struct span *names);

/* Takes an EXTENSION request apart. */
enum err agent_extension_get(struct span body, struct span *name, struct span *contents);

#endif
