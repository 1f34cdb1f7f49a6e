/* SPDX-License-Identifier: ISC */
/*
 * keys/agent.h - an agent: private keys, and what is done with them for those
 * who ask (RFC 9987 and OpenSSH's additions to it).
 *
 * client    whoever is at the other end of one connection. The program that
 *           listens has one for each, begins with a zeroed one, and lets only
 *           clients in that may use the keys.
 * binding   a session that a client has said it speaks for, with its host key
 *           (session-bind@openssh.com): the way a request has come. What it
 *           says decides about keys that may be used for some hosts only.
 * verdict   what is to be done about a request: send the answer; ask the
 *           user first; or come again later. A request that was put off is
 *           handled again as a whole, so whatever has changed meanwhile counts.
 *
 * No I/O here, and no clock: the program has both. Keys have to be plain ones,
 * or certificates of such: tokens (sk-*, PKCS#11) are refused.
 */
#ifndef KEYS_AGENT_H
#define KEYS_AGENT_H

#include "base/clock.h"
#include "base/rng.h"
#include "base/writer.h"
#include "keys/agent_msg.h"

/* More bindings of one client are refused, as in OpenSSH. */
#define AGENT_MAX_BINDINGS	16

struct agent;

/* What time it is. */
struct agent_time {
	msec now;		/* for lifetimes */
	uint64_t wall;		/* unix time, for certificates */
};

struct agent_binding {
	struct writer hostkey;	/* blob of the host key or certificate */
	struct writer session_id;
	bool is_forwarding;	/* requests come from there; else: to log in there */
};

/* What the user has said to the question about this request. */
enum agent_consent {
	AGENT_CONSENT_UNASKED,
	AGENT_CONSENT_GIVEN,
	AGENT_CONSENT_REFUSED,
};

struct agent_client {
	struct agent_binding bindings[AGENT_MAX_BINDINGS];
	size_t n_bindings;
	bool has_tried_to_bind;		/* a client that failed to is none of this machine */
	enum agent_consent consent;	/* of the request at hand; back to UNASKED with its answer */
	msec until;			/* AGENT_LATER: when */
	const char *why;		/* the last answer was a refusal: for the log; static. Else NULL */
};

enum agent_verdict {
	AGENT_ANSWERED,		/* answer has a frame to be sent */
	AGENT_CONFIRM,		/* answer has a question for the user, a text, instead of a frame */
	AGENT_LATER,		/* there is nothing to be sent before client->until */
};

/*
 * Makes an agent without keys. Keys that are added without a lifetime get this
 * many seconds, unless it is 0. ERR_NOMEM.
 */
enum err agent_new(const struct rng *rng, uint32_t lifetime, struct agent **out);

/* Wipes and frees *a and makes it NULL. NULL is fine; for SCOPED. */
void agent_free(struct agent **a);

/* Forgets the bindings of a client that has gone. */
void agent_client_free(struct agent_client *c);

/*
 * Handles one request. answer is empty before; what is in it afterwards is as
 * *verdict says. ERR_NOMEM: there is no answer, and what the request asked for
 * has not been done.
 */
enum err agent_handle(struct agent *a, struct agent_client *c, const struct agent_frame *request,
    const struct agent_time *time, struct writer *answer, enum agent_verdict *verdict);

/* Forgets the keys whose time is over; returns how many. */
unsigned agent_expire(struct agent *a, msec now);

/* When agent_expire() will have something to do; MSEC_NEVER: never. */
msec agent_deadline(const struct agent *a);

/* Forgets all keys; returns how many there were. */
unsigned agent_forget(struct agent *a);

/* How many keys there are. */
size_t agent_count(const struct agent *a);

/* Whether it is locked. */
bool agent_is_locked(const struct agent *a);

/* What a type of message is called, for debug lines ("sign request"); static. */
const char *agent_type_name(uint8_t type);

#endif
