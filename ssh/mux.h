/* SPDX-License-Identifier: ISC */
/*
 * ssh/mux.h - several ssh processes that share one connection
 * (ControlMaster, ControlPath, ControlPersist, -O). The messages are in
 * channels/mux.h; OpenSSH's ssh may be either side.
 *
 * master    the process that has the connection, and listens on ControlPath
 * client    a process that borrows it: it hands its standard descriptors
 *           over, keeps the terminal in raw mode, and waits for the end
 * proxy     a client (-O proxy) that speaks the connection layer of SSH itself:
 *           conn/ without keys on either side of the socket
 *
 * mux_listen.c is the master's socket and its life, mux_master.c its clients,
 * mux_request.c what they ask for, mux_proxy.c what becomes of those in proxy
 * mode; mux_client.c is the other side.
 */
#ifndef SSH_MUX_H
#define SSH_MUX_H

#include "ssh/session.h"

/* --- the client (mux_client.c) --- */

/*
 * Lets a running master do what this run is for, if there is one at
 * ControlPath: ERR_OK, and *code is the exit code. ERR_NOTFOUND: there is none
 * that would, so a connection of our own is needed (with -O proxy: by way of
 * s->master_fd); what has to be known about it was told.
 */
enum err mux_client_run(struct ssh *s, int *code);

/* --- the master --- */

/* After login: begins to listen if this is to be a master. What is wrong is told. */
void mux_listen(struct ssh *s);

/* Whether this process will stay in the background for others (ControlPersist). */
bool mux_will_persist(const struct ssh *s);

/*
 * Goes into the background if that is due: this process goes on as the master,
 * while its parent becomes a client of it. False if there is nothing to do.
 */
bool mux_persist_if_due(struct ssh *s);

/* There is no channel any more: ControlPersist counts from now. */
void mux_idle(struct ssh *s);

/* Takes an event of a client's session. False if it is none of it. */
bool mux_event(struct ssh *s, const struct event *ev);

/* Takes an event of a channel of a client in proxy mode, or of one that is for it. False if it is none of it. */
bool mux_proxy_event(struct ssh *s, const struct event *ev);

/* As mux_detached(), for clients in proxy mode. */
bool mux_proxy_detached(struct ssh *s, struct channel_id id);

/* All that came for a channel has been written. False if it is none of a client's. */
bool mux_detached(struct ssh *s, struct channel_id id);

/* Terminals of clients may have another size. */
void mux_tell_sizes(struct ssh *s);

/* Writes the clients' sessions, a line each. */
void mux_list(const struct ssh *s, struct writer *w);

/* Closes all and frees, removes the socket. NULL is fine. */
void mux_free(struct mux *m);

/* --- sessions of clients, for session*.c --- */

/* The server has opened the session. */
void mux_session_opened(struct session *se);

/* The server has refused it, for the reason that it gives. */
void mux_session_refused(struct session *se, struct span why);

/* The server has no terminal for it. */
void mux_session_no_tty(struct session *se);

/* Its command has ended; the status is known. */
void mux_session_exited(struct session *se);

/* Its user has had enough (~.): the client is sent away at once. */
void mux_session_abandoned(struct session *se);

#endif
