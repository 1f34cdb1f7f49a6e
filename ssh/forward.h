/* SPDX-License-Identifier: ISC */
/*
 * ssh/forward.h - everything that is forwarded: ports and sockets of either
 * side (-L, -R, -D), and the agent (-A).
 *
 * listener   a port or socket here; each connection to it becomes a channel
 *            to where the forwarding says, or where a SOCKS client asks
 * remote     a port or socket that the server listens on for us; each channel
 *            that it opens is connected from here
 */
#ifndef SSH_FORWARD_H
#define SSH_FORWARD_H

#include "ssh/ssh.h"

/*
 * After authentication: begins to listen, asks the server to listen. Leaves
 * with 255 if something fails and ExitOnForwardFailure is set.
 */
void forwards_start(struct ssh *s);

/* Whether the server still has to say if it listens. */
bool forwards_are_pending(const struct ssh *s);

/* Takes an event of a forwarded channel or one that asks for one. False if it is none. */
bool forwards_event(struct ssh *s, const struct event *ev);

/* All that came for a channel has been written. */
void forwards_detached(struct ssh *s, struct channel_id id);

/* Accepts no more connections. */
void forwards_stop_listening(struct ssh *s);

/* Prints the open ones, a line each, for a raw terminal. */
void forwards_list(const struct ssh *s);

/*
 * The agent's socket that is to be forwarded, malloc'ed; NULL if there is none
 * or it is not to be.
 */
char *forward_agent_path(const struct ssh *s);

/* Closes and frees everything. NULL is fine. */
void forwards_free(struct forwards_state *f);

#endif
