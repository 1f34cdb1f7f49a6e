/* SPDX-License-Identifier: ISC */
/*
 * channels/channels_i.h - the insides of the connection layer, for the files
 * of this folder only.
 */
#ifndef CHANNELS_CHANNELS_I_H
#define CHANNELS_CHANNELS_I_H

#include "base/limits.h"
#include "base/reader.h"
#include "base/writer.h"
#include "channels/channels.h"
#include "channels/kind.h"
#include "channels/owed.h"
#include "channels/window.h"

/* Message numbers of RFC 4250 4.1.2. */
enum {
	MSG_GLOBAL_REQUEST = 80,
	MSG_REQUEST_SUCCESS = 81,
	MSG_REQUEST_FAILURE = 82,
	MSG_CHANNEL_OPEN = 90,
	MSG_CHANNEL_OPEN_CONFIRMATION = 91,
	MSG_CHANNEL_OPEN_FAILURE = 92,
	MSG_CHANNEL_WINDOW_ADJUST = 93,
	MSG_CHANNEL_DATA = 94,
	MSG_CHANNEL_EXTENDED_DATA = 95,
	MSG_CHANNEL_EOF = 96,
	MSG_CHANNEL_CLOSE = 97,
	MSG_CHANNEL_REQUEST = 98,
	MSG_CHANNEL_SUCCESS = 99,
	MSG_CHANNEL_FAILURE = 100,
};

/*
 * Largest data of one packet that we take. Pipes hold 64 KiB, so larger ones
 * would not be disposed of with one write(2); and a key press waits behind
 * no more than this.
 */
#define PACKET_DATA	(64u * 1024)

/*
 * What is lent at first, and to channels that send little at a time: a key
 * press does not make the output buffer grow.
 */
#define LEND_LEAST	2048u

/* Data that fits into LIMIT_PACKET with the largest head, padding and tag. */
#define PACKET_DATA_MOST	(LIMIT_PACKET - 1024u)

/* RFC 4254 5.2: SSH_EXTENDED_DATA_STDERR */
#define EXTENDED_STDERR	1u

/* The peer's number of a channel. Not to be mixed up with ours. */
struct remote_id {
	uint32_t n;
};

/* How far the opening of a channel has come. */
enum life {
	LIFE_OPENING,		/* we have asked the peer */
	LIFE_ASKED,		/* the peer has asked, the program thinks */
	LIFE_LIVE,
	LIFE_COUNT
};

/* One direction: until EOF, until CLOSE, after it. */
enum half { OPEN, DRAIN, CLOSED };

struct channel {
	struct channel_id id;
	struct remote_id remote;
	const struct channel_kind *kind;
	enum life life;
	enum half half[2];	/* by direction */
	bool is_unwanted;	/* channels_stop(): what comes is dropped */
	bool wants_room;	/* the program waits for credit */
	uint32_t packet_most;	/* data in one packet to the peer */
	uint32_t lend_most;	/* twice what was used of the last loan, about */
	uint32_t n_replies;	/* that the peer owes us */
	struct window window;
	struct credit credit;
	struct owed_queue owed;
	void *tag;
};

/* A place for a channel; its numbers are n * LIMIT_CHANNELS + index. */
struct slot {
	struct channel *channel;
	uint32_t next;		/* n of the next channel here */
};

/* What was lent last, until it is sent. */
struct lent {
	struct channel_id id;
	enum stream stream;
	size_t len;
};

struct channels {
	enum side side;
	struct transport *t;
	msec now;			/* as of the last handler */
	struct slot *slots;
	size_t n_slots;
	size_t n_channels;
	size_t n_in[LIFE_COUNT];	/* how many of each life */
	struct window_budget budget;
	struct owed_queue owed;		/* global requests */
	size_t n_owed;			/* in all queues */
	size_t n_denied;		/* requests denied behind those */
	uint32_t last_request;		/* event ids */
	uint32_t n_replies;		/* to global requests of ours */
	struct lent lent;
	bool knows_eow;			/* the peer does, and the next too */
	bool refuses_sessions;		/* no-more-sessions came */
};

/* Adds a channel; NULL when out of memory. The caller has checked the limits. */
struct channel *channel_add(struct channels *cs, const struct channel_kind *kind,
    enum life life);

/* Removes and frees a channel. */
void channel_remove(struct channels *cs, struct channel *ch);

/* The channel with our number id, or NULL. */
struct channel *channel_find(const struct channels *cs, struct channel_id id);

/*
 * Reads our number from a message and finds its channel. One that has been
 * closed gives NULL: late messages are dropped. One that never was, or that
 * the peer cannot know yet, is a fault.
 */
enum err channel_read(struct channels *cs, struct reader *r, struct channel **ch);

/* Ends the connection over a message for a channel that is not live yet. */
enum err channels_not_open(struct channels *cs);

/* As channel_read(), for the messages that a channel must be live for. */
enum err channel_read_live(struct channels *cs, struct reader *r,
    struct channel **ch);

/* Sets how far the opening has come. */
void channel_set_life(struct channels *cs, struct channel *ch, enum life life);

/* Moves one direction on: towards CLOSED only. */
void channel_set_half(struct channel *ch, enum direction way, enum half half);

/* Fills in what every event about a channel says. */
void channel_event(const struct channel *ch, enum event_type type, struct event *ev);

/* Begins a message to the peer about ch: the recipient's number is written. */
struct writer *channel_begin(struct channels *cs, const struct channel *ch,
    uint8_t number);

/* Sends the WINDOW_ADJUST that is due, if one is. */
void channel_grant(struct channels *cs, struct channel *ch);

/* Ends the connection over a message that could not be decoded. Returns e. */
enum err channels_malformed(struct channels *cs, enum err e);

#endif
