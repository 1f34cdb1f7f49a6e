/* SPDX-License-Identifier: ISC */
/* The table itself: made, filled, freed. */
#include "auth/ephemeral.h"

#include <stdlib.h>
#include <string.h>

#include "auth/ephemeral_i.h"
#include "crypto/hash.h"

#define SECOND		((msec)1000)
#define YEAR		(365 * 24 * 3600 * SECOND)

/* Nothing lasts longer; keeps sums of times far from overflow. */
#define LONGEST		(10 * YEAR)

/* Whoever comes a moment too late is told so. */
#define SHORTEST_MEMORY	(60 * SECOND)

/* No letters or digits that look alike. */
static const char id_letters[] = "abcdefghjkmnpqrstuvwxyz23456789";

struct ephemeral_limits
ephemeral_default_limits(void)
{
	return (struct ephemeral_limits){
		.total = LIMIT_EPHEMERAL,
		.bytes = EPHEMERAL_BYTES,
		.min_ttl = SECOND,
		.max_ttl = 24 * 3600 * SECOND,
		.remember = 600 * SECOND,
	};
}

void
ephemeral_set_limits(struct ephemeral *t, const struct ephemeral_limits *limits)
{
	t->limits = *limits;
	if (t->limits.total > LIMIT_EPHEMERAL)
		t->limits.total = LIMIT_EPHEMERAL;
	if (t->limits.max_ttl > LONGEST)
		t->limits.max_ttl = LONGEST;
	if (t->limits.remember < SHORTEST_MEMORY)
		t->limits.remember = SHORTEST_MEMORY;
	if (t->limits.remember > LONGEST)
		t->limits.remember = LONGEST;
}

const struct ephemeral_limits *
ephemeral_limits(const struct ephemeral *t)
{
	return &t->limits;
}

enum err
ephemeral_new(struct ephemeral **out, const struct ephemeral_limits *limits, struct rng rng)
{
	struct ephemeral *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return ERR_NOMEM;
	t->rng = rng;
	rng_fill(&t->rng, &t->secret, sizeof(t->secret));
	link_init(&t->all);
	link_init(&t->over);
	link_init(&t->pending);
	link_init(&t->codes);
	ephemeral_set_limits(t, limits);
	*out = t;
	return ERR_OK;
}

void
ephemeral_free(struct ephemeral *t)
{
	if (t == NULL)
		return;
	while (!link_is_alone(&t->all))
		entry_free(t, ENTRY_OF(t->all.next, all));
	htable_free(&t->by_key);
	htable_free(&t->by_id);
	htable_free(&t->counters);
	htable_free(&t->rings);
	free(t->guessers);
	htable_free(&t->sessions);
	free(t->heap);
	free(t);
}

/* --- adding --- */

/* Printable text without control characters, of a bounded length. */
static bool
is_text(struct span s, size_t max)
{
	if (s.len > max)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	}
	return true;
}

static bool
is_cidr_list(struct span list)
{
	struct span part;
	struct cidr cidr;

	if (list.len > EPHEMERAL_MAX_SOURCES)
		return false;
	if (list.len == 0)
		return true;
	while (span_token(&list, ',', &part)) {
		if (cidr_parse(part, &cidr) != ERR_OK)
			return false;
	}
	return true;
}

static enum err
check_request(const struct ephemeral *t, const struct ephemeral_request *req)
{
	if (req->user.len == 0 || !is_text(req->user, LIMIT_USER) ||
	    req->blob.len == 0 || req->blob.len > LIMIT_KEY_BLOB ||
	    !is_cidr_list(req->sources) || !is_text(req->options, EPHEMERAL_MAX_OPTIONS) ||
	    !is_text(req->registrar, EPHEMERAL_MAX_REGISTRAR) ||
	    !is_text(req->comment, EPHEMERAL_MAX_COMMENT) ||
	    (req->proof.len != 0 && req->proof.len != EPHEMERAL_PROOF_LEN))
		return ERR_SYNTAX;
	if (req->ttl < t->limits.min_ttl || req->ttl > t->limits.max_ttl ||
	    req->grace > t->limits.max_ttl)
		return ERR_RANGE;
	if (req->session == EPHEMERAL_SESSION_LENGTH &&
	    (req->session_length < SECOND || req->session_length > LONGEST))
		return ERR_RANGE;
	return ERR_OK;
}

/* Live grants of this user and key. */
static size_t
count_of_key(struct ephemeral *t, struct span user, const uint8_t *fingerprint, uint64_t hash)
{
	struct hnode *node = htable_first(&t->by_key, hash);
	size_t n = 0;

	for (; node != NULL; node = htable_next(&t->by_key, node)) {
		const struct entry *e = ENTRY_OF(node, by_key);

		n += e->state == EPHEMERAL_LIVE && entry_is_for(e, user, fingerprint);
	}
	return n;
}

/* Which count is at its limit. */
static enum ephemeral_full
check_counts(struct ephemeral *t, const struct ephemeral_request *req,
    const uint8_t *fingerprint, uint64_t hash)
{
	const struct ephemeral_limits *l = &t->limits;

	if (t->heap_n >= l->total)
		return EPHEMERAL_FULL_TOTAL;
	if (l->per_user > 0 && counter_live(t, COUNTER_USER, req->user) >= l->per_user)
		return EPHEMERAL_FULL_USER;
	if (l->per_registrar > 0 &&
	    counter_live(t, COUNTER_REGISTRAR, req->registrar) >= l->per_registrar)
		return EPHEMERAL_FULL_REGISTRAR;
	if (count_of_key(t, req->user, fingerprint, hash) >= EPHEMERAL_PER_KEY)
		return EPHEMERAL_FULL_KEY;
	if (req->proof.len > 0 && t->n_codes >= EPHEMERAL_CODES)
		return EPHEMERAL_FULL_CODES;
	return EPHEMERAL_NOT_FULL;
}

/*
 * Makes room for a request in memory by forgetting what is over, the oldest
 * first. Tables that have to double count as if they had.
 */
static bool
make_room(struct ephemeral *t, const struct ephemeral_request *req)
{
	size_t need = table_cost(sizeof(struct entry) + req->blob.len + req->sources.len +
	    req->options.len + req->comment.len + req->proof.len) + table_cost(sizeof(struct ring)) +
	    table_cost(sizeof(struct counter) + req->user.len) +
	    table_cost(sizeof(struct counter) + req->registrar.len);

	if (t->by_id.n >= t->by_id.n_buckets)
		need += 4 * htable_bytes(&t->by_id);
	if (t->heap_n >= t->heap_cap)
		need += t->heap_cap * sizeof(struct entry *);
	while (table_bytes(t) + need > t->limits.bytes) {
		if (!table_forget_one(t))
			return false;
	}
	return true;
}

/* An id that no entry has. */
static void
choose_id(struct ephemeral *t, char *id)
{
	do {
		for (size_t i = 0; i < EPHEMERAL_ID_LEN; i++)
			id[i] = id_letters[rng_below(&t->rng, sizeof(id_letters) - 1)];
		id[EPHEMERAL_ID_LEN] = '\0';
	} while (entry_by_id(t, span_str(id)) != NULL);
}

/* Gives a new entry its terms and puts it where it belongs; cannot fail. */
static void
insert(struct ephemeral *t, struct entry *e, const struct ephemeral_request *req, uint64_t hash)
{
	e->registered = t->now;
	e->expires = t->now + req->ttl;
	e->grace = req->grace;
	e->uses = req->uses;
	e->session = (uint8_t)req->session;
	e->session_length = req->session_length;
	e->serial = ++t->last_serial;
	choose_id(t, e->id);
	htable_add(&t->by_id, &e->by_id, siphash(&t->secret, span_str(e->id), SPAN_EMPTY));
	htable_add(&t->by_key, &e->by_key, hash);
	e->in_key_table = true;
	link_append(&t->all, &e->all);
	heap_add(t, e);
	if (e->proof_len > 0) {
		link_append(&t->codes, &e->code);
		t->n_codes++;
		t->n_codes_known++;
	}
	e->user->live++;
	e->registrar->live++;
	entry_event(t, e, EPHEMERAL_EV_REGISTERED);
}

enum err
ephemeral_add(struct ephemeral *t, const struct ephemeral_request *req, msec now,
    struct ephemeral_grant *out, enum ephemeral_full *full)
{
	uint8_t fingerprint[HASH_MAX_LEN];
	enum ephemeral_full why;
	struct entry *e;
	uint64_t hash;

	if (full != NULL)
		*full = EPHEMERAL_NOT_FULL;
	table_advance(t, now);
	TRY(check_request(t, req));
	hash_once(hash_find("sha256"), req->blob, fingerprint);
	hash = entry_key_hash(t, req->user, fingerprint);
	why = check_counts(t, req, fingerprint, hash);
	if (why == EPHEMERAL_NOT_FULL && !make_room(t, req))
		why = EPHEMERAL_FULL_BYTES;
	if (why != EPHEMERAL_NOT_FULL) {
		if (full != NULL)
			*full = why;
		return ERR_LIMIT;
	}
	TRY(htable_reserve(&t->by_id));
	TRY(htable_reserve(&t->by_key));
	TRY(heap_reserve(t));
	TRY(entry_new(t, req, fingerprint, &e));
	insert(t, e, req, hash);
	entry_grant(e, out);
	return ERR_OK;
}

/* --- time and sums --- */

msec
ephemeral_deadline(const struct ephemeral *t)
{
	msec at = MSEC_NEVER;

	if (t->heap_n > 0)
		at = t->heap[0]->expires;
	if (!link_is_alone(&t->over)) {
		msec forget_at = ENTRY_OF(t->over.next, over)->forget_at;

		at = forget_at < at ? forget_at : at;
	}
	return at;
}

void
ephemeral_tick(struct ephemeral *t, msec now)
{
	table_advance(t, now);
}

size_t
ephemeral_count(const struct ephemeral *t)
{
	return t->heap_n;
}

size_t
ephemeral_bytes(const struct ephemeral *t)
{
	return table_bytes(t);
}

uint64_t
ephemeral_probes(const struct ephemeral *t)
{
	return t->by_key.probes + t->by_id.probes + t->counters.probes +
	    t->rings.probes + t->sessions.probes;
}
