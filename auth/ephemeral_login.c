/* SPDX-License-Identifier: ISC */
/* What a login asks of the table: find, use, and why not. */
#include "auth/ephemeral_i.h"
#include "crypto/hash.h"

/* Whether a grant with these sources may be used from there. */
static bool
is_from(struct span sources, const struct address *source)
{
	struct span part;
	struct cidr cidr;

	if (sources.len == 0)
		return true;
	if (source == NULL)
		return false;
	while (span_token(&sources, ',', &part)) {
		if (cidr_parse(part, &cidr) == ERR_OK && cidr_has(&cidr, source))
			return true;
	}
	return false;
}

enum ephemeral_answer
entry_answer(const struct entry *e)
{
	switch ((enum ephemeral_state)e->state) {
	case EPHEMERAL_LIVE:
		return e->uses == 0 || e->used + e->reserved < e->uses ? EPHEMERAL_YES : EPHEMERAL_NO_BUSY;
	case EPHEMERAL_EXPIRED:
		return EPHEMERAL_NO_EXPIRED;
	case EPHEMERAL_USED_UP:
		return EPHEMERAL_NO_USED_UP;
	case EPHEMERAL_REVOKED:
		return EPHEMERAL_NO_REVOKED;
	case EPHEMERAL_LOCKED:
		return EPHEMERAL_NO_LOCKED;
	}
	return EPHEMERAL_UNKNOWN;
}

static enum ephemeral_answer
answer_of(const struct entry *e, const struct address *source)
{
	if (e->state == EPHEMERAL_LIVE && !is_from(entry_sources(e), source))
		return EPHEMERAL_NO_SOURCE;
	return entry_answer(e);
}

/* How much an answer is worth: a usable grant, one that may become usable, a live one, then what is over. */
static int
rank(enum ephemeral_answer answer)
{
	switch (answer) {
	case EPHEMERAL_YES: return 3;
	case EPHEMERAL_NO_BUSY: return 2;
	case EPHEMERAL_NO_SOURCE: return 1;
	default: return 0;
	}
}

/* What is asked of the table. */
struct question {
	struct span user, blob;
	const struct address *source;
	bool is_signed;
};

/* Whether the entry has this key, and may be talked of. */
static bool
is_meant(const struct ephemeral *t, const struct entry *e, const struct question *q)
{
	/* The fingerprint stands for the key; the blob is compared all the same. */
	if (!span_eq(span_of(e->bytes, e->blob_len), q->blob))
		return false;
	return e->proof_len == 0 || (q->is_signed && !code_source_is_shut(t, q->source));
}

/* The newest live grant of the key for somebody else; NULL: there is none. */
static struct entry *
of_somebody_else(struct ephemeral *t, const uint8_t *fingerprint, const struct question *q)
{
	struct ring *ring = ring_find(t, fingerprint);
	unsigned n = 0;

	if (ring == NULL)
		return NULL;
	for (struct link *l = ring->entries.prev; l != &ring->entries && n < EPHEMERAL_PER_KEY;
	    l = l->prev, n++) {
		struct entry *e = ENTRY_OF(l, of_ring);

		if (e->state != EPHEMERAL_LIVE)
			break;		/* and so are all before it */
		/* A code is told nothing: whoever guessed it has to guess its user, too. */
		if (e->proof_len == 0 && is_meant(t, e, q))
			return e;
	}
	return NULL;
}

/* The grant that counts: of the best rank the newest. */
static enum ephemeral_answer
look_up(struct ephemeral *t, const struct question *q, struct entry **out)
{
	uint8_t fingerprint[HASH_MAX_LEN];
	enum ephemeral_answer best = EPHEMERAL_UNKNOWN;
	struct span user = q->user;
	struct hnode *node;

	*out = NULL;
	hash_once(hash_find("sha256"), q->blob, fingerprint);
	node = htable_first(&t->by_key, entry_key_hash(t, user, fingerprint));
	for (; node != NULL; node = htable_next(&t->by_key, node)) {
		struct entry *e = ENTRY_OF(node, by_key);
		enum ephemeral_answer answer;

		if (!entry_is_for(e, user, fingerprint) || !is_meant(t, e, q))
			continue;
		answer = answer_of(e, q->source);
		if (*out == NULL || rank(answer) > rank(best) ||
		    (rank(answer) == rank(best) && e->serial > (*out)->serial)) {
			*out = e;
			best = answer;
		}
	}
	if (*out == NULL && (*out = of_somebody_else(t, fingerprint, q)) != NULL)
		best = EPHEMERAL_NO_USER;
	return best;
}

enum ephemeral_answer
ephemeral_find(struct ephemeral *t, struct span user, struct span blob,
    const struct address *source, bool is_signed, msec now, struct ephemeral_grant *out)
{
	struct question q = { user, blob, source, is_signed };
	enum ephemeral_answer answer;
	struct entry *e;

	table_advance(t, now);
	answer = look_up(t, &q, &e);
	if (e != NULL && out != NULL)
		entry_grant(e, out);
	return answer;
}

/* Takes one use; the first one begins the grace. */
static void
consume(struct ephemeral *t, struct entry *e)
{
	if (e->used++ == 0 && e->grace > 0 && t->now + e->grace > e->expires) {
		e->expires = t->now + e->grace;
		heap_moved(t, e);
	}
	entry_event(t, e, EPHEMERAL_EV_USED);
	if (e->uses > 0 && e->used == e->uses)
		entry_end(t, e, EPHEMERAL_USED_UP, t->now);
}

/* Its proven holder is not let in. */
static void
refuse(struct ephemeral *t, struct entry *e, enum ephemeral_answer answer)
{
	e->refusal = (uint8_t)answer;
	entry_event(t, e, EPHEMERAL_EV_REFUSED);
}

enum err
ephemeral_reserve(struct ephemeral *t, const struct ephemeral_login *login, msec now,
    enum ephemeral_answer *answer, struct ephemeral_grant *out)
{
	struct question q = { login->user, login->blob, login->source, true };
	struct entry *e;

	table_advance(t, now);
	*answer = look_up(t, &q, &e);
	if (e == NULL)
		return ERR_OK;
	if (*answer == EPHEMERAL_YES)
		TRY(session_new(t, e, login->number));
	else
		refuse(t, e, *answer);
	e->source = login->source == NULL ? (struct address){ .family = 0 } : *login->source;
	if (out != NULL)
		entry_grant(e, out);
	return ERR_OK;
}

enum ephemeral_answer
ephemeral_commit(struct ephemeral *t, uint64_t number, msec now, struct ephemeral_grant *out)
{
	enum ephemeral_answer answer = EPHEMERAL_YES;
	struct session *s;
	struct entry *e;

	table_advance(t, now);
	s = session_find(t, number);
	if (s == NULL || s->is_open)
		return EPHEMERAL_UNKNOWN;
	e = s->entry;
	if (e->state == EPHEMERAL_LIVE) {
		s->is_open = true;
		s->begun = t->now;
		e->reserved--;
		e->n_sessions++;
		consume(t, e);
	} else {
		answer = entry_answer(e);
		refuse(t, e, answer);
	}
	if (out != NULL)
		entry_grant(e, out);
	return answer;
}

/* Writes "12 s", "5 min", "3 h". */
static void
put_ago(struct writer *w, msec ago)
{
	msec s = ago / 1000;

	if (s < 120)
		wr_printf(w, "%llu s ago", (unsigned long long)s);
	else if (s < 7200)
		wr_printf(w, "%llu min ago", (unsigned long long)(s / 60));
	else
		wr_printf(w, "%llu h ago", (unsigned long long)(s / 3600));
}

void
ephemeral_reason(struct writer *w, enum ephemeral_answer answer,
    const struct ephemeral_grant *grant, msec now)
{
	const char *what = grant->proof.len > 0 ? "this code" : "this key's registration";
	msec ago;

	if (answer == EPHEMERAL_YES || answer == EPHEMERAL_UNKNOWN)
		return;
	if (answer == EPHEMERAL_NO_SOURCE) {
		wr_printf(w, "this key is registered, but not for logins from your address");
		return;
	}
	if (answer == EPHEMERAL_NO_USER) {
		wr_printf(w, "this key is registered, but not for this user");
		return;
	}
	if (answer == EPHEMERAL_NO_BUSY) {
		wr_printf(w, "%s is being used by another login: try again when that is over", what);
		return;
	}
	if (answer == EPHEMERAL_NO_LOCKED) {
		wr_printf(w, "this code was locked after too many wrong tries: ask for a new one");
		return;
	}
	ago = now > grant->end ? now - grant->end : 0;
	wr_printf(w, "%s ", what);
	if (answer == EPHEMERAL_NO_EXPIRED)
		wr_printf(w, "expired ");
	else if (answer == EPHEMERAL_NO_REVOKED)
		wr_printf(w, "was revoked ");
	else if (grant->uses == 1)
		wr_printf(w, "was for one login and was used up ");
	else
		wr_printf(w, "was for %u logins and was used up ", grant->uses);
	put_ago(w, ago);
	wr_printf(w, grant->proof.len > 0 ? ": ask for a new one" : ": register it again");
}

const char *
ephemeral_answer_name(enum ephemeral_answer answer)
{
	static const char *const names[] = {
		[EPHEMERAL_YES] = "yes",
		[EPHEMERAL_UNKNOWN] = "unknown",
		[EPHEMERAL_NO_EXPIRED] = "expired",
		[EPHEMERAL_NO_USED_UP] = "used up",
		[EPHEMERAL_NO_REVOKED] = "revoked",
		[EPHEMERAL_NO_LOCKED] = "locked",
		[EPHEMERAL_NO_SOURCE] = "wrong source",
		[EPHEMERAL_NO_USER] = "wrong user",
		[EPHEMERAL_NO_BUSY] = "in use",
	};

	return names[answer];
}
