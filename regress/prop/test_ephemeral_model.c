/* SPDX-License-Identifier: ISC */
/*
 * The ephemeral table against a model of it: an array that is walked for
 * everything. Random operations, a given clock, few users and keys, so that
 * everything meets everything; after each the two must agree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "auth/ephemeral.h"

#define N_USERS		3
#define N_KEYS		4
#define N_ENTRIES	4096
#define N_SESSIONS	24
#define S		((msec)1000)
#define REMEMBER	(60 * S)

struct model_entry {
	bool there;
	char id[EPHEMERAL_ID_SIZE];
	unsigned user, key;
	enum ephemeral_state state;
	msec expires, ended, forget_at, grace, length;
	uint32_t uses, used, reserved, sessions;
	enum ephemeral_session session;
	bool local_only;
	bool hidden;			/* a later one of this key is over as well */
};

struct model_session {
	unsigned entry;
	msec begun;
	bool there;
	bool is_open;			/* else a login that holds a use */
};

struct model {
	struct model_entry e[N_ENTRIES];
	unsigned n;
	struct model_session s[N_SESSIONS];
	msec now;
	struct rng rng;
	struct ephemeral *t;
};

static unsigned
below(struct model *m, unsigned n)
{
	return rng_below(&m->rng, n);
}

static struct span
user_name(unsigned user)
{
	static const char *const names[N_USERS] = { "alice", "bob", "carol" };

	return span_str(names[user]);
}

static struct span
key_blob(unsigned key)
{
	static const char *const blobs[N_KEYS] = { "k0", "k1", "k2", "k3" };

	return span_str(blobs[key]);
}

/* --- what the model does with time --- */

static void
settle(struct model *m, struct model_entry *e)
{
	if (e->state != EPHEMERAL_LIVE && e->sessions + e->reserved == 0)
		e->forget_at = m->now + REMEMBER;
}

static void
end(struct model *m, struct model_entry *e, enum ephemeral_state state, msec when)
{
	for (unsigned i = 0; i < m->n; i++) {
		struct model_entry *other = &m->e[i];

		if (other != e && other->there && other->state != EPHEMERAL_LIVE &&
		    other->user == e->user && other->key == e->key)
			other->hidden = true;
	}
	e->state = state;
	e->ended = when;
	settle(m, e);
}

static struct model_entry *
next_to_expire(struct model *m)
{
	struct model_entry *best = NULL;

	for (unsigned i = 0; i < m->n; i++) {
		struct model_entry *e = &m->e[i];

		if (e->there && e->state == EPHEMERAL_LIVE && e->expires <= m->now &&
		    (best == NULL || e->expires < best->expires))
			best = e;
	}
	return best;
}

static void
advance(struct model *m, msec by)
{
	struct model_entry *e;

	m->now += by;
	while ((e = next_to_expire(m)) != NULL)
		end(m, e, EPHEMERAL_EXPIRED, e->expires);
	for (unsigned i = 0; i < m->n; i++) {
		e = &m->e[i];
		if (e->there && e->state != EPHEMERAL_LIVE && e->sessions + e->reserved == 0 &&
		    e->forget_at <= m->now)
			e->there = false;
	}
}

/* --- operations on both --- */

static unsigned
live_where(struct model *m, int user, int key)
{
	unsigned n = 0;

	for (unsigned i = 0; i < m->n; i++) {
		const struct model_entry *e = &m->e[i];

		n += e->there && e->state == EPHEMERAL_LIVE &&
		    (user < 0 || e->user == (unsigned)user) && (key < 0 || e->key == (unsigned)key);
	}
	return n;
}

static void
op_add(struct model *m)
{
	struct model_entry e = { .there = true, .user = below(m, N_USERS), .key = below(m, N_KEYS),
	    .uses = below(m, 4), .grace = below(m, 3) * 40 * S, .local_only = below(m, 4) == 0,
	    .session = (enum ephemeral_session)below(m, 3), .length = (1 + below(m, 50)) * S };
	msec ttl = (1 + below(m, 100)) * S;
	struct ephemeral_request req = { .user = user_name(e.user), .blob = key_blob(e.key),
	    .ttl = ttl, .uses = e.uses, .grace = e.grace,
	    .sources = e.local_only ? SPAN_LIT("127.0.0.0/8") : SPAN_EMPTY,
	    .session = e.session, .session_length = e.length, .registrar = SPAN_LIT("r") };
	enum ephemeral_full full, expected = EPHEMERAL_NOT_FULL;
	struct ephemeral_grant g;
	enum err err;

	if (m->n == N_ENTRIES)
		return;
	if (live_where(m, -1, -1) >= 30)
		expected = EPHEMERAL_FULL_TOTAL;
	else if (live_where(m, (int)e.user, -1) >= 20)
		expected = EPHEMERAL_FULL_USER;
	else if (live_where(m, (int)e.user, (int)e.key) >= EPHEMERAL_PER_KEY)
		expected = EPHEMERAL_FULL_KEY;
	err = ephemeral_add(m->t, &req, m->now, &g, &full);
	assert_int_equal(full, expected);
	assert_int_equal(err, expected == EPHEMERAL_NOT_FULL ? ERR_OK : ERR_LIMIT);
	if (err != ERR_OK)
		return;
	memcpy(e.id, g.id, sizeof(e.id));
	e.expires = m->now + ttl;
	m->e[m->n++] = e;
}

static int
rank_of(const struct model_entry *e, bool local)
{
	if (e->state != EPHEMERAL_LIVE)
		return 0;
	if (e->local_only && !local)
		return 1;
	return e->uses > 0 && e->used + e->reserved == e->uses ? 2 : 3;
}

/* The entry that counts, or NULL. */
static struct model_entry *
look_up(struct model *m, unsigned user, unsigned key, bool local)
{
	struct model_entry *best = NULL;

	for (unsigned i = 0; i < m->n; i++) {
		struct model_entry *e = &m->e[i];

		if (e->there && !e->hidden && e->user == user && e->key == key &&
		    (best == NULL || rank_of(e, local) >= rank_of(best, local)))
			best = e;
	}
	return best;
}

static enum ephemeral_answer
answer_of(const struct model_entry *e, bool local)
{
	static const enum ephemeral_answer over[] = {
		[EPHEMERAL_EXPIRED] = EPHEMERAL_NO_EXPIRED,
		[EPHEMERAL_USED_UP] = EPHEMERAL_NO_USED_UP,
		[EPHEMERAL_REVOKED] = EPHEMERAL_NO_REVOKED,
	};

	if (e == NULL)
		return EPHEMERAL_UNKNOWN;
	if (e->state != EPHEMERAL_LIVE)
		return over[e->state];
	switch (rank_of(e, local)) {
	case 3: return EPHEMERAL_YES;
	case 2: return EPHEMERAL_NO_BUSY;
	default: return EPHEMERAL_NO_SOURCE;
	}
}

/* A number of no login, or N_SESSIONS. */
static unsigned
free_number(struct model *m)
{
	unsigned i = below(m, N_SESSIONS), first = i;

	while (m->s[i].there) {
		i = (i + 1) % N_SESSIONS;
		if (i == first)
			return N_SESSIONS;
	}
	return i;
}

static void
op_login(struct model *m, bool is_use)
{
	unsigned user = below(m, N_USERS), key = below(m, N_KEYS);
	bool local = below(m, 2) == 0;
	struct address from;
	struct model_entry *e = look_up(m, user, key, local);
	enum ephemeral_answer expected = e == NULL && live_where(m, -1, (int)key) > 0 ?
	    EPHEMERAL_NO_USER : answer_of(e, local), answer;
	struct ephemeral_login login = { .user = user_name(user), .blob = key_blob(key), .source = &from };
	unsigned number = free_number(m);
	struct ephemeral_grant g;

	if (number == N_SESSIONS)
		return;
	login.number = number + 1;
	assert_int_equal(address_parse(local ? SPAN_LIT("127.1.2.3") : SPAN_LIT("192.0.2.1"), &from),
	    ERR_OK);
	if (is_use)
		assert_int_equal(ephemeral_reserve(m->t, &login, m->now, &answer, &g), ERR_OK);
	else
		answer = ephemeral_find(m->t, user_name(user), key_blob(key), &from, false, m->now, &g);
	assert_int_equal(answer, expected);
	if (answer != EPHEMERAL_YES)
		return;
	assert_string_equal(g.id, e->id);
	if (!is_use)
		return;
	e->reserved++;
	m->s[number] = (struct model_session){ (unsigned)(e - m->e), m->now, true, false };
}

/* A login succeeds, if what it holds is still good. */
static void
commit(struct model *m, unsigned i)
{
	struct model_session *s = &m->s[i];
	struct model_entry *e = &m->e[s->entry];
	enum ephemeral_answer answer = ephemeral_commit(m->t, i + 1, m->now, NULL);

	if (!s->there || s->is_open) {
		assert_int_equal(answer, EPHEMERAL_UNKNOWN);
		return;
	}
	assert_int_equal(answer, e->state == EPHEMERAL_LIVE ? EPHEMERAL_YES : answer_of(e, true));
	if (answer != EPHEMERAL_YES)
		return;
	s->is_open = true;
	s->begun = m->now;
	e->reserved--;
	e->sessions++;
	if (e->used++ == 0 && e->grace > 0 && m->now + e->grace > e->expires)
		e->expires = m->now + e->grace;
	if (e->uses > 0 && e->used == e->uses)
		end(m, e, EPHEMERAL_USED_UP, m->now);
}

/* Any entry there ever was, or NULL. */
static struct model_entry *
any(struct model *m)
{
	return m->n == 0 ? NULL : &m->e[below(m, m->n)];
}

static void
op_revoke(struct model *m)
{
	struct model_entry *e = any(m);
	enum err err;

	if (e == NULL)
		return;
	err = ephemeral_revoke(m->t, span_str(e->id), m->now);
	assert_int_equal(err, !e->there ? ERR_NOTFOUND :
	    e->state != EPHEMERAL_LIVE ? ERR_DENIED : ERR_OK);
	if (err == ERR_OK)
		end(m, e, EPHEMERAL_REVOKED, m->now);
}

static void
op_revoke_user(struct model *m)
{
	unsigned user = below(m, N_USERS);
	struct ephemeral_filter f = { .user = user_name(user) };
	size_t n = live_where(m, (int)user, -1);

	assert_int_equal(ephemeral_revoke_matching(m->t, &f, m->now), n);
	for (unsigned i = 0; i < m->n; i++) {
		if (m->e[i].there && m->e[i].state == EPHEMERAL_LIVE && m->e[i].user == user)
			end(m, &m->e[i], EPHEMERAL_REVOKED, m->now);
	}
}

static void
op_extend(struct model *m)
{
	struct model_entry *e = any(m);
	msec ttl = (1 + below(m, 100)) * S;
	struct ephemeral_grant g;
	enum err err, expected = ERR_OK;

	if (e == NULL)
		return;
	if (!e->there)
		expected = ERR_NOTFOUND;
	else if (e->state != EPHEMERAL_LIVE && !(e->state == EPHEMERAL_USED_UP &&
	    e->session == EPHEMERAL_SESSION_GRANT && e->sessions > 0))
		expected = ERR_DENIED;
	else if (m->now + ttl <= e->expires)
		expected = ERR_RANGE;
	err = ephemeral_extend(m->t, span_str(e->id), ttl, m->now, &g);
	assert_int_equal(err, expected);
	if (err == ERR_OK)
		e->expires = m->now + ttl;
}

static void
op_session(struct model *m)
{
	unsigned i = below(m, N_SESSIONS);
	struct model_session *s = &m->s[i];
	struct model_entry *e = &m->e[s->entry];

	if (below(m, 3) > 0) {
		commit(m, i);
		return;
	}
	ephemeral_close(m->t, i + 1);
	if (!s->there)
		return;
	s->there = false;
	if (s->is_open)
		e->sessions--;
	else
		e->reserved--;
	settle(m, e);
}

/* --- agreement --- */

static void
sessions_agree(struct model *m)
{
	for (unsigned i = 0; i < N_SESSIONS; i++) {
		const struct model_entry *e = &m->e[m->s[i].entry];
		msec expected = MSEC_NEVER;

		if (m->s[i].there && m->s[i].is_open && e->session == EPHEMERAL_SESSION_LENGTH)
			expected = m->s[i].begun + e->length;
		if (m->s[i].there && m->s[i].is_open && e->session == EPHEMERAL_SESSION_GRANT)
			expected = e->state == EPHEMERAL_REVOKED ? e->ended : e->expires;
		assert_true(ephemeral_session_end(m->t, i + 1) == expected);
	}
}

static void
agree(struct model *m)
{
	struct ephemeral_filter f = { .live_only = false };
	struct ephemeral_cursor cursor = { .serial = 0 };
	struct ephemeral_grant g;

	assert_int_equal(ephemeral_count(m->t), live_where(m, -1, -1));
	for (unsigned i = 0; i < m->n; i++) {
		const struct model_entry *e = &m->e[i];

		if (!e->there)
			continue;
		assert_true(ephemeral_next(m->t, &f, &cursor, &g));
		assert_string_equal(g.id, e->id);
		assert_int_equal(g.state, e->state);
		assert_int_equal(g.used, e->used);
		assert_int_equal(g.reserved, e->reserved);
		assert_int_equal(g.sessions, e->sessions);
		assert_true(g.end == (e->state == EPHEMERAL_LIVE ? e->expires : e->ended));
	}
	assert_false(ephemeral_next(m->t, &f, &cursor, &g));
	sessions_agree(m);
}

/* Each entry is registered once, used as often as it was, over once at most. */
static void
events_agree(struct model *m, unsigned *registered, unsigned *used, unsigned *over)
{
	struct ephemeral_event ev;

	while (ephemeral_next_event(m->t, &ev)) {
		assert_true(ev.times > 0);
		if (ev.kind == EPHEMERAL_EV_REGISTERED)
			*registered += ev.times;
		else if (ev.kind == EPHEMERAL_EV_USED)
			*used += ev.times;
		else if (ev.kind == EPHEMERAL_EV_EXPIRED || ev.kind == EPHEMERAL_EV_USED_UP ||
		    ev.kind == EPHEMERAL_EV_REVOKED)
			*over += ev.times;
	}
	assert_true(*registered >= *over);
}

static void
operate(struct model *m)
{
	switch (below(m, 12)) {
	case 0:
	case 1:
	case 2:
		op_add(m);
		break;
	case 3:
		op_login(m, false);
		break;
	case 4:
	case 5:
	case 6:
		op_login(m, true);
		break;
	case 7:
		op_revoke(m);
		break;
	case 8:
		if (below(m, 20) == 0)
			op_revoke_user(m);
		break;
	case 9:
		op_extend(m);
		break;
	default:
		op_session(m);
		break;
	}
}

static void
the_table_does_what_a_walked_array_does(void **state)
{
	(void)state;
	for (uint64_t round = 1; round <= 30; round++) {
		struct model *m = calloc(1, sizeof(*m));
		struct rng_test ops = { round }, ids = { ~round };
		struct ephemeral_limits limits = ephemeral_default_limits();
		unsigned registered = 0, used = 0, over = 0, model_used = 0, model_over = 0;

		limits.total = 30;
		limits.per_user = 20;
		limits.max_ttl = 100 * S;
		limits.remember = REMEMBER;
		m->rng = rng_test(&ops);
		m->now = 5 * S;
		assert_int_equal(ephemeral_new(&m->t, &limits, rng_test(&ids)), ERR_OK);
		for (int i = 0; i < 1000; i++) {
			if (below(m, 2) == 0)
				advance(m, below(m, 8) * 500);
			ephemeral_tick(m->t, m->now);
			operate(m);
			agree(m);
			events_agree(m, &registered, &used, &over);
		}
		for (unsigned i = 0; i < m->n; i++) {
			model_used += m->e[i].used;
			model_over += m->e[i].state != EPHEMERAL_LIVE;
		}
		assert_int_equal(registered, m->n);
		assert_int_equal(used, model_used);
		assert_int_equal(over, model_over);
		ephemeral_free(m->t);
		free(m);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_does_what_a_walked_array_does),
	};

	return cmocka_run_group_tests_name("ephemeral model", tests, NULL, NULL);
}
