/* SPDX-License-Identifier: ISC */
/*
 * kex/transport_conn.h - the half of the transport layer that conn/ drives:
 * bytes in and out, packets, and one handler a message.
 *
 * phase    what the peer's packets may be now, as far as this layer knows
 * asking   a question to the program is open: nothing is parsed meanwhile
 *
 * conn/ pulls one packet at a time by transport_packet(), asks the legality
 * table, and calls the handler of the layer the message belongs to. All
 * faults are recorded in the transport; transport_failed() tells of them once.
 */
#ifndef KEX_TRANSPORT_CONN_H
#define KEX_TRANSPORT_CONN_H

#include "base/clock.h"
#include "base/rng.h"
#include "kex/transport.h"

struct transport_hostkey {
	struct span blob;
	const char *algs;
};

/* See struct conn_config; all is borrowed for the transport's life. */
struct transport_config {
	enum side side;
	const char *ident;
	const char *kex_algs;
	const char *hostkey_algs;
	const char *ciphers;
	const char *macs;
	const char *compression;
	const char *server_sig_algs;
	const struct transport_hostkey *hostkeys;	/* copied */
	size_t n_hostkeys;
	uint64_t rekey_bytes;
	msec rekey_after;
	unsigned required_rsa_bits;
	bool asks_group;
	struct rng rng;
	bool is_clear;		/* fuzzing builds only: no encryption, no proofs */
	bool is_bare;		/* see struct conn_config */
};

enum phase {
	PHASE_IDENT,		/* the identification string */
	PHASE_KEXINIT,		/* the first KEXINIT */
	PHASE_KEX,		/* the messages of the first exchange */
	PHASE_NEWKEYS,		/* its NEWKEYS */
	PHASE_RUNNING,
	PHASE_REKEX,		/* the peer's KEXINIT has come: as KEX, later */
	PHASE_RENEWKEYS,
	PHASE_ENDED,
};

/*
 * Makes a transport; the identification string is in its output at once, a
 * client's KEXINIT too. ERR_NOMEM; ERR_NEGOTIATE if a list of the config
 * names nothing that there is; ERR_RANGE if ident is no identification string.
 */
enum err transport_new(struct transport **out, const struct transport_config *config,
    msec now);

/* Wipes and frees. NULL is fine. */
void transport_free(struct transport *t);

/* --- bytes: as the conn_*() of the same meaning --- */

/* Bytes ready to send; valid until the next call. */
struct span transport_output(const struct transport *t);

/* Says that n bytes of transport_output() have been sent. */
void transport_sent(struct transport *t, size_t n);

/* Where to read into; empty: not now. */
struct room transport_room(struct transport *t);

/* Says that n bytes were read into transport_room(), and the time. */
void transport_received(struct transport *t, size_t n, msec now);

/* When the transport wants to be told the time if nothing comes. */
msec transport_deadline(const struct transport *t);

/* The time that it was told last. */
msec transport_now(const struct transport *t);

/* --- packets --- */

/* What the peer may send now. */
enum phase transport_phase(const struct transport *t);

/* Whether both sides announced strict key exchange in their first KEXINIT. */
bool transport_is_strict(const struct transport *t);

/* Whether a question of the transport is open: parse nothing. */
bool transport_is_asking(const struct transport *t);

/*
 * In PHASE_IDENT: looks for the peer's identification string; true with
 * EV_IDENT when it is complete.
 */
bool transport_ident(struct transport *t, struct event *ev);

/*
 * Takes the next packet: true with its payload (never empty), false if it is
 * not complete or the connection has ended. The payload is valid until the
 * next transport_packet(), transport_room() or transport_received().
 */
bool transport_packet(struct transport *t, struct span *payload);

/* Answers the packet just taken with UNIMPLEMENTED (RFC 4253 11.4). */
void transport_unimplemented(struct transport *t);

/* As transport_fault(), with more for our own log than the peer is told. */
enum err transport_fault_detail(struct transport *t, enum err e, const char *text,
    struct writer *detail);

/* Gives EV_FAILED, once, if a fault has been recorded. */
bool transport_failed(struct transport *t, struct event *ev);

/* Gives EV_EXT_INFO for extensions not told of yet; false if none are left. */
bool transport_next_ext(struct transport *t, struct event *ev);

/*
 * Server, before authentication has ended: announces these signature algorithms
 * (names, commas) in a second EXT_INFO, if the client has said that it takes one.
 */
void transport_tell_sig_algs(struct transport *t, struct span list);

/* --- handlers, one a message; payload is whole, with its number --- */

/* 1: EV_DISCONNECTED; the connection has ended. */
enum err transport_on_disconnect(struct transport *t, struct span payload, struct event *ev);

/* 2: nothing. */
enum err transport_on_ignore(struct transport *t, struct span payload, struct event *ev);

/* 3: EV_UNIMPLEMENTED, id: the number of our packet. */
enum err transport_on_unimplemented(struct transport *t, struct span payload, struct event *ev);

/* 4: EV_DEBUG. */
enum err transport_on_debug(struct transport *t, struct span payload, struct event *ev);

/* 7: keeps the extensions; transport_next_ext() tells of them. */
enum err transport_on_ext_info(struct transport *t, struct span payload, struct event *ev);

/* 20: negotiates: EV_KEX_BEGUN. */
enum err transport_on_kexinit(struct transport *t, struct span payload, struct event *ev);

/* 21: takes the peer's new keys into use: EV_KEX_DONE. */
enum err transport_on_newkeys(struct transport *t, struct span payload, struct event *ev);

/* 30 to 34: what they are depends on the method. EV_NEED_HOST_SIGNATURE, EV_NEED_HOSTKEY_CHECK. */
enum err transport_on_kex(struct transport *t, struct span payload, struct event *ev);

/* 192: answers with PONG. */
enum err transport_on_ping(struct transport *t, struct span payload, struct event *ev);

/* 193: EV_PONG. */
enum err transport_on_pong(struct transport *t, struct span payload, struct event *ev);

/* --- the program's side: as the conn_*() of the same meaning --- */

/* Answers EV_NEED_HOST_SIGNATURE. */
void transport_answer_signature(struct transport *t, uint32_t id, struct span sig);

/* Answers EV_NEED_GROUP. */
void transport_answer_group(struct transport *t, uint32_t id, struct span prime,
    struct span generator);

/* Answers EV_NEED_HOSTKEY_CHECK. */
void transport_answer_hostkey(struct transport *t, uint32_t id, bool trusted);

/* From now on a key exchange comes after so many bytes or so much time; 0: as the cipher needs it. */
void transport_rekey_limit(struct transport *t, uint64_t bytes, msec after);

/* Starts a key exchange unless one is running. */
void transport_rekey(struct transport *t);

/* Sends DISCONNECT and ends the connection; no event follows. */
void transport_disconnect(struct transport *t, uint32_t reason, struct span text);

/* Whether the peer announced an extension; *value (may be NULL) borrows. */
bool transport_peer_extension(const struct transport *t, struct span ext, struct span *value);

/* Sends PING; false if the peer does not know it or a key exchange is running. */
bool transport_ping(struct transport *t, struct span data);

/* The host key (K_S) of the first key exchange; empty before. */
struct span transport_hostkey(const struct transport *t);

/* Client: its signature over the first exchange hash, verified; empty before. */
struct span transport_hostkey_sig(const struct transport *t);

/* What a direction has carried. */
struct traffic transport_traffic(const struct transport *t, enum direction d);

/* The peer's identification string; empty before it has come. */
struct span transport_peer_ident(const struct transport *t);

#endif
