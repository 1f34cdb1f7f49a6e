/* SPDX-License-Identifier: ISC */
#include "sshd/penalties.h"

#include <stdlib.h>
#include <string.h>

#include "auth/htable.h"
#include "auth/siphash.h"

struct source {
	struct hnode node;
	struct source *prev, *next;	/* in the order in which they are over */
	struct cidr block;
	msec over;			/* what has added up is over then */
	bool is_active;
	enum penalty penalty;		/* the last one */
};

/* Sources of one family. */
struct family {
	struct htable table;
	struct source *first, *last;	/* over soonest, over last */
};

struct penalties_table {
	struct siphash_key key;
	struct family v4, v6;
};

enum err
penalties_new(struct penalties_table **out, struct rng rng)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return ERR_NOMEM;
	rng_fill(&rng, &(*out)->key, sizeof((*out)->key));
	return ERR_OK;
}

/* Takes a source out of the order. */
static void
unlink_source(struct family *f, struct source *s)
{
	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		f->first = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	else
		f->last = s->prev;
}

/* Puts it in its place; penalties are mostly alike, so that is near the end. */
static void
link_source(struct family *f, struct source *s)
{
	struct source *before = f->last;

	while (before != NULL && before->over > s->over)
		before = before->prev;
	s->prev = before;
	s->next = before == NULL ? f->first : before->next;
	if (s->next != NULL)
		s->next->prev = s;
	else
		f->last = s;
	if (before != NULL)
		before->next = s;
	else
		f->first = s;
}

static void
forget(struct family *f, struct source *s)
{
	unlink_source(f, s);
	htable_remove(&f->table, &s->node);
	free(s);
}

static void
family_free(struct family *f)
{
	while (f->first != NULL)
		forget(f, f->first);
	htable_free(&f->table);
}

void
penalties_free(struct penalties_table *t)
{
	if (t == NULL)
		return;
	family_free(&t->v4);
	family_free(&t->v6);
	free(t);
}

/* The block that an address is in. */
static struct cidr
block_of(const struct sshd_config *c, const struct address *a)
{
	const struct net_block *b = &c->per_source_net_block_size;
	struct cidr block = { .base = *a, .bits = (uint8_t)(a->family == 4 ? b->v4_bits : b->v6_bits) };

	for (unsigned bit = block.bits; bit < (a->family == 4 ? 32u : 128u); bit++)
		block.base.bytes[bit / 8] &= (uint8_t)~(0x80u >> (bit % 8));
	return block;
}

static uint64_t
hash_of(const struct penalties_table *t, const struct cidr *b)
{
	return siphash(&t->key, span_of(b->base.bytes, sizeof(b->base.bytes)), span_of(&b->bits, 1));
}

static struct source *
find(struct penalties_table *t, struct family *f, const struct cidr *b)
{
	struct hnode *n = htable_first(&f->table, hash_of(t, b));

	for (; n != NULL; n = htable_next(&f->table, n)) {
		struct source *s = HTABLE_OF(n, struct source, node);

		if (s->block.bits == b->bits &&
		    memcmp(s->block.base.bytes, b->base.bytes, sizeof(b->base.bytes)) == 0)
			return s;
	}
	return NULL;
}

static bool
is_exempt(const struct sshd_config *c, const struct address *a)
{
	static const struct address loopback6 = { .family = 6, .bytes = { [15] = 1 } };
	const struct words *list = &c->per_source_penalty_exempt_list;

	if (a->family == 0 || (a->family == 4 && a->bytes[0] == 127) ||
	    (a->family == 6 && memcmp(a->bytes, loopback6.bytes, sizeof(a->bytes)) == 0))
		return true;
	for (size_t i = 0; i < list->n; i++) {
		enum match m;

		if (address_match_list(a, span_str(list->v[i]), &m) == ERR_OK && m == MATCH_YES)
			return true;
	}
	return false;
}

static msec
length_of(const struct penalties *p, enum penalty penalty)
{
	switch (penalty) {
#define X(name, field, text) case PENALTY_##name: return p->field;
	PENALTY_LIST(X)
#undef X
	case PENALTY_NONE:
	case PENALTY_COUNT:
	default:
		return 0;
	}
}

const char *
penalty_text(enum penalty penalty)
{
	switch (penalty) {
#define X(name, field, text) case PENALTY_##name: return text;
	PENALTY_LIST(X)
#undef X
	case PENALTY_NONE:
	case PENALTY_COUNT:
	default:
		return "nothing";
	}
}

/* Drops what is over by now. */
static void
sweep(struct family *f, msec now)
{
	while (f->first != NULL && f->first->over <= now)
		forget(f, f->first);
}

static size_t
room_of(const struct penalties *p, const struct family *f, const struct penalties_table *t)
{
	return f == &t->v4 ? p->max_sources4 : p->max_sources6;
}

/* A new source in the table; NULL if there is no memory or no place. */
static struct source *
source_new(struct penalties_table *t, struct family *f, const struct penalties *p,
    const struct cidr *b)
{
	bool denies = f == &t->v4 ? p->deny_all4 : p->deny_all6;
	struct source *s;

	if (f->table.n >= room_of(p, f, t) && f->first != NULL && !denies)
		forget(f, f->first);
	if (f->table.n >= room_of(p, f, t) || htable_reserve(&f->table) != ERR_OK)
		return NULL;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	s->block = *b;
	htable_add(&f->table, &s->node, hash_of(t, b));
	return s;
}

enum err
penalties_add(struct penalties_table *t, const struct sshd_config *c,
    const struct address *source, enum penalty penalty, msec now, struct penalty_note *note)
{
	const struct penalties *p = &c->per_source_penalties;
	struct family *f = source->family == 4 ? &t->v4 : &t->v6;
	struct source *s;

	*note = (struct penalty_note){ .length = length_of(p, penalty) };
	if (!p->on || is_exempt(c, source))
		note->length = 0;
	if (note->length == 0)
		return ERR_OK;
	note->block = block_of(c, source);
	sweep(f, now);
	s = find(t, f, &note->block);
	if (s == NULL) {
		s = source_new(t, f, p, &note->block);
		if (s == NULL)
			return ERR_NOMEM;
		s->over = now;
	} else {
		unlink_source(f, s);
	}
	note->was_active = s->is_active;
	s->over += note->length;
	if (s->over > now + p->max)
		s->over = now + p->max;
	if (s->over >= now + p->min)
		s->is_active = true;
	s->penalty = penalty;
	note->is_active = s->is_active;
	link_source(f, s);
	return ERR_OK;
}

enum penalty
penalties_active(struct penalties_table *t, const struct sshd_config *c,
    const struct address *source, msec now)
{
	const struct penalties *p = &c->per_source_penalties;
	struct family *f = source->family == 4 ? &t->v4 : &t->v6;
	struct cidr block;
	struct source *s;

	if (!p->on || is_exempt(c, source))
		return PENALTY_NONE;
	sweep(f, now);
	block = block_of(c, source);
	s = find(t, f, &block);
	if (s != NULL)
		return s->is_active ? s->penalty : PENALTY_NONE;
	if ((f == &t->v4 ? p->deny_all4 : p->deny_all6) && f->table.n >= room_of(p, f, t))
		return PENALTY_NOAUTH;
	return PENALTY_NONE;
}

size_t
penalties_count(const struct penalties_table *t)
{
	return t->v4.table.n + t->v6.table.n;
}

size_t
penalties_list(struct penalties_table *t, msec now, size_t skip, struct penalty_entry *out, size_t n)
{
	struct family *const families[] = { &t->v4, &t->v6 };
	size_t written = 0;

	for (size_t i = 0; i < COUNT(families); i++) {
		sweep(families[i], now);
		for (const struct source *s = families[i]->first; s != NULL && written < n; s = s->next) {
			if (skip > 0) {
				skip--;
				continue;
			}
			out[written++] = (struct penalty_entry){ .block = s->block, .is_active = s->is_active,
			    .left = s->over - now, .penalty = s->penalty };
		}
	}
	return written;
}

size_t
penalties_clear(struct penalties_table *t, const struct address *a, msec now)
{
	struct family *const families[] = { &t->v4, &t->v6 };
	size_t cleared = 0;

	for (size_t i = 0; i < COUNT(families); i++) {
		struct source *next;

		sweep(families[i], now);
		for (struct source *s = families[i]->first; s != NULL; s = next) {
			next = s->next;
			if (a != NULL && !cidr_has(&s->block, a))
				continue;
			forget(families[i], s);
			cleared++;
		}
	}
	return cleared;
}
