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
 * The table and its session numbers are the listener's: it calls
 * ephemeral_use() for its guards, and names its connections by numbers of its
 * own in ephemeral_session_open() and ephemeral_session_close().
 */
#ifndef SSHD_CONTROL_H
#define SSHD_CONTROL_H

#include <sys/types.h>

#include "auth/ephemeral.h"
#include "os/log.h"
#include "os/loop.h"

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
 */
struct control_registrar {
	char *name;
	char *users;			/* NULL: only itself */
	msec max_ttl;			/* 0: as the table allows */
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

/* --- where the socket is --- */

/*
 * Writes the path of the socket into buf: configured, if that is set ("none":
 * no socket, ERR_NOTFOUND); for root /run/dayfly/ephemeral.sock; else
 * runtime_dir/dayfly/ephemeral.sock (runtime_dir: XDG_RUNTIME_DIR or NULL);
 * else beside pid_file (NULL: none), "ephemeral.sock" in its directory.
 * ERR_NOTFOUND if nothing applies, ERR_RANGE if it is too long for a socket.
 */
enum err control_socket_path(const char *configured, uid_t uid, const char *runtime_dir,
    const char *pid_file, char *buf, size_t size);

/* --- the server --- */

struct control_config {
	struct loop *loop;
	const struct log *log;
	struct ephemeral *table;
	const char *path;		/* of the socket */
	const char *passwd_file;	/* to know users and registrars by name */
	const char *key_algs;		/* comma list: signature algorithms users may use */
	unsigned required_rsa_bits;
	const struct control_policy *policy;
	uid_t uid;			/* the listener's own */
	const char *only_user;		/* not root: the one account that can log in */
	/* Ends a session of the listener's by its number (revoke --kill). */
	void (*kill_session)(void *arg, uint64_t session);
	void *arg;
};

/*
 * Makes the socket and serves it from the loop. The directory is made (0755
 * for root, 0700 else) if need be; it must belong to root or to the listener
 * and be writable by nobody else. A socket left behind by a server that is
 * gone is replaced; ERR_EXISTS if one still listens on it. On ERR_DENIED,
 * ERR_EXISTS and ERR_SYSTEM the log has the reason. All of config is copied,
 * save the loop, log, table and policy, which are borrowed.
 */
enum err control_new(struct control **out, const struct control_config *config);

/* Ends all clients and removes the socket, if it still is this one. NULL is fine. */
void control_free(struct control *c);

/*
 * After a reload: other policy (borrowed), algorithms, RSA size. ERR_NOMEM
 * leaves what was.
 */
enum err control_reconfigure(struct control *c, const struct control_policy *policy,
    const char *key_algs, unsigned required_rsa_bits);

/*
 * Writes the table's pending events to the log, one line each. The control
 * socket does so after each request; the listener after each use for a guard
 * and after ephemeral_tick().
 */
void control_log_events(struct ephemeral *table, const struct log *log);

#endif
