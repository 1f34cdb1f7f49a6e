/* SPDX-License-Identifier: ISC */
/*
 * The connection layer of either side against any sequence of messages, with
 * a program that does anything at any time.
 *
 * Input: a byte for the side, then steps. A step begins with a byte: below
 * 128 it is a message (then number, two bytes length, payload), else a call
 * of the program on a channel (then a byte that says which).
 */
#include <stdlib.h>

#include "channels/channels.h"
#include "regress/support/fake_transport.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz {
	struct transport wire;
	struct channels *cs;
	struct reader r;
	uint32_t held[1024];		/* bytes the program has, by channel */
	uint32_t request;		/* the last one to be answered */
	uint32_t global;
	msec now;
	enum err ended;
};

static void
on_event(struct fuzz *f, const struct event *ev)
{
	switch (ev->type) {
	case EV_CHANNEL_DATA:
		must(ev->data.len > 0);
		f->held[ev->channel.n % COUNT(f->held)] += (uint32_t)ev->data.len;
		break;
	case EV_CHANNEL_REQUEST:
		must(ev->want_reply == (ev->id != 0));
		f->request = ev->id;
		break;
	case EV_GLOBAL_REQUEST:
		f->global = ev->id;
		break;
	case EV_CHANNEL_CLOSED:
	case EV_CHANNEL_REFUSED:
		f->held[ev->channel.n % COUNT(f->held)] = 0;
		must(channels_tag(f->cs, ev->channel) == NULL);
		break;
	default:
		break;
	}
}

static void
message(struct fuzz *f)
{
	static enum err (*const handlers[])(struct channels *, struct span, msec,
	    struct event *) = {
		channels_on_global_request, channels_on_request_success,
		channels_on_request_failure, channels_on_open,
		channels_on_open_confirmation, channels_on_open_failure,
		channels_on_window_adjust, channels_on_data,
		channels_on_extended_data, channels_on_eof, channels_on_close,
		channels_on_request, channels_on_success, channels_on_failure,
	};
	uint8_t number = rd_u8(&f->r);
	size_t len = rd_u8(&f->r);
	struct span payload = rd_raw(&f->r, len);
	struct event ev = { .type = EV_NONE };

	f->ended = handlers[number % COUNT(handlers)](f->cs, payload, ++f->now, &ev);
	must((f->ended == ERR_OK) == (f->wire.fault == ERR_OK));
	if (f->ended == ERR_OK)
		on_event(f, &ev);
}

static void
send_some(struct fuzz *f, struct channel_id id, enum stream stream)
{
	struct room room = channels_room(f->cs, id, stream);
	size_t n = rd_u8(&f->r);

	if (n > room.len)
		n = room.len;
	for (size_t i = 0; i < n; i++)
		room.p[i] = 0;
	channels_send(f->cs, id, stream, n);
}

static void
call(struct fuzz *f, uint8_t what)
{
	struct channel_id id = { rd_u8(&f->r) };
	uint32_t *held = &f->held[id.n % COUNT(f->held)];

	switch (what % 14) {
	case 0:
		(void)!channels_open(f->cs, "session", SPAN_EMPTY, &id);
		break;
	case 1:
		channels_accept(f->cs, id, SPAN_EMPTY);
		break;
	case 2:
		channels_refuse(f->cs, id, OPEN_PROHIBITED, "no");
		break;
	case 3:
		send_some(f, id, STREAM_DATA);
		break;
	case 4:
		send_some(f, id, STREAM_STDERR);
		break;
	case 5:
		channels_consumed(f->cs, id, *held);
		*held = 0;
		break;
	case 6:
		channels_eof(f->cs, id);
		break;
	case 7:
		channels_close(f->cs, id);
		break;
	case 8:
		channels_stop(f->cs, id);
		break;
	case 9:
		channels_request(f->cs, id, "exec", true, SPAN_EMPTY);
		break;
	case 10:
		channels_answer_request(f->cs, id, f->request, id.n & 1);
		break;
	case 11:
		channels_global_request(f->cs, "x", true, SPAN_EMPTY);
		break;
	case 12:
		channels_answer_global(f->cs, f->global, id.n & 1, SPAN_LIT("x"));
		break;
	default:
		channels_set_peer_ident(f->cs, SPAN_LIT("SSH-2.0-OpenSSH_9.2"));
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = { .wire = fake_transport(), .r = rd_init(span_of(data, size)) };
	enum side side = rd_u8(&f.r) & 1 ? SIDE_SERVER : SIDE_CLIENT;
	struct span payload;

	must(channels_new(&f.cs, side, &f.wire, 0) == ERR_OK);
	while (f.r.rest.len > 0 && f.ended == ERR_OK) {
		uint8_t what = rd_u8(&f.r);

		if (what < 128)
			message(&f);
		else
			call(&f, what);
		while (fake_take(&f.wire, &payload))
			must(payload.len > 0);
		fake_forget(&f.wire);
	}
	channels_free(f.cs);
	fake_free(&f.wire);
	return 0;
}
