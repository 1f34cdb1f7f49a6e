/* SPDX-License-Identifier: ISC */
#include "ssh/escape.h"

#include <string.h>

#include "base/err.h"

void
escape_init(struct escape *e, uint8_t character)
{
	*e = (struct escape){ .character = character, .at_line_start = true };
}

static bool
is_wish(uint8_t c)
{
	static const uint8_t wishes[] = {
		ESCAPE_DISCONNECT, ESCAPE_SUSPEND, ESCAPE_LIST, ESCAPE_BACKGROUND, ESCAPE_HELP,
		ESCAPE_BREAK, ESCAPE_COMMANDLINE, ESCAPE_INFO, ESCAPE_REKEY, ESCAPE_QUIETER,
		ESCAPE_LOUDER,
	};

	return memchr(wishes, c, sizeof(wishes)) != NULL;
}

static void
put_down(struct escape *e, uint8_t c)
{
	if (e->n_wishes < ESCAPE_WISHES_MAX)
		e->wishes[e->n_wishes++] = (enum escape_wish)c;
	if (c == ESCAPE_DISCONNECT)
		e->is_deaf = true;
}

/* Takes one byte; returns how many (0 to 2) it comes to, in out. */
static size_t
filter_byte(struct escape *e, uint8_t c, uint8_t out[static 2])
{
	if (e->is_pending) {
		e->is_pending = false;
		e->at_line_start = is_wish(c);
		if (is_wish(c)) {
			put_down(e, c);
			return 0;
		}
		e->at_line_start = c == '\r' || c == '\n';
		out[0] = e->character;
		out[1] = c;
		return c == e->character ? 1 : 2;
	}
	if (e->at_line_start && c == e->character) {
		e->is_pending = true;
		return 0;
	}
	e->at_line_start = c == '\r' || c == '\n';
	out[0] = c;
	return 1;
}

size_t
escape_filter(struct escape *e, uint8_t *buf, size_t n, size_t cap)
{
	uint8_t pair[2];
	size_t len = 0, i = 0;

	must(cap > n);
	/* Only a character held back from before can make it longer: move up once. */
	if (e->is_pending && n > 0) {
		memmove(buf + 1, buf, n);
		i = 1;
		n++;
	}
	for (; i < n && !e->is_deaf; i++) {
		size_t k = filter_byte(e, buf[i], pair);

		memcpy(buf + len, pair, k);
		len += k;
	}
	return len;
}

enum escape_wish
escape_next(struct escape *e)
{
	enum escape_wish w = e->wishes[0];

	if (e->n_wishes == 0)
		return ESCAPE_NOTHING;
	memmove(e->wishes, e->wishes + 1, --e->n_wishes * sizeof(e->wishes[0]));
	return w;
}
