/* SPDX-License-Identifier: ISC */
/*
 * conn/legality.h - which message may come when: one row a message.
 *
 * A packet's first byte is looked up here before any handler sees the rest.
 * What no row allows, for this side and in this state, is refused; strict key
 * exchange takes states away from some rows. The table is compared, cell by
 * cell, with regress/golden/legality.txt, which was written from the RFCs.
 */
#ifndef CONN_LEGALITY_H
#define CONN_LEGALITY_H

#include "auth/userauth.h"
#include "channels/channels.h"
#include "kex/transport_conn.h"

/* What the peer may send depends on this, and on nothing else. */
enum conn_state {
	STATE_IDENT,		/* its identification string: no packets yet */
	STATE_KEXINIT,		/* its first KEXINIT */
	STATE_KEX,		/* the first exchange's messages */
	STATE_NEWKEYS,		/* the first NEWKEYS */
	STATE_SERVICE,		/* encrypted; ssh-userauth has not been accepted */
	STATE_AUTH,		/* authenticating */
	STATE_OPEN,		/* authenticated: the connection layer */
	STATE_REKEX,		/* later: its KEXINIT has come, the exchange runs */
	STATE_RENEWKEYS,	/* later: NEWKEYS is due */
	STATE_COUNT
};

enum verdict {
	VERDICT_REFUSE,		/* disconnect */
	VERDICT_UNIMPLEMENTED,	/* answer with SSH_MSG_UNIMPLEMENTED, go on */
	VERDICT_ALLOW,		/* the row's handler */
};

/* A row. Exactly one of the handlers is there. */
struct rule {
	uint8_t number;
	const char *name;
	uint16_t client;	/* states (1 << enum conn_state) a client may get it in */
	uint16_t server;
	uint16_t lax;		/* of those: not under strict key exchange */
	enum err (*transport)(struct transport *t, struct span payload, struct event *ev);
	enum err (*auth)(struct auth *a, struct span payload, struct event *ev);
	/* Gets what follows the number. */
	enum err (*channels)(struct channels *cs, struct span payload, msec now,
	    struct event *ev);
};

/*
 * Judges a message that side gets in state; *rule is its row, NULL if it has
 * none (whatever the verdict).
 */
enum verdict legality(enum side side, enum conn_state state, bool is_strict,
    uint8_t number, const struct rule **rule);

/* The name of a state ("REKEX"); static. */
const char *conn_state_name(enum conn_state state);

#endif
