/* SPDX-License-Identifier: ISC */
/* The keys that an agent has. */
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "keys/agent_i.h"

enum err
agent_new(const struct rng *rng, uint32_t lifetime, struct agent **out)
{
	struct agent *a = calloc(1, sizeof(*a));

	*out = a;
	if (a == NULL)
		return ERR_NOMEM;
	a->rng = *rng;
	a->lifetime = lifetime;
	return ERR_OK;
}

static void
entry_free(struct agent_entry *e)
{
	key_free(&e->key);
	writer_free(&e->blob);
	writer_free(&e->comment);
	writer_free(&e->destinations);
}

unsigned
agent_forget(struct agent *a)
{
	unsigned n = (unsigned)a->n;

	while (a->n > 0)
		entry_free(&a->keys[--a->n]);
	return n;
}

void
agent_free(struct agent **a)
{
	if (a == NULL || *a == NULL)
		return;
	(void)agent_forget(*a);
	free((*a)->keys);
	wipe(*a, sizeof(**a));
	free(*a);
	*a = NULL;
}

size_t
agent_count(const struct agent *a)
{
	return a->n;
}

bool
agent_is_locked(const struct agent *a)
{
	return a->lock.is_locked;
}

struct agent_entry *
agent_find(const struct agent *a, struct span blob)
{
	for (size_t i = 0; i < a->n; i++)
		if (span_eq(writer_span(&a->keys[i].blob), blob))
			return &a->keys[i];
	return NULL;
}

void
agent_drop(struct agent *a, struct agent_entry *e)
{
	size_t at = (size_t)(e - a->keys);

	entry_free(e);
	a->n--;
	memmove(e, e + 1, (a->n - at) * sizeof(*e));
}

/* --- putting in --- */

/* What an entry adds to the answer that lists all keys. */
static size_t
listed_size(const struct agent_entry *e)
{
	return 8 + e->blob.len + e->comment.len;
}

/* Whether there is room for another entry, in the place of old if that is not NULL. */
static bool
has_room(const struct agent *a, const struct agent_entry *old, const struct agent_entry *new)
{
	size_t listed = 1 + 4 + listed_size(new), destinations = new->destinations.len;

	for (size_t i = 0; i < a->n; i++) {
		if (&a->keys[i] == old)
			continue;
		listed += listed_size(&a->keys[i]);
		destinations += a->keys[i].destinations.len;
	}
	return (old != NULL || a->n < AGENT_TABLE_MAX) && listed <= AGENT_MAX_FRAME &&
	    destinations <= AGENT_DESTINATIONS_SIZE;
}

/* A copy in a writer of exactly that size. */
static enum err
copy(struct writer *w, struct span s)
{
	*w = writer_init(s.len + 1);
	wr_raw(w, s);
	return wr_end(w);
}

static enum err
fill(struct agent_entry *e, struct span blob, const struct agent_add *add)
{
	TRY(copy(&e->blob, blob));
	TRY(copy(&e->comment, add->comment));
	return copy(&e->destinations, add->destinations);
}

/* An entry that is not in use yet. Growing leaves no copy behind: an entry only points at secrets. */
static enum err
grow(struct agent *a)
{
	size_t cap = a->cap == 0 ? 8 : a->cap * 2;
	struct agent_entry *keys;

	if (a->n < a->cap)
		return ERR_OK;
	keys = realloc(a->keys, cap * sizeof(*keys));
	if (keys == NULL)
		return ERR_NOMEM;
	a->keys = keys;
	a->cap = cap;
	return ERR_OK;
}

enum err
agent_put_key(struct agent *a, struct key *k, const struct agent_add *add, msec now)
{
	uint32_t lifetime = add->lifetime != 0 ? add->lifetime : a->lifetime;
	struct agent_entry new = {
		.dies = lifetime == 0 ? MSEC_NEVER : now + (msec)lifetime * 1000, .confirm = add->confirm,
	};
	struct agent_entry *old;
	enum err e = grow(a);

	if (e == ERR_OK)
		e = fill(&new, add->cert.len != 0 ? add->cert : key_blob(k), add);
	old = e == ERR_OK ? agent_find(a, writer_span(&new.blob)) : NULL;
	if (e == ERR_OK && !has_room(a, old, &new))
		e = ERR_LIMIT;
	if (e != ERR_OK) {
		entry_free(&new);
		return e;
	}
	new.key = k;
	if (old == NULL)
		old = &a->keys[a->n++];
	else
		entry_free(old);
	*old = new;
	return ERR_OK;
}

/* --- lifetimes --- */

unsigned
agent_expire(struct agent *a, msec now)
{
	unsigned n = 0;

	for (size_t i = a->n; i-- > 0;) {
		if (a->keys[i].dies <= now) {
			agent_drop(a, &a->keys[i]);
			n++;
		}
	}
	return n;
}

msec
agent_deadline(const struct agent *a)
{
	msec first = MSEC_NEVER;

	for (size_t i = 0; i < a->n; i++)
		if (a->keys[i].dies < first)
			first = a->keys[i].dies;
	return first;
}
