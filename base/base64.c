/* SPDX-License-Identifier: ISC */
#include "base/text.h"

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_put(struct writer *w, struct span s, bool pad)
{
	struct room room = wr_reserve(w, (s.len + 2) / 3 * 4);
	size_t n = 0;

	if (room.p == NULL)
		return;
	for (size_t i = 0; i < s.len; i += 3) {
		size_t have = s.len - i < 3 ? s.len - i : 3;
		uint32_t v = (uint32_t)s.p[i] << 16;

		if (have > 1)
			v |= (uint32_t)s.p[i + 1] << 8;
		if (have > 2)
			v |= s.p[i + 2];
		for (size_t d = 0; d < 4; d++) {
			if (d <= have)
				room.p[n++] = (uint8_t)base64_digits[v >> (18 - 6 * d) & 63];
			else if (pad)
				room.p[n++] = '=';
		}
	}
	wr_commit(w, n);
}

/* The value of a base64 digit; 64 if c is none. */
static uint32_t
base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26U;
	if (c >= '0' && c <= '9')
		return c - '0' + 52U;
	return c == '+' ? 62 : c == '/' ? 63 : 64;
}

static bool
is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Decodes into p, which has room for 3 bytes for each 4 of text. */
static enum err
base64_decode(uint8_t *p, size_t *len, struct span text)
{
	uint32_t v = 0;			/* bits of this group of four */
	unsigned digits = 0, padding = 0;
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		uint32_t d = base64_value(text.p[i]);

		if (is_space(text.p[i]))
			continue;
		if (text.p[i] == '=') {
			padding++;
			continue;
		}
		if (d == 64 || padding > 0)
			return ERR_SYNTAX;
		v = v << 6 | d;
		if (++digits == 4) {
			p[n++] = (uint8_t)(v >> 16);
			p[n++] = (uint8_t)(v >> 8);
			p[n++] = (uint8_t)v;
			digits = 0;
			v = 0;
		}
	}
	/* One text for each value: padding all or none, unused bits zero. */
	if (digits == 1 || (padding > 0 && (digits == 0 || digits + padding != 4)))
		return ERR_SYNTAX;
	if ((digits == 2 && v & 15) || (digits == 3 && v & 3))
		return ERR_SYNTAX;
	if (digits == 2) {
		p[n++] = (uint8_t)(v >> 4);
	} else if (digits == 3) {
		p[n++] = (uint8_t)(v >> 10);
		p[n++] = (uint8_t)(v >> 2);
	}
	*len = n;
	return ERR_OK;
}

enum err
base64_get(struct writer *w, struct span text)
{
	struct room room = wr_reserve(w, text.len / 4 * 3 + 3);
	size_t n;

	if (room.p == NULL)
		return wr_end(w);
	TRY(base64_decode(room.p, &n, text));
	wr_commit(w, n);
	return ERR_OK;
}

void
hex_put(struct writer *w, struct span s, char sep)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < s.len; i++) {
		if (i > 0 && sep != '\0')
			wr_u8(w, (uint8_t)sep);
		wr_u8(w, (uint8_t)digits[s.p[i] >> 4]);
		wr_u8(w, (uint8_t)digits[s.p[i] & 15]);
	}
}

/* The value of a hexadecimal digit; 16 if c is none. */
static unsigned
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10U : 16;
}

enum err
hex_get(struct writer *w, struct span text)
{
	struct room room;

	if (text.len % 2 != 0)
		return ERR_SYNTAX;
	room = wr_reserve(w, text.len / 2);
	if (room.p == NULL)
		return wr_end(w);
	for (size_t i = 0; i < text.len / 2; i++) {
		unsigned high = hex_value(text.p[2 * i]);
		unsigned low = hex_value(text.p[2 * i + 1]);

		if (high == 16 || low == 16)
			return ERR_SYNTAX;
		room.p[i] = (uint8_t)(high << 4 | low);
	}
	wr_commit(w, text.len / 2);
	return ERR_OK;
}
