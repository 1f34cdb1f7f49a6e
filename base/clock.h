/* SPDX-License-Identifier: ISC */
/*
 * base/clock.h - time as an argument.
 *
 * msec is milliseconds on a clock that never goes back (the program takes the
 * boot-time clock, so that a suspended machine's deadlines still pass). The
 * core never looks at a clock; it is told.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

typedef uint64_t msec;

/* A deadline that never comes. */
#define MSEC_NEVER	UINT64_MAX

#endif
