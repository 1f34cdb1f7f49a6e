/* SPDX-License-Identifier: ISC */
/* Looking at grants and changing them, by id and by what they have in common. */
#include <string.h>

#include "auth/ephemeral_i.h"

enum err
ephemeral_get(struct ephemeral *t, struct span id, msec now, struct ephemeral_grant *out)
{
	struct entry *e;

	table_advance(t, now);
	e = entry_by_id(t, id);
	if (e == NULL)
		return ERR_NOTFOUND;
	entry_grant(e, out);
	return ERR_OK;
}

/* A grant that is used up may still hold the end of the sessions it opened. */
static bool
may_extend(const struct entry *e)
{
	return e->state == EPHEMERAL_LIVE || (e->state == EPHEMERAL_USED_UP &&
	    e->session == EPHEMERAL_SESSION_GRANT && e->n_sessions > 0);
}

enum err
ephemeral_extend(struct ephemeral *t, struct span id, msec ttl, msec now,
    struct ephemeral_grant *out)
{
	struct entry *e;

	table_advance(t, now);
	e = entry_by_id(t, id);
	if (e == NULL)
		return ERR_NOTFOUND;
	if (!may_extend(e))
		return ERR_DENIED;
	if (ttl < t->limits.min_ttl || ttl > t->limits.max_ttl || t->now + ttl <= e->expires)
		return ERR_RANGE;
	e->expires = t->now + ttl;
	if (e->state == EPHEMERAL_LIVE)
		heap_moved(t, e);
	entry_event(t, e, EPHEMERAL_EV_EXTENDED);
	entry_grant(e, out);
	return ERR_OK;
}

enum err
ephemeral_revoke(struct ephemeral *t, struct span id, msec now)
{
	struct entry *e;

	table_advance(t, now);
	e = entry_by_id(t, id);
	if (e == NULL)
		return ERR_NOTFOUND;
	if (e->state != EPHEMERAL_LIVE)
		return ERR_DENIED;
	entry_end(t, e, EPHEMERAL_REVOKED, t->now);
	return ERR_OK;
}

static bool
matches(const struct entry *e, const struct ephemeral_filter *f)
{
	if (f->live_only && e->state != EPHEMERAL_LIVE)
		return false;
	if (f->user.len > 0 && !span_eq(span_of(e->user->name, e->user->len), f->user))
		return false;
	if (f->registrar.len > 0 &&
	    !span_eq(span_of(e->registrar->name, e->registrar->len), f->registrar))
		return false;
	return f->fingerprint.len == 0 ||
	    span_eq(span_of(e->ring->fingerprint, EPHEMERAL_FP_LEN), f->fingerprint);
}

size_t
ephemeral_revoke_matching(struct ephemeral *t, const struct ephemeral_filter *f, msec now)
{
	size_t n = 0;

	table_advance(t, now);
	for (struct link *l = t->all.next; l != &t->all; l = l->next) {
		struct entry *e = ENTRY_OF(l, all);

		if (e->state == EPHEMERAL_LIVE && matches(e, f)) {
			entry_end(t, e, EPHEMERAL_REVOKED, t->now);
			n++;
		}
	}
	return n;
}

/* The link behind the cursor's; searched for only if its entry is gone. */
static struct link *
behind(struct ephemeral *t, const struct ephemeral_cursor *cursor)
{
	struct entry *e = entry_by_id(t, span_str(cursor->id));
	struct link *l = t->all.next;

	if (e != NULL && e->serial == cursor->serial)
		return e->all.next;
	while (l != &t->all && ENTRY_OF(l, all)->serial <= cursor->serial)
		l = l->next;
	return l;
}

bool
ephemeral_next(struct ephemeral *t, const struct ephemeral_filter *f,
    struct ephemeral_cursor *cursor, struct ephemeral_grant *out)
{
	for (struct link *l = behind(t, cursor); l != &t->all; l = l->next) {
		struct entry *e = ENTRY_OF(l, all);

		cursor->serial = e->serial;
		memcpy(cursor->id, e->id, sizeof(cursor->id));
		if (matches(e, f)) {
			entry_grant(e, out);
			return true;
		}
	}
	return false;
}

const char *
ephemeral_state_name(enum ephemeral_state state)
{
	static const char *const names[] = {
		[EPHEMERAL_LIVE] = "live",
		[EPHEMERAL_EXPIRED] = "expired",
		[EPHEMERAL_USED_UP] = "used up",
		[EPHEMERAL_REVOKED] = "revoked",
		[EPHEMERAL_LOCKED] = "locked",
	};

	return names[state];
}
