/* SPDX-License-Identifier: ISC */
/*
 * tools/meter.h - how far a copy is, shown on the terminal in one line that is
 * written over: name, per cent, bytes, bytes a second, time to go.
 */
#ifndef TOOLS_METER_H
#define TOOLS_METER_H

#include <stdbool.h>
#include <stdint.h>

struct meter {
	bool is_on;		/* the user wants it, and there is a terminal */
	bool is_running;
	char *name;		/* fit to print */
	uint64_t size;
	uint64_t done;
	uint64_t began_with;
	uint64_t began;		/* microseconds */
	uint64_t shown;
	uint64_t rate_at;	/* the rate is of the last while, not of all the time */
	uint64_t rate_done;
	uint64_t rate;		/* bytes a second */
};

/* Whether standard output is a terminal, and ours. */
bool meter_can(void);

/* Begins a file. */
void meter_begin(struct meter *m, const char *name, uint64_t size, uint64_t done);

/* So much is there now. */
void meter_progress(struct meter *m, uint64_t done);

/* The file has ended, or what could be had of it. */
void meter_end(struct meter *m);

#endif
