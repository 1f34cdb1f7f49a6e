/* SPDX-License-Identifier: ISC */
/*
 * ssh/alive.h - global requests of ours and their answers; among them the
 * probes of ServerAliveInterval.
 *
 * Global requests are answered in their order (RFC 4254 4), so that all that
 * want an answer go through here.
 */
#ifndef SSH_ALIVE_H
#define SSH_ALIVE_H

#include "ssh/ssh.h"

/*
 * Sends a global request and calls answered(s, arg, ok, body) when the server
 * has said what becomes of it. ERR_NOMEM; ERR_LIMIT if too many wait.
 */
enum err alive_ask(struct ssh *s, const char *request, struct span body,
    void (*answered)(struct ssh *s, void *arg, bool ok, struct span body), void *arg);

/* Begins to watch over the connection, if the config wants it. */
void alive_start(struct ssh *s);

/* Takes answers to global requests, and keepalive@openssh.com of the server. */
bool alive_event(struct ssh *s, const struct event *ev);

/* Frees. NULL is fine. */
void alive_free(struct alive *a);

#endif
