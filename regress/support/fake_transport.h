/* SPDX-License-Identifier: ISC */
/*
 * regress/support/fake_transport.h - the sending half of kex/transport.h
 * without any transport: messages are kept as they are, to be looked at or to
 * be handed to the other side. Defines those functions: included by one file
 * of a test program, it takes the real ones' place.
 */
#ifndef REGRESS_SUPPORT_FAKE_TRANSPORT_H
#define REGRESS_SUPPORT_FAKE_TRANSPORT_H

#include "base/limits.h"
#include "base/reader.h"
#include "kex/transport.h"

struct transport {
	struct writer sent;		/* payloads as strings, oldest first */
	size_t taken;			/* bytes of it that fake_take() has given */
	size_t mark;			/* of the message being written */
	bool is_writing;
	bool is_authenticated;
	size_t lend_most;		/* data in one lent payload; 0: lends nothing */
	size_t lent_head;
	size_t lent_len;
	enum err fault;			/* the first one */
	const char *fault_text;
	struct span session_id;
};

/* An idle transport with a session id. */
static inline struct transport
fake_transport(void)
{
	return (struct transport){ .sent = writer_init(4 * 1024 * 1024),
	    .lend_most = LIMIT_PACKET - 1024,
	    .session_id = SPAN_LIT("a session id of 32 bytes, really") };
}

/* Frees what it holds. */
static inline void
fake_free(struct transport *t)
{
	writer_free(&t->sent);
}

/* Gives the oldest payload not yet given; false if there is none. */
static inline bool
fake_take(struct transport *t, struct span *payload)
{
	struct reader r = rd_init(span_skip(writer_span(&t->sent), t->taken));

	if (r.rest.len == 0)
		return false;
	*payload = rd_bytes(&r);
	must(r.err == ERR_OK);
	t->taken += 4 + payload->len;
	return true;
}

/* Forgets the payloads that have been given; they are no longer valid. */
static inline void
fake_forget(struct transport *t)
{
	writer_consume(&t->sent, t->taken);
	t->taken = 0;
}

struct writer *
transport_begin(struct transport *t, uint8_t number)
{
	must(!t->is_writing);
	t->is_writing = true;
	t->mark = wr_open(&t->sent);
	wr_u8(&t->sent, number);
	return &t->sent;
}

void
transport_end(struct transport *t)
{
	must(t->is_writing);
	t->is_writing = false;
	wr_close(&t->sent, t->mark);
}

bool
transport_may_send(const struct transport *t)
{
	return t->lend_most > 0;
}

struct room
transport_lend(struct transport *t, size_t head, size_t want)
{
	struct room room = { NULL, 0 };

	must(!t->is_writing);
	if (want > t->lend_most)
		want = t->lend_most;
	if (want == 0)
		return room;
	room = wr_reserve(&t->sent, 4 + head + want);
	must(room.p != NULL);
	t->lent_head = head;
	t->lent_len = want;
	return (struct room){ room.p + 4 + head, want };
}

void
transport_send_lent(struct transport *t, struct span head, size_t n)
{
	struct room room = wr_reserve(&t->sent, 4 + head.len + n);
	size_t len = head.len + n;

	must(head.len == t->lent_head && n > 0 && n <= t->lent_len && room.p != NULL);
	for (size_t i = 0; i < 4; i++)
		room.p[i] = (uint8_t)(len >> 8 * (3 - i));
	for (size_t i = 0; i < head.len; i++)
		room.p[4 + i] = head.p[i];
	wr_commit(&t->sent, room.len);
	t->lent_len = 0;
}

size_t
transport_queued(const struct transport *t)
{
	return t->sent.len - t->taken;
}

struct span
transport_session_id(const struct transport *t)
{
	return t->session_id;
}

void
transport_authenticated(struct transport *t)
{
	must(!t->is_authenticated);
	t->is_authenticated = true;
}

enum err
transport_fault(struct transport *t, enum err e, const char *text)
{
	must(e != ERR_OK);
	if (t->fault == ERR_OK) {
		t->fault = e;
		t->fault_text = text;
	}
	return e;
}

#endif
