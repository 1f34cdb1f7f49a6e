/* SPDX-License-Identifier: ISC */
/*
 * base/json.h - what programs and logs write as JSON (RFC 8259).
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdint.h>

#include "base/span.h"
#include "base/writer.h"

/*
 * Writes s as a string with its quotes. Characters of UTF-8 stay; a byte that
 * is none, and is no ASCII either, becomes the character of its number.
 */
void json_put_str(struct writer *w, struct span s);

/* Writes a member that is not the first of its object: , "name": "value" */
void json_put_text(struct writer *w, const char *name, struct span value);

/* Likewise , "name": 123 */
void json_put_number(struct writer *w, const char *name, uint64_t value);

/* Likewise , "name": true */
void json_put_flag(struct writer *w, const char *name, bool value);

#endif
