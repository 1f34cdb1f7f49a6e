/* SPDX-License-Identifier: ISC */
/*
 * ssh/mux_i.h - the insides of multiplexing, for ssh/mux*.c only.
 */
#ifndef SSH_MUX_I_H
#define SSH_MUX_I_H

#include "channels/mux.h"
#include "ssh/forward.h"
#include "ssh/mux.h"

/* Processes that borrow one connection at a time; each costs a few descriptors. */
#define MUX_CLIENTS_MAX		1024

/* Descriptors that a request may bring. */
#define MUX_FDS_MAX		3

/* What waits for a client that does not read; it is sent away above. */
#define MUX_OUT_MAX		(1024 * 1024)

/* One process that borrows the connection. */
struct mux_client {
	struct ssh *s;
	struct mux_client *next;
	uint32_t number;		/* for answers that come late */
	int fd;
	struct watch *watch;
	struct writer in;		/* received, not used yet */
	struct writer out;		/* to be sent */
	int fds[MUX_FDS_MAX];		/* received, not used yet */
	size_t n_fds;
	bool said_hello;
	bool is_ending;			/* closed when all is sent */
	struct session *session;	/* NULL: it has none */
	uint32_t request;		/* that the session was asked for by */
	bool is_answered;		/* the request */
};

struct mux_proxy;

struct mux {
	struct ssh *s;
	char *path;			/* of the socket; NULL: not listening */
	int fd;				/* listening; -1: not */
	struct watch *watch;
	struct mux_client *clients;
	struct mux_proxy *proxies;	/* clients that speak SSH themselves */
	struct session **sessions;	/* of clients, also of those that have gone */
	size_t n_sessions;
	uint32_t last_number;
	struct timer *persist;
	bool is_stopped;		/* by -O stop */
};

/* --- mux_listen.c --- */

/* Listens no more. */
void mux_stop(struct ssh *s);

/* The path of ControlPath, expanded and malloc'ed; NULL if there is to be none. */
enum err mux_path(const struct ssh *s, char **out);

/* --- mux_master.c --- */

/* Takes a connection of a client. Owns fd, also on error. */
void mux_client_new(struct ssh *s, int fd);

/* Ends one: its session, if there is one, ends too. */
void mux_client_free(struct mux_client *c);

/* The client with that number; NULL: it has gone. */
struct mux_client *mux_client_find(const struct ssh *s, uint32_t number);

/* Sends what has been put into c->out, framed by mux_begin() and mux_end(). */
void mux_client_flush(struct mux_client *c);

/* Begins a packet; returns the mark for wr_close(). */
size_t mux_begin(struct mux_client *c);

/* Ends the packet and sends it. */
void mux_end(struct mux_client *c, size_t mark);

/* Makes a session of the client's, kept until its channel is gone. ERR_NOMEM, ERR_LIMIT. */
enum err mux_session_new(struct mux_client *c, uint32_t request, struct session **out);

/* Forgets a session of a client. */
void mux_session_drop(struct session *se);

/* --- mux_proxy.c --- */

/*
 * Takes the socket of a client that has asked for proxy mode; the answer has
 * been sent. Owns fd, also on error. ERR_NOMEM, ERR_SYSTEM.
 */
enum err mux_proxy_new(struct ssh *s, int fd, uint32_t number);

/* Ends all; they are closed without a word. */
void mux_proxies_free(struct mux *m);

/* Writes their channels, a line each. */
void mux_proxies_list(const struct mux *m, struct writer *w);

/* --- mux_request.c --- */

/* Does what a packet asks for; its descriptors are there. Any error ends the client. */
enum err mux_request(struct mux_client *c, enum mux_type type, struct span body);

/* How many descriptors come behind a packet of a type. */
size_t mux_fds_of(enum mux_type type);

/* --- mux_wire.c: the client's side of the socket; all wait --- */

struct mux_wire {
	int fd;
	struct writer in;
	size_t used;			/* of in: the last packet */
	msec until;			/* when to give up; MSEC_NEVER: not */
};

/* Sends a packet that was written with wr_open() and wr_close(). ERR_SYSTEM, ERR_TIMEOUT. */
enum err mux_wire_send(struct mux_wire *w, struct span packet);

/* Sends a descriptor. ERR_SYSTEM. */
enum err mux_wire_send_fd(struct mux_wire *w, int fd);

/*
 * Waits for the next packet; body is valid until the next call. ERR_CLOSED,
 * ERR_SYSTEM, ERR_TIMEOUT, and those of mux_packet().
 */
enum err mux_wire_next(struct mux_wire *w, enum mux_type *type, struct span *body);

/* Sends a request that is nothing but its type, and waits for the answer. Errors as both. */
enum err mux_wire_ask(struct mux_wire *w, enum mux_type request, enum mux_type *type,
    struct span *body);

/*
 * The next packet if it has been received; reads once, without waiting.
 * ERR_AGAIN if there is none.
 */
enum err mux_wire_poll(struct mux_wire *w, enum mux_type *type, struct span *body);

/* Closes and frees. */
void mux_wire_close(struct mux_wire *w);

/* --- mux_client_session.c --- */

/* Opens a session (or -W) in the master and waits for its end. ERR_DENIED: it did not want to. */
enum err mux_client_session(struct ssh *s, struct mux_wire *w, int *code);

/* --- mux_client_command.c --- */

/* Does what -O says. ERR_DENIED and the like: it was told, the exit code is 255. */
enum err mux_client_command(struct ssh *s, struct mux_wire *w, const char *command, int *code);

/*
 * -O proxy: the socket is s->master_fd from then on, and carries the messages
 * of the connection layer. ERR_DENIED: it was told.
 */
enum err mux_client_proxy(struct ssh *s, struct mux_wire *w);

/* Asks for all forwardings of this run, or for their end. What is wrong is told. */
enum err mux_client_forwards(struct ssh *s, struct mux_wire *w, bool is_cancel);

/* The master's process id. ERR_DENIED and those of mux_wire_next(). */
enum err mux_client_alive(struct mux_wire *w, uint32_t *pid);

#endif
