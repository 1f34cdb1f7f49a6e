/* SPDX-License-Identifier: ISC */
/*
 * regress/support/alloc.h - memory that runs out when a test wants it to.
 *
 * Every test program is linked with malloc, calloc and realloc wrapped.
 *
 *	for (unsigned n = 0; ; n++) {
 *		alloc_fail_after(n);
 *		e = thing_under_test();
 *		if (!alloc_failed())	// it got by with n allocations
 *			break;
 *		assert_int_equal(e, ERR_NOMEM);
 *	}
 *	alloc_fail_never();
 *
 * Only the tree's own allocations count, not those inside shared libraries.
 */
#ifndef REGRESS_SUPPORT_ALLOC_H
#define REGRESS_SUPPORT_ALLOC_H

#include <stdbool.h>

/* Lets n more allocations through and fails all after them; clears alloc_failed(). */
void alloc_fail_after(unsigned n);

/* The same, but only one fails, so that nothing behind an error that is ignored covers it up. */
void alloc_fail_once(unsigned n);

/* Ends that. */
void alloc_fail_never(void);

/* Whether an allocation has failed since alloc_fail_after(). */
bool alloc_failed(void);

/* How many allocations there have been, failed ones too. */
unsigned long alloc_count(void);

#endif
