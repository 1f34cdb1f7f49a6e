/* SPDX-License-Identifier: ISC */
/*
 * The walk of a drunken bishop (Loss, Limmer, von Gernler, 2009): two bits of
 * the hash a step, each a diagonal move on a board of 17 by 9; what is drawn
 * in a square says how often he was there.
 */
#include <stdio.h>
#include <string.h>

#include "crypto/hash.h"
#include "keys/fingerprint.h"

#define WIDTH	17
#define HEIGHT	9

static const char symbols[] = " .o+=*BOX@%&#/^SE";

#define TIMES_MAX	14		/* '^'; behind it are start and end */
#define SQUARE_START	15
#define SQUARE_END	16

struct board {
	uint8_t times[HEIGHT][WIDTH];
};

static int
clamp(int v, int max)
{
	return v < 0 ? 0 : v > max ? max : v;
}

static void
walk(struct board *b, struct span hash)
{
	int x = WIDTH / 2, y = HEIGHT / 2;

	for (size_t i = 0; i < hash.len; i++) {
		for (unsigned shift = 0; shift < 8; shift += 2) {
			unsigned step = (unsigned)hash.p[i] >> shift;

			x = clamp(x + (step & 1 ? 1 : -1), WIDTH - 1);
			y = clamp(y + (step & 2 ? 1 : -1), HEIGHT - 1);
			if (b->times[y][x] < TIMES_MAX)
				b->times[y][x]++;
		}
	}
	b->times[HEIGHT / 2][WIDTH / 2] = SQUARE_START;
	b->times[y][x] = SQUARE_END;
}

/* A border with text in its middle, in brackets. */
static void
border(struct writer *w, const char *text)
{
	size_t len = strlen(text) > WIDTH - 2 ? WIDTH - 2 : strlen(text);
	size_t left = (WIDTH - len - 2) / 2;

	wr_u8(w, '+');
	for (size_t i = 0; i < left; i++)
		wr_u8(w, '-');
	wr_printf(w, "[%.*s]", (int)len, text);
	for (size_t i = left + len + 2; i < WIDTH; i++)
		wr_u8(w, '-');
	wr_u8(w, '+');
}

void
randomart_put(struct writer *w, struct span blob, enum fingerprint kind,
    const char *title, unsigned bits)
{
	uint8_t hash[HASH_MAX_LEN];
	struct board b = { 0 };
	char head[64];

	walk(&b, span_of(hash, fingerprint_hash(blob, kind, hash)));
	/* The size goes where there is no room for it. */
	if (snprintf(head, sizeof head, "%s %u", title, bits) > WIDTH - 2)
		snprintf(head, sizeof head, "%s", title);
	border(w, head);
	for (int y = 0; y < HEIGHT; y++) {
		wr_raw(w, SPAN_LIT("\n|"));
		for (int x = 0; x < WIDTH; x++)
			wr_u8(w, (uint8_t)symbols[b.times[y][x]]);
		wr_u8(w, '|');
	}
	wr_u8(w, '\n');
	border(w, fingerprint_name(kind));
}
