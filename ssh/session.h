/* SPDX-License-Identifier: ISC */
/*
 * ssh/session.h - session channels (RFC 4254 6) and the user's terminal.
 *
 * session    what standard input and output of a user belong to: a shell, a
 *            command, a subsystem, or the far end of -W. This run's own is
 *            s->session; there may be no channel (-N). Others belong to
 *            processes that borrow the connection (mux.h).
 * plan       what is asked of the server for it
 */
#ifndef SSH_SESSION_H
#define SSH_SESSION_H

#include "os/tty.h"
#include "ssh/escape.h"
#include "ssh/keystrokes.h"
#include "ssh/ssh.h"

/* Requests of ours that the server has not answered yet, oldest first. */
enum session_asked { ASKED_NOTHING, ASKED_AGENT, ASKED_X11, ASKED_PTY, ASKED_START };

#define SESSION_ASKED_MAX	6

struct session_plan {
	bool wants_pty;
	bool wants_agent;
	bool wants_x11;
	bool is_subsystem;
	char *term;
	char *command;			/* NULL: a shell */
	struct writer env;		/* "NAME=VALUE", a string each */
};

struct mux_client;

struct session {
	struct ssh *s;
	bool is_borrowed;		/* another process's: mux.h */
	struct mux_client *mux;		/* whose; NULL: it has gone, or it is our own */
	struct session_plan plan;
	struct channel_id id;
	bool is_there;			/* there is or will be a channel */
	bool is_open;			/* the server has opened it */
	bool is_stdio_forward;		/* -W */
	bool is_closed;			/* by the server; what came may wait to be written */
	bool is_gone;			/* the channel is closed and all was written */
	bool has_pty;
	bool has_escapes;
	bool is_closing;		/* told to end: ~. of one that borrows the connection */
	int fd[3];			/* ours until they are attached; then -1 */
	int tty_fd;			/* the terminal, for its size; -1: none */
	int error_fd;			/* where the user is told things; -1: nowhere */
	enum session_asked asked[SESSION_ASKED_MAX];
	size_t n_asked;
	int status;			/* of the command; -1: not known */
	struct tty tty;
	struct escape escape;
	struct timer *escape_due;	/* does what an escape asks for */
	struct keystrokes keystrokes;
	int died_of;			/* signal that ends us; 0: none */
};

/* Makes a session without a channel; the plan is empty. ERR_NOMEM. */
enum err session_new(struct ssh *s, struct session **out);

/* Takes an event of our own session's channel. False if it is none of it. */
bool session_event(struct ssh *s, const struct event *ev);

/* Takes an event of a session's channel, whoever's it is. False if it is none of it. */
bool session_take(struct session *se, const struct event *ev);

/* All that came for the channel has been written. */
void session_detached(struct session *se);

/* Whether our own session, if there is to be one at all, has come to its end. */
bool session_is_over(const struct ssh *s);

/* Whether our own session has ended, but not all that came for it is written. */
bool session_is_draining(const struct ssh *s);

/* The exit code that our own session's end means. */
int session_exit_code(const struct ssh *s);

/* Whether standard input is a terminal that belongs to our own session. */
bool session_has_terminal(const struct ssh *s);

/* The server was told, or tells us, another size of the terminal. */
void session_tell_size(struct session *se);

/* Tells the user something, on his standard error. */
void session_say(const struct session *se, const char *text);

/* Puts the terminal in order. NULL is fine. */
void session_restore(struct session *se);

/* Restores, closes, frees. NULL is fine. */
void session_free(struct session *se);

/* --- session_open.c --- */

/*
 * After authentication: opens the channel that this run is for, goes into the
 * background if wanted. What cannot be done is told, and we leave.
 */
void session_start(struct ssh *s);

/* Opens the channel of a session. */
enum err session_open(struct session *se);

/* Where -W goes: port MUX_PORT_PATH stands for a path. What is wrong is told. ERR_SYNTAX. */
enum err session_parse_stdio(const struct ssh *s, struct span *host, uint32_t *port);

/* Opens the channel of a stdio forward. */
enum err session_open_stdio(struct session *se, struct span host, uint32_t port);

/* -f: once all is set up; with ExitOnForwardFailure when the server has said it listens. */
void session_background_if_due(struct ssh *s);

/* Goes into the background for good: a child goes on, this process ends. */
void session_daemonize(struct ssh *s);

/* Gives up the terminal: a session of processes of its own, /dev/null in its place. */
void session_leave_terminal(struct ssh *s);

/* The same for a child that goes on with the connection and its loop. */
void session_detach_process(struct ssh *s);

/* Runs a command of the user's here and waits; what waitpid(2) says, or -1. */
int session_run_local(struct ssh *s, const char *command);

/* Whether a terminal is wanted at the other end; says so if there is none here. */
bool session_wants_pty(struct ssh *s);

/* --- session_start.c --- */

/* What the command line and the config want of a session. ERR_NOMEM. */
enum err session_plan_make(struct ssh *s, struct session_plan *plan);

/* Frees. */
void session_plan_free(struct session_plan *plan);

/* Sends what makes the session: agent, X11, terminal, environment, command. */
void session_request(struct session *se);

/* --- session_escape.c --- */

/* Begins to look at what is typed: for escapes, if there are any, and when. ERR_NOMEM. */
enum err session_watch_typing(struct session *se);

/* --- session_commandline.c --- */

/* "~C": asks for a line and does what it says (EnableEscapeCommandline). */
void session_commandline(struct session *se);

#endif
