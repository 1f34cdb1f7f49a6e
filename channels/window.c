/* SPDX-License-Identifier: ISC */
#include "channels/window.h"

#include <stddef.h>

/*
 * Credits are granted so that they end this far behind a multiple of the
 * block: bulk data comes in packets that are multiples of it, and so never
 * end at a limit by chance.
 */
#define LIMIT_BLOCK	4096u
#define LIMIT_OFFSET	2039u

/*
 * How long a quarter of the window may be left lying before the window
 * shrinks: a program that pauses for a moment is no slow one.
 */
#define LYING_MOST	1000

/* A round trip below this needs no window beyond WINDOW_INITIAL: 1 GB/s. */
#define ROUND_TRIP_SHORT	2

static uint32_t
at_most(uint64_t a, uint64_t b)
{
	uint64_t least = a < b ? a : b;

	return least > UINT32_MAX ? UINT32_MAX : (uint32_t)least;
}

/* The largest credit up to n that ends where no packet is expected to. */
static uint32_t
odd_credit(uint32_t n)
{
	uint32_t down = (n - LIMIT_OFFSET) % LIMIT_BLOCK;

	return n < LIMIT_OFFSET ? n : n - down;
}

struct window
window_init(struct window_budget *budget)
{
	uint64_t sum = at_most(budget->total, WINDOW_INITIAL_SUM);
	uint64_t free = sum > budget->used ? sum - budget->used : 0;
	struct window w = { .lying_since = MSEC_NEVER, .budget = budget };

	/* Half of what is left: the first channel is often the only one. */
	w.size = at_most(free / 2, WINDOW_INITIAL);
	if (w.size < WINDOW_LEAST)
		w.size = WINDOW_LEAST;
	w.credit = odd_credit(w.size);
	budget->used += w.size;
	return w;
}

void
window_close(struct window *w)
{
	if (w->budget != NULL)
		w->budget->used -= w->size;
	*w = (struct window){ .budget = NULL };
}

/* Sets the size, as far as budget and peer allow. */
static void
resize(struct window *w, uint64_t size)
{
	struct window_budget *b = w->budget;
	uint64_t others = b->used - w->size;
	uint64_t most = at_most(b->total > others ? b->total - others : 0, b->most);

	if (size > most)
		size = most;
	if (size < w->size && size < WINDOW_INITIAL)
		return;
	b->used = others + size;
	w->size = (uint32_t)size;
}

/* Whether the program disposes of data as fast as it comes. */
static bool
reads_promptly(const struct window *w)
{
	return w->held <= w->size / 4;
}

/* The first byte behind the probed limit has come: what does it say? */
static void
probe_end(struct window *w, msec now)
{
	struct window_probe *p = &w->probe;
	msec took = now - p->since;
	uint64_t path;

	p->running = false;
	if (!p->was_hit)
		return;
	/*
	 * The shortest time is the path's; longer ones are a peer or a machine
	 * that was busy, which a larger window does not help. Drifts upwards
	 * slowly, for paths that change.
	 */
	if (w->round_trip == 0 || took < w->round_trip)
		w->round_trip = took;
	else
		w->round_trip += (took - w->round_trip) / 16;
	if (!reads_promptly(w))
		return;
	if (took < ROUND_TRIP_SHORT || w->round_trip < ROUND_TRIP_SHORT) {
		if (w->size < WINDOW_INITIAL)
			resize(w, at_most(2 * w->size, WINDOW_INITIAL));
		return;
	}
	path = (uint64_t)p->came * w->round_trip / took;
	if (2 * path > w->size)
		resize(w, 2 * path);
}

static void
probe_received(struct window *w, uint32_t n, msec now)
{
	struct window_probe *p = &w->probe;

	if (!p->running)
		return;
	if (n > p->ahead) {
		probe_end(w, now);
		return;
	}
	p->ahead -= n;
	p->came += n;
	p->was_hit = p->ahead == 0;
}

enum err
window_received(struct window *w, uint32_t n, msec now)
{
	uint32_t over = n > w->credit ? n - w->credit : 0;

	if (over > w->size / 10 || w->excess + over > w->size / 10)
		return ERR_LIMIT;
	w->excess += over;
	w->credit -= n - over;
	w->held += n;
	probe_received(w, n, now);
	return ERR_OK;
}

void
window_consumed(struct window *w, uint32_t n)
{
	must(n <= w->held);
	w->held -= n;
}

/* What is gathered before it is granted: few adjusts, never a dry peer. */
static uint32_t
step(const struct window *w)
{
	return at_most(w->size / 4, WINDOW_STEP);
}

/* Data is left lying: step by step back to what a slow reader gets. */
static void
shrink_if_lying(struct window *w, msec now)
{
	if (reads_promptly(w)) {
		w->lying_since = MSEC_NEVER;
	} else if (w->lying_since == MSEC_NEVER) {
		w->lying_since = now;
	} else if (now - w->lying_since >= LYING_MOST && w->size > WINDOW_INITIAL) {
		resize(w, w->size / 2);
		w->lying_since = now;
	}
}

uint32_t
window_due(struct window *w, msec now)
{
	uint32_t goal, grant;

	shrink_if_lying(w, now);
	if (w->held >= w->size)
		return 0;
	goal = odd_credit(w->size - w->held);
	if (goal <= w->credit || goal - w->credit < step(w))
		return 0;
	grant = goal - w->credit;
	if (!w->probe.running && reads_promptly(w))
		w->probe = (struct window_probe){ .running = true, .ahead = w->credit,
		    .was_hit = w->credit == 0, .since = now };
	w->credit = goal;
	return grant;
}

enum err
credit_take(struct credit *c, uint32_t n)
{
	if (n > c->left)
		return ERR_LIMIT;
	c->left -= n;
	return ERR_OK;
}

enum err
credit_add(struct credit *c, uint32_t n)
{
	if (n > UINT32_MAX - c->left)
		return ERR_LIMIT;
	c->left += n;
	return ERR_OK;
}
