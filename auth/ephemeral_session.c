/* SPDX-License-Identifier: ISC */
/* Logins that use a grant: what they hold, and when the sessions that they become have to end. */
#include <stdlib.h>

#include "auth/ephemeral_i.h"

/* Numbers are the program's own, so they need no secret hash; they are mixed all the same. */
static uint64_t
hash_of(const struct ephemeral *t, uint64_t number)
{
	return siphash(&t->secret, span_of(&number, sizeof(number)), SPAN_EMPTY);
}

struct session *
session_find(struct ephemeral *t, uint64_t number)
{
	struct hnode *node = htable_first(&t->sessions, hash_of(t, number));

	for (; node != NULL; node = htable_next(&t->sessions, node)) {
		struct session *s = HTABLE_OF(node, struct session, by_number);

		if (s->number == number)
			return s;
	}
	return NULL;
}

/* Looking counts probes and changes nothing else. */
static const struct session *
find(const struct ephemeral *t, uint64_t number)
{
	return session_find((struct ephemeral *)t, number);
}

enum err
session_new(struct ephemeral *t, struct entry *e, uint64_t number)
{
	struct session *s;

	must(number != 0);
	if (find(t, number) != NULL)
		return ERR_EXISTS;
	if (t->sessions.n >= EPHEMERAL_SESSIONS)
		return ERR_LIMIT;
	TRY(htable_reserve(&t->sessions));
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return ERR_NOMEM;
	s->entry = e;
	s->number = number;
	link_init(&s->of_entry);
	link_append(&e->sessions, &s->of_entry);
	htable_add(&t->sessions, &s->by_number, hash_of(t, number));
	e->reserved++;
	t->bytes += table_cost(sizeof(*s));
	return ERR_OK;
}

void
session_free(struct ephemeral *t, struct session *s)
{
	htable_remove(&t->sessions, &s->by_number);
	link_remove(&s->of_entry);
	if (s->is_open)
		s->entry->n_sessions--;
	else
		s->entry->reserved--;
	t->bytes -= table_cost(sizeof(*s));
	free(s);
}

void
ephemeral_close(struct ephemeral *t, uint64_t number)
{
	struct session *s = session_find(t, number);
	struct entry *e;

	if (s == NULL)
		return;
	e = s->entry;
	session_free(t, s);
	entry_settle(t, e);
}

msec
ephemeral_session_end(const struct ephemeral *t, uint64_t session)
{
	const struct session *s = find(t, session);
	const struct entry *e;

	if (s == NULL || !s->is_open)
		return MSEC_NEVER;
	e = s->entry;
	switch ((enum ephemeral_session)e->session) {
	case EPHEMERAL_SESSION_LENGTH:
		return s->begun + e->session_length;
	case EPHEMERAL_SESSION_GRANT:
		/* Used up means no more logins, not the end of this one. */
		if (e->state == EPHEMERAL_REVOKED)
			return e->ended;
		return e->expires;
	case EPHEMERAL_SESSION_FREE:
		break;
	}
	return MSEC_NEVER;
}

bool
ephemeral_session_next(const struct ephemeral *t, struct span id, uint64_t *session)
{
	struct entry *e = entry_by_id((struct ephemeral *)t, id);
	const struct session *last;
	struct link *l;

	if (e == NULL)
		return false;
	l = e->sessions.next;
	if (*session != 0) {
		last = find(t, *session);
		if (last == NULL || last->entry != e)
			return false;
		l = last->of_entry.next;
	}
	if (l == &e->sessions)
		return false;
	*session = HTABLE_OF(l, struct session, of_entry)->number;
	return true;
}
