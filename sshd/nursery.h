/* SPDX-License-Identifier: ISC */
/*
 * sshd/nursery.h - the process that wires and sessions are forked from.
 *
 * born    forked from the nursery, as a child of the nursery's parent, or of
 *         its own keeper, who is that
 *
 * Starting libcrypto and relocating a program costs milliseconds and most of
 * a megabyte that is written to. The nursery, executed by the listener, has
 * done it once, and what is born shares it until it writes to it itself. It
 * was given nothing but these requests, so there is no host key, no password
 * and no byte of a client in its memory.
 *
 * What is born of one nursery has one address space layout, so each nursery
 * lives for NURSERY_BIRTHS only, and no longer than until one of its wires
 * has died by a signal: nobody gets a second guess (sshd/pool.c).
 */
#ifndef SSHD_NURSERY_H
#define SSHD_NURSERY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "sshd/title.h"

/* The hidden command line: sshd --nursery, and room for titles. */
#define NURSERY_FLAG		"--nursery"
#define NURSERY_TITLE_ROOM	"                                                                "

/* Where it finds requests, and what is born its ipc to the guard. */
#define NURSERY_FD		3

/* Wires of one nursery. */
#define NURSERY_BIRTHS		64

/* All of the process; returns its exit status. */
int nursery_main(int argc, char **argv);

/* --- for those who have something born --- */

struct born {
	pid_t pid;
	int fd;			/* our end of the ipc to it */
	int pidfd;		/* the process as a descriptor; -1 on a kernel without */
};

/*
 * Asks the nursery at the other end of fd for a wire with this uid, or for a
 * session, which may have a keeper (sshd/keeper.h). Waits for room only; nursery_wait() tells the pid.
 * ERR_TIMEOUT, ERR_SYSTEM.
 */
enum err nursery_ask_wire(int fd, uint32_t uid, int *born_fd);
enum err nursery_ask_session(int fd, bool is_kept, int *born_fd);

/*
 * Waits, for ten seconds at most, until what answers on born_fd is born; all of
 * out is the caller's then. On an error born_fd is closed: ERR_CLOSED if the
 * nursery is gone or could not fork, ERR_TIMEOUT, ERR_SYSTEM.
 */
enum err nursery_wait(int born_fd, struct born *out);

#endif
