/* SPDX-License-Identifier: ISC */
/*
 * tools/ssh_ephemeral_loopback.h - a throwaway sshd on 127.0.0.1.
 *
 * Its host key and the user's key exist in memory only: each is a memfd of
 * this process, which sshd and ssh open as /proc/PID/fd/N like any key file.
 * What is in files (a private folder, removed at the end) are two configs and
 * the public host key.
 */
#ifndef TOOLS_SSH_EPHEMERAL_LOOPBACK_H
#define TOOLS_SSH_EPHEMERAL_LOOPBACK_H

#include <sys/types.h>

#include "auth/account.h"
#include "keys/key.h"
#include "os/loop.h"
#include "tools/ssh_ephemeral_keys.h"

struct loopback {
	struct loop *loop;
	struct account me;
	char sshd[512];			/* program, absolute */
	char ssh[512];
	char folder[64];
	char config[80];		/* of ssh */
	char known_hosts[80];
	char server_config[80];
	char socket[80];
	struct eph_key host;
	struct eph_key user;
	uint16_t port;
	char id[16];			/* of the grant */
	pid_t server;			/* 0: not running */
	int server_status;		/* of wait(2), when it has ended */
};

/*
 * Finds sshd (or takes the one named) and ssh beside this program. Returns an
 * exit status of ssh_ephemeral.h; on failure it has complained.
 */
int loopback_find(struct loopback *lb, const char *sshd, bool needs_ssh);

/* Makes folder, keys, configs. As above. */
int loopback_prepare(struct loopback *lb);

/* Starts sshd and waits until it serves, then registers the user's key. As above. */
int loopback_start(struct loopback *lb, const bool *stop);

/* Ends the sessions and sshd, and waits for its end. */
void loopback_stop(struct loopback *lb);

/* Removes the folder and wipes the keys. */
void loopback_clean(struct loopback *lb);

#endif
