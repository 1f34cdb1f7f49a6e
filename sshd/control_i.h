/* SPDX-License-Identifier: ISC */
/*
 * sshd/control_i.h - inside the control socket: its clients and what they may do.
 */
#ifndef SSHD_CONTROL_I_H
#define SSHD_CONTROL_I_H

#include <sys/stat.h>

#include "os/ipc.h"
#include "sshd/control.h"

/* Tools at once; and of one uid that is no owner's. */
#define CONTROL_CLIENTS		64
#define CONTROL_CLIENTS_PER_UID	8

/* A tool asks and goes; one that only holds on is let go. */
#define CONTROL_IDLE		((msec)60000)

struct control_client {
	struct control *control;
	struct control_client *prev, *next;
	struct ipc ipc;
	struct watch *watch;
	struct timer *idle;
	uid_t uid;
	bool is_owner;
	bool adds;			/* what is refused now is a registration */
	bool is_following;
	uint64_t seen;			/* events, as journal_next() counts them */
	char account[LIMIT_USER + 1];	/* or "uid N" */
	bool is_remote;
	char key[64];			/* of a remote one: its fingerprint, or empty */
	char name[LIMIT_USER + 66];	/* the registrar's: its account, and its key if it is remote */
};

struct control {
	struct control_config config;
	char *path;
	char *only_user;
	dev_t dev;			/* of the socket in the file system */
	ino_t ino;
	int fd;
	struct watch *watch;
	struct timer *rest;		/* accepting again after EMFILE */
	struct control_client *clients;
	uint8_t *buf;			/* LIMIT_IPC bytes, for one message */
};

/* Makes the directory and the listening socket at c->path. As control_new(). */
enum err control_listen(struct control *c);

/* Lets everybody reach the socket if there are registrars, else only its owner. */
void control_open_to_registrars(const struct control *c);

/* Removes the socket if it is still the one that was made. */
void control_unlink(const struct control *c);

/* Which registrar the client is; NULL: an owner, or none (then it gets no service). */
const struct control_registrar *control_registrar_of(const struct control_policy *policy,
    uid_t uid, const char *name);

/* The same for somebody who has logged in with this key (a fingerprint, or empty). */
const struct control_registrar *control_registrar_by_ssh(const struct control_policy *policy,
    uid_t uid, const char *name, const char *key);

/* Whether the registrar called name may register keys for user. */
bool control_may_register(const struct control_registrar *r, const char *name,
    struct span user);

/* Whether a pattern of EphemeralKeyUsers means user. */
bool control_user_is_meant(const struct words *users, struct span user);

/* The name of a uid in the passwd files, or "uid N", into name (size bytes). */
void control_name_of(const struct words *passwd_files, uid_t uid, char *name, size_t size);

/* Whether one of the passwd files has the user. */
bool control_user_exists(const struct words *passwd_files, struct span user);

/* The client's row of the policy, as that is now; NULL for owners, and for who has none any more. */
const struct control_registrar *control_row(const struct control_client *cl);

/* Whether this client may give keys to user, or have them last longer. */
bool control_may_give(const struct control_client *cl, struct span user);

/* The longest time this client may ask for. */
msec control_longest(const struct control_client *cl);

/* Sends a sentence; the request has done nothing. */
PRINTF(2, 3) enum err control_refuse(struct control_client *cl, const char *fmt, ...);

/* The same of control_may_give(). */
enum err control_refuse_user(struct control_client *cl, struct span user);

/* Sends a grant as it is now. */
enum err control_send_grant(struct control_client *cl, const struct ephemeral_grant *g);

/* Sends the end of what was asked for. */
enum err control_send_done(struct control_client *cl, uint32_t count, uint32_t killed);

struct msg_ctl_add;

/* Registers a key, or says why not. */
enum err control_add(struct control_client *cl, const struct msg_ctl_add *m);

/* Sends a client that follows what it has not seen, as far as it takes it. */
enum err control_send_events(struct control_client *cl);

/* Handles one message of a client. An error ends that client. */
enum err control_dispatch(struct control_client *cl, struct span message,
    struct ipc_fds *fds);

#endif
