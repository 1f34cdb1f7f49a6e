/* SPDX-License-Identifier: ISC */
#include "base/reader.h"

#include <string.h>

struct reader
rd_init(struct span s)
{
	return (struct reader){ s, ERR_OK };
}

void
rd_fail(struct reader *r, enum err e)
{
	if (r->err == ERR_OK)
		r->err = e;
	r->rest = SPAN_EMPTY;
}

struct span
rd_raw(struct reader *r, size_t n)
{
	struct span s;

	if (r->err != ERR_OK || r->rest.len < n) {
		rd_fail(r, ERR_SHORT);
		return SPAN_EMPTY;
	}
	s = span_first(r->rest, n);
	r->rest = span_skip(r->rest, n);
	return s;
}

/* Reads n <= 8 bytes as a big-endian number. */
static uint64_t
rd_number(struct reader *r, size_t n)
{
	struct span s = rd_raw(r, n);
	uint64_t v = 0;

	for (size_t i = 0; i < s.len; i++)
		v = v << 8 | s.p[i];
	return v;
}

uint8_t
rd_u8(struct reader *r)
{
	return (uint8_t)rd_number(r, 1);
}

bool
rd_flag(struct reader *r)
{
	return rd_u8(r) != 0;
}

uint32_t
rd_u32(struct reader *r)
{
	return (uint32_t)rd_number(r, 4);
}

uint64_t
rd_u64(struct reader *r)
{
	return rd_number(r, 8);
}

struct span
rd_bytes(struct reader *r)
{
	uint32_t len = rd_u32(r);

	return rd_raw(r, len);
}

struct span
rd_text(struct reader *r)
{
	struct span s = rd_bytes(r);

	if (span_find(s, 0) == s.len)
		return s;
	rd_fail(r, ERR_FORMAT);
	return SPAN_EMPTY;
}

struct span
rd_mpint(struct reader *r, size_t max_len)
{
	struct span s = rd_bytes(r);

	if (s.len == 0)
		return SPAN_EMPTY;
	if (s.p[0] & 0x80) {
		rd_fail(r, ERR_FORMAT);
		return SPAN_EMPTY;
	}
	if (s.p[0] == 0) {
		if (s.len == 1 || !(s.p[1] & 0x80)) {
			rd_fail(r, ERR_FORMAT);
			return SPAN_EMPTY;
		}
		s = span_skip(s, 1);
	}
	if (s.len > max_len) {
		rd_fail(r, ERR_LIMIT);
		return SPAN_EMPTY;
	}
	return s;
}

struct span
rd_rest(struct reader *r)
{
	return rd_raw(r, r->rest.len);
}

enum err
rd_end(const struct reader *r)
{
	if (r->err != ERR_OK)
		return r->err;
	return r->rest.len > 0 ? ERR_TRAILING : ERR_OK;
}
