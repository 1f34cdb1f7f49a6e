/* SPDX-License-Identifier: ISC */
#include "kex/input.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/secret.h"

/* How long a large buffer may lie idle. */
#define IDLE_AFTER	2000

/* The largest packet, its length field and tag; nothing needs more. */
#define NEED_MAX	(LIMIT_PACKET + 4 + 64)

static void
release(struct input *in)
{
	if (in->p != NULL)
		wipe(in->p, in->high);
	free(in->p);
	in->p = NULL;
	in->cap = in->start = in->end = in->high = in->lent = 0;
}

void
input_free(struct input *in)
{
	release(in);
	*in = (struct input){ 0 };
}

struct room
input_bytes(const struct input *in)
{
	if (in->p == NULL)
		return (struct room){ NULL, 0 };
	return (struct room){ in->p + in->start, in->end - in->start };
}

void
input_drop(struct input *in, size_t n)
{
	must(n <= in->end - in->start);
	in->start += n;
}

/* Moves what is there to the front of a buffer of cap bytes. */
static bool
resize(struct input *in, size_t cap)
{
	size_t len = in->end - in->start;
	uint8_t *p = malloc(cap);

	if (p == NULL)
		return false;
	if (len > 0)
		memcpy(p, in->p + in->start, len);
	release(in);
	in->p = p;
	in->cap = cap;
	in->end = in->high = len;
	return true;
}

/* Makes all room one piece behind what is there. */
static void
compact(struct input *in)
{
	size_t len = in->end - in->start;

	if (in->start == 0)
		return;
	if (len > 0)
		memmove(in->p, in->p + in->start, len);
	if (in->is_secret)
		wipe(in->p + len, in->end - len);
	/* The password may have been in that; the spans of its event are gone by now. */
	if (in->is_last_secret)
		in->is_secret = in->is_last_secret = false;
	in->start = 0;
	in->end = len;
}

/* The size that suits what has been seen. */
static size_t
wanted_cap(const struct input *in, size_t need)
{
	size_t len = in->end - in->start;
	size_t most = need > INPUT_MAX ? NEED_MAX : INPUT_MAX;

	must(need <= NEED_MAX);
	if (in->cap == 0)
		return INPUT_MIN;
	/* A packet that does not fit, or a peer that is faster than we ask. */
	if ((len == in->cap || in->is_full) && in->cap < most)
		return in->cap * 2 < most ? in->cap * 2 : most;
	return in->cap;
}

struct room
input_room(struct input *in, size_t need, bool may_grow, bool *no_memory)
{
	size_t len = in->end - in->start;
	size_t cap;

	*no_memory = false;
	if (len == 0 || in->cap - in->end < in->cap / 2)
		compact(in);
	cap = wanted_cap(in, need);
	if (cap > in->cap && (may_grow || in->p == NULL) && !resize(in, cap) &&
	    in->end == in->cap)
		*no_memory = true;
	in->is_full = false;
	if (in->p == NULL)
		return (struct room){ NULL, 0 };
	in->lent = in->cap - in->end;
	return (struct room){ in->p + in->end, in->lent };
}

void
input_add(struct input *in, size_t n, msec now)
{
	must(n <= in->lent && n <= in->cap - in->end);
	if (n == 0)
		return;
	in->is_full = n == in->lent;
	in->lent = 0;
	in->end += n;
	if (in->end > in->high)
		in->high = in->end;
	if (in->end > INPUT_MIN)
		in->grown = now;
}

void
input_idle(struct input *in, msec now)
{
	size_t len = in->end - in->start;

	if (now < input_deadline(in))
		return;
	if (len == 0)
		release(in);
	else if (len > INPUT_MIN / 2 || !resize(in, INPUT_MIN))
		in->grown = now;	/* another time */
}

msec
input_deadline(const struct input *in)
{
	return in->cap > INPUT_MIN ? in->grown + IDLE_AFTER : MSEC_NEVER;
}
