/* SPDX-License-Identifier: ISC */
#include "base/writer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

struct writer
writer_init(size_t max)
{
	return (struct writer){ .max = max };
}

void
writer_free(struct writer *w)
{
	if (w == NULL)
		return;
	wipe(w->p, w->cap);
	free(w->p);
	*w = (struct writer){ .max = w->max };
}

void
writer_reset(struct writer *w)
{
	wipe(w->p, w->len);
	w->len = 0;
	w->err = ERR_OK;
}

void
writer_truncate(struct writer *w, size_t len)
{
	must(len <= w->len);
	if (len < w->len)
		wipe(w->p + len, w->len - len);
	w->len = len;
}

void
writer_consume(struct writer *w, size_t n)
{
	must(n <= w->len);
	if (n == 0)
		return;
	memmove(w->p, w->p + n, w->len - n);
	writer_truncate(w, w->len - n);
}

struct span
writer_span(const struct writer *w)
{
	return span_of(w->p, w->len);
}

uint8_t *
writer_take(struct writer *w, size_t *len)
{
	uint8_t *p = w->p;

	*len = w->len;
	*w = (struct writer){ .max = w->max };
	return p;
}

void
wr_fail(struct writer *w, enum err e)
{
	if (w->err == ERR_OK)
		w->err = e;
}

/* Moves to a buffer of cap bytes; realloc() could leave secrets behind. */
static bool
writer_grow(struct writer *w, size_t cap)
{
	uint8_t *p = malloc(cap);

	if (p == NULL) {
		wr_fail(w, ERR_NOMEM);
		return false;
	}
	if (w->len > 0)
		memcpy(p, w->p, w->len);
	wipe(w->p, w->cap);
	free(w->p);
	w->p = p;
	w->cap = cap;
	return true;
}

struct room
wr_reserve(struct writer *w, size_t n)
{
	size_t cap = w->cap < 64 ? 64 : w->cap;

	if (w->err != ERR_OK)
		return (struct room){ NULL, 0 };
	if (n > w->max || w->len > w->max - n) {
		wr_fail(w, ERR_LIMIT);
		return (struct room){ NULL, 0 };
	}
	while (cap < w->len + n)
		cap *= 2;
	if (cap > w->cap && !writer_grow(w, cap))
		return (struct room){ NULL, 0 };
	return (struct room){ w->p + w->len, n };
}

void
wr_commit(struct writer *w, size_t n)
{
	must(n <= w->cap - w->len);
	w->len += n;
}

void
wr_raw(struct writer *w, struct span s)
{
	struct room room = wr_reserve(w, s.len);

	if (room.p == NULL || s.len == 0)
		return;
	memcpy(room.p, s.p, s.len);
	wr_commit(w, s.len);
}

/* Writes the low n bytes of v, most significant first. */
static void
wr_number(struct writer *w, uint64_t v, size_t n)
{
	struct room room = wr_reserve(w, n);

	if (room.p == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		room.p[i] = (uint8_t)(v >> 8 * (n - 1 - i));
	wr_commit(w, n);
}

void
wr_u8(struct writer *w, uint8_t v)
{
	wr_number(w, v, 1);
}

void
wr_flag(struct writer *w, bool v)
{
	wr_number(w, v ? 1 : 0, 1);
}

void
wr_u32(struct writer *w, uint32_t v)
{
	wr_number(w, v, 4);
}

void
wr_u64(struct writer *w, uint64_t v)
{
	wr_number(w, v, 8);
}

void
wr_bytes(struct writer *w, struct span s)
{
	if (s.len > UINT32_MAX) {
		wr_fail(w, ERR_LIMIT);
		return;
	}
	wr_u32(w, (uint32_t)s.len);
	wr_raw(w, s);
}

void
wr_str(struct writer *w, const char *s)
{
	wr_bytes(w, span_str(s));
}

void
wr_mpint(struct writer *w, struct span m)
{
	bool pad;

	while (m.len > 0 && m.p[0] == 0)
		m = span_skip(m, 1);
	if (m.len >= UINT32_MAX) {
		wr_fail(w, ERR_LIMIT);
		return;
	}
	pad = m.len > 0 && (m.p[0] & 0x80);
	wr_u32(w, (uint32_t)m.len + (pad ? 1 : 0));
	if (pad)
		wr_u8(w, 0);
	wr_raw(w, m);
}

void
wr_printf(struct writer *w, const char *fmt, ...)
{
	struct room room;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	must(n >= 0);
	room = wr_reserve(w, (size_t)n + 1);	/* vsnprintf adds a NUL */
	if (room.p == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf((char *)room.p, room.len, fmt, ap);
	va_end(ap);
	wr_commit(w, (size_t)n);
}

size_t
wr_open(struct writer *w)
{
	size_t mark = w->len;

	wr_u32(w, 0);
	return mark;
}

void
wr_close(struct writer *w, size_t mark)
{
	size_t n;

	if (w->err != ERR_OK)
		return;
	must(mark + 4 <= w->len);
	n = w->len - mark - 4;
	if (n > UINT32_MAX) {
		wr_fail(w, ERR_LIMIT);
		return;
	}
	for (size_t i = 0; i < 4; i++)
		w->p[mark + i] = (uint8_t)(n >> 8 * (3 - i));
}

enum err
wr_end(const struct writer *w)
{
	return w->err;
}
