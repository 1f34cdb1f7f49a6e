/* SPDX-License-Identifier: ISC */
/*
 * ssh/session.h - the session channel (RFC 4254 6) and the user's terminal.
 *
 * session   the one channel that standard input and output belong to: a
 *           shell, a command, a subsystem, or the far end of -W. There may be
 *           none (-N).
 */
#ifndef SSH_SESSION_H
#define SSH_SESSION_H

#include "os/tty.h"
#include "ssh/escape.h"
#include "ssh/ssh.h"

/* Requests of ours that the server has not answered yet, oldest first. */
enum session_asked { ASKED_NOTHING, ASKED_AGENT, ASKED_PTY, ASKED_START };

#define SESSION_ASKED_MAX	4

struct session {
	struct channel_id id;
	bool is_there;			/* there is or will be a channel */
	bool is_stdio_forward;		/* -W */
	bool is_gone;			/* the channel is closed and all was written */
	bool wants_pty;
	bool has_pty;
	bool has_escapes;
	int fd[3];			/* ours until they are attached; then -1 */
	enum session_asked asked[SESSION_ASKED_MAX];
	size_t n_asked;
	int status;			/* of the command; -1: not known */
	struct tty tty;
	struct escape escape;
	struct timer *escape_due;	/* does what an escape asks for */
	int died_of;			/* signal that ends us; 0: none */
};

/* Takes an event of the session's channel. False if it is none of it. */
bool session_event(struct ssh *s, const struct event *ev);

/* All that came for the channel has been written. */
void session_detached(struct ssh *s);

/* Whether the session, if there is to be one at all, has come to its end. */
bool session_is_over(const struct ssh *s);

/* The exit code that the session's end means. */
int session_exit_code(const struct ssh *s);

/* Whether standard input is a terminal that belongs to the session. */
bool session_has_terminal(const struct ssh *s);

/* Puts the terminal in order. */
void session_restore(struct session *se);

/* Restores, closes, frees. NULL is fine. */
void session_free(struct session *se);

/* --- session_open.c --- */

/*
 * After authentication: opens the channel that this run is for, goes into the
 * background if wanted. What cannot be done is told, and we leave.
 */
void session_start(struct ssh *s);

/* -f: once all is set up; with ExitOnForwardFailure when the server has said it listens. */
void session_background_if_due(struct ssh *s);

/* Goes into the background for good: a child goes on, this process ends. */
void session_daemonize(struct ssh *s);

/* --- session_start.c --- */

/* Sends what makes the session: terminal, environment, command. */
void session_request(struct ssh *s);

/* --- session_escape.c --- */

/* Begins to look for escapes in what is typed. ERR_NOMEM. */
enum err session_watch_escapes(struct ssh *s);

#endif
