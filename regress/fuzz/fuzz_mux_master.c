/* SPDX-License-Identifier: ISC */
/*
 * A master: whatever its clients ask for, with or without descriptors, in
 * proxy mode or not, and whatever the server makes of it, it goes on. Input: records of a byte that says what is
 * done, a byte that says how much, and so many bytes.
 */
#include "base/reader.h"
#include "regress/support/mux_bed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
send_framed(struct mux_bed *b, struct span body, bool is_bare)
{
	SCOPED(writer_free) struct writer w = writer_init(1024);

	wr_u32(&w, (uint32_t)body.len + is_bare);
	if (is_bare)
		wr_u8(&w, 0);
	wr_raw(&w, body);
	bed_send(b, writer_span(&w), 0);
}

/* The server opens a channel that may be for a client. */
static void
open_far(struct mux_bed *b, struct span body)
{
	struct channel_id id;

	(void)!conn_channel_open(b->far, "forwarded-tcpip", body, &id);
	pump_kick(b->far_pump);
}

static void
step(struct mux_bed *b, uint8_t what, struct span bytes)
{
	static const uint8_t zeros[8];

	switch (what % 12) {
	case 0:
		bed_send(b, bytes, 0);
		break;
	case 1:
	case 2:
		send_framed(b, bytes, false);
		break;
	case 3:
		bed_send(b, span_of(zeros, bytes.len % 8), (unsigned)bytes.len % 8);
		break;
	case 4:
		bed_client(b);
		break;
	case 5:
		open_far(b, bytes);
		break;
	case 6:
		b->far_refuses = !b->far_refuses;
		break;
	case 7:
		send_framed(b, bytes, true);
		break;
	case 8:
		conn_channel_request(b->far, b->far_last, bytes.len % 2 ? "exit-status" : "exit-signal",
		    bytes.len % 4 == 0, bytes);
		pump_kick(b->far_pump);
		break;
	case 9:
		conn_channel_close(b->far, b->far_last);
		pump_kick(b->far_pump);
		break;
	case 10:
		conn_channel_eof(b->far, b->far_last);
		pump_kick(b->far_pump);
		break;
	default:
		b->far_is_silent = !b->far_is_silent;
	}
	bed_turn(b, 4);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = rd_init(span_of(data, size));
	uint8_t buf[4096];
	struct mux_bed b;

	bed_new(&b);
	bed_client(&b);
	/* Half of the inputs begin in proxy mode. */
	if (size % 2 == 1)
		send_framed(&b, SPAN_LIT("\x10\0\0\x0f\0\0\0\1"), false);
	bed_turn(&b, 2);
	while (r.rest.len > 2 && !b.s.is_leaving) {
		uint8_t what = rd_u8(&r), n = rd_u8(&r);

		step(&b, what, rd_raw(&r, n < r.rest.len ? n : r.rest.len));
		while (bed_read(&b, buf, sizeof(buf)) > 0)
			;
	}
	bed_turn(&b, 4);
	bed_free(&b);
	return 0;
}
