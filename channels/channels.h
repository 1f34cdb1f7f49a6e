/* SPDX-License-Identifier: ISC */
/*
 * channels/channels.h - the connection layer (RFC 4254) of one connection.
 *
 * Takes the messages 80 to 100 that conn/ lets through, and the program's
 * calls (each conn_channel_*() of conn/conn.h stands for one here); sends
 * through kex/transport.h. The same code is both sides.
 *
 * channel   a pair of byte streams with flow control, known to each side by
 *           a number of its own. Ours are `struct channel_id`; a number that
 *           has been used is not used again for long, so that a late answer
 *           never hits a newer channel. The peer's never leave this folder.
 * half      one direction of a channel: OPEN until EOF, DRAIN until CLOSE
 * owed      requests of the peer that we still have to answer
 *
 * Handlers get the payload behind the message number and fill in at most one
 * event. An error that they return has been given to transport_fault(): it
 * ends the connection. Calls with the id of a channel that is gone do
 * nothing, so that a program may be late.
 *
 * What this layer does by itself: flow control, answering CLOSE with CLOSE,
 * the order of answers, refusing channel types that make no sense for the
 * side, no-more-sessions@openssh.com. Everything else is asked by events.
 */
#ifndef CHANNELS_CHANNELS_H
#define CHANNELS_CHANNELS_H

#include "base/clock.h"
#include "base/err.h"
#include "base/side.h"
#include "base/span.h"
#include "kex/event.h"
#include "kex/transport.h"

struct channels;

/* Reason codes of CHANNEL_OPEN_FAILURE (RFC 4254 5.1). */
enum open_failure {
	OPEN_PROHIBITED = 1,
	OPEN_CONNECT_FAILED = 2,
	OPEN_UNKNOWN_TYPE = 3,
	OPEN_RESOURCE_SHORTAGE = 4,
};

/*
 * Makes the layer over t, which is borrowed. window_budget: what all receive
 * windows together may grow to; 0: LIMIT_WINDOW_BUDGET. ERR_NOMEM.
 */
enum err channels_new(struct channels **out, enum side side,
    struct transport *t, uint64_t window_budget);

/* Frees every channel, without a message or event. NULL is fine. */
void channels_free(struct channels *cs);

/* Tells the peer's identification string, for what some peers cannot take. */
void channels_set_peer_ident(struct channels *cs, struct span ident);

/* --- one handler a message; payload: behind the number --- */

/* 80: EV_GLOBAL_REQUEST. */
enum err channels_on_global_request(struct channels *cs, struct span payload,
    msec now, struct event *ev);

/* 81: EV_GLOBAL_REPLY, ok; dropped if nothing was asked. */
enum err channels_on_request_success(struct channels *cs, struct span payload,
    msec now, struct event *ev);

/* 82: EV_GLOBAL_REPLY, not ok; dropped if nothing was asked. */
enum err channels_on_request_failure(struct channels *cs, struct span payload,
    msec now, struct event *ev);

/* 90: EV_NEED_CHANNEL, or refused here (type, limits, packet size 0). */
enum err channels_on_open(struct channels *cs, struct span payload,
    msec now, struct event *ev);

/* 91: EV_CHANNEL_OPENED. */
enum err channels_on_open_confirmation(struct channels *cs,
    struct span payload, msec now, struct event *ev);

/* 92: EV_CHANNEL_REFUSED; the channel is gone. */
enum err channels_on_open_failure(struct channels *cs, struct span payload,
    msec now, struct event *ev);

/* 93: EV_CHANNEL_WINDOW if somebody wanted to send and could not. */
enum err channels_on_window_adjust(struct channels *cs, struct span payload,
    msec now, struct event *ev);

/* 94: EV_CHANNEL_DATA. */
enum err channels_on_data(struct channels *cs, struct span payload,
    msec now, struct event *ev);

/* 95: EV_CHANNEL_DATA with STREAM_STDERR; other types are dropped. */
enum err channels_on_extended_data(struct channels *cs, struct span payload,
    msec now, struct event *ev);

/* 96: EV_CHANNEL_EOF. */
enum err channels_on_eof(struct channels *cs, struct span payload,
    msec now, struct event *ev);

/* 97: answers with CLOSE unless it was sent; EV_CHANNEL_CLOSED, and gone. */
enum err channels_on_close(struct channels *cs, struct span payload,
    msec now, struct event *ev);

/* 98: EV_CHANNEL_REQUEST. */
enum err channels_on_request(struct channels *cs, struct span payload,
    msec now, struct event *ev);

/* 99: EV_CHANNEL_REPLY, ok; dropped if nothing was asked. */
enum err channels_on_success(struct channels *cs, struct span payload,
    msec now, struct event *ev);

/* 100: EV_CHANNEL_REPLY, not ok; dropped if nothing was asked. */
enum err channels_on_failure(struct channels *cs, struct span payload,
    msec now, struct event *ev);

/* --- what the program does; see the conn_*() of the same meaning --- */

/*
 * Opens a channel. EV_CHANNEL_OPENED or _REFUSED follows. ERR_LIMIT when
 * LIMIT_CHANNELS exist or LIMIT_PENDING_OPENS wait, ERR_UNSUPPORTED for a type
 * that channels/kind.c does not have, ERR_NOMEM.
 */
enum err channels_open(struct channels *cs, const char *type, struct span body,
    struct channel_id *id);

/* Answers EV_NEED_CHANNEL: accepts, with body behind the common fields. */
void channels_accept(struct channels *cs, struct channel_id id,
    struct span body);

/* Answers EV_NEED_CHANNEL: refuses; the channel is gone. */
void channels_refuse(struct channels *cs, struct channel_id id, uint32_t code,
    const char *text);

/*
 * Lends room in the next packet, as much as window, peer and transport take.
 * Empty: not now. Valid until the next call on the connection.
 */
struct room channels_room(struct channels *cs, struct channel_id id,
    enum stream stream);

/* Sends the first n bytes of the room that channels_room() lent just before. */
void channels_send(struct channels *cs, struct channel_id id,
    enum stream stream, size_t n);

/* Says that n bytes of EV_CHANNEL_DATA have been disposed of. */
void channels_consumed(struct channels *cs, struct channel_id id, size_t n);

/*
 * Says that no data of the peer is wanted any more on this channel: tells
 * peers that know eow@openssh.com, drops what still comes (not STREAM_STDERR).
 */
void channels_stop(struct channels *cs, struct channel_id id);

/* Sends EOF, once; nothing can be lent from then on. */
void channels_eof(struct channels *cs, struct channel_id id);

/* Sends EOF if that has not been done, and CLOSE, once. */
void channels_close(struct channels *cs, struct channel_id id);

/* Sends a request; not after CLOSE. EV_CHANNEL_REPLY follows if want_reply. */
void channels_request(struct channels *cs, struct channel_id id,
    const char *request, bool want_reply, struct span body);

/* Answers the request that came with this event id; sent in the peer's order. */
void channels_answer_request(struct channels *cs, struct channel_id id,
    uint32_t request_id, bool ok);

/* Sends a global request. EV_GLOBAL_REPLY follows if want_reply. */
void channels_global_request(struct channels *cs, const char *request,
    bool want_reply, struct span body);

/* Answers a global request; sent in the peer's order, body only if ok. */
void channels_answer_global(struct channels *cs, uint32_t request_id, bool ok,
    struct span body);

/* Keeps tag with the channel, for the program. */
void channels_set_tag(struct channels *cs, struct channel_id id, void *tag);

/* The tag; NULL if there is none or no such channel. */
void *channels_tag(const struct channels *cs, struct channel_id id);

/* How many channels exist, in any state. */
size_t channels_count(const struct channels *cs);

/*
 * Walks over the channels: start with *cursor 0. False at the end. Channels
 * may go away between two steps, not be added.
 */
bool channels_walk(const struct channels *cs, size_t *cursor,
    struct channel_id *id);

#endif
