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

struct attempt;
struct forward_listener;

/* Refuses an open, and logs it. */
void forward_refuse(struct session *s, uint32_t channel, enum open_failure code,
    const char *text);

/* --- session_connect.c --- */

/* direct-tcpip. */
void connect_tcp(struct session *s, uint32_t channel, struct span body);

/* direct-streamlocal@openssh.com. */
void connect_stream_local(struct session *s, uint32_t channel, struct span body);

/* The client has given up on the channel; false: it is none that is being made. */
bool connect_cancel(struct session *s, uint32_t channel);

/* --- session_listen.c --- */

/*
 * tcpip-forward: listens as GatewayPorts says. *port is the one in use.
 * ERR_DENIED, ERR_EXISTS, ERR_LIMIT, ERR_SYSTEM, ERR_FORMAT.
 */
enum err listen_tcp(struct session *s, struct span body, uint32_t *port);

/* cancel-tcpip-forward. ERR_NOTFOUND, ERR_FORMAT. */
enum err listen_tcp_cancel(struct session *s, struct span body);

/* streamlocal-forward@openssh.com. Errors as listen_tcp(). */
enum err listen_stream_local(struct session *s, struct span body);

/* cancel-streamlocal-forward@openssh.com. ERR_NOTFOUND, ERR_FORMAT. */
enum err listen_stream_local_cancel(struct session *s, struct span body);

/* Removes what listening has left in the file system. */
void listen_end(struct session *s);

#endif
