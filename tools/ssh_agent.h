/* SPDX-License-Identifier: ISC */
/*
 * tools/ssh_agent.h - between the files of ssh-agent(1): one process with one
 * loop, a socket, clients, and at most one question to the user at a time.
 *
 * A client asks one thing after the other. While it waits for its answer
 * (the user is asked, or it guessed at the passphrase of a locked agent) the
 * others are served.
 */
#ifndef TOOLS_SSH_AGENT_H
#define TOOLS_SSH_AGENT_H

#include <limits.h>
#include <stdint.h>

#include "keys/agent.h"
#include "os/log.h"
#include "os/loop.h"

/* --- tools/ssh_agent_socket.c: where the agent listens --- */

struct agent_socket {
	int fd;
	char path[PATH_MAX];		/* as it is told */
	char absolute[PATH_MAX];	/* for when the working directory is another one */
	char directory[PATH_MAX];	/* made for it, to be removed with it; "": none */
	bool is_given;			/* by a service manager, whose it is */
};

/* Where to listen. */
struct agent_place {
	const char *path;		/* -a; NULL: one of its own choice */
	bool in_tmp;			/* -T */
	bool keep_stale;		/* -U */
};

/*
 * Takes the socket that a service manager hands over, if it does; else *taken
 * is false. ERR_FORMAT (told) if what it hands over is not one listening socket.
 */
enum err agent_socket_take(struct agent_socket *s, const struct log *log, bool *taken);

/* Makes the socket. What fails is told: ERR_SYSTEM. */
enum err agent_socket_make(struct agent_socket *s, const struct agent_place *place,
    const struct log *log);

/* Removes the socket, and the directory that was made for it. */
void agent_socket_remove(const struct agent_socket *s);

/* Removes sockets in ~/.ssh/agent that nobody listens on: of agents on this host, or any. */
void agent_socket_clean(bool any_host, const struct log *log);

/* --- tools/ssh_agent_client.c --- */

/* More wait in the socket's queue. */
#define AGENT_MAX_CLIENTS	1000

struct agent_program;
struct client;

/* Takes a client in; the descriptor is the client's then, not on error. ERR_NOMEM, ERR_SYSTEM. */
enum err agent_client_new(struct agent_program *p, int fd);

/* Lets all of them go. */
void agent_clients_free(struct agent_program *p);

/* The user has answered a client's question. NULL: whoever waits may ask theirs. */
void agent_answered(struct agent_program *p, struct client *c, bool agrees);

/* Whether a client has closed its connection. */
bool agent_client_is_gone(const struct client *c);

/* --- tools/ssh_agent_serve.c --- */

struct question {
	pid_t pid;			/* of the process that asks; 0: none */
	struct client *client;		/* who wants to know; NULL: has gone */
	struct timer *look;		/* now and then whether he has */
};

struct agent_program {
	struct log log;
	struct loop *loop;
	struct agent *agent;
	struct agent_socket socket;
	struct watch *listener;
	struct timer *pause;		/* the listener's, when there are no descriptors left */
	struct timer *expiry;
	struct client *clients;
	unsigned n_clients;
	struct question question;
	uint64_t files;			/* the limit of open files that others get */
	pid_t parent;			/* ends with it; 0: does not */
	bool ignores_interrupt;		/* in the background */
};

/*
 * Serves until a signal says to end; the socket is gone then. Returns the
 * exit status.
 */
int agent_serve(struct agent_program *p);

/* --- tools/ssh_agent_ask.c --- */

/* Asks the user on behalf of a client; agent_answered() is called later. ERR_SYSTEM, ERR_NOTFOUND: nobody to ask. */
enum err agent_ask(struct agent_program *p, struct client *c, const char *text);

/* The client does not want to know any more. */
void agent_ask_abort(struct agent_program *p);

/* A child has ended: to be called on SIGCHLD. */
void agent_ask_reap(struct agent_program *p);

#endif
