/* SPDX-License-Identifier: ISC */
/*
 * sshd/pool.h - wire processes started ahead, so that a connection never
 * waits for an exec.
 *
 * spare   a wire that is locked down and waits for its setup
 *
 * Each has a uid of its own from WireUidRange. The listener starts and reaps
 * them; a guard gets the listener's end of the pair by being forked with it.
 */
#ifndef SSHD_POOL_H
#define SSHD_POOL_H

#include <sys/types.h>

#include "config/sshd_config.h"
#include "os/log.h"

/* Spares that wait; a burst of more connections starts more on demand. */
#define POOL_SIZE	3

struct spare {
	pid_t pid;
	int fd;			/* our end of the ipc */
	uint32_t uid;
};

struct pool {
	int self_fd;		/* the program to start */
	struct uid_range range;
	uint32_t next;		/* offset into the range */
	bool is_root;
	bool keep_stderr;	/* for messages of last resort */
	struct spare v[POOL_SIZE];
	size_t n;
};

/* Makes an empty pool; the first uid is a random one of the range. */
void pool_init(struct pool *p, int self_fd, const struct uid_range *range, bool keep_stderr);

/* Starts spares until the pool is full. ERR_SYSTEM: the log says why. */
enum err pool_fill(struct pool *p, const struct log *log);

/* Takes a spare out, starting one if there is none. ERR_SYSTEM. */
enum err pool_take(struct pool *p, struct spare *out, const struct log *log);

/* Drops the spare with this pid, which has ended; false if it is not one. */
bool pool_reaped(struct pool *p, pid_t pid);

/* Lets all spares go (they end when their ipc does). */
void pool_drop(struct pool *p);

#endif
