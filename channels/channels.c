/* SPDX-License-Identifier: ISC */
/* The layer itself: its table of channels, and what every message needs. */
#include "channels/channels.h"

#include <stdlib.h>

#include "channels/channels_i.h"

#define SLOTS_FIRST	4

enum err
channels_new(struct channels **out, enum side side, struct transport *t,
    uint64_t window_budget)
{
	struct channels *cs = calloc(1, sizeof(*cs));
	uint64_t total = window_budget == 0 ? LIMIT_WINDOW_BUDGET : window_budget;

	*out = NULL;
	if (cs == NULL)
		return ERR_NOMEM;
	cs->side = side;
	cs->t = t;
	cs->budget.total = total;
	/* A rest stays for the channels that are opened later. */
	total -= total / 8;
	cs->budget.most = total > INT32_MAX ? INT32_MAX : (uint32_t)total;
	*out = cs;
	return ERR_OK;
}

void
channels_free(struct channels *cs)
{
	if (cs == NULL)
		return;
	for (size_t i = 0; i < cs->n_slots; i++)
		if (cs->slots[i].channel != NULL)
			channel_remove(cs, cs->slots[i].channel);
	owed_free(&cs->owed);
	free(cs->slots);
	free(cs);
}

void
channels_set_peer_ident(struct channels *cs, struct span ident)
{
	/* OpenSSH's sender stalls for ever in a window of 16 MiB or more. */
	static const uint32_t openssh_most = 15u * 1024 * 1024;

	if (span_starts(ident, SPAN_LIT("SSH-2.0-Dayfly"))) {
		cs->knows_eow = true;
	} else if (span_starts(ident, SPAN_LIT("SSH-2.0-OpenSSH"))) {
		cs->knows_eow = true;
		if (cs->budget.most > openssh_most)
			cs->budget.most = openssh_most;
	}
}

size_t
channels_count(const struct channels *cs)
{
	return cs->n_channels;
}

bool
channels_walk(const struct channels *cs, size_t *cursor, struct channel_id *id)
{
	while (*cursor < cs->n_slots) {
		const struct channel *ch = cs->slots[(*cursor)++].channel;

		if (ch == NULL)
			continue;
		*id = ch->id;
		return true;
	}
	return false;
}

void
channels_set_tag(struct channels *cs, struct channel_id id, void *tag)
{
	struct channel *ch = channel_find(cs, id);

	if (ch != NULL)
		ch->tag = tag;
}

void *
channels_tag(const struct channels *cs, struct channel_id id)
{
	struct channel *ch = channel_find(cs, id);

	return ch == NULL ? NULL : ch->tag;
}

/* --- the table --- */

/* Finds an empty slot, making more if there is none; NULL when out of memory. */
static struct slot *
slot_empty(struct channels *cs)
{
	size_t old = cs->n_slots;
	size_t n = old == 0 ? SLOTS_FIRST : old * 2;
	struct slot *slots;

	for (size_t i = 0; i < old; i++)
		if (cs->slots[i].channel == NULL)
			return &cs->slots[i];
	must(n <= LIMIT_CHANNELS);
	slots = realloc(cs->slots, n * sizeof(*slots));
	if (slots == NULL)
		return NULL;
	for (size_t i = old; i < n; i++)
		slots[i] = (struct slot){ .channel = NULL };
	cs->slots = slots;
	cs->n_slots = n;
	return &slots[old];
}

void
channel_set_life(struct channels *cs, struct channel *ch, enum life life)
{
	cs->n_in[ch->life]--;
	ch->life = life;
	cs->n_in[ch->life]++;
}

void
channel_set_half(struct channel *ch, enum direction way, enum half half)
{
	must(half > ch->half[way]);
	ch->half[way] = half;
}

void
channel_event(const struct channel *ch, enum event_type type, struct event *ev)
{
	ev->type = type;
	ev->channel = ch->id;
	ev->tag = ch->tag;
}

struct channel *
channel_add(struct channels *cs, const struct channel_kind *kind, enum life life)
{
	struct channel *ch = calloc(1, sizeof(*ch));
	struct slot *slot = ch == NULL ? NULL : slot_empty(cs);

	if (slot == NULL) {
		free(ch);
		return NULL;
	}
	ch->id.n = slot->next++ * LIMIT_CHANNELS + (uint32_t)(slot - cs->slots);
	ch->kind = kind;
	ch->life = life;
	cs->n_in[life]++;
	slot->channel = ch;
	cs->n_channels++;
	return ch;
}

void
channel_remove(struct channels *cs, struct channel *ch)
{
	cs->slots[ch->id.n % LIMIT_CHANNELS].channel = NULL;
	cs->n_channels--;
	cs->n_owed -= ch->owed.n;
	cs->n_denied -= owed_denied(&ch->owed);
	cs->n_in[ch->life]--;
	owed_free(&ch->owed);
	window_close(&ch->window);
	free(ch);
}

struct channel *
channel_find(const struct channels *cs, struct channel_id id)
{
	size_t i = id.n % LIMIT_CHANNELS;
	struct channel *ch = i < cs->n_slots ? cs->slots[i].channel : NULL;

	return ch != NULL && ch->id.n == id.n ? ch : NULL;
}

/* Whether there was a channel of this number once. */
static bool
was_used(const struct channels *cs, struct channel_id id)
{
	size_t i = id.n % LIMIT_CHANNELS;

	return i < cs->n_slots && id.n / LIMIT_CHANNELS < cs->slots[i].next;
}

/* --- messages --- */

enum err
channels_malformed(struct channels *cs, enum err e)
{
	return transport_fault(cs->t, e, "malformed message of the connection layer");
}

enum err
channels_not_open(struct channels *cs)
{
	return transport_fault(cs->t, ERR_SEQUENCE, "channel is not open yet");
}

enum err
channel_read(struct channels *cs, struct reader *r, struct channel **ch)
{
	struct channel_id id = { rd_u32(r) };

	*ch = NULL;
	if (r->err != ERR_OK)
		return channels_malformed(cs, r->err);
	*ch = channel_find(cs, id);
	if (*ch != NULL ? (*ch)->life == LIFE_ASKED : !was_used(cs, id))
		return transport_fault(cs->t, ERR_SEQUENCE, "nonexistent channel");
	return ERR_OK;
}

enum err
channel_read_live(struct channels *cs, struct reader *r, struct channel **ch)
{
	TRY(channel_read(cs, r, ch));
	return *ch != NULL && (*ch)->life != LIFE_LIVE ? channels_not_open(cs) : ERR_OK;
}

struct writer *
channel_begin(struct channels *cs, const struct channel *ch, uint8_t number)
{
	struct writer *w = transport_begin(cs->t, number);

	wr_u32(w, ch->remote.n);
	return w;
}
