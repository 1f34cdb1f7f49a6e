/* SPDX-License-Identifier: ISC */
/*
 * ssh/mux_proxy.h - clients of a master in proxy mode (-O proxy), for
 * ssh/mux_proxy*.c only.
 *
 * down       the client's side: a connection without keys, over its socket;
 *            we are its server
 * up         the side of the server that the master is logged in at
 * crossing   a channel that exists on both sides. Its bytes go through pipes
 *            from one pump to the other, so that each side's windows follow
 *            what the other one takes; numbers of channels never cross.
 *
 * mux_proxy.c has the clients and their channels, mux_proxy_listen.c what the
 * server listens on for them. Requests of a channel cross as they are, except
 * those for agent and X11: the channels that they bring about could not be
 * told from the master's own.
 */
#ifndef SSH_MUX_PROXY_H
#define SSH_MUX_PROXY_H

#include "ssh/mux_i.h"

/* What the server listens on for one client. */
#define PROXY_LISTENERS_MAX	256

/* Names of requests longer than this are nobody's. */
#define PROXY_NAME_MAX		64

struct crossing {
	struct mux_proxy *proxy;
	struct crossing *next;
	struct channel_id down;
	struct channel_id up;
	bool is_from_server;
	bool is_session;
	bool is_bound;			/* open on both sides */
	bool down_is_gone;		/* closed, and all of it written */
	bool up_is_gone;
	uint32_t *asked;		/* requests of the client that the server has to answer */
	size_t n_asked;
};

/* A port or path that the server listens on for a client. */
struct proxy_listener {
	struct proxy_listener *next;
	bool is_path;
	uint32_t port;
	struct writer name;		/* address or path, as the client has said it */
};

struct mux_proxy {
	struct ssh *s;
	struct mux_proxy *next;
	uint32_t number;
	struct conn *conn;		/* down */
	struct pump *pump;
	struct timer *end;		/* frees it, outside of its pump's callbacks */
	struct crossing *crossings;
	struct proxy_listener *listeners;
	size_t n_listeners;
	bool is_over;
};

/* --- mux_proxy_listen.c --- */

/* Does what a global request of the client asks for, or refuses. */
void mux_proxy_global(struct mux_proxy *p, const struct event *ev);

/* The client that a channel which the server opens is for; NULL: none. */
struct mux_proxy *mux_proxy_of(const struct ssh *s, const struct event *ev);

/* Tells the server to listen no more for a client that has gone, and frees. */
void mux_proxy_listen_no_more(struct mux_proxy *p);

#endif
