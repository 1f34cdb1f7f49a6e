/* SPDX-License-Identifier: ISC */
/* Entries and counters: made, ended, forgotten. */
#include <stdlib.h>
#include <string.h>

#include "auth/ephemeral_i.h"
#include "base/secret.h"

/* malloc's own share, and its rounding. */
size_t
table_cost(size_t n)
{
	return (n + 8 + 15) / 16 * 16;
}

size_t
table_bytes(const struct ephemeral *t)
{
	return t->bytes + htable_bytes(&t->by_key) + htable_bytes(&t->by_id) +
	    htable_bytes(&t->counters) + htable_bytes(&t->rings) + htable_bytes(&t->sessions) +
	    t->heap_cap * sizeof(struct entry *);
}

/* --- counters --- */

static struct span
counter_kind_byte(enum counter_kind kind)
{
	return kind == COUNTER_USER ? SPAN_LIT("u") : SPAN_LIT("r");
}

static struct counter *
counter_find(struct ephemeral *t, enum counter_kind kind, struct span name)
{
	uint64_t hash = siphash(&t->secret, counter_kind_byte(kind), name);
	struct hnode *node = htable_first(&t->counters, hash);

	for (; node != NULL; node = htable_next(&t->counters, node)) {
		struct counter *c = HTABLE_OF(node, struct counter, node);

		if (c->kind == kind && span_eq(span_of(c->name, c->len), name))
			return c;
	}
	return NULL;
}

enum err
counter_get(struct ephemeral *t, enum counter_kind kind, struct span name, struct counter **out)
{
	struct counter *c = counter_find(t, kind, name);

	if (c == NULL) {
		TRY(htable_reserve(&t->counters));
		c = malloc(sizeof(*c) + name.len);
		if (c == NULL)
			return ERR_NOMEM;
		*c = (struct counter){ .kind = kind, .len = (uint16_t)name.len };
		if (name.len > 0)
			memcpy(c->name, name.p, name.len);
		htable_add(&t->counters, &c->node, siphash(&t->secret, counter_kind_byte(kind), name));
		t->bytes += table_cost(sizeof(*c) + name.len);
	}
	*out = c;
	return ERR_OK;
}

void
counter_release(struct ephemeral *t, struct counter *c)
{
	if (c == NULL || c->refs > 0)
		return;
	htable_remove(&t->counters, &c->node);
	t->bytes -= table_cost(sizeof(*c) + c->len);
	free(c);
}

uint32_t
counter_live(struct ephemeral *t, enum counter_kind kind, struct span name)
{
	struct counter *c = counter_find(t, kind, name);

	return c == NULL ? 0 : c->live;
}

/* --- keys --- */

static uint64_t
ring_hash(const struct ephemeral *t, const uint8_t *fingerprint)
{
	return siphash(&t->secret, span_of(fingerprint, EPHEMERAL_FP_LEN), SPAN_EMPTY);
}

struct ring *
ring_find(struct ephemeral *t, const uint8_t *fingerprint)
{
	struct hnode *node = htable_first(&t->rings, ring_hash(t, fingerprint));

	for (; node != NULL; node = htable_next(&t->rings, node)) {
		struct ring *ring = HTABLE_OF(node, struct ring, node);

		if (memcmp(ring->fingerprint, fingerprint, EPHEMERAL_FP_LEN) == 0)
			return ring;
	}
	return NULL;
}

enum err
ring_get(struct ephemeral *t, const uint8_t *fingerprint, struct ring **out)
{
	struct ring *ring = ring_find(t, fingerprint);

	if (ring == NULL) {
		TRY(htable_reserve(&t->rings));
		ring = calloc(1, sizeof(*ring));
		if (ring == NULL)
			return ERR_NOMEM;
		link_init(&ring->entries);
		memcpy(ring->fingerprint, fingerprint, EPHEMERAL_FP_LEN);
		htable_add(&t->rings, &ring->node, ring_hash(t, fingerprint));
		t->bytes += table_cost(sizeof(*ring));
	}
	*out = ring;
	return ERR_OK;
}

void
ring_release(struct ephemeral *t, struct ring *ring)
{
	if (ring == NULL || !link_is_alone(&ring->entries))
		return;
	htable_remove(&t->rings, &ring->node);
	t->bytes -= table_cost(sizeof(*ring));
	free(ring);
}

/* --- entries --- */

static size_t
entry_len(const struct entry *e)
{
	return sizeof(*e) + e->blob_len + e->sources_len + e->options_len + e->comment_len +
	    e->proof_len;
}

/* Appends s to the strings of e. */
static uint16_t
append(struct entry *e, size_t *at, struct span s)
{
	if (s.len > 0)
		memcpy(e->bytes + *at, s.p, s.len);
	*at += s.len;
	return (uint16_t)s.len;
}

static struct entry *
entry_alloc(const struct ephemeral_request *req)
{
	size_t len = req->blob.len + req->sources.len + req->options.len + req->comment.len +
	    req->proof.len;
	struct entry *e = calloc(1, sizeof(*e) + len);
	size_t at = 0;

	if (e == NULL)
		return NULL;
	e->blob_len = append(e, &at, req->blob);
	e->sources_len = append(e, &at, req->sources);
	e->options_len = append(e, &at, req->options);
	e->comment_len = append(e, &at, req->comment);
	e->proof_len = (uint8_t)append(e, &at, req->proof);
	link_init(&e->all);
	link_init(&e->over);
	link_init(&e->pending);
	link_init(&e->sessions);
	link_init(&e->of_ring);
	link_init(&e->code);
	return e;
}

enum err
entry_new(struct ephemeral *t, const struct ephemeral_request *req,
    const uint8_t *fingerprint, struct entry **out)
{
	struct counter *user = NULL, *registrar = NULL;
	struct ring *ring = NULL;
	struct entry *e = NULL;
	enum err err;

	err = counter_get(t, COUNTER_USER, req->user, &user);
	if (err == ERR_OK)
		err = counter_get(t, COUNTER_REGISTRAR, req->registrar, &registrar);
	if (err == ERR_OK)
		err = ring_get(t, fingerprint, &ring);
	if (err == ERR_OK && (e = entry_alloc(req)) == NULL)
		err = ERR_NOMEM;
	if (err != ERR_OK) {
		counter_release(t, user);
		counter_release(t, registrar);
		ring_release(t, ring);
		return err;
	}
	e->user = user;
	e->registrar = registrar;
	user->refs++;
	registrar->refs++;
	e->ring = ring;
	link_append(&ring->entries, &e->of_ring);
	t->bytes += table_cost(entry_len(e));
	*out = e;
	return ERR_OK;
}

void
entry_free(struct ephemeral *t, struct entry *e)
{
	while (!link_is_alone(&e->sessions))
		session_free(t, HTABLE_OF(e->sessions.next, struct session, of_entry));
	if (e->in_key_table)
		htable_remove(&t->by_key, &e->by_key);
	htable_remove(&t->by_id, &e->by_id);
	link_remove(&e->all);
	link_remove(&e->over);
	link_remove(&e->pending);
	if (!link_is_alone(&e->code)) {
		link_remove(&e->code);
		t->n_codes--;
	}
	t->n_codes_known -= e->proof_len > 0;
	link_remove(&e->of_ring);
	ring_release(t, e->ring);
	e->user->refs--;
	counter_release(t, e->user);
	e->registrar->refs--;
	counter_release(t, e->registrar);
	t->bytes -= table_cost(entry_len(e));
	wipe(e, entry_len(e));
	free(e);
}

/*
 * Of the grants of one key that are over, a look-up needs the last one only:
 * takes the others out of its way, so that chains stay short.
 */
static void
hide_other_over(struct ephemeral *t, struct entry *e)
{
	struct hnode *node = htable_first(&t->by_key, e->by_key.hash);
	struct span user = span_of(e->user->name, e->user->len);

	while (node != NULL) {
		struct entry *other = ENTRY_OF(node, by_key);

		node = htable_next(&t->by_key, node);
		if (other == e || other->state == EPHEMERAL_LIVE ||
		    !entry_is_for(other, user, e->ring->fingerprint))
			continue;
		htable_remove(&t->by_key, &other->by_key);
		other->in_key_table = false;
	}
}

void
entry_settle(struct ephemeral *t, struct entry *e)
{
	if (e->state == EPHEMERAL_LIVE || !link_is_alone(&e->sessions))
		return;
	e->forget_at = t->now + t->limits.remember;
	link_append(&t->over, &e->over);
}

void
entry_end(struct ephemeral *t, struct entry *e, enum ephemeral_state state, msec when)
{
	static const uint8_t events[] = {
		[EPHEMERAL_EXPIRED] = EPHEMERAL_EV_EXPIRED, [EPHEMERAL_USED_UP] = EPHEMERAL_EV_USED_UP,
		[EPHEMERAL_REVOKED] = EPHEMERAL_EV_REVOKED, [EPHEMERAL_LOCKED] = EPHEMERAL_EV_LOCKED,
	};

	must(e->state == EPHEMERAL_LIVE && state != EPHEMERAL_LIVE);
	heap_remove(t, e);
	if (!link_is_alone(&e->code)) {
		link_remove(&e->code);
		t->n_codes--;
	}
	e->state = (uint8_t)state;
	e->ended = when;
	link_remove(&e->of_ring);
	link_append(e->ring->entries.next, &e->of_ring);	/* to the front: behind are the live ones */
	e->user->live--;
	e->registrar->live--;
	hide_other_over(t, e);
	entry_settle(t, e);
	entry_event(t, e, (enum ephemeral_event_kind)events[state]);
}

bool
table_forget_one(struct ephemeral *t)
{
	if (link_is_alone(&t->over))
		return false;
	entry_free(t, ENTRY_OF(t->over.next, over));
	return true;
}

void
table_advance(struct ephemeral *t, msec now)
{
	if (now > t->now)
		t->now = now;
	while (t->heap_n > 0 && t->heap[0]->expires <= t->now)
		entry_end(t, t->heap[0], EPHEMERAL_EXPIRED, t->heap[0]->expires);
	while (!link_is_alone(&t->over) &&
	    ENTRY_OF(t->over.next, over)->forget_at <= t->now)
		(void)table_forget_one(t);
}

/* --- looking at entries --- */

struct entry *
entry_by_id(struct ephemeral *t, struct span id)
{
	struct hnode *node = htable_first(&t->by_id, siphash(&t->secret, id, SPAN_EMPTY));

	for (; node != NULL; node = htable_next(&t->by_id, node)) {
		struct entry *e = ENTRY_OF(node, by_id);

		if (span_is(id, e->id))
			return e;
	}
	return NULL;
}

uint64_t
entry_key_hash(const struct ephemeral *t, struct span user, const uint8_t *fingerprint)
{
	return siphash(&t->secret, span_of(fingerprint, EPHEMERAL_FP_LEN), user);
}

bool
entry_is_for(const struct entry *e, struct span user, const uint8_t *fingerprint)
{
	return memcmp(e->ring->fingerprint, fingerprint, EPHEMERAL_FP_LEN) == 0 &&
	    span_eq(span_of(e->user->name, e->user->len), user);
}

struct span
entry_sources(const struct entry *e)
{
	return span_of(e->bytes + e->blob_len, e->sources_len);
}

void
entry_grant(const struct entry *e, struct ephemeral_grant *out)
{
	const uint8_t *options = e->bytes + e->blob_len + e->sources_len;

	*out = (struct ephemeral_grant){
		.id = e->id,
		.state = (enum ephemeral_state)e->state,
		.user = span_of(e->user->name, e->user->len),
		.blob = span_of(e->bytes, e->blob_len),
		.fingerprint = span_of(e->ring->fingerprint, EPHEMERAL_FP_LEN),
		.sources = entry_sources(e),
		.options = span_of(options, e->options_len),
		.registrar = span_of(e->registrar->name, e->registrar->len),
		.comment = span_of(options + e->options_len, e->comment_len),
		.proof = span_of(options + e->options_len + e->comment_len, e->proof_len),
		.registered = e->registered,
		.end = e->state == EPHEMERAL_LIVE ? e->expires : e->ended,
		.uses = e->uses,
		.used = e->used,
		.grace = e->grace,
		.session = (enum ephemeral_session)e->session,
		.session_length = e->session_length,
		.reserved = e->reserved,
		.sessions = e->n_sessions,
	};
}
