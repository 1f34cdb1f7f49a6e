/* SPDX-License-Identifier: ISC */
/*
 * base/writer.h - encoding of the data types of RFC 4251 5.
 *
 * A writer owns a buffer that doubles up to a limit. Its error is sticky like
 * a reader's: write a message by listing its fields, then ask wr_end() once.
 * Freed and outgrown memory is wiped, so a writer may hold secrets. Nested
 * strings are written by mark:
 *
 *	SCOPED(writer_free) struct writer w = writer_init(LIMIT_PACKET);
 *	size_t m = wr_open(&w);
 *	wr_str(&w, "inner");
 *	wr_close(&w, m);		(fills in the length)
 *	TRY(wr_end(&w));
 */
#ifndef BASE_WRITER_H
#define BASE_WRITER_H

#include "base/err.h"
#include "base/span.h"

struct writer {
	uint8_t *p;
	size_t len;
	size_t cap;
	size_t max;		/* ERR_LIMIT above this many bytes */
	enum err err;		/* first error, sticky */
};

/* An empty writer that will hold at most max bytes. Allocates nothing. */
struct writer writer_init(size_t max);

/* Wipes and frees the buffer, and leaves an empty writer. NULL is fine. */
void writer_free(struct writer *w);

/* Forgets what was written and any error, wipes, keeps the buffer. */
void writer_reset(struct writer *w);

/* Drops the bytes from len on (wiped); must not be beyond what is there. */
void writer_truncate(struct writer *w, size_t len);

/* Drops the first n bytes, moving the rest to the front. */
void writer_consume(struct writer *w, size_t n);

/* What has been written; valid until the next write. */
struct span writer_span(const struct writer *w);

/* Hands the buffer (to be freed by the caller) out and empties the writer. */
uint8_t *writer_take(struct writer *w, size_t *len);

/*
 * Makes room for n more bytes without counting them as written; an empty
 * room on error. wr_commit() counts those that were filled in.
 */
struct room wr_reserve(struct writer *w, size_t n);

/* Counts n bytes, filled in behind wr_reserve(), as written. */
void wr_commit(struct writer *w, size_t n);

/* Writes a byte. */
void wr_u8(struct writer *w, uint8_t v);

/* Writes a boolean. */
void wr_flag(struct writer *w, bool v);

/* Writes a uint32. */
void wr_u32(struct writer *w, uint32_t v);

/* Writes a uint64. */
void wr_u64(struct writer *w, uint64_t v);

/* Writes a string: uint32 length and the bytes. */
void wr_bytes(struct writer *w, struct span s);

/* Writes the characters of s (not its NUL) as a string. */
void wr_str(struct writer *w, const char *s);

/* Writes a non-negative mpint from its big-endian magnitude. */
void wr_mpint(struct writer *w, struct span magnitude);

/* Writes bytes without a length. */
void wr_raw(struct writer *w, struct span s);

/* Writes printf output without a length. */
PRINTF(2, 3) void wr_printf(struct writer *w, const char *fmt, ...);

/* Starts a nested string; returns the mark for wr_close(). */
size_t wr_open(struct writer *w);

/* Ends the nested string that began at mark by filling in its length. */
void wr_close(struct writer *w, size_t mark);

/* Records e as the error unless there is one already. */
void wr_fail(struct writer *w, enum err e);

/* The sticky error: ERR_OK, ERR_NOMEM or ERR_LIMIT. */
enum err wr_end(const struct writer *w);

#endif
