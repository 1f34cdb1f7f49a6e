/* SPDX-License-Identifier: ISC */
/*
 * regress/support/channels_raw.h - messages of the connection layer as a
 * hostile peer would write them, and what is said to them.
 */
#ifndef REGRESS_SUPPORT_CHANNELS_RAW_H
#define REGRESS_SUPPORT_CHANNELS_RAW_H

#include "regress/support/channels_pair.h"

/* Hands a raw message to one side; returns what the handler said. */
static inline enum err
raw(struct channels_pair *p, enum side to, struct writer *w)
{
	enum err e = hand_to(p->cs[to], writer_span(w), p->now, &p->ev);

	writer_free(w);
	return e;
}

static inline struct writer
message(uint8_t number, uint32_t recipient)
{
	struct writer w = writer_init(LIMIT_PACKET);

	wr_u8(&w, number);
	wr_u32(&w, recipient);
	return w;
}

static inline struct writer
open_message(const char *type, uint32_t sender, uint32_t window, uint32_t packet)
{
	struct writer w = writer_init(LIMIT_PACKET);

	wr_u8(&w, 90);
	wr_str(&w, type);
	wr_u32(&w, sender);
	wr_u32(&w, window);
	wr_u32(&w, packet);
	return w;
}

static inline struct writer
data_message(uint32_t recipient, size_t n)
{
	static const uint8_t zeros[200 * 1024];
	struct writer w = message(94, recipient);

	wr_bytes(&w, span_of(zeros, n));
	return w;
}

static inline struct writer
request_message(uint32_t recipient, const char *name, bool want_reply)
{
	struct writer w = message(98, recipient);

	wr_str(&w, name);
	wr_flag(&w, want_reply);
	return w;
}

/* What a side sent: its number, without the other side seeing it. */
static inline uint8_t
sent_number(struct channels_pair *p, enum side from, struct span *rest)
{
	struct span payload;

	fake_forget(&p->wire[from]);
	if (!fake_take(&p->wire[from], &payload))
		return 0;
	*rest = span_skip(payload, 1);
	return payload.p[0];
}

/* Expects CHANNEL_OPEN_FAILURE for sender with code. */
static inline void
expect_refusal(struct channels_pair *p, enum side from, uint32_t sender, uint32_t code)
{
	struct span rest;
	struct reader r;

	assert_int_equal(sent_number(p, from, &rest), 92);
	r = rd_init(rest);
	assert_int_equal(rd_u32(&r), sender);
	assert_int_equal(rd_u32(&r), code);
	assert_true(rd_bytes(&r).len > 0);
	(void)rd_bytes(&r);
	assert_int_equal(rd_end(&r), ERR_OK);
}

/* Expects that a side said why it ended the connection. */
static inline void
expect_fault(struct channels_pair *p, enum side side, const char *text)
{
	assert_true(p->wire[side].fault != ERR_OK);
	assert_string_equal(p->wire[side].fault_text, text);
}

#endif
