/* SPDX-License-Identifier: ISC */
/*
 * regress/support/fake_conn.h - what the pump needs of conn/conn.h, over the
 * real connection layer and a transport that encrypts nothing. Defines those
 * functions: included by one file of a test program, it takes the real ones'
 * place.
 */
#ifndef REGRESS_SUPPORT_FAKE_CONN_H
#define REGRESS_SUPPORT_FAKE_CONN_H

#include <stdlib.h>
#include <string.h>

#include "channels/channels.h"
#include "conn/conn.h"
#include "regress/support/fake_transport.h"

#define FAKE_INPUT	(512u * 1024)

struct conn {
	struct transport wire;
	struct channels *cs;
	uint8_t in[FAKE_INPUT];
	size_t at;			/* first byte not handed out */
	size_t end;
	msec now;
	bool failed;
	bool stuck;			/* as during a key exchange: lends nothing */
};

static inline struct conn *
fake_conn_new(enum side side, const char *peer_ident)
{
	struct conn *c = calloc(1, sizeof(*c));

	must(c != NULL);
	c->wire = fake_transport();
	must(channels_new(&c->cs, side, &c->wire, 0) == ERR_OK);
	channels_set_peer_ident(c->cs, span_str(peer_ident));
	return c;
}

static inline void
fake_conn_free(struct conn *c)
{
	channels_free(c->cs);
	fake_free(&c->wire);
	free(c);
}

struct span
conn_output(struct conn *c)
{
	return span_skip(writer_span(&c->wire.sent), c->wire.taken);
}

void
conn_sent(struct conn *c, size_t n)
{
	c->wire.taken += n;
	fake_forget(&c->wire);
}

size_t
conn_queued(const struct conn *c)
{
	return transport_queued(&c->wire);
}

struct room
conn_room(struct conn *c)
{
	if (transport_queued(&c->wire) >= LIMIT_OUTPUT || c->failed)
		return (struct room){ NULL, 0 };
	memmove(c->in, c->in + c->at, c->end - c->at);
	c->end -= c->at;
	c->at = 0;
	return (struct room){ c->in + c->end, sizeof(c->in) - c->end };
}

enum err
conn_received(struct conn *c, size_t n, msec now)
{
	c->end += n;
	c->now = now;
	return c->failed ? ERR_CLOSED : ERR_OK;
}

msec
conn_deadline(const struct conn *c)
{
	(void)c;
	return MSEC_NEVER;
}

static inline enum err
fake_dispatch(struct conn *c, struct span payload, struct event *ev)
{
	static enum err (*const handlers[256])(struct channels *, struct span, msec,
	    struct event *) = {
		[80] = channels_on_global_request, [81] = channels_on_request_success,
		[82] = channels_on_request_failure, [90] = channels_on_open,
		[91] = channels_on_open_confirmation, [92] = channels_on_open_failure,
		[93] = channels_on_window_adjust, [94] = channels_on_data,
		[95] = channels_on_extended_data, [96] = channels_on_eof,
		[97] = channels_on_close, [98] = channels_on_request,
		[99] = channels_on_success, [100] = channels_on_failure,
	};

	if (payload.p[0] == 1) {
		ev->type = EV_DISCONNECTED;
		c->failed = true;
		return ERR_OK;
	}
	must(handlers[payload.p[0]] != NULL);
	return handlers[payload.p[0]](c->cs, span_skip(payload, 1), c->now, ev);
}

bool
conn_next(struct conn *c, struct event *ev)
{
	do {
		struct reader r = rd_init(span_of(c->in + c->at, c->end - c->at));
		struct span payload = rd_bytes(&r);
		enum err e;

		if (r.err != ERR_OK || c->failed)
			return false;
		c->at += 4 + payload.len;
		*ev = (struct event){ .type = EV_NONE };
		e = fake_dispatch(c, payload, ev);
		if (e != ERR_OK) {
			ev->type = EV_FAILED;
			ev->err = e;
			c->failed = true;
		}
	} while (ev->type == EV_NONE);
	return true;
}

void
conn_disconnect(struct conn *c, uint32_t reason, const char *text)
{
	(void)reason;
	(void)text;
	(void)transport_begin(&c->wire, 1);
	transport_end(&c->wire);
	c->failed = true;
}

void
conn_channel_set_tag(struct conn *c, struct channel_id id, void *tag)
{
	channels_set_tag(c->cs, id, tag);
}

void *
conn_channel_tag(const struct conn *c, struct channel_id id)
{
	return channels_tag(c->cs, id);
}

struct room
conn_channel_room(struct conn *c, struct channel_id id, enum stream stream)
{
	bool may = transport_queued(&c->wire) < LIMIT_OUTPUT && !c->stuck;

	c->wire.lend_most = may ? LIMIT_PACKET - 1024 : 0;
	return channels_room(c->cs, id, stream);
}

void
conn_channel_send(struct conn *c, struct channel_id id, enum stream stream, size_t n)
{
	channels_send(c->cs, id, stream, n);
}

void
conn_channel_consumed(struct conn *c, struct channel_id id, size_t n)
{
	channels_consumed(c->cs, id, n);
}

void
conn_channel_stop(struct conn *c, struct channel_id id)
{
	channels_stop(c->cs, id);
}

void
conn_channel_eof(struct conn *c, struct channel_id id)
{
	channels_eof(c->cs, id);
}

void
conn_channel_close(struct conn *c, struct channel_id id)
{
	channels_close(c->cs, id);
}

void
conn_channel_request(struct conn *c, struct channel_id id, const char *request,
    bool want_reply, struct span body)
{
	channels_request(c->cs, id, request, want_reply, body);
}

#endif
