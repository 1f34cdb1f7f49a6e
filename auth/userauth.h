/* SPDX-License-Identifier: ISC */
/*
 * auth/userauth.h - the authentication layer (RFC 4252, 4256) of one
 * connection, both sides.
 *
 * request     a USERAUTH_REQUEST; at most one is outstanding at a time
 * challenge   an INFO_REQUEST that the client has not answered yet
 * hostbound   publickey-hostbound-v00@openssh.com: publickey whose signed
 *             data names the server's host key as well
 *
 * The layer keeps the order of messages, decodes them into events and encodes
 * the answers; it decides nothing. On the server every request becomes one
 * EV_NEED_AUTH, every answered challenge one EV_NEED_AUTH_ANSWERS; a client
 * that abandons a challenge by a new request gets no FAILURE for the old one
 * (RFC 4256 3.1), but the program, which sees NEED_AUTH where it expected
 * answers, counts it as a try. On the client an answer that was not asked for
 * ends the connection.
 *
 * Fields that are longer than any that could be right (LIMIT_USER,
 * LIMIT_PASSWORD ...) are cut to one byte more than the limit, so that they
 * cannot match and cannot cost anything; whoever decides refuses them.
 *
 * payload in the handlers is the whole message with its number. The spans
 * that they put into the event borrow from it. A handler that returns an
 * error has recorded it by transport_fault().
 */
#ifndef AUTH_USERAUTH_H
#define AUTH_USERAUTH_H

#include "auth/result.h"
#include "base/side.h"
#include "base/writer.h"
#include "kex/event.h"
#include "kex/transport.h"

struct auth;

/* Makes the layer of one connection; t is borrowed for its life. ERR_NOMEM. */
enum err auth_new(struct auth **out, enum side side, struct transport *t);

/* Wipes and frees. NULL is fine. */
void auth_free(struct auth *a);

/* Whether authentication has succeeded: the connection layer is open. */
bool auth_is_open(const struct auth *a);

/*
 * Gives an event that no message brings about: the server's EV_AUTH_SUCCESS,
 * once, after it has answered so. False if there is none.
 */
bool auth_next(struct auth *a, struct event *ev);

/* --- handlers: server --- */

/* SERVICE_REQUEST (5). Some clients repeat it before each request: accepted. */
enum err auth_on_service_request(struct auth *a, struct span payload, struct event *ev);

/*
 * USERAUTH_REQUEST (50): EV_NEED_AUTH. A change of user or service after the
 * first request, or one beyond LIMIT_AUTH_REQUESTS, ends the connection.
 */
enum err auth_on_request(struct auth *a, struct span payload, struct event *ev);

/*
 * USERAUTH_INFO_RESPONSE (61): EV_NEED_AUTH_ANSWERS. If the number of answers
 * is not that of the prompts, .ok is false, .answers.n is 0, and FAILURE is
 * what will be sent whatever the program says (RFC 4256 3.4).
 */
enum err auth_on_info_response(struct auth *a, struct span payload, struct event *ev);

/* --- handlers: client --- */

/* SERVICE_ACCEPT (6): EV_AUTH_READY. */
enum err auth_on_service_accept(struct auth *a, struct span payload, struct event *ev);

/* USERAUTH_FAILURE (51): EV_AUTH_FAILURE. */
enum err auth_on_failure(struct auth *a, struct span payload, struct event *ev);

/*
 * USERAUTH_SUCCESS (52): EV_AUTH_SUCCESS with .auth.method what it answers.
 * .ok is false if the server let us in without proof of anything ("none", or
 * a challenge that never asked): the program may want to warn or leave. In
 * answer to a mere key query it is refused.
 */
enum err auth_on_success(struct auth *a, struct span payload, struct event *ev);

/* USERAUTH_BANNER (53): EV_AUTH_BANNER. */
enum err auth_on_banner(struct auth *a, struct span payload, struct event *ev);

/*
 * Message 60: PK_OK, PASSWD_CHANGEREQ or INFO_REQUEST, by what is outstanding:
 * EV_AUTH_PK_OK, EV_AUTH_PASSWD_CHANGE or EV_AUTH_PROMPTS. The key of a PK_OK
 * must be the one that was asked about.
 */
enum err auth_on_60(struct auth *a, struct span payload, struct event *ev);

/* --- the program's side: server --- */

/*
 * Answers EV_NEED_AUTH or EV_NEED_AUTH_ANSWERS; methods: comma list of what
 * can continue (unless result is PK_OK or SUCCESS). SUCCESS or PARTIAL to a
 * key without a signature, or PK_OK to anything else, is our own mistake:
 * ERR_NOTNOW ends the connection. An id that is not outstanding is ignored.
 */
void auth_answer(struct auth *a, uint32_t id, enum auth_result result, struct span methods);

/* Answers with a challenge of n prompts (at most KBDINT_MAX_PROMPTS). */
void auth_answer_prompts(struct auth *a, uint32_t id, struct span name,
    struct span instruction, const struct kbdint_prompt *prompts, unsigned n);

/*
 * Answers a "password" request with PASSWD_CHANGEREQ (RFC 4252 8): the client
 * comes back with another one, which has the new password in it.
 */
void auth_answer_change(struct auth *a, uint32_t id, struct span prompt);

/* Sends a banner; nothing happens unless the service is accepted and success is to come. */
void auth_banner(struct auth *a, struct span text);

/* --- the program's side: client --- */

/* Asks for the service "ssh-userauth"; to be called at the first EV_KEX_DONE. */
void auth_start(struct auth *a);

/*
 * From now on publickey requests take the hostbound form with this host key
 * (that of the first key exchange), because the server has announced it.
 * Copies the key. ERR_NOMEM.
 */
enum err auth_bind_hostkey(struct auth *a, struct span hostkey);

/*
 * The requests. Each may be sent when none is outstanding; at any other
 * moment it ends the connection with ERR_NOTNOW. They copy what they need.
 */

/* Sends a "none" request. */
void auth_send_none(struct auth *a, struct span user);

/* Sends a password. */
void auth_send_password(struct auth *a, struct span user, struct span password);

/* Answers EV_AUTH_PASSWD_CHANGE. */
void auth_send_new_password(struct auth *a, struct span user, struct span old_password,
    struct span new_password);

/* Asks whether a key would do. */
void auth_send_query(struct auth *a, struct span user, struct span alg, struct span blob);

/* Writes what is to be signed for auth_send_key(). */
void auth_key_data(struct auth *a, struct span user, struct span alg, struct span blob,
    struct writer *data);

/* Sends a publickey request with its signature. */
void auth_send_key(struct auth *a, struct span user, struct span alg, struct span blob,
    struct span sig);

/* Starts keyboard-interactive; devices: the submethods wanted, may be empty. */
void auth_send_kbdint(struct auth *a, struct span user, struct span devices);

/* Answers EV_AUTH_PROMPTS with as many answers as there were prompts. */
void auth_send_answers(struct auth *a, const struct span *answers, unsigned n);

/* Sends a hostbased request (RFC 4252 9) with its signature. */
void auth_send_hostbased(struct auth *a, struct span user, struct span alg, struct span blob,
    struct span host, struct span local_user, struct span sig);

/* --- what is signed; for the client and for the server's own check --- */

struct auth_signed {
	struct span session_id;
	struct span user;
	struct span service;		/* "ssh-connection" */
	struct span alg;
	struct span blob;
	struct span hostkey;		/* hostbound form: K_S; else empty */
};

/*
 * Writes the data of RFC 4252 7 (publickey), in the hostbound form if hostkey
 * is not empty. A server that got a hostbound request first compares its
 * hostkey with its own key; an empty one there is never right.
 */
void auth_signed_data(struct writer *w, const struct auth_signed *s);

/* Writes the data of RFC 4252 9 (hostbased); s->hostkey is not used. */
void auth_hostbased_data(struct writer *w, const struct auth_signed *s,
    struct span host, struct span local_user);

#endif
