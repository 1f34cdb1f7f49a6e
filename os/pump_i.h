/* SPDX-License-Identifier: ISC */
/*
 * os/pump_i.h - the insides of the pump, for os/pump*.c only: pump.c has the
 * socket and the events, pump_attach.c what the program calls about channels,
 * pump_channel.c the life of one, pump_source.c its sources, pump_io.c its
 * descriptors.
 */
#ifndef OS_PUMP_I_H
#define OS_PUMP_I_H

#include "base/limits.h"
#include "os/backlog.h"
#include "os/pump.h"

/* Output above which it is written at once and not at the end of the turn. */
#define PUMP_FLUSH_AT	(256u * 1024)

/* Bytes a source or the socket may bring in one turn. */
#define PUMP_TURN	(1024u * 1024)

/* A message that does not fit into so much room never fits. */
#define PUMP_MESSAGE_MOST	(16u * 1024)

/* What a filter may be ahead of the channel: its user can still be heard. */
#define PUMP_FILTERED	(64u * 1024)

/*
 * What channels that are gone may have left for their sinks when one more
 * goes: they count in no window any more, so a peer could pile up any number
 * of them before sinks that nobody reads. As much as all windows hold, and as
 * many as there may be channels: output that is only read late gets through.
 */
#define PUMP_GONE_MOST	LIMIT_WINDOW_BUDGET
#define PUMP_GONE_COUNT	LIMIT_CHANNELS

/* How long the last message to the peer may take. */
#define PUMP_LINGER	2000

/* How a descriptor is read and written without ever blocking. */
enum fd_kind {
	FD_PLAIN,		/* non-blocking, or never blocks (files) */
	FD_SOCKET,		/* shared socket: MSG_DONTWAIT */
	FD_BLOCKING,		/* shared, blocking: only as much as poll promised */
};

/* A descriptor of a channel. Source and sink of the same number share one. */
struct end {
	struct pumped *pc;
	struct watch *watch;
	int fd;			/* -1: closed, or there is none */
	enum fd_kind kind;
	bool reads;		/* it is a source that has not come to its end */
	bool is_dry;		/* nothing was there when its program had ended */
	bool writes;		/* it is a sink that takes bytes */
	enum stream source;	/* sent as this */
	enum stream sink;	/* gets this */
};

/* What the pump does with a channel. */
enum pumped_life {
	PUMPED_HELD,		/* keeps what comes until it is attached */
	PUMPED_MANUAL,		/* nothing: the program takes its data */
	PUMPED_ATTACHED,	/* moves data */
	PUMPED_GONE,		/* the conn has forgotten it: drains sinks, then frees */
};

/*
 * Some peers (dropbear, PuTTY, a master of OpenSSH's) close a channel when both
 * ways have ended, and hear no exit status after that. Where theirs has ended
 * already, our EOF waits for the program's exit; else this long, in
 * milliseconds: its last output and its exit are two events for us.
 */
#define PUMP_EXIT_WAIT	500

/* Whether the peer is told that no more comes from here. */
enum pumped_eof { EOF_NOT_OURS, EOF_DUE, EOF_SENT };

/* Whether the peer is told how the program ended: pump_finish(). */
enum pumped_exit {
	EXIT_NONE,
	EXIT_DUE,		/* when what it has written is sent */
	EXIT_TOLD,		/* closes when the sources end */
};

/* A channel with descriptors, or at least a tag. */
struct pumped {
	struct pump *pump;
	struct pumped *prev, *next;
	struct channel_id id;
	void *tag;
	enum pumped_life life;
	enum pumped_eof eof;
	enum pumped_exit exit;
	struct timer *exit_wait;	/* EOF waits for the exit until then; NULL: not yet */
	bool exit_waited;
	char *exit_request;
	struct writer exit_body;
	bool peer_eof;		/* close sinks when their backlog is written */
	bool is_stalled;	/* sources wait for room in the conn */
	bool is_paused;
	unsigned flags;
	struct end ends[4];
	struct backlog backlog[2];	/* by stream */
	size_t (*filter)(void *, uint8_t *, size_t, size_t);
	void *filter_arg;
	bool is_holding;		/* pump_hold() */
	struct writer filtered;		/* what came out and is not sent yet */
	msec active_at;			/* when data last went either way */
};

struct pump {
	struct loop *loop;
	struct conn *conn;
	struct pump_calls calls;
	int read_fd;
	int write_fd;
	struct watch *read_watch;	/* for both when they are the same */
	struct watch *write_watch;
	struct timer *turn_end;		/* due at once: the end of this turn */
	struct timer *deadline;
	bool socket_full;		/* wait until it is writable */
	bool write_failed;
	int error;			/* errno of a failed socket */
	bool is_ending;			/* EV_FAILED, DISCONNECTED: flush, then end */
	enum err why;
	bool has_ended;
	msec last_read;		/* when bytes of the peer came last */
	struct pumped *channels;	/* served round robin, next one first */
	size_t n_stalled;
};

/* --- pump.c --- */

/* Asks for pump_turn() at the end of this turn of the loop. */
void pump_soon(struct pump *p);

/* Writes output to the socket as far as it takes it. */
void pump_flush(struct pump *p);

/* Ends the connection over an error of this side. */
void pump_fail(struct pump *p, enum err why);

/* --- pump_attach.c --- */

/*
 * Finds the pump's struct of a channel, or makes it. ERR_NOMEM; ERR_NOTFOUND
 * if there is no such channel.
 */
enum err pump_channel(struct pump *p, struct channel_id id, struct pumped **out);

/* --- pump_channel.c --- */

/* Data of the peer; held if the channel is not attached. May free the channel. */
void pumped_data(struct pumped *pc, enum stream stream, struct span data);

/* It has just got its descriptors: disposes of what was held until now. */
void pumped_attached(struct pumped *pc);

/* EOF of the peer. May free the channel. */
void pumped_eof(struct pumped *pc);

/* The peer wants no more data (eow@openssh.com). */
void pumped_eow(struct pumped *pc);

/* The channel is gone (or the connection): drains the sinks, then detaches. */
void pumped_gone(struct pumped *pc);

/* A descriptor is ready for events (bits of os/loop.h). May free the channel. */
void pumped_ready(struct end *e, unsigned events);

/* Does what is due after any change: EOF, CLOSE, detaching. May free pc. */
void pumped_settle(struct pumped *pc);

/* Closes its descriptors and frees it, and tells nobody. */
void pumped_free(struct pumped *pc);

/* --- pump_source.c --- */

/* Reads its sources if it is not stalled or paused; may stall or free it. */
void pumped_read(struct pumped *pc);

/* Lets stalled sources go on if there is room now. May free the channel. */
void pumped_unstall(struct pumped *pc);

/* Takes note that its sources do not wait for the conn any more. */
void pumped_no_stall(struct pumped *pc);

/* Reads a source while it has something, its turn lasts, and there is room. */
void source_read(struct end *e);

/* The source has come to its end. */
void source_end(struct end *e);

/* --- pump_io.c --- */

/* Finds out how a descriptor is used, and begins to watch it. */
enum err end_open(struct end *e);

/*
 * Waits for what is of use now: data to read, room to write, or nothing. A
 * source that stalls is still waited for until it really comes: most are
 * served again within the turn, which spares two system calls.
 */
void end_update(struct end *e);

/* Stops waiting for a stalled source. */
void end_mute(struct end *e);

/* Closes the descriptor if it is neither source nor sink any more. */
void end_close_if_done(struct end *e);

/* Closes the descriptor. */
void end_close(struct end *e);

/* read(2) that never blocks: -1 with EAGAIN. */
ssize_t end_read(const struct end *e, struct room room);

/* Whether a filter stands between the source and the channel. */
bool end_is_filtered(const struct end *e);

/* Whether errno only says "not now". */
bool end_is_not_now(void);

/* writev(2) that never blocks: -1 with EAGAIN. */
ssize_t end_write(const struct end *e, struct iovec *iov, int n);

#endif
