/* SPDX-License-Identifier: ISC */
/*
 * kex/event.h - what a connection tells its program: one struct, one list.
 *
 * The three layers (kex, auth, channels) fill in at most one event a message;
 * conn_next() hands it out. Events named NEED_* ask something: the program
 * answers with the conn_answer_*() of the same name when it has the answer,
 * at once or much later. Spans and pointers in an event are valid until the
 * next call of conn_next(), conn_room(), conn_received() or conn_free().
 */
#ifndef KEX_EVENT_H
#define KEX_EVENT_H

#include "base/clock.h"
#include "base/err.h"
#include "base/side.h"
#include "base/span.h"

#define EVENT_LIST(X)							\
	X(NONE)								\
	/* transport */							\
	X(IDENT)		/* ident: peer's identification string */ \
	X(NEED_HOST_SIGNATURE)	/* server: sign; see .sign */		\
	X(NEED_GROUP)		/* server: a group of such a size; see .group */ \
	X(NEED_HOSTKEY_CHECK)	/* client: trust this key? see .hostkey */ \
	X(KEX_BEGUN)		/* both KEXINITs are there; see .kex, but no id yet */ \
	X(KEX_DONE)		/* keys in use; see .kex */		\
	X(EXT_INFO)		/* one extension of the peer: .ext */	\
	X(PONG)			/* .data */				\
	X(DEBUG)		/* SSH_MSG_DEBUG: .text */		\
	X(UNIMPLEMENTED)	/* peer did not know a message of ours */ \
	X(DISCONNECTED)		/* by the peer: .reason, .text */	\
	X(FAILED)		/* by us: .err, .reason, .text; flush output, close */ \
	/* authentication, server */					\
	X(NEED_AUTH)		/* decide: .auth */			\
	X(NEED_AUTH_ANSWERS)	/* INFO_RESPONSE came: .answers */	\
	/* authentication, client */					\
	X(AUTH_READY)		/* service accepted: send requests */	\
	X(AUTH_BANNER)		/* .text */				\
	X(AUTH_FAILURE)		/* .methods, .partial */		\
	X(AUTH_PK_OK)		/* key acceptable: .auth.alg, .auth.blob */ \
	X(AUTH_PROMPTS)		/* INFO_REQUEST: .prompts */		\
	X(AUTH_PASSWD_CHANGE)	/* PASSWD_CHANGEREQ: .text */		\
	X(AUTH_SUCCESS)		/* both sides: connection layer is open */ \
	/* connection */						\
	X(NEED_CHANNEL)		/* peer opens: .open; answer by .channel */ \
	X(CHANNEL_OPENED)	/* ours was confirmed: .channel, .body */ \
	X(CHANNEL_REFUSED)	/* ours was refused: .channel, .reason, .text; gone */ \
	X(CHANNEL_DATA)		/* .channel, .stream, .data */		\
	X(CHANNEL_WINDOW)	/* .channel may send again */		\
	X(CHANNEL_EOF)		/* peer will send no more on .channel */ \
	X(CHANNEL_REQUEST)	/* .channel, .request, .want_reply, .body */ \
	X(CHANNEL_REPLY)	/* to our oldest request: .channel, .ok */ \
	X(CHANNEL_CLOSED)	/* both sides closed: .channel is gone */ \
	X(GLOBAL_REQUEST)	/* .request, .want_reply, .id, .body */	\
	X(GLOBAL_REPLY)		/* to our oldest request: .ok, .body */

enum event_type {
#define X(name) EV_##name,
	EVENT_LIST(X)
#undef X
	EV_COUNT
};

/* A channel by our own number. The peer's number never leaves channels/. */
struct channel_id {
	uint32_t n;
};

enum stream { STREAM_DATA = 0, STREAM_STDERR = 1 };

/* Names of what was negotiated (static strings). */
struct kex_names {
	const char *kex;
	const char *hostkey;		/* signature algorithm */
	const char *cipher[2];		/* by direction */
	const char *mac[2];		/* "<implicit>" with an AEAD cipher */
	const char *compression[2];
};

/* What has gone in one direction of a connection so far. */
struct traffic {
	uint64_t packets;
	uint64_t bytes;			/* as they were on the wire */
	bool is_compressed;
	uint64_t plain;			/* payload bytes under the keys in use, if compressed: */
	uint64_t packed;		/* before, and after */
};

#define KBDINT_MAX_PROMPTS	16

struct kbdint_prompt {
	struct span text;
	bool echo;
};

struct event {
	enum event_type type;
	uint32_t id;			/* for the answer, where one is asked */
	struct channel_id channel;
	void *tag;			/* of the channel, also if it is gone now */
	enum stream stream;
	enum err err;
	uint32_t reason;		/* RFC 4253 11.1 or RFC 4254 5.1 code */
	struct span text;		/* from the peer: make visible before printing */
	struct span data;
	struct span body;		/* type-specific rest of a request or open */
	struct span request;		/* request name */
	bool want_reply;
	bool ok;
	union {
		struct span ident;

		/*
		 * The exchange hash is HASH(transcript); a signer that trusts
		 * nobody hashes it itself. transcript is V_C, V_S, I_C, I_S,
		 * K_S as strings and then the method's own fields up to K.
		 */
		struct {
			unsigned hostkey;	/* index into conn_config.hostkeys */
			const char *alg;	/* signature algorithm name */
			const char *hash;	/* "sha256", "sha384", "sha512" */
			struct span transcript;
			struct span exchange_hash;
		} sign;

		/* Bits of the group that the client wants (RFC 4419). */
		struct {
			uint32_t min, n, max;
		} group;

		/*
		 * The signature over the exchange hash has been verified already
		 * (with the subject's key if blob is a certificate, as alg says;
		 * nothing else of that has been checked).
		 */
		struct {
			struct span blob;
			const char *alg;
		} hostkey;

		struct {
			bool first;
			struct kex_names names;
			struct span session_id;
		} kex;

		struct {
			struct span name;
			struct span value;
		} ext;

		/* USERAUTH_REQUEST, and PK_OK on the client. */
		struct {
			struct span user;
			struct span service;
			struct span method;
			bool has_sig;		/* publickey, hostbased */
			struct span alg;
			struct span blob;
			struct span sig;
			struct span hostkey;	/* publickey-hostbound-v00 */
			struct span password;
			bool is_change;
			struct span new_password;
			struct span submethods;	/* keyboard-interactive */
			struct span host;	/* hostbased */
			struct span local_user;
		} auth;

		struct {
			unsigned n;
			struct span text[KBDINT_MAX_PROMPTS];
		} answers;

		struct {
			struct span methods;
			bool partial;
		} failure;

		struct {
			struct span name;
			struct span instruction;
			unsigned n;
			struct kbdint_prompt prompt[KBDINT_MAX_PROMPTS];
		} prompts;

		struct {
			struct span type;	/* "session", "direct-tcpip" ... */
			struct span body;	/* what follows the common fields */
		} open;
	};
};

/* Returns the event's name ("CHANNEL_DATA"); static. */
const char *event_name(enum event_type type);

#endif
