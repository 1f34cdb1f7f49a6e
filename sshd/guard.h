/* SPDX-License-Identifier: ISC */
/*
 * sshd/guard.h - the process that decides: one a connection, forked from the
 * listener, with the listener's rights and its host keys.
 */
#ifndef SSHD_GUARD_H
#define SSHD_GUARD_H

#include <sys/types.h>

#include "base/clock.h"
#include "base/cc.h"
#include "config/sshd_config.h"
#include "os/log.h"
#include "os/net.h"
#include "sshd/host_keys.h"
#include "sshd/title.h"

/* Its exit status, by which the listener judges the client. */
enum guard_exit {
	GUARD_EXIT_OK = 0,		/* somebody was logged in */
	GUARD_EXIT_GRACE = 3,		/* LoginGraceTime ran out */
	GUARD_EXIT_CRASH = 4,		/* its wire did what none should */
	GUARD_EXIT_AUTHFAIL = 5,	/* tried to log in, and could not */
	GUARD_EXIT_REFUSED = 6,		/* RefuseConnection */
	GUARD_EXIT_INVALIDUSER = 7,
	GUARD_EXIT_NOAUTH = 8,		/* did not even try */
	GUARD_EXIT_FAILED = 255,	/* a failure of our own */
};

/*
 * The client's last message and its session have so long to be dealt with;
 * whoever would end a guard must give it more.
 */
#define GUARD_LAST_MSEC	400

/* What the listener forks a guard with; the descriptors are the guard's. */
struct guard_start {
	const struct log *log;
	const struct sshd_rules *rules;
	const struct sshd_config *config;	/* outside of Match */
	const struct host_keys *keys;
	const struct title *title;
	int in, out;			/* the client; the same number twice for a socket */
	int wire_fd;			/* ipc to its wire */
	int listener_fd;		/* ipc to the listener */
	int nursery_fd;			/* where to ask for a session */
	int self_fd;			/* this program, to execute it anew; -1: none */
	bool has_ends;			/* false: no network socket (-i on a pipe) */
	struct endpoint client, server;
	const uint8_t *secret;		/* 32 random bytes, the same for all guards of a listener */
	msec accepted;			/* when; LoginGraceTime counts from there */
	enum log_level debug_level;	/* of -d: not below this; QUIET: none */
};

/* All of the process. */
NORETURN void guard_run(const struct guard_start *start);

#endif
