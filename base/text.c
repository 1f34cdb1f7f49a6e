/* SPDX-License-Identifier: ISC */
#include "base/text.h"

#include <string.h>

/* Writes the visible form of c (1 to 4 characters) into out; returns its length. */
static size_t
visible(uint8_t c, uint8_t out[static 4])
{
	static const char plain[] = "\a\b\t\n\v\f\r\\";
	static const char letter[] = "abtnvfr\\";
	const char *at = c == 0 ? NULL : strchr(plain, c);

	if (at != NULL) {
		out[0] = '\\';
		out[1] = (uint8_t)letter[at - plain];
		return 2;
	}
	if (c >= ' ' && c < 0x7f) {
		out[0] = c;
		return 1;
	}
	out[0] = '\\';
	out[1] = (uint8_t)('0' + (c >> 6));
	out[2] = (uint8_t)('0' + (c >> 3 & 7));
	out[3] = (uint8_t)('0' + (c & 7));
	return 4;
}

void
text_visible(struct writer *w, struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t form[4];

		wr_raw(w, span_of(form, visible(s.p[i], form)));
	}
}

static const char *
copy_visible(char *buf, size_t size, struct span s, bool doubles_backslash)
{
	size_t len = 0, cut = 0;	/* cut: where "..." would still fit */

	must(size > 0);
	for (size_t i = 0; i < s.len; i++) {
		uint8_t form[4];
		size_t n = visible(s.p[i], form);

		if (s.p[i] == '\\' && !doubles_backslash)
			n = 1;
		if (len + n >= size) {
			len = cut;
			for (int dots = 0; dots < 3 && len + 1 < size; dots++)
				buf[len++] = '.';
			break;
		}
		memcpy(buf + len, form, n);
		len += n;
		if (len + 3 < size)
			cut = len;
	}
	buf[len] = '\0';
	return buf;
}

const char *
text_visible_str(char *buf, size_t size, struct span s)
{
	return copy_visible(buf, size, s, true);
}

const char *
text_line_str(char *buf, size_t size, struct span s)
{
	return copy_visible(buf, size, s, false);
}

/* Takes the digits at the front of *s as a number. */
static enum err
take_number(struct span *s, uint64_t *out)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < s->len && s->p[i] >= '0' && s->p[i] <= '9'; i++) {
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s->p[i] - '0'), &v))
			return ERR_RANGE;
	}
	if (i == 0)
		return ERR_SYNTAX;
	*s = span_skip(*s, i);
	*out = v;
	return ERR_OK;
}

enum err
text_number(struct span s, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t v;
	enum err e = take_number(&s, &v);

	if (e == ERR_RANGE) {		/* too large, if it is a number at all */
		for (size_t i = 0; i < s.len; i++) {
			if (s.p[i] < '0' || s.p[i] > '9')
				return ERR_SYNTAX;
		}
	}
	if (e != ERR_OK)
		return e;
	if (s.len > 0)
		return ERR_SYNTAX;
	if (v < min || v > max)
		return ERR_RANGE;
	*out = v;
	return ERR_OK;
}

enum err
text_hex_number(struct span s, uint64_t *out)
{
	uint64_t v = 0;

	if (s.len == 0)
		return ERR_SYNTAX;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.p[i] | (s.p[i] >= 'A' ? 0x20 : 0);

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return ERR_SYNTAX;
		if (i >= 16)
			return ERR_RANGE;
		v = v << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	*out = v;
	return ERR_OK;
}

/* Seconds in a unit of time; 0 if c is none. */
static uint64_t
time_unit(uint8_t c)
{
	switch (c | 0x20) {
	case 's': return 1;
	case 'm': return 60;
	case 'h': return 60 * 60;
	case 'd': return 24 * 60 * 60;
	case 'w': return 7 * 24 * 60 * 60;
	default: return 0;
	}
}

enum err
text_time(struct span s, uint64_t *seconds)
{
	uint64_t total = 0;

	if (s.len == 0)
		return ERR_SYNTAX;
	while (s.len > 0) {
		uint64_t v, unit = 1;

		TRY(take_number(&s, &v));
		if (s.len > 0) {
			unit = time_unit(s.p[0]);
			if (unit == 0)
				return ERR_SYNTAX;
			s = span_skip(s, 1);
		}
		if (__builtin_mul_overflow(v, unit, &v) ||
		    __builtin_add_overflow(total, v, &total) || total > INT32_MAX)
			return ERR_RANGE;
	}
	*seconds = total;
	return ERR_OK;
}

enum err
text_size(struct span s, uint64_t *bytes)
{
	unsigned shift = 0;
	uint64_t v;

	TRY(take_number(&s, &v));
	if (s.len > 1)
		return ERR_SYNTAX;
	if (s.len == 1) {
		switch (s.p[0] | 0x20) {
		case 'k': shift = 10; break;
		case 'm': shift = 20; break;
		case 'g': shift = 30; break;
		case 't': shift = 40; break;
		default: return ERR_SYNTAX;
		}
	}
	if (v > UINT64_MAX >> shift)
		return ERR_RANGE;
	*bytes = v << shift;
	return ERR_OK;
}

size_t
text_utf8_char(struct span s)
{
	uint8_t c = s.len > 0 ? s.p[0] : 0;
	size_t n = c >= 0xc2 && c <= 0xdf ? 2 : (c & 0xf0) == 0xe0 ? 3 :
	    c >= 0xf0 && c <= 0xf4 ? 4 : 0;

	if (n == 0 || n > s.len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s.p[i] & 0xc0) != 0x80)
			return 0;
	switch (c) {	/* controls, forms that are too long, surrogates, what is above U+10FFFF */
	case 0xc2: return s.p[1] >= 0xa0 ? n : 0;
	case 0xe0: return s.p[1] >= 0xa0 ? n : 0;
	case 0xed: return s.p[1] < 0xa0 ? n : 0;
	case 0xf0: return s.p[1] >= 0x90 ? n : 0;
	case 0xf4: return s.p[1] < 0x90 ? n : 0;
	default: return n;
	}
}
