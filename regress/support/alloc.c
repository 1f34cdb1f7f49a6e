/* SPDX-License-Identifier: ISC */
#include "regress/support/alloc.h"

#include <stddef.h>

/* Test support is a program's, not the core's: its state may be global. */
static bool limited;
static bool failed;
static bool only_once;
static unsigned left;
static unsigned long count;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

void
alloc_fail_after(unsigned n)
{
	limited = true;
	failed = false;
	only_once = false;
	left = n;
}

void
alloc_fail_once(unsigned n)
{
	alloc_fail_after(n);
	only_once = true;
}

void
alloc_fail_never(void)
{
	limited = false;
}

bool
alloc_failed(void)
{
	return failed;
}

unsigned long
alloc_count(void)
{
	return count;
}

/* Counts an allocation; whether it may go through. */
static bool
may_allocate(void)
{
	count++;
	if (!limited)
		return true;
	if (left > 0) {
		left--;
		return true;
	}
	failed = true;
	limited = !only_once;
	return false;
}

void *
__wrap_malloc(size_t n)
{
	return may_allocate() ? __real_malloc(n) : NULL;
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return may_allocate() ? __real_calloc(n, size) : NULL;
}

void *
__wrap_realloc(void *p, size_t n)
{
	return may_allocate() ? __real_realloc(p, n) : NULL;
}
