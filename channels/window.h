/* SPDX-License-Identifier: ISC */
/*
 * channels/window.h - flow control of one direction of one channel
 * (RFC 4254 5.2).
 *
 * credit   bytes the sender may still send
 * held     bytes received and not yet disposed of by the program
 * size     what credit and held may add up to; the difference is owed
 * limit    position in the stream up to which the peer may send
 *
 * Nothing here allocates or sends: window_due() says when a WINDOW_ADJUST is
 * worth sending, and for how much.
 *
 * A receive window grows when the path needs it. Limits are set at positions
 * where a packet of a peer that has enough credit does not end; if one ends
 * there all the same, the peer ran into the limit. The time from the adjust
 * that moved this limit on until the first byte behind it is then the round
 * trip, and what came meanwhile is what the path holds: if that is nearly all
 * of the window, the window is too small. A window never grows while the
 * program leaves data lying, and shrinks again when it begins to, so what
 * waits for a slow reader is bounded by the first size. All windows of a
 * connection share one budget, and a small part of it for their first sizes.
 */
#ifndef CHANNELS_WINDOW_H
#define CHANNELS_WINDOW_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/err.h"

/* First size of the first window; what a slow reader stays at. */
#define WINDOW_INITIAL	(2u * 1024 * 1024)

/* What the windows that have not grown may add up to: slow readers, all. */
#define WINDOW_INITIAL_SUM	(4u * 1024 * 1024)

/*
 * What a channel gets at least, also beyond that: a peer that waits for the
 * credit of a whole packet must get it.
 */
#define WINDOW_LEAST	(128u * 1024)

/* Most that is left to gather before it is worth an adjust. */
#define WINDOW_STEP	(512u * 1024)

/* Bytes that the receive windows of one connection may add up to. */
struct window_budget {
	uint64_t total;
	uint64_t used;
	uint32_t most;		/* a single window's largest size */
};

/* One measurement: from a grant to the first byte that needed it. */
struct window_probe {
	bool running;
	bool was_hit;		/* a packet ended at the old limit exactly */
	uint32_t ahead;		/* bytes until the old limit */
	uint32_t came;		/* bytes that came since the grant */
	msec since;
};

/* The receiving direction. */
struct window {
	uint32_t credit;
	uint32_t held;
	uint32_t size;
	uint32_t excess;	/* received beyond the credit, ever */
	msec round_trip;	/* shortest seen of late; 0: not known */
	msec lying_since;	/* data is left lying; MSEC_NEVER: it is not */
	struct window_probe probe;
	struct window_budget *budget;
};

/* The sending direction. */
struct credit {
	uint32_t left;
};

/* An open window of its first size: the more there are, the smaller. */
struct window window_init(struct window_budget *budget);

/* Gives the window's part of the budget back; the window is closed then. */
void window_close(struct window *w);

/*
 * Counts n bytes as received. ERR_LIMIT, changing nothing, when all that ever
 * exceeded the credit is more than a tenth of the window (RFC 4254 5.2 allows
 * no excess; real peers have had small ones).
 */
enum err window_received(struct window *w, uint32_t n, msec now);

/* Counts n of the bytes held as disposed of; there must be as many. */
void window_consumed(struct window *w, uint32_t n);

/*
 * How many bytes to grant with a WINDOW_ADJUST now; 0: it is not worth one.
 * The grant counts as sent.
 */
uint32_t window_due(struct window *w, msec now);

/* Takes n bytes of credit; ERR_LIMIT, changing nothing, if there are fewer. */
enum err credit_take(struct credit *c, uint32_t n);

/* Adds n bytes; ERR_LIMIT, changing nothing, beyond 2^32 - 1 (RFC 4254 5.2). */
enum err credit_add(struct credit *c, uint32_t n);

#endif
