/* SPDX-License-Identifier: ISC */
/*
 * keys/line.h - lines and words, as all key files have them; for the files of
 * keys/ only. A line ends with LF, or CR LF; words are set apart by blanks.
 */
#ifndef KEYS_LINE_H
#define KEYS_LINE_H

#include "base/err.h"
#include "base/span.h"
#include "base/writer.h"

/* Takes the next line off *text, without its end; false when there is none. */
bool line_next(struct span *text, struct span *line);

/* s without the blanks at both ends. */
struct span line_trim(struct span s);

/* Takes the next word off *rest, and the blanks behind it. Empty: there is none. */
struct span line_word(struct span *rest);

/* Appends the decoded key to blob if its type is the line's. ERR_SYNTAX, ERR_FORMAT. */
enum err line_key_decode(struct span type, struct span base64, struct writer *blob);

#endif
