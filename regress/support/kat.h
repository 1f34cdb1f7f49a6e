/* SPDX-License-Identifier: ISC */
/*
 * regress/support/kat.h - known-answer vectors from text files.
 *
 * A file in regress/kat/ has "# comment" lines (the source stands there),
 * "name = hex" lines, and blank lines between records.
 */
#ifndef REGRESS_SUPPORT_KAT_H
#define REGRESS_SUPPORT_KAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

#define KAT_MAX_FIELDS	32

struct kat {
	char *text;			/* the whole file */
	char *at;			/* next record */
	size_t n;
	struct {
		const char *name;
		const char *value;	/* as written */
		uint8_t *bytes;		/* decoded, if it is hexadecimal */
		size_t len;
	} field[KAT_MAX_FIELDS];
};

/* Opens regress/kat/NAME below $SRCDIR; ends the test program if it is not there. */
void kat_open(struct kat *kat, const char *name);

/* Reads the next record; false at the end of the file, which frees everything. */
bool kat_next(struct kat *kat);

/* The decoded bytes of a field of this record; ends the test program if it is missing. */
const uint8_t *kat_bytes(const struct kat *kat, const char *field, size_t *len);

/* The text of a field of this record, or NULL. */
const char *kat_text(const struct kat *kat, const char *field);

/* The text of a whole file below $SRCDIR, malloc'ed with a NUL; ends the test program if missing. */
char *kat_file(const char *path, size_t *len);

/* The bytes of regress/kat/NAME, as kat_file(); kat_span_free() ends them. */
struct span kat_span(const char *name);
void kat_span_free(struct span *s);

#endif
