/* SPDX-License-Identifier: ISC */
/*
 * ssh/timeouts.h - ChannelTimeout: channels that have been idle too long are
 * closed.
 */
#ifndef SSH_TIMEOUTS_H
#define SSH_TIMEOUTS_H

#include "ssh/ssh.h"

/* Begins to watch, if the config wants it. */
void timeouts_start(struct ssh *s);

/* Frees. NULL is fine. */
void timeouts_free(struct timeouts *t);

#endif
