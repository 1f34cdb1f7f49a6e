/* SPDX-License-Identifier: ISC */
/*
 * os/pty.h - pseudo-terminals, straight from /dev/ptmx.
 */
#ifndef OS_PTY_H
#define OS_PTY_H

#include <stdint.h>

#include "base/err.h"

#define PTY_NAME_MAX	64

struct pty {
	int master;
	int slave;
	char name[PTY_NAME_MAX];	/* "/dev/pts/7" */
};

/* RFC 4254 6.2 and 6.7: characters, and pixels (0 where not known). */
struct pty_size {
	uint32_t columns, rows;
	uint32_t width, height;
};

/*
 * Allocates a pty, both ends close-on-exec, owned by the caller's uid with
 * mode 0620 (the tty group where devpts gives it, else 0600). ERR_SYSTEM.
 */
enum err pty_open(struct pty *pty);

/* Closes both ends (-1 is fine). */
void pty_close(struct pty *pty);

/* Sets the window size; the foreground process group gets SIGWINCH. */
enum err pty_set_size(int fd, const struct pty_size *size);

/* Reads the window size of a terminal. ERR_SYSTEM if it is none. */
enum err pty_get_size(int fd, struct pty_size *size);

#endif
