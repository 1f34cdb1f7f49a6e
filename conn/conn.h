/* SPDX-License-Identifier: ISC */
/*
 * conn/conn.h - one SSH connection: three layers behind six calls.
 *
 * A conn does no I/O, reads no clock, and calls nothing back. The program
 * moves bytes between it and a socket, tells it the time, and pulls events:
 *
 *	for (;;) {
 *		wait for the socket or for conn_deadline()
 *		room = conn_room(c);   n = read(fd, room.p, room.len);
 *		conn_received(c, n, now);
 *		while (conn_next(c, &ev))
 *			handle(&ev);
 *		out = conn_output(c);  n = write(fd, out.p, out.len);
 *		conn_sent(c, n);
 *	}
 *
 * Received channel data is handed out as a span of the input ring; data to
 * send is read into room that the output ring lends. Both are used in place.
 *
 * The conn owns all its memory. Every pointer in conn_config is borrowed for
 * the conn's life. The program owns descriptors, keys and decisions.
 */
#ifndef CONN_CONN_H
#define CONN_CONN_H

#include "auth/result.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/rng.h"
#include "base/side.h"
#include "base/span.h"
#include "base/writer.h"
#include "kex/event.h"

struct conn;

/* A host key that the server may offer; the private half is elsewhere. */
struct conn_hostkey {
	struct span blob;		/* public key blob (K_S) */
	const char *algs;		/* comma list of signature algorithms */
};

struct conn_config {
	enum side side;
	const char *ident;		/* "SSH-2.0-Dayfly_0.1", no CR LF */

	/* Comma lists in order of preference; exact names, no "+-^". */
	const char *kex_algs;
	const char *hostkey_algs;
	const char *ciphers;
	const char *macs;
	const char *compression;	/* "none" or "none,zlib@openssh.com" ... */
	const char *server_sig_algs;	/* server: what EXT_INFO announces */

	const struct conn_hostkey *hostkeys;	/* server */
	size_t n_hostkeys;

	uint64_t rekey_bytes;		/* 0: what the cipher allows */
	msec rekey_after;		/* 0: never by time */
	uint64_t window_budget;		/* bytes all receive windows may reach; 0: default */
	unsigned required_rsa_bits;	/* 0: 1024 */
	bool asks_group;		/* server: NEED_GROUP comes; else groups are our own */

	struct rng rng;

	/*
	 * Between two processes of one user that share a connection: nobody
	 * proves anything and nothing is encrypted. It begins behind the login,
	 * packets have no padding; of the members above only side, window_budget
	 * and rng count, and of the messages those of the connection layer.
	 */
	bool is_bare;
#ifdef FUZZING
	bool is_clear;			/* no encryption, no proofs: inputs get through */
#endif
};

/*
 * Makes a connection; the identification string is in its output at once.
 * ERR_NOMEM; ERR_NEGOTIATE if a list names nothing that this build has.
 */
enum err conn_new(struct conn **out, const struct conn_config *config, msec now);

/* Wipes and frees everything. NULL is fine. */
void conn_free(struct conn *c);

/* --- the six calls --- */

/* Bytes ready to send; valid until the next call on c. */
struct span conn_output(struct conn *c);

/* Says that the first n bytes of conn_output() have been sent. */
void conn_sent(struct conn *c, size_t n);

/*
 * How many bytes wait to be sent. conn_output() may give them in two pieces,
 * the second one when the first has been sent.
 */
size_t conn_queued(const struct conn *c);

/*
 * Where to read(2) into. Empty: do not read now (too much output waits for
 * the peer or for its KEXINIT, or events wait for the program): back-pressure,
 * not an error.
 */
struct room conn_room(struct conn *c);

/*
 * Says that n bytes were read into conn_room(), and what time it is. n may be
 * 0 to tell the time only (when conn_deadline() has come). Errors that the
 * bytes cause come as EV_FAILED; this returns ERR_CLOSED after such an end.
 */
enum err conn_received(struct conn *c, size_t n, msec now);

/*
 * Gives the next event; false if there is none until more bytes, an answer or
 * the deadline come. Only EV_DISCONNECTED and EV_FAILED end a connection;
 * after either, nothing follows.
 */
bool conn_next(struct conn *c, struct event *ev);

/*
 * When to call conn_received(c, 0, now), and conn_next(), if no input comes;
 * MSEC_NEVER: not; long ago: at once.
 */
msec conn_deadline(const struct conn *c);

/* --- transport --- */

/*
 * Answers NEED_HOST_SIGNATURE with a signature blob (RFC 4253 6.6: string
 * algorithm, string signature); empty: cannot sign, the connection ends.
 */
void conn_answer_host_signature(struct conn *c, uint32_t id, struct span sig);

/*
 * Answers NEED_GROUP with prime and generator (magnitudes). An empty prime, or
 * one of another size than was asked for: one of our own groups is taken.
 */
void conn_answer_group(struct conn *c, uint32_t id, struct span prime, struct span generator);

/* Answers NEED_HOSTKEY_CHECK; false ends the connection (ERR_HOSTKEY). */
void conn_answer_hostkey_check(struct conn *c, uint32_t id, bool trusted);

/*
 * Server, before the first answer to NEED_AUTH: the signature algorithms (names,
 * commas) that this user may use, in an EXT_INFO of their own if the client takes
 * one (ext-info-in-auth@openssh.com).
 */
void conn_tell_sig_algs(struct conn *c, struct span list);

/*
 * Replaces rekey_bytes and rekey_after of the config, when it is known who has
 * logged in. Both count from the last key exchange on.
 */
void conn_rekey_limit(struct conn *c, uint64_t bytes, msec after);

/* Starts a key exchange now; nothing happens if one is running. */
void conn_rekey(struct conn *c);

/* The session identifier; empty before the first key exchange has ended. */
struct span conn_session_id(const struct conn *c);

/* The host key blob of the first key exchange, on either side; empty before. */
struct span conn_hostkey(const struct conn *c);

/*
 * Client: the signature blob by which conn_hostkey() (or the key inside, if it
 * is a certificate) has signed conn_session_id(), as it came and was verified:
 * what an agent is shown for session-bind@openssh.com. Empty before the first
 * EV_NEED_HOSTKEY_CHECK, and always on a server or a bare connection.
 */
struct span conn_hostkey_sig(const struct conn *c);

/* Sends SSH_MSG_DISCONNECT and accepts nothing further; flush the output. */
void conn_disconnect(struct conn *c, uint32_t reason, const char *text);

/* Whether the peer's EXT_INFO named ext; *value (may be NULL) is its value. */
bool conn_peer_extension(const struct conn *c, const char *ext, struct span *value);

/* Sends PING (192); false if the peer has not announced ping@openssh.com. */
bool conn_ping(struct conn *c, struct span data);

/* --- authentication, server --- */

/* Answers NEED_AUTH or NEED_AUTH_ANSWERS; methods: what can continue. */
void conn_answer_auth(struct conn *c, uint32_t id, enum auth_result result,
    struct span methods);

/* Answers NEED_AUTH for keyboard-interactive with questions (RFC 4256 3.2). */
void conn_answer_auth_prompts(struct conn *c, uint32_t id, struct span name,
    struct span instruction, const struct kbdint_prompt *prompts, unsigned n);

/* Answers a "password" request: a new password is needed (RFC 4252 8). */
void conn_answer_auth_change(struct conn *c, uint32_t id, struct span prompt);

/* Sends USERAUTH_BANNER; only before success. */
void conn_auth_banner(struct conn *c, struct span text);

/* --- authentication, client; each needs EV_AUTH_READY first --- */

/* Sends a "none" request. */
void conn_auth_none(struct conn *c, const char *user);

/* Sends a password. */
void conn_auth_password(struct conn *c, const char *user, struct span password);

/* Answers PASSWD_CHANGEREQ. */
void conn_auth_new_password(struct conn *c, const char *user,
    struct span old_password, struct span new_password);

/* Asks whether a key would do: AUTH_PK_OK or AUTH_FAILURE follows. */
void conn_auth_query_key(struct conn *c, const char *user, const char *alg,
    struct span blob);

/*
 * Writes what must be signed to use the key (RFC 4252 7; the hostbound form
 * when the server has announced it).
 */
void conn_auth_key_data(struct conn *c, const char *user, const char *alg,
    struct span blob, struct writer *data);

/* Sends the publickey request with its signature over conn_auth_key_data(). */
void conn_auth_key(struct conn *c, const char *user, const char *alg,
    struct span blob, struct span sig);

/* Writes what a key of the client's machine must sign for hostbased (RFC 4252 9). */
void conn_auth_hostbased_data(struct conn *c, const char *user, const char *alg,
    struct span blob, struct span host, struct span local_user, struct writer *data);

/* Sends the hostbased request with its signature over conn_auth_hostbased_data(). */
void conn_auth_hostbased(struct conn *c, const char *user, const char *alg,
    struct span blob, struct span host, struct span local_user, struct span sig);

/* Starts keyboard-interactive: AUTH_PROMPTS, FAILURE or SUCCESS follows. */
void conn_auth_kbdint(struct conn *c, const char *user, const char *devices);

/* Answers AUTH_PROMPTS. */
void conn_auth_answers(struct conn *c, const struct span *answers, unsigned n);

/* --- connection, both sides; after EV_AUTH_SUCCESS --- */

/*
 * Opens a channel; body: what follows the common fields (RFC 4254 5.1).
 * CHANNEL_OPENED or CHANNEL_REFUSED follows. ERR_LIMIT when all are in use.
 */
enum err conn_channel_open(struct conn *c, const char *type, struct span body,
    struct channel_id *id);

/* Answers NEED_CHANNEL: accepts. body as in RFC 4254 5.1, usually empty. */
void conn_answer_channel(struct conn *c, struct channel_id id, struct span body);

/* Answers NEED_CHANNEL: refuses with a code of RFC 4254 5.1; the id is gone. */
void conn_refuse_channel(struct conn *c, struct channel_id id, uint32_t code,
    const char *text);

/*
 * Lends room for data to send on a channel: up to the window, the peer's
 * packet size and the output ring. Empty: not now; EV_CHANNEL_WINDOW or
 * flushed output says when to try again. Valid until the next call on c.
 */
struct room conn_channel_room(struct conn *c, struct channel_id id,
    enum stream stream);

/* Sends the n bytes that were put into conn_channel_room(). */
void conn_channel_send(struct conn *c, struct channel_id id,
    enum stream stream, size_t n);

/* Says that n bytes of CHANNEL_DATA were disposed of: the window may grow back. */
void conn_channel_consumed(struct conn *c, struct channel_id id, size_t n);

/*
 * Says that no more data of the peer is wanted on this channel: what still
 * comes is dropped, and peers that know eow@openssh.com are told.
 */
void conn_channel_stop(struct conn *c, struct channel_id id);

/* Sends EOF; no data may follow. Nothing happens the second time. */
void conn_channel_eof(struct conn *c, struct channel_id id);

/* Sends CLOSE (after EOF if that is due). CHANNEL_CLOSED follows the peer's. */
void conn_channel_close(struct conn *c, struct channel_id id);

/* Sends a channel request; CHANNEL_REPLY follows if want_reply. */
void conn_channel_request(struct conn *c, struct channel_id id,
    const char *request, bool want_reply, struct span body);

/*
 * Answers the CHANNEL_REQUEST that came with this event id (want_reply ones
 * only). Answers may come in any order; the peer gets them in its order.
 */
void conn_answer_channel_request(struct conn *c, struct channel_id id,
    uint32_t request_id, bool ok);

/* Sends a global request; GLOBAL_REPLY follows if want_reply. */
void conn_global_request(struct conn *c, const char *request, bool want_reply,
    struct span body);

/* Answers the GLOBAL_REQUEST with this event id; body only with ok. */
void conn_answer_global_request(struct conn *c, uint32_t request_id, bool ok,
    struct span body);

/* What the program keeps with a channel (NULL at first); not looked at. */
void conn_channel_set_tag(struct conn *c, struct channel_id id, void *tag);

/* Returns the tag; NULL for a channel that does not exist. */
void *conn_channel_tag(const struct conn *c, struct channel_id id);

/* What has gone each way so far, keys and headers included. */
struct traffic conn_traffic(const struct conn *c, enum direction d);

/* How many channels exist, in any state. */
size_t conn_channel_count(const struct conn *c);

#endif
