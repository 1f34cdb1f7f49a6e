/* SPDX-License-Identifier: ISC */
/* The small messages of the transport layer, and the identification string. */
#include "kex/transport_i.h"

/* What of a wrong line our own log may show. */
#define SHOWN	64

/* Ends a connection to what is no SSH peer; whoever logs it makes it printable. */
static void
bad_ident(struct transport *t, enum err e, struct span in)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_IDENT);
	struct span line = span_first(in, span_find(in, '\n'));

	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	wr_printf(&w, "Bad remote protocol version identification: '");
	wr_raw(&w, span_first(line, SHOWN));
	wr_u8(&w, '\'');
	(void)!transport_fault_detail(t, e == ERR_NOMEM ? e : ERR_IDENT,
	    "Bad remote protocol version identification", &w);
}

bool
transport_ident(struct transport *t, struct event *ev)
{
	struct room in = input_bytes(&t->in);
	struct span line;
	size_t used;
	enum err e;

	if (transport_is_over(t) || t->phase != PHASE_IDENT)
		return false;
	e = ident_find(&t->ident, t->config.side, span_of(in.p, in.len), &used, &line);
	if (e == ERR_OK && line.len > 0) {
		wr_raw(&t->peer_ident, line);
		e = wr_end(&t->peer_ident);
	}
	if (e != ERR_OK) {
		bad_ident(t, e, span_of(in.p, in.len));
		return false;
	}
	input_drop(&t->in, used);
	if (line.len == 0)
		return false;
	t->phase = PHASE_KEXINIT;
	*ev = (struct event){ .type = EV_IDENT, .ident = writer_span(&t->peer_ident) };
	if (t->config.side == SIDE_SERVER)
		exchange_start(t);
	return true;
}

void
transport_unimplemented(struct transport *t)
{
	struct writer *w = transport_begin(t, MSG_UNIMPLEMENTED);

	wr_u32(w, t->flow[RX].seq - 1);
	transport_end(t);
}

enum err
transport_on_disconnect(struct transport *t, struct span payload, struct event *ev)
{
	struct reader r = rd_init(span_skip(payload, 1));

	*ev = (struct event){ .type = EV_DISCONNECTED };
	ev->reason = rd_u32(&r);
	ev->text = rd_bytes(&r);
	/* Whatever is wrong with the rest, it is over. */
	t->phase = PHASE_ENDED;
	return ERR_OK;
}

enum err
transport_on_ignore(struct transport *t, struct span payload, struct event *ev)
{
	(void)t;
	(void)payload;
	(void)ev;
	return ERR_OK;
}

enum err
transport_on_unimplemented(struct transport *t, struct span payload, struct event *ev)
{
	struct reader r = rd_init(span_skip(payload, 1));
	uint32_t seq = rd_u32(&r);

	if (rd_end(&r) != ERR_OK)
		return transport_fault(t, rd_end(&r), "malformed UNIMPLEMENTED");
	*ev = (struct event){ .type = EV_UNIMPLEMENTED, .id = seq };
	return ERR_OK;
}

enum err
transport_on_debug(struct transport *t, struct span payload, struct event *ev)
{
	struct reader r = rd_init(span_skip(payload, 1));
	bool always = rd_flag(&r);
	struct span text = rd_bytes(&r);

	/* Some peers leave out the language. */
	if (r.err != ERR_OK)
		return transport_fault(t, r.err, "malformed DEBUG");
	*ev = (struct event){ .type = EV_DEBUG, .text = text, .ok = always };
	return ERR_OK;
}

enum err
transport_on_ping(struct transport *t, struct span payload, struct event *ev)
{
	struct reader r = rd_init(span_skip(payload, 1));
	struct span data = rd_bytes(&r);

	(void)ev;
	if (rd_end(&r) != ERR_OK)
		return transport_fault(t, rd_end(&r), "malformed PING");
	wr_bytes(transport_begin(t, MSG_PONG), data);
	transport_end(t);
	return t->fault;
}

enum err
transport_on_pong(struct transport *t, struct span payload, struct event *ev)
{
	struct reader r = rd_init(span_skip(payload, 1));
	struct span data = rd_bytes(&r);

	if (rd_end(&r) != ERR_OK)
		return transport_fault(t, rd_end(&r), "malformed PONG");
	*ev = (struct event){ .type = EV_PONG, .data = data };
	return ERR_OK;
}

bool
transport_ping(struct transport *t, struct span data)
{
	if (!transport_may_send(t) || !t->is_authenticated ||
	    !transport_peer_extension(t, SPAN_LIT("ping@openssh.com"), NULL))
		return false;
	wr_bytes(transport_begin(t, MSG_PING), data);
	transport_end(t);
	return true;
}
