/* SPDX-License-Identifier: ISC */
/*
 * kex/input.h - the buffer that the program reads into, and where packets are
 * decrypted and handed out.
 *
 * It starts small, doubles when reads fill it, and lets its memory go when it
 * has been empty for a while. Bytes leave at the front; what is left of an
 * incomplete packet is moved to the front when the room behind it gets short,
 * which is at most once a read.
 */
#ifndef KEX_INPUT_H
#define KEX_INPUT_H

#include "base/clock.h"
#include "base/span.h"

#define INPUT_MIN	(8 * 1024)
#define INPUT_MAX	(256 * 1024)

/* Starts zeroed. */
struct input {
	uint8_t *p;
	size_t cap;
	size_t start;
	size_t end;
	size_t high;		/* bytes of p that may hold something to wipe */
	size_t lent;		/* room that was offered last */
	bool is_full;		/* the last read filled its room */
	bool is_secret;		/* wipe what has been used up */
	bool is_last_secret;	/* ... when that is done next, and then no more */
	msec grown;		/* when it was last needed as large as it is */
};

/* Wipes and frees. */
void input_free(struct input *in);

/* What is in it; valid until the next call of another function here. */
struct room input_bytes(const struct input *in);

/* Drops the first n bytes; the rest stays where it is. */
void input_drop(struct input *in, size_t n);

/*
 * Where to read into. need: length of the packet at the front as far as it is
 * known, tag and all, else 0; it fits in the end, but memory is taken only as
 * bytes arrive. may_grow: false keeps the size as it is. Empty: full, or out
 * of memory with nothing there yet (*no_memory).
 */
struct room input_room(struct input *in, size_t need, bool may_grow, bool *no_memory);

/* Counts n bytes that were put into the room. */
void input_add(struct input *in, size_t n, msec now);

/* Lets memory go that has not been needed for a while; spans move. */
void input_idle(struct input *in, msec now);

/* When input_idle() would do something; MSEC_NEVER: not. */
msec input_deadline(const struct input *in);

#endif
