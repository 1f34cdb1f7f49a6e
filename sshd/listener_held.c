/* SPDX-License-Identifier: ISC */
/* Uses of ephemeral keys that logins hold, and the sessions that come of them. */
#include <stdio.h>
#include <stdlib.h>

#include "sshd/listener_i.h"

static void
held_free(struct held *h)
{
	free(h->user);
	free(h->registrar);
	*h = (struct held){ .number = 0 };
}

/* Notes what has been taken. ERR_NOMEM. */
static enum err
hold(struct connection *c, uint64_t number, const struct ephemeral_grant *g)
{
	struct held *h = &c->held[c->n_held];

	*h = (struct held){ .number = number, .user = span_dup_str(g->user),
	    .registrar = span_dup_str(g->registrar) };
	snprintf(h->grant, sizeof(h->grant), "%s", g->id);
	if (h->user == NULL || h->registrar == NULL) {
		held_free(h);
		return ERR_NOMEM;
	}
	c->n_held++;
	return ERR_OK;
}

/* Gives back number i. */
static void
give_back(struct connection *c, size_t i)
{
	ephemeral_close(c->listener->table, c->held[i].number);
	held_free(&c->held[i]);
	c->held[i] = c->held[--c->n_held];
	c->held[c->n_held] = (struct held){ .number = 0 };
}

void
listener_drop(struct connection *c, struct span grant)
{
	for (size_t i = 0; i < c->n_held; i++) {
		if (span_is(grant, c->held[i].grant)) {
			give_back(c, i);
			return;
		}
	}
}

void
listener_give_back(struct connection *c)
{
	while (!c->has_committed && c->n_held > 0)
		give_back(c, c->n_held - 1);
}

void
listener_let_go(struct connection *c)
{
	while (c->n_held > 0)
		give_back(c, c->n_held - 1);
}

msec
listener_session_end(const struct connection *c)
{
	msec end = MSEC_NEVER;

	for (size_t i = 0; i < c->n_held; i++) {
		msec one = ephemeral_session_end(c->listener->table, c->held[i].number);

		end = one < end ? one : end;
	}
	return end;
}

enum ephemeral_answer
listener_hold(struct connection *c, const struct ephemeral_login *login, struct ephemeral_grant *g)
{
	struct listener *l = c->listener;
	enum ephemeral_answer answer = EPHEMERAL_UNKNOWN;
	enum err e = c->n_held == HELD_MAX || c->has_committed ? ERR_LIMIT :
	    ephemeral_reserve(l->table, login, loop_now(l->loop), &answer, g);

	if (e == ERR_OK && answer == EPHEMERAL_YES) {
		e = hold(c, login->number, g);
		if (e != ERR_OK)
			ephemeral_close(l->table, login->number);
	}
	if (e == ERR_OK)
		return answer;
	log_error(l->log, "cannot note a use of an ephemeral key: %s", err_text(e));
	return EPHEMERAL_UNKNOWN;
}

/* The first use whose grant is over; 0 if there is none. */
static size_t
first_over(const struct connection *c, msec now)
{
	struct ephemeral_grant g;

	for (size_t i = 0; i < c->n_held; i++) {
		if (ephemeral_get(c->listener->table, span_str(c->held[i].grant), now, &g) != ERR_OK ||
		    g.state != EPHEMERAL_LIVE)
			return i;
	}
	return 0;
}

enum ephemeral_answer
listener_consume(struct connection *c, struct ephemeral_grant *g)
{
	enum ephemeral_answer answer = EPHEMERAL_YES;
	msec now = loop_now(c->listener->loop);

	/* One that will not do ends it before any is consumed. */
	for (size_t i = first_over(c, now); i < c->n_held && answer == EPHEMERAL_YES; i++)
		answer = ephemeral_commit(c->listener->table, c->held[i].number, now, g);
	c->has_committed = answer == EPHEMERAL_YES;
	return answer;
}

/* --- the journal --- */

/* One of its sessions as the journal tells of it; source is room for its address. */
static struct journal_session
session_of(const struct connection *c, size_t i, char *source, size_t size)
{
	const struct held *h = &c->held[i];

	source[0] = '\0';
	if (c->client.address.family != 0)
		address_print(&c->client.address, source, size);
	return (struct journal_session){ .grant = h->grant, .user = span_str(h->user),
	    .registrar = span_str(h->registrar), .source = span_str(source),
	    .number = h->number };
}

void
listener_session_began(struct connection *c)
{
	char source[64];

	c->began = loop_now(c->listener->loop);
	for (size_t i = 0; i < c->n_held; i++) {
		struct journal_session s = session_of(c, i, source, sizeof(source));

		journal_session_started(c->listener->journal, &s);
	}
}

void
listener_session_warned(struct connection *c, uint32_t seconds)
{
	char source[64];

	for (size_t i = 0; i < c->n_held; i++) {
		struct journal_session s = session_of(c, i, source, sizeof(source));

		journal_session_warned(c->listener->journal, &s, seconds);
	}
}

void
listener_session_ended(struct connection *c)
{
	msec now = loop_now(c->listener->loop);
	const char *why = c->end_why;
	char source[64];

	if (c->began == 0)
		return;
	if (why == NULL)
		why = now >= listener_session_end(c) ? "time over" : "closed";
	for (size_t i = 0; i < c->n_held; i++) {
		struct journal_session s = session_of(c, i, source, sizeof(source));

		journal_session_ended(c->listener->journal, &s, (now - c->began) / 1000, why);
	}
}
