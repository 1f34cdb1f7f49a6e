/* SPDX-License-Identifier: ISC */
/*
 * ssh/forward_i.h - the insides of forwarding, for ssh/forward*.c only:
 * forward.c has the state and the connections, forward_listen.c what listens
 * here, forward_remote.c what the server opens, forward_agent.c the agent,
 * forward_socks.c those that say themselves where they want to go.
 *
 * relay   one connection that is forwarded: a descriptor here, a channel
 */
#ifndef SSH_FORWARD_I_H
#define SSH_FORWARD_I_H

#include "channels/socks.h"
#include "os/dial.h"
#include "ssh/forward.h"

struct relay {
	struct ssh *s;
	struct relay *prev, *next;
	struct channel_id id;
	bool has_channel;
	bool is_attached;		/* fd is the pump's; ends with on_detached() */
	bool is_ours;			/* we opened the channel */
	bool is_opening;		/* the server has not answered yet */
	int fd;				/* -1: not connected yet, or the pump's */
	struct dial *dial;		/* connecting to the target */
	struct watch *watch;		/* reading what a SOCKS client asks for, an agent answers */
	struct socks socks;
	bool is_socks;			/* its socket waits for an answer */
	bool speaks_socks;		/* through the channel, before it is attached */
	bool is_x11;			/* waits for the client's setup, before it is attached */
	bool is_known;			/* that was as it should be */
	bool is_failed;			/* the channel is closed when the answer is sent */
	struct writer held;		/* of the client, not used yet; of an agent */
	struct writer reply;		/* to it, not sent yet */
	struct timer *retry;
	const char *type;		/* of the channel; static */
	char label[160];		/* for people */
};

struct listener {
	struct ssh *s;
	struct listener *next;
	struct forward what;		/* a copy */
	bool is_dynamic;
	int fd;
	struct watch *watch;
	struct timer *rest;		/* accepting again after EMFILE */
	char *path;			/* of a Unix socket, to be removed; else NULL */
};

/* What the server was asked to listen on. */
struct remote {
	struct ssh *s;
	struct remote *next;
	struct forward what;		/* a copy */
	uint16_t port;			/* that it listens on; 0: not known yet */
	bool is_up;
	bool is_cancelled;		/* gone as soon as the answer is there */
	forward_answered *answered;	/* NULL: of the config */
	void *arg;
};

struct forwards_state {
	struct listener *listeners;
	struct relay *relays;
	struct remote *remotes;
	unsigned n_opening;		/* channels that the server has not answered yet */
	unsigned n_pending;		/* remotes without an answer */
};

/* --- forward.c --- */

/* Makes a relay around fd, which is its own from now on, also on error. ERR_NOMEM. */
enum err relay_new(struct ssh *s, int fd, struct relay **out);

/* Ends it; its channel must be gone or attached elsewhere. */
void relay_free(struct relay *t);

/* Opens its channel of a type (static). False: it could not be; the relay is gone. */
bool relay_open(struct relay *t, const char *type, struct span body);

/* Binds channel and descriptor together. */
void relay_attach(struct relay *t);

/* Closes its channel, which was not attached: nothing is connected to it any more. */
void relay_give_up(struct relay *t);

/* --- forward_change.c --- */

/* A copy; to, zeroed at first, is for forward_clear() in any case. ERR_NOMEM. */
enum err forward_copy(const struct forward *from, struct forward *to);

/* --- forward_listen.c --- */

/* Listens as f says; paths are taken as they are. Errors have been told. */
enum err listen_start(struct ssh *s, const struct forward *f, bool is_dynamic);

/* Ends a listener. */
void listener_free(struct listener *l);

/* Listeners that had no descriptors left may try again. */
void listeners_wake(struct ssh *s);

/* Asks for the channel of a connection to where f says. */
void relay_open_to(struct relay *t, const struct forward *f, const struct endpoint *from);

/* --- forward_remote.c --- */

/*
 * Asks the server to listen as f says. answered (NULL: as the config wants it)
 * is told what becomes of it. ERR_NOMEM, ERR_LIMIT.
 */
enum err remote_start(struct ssh *s, const struct forward *f, forward_answered *answered,
    void *arg);

/* Tells the server to listen no more. */
void remote_stop(const struct remote *r);

/* Forgets one; its answer must have come. */
void remote_free(struct remote *r);

/* The server opens a channel: takes it if it is one that we asked for. */
bool remote_open(struct ssh *s, const struct event *ev);

/* Makes the relay of a channel of a type (static) that the server asks for. NULL: refused. */
struct relay *relay_of_server(struct ssh *s, struct channel_id id, const char *type);

/* The target of a channel that the server asked for is connected: it may begin. */
void relay_accept(struct relay *t, int fd);

/* --- forward_agent.c --- */

/* Takes a channel to the agent, if one is forwarded. */
void relay_open_agent(struct ssh *s, struct channel_id id);

/* --- forward_socks.c --- */

/* Reads from a socket of ours where it wants to go. */
void relay_take_socks(struct relay *t);

/* The server has opened (or refused) the channel that a SOCKS client waits for. */
void relay_answer_socks(struct relay *t, enum socks_outcome outcome);

/* Takes a channel of a type (static) whose client will say where it wants to go. */
void relay_open_socks(struct ssh *s, struct channel_id id, const char *type);

/* Takes data of such a channel until it is attached. False: it is none of it. */
bool relay_socks_event(struct relay *t, const struct event *ev);

#endif
