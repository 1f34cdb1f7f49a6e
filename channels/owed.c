/* SPDX-License-Identifier: ISC */
#include "channels/owed.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

enum err
owed_push(struct owed_queue *q, uint32_t id)
{
	if (q->n == q->cap) {
		size_t cap = q->cap == 0 ? 4 : q->cap * 2;
		struct owed *v = realloc(q->v, cap * sizeof(*v));

		if (v == NULL)
			return ERR_NOMEM;
		q->v = v;
		q->cap = cap;
	}
	q->v[q->n++] = (struct owed){ .id = id, .body = writer_init(LIMIT_PACKET) };
	return ERR_OK;
}

bool
owed_push_denied(struct owed_queue *q)
{
	if (q->n == 0)
		return false;
	q->v[q->n - 1].n_denied++;
	return true;
}

enum err
owed_answer(struct owed_queue *q, uint32_t id, bool ok, struct span body)
{
	for (size_t i = 0; i < q->n; i++) {
		struct owed *o = &q->v[i];

		if (o->id != id || o->answer != ANSWER_NONE)
			continue;
		if (ok)
			wr_raw(&o->body, body);
		o->answer = ok ? ANSWER_YES : ANSWER_NO;
		return wr_end(&o->body);
	}
	return ERR_OK;
}

struct owed *
owed_first(struct owed_queue *q)
{
	return q->n > 0 && q->v[0].answer != ANSWER_NONE ? &q->v[0] : NULL;
}

size_t
owed_denied(const struct owed_queue *q)
{
	size_t sum = 0;

	for (size_t i = 0; i < q->n; i++)
		sum += q->v[i].n_denied;
	return sum;
}

void
owed_pop(struct owed_queue *q)
{
	must(q->n > 0);
	writer_free(&q->v[0].body);
	memmove(q->v, q->v + 1, --q->n * sizeof(*q->v));
}

void
owed_free(struct owed_queue *q)
{
	while (q->n > 0)
		owed_pop(q);
	free(q->v);
	*q = (struct owed_queue){ .v = NULL };
}
