/* SPDX-License-Identifier: ISC */
/*
 * sshd/session_forward.h - forwarded connections, made with the user's rights.
 *
 * attempt   a connection that is being made for the client (direct-tcpip,
 *           direct-streamlocal@openssh.com)
 * listener  a socket that listens for the client (tcpip-forward,
 *           streamlocal-forward@openssh.com); each connection that comes is
 *           offered to the client as a channel
 *
 * Sockets are handed to wire as soon as they are connected.
 */
#ifndef SSHD_SESSION_FORWARD_H
#define SSHD_SESSION_FORWARD_H

#include "sshd/session_i.h"

/* Listening addresses of one connection. */
#define FORWARD_LISTENERS	128

/* Connections that are being made for one client at the same time. */
#define FORWARD_ATTEMPTS	LIMIT_PENDING_OPENS

#define FORWARD_BACKLOG		128

struct attempt;

/* What its connections are to the client. */
enum listener_kind { LISTENER_TCP, LISTENER_NAME, LISTENER_PATH, LISTENER_AGENT, LISTENER_X11 };

struct forward_listener {
	struct forward_listener *next;
	struct session *session;
	enum listener_kind kind;
	char *address;			/* as the client asked; the path of a Unix socket */
	char *folder;			/* made for the socket, and removed with it; NULL: none */
	uint32_t asked_port;		/* as the client asked: 0 if we chose */
	uint32_t port;
	bool is_single;			/* X11: one connection and no more */
	bool is_iana;			/* agent: the client knows the channel by its registered name */
	int fd;
	struct watch *watch;
	struct timer *rest;
	msec refused_since;		/* the time in which so many were refused */
	unsigned n_refused;
};

/* Refuses an open, and logs it. */
void forward_refuse(struct session *s, uint32_t channel, enum open_failure code,
    const char *text);

/* Logs what became of a global request, and answers it if that is wanted. */
void forward_answer(struct session *s, uint32_t id, bool want_reply, struct span request,
    enum err e, struct span reply);

/* --- session_takeover.c --- */

/*
 * The port that a tcpip-forward asks for is in use: has older connections of
 * this account and key give it up, and answers when they have, or have not.
 * False: answer it yourself.
 */
bool takeover_start(struct session *s, const struct msg_to_session_global *m);

/* A newer connection of this account and key wants the port (of this name; empty: of an address). */
void takeover_release(struct session *s, uint32_t port, struct span name);

/* --- session_connect.c --- */

/* direct-tcpip. */
void connect_tcp(struct session *s, uint32_t channel, struct span body);

/* direct-streamlocal@openssh.com. */
void connect_stream_local(struct session *s, uint32_t channel, struct span body);

/* The client has given up on the channel; false: it is none that is being made. */
bool connect_cancel(struct session *s, uint32_t channel);

/* --- session_listener.c --- */

/*
 * Takes a listening socket into service; it is closed on error, and the new
 * listener's from then on. ERR_NOMEM, ERR_LIMIT, ERR_SYSTEM.
 */
enum err listener_add(struct session *s, int fd, struct span address, enum listener_kind kind,
    struct forward_listener **out);

/* Closes it, and removes what it has left in the file system. */
void listener_free(struct forward_listener *l);

/* Does so with all. */
void listen_end(struct session *s);

/* --- session_listen.c --- */

/*
 * tcpip-forward: listens as GatewayPorts says. *port is the one in use.
 * ERR_DENIED, ERR_EXISTS, ERR_LIMIT, ERR_SYSTEM, ERR_FORMAT.
 */
enum err listen_tcp(struct session *s, struct span body, uint32_t *port);

/* Whether this address of a tcpip-forward is a name (session_name.h), as the config has it. */
bool listen_is_name(const struct session *s, struct span address);

/* cancel-tcpip-forward. ERR_NOTFOUND, ERR_FORMAT. */
enum err listen_tcp_cancel(struct session *s, struct span body);

/* streamlocal-forward@openssh.com. Errors as listen_tcp(). */
enum err listen_stream_local(struct session *s, struct span body);

/* cancel-streamlocal-forward@openssh.com. ERR_NOTFOUND, ERR_FORMAT. */
enum err listen_stream_local_cancel(struct session *s, struct span body);

#endif
