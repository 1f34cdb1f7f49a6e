/* SPDX-License-Identifier: ISC */
/*
 * regress/support/alloc_crypto.h - libcrypto's allocations counted and failed
 * like the tree's own (regress/support/alloc.h).
 */
#ifndef REGRESS_SUPPORT_ALLOC_CRYPTO_H
#define REGRESS_SUPPORT_ALLOC_CRYPTO_H

#include <stdbool.h>
#include <stdlib.h>

#include <openssl/crypto.h>

/* malloc() for libcrypto, from this file and so wrapped. */
static void *
alloc_crypto_malloc(size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return malloc(n);
}

/* realloc() for libcrypto. */
static void *
alloc_crypto_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return realloc(p, n);
}

/* free() for libcrypto. */
static void
alloc_crypto_free(void *p, const char *file, int line)
{
	(void)file, (void)line;
	free(p);
}

/* Starts that; false if libcrypto has allocated something already. */
static inline bool
alloc_crypto_hook(void)
{
	return CRYPTO_set_mem_functions(alloc_crypto_malloc, alloc_crypto_realloc,
	    alloc_crypto_free) == 1;
}

#endif
