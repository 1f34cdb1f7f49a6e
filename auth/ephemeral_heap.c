/* SPDX-License-Identifier: ISC */
/* A binary heap of live grants, the next to expire at its top. */
#include <stdlib.h>

#include "auth/ephemeral_i.h"

enum err
heap_reserve(struct ephemeral *t)
{
	size_t cap = t->heap_cap == 0 ? 16 : 2 * t->heap_cap;
	struct entry **heap;

	if (t->heap_n < t->heap_cap)
		return ERR_OK;
	heap = realloc(t->heap, cap * sizeof(struct entry *));
	if (heap == NULL)
		return ERR_NOMEM;
	t->heap = heap;
	t->heap_cap = cap;
	return ERR_OK;
}

/* Of two that expire in the same moment the older one is the next. */
static bool
is_before(const struct entry *a, const struct entry *b)
{
	return a->expires != b->expires ? a->expires < b->expires : a->serial < b->serial;
}

static void
put(struct ephemeral *t, size_t at, struct entry *e)
{
	t->heap[at] = e;
	e->heap_at = (uint32_t)at;
}

static void
sift_up(struct ephemeral *t, struct entry *e)
{
	size_t at = e->heap_at;

	while (at > 0) {
		size_t parent = (at - 1) / 2;

		if (is_before(t->heap[parent], e))
			break;
		put(t, at, t->heap[parent]);
		at = parent;
	}
	put(t, at, e);
}

static void
sift_down(struct ephemeral *t, struct entry *e)
{
	size_t at = e->heap_at;

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= t->heap_n)
			break;
		if (child + 1 < t->heap_n && is_before(t->heap[child + 1], t->heap[child]))
			child++;
		if (is_before(e, t->heap[child]))
			break;
		put(t, at, t->heap[child]);
		at = child;
	}
	put(t, at, e);
}

void
heap_add(struct ephemeral *t, struct entry *e)
{
	must(t->heap_n < t->heap_cap);
	put(t, t->heap_n++, e);
	sift_up(t, e);
}

void
heap_moved(struct ephemeral *t, struct entry *e)
{
	must(t->heap[e->heap_at] == e);
	sift_up(t, e);
	sift_down(t, e);
}

void
heap_remove(struct ephemeral *t, struct entry *e)
{
	struct entry *last = t->heap[t->heap_n - 1];
	size_t at = e->heap_at;

	must(t->heap[at] == e);
	t->heap_n--;
	if (last == e)
		return;
	put(t, at, last);
	heap_moved(t, last);
}
