/* SPDX-License-Identifier: ISC */
/*
 * keys/bubblebabble.h - a key's SHA-1 as words that can be pronounced
 * ("xesoh-..."), after Antti Huima's draft. ssh-keygen -B.
 */
#ifndef KEYS_BUBBLEBABBLE_H
#define KEYS_BUBBLEBABBLE_H

#include "base/span.h"
#include "base/writer.h"

/* Writes the words for the SHA-1 of blob. Errors stick in w. */
void bubblebabble_put(struct writer *w, struct span blob);

/* Writes the words for any bytes. */
void bubblebabble_put_bytes(struct writer *w, struct span bytes);

#endif
