/* SPDX-License-Identifier: ISC */
/*
 * regress/support/channels_pair.h - the connection layers of a client and a
 * server, joined by fake transports. Included by one file of a test program.
 */
#ifndef REGRESS_SUPPORT_CHANNELS_PAIR_H
#define REGRESS_SUPPORT_CHANNELS_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "channels/channels.h"
#include "regress/support/fake_transport.h"

struct channels_pair {
	struct transport wire[2];	/* by the side that sends on it */
	struct channels *cs[2];		/* by side */
	msec now;
	struct event ev;		/* the last one */
};

/* Calls the handler of a message, as conn does. */
static inline enum err
hand_to(struct channels *cs, struct span payload, msec now, struct event *ev)
{
	static enum err (*const handlers[256])(struct channels *, struct span, msec,
	    struct event *) = {
		[80] = channels_on_global_request,
		[81] = channels_on_request_success,
		[82] = channels_on_request_failure,
		[90] = channels_on_open,
		[91] = channels_on_open_confirmation,
		[92] = channels_on_open_failure,
		[93] = channels_on_window_adjust,
		[94] = channels_on_data,
		[95] = channels_on_extended_data,
		[96] = channels_on_eof,
		[97] = channels_on_close,
		[98] = channels_on_request,
		[99] = channels_on_success,
		[100] = channels_on_failure,
	};

	*ev = (struct event){ .type = EV_NONE };
	if (payload.len == 0 || handlers[payload.p[0]] == NULL)
		return ERR_SEQUENCE;
	return handlers[payload.p[0]](cs, span_skip(payload, 1), now, ev);
}

/* Makes both sides, joined. */
static inline void
pair_new(struct channels_pair *p)
{
	*p = (struct channels_pair){ .now = 1000 };
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		p->wire[s] = fake_transport();
		assert_int_equal(channels_new(&p->cs[s], s, &p->wire[s], 0), ERR_OK);
	}
}

/* Frees both. */
static inline void
pair_free(struct channels_pair *p)
{
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		channels_free(p->cs[s]);
		fake_free(&p->wire[s]);
	}
}

/* Hands the oldest message of a side to the other one; false if there is none. */
static inline bool
pair_step(struct channels_pair *p, enum side from)
{
	struct span payload;

	fake_forget(&p->wire[from]);
	if (!fake_take(&p->wire[from], &payload))
		return false;
	assert_int_equal(hand_to(p->cs[!from], payload, p->now, &p->ev), ERR_OK);
	return true;
}

/* As pair_step(), and says what event it must have led to. */
static inline void
pair_expect(struct channels_pair *p, enum side from, enum event_type type)
{
	assert_true(pair_step(p, from));
	assert_int_equal(p->ev.type, type);
}

/* Whether a side has sent nothing that the other one has not seen. */
static inline bool
pair_is_quiet(struct channels_pair *p, enum side from)
{
	return transport_queued(&p->wire[from]) == 0;
}

/* Opens a channel from one side and accepts it: the ids of both sides. */
static inline void
pair_open(struct channels_pair *p, enum side from, const char *type,
    struct channel_id id[2])
{
	assert_int_equal(channels_open(p->cs[from], type, SPAN_EMPTY, &id[from]), ERR_OK);
	pair_expect(p, from, EV_NEED_CHANNEL);
	id[!from] = p->ev.channel;
	channels_accept(p->cs[!from], id[!from], SPAN_EMPTY);
	pair_expect(p, !from, EV_CHANNEL_OPENED);
	assert_int_equal(p->ev.channel.n, id[from].n);
}

/* Sends text on a channel; it must fit in one packet. */
static inline void
pair_send(struct channels_pair *p, enum side from, struct channel_id id,
    enum stream stream, const char *text)
{
	struct room room = channels_room(p->cs[from], id, stream);

	assert_true(room.len >= strlen(text));
	memcpy(room.p, text, strlen(text));
	channels_send(p->cs[from], id, stream, strlen(text));
}

#endif
