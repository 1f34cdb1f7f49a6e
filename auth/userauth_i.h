/* SPDX-License-Identifier: ISC */
/*
 * auth/userauth_i.h - inside the authentication layer: its state.
 */
#ifndef AUTH_USERAUTH_I_H
#define AUTH_USERAUTH_I_H

#include "auth/messages.h"
#include "auth/userauth.h"

enum auth_state {
	AUTH_CLOSED,		/* the service is not there yet */
	AUTH_STARTED,		/* client: SERVICE_REQUEST sent */
	AUTH_IDLE,		/* no request is outstanding */
	AUTH_ASKED,		/* server: the program decides; client: the server does */
	AUTH_CHALLENGED,	/* INFO_REQUEST, on the client also PASSWD_CHANGEREQ, waits for an answer */
	AUTH_OPEN,		/* success */
};

/* What is outstanding. */
enum auth_asked {
	ASKED_OTHER,		/* server: any method that has no answers of its own */
	ASKED_NONE,
	ASKED_PASSWORD,
	ASKED_QUERY,		/* publickey without a signature */
	ASKED_KEY,
	ASKED_KBDINT,
	ASKED_HOSTBASED,
};

struct auth {
	enum side side;
	enum auth_state state;
	enum auth_asked asked;
	struct transport *transport;
	uint32_t id;			/* of the last event that asks */
	uint32_t requests;		/* received so far */
	unsigned n_prompts;		/* of the challenge */
	bool answers_are_bad;		/* their number was wrong: FAILURE follows */
	bool proved;			/* client: it has sent something secret or signed */
	bool success_is_due;		/* server: EV_AUTH_SUCCESS is to be given */
	struct writer who;		/* server: user and service of the first request */
	struct writer key;		/* alg and blob of a query, as strings */
	struct writer hostkey;		/* client: not empty: hostbound form */
};

/* The one service there is (RFC 4252 5). */
#define AUTH_SERVICE	SPAN_LIT("ssh-connection")
#define AUTH_USERAUTH	SPAN_LIT("ssh-userauth")

/* Changes the state; entering AUTH_OPEN does what goes with success. */
void auth_set_state(struct auth *a, enum auth_state state);

/* What follows the message's number; the number was looked at by conn. */
struct span auth_body(struct span payload);

/* Keeps alg and blob for later. A failure is recorded in the transport. */
enum err auth_keep_key(struct auth *a, struct span alg, struct span blob);

/* Reads back what auth_keep_key() kept. */
struct userauth_pk_ok auth_kept_key(const struct auth *a);

#endif
