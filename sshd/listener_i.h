/* SPDX-License-Identifier: ISC */
/*
 * sshd/listener_i.h - inside the listener.
 */
#ifndef SSHD_LISTENER_I_H
#define SSHD_LISTENER_I_H

#include "auth/ephemeral.h"
#include "os/ipc.h"
#include "os/loop.h"
#include "os/net.h"
#include "sshd/control.h"
#include "sshd/listener.h"
#include "sshd/messages.h"
#include "sshd/penalties.h"
#include "sshd/pool.h"

/* Listening sockets of one server. */
#define LISTEN_MAX	64

struct listen_socket {
	struct listener *listener;
	struct endpoint at;
	int fd;
	struct watch *watch;
};

/* Uses of grants that one login may hold: it has no more keys. */
#define HELD_MAX	MAY_KEYS

/* A use of a grant that a login holds, and later the session that it was consumed for. */
struct held {
	uint64_t number;		/* in the ephemeral table; never 0 */
	char grant[EPHEMERAL_ID_SIZE];
	char *user, *registrar;		/* for the journal: the table may forget the grant first */
};

/* One client, from accept(2) until both of its processes have been reaped. */
struct connection {
	struct connection *next;
	struct connection *next_leaving;
	struct listener *listener;
	pid_t guard, wire;		/* 0: reaped */
	bool is_leaving;		/* its guard is not talked to any more */
	struct ipc ipc;			/* to the guard */
	struct watch *watch;
	struct timer *kill;		/* what is left of it dies then */
	bool logged_in;
	bool has_owner;
	uint8_t owner[32];		/* a hash of account and keys */
	bool was_killed;		/* by us: no news when it is reaped */
	struct held held[HELD_MAX];
	size_t n_held;
	bool has_committed;		/* they are sessions */
	msec began;			/* when they did */
	const char *end_why;		/* NULL: not by force */
	bool is_stretching;		/* its guard works on a code */
	struct endpoint client;
};

/* Clients that were dropped: a line about them now and then. */
struct drops {
	uint64_t n;			/* since the last one */
	msec logged;
};

struct listener {
	struct listener_input *in;
	const struct log *log;
	struct loop *loop;
	struct pool pool;
	struct timer *refill;		/* fills the pool in the next turn */
	struct timer *ageing;		/* of the ephemeral table */
	struct timer *reopen;		/* accepting again after EMFILE */
	struct timer *sweep;		/* reaps whoever else has ended */
	bool will_sweep;
	struct listen_socket sockets[LISTEN_MAX];
	size_t n_sockets;
	struct connection *connections;
	struct connection *leaving;	/* of them, through next_leaving */
	size_t n_connections;
	size_t n_starting;		/* nobody logged in yet */
	uint64_t next_number;
	struct ephemeral *table;
	struct journal *journal;
	struct control_policy policy;
	struct control *control;
	char *only_user;		/* not root: whom it lets in */
	struct penalties_table *penalties;
	uint8_t secret[32];		/* what the delay of a refusal is derived from */
	struct drops dropped, evicted;	/* newcomers, and those who made room for them */
	msec trouble_logged;		/* when clients could not be taken in */
	bool one_only;			/* -d, -i: one connection, then the end */
	bool ends;
	int status;			/* exit status */
	uint8_t buf[LIMIT_IPC];		/* of messages received */
};

/* The config in force. */
static inline const struct sshd_config *
listener_config(const struct listener *l)
{
	return &l->in->loaded.config;
}

/* --- sockets --- */

/*
 * Opens what the config says and closes what it does not say any more; what
 * stays the same is not touched. ERR_SYSTEM if not one is open; the log says
 * which could not be opened, and why. was (NULL at start): how many failed.
 */
enum err listener_open_sockets(struct listener *l, size_t *failed);

/* Starts (or stops, for a moment) accepting on all of them. ERR_NOMEM, ERR_SYSTEM. */
enum err listener_accept(struct listener *l, bool accept);

/*
 * The system is out of descriptors, processes or memory: logs what could not be
 * done, once in some seconds, and rests. Clients wait in the backlog.
 */
void listener_rest(struct listener *l, const char *what, enum err why);

/* Closes all. */
void listener_close_sockets(struct listener *l);

/* --- connections --- */

/*
 * Takes a client in (the same descriptor twice for a socket), which is closed
 * here in any case: drops it by MaxStartups, or starts its guard.
 */
void listener_take(struct listener *l, int in, int out);

/* Ends a client that has not logged in, at once. */
void listener_evict(struct connection *c);

/*
 * Why a client is not taken in (may be in buf); NULL: he is. Somebody else
 * may have been ended for him.
 */
const char *listener_reason_to_drop(struct listener *l, const struct endpoint *client,
    const struct endpoint *server, char *buf, size_t size);

/* Says that a client was dropped, but not ten thousand times. */
void listener_log_drop(struct listener *l, struct drops *d, const struct endpoint *client,
    const struct endpoint *server, const char *why);

/*
 * SIGCHLD of this child (0: of unknown ones, now and then): reaps it, and what else may have
 * ended with it. Not by asking for any child: for that the kernel walks through all of them,
 * which with thousands of sessions was most of the price of a login.
 */
void listener_reap(struct listener *l, pid_t child);

/* Has every client's guard end it, and kills what is left soon after. */
void listener_end_all(struct listener *l);

/* Ends the client with this session number. */
void listener_kill_session(void *arg, uint64_t number);

/* Tells the guard of that session when it has to end now. */
void listener_move_session_end(void *arg, uint64_t number);

/* --- forwarded ports --- */

/* Keeps who has logged in; empty: nobody that a port could go over from. ERR_FORMAT. */
enum err listener_remember_owner(struct connection *c, struct span owner);

/* Has the other connections of the same owner let go of a forwarded port (listener_takeover.c). */
void listener_takeover(struct connection *by, const struct msg_from_guard_takeover *what);

/* --- the ephemeral table: listener_table.c, and what logins hold of it: listener_held.c --- */

/* Makes table and control socket, or puts a reloaded config into force. */
enum err listener_open_table(struct listener *l);

/* Ends what has ended, and sets the timer for what ends next. */
void listener_age_table(struct listener *l);

/* Frees both. */
void listener_close_table(struct listener *l);

/* Answers a guard; use: of a client that has proved to hold the key, for whom it takes a use. */
enum err listener_answer_grant(struct connection *c, const struct msg_from_guard_find *m, bool use);

/* The login has succeeded: consumes all that it holds, and says until when it may last. */
enum err listener_commit(struct connection *c, uint32_t id);

/*
 * Takes a use for a client who has proved to hold a key. What cannot be noted
 * is not taken, and UNKNOWN; the log says so.
 */
enum ephemeral_answer listener_hold(struct connection *c, const struct ephemeral_login *login,
    struct ephemeral_grant *g);

/* Consumes all uses that are held, or none: a NO is that of *g. */
enum ephemeral_answer listener_consume(struct connection *c, struct ephemeral_grant *g);

/* Gives back what the login holds of one grant. */
void listener_drop(struct connection *c, struct span grant);

/* The login has failed, or its guard is gone: gives back what was not consumed. */
void listener_give_back(struct connection *c);

/* When the session has to end by the word of all its grants; MSEC_NEVER: they do not say. */
msec listener_session_end(const struct connection *c);

/* The session is over: forgets it all. */
void listener_let_go(struct connection *c);

/* A guard asks whether its user may register keys from where he is. */
enum err listener_registrar(struct connection *c, const struct msg_from_guard_registrar *m);

/* Its session has been begun, was warned, has ended: for the journal, if a grant opened it. */
void listener_session_began(struct connection *c);
void listener_session_warned(struct connection *c, uint32_t seconds);
void listener_session_ended(struct connection *c);

/* A guard asks whether to stretch a code for its client. */
enum err listener_code(struct connection *c, uint32_t id, struct span address);

/* A guard's client has tried a key that nobody knows. ERR_SYNTAX. */
enum err listener_wrong_code(struct listener *l, struct span user, struct span address);

/* --- the rest --- */

/* Shows how many clients there are. */
void listener_show(const struct listener *l);

/* Tells the service manager (NOTIFY_SOCKET), if there is one. */
void listener_notify(const struct listener *l, const char *text);

#endif
