/* SPDX-License-Identifier: ISC */
/*
 * os/pump.h - moves bytes between a connection's socket, its struct conn, and
 * the descriptors that its channels are bound to. The I/O side of sshd's wire
 * and of ssh.
 *
 * attach   binds a channel to descriptors; from then on its data, EOF and
 *          window events are the pump's business
 * source   a descriptor that is read; what comes is sent on the channel
 * sink     a descriptor that the peer's data is written to
 *
 * Data goes from a source straight into the packet it is sent in, and from
 * the input ring straight to a sink. What a sink does not take waits in a
 * backlog, which the channel's receive window bounds; a source is not read
 * while the peer or the socket takes nothing. One stalled channel costs the
 * others nothing, busy ones take turns.
 *
 * A channel that is not attached yet is held: what comes for it waits for
 * pump_attach(), unless pump_set_manual() says that the program takes it.
 *
 * Everything else goes to the program as events. The program may call any
 * conn_*() and pump_*() from anywhere in its loop except pump_free() from
 * within a callback of the pump; after conn_*() calls outside of callbacks it
 * calls pump_kick(). The pump sends at the end of the same turn of the loop.
 *
 * The pump owns the socket and the attached descriptors, not the conn. It
 * needs SIGPIPE ignored. In the running phase it makes these system calls:
 * read, write, writev, recvmsg, sendmsg, close, shutdown, and the loop's.
 */
#ifndef OS_PUMP_H
#define OS_PUMP_H

#include "conn/conn.h"
#include "os/loop.h"

struct pump;

/* What the program is told; none may be NULL. */
struct pump_calls {
	/*
	 * Every event but DATA, EOF, WINDOW and eow@openssh.com of channels
	 * that are not manual. ev->tag is what pump_set_tag() was given.
	 */
	void (*on_event)(void *arg, struct event *ev);
	/*
	 * After EV_CHANNEL_CLOSED or on_end(): all that came for an attached
	 * channel has been written (or could not), its descriptors are closed.
	 */
	void (*on_detached)(void *arg, struct channel_id id);
	/*
	 * The connection is over: ERR_OK after pump_disconnect(), ERR_CLOSED
	 * if the peer closed the socket, ERR_SYSTEM if it failed (errno), else
	 * the event's error; what could be sent has been. Comes once; then
	 * only on_detached() follows.
	 */
	void (*on_end)(void *arg, enum err why);
	void *arg;
};

/*
 * Starts pumping. Takes the two descriptors of the socket (the same number
 * twice for a socket; two for a ProxyCommand's pipes), which must be
 * non-blocking. conn is borrowed until pump_free(). ERR_NOMEM, ERR_SYSTEM;
 * the descriptors stay the caller's then.
 */
enum err pump_new(struct pump **out, struct loop *loop, int read_fd, int write_fd,
    struct conn *conn, const struct pump_calls *calls);

/* Closes socket and attached descriptors, without a word to anyone. NULL is fine. */
void pump_free(struct pump *p);

/* Says that the conn has been used outside of a callback: send what is due. */
void pump_kick(struct pump *p);

/* Sends DISCONNECT (RFC 4253 11.1) with a static text; on_end() follows. */
void pump_disconnect(struct pump *p, uint32_t reason, const char *text);

#define PUMP_PTY	1u	/* pty master: no half-close; hung up at once when the channel is gone */
#define PUMP_SOCKET	2u	/* half-closed by shutdown(2), channel closed when both ways have ended */
#define PUMP_EXITS	8u	/* a program whose end pump_finish() tells: EOF waits for it a little */
#define PUMP_DATAGRAM	16u	/* a socket of messages: each travels whole in a packet of its own, or is lost */
#define PUMP_SHUT	32u	/* a shared socket: shutdown(2) when all is written, as closing it here says nothing */
#define PUMP_SHARED	4u	/* other processes use the open files too: they are not made non-blocking */

/*
 * Descriptors of a channel; -1: none. All differ, except that source and sink
 * of STREAM_DATA may be the same.
 */
struct pump_ends {
	int sink[2];		/* by stream: where the peer's data goes */
	int source[2];		/* by stream: what is sent to the peer */
	unsigned flags;
};

/*
 * Binds a channel to descriptors, which are the pump's from now on, also on
 * error. They must be non-blocking unless PUMP_SHARED. A stream without a
 * sink is dropped. With source -1 twice nothing is sent and no EOF either:
 * the program sends. ERR_NOMEM, ERR_SYSTEM, ERR_EXISTS if it is attached
 * already; ERR_NOTFOUND for a channel that is gone, which is no mistake.
 */
enum err pump_attach(struct pump *p, struct channel_id id, const struct pump_ends *ends);

/*
 * Says that the program takes DATA, EOF and WINDOW events of this channel and
 * calls conn_channel_consumed() and the like itself; nothing is held for it
 * then. ERR_NOMEM; ERR_NOTFOUND for a channel that is gone.
 */
enum err pump_set_manual(struct pump *p, struct channel_id id);

/*
 * Lets fn see (and change in place) what was read from the source of an
 * attached channel before it is sent: n bytes at buf, at most cap may come
 * out; returns how many. cap is n + PUMP_FILTER_EXTRA or more. The source is
 * read also while the channel takes nothing (as far as 64 KiB), so that a
 * user can always be heard; fn may call all that a callback may.
 */
void pump_set_filter(struct pump *p, struct channel_id id,
    size_t (*fn)(void *arg, uint8_t *buf, size_t n, size_t cap), void *arg);

#define PUMP_FILTER_EXTRA	16

/*
 * Keeps what the filter gives, from this call on, until pump_release() or
 * until it is told not to; what is kept then goes with what comes next. For
 * ssh, whose keys leave at times that do not tell when they were typed.
 */
void pump_hold(struct pump *p, struct channel_id id, bool hold);

/* Sends what is kept, outside of callbacks. False if there is nothing. */
bool pump_release(struct pump *p, struct channel_id id);

/* Makes the pump act as if the source had come to its end (EOF is sent). */
void pump_end_source(struct pump *p, struct channel_id id);

/*
 * Stops (and later resumes) reading the sources of an attached channel: for
 * ssh in the background, or asking the user something.
 */
void pump_pause(struct pump *p, struct channel_id id, bool paused);

/*
 * The channel's program has ended: what its sources hold now is sent, then
 * the request (asking for no answer), and when the sources come to their end
 * EOF and CLOSE. A pty is taken to be at its end then; of pipes another
 * process may still have the other end. No request (NULL): EOF and CLOSE
 * alone. ERR_NOMEM.
 */
enum err pump_finish(struct pump *p, struct channel_id id, const char *request,
    struct span body);

/*
 * What the program keeps with a channel: instead of conn_channel_set_tag().
 * ERR_NOMEM; ERR_NOTFOUND for a channel that is gone.
 */
enum err pump_set_tag(struct pump *p, struct channel_id id, void *tag);

/* The tag; NULL if there is none. */
void *pump_tag(const struct pump *p, struct channel_id id);

/* When data last went either way on a channel; 0: never, or no such channel. */
msec pump_active_at(const struct pump *p, struct channel_id id);

/* Bytes that wait for sinks, of all channels, those that are closed too. */
size_t pump_backlog(const struct pump *p);

/* When bytes of the peer came last (when the pump began, if none have come). */
msec pump_last_read(const struct pump *p);

/* Whether on_end() has been called. */
bool pump_has_ended(const struct pump *p);

#endif
