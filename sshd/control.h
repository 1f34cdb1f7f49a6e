/* SPDX-License-Identifier: ISC */
/*
 * sshd/control.h - the control socket: where the ephemeral table is filled,
 * listed and emptied by programs of this machine. Part of the listener.
 *
 * registrar   an account that may register keys, by EphemeralKeyRegistrars
 * owner       root, or the uid the listener runs under: may do everything
 *
 * Who asks is what the kernel says (SO_PEERCRED), never what a message says.
 * A registrar sees, extends and revokes only what it has registered.
 * A malformed request ends that client's connection and nothing else; a
 * refused one is answered with a sentence.
 *
 * Where the socket is: sshd/control_client.h.
 *
 * The table and its session numbers are the listener's: it calls
 * ephemeral_reserve(), ephemeral_commit() and ephemeral_close() for its guards,
 * with numbers of its own for the uses of each connection.
 */
#ifndef SSHD_CONTROL_H
#define SSHD_CONTROL_H

#include <sys/types.h>

#include "auth/ephemeral.h"
#include "config/values.h"
#include "os/log.h"
#include "os/loop.h"
#include "sshd/control_client.h"
#include "sshd/journal.h"
#include "sshd/penalties.h"

struct control;

/* --- the policy: EphemeralKeyRegistrars --- */

/*
 * One registrar. The config line is a list of
 *
 *	NAME[:OPTION=VALUE[,OPTION=VALUE]...]
 *
 * where NAME is an account or a numeric uid, and the options are
 *	users=P|P...	for whom, as patterns ("*", "?"); without it only for
 *			itself. root is never meant by a wildcard.
 *	max-ttl=TIME	the longest ttl, grace and extension
 *	max-uses=N	the most uses of a key
 *	max-session=TIME the longest session that a key may open
 *	permit=WORD|WORD what keys may permit at most: pty, port-forwarding,
 *			agent-forwarding, X11-forwarding, user-rc; or none
 *	ssh=any, ssh=SHA256:...|SHA256:...
 *			also from elsewhere, by the SSH subsystem "ephemeral",
 *			when it has logged in with one of these keys
 */
struct control_registrar {
	char *name;
	char *users;			/* NULL: only itself */
	msec max_ttl;			/* 0: as the table allows */
	uint32_t max_uses;		/* 0: no limit */
	msec max_session;		/* 0: no limit */
	bool has_permit;
	unsigned permit;		/* enum permit_bit of keys/authorized_keys.h */
	char *least_options;		/* those of a key that permits just that */
	char *ssh;			/* NULL: only on this machine; comma list of fingerprints, or "any" */
};

struct control_policy {
	struct control_registrar *registrar;
	size_t n;
};

/*
 * Parses the value of EphemeralKeyRegistrars ("none" or empty: nobody else).
 * ERR_SYNTAX with a sentence in why (size bytes); ERR_NOMEM.
 */
enum err control_policy_parse(struct control_policy *out, struct span text,
    char *why, size_t size);

/* Frees it. NULL is fine. */
void control_policy_free(struct control_policy *p);

/* --- the server --- */

/* What the config says, and a reload may change; borrowed from it. */
struct control_rules {
	const struct control_policy *policy;
	const struct words *users;	/* EphemeralKeyUsers: patterns of whom keys may be for */
	const struct words *passwd_files;	/* PasswdFile, to know users and registrars */
	const char *key_algs;		/* PubkeyAcceptedAlgorithms, exact names */
	unsigned required_rsa_bits;
	msec default_ttl;		/* EphemeralKeyTTL */
	bool no_codes;			/* EphemeralCodes no */
};

struct control_config {
	struct loop *loop;
	const struct log *log;
	struct ephemeral *table;
	struct journal *journal;	/* of the table */
	struct penalties_table *penalties;	/* of the listener; NULL: there are none */
	const char *path;		/* of the socket */
	uid_t uid;			/* the listener's own */
	const char *only_user;		/* not root: the one account that can log in; else NULL */
	struct control_rules rules;
	/*
	 * Ends a session, or a login that holds a use, of the listener's by its
	 * number (revoke --kill); it may call ephemeral_close() at once.
	 */
	void (*kill_session)(void *arg, uint64_t session);
	/*
	 * The end of a session has moved: ephemeral_session_end() has the new one
	 * (in the past: end it now). After extend, and after revoke for sessions
	 * that last until the grant ends. Logins that are not finished are named, too.
	 */
	void (*move_session_end)(void *arg, uint64_t session);
	void *arg;
};

/*
 * Makes the socket and serves it from the loop. The directory is made (0755
 * for root, 0700 else) if need be; it must belong to root or to the listener
 * and be writable by nobody else. A socket left behind by a server that is
 * gone is replaced; ERR_EXISTS if one still listens on it. On ERR_DENIED,
 * ERR_EXISTS and ERR_SYSTEM the log has the reason. All pointers in config are
 * borrowed, save path and only_user, which are copied.
 */
enum err control_new(struct control **out, const struct control_config *config);

/* Somebody who has logged in and wants to register keys from where he is. */
struct control_remote {
	struct span user;
	uid_t uid;
	struct span key;		/* fingerprint of what he logged in with; empty: of nothing */
	struct span source;		/* his address */
};

/*
 * Makes him a client, whose messages come from *fd, which becomes the
 * caller's. ERR_DENIED if he may not, ERR_LIMIT, ERR_NOMEM, ERR_SYSTEM.
 */
enum err control_remote(struct control *c, const struct control_remote *who, int *fd);

/* Ends all clients and removes the socket, if it still is this one. NULL is fine. */
void control_free(struct control *c);

/* Puts the rules of a reloaded config in force. */
void control_set_rules(struct control *c, const struct control_rules *rules);

#endif
