/* SPDX-License-Identifier: ISC */
/*
 * os/glob.h - files whose names match a pattern, for Include and its like.
 *
 * The C library's glob(3) knows "~user", and so brings NSS along; this one
 * knows * and ? only.
 */
#ifndef OS_GLOB_H
#define OS_GLOB_H

#include <stddef.h>

#include "base/err.h"

/* More names than this are refused: a pattern gone wrong. */
#define GLOB_MAX	4096

struct glob_names {
	char **v;		/* sorted */
	size_t n;
};

/*
 * Finds the paths that match pattern; each part between slashes may have
 * wildcards, which match no dot at the beginning. A pattern without wildcards
 * gives itself if that exists. None is ERR_OK. ERR_NOMEM; ERR_LIMIT.
 */
enum err glob_find(const char *pattern, struct glob_names *out);

/* Frees the names. NULL is fine. */
void glob_free(struct glob_names *names);

#endif
