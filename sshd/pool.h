/* SPDX-License-Identifier: ISC */
/*
 * sshd/pool.h - wire processes born ahead, so that a connection never waits
 * for one, and the nursery that they come from.
 *
 * spare   a wire that is locked down and waits for its setup
 *
 * Each has a uid of its own from WireUidRange. The listener has them born and
 * reaps them; a guard gets the listener's end of the pair by being forked with
 * it, and the descriptor of the nursery for the session that it may need.
 */
#ifndef SSHD_POOL_H
#define SSHD_POOL_H

#include <sys/types.h>

#include "config/sshd_config.h"
#include "os/log.h"

/* Spares that wait; a burst of more connections has more born on demand. */
#define POOL_SIZE	2

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
	uint64_t files;		/* limit of open files for all that is born */
	int nursery;		/* where to ask; -1: none */
	pid_t nursery_pid;
	unsigned births;	/* of this nursery */
	bool is_failing;	/* which was logged */
	struct spare v[POOL_SIZE];
	size_t n;
};

/*
 * Makes an empty pool, of a zeroed one or one that was dropped, whose limit of
 * files stays; the first uid is a random one of the range.
 */
void pool_init(struct pool *p, int self_fd, const struct uid_range *range, bool keep_stderr);

/* Has spares born until the pool is full. ERR_SYSTEM: the log says why. */
enum err pool_fill(struct pool *p, const struct log *log);

/* Takes a spare out, having one born if there is none. ERR_SYSTEM. */
enum err pool_take(struct pool *p, struct spare *out, const struct log *log);

/* Drops what has this pid, which has ended; false if it is none of the pool's. */
bool pool_reaped(struct pool *p, pid_t pid);

/*
 * A wire died by a signal: somebody may be guessing addresses. Everybody who is
 * born from now on has other ones.
 */
void pool_renew(struct pool *p);

/* Lets all spares and the nursery go (they end when nobody can talk to them). */
void pool_drop(struct pool *p);

#endif
