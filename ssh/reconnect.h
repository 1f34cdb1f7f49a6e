/* SPDX-License-Identifier: ISC */
/*
 * ssh/reconnect.h - connections that must stay (Reconnect): made again, with
 * all that they forward, when they are lost.
 *
 * Only for runs without a session (-N): a shell that is lost cannot be had
 * again. What the server refuses for good (a host key, the user) is not tried
 * again; neither is a first connection whose forwardings fail.
 */
#ifndef SSH_RECONNECT_H
#define SSH_RECONNECT_H

#include "ssh/ssh.h"

/* Runs the connection, and again as long as that is wanted. Returns the exit code. */
int reconnect_run(struct ssh *s);

/* Whether a connection that is lost now will be made again. */
bool reconnect_is_wanted(const struct ssh *s);

#endif
