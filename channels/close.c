/* SPDX-License-Identifier: ISC */
/* The end of channels (RFC 4254 5.3), in both directions. */
#include "channels/channels_i.h"

void
channels_eof(struct channels *cs, struct channel_id id)
{
	struct channel *ch = channel_find(cs, id);

	if (ch == NULL || ch->life != LIFE_LIVE || ch->half[TX] != OPEN)
		return;
	channel_set_half(ch, TX, DRAIN);
	(void)channel_begin(cs, ch, MSG_CHANNEL_EOF);
	transport_end(cs->t);
}

void
channels_close(struct channels *cs, struct channel_id id)
{
	struct channel *ch = channel_find(cs, id);

	if (ch == NULL || ch->half[TX] == CLOSED)
		return;
	if (ch->life == LIFE_ASKED) {
		channels_refuse(cs, id, OPEN_CONNECT_FAILED, "open failed");
		return;
	}
	channels_eof(cs, id);
	channel_set_half(ch, TX, CLOSED);
	if (ch->life == LIFE_OPENING)
		return;		/* sent when there is somebody to send it to */
	(void)channel_begin(cs, ch, MSG_CHANNEL_CLOSE);
	transport_end(cs->t);
}

enum err
channels_on_eof(struct channels *cs, struct span payload, msec now, struct event *ev)
{
	struct reader r = rd_init(payload);
	struct channel *ch;

	cs->now = now;
	TRY(channel_read_live(cs, &r, &ch));
	if (rd_end(&r) != ERR_OK)
		return channels_malformed(cs, rd_end(&r));
	if (ch == NULL)
		return ERR_OK;
	if (ch->half[RX] != OPEN)
		return transport_fault(cs->t, ERR_SEQUENCE, "second EOF");
	channel_set_half(ch, RX, DRAIN);
	if (ch->half[TX] == CLOSED)
		return ERR_OK;
	channel_event(ch, EV_CHANNEL_EOF, ev);
	return ERR_OK;
}

enum err
channels_on_close(struct channels *cs, struct span payload, msec now, struct event *ev)
{
	struct reader r = rd_init(payload);
	struct channel *ch;

	cs->now = now;
	TRY(channel_read_live(cs, &r, &ch));
	if (rd_end(&r) != ERR_OK)
		return channels_malformed(cs, rd_end(&r));
	if (ch == NULL)
		return ERR_OK;
	channel_set_half(ch, RX, CLOSED);
	if (ch->half[TX] != CLOSED) {
		(void)channel_begin(cs, ch, MSG_CHANNEL_CLOSE);
		transport_end(cs->t);
		channel_set_half(ch, TX, CLOSED);
	}
	channel_event(ch, EV_CHANNEL_CLOSED, ev);
	channel_remove(cs, ch);
	return ERR_OK;
}
