/* SPDX-License-Identifier: ISC */
/*
 * conn/conn_i.h - inside conn/: the connection is its three layers, and where
 * it stands.
 */
#ifndef CONN_CONN_I_H
#define CONN_CONN_I_H

#include "conn/conn.h"
#include "conn/legality.h"

struct conn {
	enum side side;
	struct transport *transport;
	struct auth *auth;
	struct channels *channels;
	bool has_service;		/* ssh-userauth has been accepted */
	uint32_t auth_asked;		/* id of the open NEED_AUTH*; 0: none */
	uint64_t open;			/* CONN_IS_OPEN, or anything else */
	uint64_t bare;			/* CONN_IS_BARE, or anything else */
};

/*
 * The connection layer is open only while this is there and auth/ says so:
 * one flipped bit in memory opens nothing.
 */
#define CONN_IS_OPEN	UINT64_C(0x5aa5c3963c69d22d)

/* There is nobody to authenticate (conn_config.is_bare); as far from anything else. */
#define CONN_IS_BARE	UINT64_C(0xc39a5a3ca5366596)

/* Whether authentication has succeeded. */
bool conn_is_open(const struct conn *c);

/* Takes note if authentication has succeeded by what was just done. */
void conn_note_auth(struct conn *c);

#endif
