/* SPDX-License-Identifier: ISC */
/* Requests and their answers (RFC 4254 4 and 5.4), in both directions. */
#include "channels/channels_i.h"

/* --- requests of the peer --- */

/* A new event id; never 0. */
static uint32_t
next_request(struct channels *cs)
{
	if (++cs->last_request == 0)
		cs->last_request = 1;
	return cs->last_request;
}

/* Sends an answer to a request on ch; on no channel: a global one. */
static void
send_answer(struct channels *cs, struct channel *ch, bool ok, struct span body)
{
	struct writer *w;

	if (ch != NULL)
		w = channel_begin(cs, ch, ok ? MSG_CHANNEL_SUCCESS : MSG_CHANNEL_FAILURE);
	else
		w = transport_begin(cs->t, ok ? MSG_REQUEST_SUCCESS : MSG_REQUEST_FAILURE);
	wr_raw(w, body);
	transport_end(cs->t);
}

/*
 * Puts a request that wants an answer into its queue. Beyond the limit it is
 * denied in its turn: *id stays 0, the program is not asked.
 */
static enum err
enqueue(struct channels *cs, struct channel *ch, uint32_t *id)
{
	struct owed_queue *q = ch != NULL ? &ch->owed : &cs->owed;

	*id = 0;
	if (cs->n_owed >= LIMIT_PENDING_REPLIES) {
		if (!owed_push_denied(q))
			send_answer(cs, ch, false, SPAN_EMPTY);
		else if (++cs->n_denied > LIMIT_DENIED_REPLIES)
			return transport_fault(cs->t, ERR_LIMIT, "too many requests");
		return ERR_OK;
	}
	*id = next_request(cs);
	if (owed_push(q, *id) != ERR_OK)
		return transport_fault(cs->t, ERR_NOMEM, "out of memory");
	cs->n_owed++;
	return ERR_OK;
}

/* Keeps an answer and sends all that are now in their turn. */
static void
answer(struct channels *cs, struct channel *ch, uint32_t id, bool ok, struct span body)
{
	struct owed_queue *q = ch != NULL ? &ch->owed : &cs->owed;
	enum err e = owed_answer(q, id, ok, body);
	struct owed *o;

	if (e != ERR_OK) {
		(void)transport_fault(cs->t, e, "answer to a request");
		return;
	}
	while ((o = owed_first(q)) != NULL) {
		send_answer(cs, ch, o->answer == ANSWER_YES, writer_span(&o->body));
		for (uint32_t i = 0; i < o->n_denied; i++)
			send_answer(cs, ch, false, SPAN_EMPTY);
		cs->n_denied -= o->n_denied;
		owed_pop(q);
		cs->n_owed--;
	}
}

enum err
channels_on_request(struct channels *cs, struct span payload, msec now, struct event *ev)
{
	struct reader r = rd_init(payload);
	struct channel *ch;
	struct span request, body;
	bool want_reply;
	uint32_t id = 0;

	cs->now = now;
	TRY(channel_read(cs, &r, &ch));
	request = rd_bytes(&r);
	want_reply = rd_flag(&r);
	body = rd_rest(&r);
	if (rd_end(&r) != ERR_OK)
		return channels_malformed(cs, rd_end(&r));
	if (ch != NULL && ch->life != LIFE_LIVE) {
		/* Ruby's net-ssh sends "env" on a forwarded-tcpip before it confirms it. */
		return want_reply ? channels_not_open(cs) : ERR_OK;
	}
	/* After CLOSE nothing can be answered, but exit-status may still come. */
	if (ch == NULL || (want_reply && ch->half[TX] == CLOSED))
		return ERR_OK;
	if (want_reply) {
		TRY(enqueue(cs, ch, &id));
		if (id == 0)
			return ERR_OK;
	}
	channel_event(ch, EV_CHANNEL_REQUEST, ev);
	ev->id = id;
	ev->request = request;
	ev->want_reply = want_reply;
	ev->body = body;
	return ERR_OK;
}

void
channels_answer_request(struct channels *cs, struct channel_id id,
    uint32_t request_id, bool ok)
{
	struct channel *ch = channel_find(cs, id);

	if (ch != NULL && ch->life == LIFE_LIVE && ch->half[TX] != CLOSED)
		answer(cs, ch, request_id, ok, SPAN_EMPTY);
}

enum err
channels_on_global_request(struct channels *cs, struct span payload,
    msec now, struct event *ev)
{
	struct reader r = rd_init(payload);
	struct span request = rd_bytes(&r);
	bool want_reply = rd_flag(&r);
	struct span body = rd_rest(&r);
	uint32_t id = 0;

	cs->now = now;
	if (rd_end(&r) != ERR_OK)
		return channels_malformed(cs, rd_end(&r));
	if (cs->side == SIDE_SERVER && span_is(request, "no-more-sessions@openssh.com"))
		cs->refuses_sessions = true;
	if (want_reply) {
		TRY(enqueue(cs, NULL, &id));
		if (id == 0)
			return ERR_OK;
	}
	ev->type = EV_GLOBAL_REQUEST;
	ev->id = id;
	ev->request = request;
	ev->want_reply = want_reply;
	ev->body = body;
	return ERR_OK;
}

void
channels_answer_global(struct channels *cs, uint32_t request_id, bool ok,
    struct span body)
{
	answer(cs, NULL, request_id, ok, body);
}

/* --- requests of ours --- */

void
channels_request(struct channels *cs, struct channel_id id, const char *request,
    bool want_reply, struct span body)
{
	struct channel *ch = channel_find(cs, id);
	struct writer *w;

	if (ch == NULL || ch->life != LIFE_LIVE || ch->half[TX] == CLOSED)
		return;
	w = channel_begin(cs, ch, MSG_CHANNEL_REQUEST);
	wr_str(w, request);
	wr_flag(w, want_reply);
	wr_raw(w, body);
	transport_end(cs->t);
	if (want_reply)
		ch->n_replies++;
}

static enum err
on_reply(struct channels *cs, struct span payload, bool ok, struct event *ev)
{
	struct reader r = rd_init(payload);
	struct channel *ch;

	TRY(channel_read_live(cs, &r, &ch));
	if (rd_end(&r) != ERR_OK)
		return channels_malformed(cs, rd_end(&r));
	if (ch == NULL || ch->n_replies == 0)
		return ERR_OK;
	ch->n_replies--;
	channel_event(ch, EV_CHANNEL_REPLY, ev);
	ev->ok = ok;
	return ERR_OK;
}

enum err
channels_on_success(struct channels *cs, struct span payload, msec now, struct event *ev)
{
	cs->now = now;
	return on_reply(cs, payload, true, ev);
}

enum err
channels_on_failure(struct channels *cs, struct span payload, msec now, struct event *ev)
{
	cs->now = now;
	return on_reply(cs, payload, false, ev);
}

void
channels_global_request(struct channels *cs, const char *request, bool want_reply,
    struct span body)
{
	struct writer *w = transport_begin(cs->t, MSG_GLOBAL_REQUEST);

	wr_str(w, request);
	wr_flag(w, want_reply);
	wr_raw(w, body);
	transport_end(cs->t);
	if (want_reply)
		cs->n_replies++;
}

static enum err
on_global_reply(struct channels *cs, struct span payload, bool ok, struct event *ev)
{
	if (cs->n_replies == 0)
		return ERR_OK;
	cs->n_replies--;
	ev->type = EV_GLOBAL_REPLY;
	ev->ok = ok;
	ev->body = payload;
	return ERR_OK;
}

enum err
channels_on_request_success(struct channels *cs, struct span payload,
    msec now, struct event *ev)
{
	cs->now = now;
	return on_global_reply(cs, payload, true, ev);
}

enum err
channels_on_request_failure(struct channels *cs, struct span payload,
    msec now, struct event *ev)
{
	cs->now = now;
	return on_global_reply(cs, payload, false, ev);
}
