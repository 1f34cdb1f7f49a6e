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

enum forward_kind { FORWARD_LOCAL, FORWARD_REMOTE, FORWARD_DYNAMIC };

/* What became of a forwarding: whether it stands, and the port that the server chose (or 0). */
typedef void forward_answered(struct ssh *s, void *arg, bool ok, uint16_t port);

/*
 * Adds a forwarding to the running connection: answered() is called once, maybe
 * before this returns. One that is there already is fine. f is copied, its
 * paths are taken as they are.
 */
void forwards_add(struct ssh *s, enum forward_kind kind, const struct forward *f,
    forward_answered *answered, void *arg);

/* A copy with tokens and variables of its paths expanded. What is wrong is told. */
enum err forward_expand(const struct ssh *s, enum ssh_keyword k, const struct forward *from,
    struct forward *to);

/* Ends one: connections that were made through it go on. ERR_NOTFOUND. */
enum err forwards_cancel(struct ssh *s, enum forward_kind kind, const struct forward *f);

/* Whether the server still has to say if it listens. */
bool forwards_are_pending(const struct ssh *s);

/* Takes an event of a forwarded channel or one that asks for one. False if it is none. */
bool forwards_event(struct ssh *s, const struct event *ev);

/* All that came for a channel has been written. */
void forwards_detached(struct ssh *s, struct channel_id id);

/* Something could not be forwarded as asked: leaves if that is wanted. */
void forwards_failed(struct ssh *s);

/* Accepts no more connections. */
void forwards_stop_listening(struct ssh *s);

/* Writes the open ones, a line each. */
void forwards_list(const struct ssh *s, struct writer *w);

/*
 * The agent's socket that is to be forwarded, malloc'ed; NULL if there is none
 * or it is not to be.
 */
char *forward_agent_path(const struct ssh *s);

/* Closes and frees everything. NULL is fine. */
void forwards_free(struct forwards_state *f);

#endif
