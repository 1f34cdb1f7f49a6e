/* SPDX-License-Identifier: ISC */
/* The half that the upper layers use: messages, lent payloads, compression. */
#include <string.h>

#include "kex/transport_i.h"

/* zlib@openssh.com: the server's USERAUTH_SUCCESS is the last that is not compressed. */
#define LAST_UNCOMPRESSED	52

/* A message writer that has grown beyond this is let go. */
#define MSG_KEEP	(16 * 1024)

/* --- what the upper layers send --- */

bool
transport_tx_is_open(const struct transport *t)
{
	if (t->config.is_bare)
		return true;
	return t->session_id_len > 0 &&
	    (t->exchange == NULL || t->exchange->has_sent_newkeys);
}

bool
transport_is_choked(const struct transport *t)
{
	return t->phase == PHASE_RUNNING && t->exchange != NULL &&
	    t->held_answers >= LIMIT_REKEY_ANSWERS;
}

struct writer *
transport_begin(struct transport *t, uint8_t number)
{
	must(!t->is_writing);
	t->is_writing = true;
	t->lent = NULL;
	writer_reset(&t->msg);
	wr_u8(&t->msg, number);
	return &t->msg;
}

/* Messages that a peer can have as many of as it likes, by asking. */
static bool
is_answer(uint8_t number)
{
	static const uint8_t answers[] = {
		81, 82,		/* REQUEST_SUCCESS, REQUEST_FAILURE */
		91, 92, 93,	/* CHANNEL_OPEN_CONFIRMATION, _OPEN_FAILURE, _WINDOW_ADJUST */
		99, 100,	/* CHANNEL_SUCCESS, CHANNEL_FAILURE */
		193,		/* PONG */
	};

	return memchr(answers, number, sizeof(answers)) != NULL;
}

/* Keeps a message until our NEWKEYS. */
static void
hold(struct transport *t, struct span payload)
{
	if (is_answer(payload.p[0]))
		t->held_answers += 4 + payload.len;
	wr_bytes(&t->held, payload);
	if (wr_end(&t->held) != ERR_OK)
		(void)!transport_fault(t, wr_end(&t->held),
		    "too much output waits for the key exchange");
}

/* RFC 4253 7.1: what may go out while a key exchange of ours is running. */
static bool
may_pass_kex(uint8_t number)
{
	return number >= MSG_DISCONNECT && number <= MSG_DEBUG;
}

static void
send_upper(struct transport *t, struct span payload)
{
	bool is_last = t->config.side == SIDE_SERVER && payload.p[0] == LAST_UNCOMPRESSED;

	packet_send(t, payload);
	if (is_last)
		transport_compress(t, TX);
}

void
transport_end(struct transport *t)
{
	struct span payload = writer_span(&t->msg);

	must(t->is_writing);
	t->is_writing = false;
	if (transport_is_over(t))
		return;
	if (wr_end(&t->msg) != ERR_OK) {
		(void)!transport_fault(t, wr_end(&t->msg), "message too long");
		return;
	}
	if (transport_tx_is_open(t) || may_pass_kex(payload.p[0]))
		send_upper(t, payload);
	else
		hold(t, payload);
	if (!t->is_authenticated)
		writer_reset(&t->msg);		/* there may have been a password in it */
	if (t->msg.cap > MSG_KEEP)
		writer_free(&t->msg);
	rekey_check(t);
}

void
transport_release(struct transport *t)
{
	struct reader r = rd_init(writer_span(&t->held));

	while (r.rest.len > 0 && !transport_is_over(t)) {
		struct span payload = rd_bytes(&r);

		must(r.err == ERR_OK);
		send_upper(t, payload);
	}
	writer_free(&t->held);
	t->held_answers = 0;
}

/* --- lending --- */

bool
transport_may_send(const struct transport *t)
{
	return !transport_is_over(t) && transport_tx_is_open(t) && t->held.len == 0 &&
	    output_len(&t->out) < LIMIT_OUTPUT_DATA;
}

/* Where the payload stands: in the next packet, or where it is compressed from. */
static uint8_t *
lend_payload(struct transport *t, size_t len)
{
	uint8_t *p;

	if (t->flow[TX].compress != NULL) {
		writer_reset(&t->msg);
		return wr_reserve(&t->msg, len).p;
	}
	p = output_reserve(&t->out, packet_room(t, len), t->now);
	return p == NULL ? NULL : p + 5;
}

struct room
transport_lend(struct transport *t, size_t head, size_t want)
{
	must(!t->is_writing && head > 0 && head < PACKET_PAYLOAD_MAX);
	t->lent = NULL;
	if (want == 0 || !transport_may_send(t))
		return (struct room){ NULL, 0 };
	if (want > PACKET_PAYLOAD_MAX - head)
		want = PACKET_PAYLOAD_MAX - head;
	t->lent = lend_payload(t, head + want);
	if (t->lent == NULL) {
		(void)!transport_fault(t, ERR_NOMEM, "no memory for output");
		return (struct room){ NULL, 0 };
	}
	t->lent_head = head;
	t->lent_len = want;
	return (struct room){ t->lent + head, want };
}

void
transport_send_lent(struct transport *t, struct span head, size_t n)
{
	uint8_t *p = t->lent;

	t->lent = NULL;
	if (transport_is_over(t))
		return;
	must(p != NULL && head.len == t->lent_head && n <= t->lent_len);
	memcpy(p, head.p, head.len);
	if (t->flow[TX].compress != NULL)
		packet_send(t, span_of(p, head.len + n));
	else
		packet_seal(t, p - 5, head.len + n);
	rekey_check(t);
}

/* --- compression --- */

void
transport_compress(struct transport *t, enum direction d)
{
	struct flow *f = &t->flow[d];

	f->may_compress = true;
	if (f->compress != NULL || !span_is(span_str(f->compression), "zlib@openssh.com"))
		return;
	if (compress_new(&f->compress, d) != ERR_OK)
		(void)!transport_fault(t, ERR_NOMEM, "no memory for compression");
}

void
transport_authenticated(struct transport *t)
{
	t->is_authenticated = true;
	t->in.is_last_secret = true;
	transport_compress(t, RX);
	if (t->config.side == SIDE_CLIENT)
		transport_compress(t, TX);
}
