/* SPDX-License-Identifier: ISC */
/* Opening channels (RFC 4254 5.1), in both directions. */
#include <string.h>

#include "channels/channels_i.h"

/* What the peer said about its receiving side, for our sending side. */
static void
set_peer(struct channel *ch, uint32_t remote, uint32_t window, uint32_t packet)
{
	ch->remote.n = remote;
	ch->credit.left = window;
	ch->packet_most = packet < PACKET_DATA_MOST ? packet : PACKET_DATA_MOST;
	ch->lend_most = LEND_LEAST;
}

/* --- opened by the peer --- */

static void
send_failure(struct channels *cs, uint32_t remote, uint32_t code, const char *text)
{
	struct writer *w = transport_begin(cs->t, MSG_CHANNEL_OPEN_FAILURE);

	wr_u32(w, remote);
	wr_u32(w, code);
	wr_str(w, text);
	wr_str(w, "");
	transport_end(cs->t);
}

/* Why an open is refused without asking the program; 0: it is not. */
static uint32_t
why_refused(const struct channels *cs, const struct channel_kind *kind,
    uint32_t packet, const char **text)
{
	enum side peer = cs->side == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT;

	if (kind == NULL) {
		*text = "unknown channel type";
		return OPEN_UNKNOWN_TYPE;
	}
	if (!kind->opened_by[peer]) {
		*text = "not for this side to open";
		return OPEN_PROHIBITED;
	}
	if (packet == 0) {
		*text = "maximum packet size is 0";
		return OPEN_CONNECT_FAILED;
	}
	if (cs->n_channels >= LIMIT_CHANNELS || cs->n_in[LIFE_ASKED] >= LIMIT_PENDING_OPENS) {
		*text = "too many channels";
		return OPEN_RESOURCE_SHORTAGE;
	}
	return 0;
}

enum err
channels_on_open(struct channels *cs, struct span payload, msec now, struct event *ev)
{
	struct reader r = rd_init(payload);
	struct span type = rd_bytes(&r);
	uint32_t remote = rd_u32(&r);
	uint32_t window = rd_u32(&r);
	uint32_t packet = rd_u32(&r);
	struct span body = rd_rest(&r);
	const struct channel_kind *kind = channel_kind_find(type);
	const char *text = NULL;
	struct channel *ch;
	uint32_t code;

	cs->now = now;
	if (rd_end(&r) != ERR_OK)
		return channels_malformed(cs, rd_end(&r));
	if (kind != NULL && kind->is_session && cs->refuses_sessions)
		return transport_fault(cs->t, ERR_SEQUENCE, "session after no-more-sessions");
	code = why_refused(cs, kind, packet, &text);
	if (code != 0) {
		send_failure(cs, remote, code, text);
		return ERR_OK;
	}
	ch = channel_add(cs, kind, LIFE_ASKED);
	if (ch == NULL) {
		send_failure(cs, remote, OPEN_RESOURCE_SHORTAGE, "out of memory");
		return ERR_OK;
	}
	set_peer(ch, remote, window, packet);
	channel_event(ch, EV_NEED_CHANNEL, ev);
	ev->open.type = type;
	ev->open.body = body;
	return ERR_OK;
}

void
channels_accept(struct channels *cs, struct channel_id id, struct span body)
{
	struct channel *ch = channel_find(cs, id);
	struct writer *w;

	if (ch == NULL || ch->life != LIFE_ASKED)
		return;
	channel_set_life(cs, ch, LIFE_LIVE);
	ch->window = window_init(&cs->budget);
	w = channel_begin(cs, ch, MSG_CHANNEL_OPEN_CONFIRMATION);
	wr_u32(w, ch->id.n);
	wr_u32(w, ch->window.credit);
	wr_u32(w, PACKET_DATA);
	wr_raw(w, body);
	transport_end(cs->t);
}

void
channels_refuse(struct channels *cs, struct channel_id id, uint32_t code,
    const char *text)
{
	struct channel *ch = channel_find(cs, id);

	if (ch == NULL || ch->life != LIFE_ASKED)
		return;
	send_failure(cs, ch->remote.n, code, text);
	channel_remove(cs, ch);
}

/* --- opened by us --- */

enum err
channels_open(struct channels *cs, const char *type, struct span body,
    struct channel_id *id)
{
	const struct channel_kind *kind = channel_kind_find(span_str(type));
	struct channel *ch;
	struct writer *w;

	if (kind == NULL)
		return ERR_UNSUPPORTED;
	if (cs->n_channels >= LIMIT_CHANNELS || cs->n_in[LIFE_OPENING] >= LIMIT_PENDING_OPENS)
		return ERR_LIMIT;
	ch = channel_add(cs, kind, LIFE_OPENING);
	if (ch == NULL)
		return ERR_NOMEM;
	ch->window = window_init(&cs->budget);
	w = transport_begin(cs->t, MSG_CHANNEL_OPEN);
	wr_str(w, type);
	wr_u32(w, ch->id.n);
	wr_u32(w, ch->window.credit);
	wr_u32(w, PACKET_DATA);
	wr_raw(w, body);
	transport_end(cs->t);
	*id = ch->id;
	return ERR_OK;
}

/* Finds the channel of an answer to our open; there must be one. */
static enum err
read_opening(struct channels *cs, struct reader *r, struct channel **ch)
{
	TRY(channel_read(cs, r, ch));
	if (*ch == NULL || (*ch)->life != LIFE_OPENING)
		return transport_fault(cs->t, ERR_SEQUENCE, "answer to no open");
	return ERR_OK;
}

enum err
channels_on_open_confirmation(struct channels *cs, struct span payload,
    msec now, struct event *ev)
{
	struct reader r = rd_init(payload);
	uint32_t remote, window, packet;
	struct channel *ch;
	struct span body;

	cs->now = now;
	TRY(read_opening(cs, &r, &ch));
	remote = rd_u32(&r);
	window = rd_u32(&r);
	packet = rd_u32(&r);
	body = rd_rest(&r);
	if (rd_end(&r) != ERR_OK)
		return channels_malformed(cs, rd_end(&r));
	if (packet == 0)
		return transport_fault(cs->t, ERR_FORMAT, "maximum packet size is 0");
	set_peer(ch, remote, window, packet);
	channel_set_life(cs, ch, LIFE_LIVE);
	if (ch->half[TX] == CLOSED) {
		/* The program gave it up before it was there. */
		(void)channel_begin(cs, ch, MSG_CHANNEL_CLOSE);
		transport_end(cs->t);
		return ERR_OK;
	}
	channel_event(ch, EV_CHANNEL_OPENED, ev);
	ev->body = body;
	return ERR_OK;
}

enum err
channels_on_open_failure(struct channels *cs, struct span payload,
    msec now, struct event *ev)
{
	struct reader r = rd_init(payload);
	struct channel *ch;

	cs->now = now;
	TRY(read_opening(cs, &r, &ch));
	ev->reason = rd_u32(&r);
	ev->text = rd_bytes(&r);
	(void)rd_bytes(&r);		/* language tag */
	if (rd_end(&r) != ERR_OK)
		return channels_malformed(cs, rd_end(&r));
	channel_event(ch, EV_CHANNEL_REFUSED, ev);
	channel_remove(cs, ch);
	return ERR_OK;
}
