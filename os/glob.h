/* SPDX-License-Identifier: ISC */
/*
 * os/glob.h - names of files by pattern, for Include and AuthorizedKeysFile.
 *
 * Not glob(3), which wants to know everybody's home directory from NSS.
 */
#ifndef OS_GLOB_H
#define OS_GLOB_H

#include <stddef.h>

#include "base/err.h"

/* Names that one pattern may stand for. */
#define GLOB_MAX	10000

struct glob_names {
	char **v;
	size_t n;
};

/*
 * Lists the existing files that an absolute pattern matches, sorted; * and ?
 * stand for anything but "/" and a leading ".". A pattern without either is
 * listed as it is if it exists. Folders that cannot be read match nothing.
 * ERR_NOMEM, ERR_LIMIT.
 */
enum err glob_list(struct glob_names *out, const char *pattern);

/* Frees the list. NULL is fine. */
void glob_names_free(struct glob_names *names);

#endif
