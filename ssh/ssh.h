/* SPDX-License-Identifier: ISC */
/*
 * ssh/ssh.h - the client: what its parts share.
 *
 * One process, one connection. Until the connection stands, things are done
 * one after the other and waited for (connect.c); from then on everything
 * happens in the loop, driven by the events of the connection (ssh.c), which
 * are handed to the part they belong to:
 *
 * hostkey.c    is this the host it should be?
 * login.c      authentication, method by method
 * session.c    the session channel, its terminal, its end
 * forward*.c   everything that is forwarded
 */
#ifndef SSH_SSH_H
#define SSH_SSH_H

#include "conn/conn.h"
#include "os/log.h"
#include "os/loop.h"
#include "os/names.h"
#include "os/net.h"
#include "os/pump.h"
#include "ssh/keystrokes.h"
#include "ssh/settings.h"

/* How the way to the server was found. */
struct route {
	int read_fd;
	int write_fd;
	int socket;			/* the pump's, for its options; -1: a proxy's */
	bool is_proxied;		/* the other end is a ProxyCommand */
	pid_t proxy;			/* its process; 0: none */
	struct endpoint peer;		/* not if it is proxied */
	char peer_text[64];		/* address in numbers, or "UNKNOWN" */
	uint16_t peer_port;
	msec give_up;			/* ConnectTimeout, on the boot clock; or MSEC_NEVER */
};

struct hostkeys;
struct login;
struct session;
struct forwards_state;
struct alive;
struct timeouts;
struct mux;
struct x11;
struct tun_link;

struct ssh {
	struct log log;
	struct options options;
	struct settings settings;
	const char *argv0;
	struct route route;
	struct loop *loop;
	struct names *names;
	struct conn *conn;
	struct pump *pump;
	struct timer *give_up;		/* of ConnectTimeout */
	struct hostkeys *hostkeys;
	struct login *login;
	struct session *session;
	struct forwards_state *forwards;
	struct alive *alive;
	struct keystrokes_path keystrokes_path;
	struct timeouts *timeouts;
	struct mux *mux;		/* those that borrow the connection */
	struct x11 *x11;
	struct tun_link *tunnel;
	char *peer_ident;		/* software of the server, made visible */
	struct kex_names kex;		/* in use */
	msec since;			/* when we were let in */
	const char *hostkey_algs;	/* in our order, for this host */
	char *hostkey_algs_own;
	struct timer *proof_timer;	/* the server's proof is due then */
	void (*proof_go_on)(struct ssh *s);
	bool is_open;			/* authenticated */
	bool is_leaving;		/* we have said that we go */
	bool is_lost;			/* the connection ended as it should not: Reconnect */
	bool was_open;			/* there was one before (Reconnect) */
	msec stood;			/* how long the last one was open */
	bool is_in_background;		/* a master that stays for others */
	bool mux_has_forwards;		/* the master we are a client of has ours already */
	int master_fd;			/* -O proxy: a master's socket is our way; -1: it is not */
	int exit_code;
};

/* Connects, does what there is to do, and ends. Returns the exit code. */
int ssh_run(struct ssh *s);

/*
 * Ends the run: says goodbye to the server if it is there, and lets the loop
 * end with this exit code. The first call counts.
 */
void ssh_leave(struct ssh *s, int exit_code);

/* Whether all is done: no session, no channel, nothing to wait for; leaves then. */
void ssh_leave_if_done(struct ssh *s);

/* What the user may see of bytes that came from the server; buf is 1024 bytes or so. */
const char *ssh_visible(char *buf, size_t size, struct span s);

/* --- connect.c --- */

/*
 * Finds the way to the server: names, addresses in turn, or a proxy. What went
 * wrong has been told.
 */
enum err connect_route(struct ssh *s);

/* Marks what is sent as interactive or as bulk (IPQoS). Nothing if it goes through a proxy. */
void route_set_class(const struct ssh *s, bool is_interactive);

/* Ends a proxy that is still there. */
void route_close(struct route *r);

/* --- proxy.c --- */

/* Starts ProxyCommand or what ProxyJump stands for, if one is set. ERR_NOTFOUND if none is. */
enum err proxy_start(struct ssh *s);

#endif
