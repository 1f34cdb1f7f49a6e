/* SPDX-License-Identifier: ISC */
#include "kex/output.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/secret.h"

/* How long a large buffer may lie idle. */
#define IDLE_AFTER	2000

static void
release(struct output *out)
{
	/* All but the last, unsent packet is encrypted; that one may not be. */
	if (out->p != NULL)
		wipe(out->p, out->high);
	free(out->p);
	out->p = NULL;
	out->cap = out->start = out->end = out->wrap = out->high = 0;
}

void
output_free(struct output *out)
{
	release(out);
	*out = (struct output){ 0 };
}

struct span
output_span(const struct output *out)
{
	if (out->p == NULL)
		return SPAN_EMPTY;
	return span_of(out->p + out->start,
	    (out->wrap != 0 ? out->wrap : out->end) - out->start);
}

size_t
output_len(const struct output *out)
{
	if (out->wrap != 0)
		return out->wrap - out->start + out->end;
	return out->end - out->start;
}

void
output_drop(struct output *out, size_t n)
{
	must(n <= output_span(out).len);
	out->start += n;
	if (out->wrap != 0 && out->start == out->wrap)
		out->start = out->wrap = 0;
	if (out->wrap == 0 && out->start == out->end)
		out->start = out->end = 0;
}

/* Moves everything, in order, to the front of a buffer of cap bytes. */
static bool
resize(struct output *out, size_t cap)
{
	size_t len = output_len(out);
	size_t first = output_span(out).len;
	uint8_t *p = malloc(cap);

	must(len <= cap);
	if (p == NULL)
		return false;
	if (first > 0)
		memcpy(p, out->p + out->start, first);
	if (len > first)
		memcpy(p + first, out->p, len - first);
	release(out);
	out->p = p;
	out->cap = cap;
	out->end = out->high = len;
	return true;
}

/* Whether n bytes fit in one piece; turns to the front for them if need be. */
static bool
fits(struct output *out, size_t n)
{
	if (out->wrap != 0)
		return out->start - out->end >= n;
	if (out->cap - out->end >= n)
		return true;
	if (out->start < n)
		return false;
	out->wrap = out->end;
	out->end = 0;
	return true;
}

uint8_t *
output_reserve(struct output *out, size_t n, msec now)
{
	size_t cap = out->cap < OUTPUT_MIN ? OUTPUT_MIN : out->cap;

	if (n > OUTPUT_MIN || output_len(out) > OUTPUT_MIN)
		out->grown = now;
	if (!fits(out, n)) {
		while (cap < output_len(out) + n)
			cap *= 2;
		if (!resize(out, cap))
			return NULL;
	}
	if (out->end + n > out->high)
		out->high = out->end + n;
	return out->p + out->end;
}

void
output_add(struct output *out, size_t n)
{
	must(n <= (out->wrap != 0 ? out->start : out->cap) - out->end);
	out->end += n;
}

void
output_idle(struct output *out, msec now)
{
	if (now < output_deadline(out))
		return;
	if (output_len(out) == 0)
		release(out);
	else
		out->grown = now;	/* another time */
}

msec
output_deadline(const struct output *out)
{
	return out->cap > OUTPUT_MIN ? out->grown + IDLE_AFTER : MSEC_NEVER;
}
