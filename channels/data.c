/* SPDX-License-Identifier: ISC */
/* Data and its flow control (RFC 4254 5.2), in both directions. */
#include "channels/channels_i.h"

/* --- from the peer --- */

void
channel_grant(struct channels *cs, struct channel *ch)
{
	uint32_t n;

	/* Nobody who has said EOF or heard CLOSE needs more credit. */
	if (ch->half[RX] != OPEN || ch->half[TX] == CLOSED)
		return;
	n = window_due(&ch->window, cs->now);
	if (n == 0)
		return;
	wr_u32(channel_begin(cs, ch, MSG_CHANNEL_WINDOW_ADJUST), n);
	transport_end(cs->t);
}

/* Counts data against the window; *wanted: whether the program gets it. */
static enum err
take_in(struct channels *cs, struct channel *ch, struct span data,
    enum stream stream, bool *wanted)
{
	uint32_t n = (uint32_t)data.len;

	*wanted = false;
	if (ch->half[RX] != OPEN)
		return transport_fault(cs->t, ERR_SEQUENCE, "data after EOF");
	if (window_received(&ch->window, n, cs->now) != ERR_OK)
		return transport_fault(cs->t, ERR_LIMIT, "data beyond the window");
	*wanted = n > 0 && ch->half[TX] != CLOSED &&
	    !(ch->is_unwanted && stream == STREAM_DATA);
	if (*wanted)
		return ERR_OK;
	window_consumed(&ch->window, n);
	channel_grant(cs, ch);
	return ERR_OK;
}

/* Hands data out, or drops it. */
static enum err
on_data(struct channels *cs, struct channel *ch, struct span data,
    enum stream stream, struct event *ev)
{
	bool wanted;

	TRY(take_in(cs, ch, data, stream, &wanted));
	if (!wanted)
		return ERR_OK;
	channel_event(ch, EV_CHANNEL_DATA, ev);
	ev->stream = stream;
	ev->data = data;
	return ERR_OK;
}

enum err
channels_on_data(struct channels *cs, struct span payload, msec now, struct event *ev)
{
	struct reader r = rd_init(payload);
	struct channel *ch;
	struct span data;

	cs->now = now;
	TRY(channel_read_live(cs, &r, &ch));
	data = rd_bytes(&r);
	if (rd_end(&r) != ERR_OK)
		return channels_malformed(cs, rd_end(&r));
	return ch == NULL ? ERR_OK : on_data(cs, ch, data, STREAM_DATA, ev);
}

enum err
channels_on_extended_data(struct channels *cs, struct span payload,
    msec now, struct event *ev)
{
	struct reader r = rd_init(payload);
	struct channel *ch;
	struct span data;
	uint32_t type;

	cs->now = now;
	TRY(channel_read_live(cs, &r, &ch));
	type = rd_u32(&r);
	data = rd_bytes(&r);
	if (rd_end(&r) != ERR_OK)
		return channels_malformed(cs, rd_end(&r));
	if (ch == NULL)
		return ERR_OK;
	TRY(on_data(cs, ch, data, STREAM_STDERR, ev));
	if (type != EXTENDED_STDERR && ev->type == EV_CHANNEL_DATA) {
		/* RFC 4254 5.2 defines no other type: counted, and dropped. */
		ev->type = EV_NONE;
		channels_consumed(cs, ch->id, data.len);
	}
	return ERR_OK;
}

void
channels_consumed(struct channels *cs, struct channel_id id, size_t n)
{
	struct channel *ch = channel_find(cs, id);

	if (ch == NULL || ch->life != LIFE_LIVE)
		return;
	must(n <= UINT32_MAX);
	window_consumed(&ch->window, (uint32_t)n);
	channel_grant(cs, ch);
}

void
channels_stop(struct channels *cs, struct channel_id id)
{
	struct channel *ch = channel_find(cs, id);

	if (ch == NULL || ch->life != LIFE_LIVE || ch->is_unwanted)
		return;
	ch->is_unwanted = true;
	if (cs->knows_eow && ch->kind->is_session && ch->half[RX] == OPEN)
		channels_request(cs, id, "eow@openssh.com", false, SPAN_EMPTY);
}

enum err
channels_on_window_adjust(struct channels *cs, struct span payload,
    msec now, struct event *ev)
{
	struct reader r = rd_init(payload);
	struct channel *ch;
	uint32_t n;

	cs->now = now;
	TRY(channel_read_live(cs, &r, &ch));
	n = rd_u32(&r);
	if (rd_end(&r) != ERR_OK)
		return channels_malformed(cs, rd_end(&r));
	if (ch == NULL)
		return ERR_OK;
	if (credit_add(&ch->credit, n) != ERR_OK)
		return transport_fault(cs->t, ERR_LIMIT, "window larger than 2^32 - 1");
	if (!ch->wants_room || n == 0)
		return ERR_OK;
	ch->wants_room = false;
	channel_event(ch, EV_CHANNEL_WINDOW, ev);
	return ERR_OK;
}

/* --- to the peer --- */

/* Bytes from the message number to the data, number included. */
static size_t
head_len(enum stream stream)
{
	return stream == STREAM_STDERR ? 1 + 4 + 4 + 4 : 1 + 4 + 4;
}

struct room
channels_room(struct channels *cs, struct channel_id id, enum stream stream)
{
	struct channel *ch = channel_find(cs, id);
	struct room room = { NULL, 0 };
	size_t want;

	cs->lent.len = 0;
	if (ch == NULL || ch->life != LIFE_LIVE || ch->half[TX] != OPEN)
		return room;
	if (ch->credit.left == 0) {
		ch->wants_room = true;
		return room;
	}
	want = ch->credit.left < ch->packet_most ? ch->credit.left : ch->packet_most;
	if (want > ch->lend_most)
		want = ch->lend_most;
	room = transport_lend(cs->t, head_len(stream), want);
	cs->lent = (struct lent){ .id = id, .stream = stream, .len = room.len };
	return room;
}

static void
put_u32(uint8_t *p, uint32_t v)
{
	for (size_t i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * (3 - i));
}

/* Writes number, recipient, type of stderr, and length of the data. */
static struct span
put_head(uint8_t head[static 13], const struct channel *ch, enum stream stream,
    uint32_t n)
{
	uint8_t *p = head;

	*p++ = stream == STREAM_STDERR ? MSG_CHANNEL_EXTENDED_DATA : MSG_CHANNEL_DATA;
	put_u32(p, ch->remote.n);
	p += 4;
	if (stream == STREAM_STDERR) {
		put_u32(p, EXTENDED_STDERR);
		p += 4;
	}
	put_u32(p, n);
	return span_of(head, head_len(stream));
}

/* Lends more to those that use it, less to those that do not. */
static void
adapt_lending(struct channel *ch, size_t lent, size_t used)
{
	if (used == lent && ch->lend_most < PACKET_DATA_MOST)
		ch->lend_most *= 2;
	else if (used < lent / 4 && ch->lend_most > LEND_LEAST)
		ch->lend_most /= 2;
}

void
channels_send(struct channels *cs, struct channel_id id, enum stream stream, size_t n)
{
	struct channel *ch = channel_find(cs, id);
	uint8_t head[13];

	if (n == 0 || ch == NULL)
		return;
	must(cs->lent.id.n == id.n && cs->lent.stream == stream && n <= cs->lent.len);
	adapt_lending(ch, cs->lent.len, n);
	cs->lent.len = 0;
	must(credit_take(&ch->credit, (uint32_t)n) == ERR_OK);
	transport_send_lent(cs->t, put_head(head, ch, stream, (uint32_t)n), n);
}
