/* SPDX-License-Identifier: ISC */
/*
 * ssh/escape.h - escapes in what the user types: "~" at the beginning of a
 * line, and what follows it.
 *
 * Works on bytes alone; what an escape asks for is left to be done by others.
 */
#ifndef SSH_ESCAPE_H
#define SSH_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an escape asks for; the letter where it has one. */
enum escape_wish {
	ESCAPE_NOTHING,
	ESCAPE_DISCONNECT = '.',
	ESCAPE_SUSPEND = 'Z' & 31,
	ESCAPE_LIST = '#',
	ESCAPE_BACKGROUND = '&',
	ESCAPE_HELP = '?',
	ESCAPE_BREAK = 'B',
	ESCAPE_COMMANDLINE = 'C',
	ESCAPE_INFO = 'I',
	ESCAPE_REKEY = 'R',
	ESCAPE_QUIETER = 'V',
	ESCAPE_LOUDER = 'v',
};

#define ESCAPE_WISHES_MAX	16

struct escape {
	uint8_t character;
	bool at_line_start;
	bool is_pending;		/* the character was typed, what follows was not */
	bool is_deaf;			/* after a disconnect: nothing more goes out */
	enum escape_wish wishes[ESCAPE_WISHES_MAX];
	size_t n_wishes;
};

/* Begins at the start of a line. */
void escape_init(struct escape *e, uint8_t character);

/*
 * Takes the escapes out of n bytes at buf, in place, and puts down what they
 * ask for (up to ESCAPE_WISHES_MAX at a time). Returns how many bytes remain;
 * one more than came at most, for a character that was held back.
 */
size_t escape_filter(struct escape *e, uint8_t *buf, size_t n, size_t cap);

/* Takes the oldest wish; ESCAPE_NOTHING if there is none. */
enum escape_wish escape_next(struct escape *e);

#endif
