/* SPDX-License-Identifier: ISC */
/*
 * auth/htable.h - a chained hash table of nodes that live inside other structs.
 *
 * The table owns its buckets and nothing else. It keeps as many buckets as
 * nodes or more, so that a look-up costs the same however many there are;
 * when there is no memory for more buckets, the chains get longer instead.
 */
#ifndef AUTH_HTABLE_H
#define AUTH_HTABLE_H

#include "base/err.h"
#include "base/span.h"

struct hnode {
	struct hnode *next;
	uint64_t hash;
};

struct htable {
	struct hnode **bucket;
	size_t n_buckets;		/* a power of two, or 0 */
	size_t n;
	uint64_t probes;		/* nodes looked at */
};

/* The struct of a type that node is the given member of. */
#define HTABLE_OF(node, type, member)					\
	((type *)(void *)((uint8_t *)(node) - offsetof(type, member)))

/* Makes sure that one more node can be added. ERR_NOMEM only for the first. */
enum err htable_reserve(struct htable *t);

/* Adds a node; there must be a bucket for it. */
void htable_add(struct htable *t, struct hnode *node, uint64_t hash);

/* Removes a node that is in the table. */
void htable_remove(struct htable *t, struct hnode *node);

/* The first node with this hash; NULL: none. Different keys may share a hash. */
struct hnode *htable_first(struct htable *t, uint64_t hash);

/* The next one with the same hash; NULL: none. */
struct hnode *htable_next(struct htable *t, struct hnode *node);

/* Bytes that the buckets take. */
size_t htable_bytes(const struct htable *t);

/* Frees the buckets. */
void htable_free(struct htable *t);

#endif
