/* SPDX-License-Identifier: ISC */
/* Which sessions a grant has opened, and when they have to end. */
#include <stdlib.h>

#include "auth/ephemeral_i.h"

/* Numbers are the program's own, so they need no secret hash; they are mixed all the same. */
static uint64_t
hash_of(const struct ephemeral *t, uint64_t number)
{
	return siphash(&t->secret, span_of(&number, sizeof(number)), SPAN_EMPTY);
}

static struct session *
find(const struct ephemeral *t, uint64_t number)
{
	/* Looking counts probes and changes nothing else. */
	struct htable *sessions = (struct htable *)&t->sessions;
	struct hnode *node = htable_first(sessions, hash_of(t, number));

	for (; node != NULL; node = htable_next(sessions, node)) {
		struct session *s = HTABLE_OF(node, struct session, by_number);

		if (s->number == number)
			return s;
	}
	return NULL;
}

void
ephemeral_session_free(struct ephemeral *t, struct session *s)
{
	htable_remove(&t->sessions, &s->by_number);
	link_remove(&s->of_entry);
	s->entry->n_sessions--;
	t->bytes -= table_cost(sizeof(*s));
	free(s);
}

enum err
ephemeral_session_open(struct ephemeral *t, struct span id, uint64_t session, msec now)
{
	struct session *s;
	struct entry *e;

	table_advance(t, now);
	must(session != 0);
	e = entry_by_id(t, id);
	if (e == NULL)
		return ERR_NOTFOUND;
	if (find(t, session) != NULL)
		return ERR_EXISTS;
	if (t->sessions.n >= EPHEMERAL_SESSIONS)
		return ERR_LIMIT;
	TRY(htable_reserve(&t->sessions));
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return ERR_NOMEM;
	s->entry = e;
	s->number = session;
	s->begun = t->now;
	link_init(&s->of_entry);
	link_append(&e->sessions, &s->of_entry);
	htable_add(&t->sessions, &s->by_number, hash_of(t, session));
	e->n_sessions++;
	t->bytes += table_cost(sizeof(*s));
	/* Not to be forgotten while it has sessions. */
	link_remove(&e->over);
	return ERR_OK;
}

void
ephemeral_session_close(struct ephemeral *t, uint64_t session)
{
	struct session *s = find(t, session);
	struct entry *e;

	if (s == NULL)
		return;
	e = s->entry;
	ephemeral_session_free(t, s);
	entry_settle(t, e);
}

msec
ephemeral_session_end(const struct ephemeral *t, uint64_t session)
{
	const struct session *s = find(t, session);
	const struct entry *e;

	if (s == NULL)
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
