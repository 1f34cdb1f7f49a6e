/* SPDX-License-Identifier: ISC */
/*
 * tools/assist.h - between the files of ssh-ephemeral assist: a device behind
 * NAT lets a support engineer in through a relay, for a while.
 *
 * line     the reverse connection: ssh -N -R NAME:22:... with Reconnect, whose
 *          log (debug1) says what becomes of it. It has a pipe of its own (-E):
 *          what the relay says, a banner for one, comes by standard error, is for
 *          people, and cannot pass for it
 * server   the sshd that the engineer reaches: the device's own, asked through
 *          its control socket, or a throwaway one where there is none
 * code     good for one login; the next one is made when it was used
 *
 * All of it ends with this process: the line is killed with it, the codes and
 * their sessions end with the time at the latest, whatever happens to it.
 */
#ifndef TOOLS_ASSIST_H
#define TOOLS_ASSIST_H

#include "auth/code.h"
#include "os/loop.h"
#include "tools/ssh_ephemeral.h"
#include "tools/ssh_ephemeral_loopback.h"

/* Codes that one run makes at most. */
#define ASSIST_CODES	100

/* Sessions that are told apart. */
#define ASSIST_SESSIONS	32

/* A grant's id, with a NUL. */
#define ASSIST_ID	24

/* What a line of ssh's log says. */
enum assist_news {
	ASSIST_NOTHING,			/* nothing that matters here */
	ASSIST_WORDS,			/* something for people */
	ASSIST_FINGERPRINT,		/* value: of the relay's host key */
	ASSIST_READY,			/* the relay listens under our name */
	ASSIST_LOST,			/* the line was lost, and will be made again */
	ASSIST_CALLER,			/* value: the address of somebody who connects */
};

/* What an event of the server says. */
enum assist_event {
	ASSIST_EV_OTHER,
	ASSIST_EV_USED, ASSIST_EV_GUESSED, ASSIST_EV_LOCKED, ASSIST_EV_REVOKED,
	ASSIST_EV_STARTED, ASSIST_EV_ENDED,
};

/* Lines that ssh writes into a pipe. */
struct assist_stream {
	struct assist *assist;
	int fd;				/* -1: none, or at its end */
	struct watch *watch;
	struct writer pending;		/* of a line that is not whole yet */
	bool is_log;
};

struct assist {
	struct loop *loop;

	/* The command line. */
	struct eph_where where;		/* the socket, and options for ssh */
	const char *relay;		/* [USER@]HOST[:PORT] */
	char device[64];
	const char *user;		/* whom the engineer logs in as */
	const char *from;		/* NULL: from everywhere */
	const char *to;			/* HOST:PORT of the device's own sshd; NULL: 127.0.0.1:22 */
	const char *options;		/* as in authorized_keys; NULL: none */
	const char *sshd;		/* for a throwaway one; NULL: the installed one */
	uint64_t ttl;
	uint32_t port;			/* on the relay, beside the name; 0: none */
	bool json;
	bool is_throwaway;

	/* The server. */
	struct loopback lb;
	char target[300];
	struct eph_client events;
	struct watch *events_watch;

	/* The line. */
	pid_t ssh;			/* 0: not running */
	struct assist_stream log;
	struct assist_stream said;	/* its standard error */
	bool is_ready, was_ready;

	/* Codes; the last one is open, if is_code_open. */
	char ids[ASSIST_CODES][ASSIST_ID];
	size_t n_ids;
	char code[CODE_SIZE];
	bool is_code_open;
	uint64_t sessions[ASSIST_SESSIONS];
	size_t n_sessions;

	/* What is said. */
	char fingerprint[100];
	char caller[64];
	const char *state;
	msec end;
	struct timer *tick;
	bool is_tty;

	bool stop;
	int code_of_exit;
	int signo;			/* that ended this; 0: none */
	const char *reason;
};

/* --- assist_read.c: what programs say --- */

/* What a line of ssh's log says; *value is a part of it, or empty. */
enum assist_news assist_read_log(struct span line, const char *device, struct span *value);

/* The text of a field of an event's line; empty if there is none. */
struct span assist_field(struct span line, const char *name);

/* Which event it is. */
enum assist_event assist_read_event(struct span line);

/* --- assist_line.c --- */

/* Starts ssh. An exit status; on failure it has complained. */
int assist_line_start(struct assist *a);

/* Ends it, and waits for that. */
void assist_line_stop(struct assist *a);

/* SIGCHLD: takes note if it has ended. */
void assist_line_reap(struct assist *a);

/* --- assist_server.c --- */

/* Finds the device's own sshd, or starts a throwaway one. As above. */
int assist_server_start(struct assist *a);

/* Ends what was started, with the sessions, and takes the codes back. */
void assist_server_stop(struct assist *a);

/* Makes a code. As above. */
int assist_code_make(struct assist *a);

/* Connects to the server of this run. As eph_connect(). */
int assist_connect(const struct assist *a, struct eph_client *c);

/* --- assist_tell.c --- */

/* Another state has been reached: a line of JSON, or words. */
void assist_tell(struct assist *a, const char *state);

/* The countdown, on a terminal. */
void assist_tell_time(struct assist *a);

/* Writes what the engineer has to type. */
void assist_put_login(const struct assist *a, struct writer *w);

/* Everything ends now, for this reason and with this exit status. */
void assist_end(struct assist *a, int code, const char *reason);

#endif
