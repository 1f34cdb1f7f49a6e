/* SPDX-License-Identifier: ISC */
/*
 * os/clock.h - the two clocks: one for deadlines, one for people.
 */
#ifndef OS_CLOCK_H
#define OS_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

/* Milliseconds since boot, time asleep included; setting the wall clock changes nothing. */
msec clock_boot(void);

/* Microseconds of the clock that service managers go by (CLOCK_MONOTONIC). */
uint64_t clock_monotonic_usec(void);

/* Seconds since 1970, as the wall clock says. */
int64_t clock_wall(void);

/*
 * Prints a wall time as "2026-11-21T05:33:02Z" into buf (21 bytes or more).
 * Returns buf.
 */
const char *clock_print_utc(int64_t seconds, char *buf, size_t size);

#endif
