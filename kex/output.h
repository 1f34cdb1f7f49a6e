/* SPDX-License-Identifier: ISC */
/*
 * kex/output.h - the ring of sealed packets that wait to be sent.
 *
 * Packets are laid out and encrypted where they stand, so each one lies in
 * one piece: when the room behind the last one is too short, the next goes to
 * the front, and output_span() gives the two parts one after the other.
 */
#ifndef KEX_OUTPUT_H
#define KEX_OUTPUT_H

#include "base/clock.h"
#include "base/span.h"

#define OUTPUT_MIN	(4 * 1024)

/* Starts zeroed. */
struct output {
	uint8_t *p;
	size_t cap;
	size_t start;		/* oldest byte */
	size_t end;		/* behind the newest */
	size_t wrap;		/* not 0: [start, wrap) is first, then [0, end) */
	size_t high;		/* bytes of p that may hold something to wipe */
	msec grown;		/* when it was last needed as large as it is */
};

/* Wipes and frees. */
void output_free(struct output *out);

/* The first piece of what waits; valid until output_reserve(). */
struct span output_span(const struct output *out);

/* Bytes that wait, in both pieces. */
size_t output_len(const struct output *out);

/* Drops n bytes of output_span(). */
void output_drop(struct output *out, size_t n);

/*
 * Room for n bytes in one piece, NULL if there is no memory. Counts nothing,
 * and may be asked for again.
 */
uint8_t *output_reserve(struct output *out, size_t n, msec now);

/* Counts n bytes at the place output_reserve() gave as waiting. */
void output_add(struct output *out, size_t n);

/* Lets memory go that has not been needed for a while. */
void output_idle(struct output *out, msec now);

/* When output_idle() would do something; MSEC_NEVER: not. */
msec output_deadline(const struct output *out);

#endif
