/* SPDX-License-Identifier: ISC */
/*
 * kex/transport_i.h - inside the transport layer: its state, and what its
 * files ask of each other.
 */
#ifndef KEX_TRANSPORT_I_H
#define KEX_TRANSPORT_I_H

#include "base/limits.h"
#include "crypto/hash.h"
#include "crypto/protect.h"
#include "crypto/random.h"
#include "kex/compress.h"
#include "kex/exchange.h"
#include "kex/ident.h"
#include "kex/input.h"
#include "kex/msg.h"
#include "kex/output.h"
#include "kex/transport.h"
#include "kex/transport_conn.h"

/* A question to the program that is open. */
enum asking { ASKING_NOTHING, ASKING_SIGNATURE, ASKING_HOSTKEY, ASKING_GROUP };

/* One direction of the connection, as the keys in use make it. */
struct flow {
	struct protect *protect;
	struct protect_alg alg;
	uint32_t seq;			/* of the next packet */
	uint64_t bytes;			/* under these keys */
	uint64_t packets;
	uint64_t total_bytes;		/* of the whole connection */
	uint64_t total_packets;
	struct compress *compress;	/* NULL: none, or not yet */
	const char *compression;	/* as agreed; static */
	bool may_compress;		/* authentication has come that far */
};

struct transport {
	struct transport_config config;
	enum phase phase;
	enum asking asking;
	uint32_t ask_id;
	msec now;

	struct input in;
	struct output out;
	struct flow flow[2];		/* by direction */
	uint32_t packet_length;		/* of the packet at in's front; 0: not known */
	size_t discard;			/* bytes to be dropped before a bad packet ends us */
	struct random_stream padding;

	struct ident ident;
	struct writer peer_ident;

	bool is_strict;
	bool peer_wants_ext_info;
	bool is_authenticated;
	struct exchange *exchange;	/* NULL: none is running */
	unsigned n_exchanges;		/* begun so far */
	msec exchange_began;		/* MSEC_NEVER: since the time was last told */
	msec exchange_ended;
	uint8_t session_id[HASH_MAX_LEN];
	size_t session_id_len;
	struct writer hostkey;		/* K_S of the first exchange */
	struct writer hostkey_sig;	/* client: its signature over the session identifier */

	bool is_writing;		/* between transport_begin() and _end() */
	struct writer msg;
	struct writer held;		/* strings: messages that wait for NEWKEYS */
	size_t held_answers;		/* bytes of it that answer what the peer asked for */
	uint8_t *lent;			/* packet that is lent, or NULL */
	size_t lent_head;
	size_t lent_len;

	struct writer ext;		/* the peer's extensions: pairs of strings */
	size_t ext_told;		/* bytes of it that events have told of */
	size_t n_ext;

	enum err fault;			/* the first one */
	const char *fault_text;
	struct writer fault_detail;	/* instead of fault_text, if not empty */
	bool fault_is_told;
};

/* --- kex/packet.c --- */

/* The longest payload: with length byte and any padding it fits LIMIT_PACKET. */
#define PACKET_PAYLOAD_MAX	(LIMIT_PACKET - 1 - 255)

/* Seals payload into the output. A failure is recorded. */
void packet_send(struct transport *t, struct span payload);

/* Seals the payload of len bytes that stands at p + 5 in the output's reserve. */
void packet_seal(struct transport *t, uint8_t *p, size_t len);

/* Bytes of output a payload of len bytes may take, at most. */
size_t packet_room(const struct transport *t, size_t len);

/* --- kex/send.c --- */

/* Whether messages of the upper layers go out now: no key exchange of ours is running. */
bool transport_tx_is_open(const struct transport *t);

/*
 * Whether the peer has asked for so much, instead of answering our KEXINIT,
 * that nothing more is taken from it: none of it can be answered before its
 * own KEXINIT has come. The time that a rekey has ends this.
 */
bool transport_is_choked(const struct transport *t);

/* Sends what was kept back during the key exchange. */
void transport_release(struct transport *t);

/* Starts the compression that was agreed on for a direction, if any, and only once. */
void transport_compress(struct transport *t, enum direction d);

/* --- kex/transport.c --- */

/* Whether the connection is over. */
static inline bool
transport_is_over(const struct transport *t)
{
	return t->phase == PHASE_ENDED || t->fault != ERR_OK;
}

/* --- kex/rekey.c --- */

/* Starts a key exchange if the keys in use have done enough. */
void rekey_check(struct transport *t);

/* Records a fault if a key exchange takes too long; starts one if it is time. */
void rekey_time(struct transport *t);

/* When rekey_time() has something to do. */
msec rekey_deadline(const struct transport *t);

/* --- kex/ext_info.c --- */

/* Sends ours (RFC 8308 2.4: first thing after the first NEWKEYS). */
void ext_info_send(struct transport *t);

#endif
