/* SPDX-License-Identifier: ISC */
#include "auth/htable.h"

#include <stdlib.h>

#define FIRST_BUCKETS	16

static struct hnode **
bucket_of(const struct htable *t, uint64_t hash)
{
	return &t->bucket[hash & (t->n_buckets - 1)];
}

/* Moves all nodes to twice the buckets. */
static enum err
grow(struct htable *t)
{
	size_t n = t->n_buckets == 0 ? FIRST_BUCKETS : 2 * t->n_buckets;
	struct htable grown = { .n_buckets = n, .bucket = calloc(n, sizeof(*grown.bucket)) };

	if (grown.bucket == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < t->n_buckets; i++) {
		struct hnode *node, *next;

		for (node = t->bucket[i]; node != NULL; node = next) {
			struct hnode **b = bucket_of(&grown, node->hash);

			next = node->next;
			node->next = *b;
			*b = node;
		}
	}
	free(t->bucket);
	t->bucket = grown.bucket;
	t->n_buckets = n;
	return ERR_OK;
}

enum err
htable_reserve(struct htable *t)
{
	enum err e;

	if (t->n < t->n_buckets)
		return ERR_OK;
	e = grow(t);
	return t->n_buckets > 0 ? ERR_OK : e;
}

void
htable_add(struct htable *t, struct hnode *node, uint64_t hash)
{
	struct hnode **b;

	must(t->n_buckets > 0);
	b = bucket_of(t, hash);
	*node = (struct hnode){ *b, hash };
	*b = node;
	t->n++;
}

void
htable_remove(struct htable *t, struct hnode *node)
{
	struct hnode **at = bucket_of(t, node->hash);

	while (*at != node) {
		must(*at != NULL);
		at = &(*at)->next;
	}
	*at = node->next;
	node->next = NULL;
	t->n--;
}

/* The first of a chain that has the hash. */
static struct hnode *
seek(struct htable *t, struct hnode *node, uint64_t hash)
{
	while (node != NULL) {
		t->probes++;
		if (node->hash == hash)
			return node;
		node = node->next;
	}
	return NULL;
}

struct hnode *
htable_first(struct htable *t, uint64_t hash)
{
	return t->n_buckets == 0 ? NULL : seek(t, *bucket_of(t, hash), hash);
}

struct hnode *
htable_next(struct htable *t, struct hnode *node)
{
	return seek(t, node->next, node->hash);
}

size_t
htable_bytes(const struct htable *t)
{
	return t->n_buckets * sizeof(*t->bucket);
}

void
htable_free(struct htable *t)
{
	free(t->bucket);
	*t = (struct htable){ .bucket = NULL };
}
