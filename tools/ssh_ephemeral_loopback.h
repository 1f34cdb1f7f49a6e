/* SPDX-License-Identifier: ISC */
/*
 * tools/ssh_ephemeral_loopback.h - a throwaway sshd on 127.0.0.1.
 *
 * Its host key and the user's key exist in memory only: each is a memfd of
 * this process, which sshd and ssh open as /proc/PID/fd/N like any key file.
 * What is in files (a private folder, removed at the end) are two configs,
 * the public host key, and the virtual accounts.
 *
 * virtual account   one that no file of the system has: the throwaway server
 *                   lets it in with the rights of nobody
 */
#ifndef TOOLS_SSH_EPHEMERAL_LOOPBACK_H
#define TOOLS_SSH_EPHEMERAL_LOOPBACK_H

#include <sys/types.h>

#include "auth/account.h"
#include "keys/key.h"
#include "os/loop.h"
#include "tools/ssh_ephemeral_keys.h"

/* Users that can be let in; options for sshd. */
#define LOOPBACK_MAX	32

struct loopback {
	struct loop *loop;
	struct account me;
	const char *users[LOOPBACK_MAX];	/* whom the key lets in; the first is the default */
	size_t n_users;
	bool has_virtual;		/* users that are in passwd only */
	const char *options[LOOPBACK_MAX];	/* of sshd, as behind its -o */
	size_t n_options;
	char sshd[512];			/* program, absolute */
	char ssh[512];
	char folder[64];
	char config[80];		/* of ssh */
	char known_hosts[80];
	char server_config[80];
	char passwd[80];		/* virtual accounts */
	char socket[80];
	struct eph_key host;
	struct eph_key user;
	uint16_t port;
	char id[16];			/* of the first user's grant */
	pid_t server;			/* 0: not running */
	int server_status;		/* of wait(2), when it has ended */
};

/*
 * Finds sshd (or takes the one named) and ssh beside this program. Returns an
 * exit status of ssh_ephemeral.h; on failure it has complained.
 */
int loopback_find(struct loopback *lb, const char *sshd, bool needs_ssh);

/*
 * Adds whom the key is to let in, by default whoever runs this: another needs
 * root. As above.
 */
int loopback_add_user(struct loopback *lb, const char *name);

/* Adds a keyword for the server's config, "Keyword=value"; not one of loopback's own. As above. */
int loopback_add_option(struct loopback *lb, const char *option);

/* Finds out who runs this, and whether the users can be let in. As above. */
int loopback_check_users(struct loopback *lb);

/* Writes the accounts of users that the system does not have. ERR_SYSTEM, ERR_NOMEM. */
enum err loopback_write_passwd(struct loopback *lb);

/* Checks the users; makes folder, keys, configs. As above. */
int loopback_prepare(struct loopback *lb);

/* Starts sshd and waits until it serves, then registers the user's key for each user. As above. */
int loopback_start(struct loopback *lb, const bool *stop);

/* Ends the sessions and sshd, and waits for its end. */
void loopback_stop(struct loopback *lb);

/* Removes the folder and wipes the keys. */
void loopback_clean(struct loopback *lb);

#endif
