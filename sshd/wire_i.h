/* SPDX-License-Identifier: ISC */
/*
 * sshd/wire_i.h - inside wire: wire.c has the process, wire_guard.c what it
 * talks with the guard, wire_session.c what with the session.
 */
#ifndef SSHD_WIRE_I_H
#define SSHD_WIRE_I_H

#include "config/config.h"
#include "conn/conn.h"
#include "crypto/random.h"
#include "os/ipc.h"
#include "os/log.h"
#include "os/loop.h"
#include "os/pump.h"
#include "sshd/messages.h"
#include "sshd/title.h"

/* Host keys that the setup may name. */
#define WIRE_HOST_KEYS	16

/* Terminals that are counted; MaxSessions is 10 where nobody says otherwise. */
#define WIRE_TTYS	64

struct wire {
	bool proof_asked;		/* of a code */
	struct title title;
	struct log log;			/* its lines go to the guard */
	struct loop *loop;
	uint32_t phase;
	struct ipc guard;
	struct watch *guard_watch;
	struct ipc session;
	struct watch *session_watch;
	struct writer setup;		/* the setup's message: conn_config points into it */
	struct conn_hostkey hostkeys[WIRE_HOST_KEYS];
	size_t n_hostkeys;
	struct random_stream random;
	struct conn *conn;
	struct pump *pump;
	int socket;			/* the pump's */
	int qos_interactive;		/* IPQoS; IP_QOS_NONE */
	int qos_bulk;
	struct channel_id ttys[WIRE_TTYS];	/* sessions with a terminal: we are interactive */
	size_t n_ttys;
	bool announce;			/* tell all host keys when somebody is logged in */
	struct msg_from_wire_ended end;	/* how it ended; what is said last */
	bool has_end;			/* end says so already */
	char end_text[2048];		/* that end.text points at */
	char last_words[256];		/* text of our DISCONNECT */

	/* ClientAliveInterval, UnusedConnectionTimeout; in msec, 0: none */
	msec alive_interval;
	uint32_t alive_count;
	uint32_t alive_sent;		/* without an answer */
	msec alive_asked;
	msec unused_timeout;
	msec unused_since;
	struct channel_timeouts timeouts;	/* ChannelTimeout */
	bool was_full;			/* of descriptors; logged */
	struct watched *watched;	/* channels, while there are timeouts */
	struct timer *watchdog;
	uint8_t buf[LIMIT_IPC];		/* of messages received */
};

/* Ends the process over a fault of ours or of a peer process: nothing can be said. */
NORETURN void wire_die(struct wire *w);

/* Notes how the connection ended, unless that is known already. */
void wire_ends(struct wire *w, enum wire_end what, uint32_t reason, struct span text);

/* Sends DISCONNECT with a copy of text and ends in order. */
void wire_disconnect(struct wire *w, uint32_t reason, struct span text);

/* --- wire_guard.c --- */

/* The ipc to the guard is ready. */
void wire_guard_ready(void *arg, unsigned events);

/* After a send: e is its result. Waits for the ipc to take more if need be. */
void wire_guard_sent(struct wire *w, enum err e);

/* An event of the transport or of authentication. */
void wire_on_early_event(struct wire *w, struct event *ev);

/* --- wire_session.c --- */

/* Begins to talk with the session. ERR_NOMEM, ERR_SYSTEM. */
enum err wire_session_open(struct wire *w, int fd);

/* Somebody is logged in. */
void wire_logged_in(struct wire *w);

/* The pump has closed a channel's descriptors. */
void wire_on_detached(void *arg, struct channel_id id);

/* An event of the connection layer. */
void wire_on_channel_event(struct wire *w, struct event *ev);

/* --- wire_watchdog.c --- */

/* Takes the list of ChannelTimeout from its message. ERR_NOMEM; ERR_FORMAT and the like. */
enum err wire_watchdog_timeouts(struct wire *w, struct span list);

/* Begins to watch for clients that are gone (ClientAliveInterval) or do nothing. */
void wire_watchdog_start(struct wire *w);

/* A channel of this type is there, or turns out to be of it ("session:shell"). */
void wire_watch_channel(struct wire *w, struct channel_id id, struct span type);

/* It is gone. */
void wire_unwatch_channel(struct wire *w, struct channel_id id);

#endif
