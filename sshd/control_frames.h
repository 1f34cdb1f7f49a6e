/* SPDX-License-Identifier: ISC */
/*
 * sshd/control_frames.h - messages of the control socket on a stream of bytes,
 * as the SSH subsystem "ephemeral" has them (docs/PROTOCOL.md): uint32 length,
 * then the message.
 */
#ifndef SSHD_CONTROL_FRAMES_H
#define SSHD_CONTROL_FRAMES_H

#include "base/err.h"
#include "base/limits.h"
#include "base/span.h"

struct frames {
	size_t have;			/* bytes in buf */
	size_t taken;			/* of the message given last, with its length */
	uint8_t buf[4 + LIMIT_IPC];
};

/* Where to read more bytes into; frames_got() says how many came. */
struct room frames_room(struct frames *f);
void frames_got(struct frames *f, size_t n);

/*
 * Gives the next whole message, which lives until the next call of any of
 * these. ERR_AGAIN if there is none yet, ERR_LIMIT if it is longer than any.
 */
enum err frames_next(struct frames *f, struct span *message);

/*
 * Speaks for whoever is at in and out (which block) with the listener at the
 * other end of control, until one of them ends. Returns an exit status.
 */
int frames_relay(int control, int in, int out);

#endif
