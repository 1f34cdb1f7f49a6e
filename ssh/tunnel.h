/* SPDX-License-Identifier: ISC */
/*
 * ssh/tunnel.h - a network interface here that is joined with one of the
 * server's (-w, Tunnel, TunnelDevice).
 */
#ifndef SSH_TUNNEL_H
#define SSH_TUNNEL_H

#include "ssh/ssh.h"

/*
 * After login: opens the interface and asks for its channel, if the config
 * wants it. What is wrong is told, and ends us with ExitOnForwardFailure.
 */
void tunnel_start(struct ssh *s);

/* The interface's name; "NONE" without one. */
const char *tunnel_name(const struct ssh *s);

/* Takes an event of the channel. False if it is none of it. */
bool tunnel_event(struct ssh *s, const struct event *ev);

/* The channel is closed and all was written. False if it is another one. */
bool tunnel_detached(struct ssh *s, struct channel_id id);

/* Closes and frees. NULL is fine. */
void tunnel_free(struct tun_link *t);

#endif
