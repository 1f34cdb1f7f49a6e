/* SPDX-License-Identifier: ISC */
/*
 * channels/window.h - flow control of one direction of one channel
 * (RFC 4254 5.2).
 *
 * credit   bytes the sender may still send
 * held     bytes received and not yet disposed of by the program
 * owed     bytes disposed of here but not yet granted back
 * size     what credit, held and owed add up to
 *
 * Nothing here allocates or sends: window_due() says when a WINDOW_ADJUST is
 * worth sending, and for how much.
 *
 * A receive window grows when the path needs it: if the peer used up its
 * credit although the program disposed of the data at once, the adjusts took
 * longer to arrive than the data, so the window was less than the product of
 * bandwidth and delay, and it is doubled. A program that reads slowly never
 * sees its window grow, which bounds what waits for it; a window that has
 * grown shrinks again when data is left lying. All windows of a connection
 * share one budget.
 */
#ifndef CHANNELS_WINDOW_H
#define CHANNELS_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* First size of a receive window; what a slow reader stays at. */
#define WINDOW_INITIAL	(2u * 1024 * 1024)

/* What a channel gets at least, also when the budget is used up. */
#define WINDOW_LEAST	(64u * 1024)

/* Largest data of one packet that we announce; see channels.c for why. */
#define WINDOW_PACKET	(64u * 1024)

/* Bytes that the receive windows of one connection may add up to. */
struct window_budget {
	uint64_t total;
	uint64_t used;
	uint32_t most;		/* a single window's largest size */
};

/* The receiving direction. */
struct window {
	uint32_t credit;
	uint32_t held;
	uint32_t owed;
	uint32_t size;
	uint32_t excess;	/* received beyond the credit, ever */
	uint32_t peak_held;	/* since the last grant */
	bool was_used_up;	/* credit ran out since the last grant */
	struct window_budget *budget;
};

/* The sending direction. */
struct credit {
	uint32_t left;
};

/* An open window of the first size, or less if the budget is short of it. */
struct window window_init(struct window_budget *budget);

/* Gives the window's part of the budget back; the window is closed then. */
void window_close(struct window *w);

/*
 * Counts n bytes as received. ERR_LIMIT, changing nothing, when they exceed
 * the credit by more than a tenth of the window (RFC 4254 5.2 allows no
 * excess; real peers have had small ones).
 */
enum err window_received(struct window *w, uint32_t n);

/* Counts n of the bytes held as disposed of; more than are held is as many. */
void window_consumed(struct window *w, uint32_t n);

/*
 * How many bytes to grant with a WINDOW_ADJUST now; 0: it is not worth one.
 * The grant is counted as sent, and the size is adapted to the path.
 */
uint32_t window_due(struct window *w);

/* Takes n bytes of credit; ERR_LIMIT, changing nothing, if there are fewer. */
enum err credit_take(struct credit *c, uint32_t n);

/* Adds n bytes; ERR_LIMIT, changing nothing, beyond 2^32 - 1 (RFC 4254 5.2). */
enum err credit_add(struct credit *c, uint32_t n);

#endif
