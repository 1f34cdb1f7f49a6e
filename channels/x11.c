/* SPDX-License-Identifier: ISC */
#include "channels/x11.h"

#define HEADER	12

static size_t
get_u16(const uint8_t *p, bool is_big_endian)
{
	return is_big_endian ? (size_t)p[0] << 8 | p[1] : (size_t)p[1] << 8 | p[0];
}

/* Fields are padded to four bytes. */
static size_t
padded(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

enum err
x11_setup_swap(struct span in, struct span method, struct span fake, struct span real,
    struct writer *out, size_t *used)
{
	size_t method_len, cookie_len, cookie_at, total;
	bool is_big_endian;

	*used = 0;
	if (in.len > 0 && in.p[0] != 'B' && in.p[0] != 'l')
		return ERR_FORMAT;
	if (in.len < HEADER)
		return ERR_AGAIN;
	is_big_endian = in.p[0] == 'B';
	method_len = get_u16(in.p + 6, is_big_endian);
	cookie_len = get_u16(in.p + 8, is_big_endian);
	if (method_len > X11_FIELD_MAX || cookie_len > X11_FIELD_MAX)
		return ERR_FORMAT;
	cookie_at = HEADER + padded(method_len);
	total = cookie_at + padded(cookie_len);
	if (in.len < total)
		return ERR_AGAIN;
	if (!span_eq(span_of(in.p + HEADER, method_len), method) || fake.len != real.len ||
	    !span_eq_secret(span_of(in.p + cookie_at, cookie_len), fake))
		return ERR_DENIED;
	wr_raw(out, span_first(in, cookie_at));
	wr_raw(out, real);
	wr_raw(out, span_of(in.p + cookie_at + cookie_len, total - cookie_at - cookie_len));
	*used = total;
	return wr_end(out);
}
