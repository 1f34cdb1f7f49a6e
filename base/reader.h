/* SPDX-License-Identifier: ISC */
/*
 * base/reader.h - decoding of the data types of RFC 4251 5.
 *
 * A reader is a value: a span and a sticky error. Decode a message by listing
 * its fields, then ask rd_end() once. After the first error every read gives
 * zero or an empty span; nothing that was read may be acted on before
 * rd_end() has said ERR_OK. Spans that it returns borrow from its input.
 */
#ifndef BASE_READER_H
#define BASE_READER_H

#include "base/err.h"
#include "base/span.h"

struct reader {
	struct span rest;	/* not yet read */
	enum err err;		/* first error, sticky */
};

/* A reader of s. */
struct reader rd_init(struct span s);

/* Reads a byte. */
uint8_t rd_u8(struct reader *r);

/* Reads a boolean: RFC 4251 5 takes every value but 0 for TRUE. */
bool rd_flag(struct reader *r);

/* Reads a uint32. */
uint32_t rd_u32(struct reader *r);

/* Reads a uint64. */
uint64_t rd_u64(struct reader *r);

/* Reads a string: a uint32 length and as many bytes. */
struct span rd_bytes(struct reader *r);

/*
 * Reads a string that must not hold a NUL byte (names, paths); ERR_FORMAT
 * if it does.
 */
struct span rd_text(struct reader *r);

/*
 * Reads an mpint that must not be negative, and returns its magnitude
 * without leading zero bytes (zero is empty). ERR_FORMAT if it is negative or
 * not in its shortest form, ERR_LIMIT above max_len bytes of magnitude.
 */
struct span rd_mpint(struct reader *r, size_t max_len);

/* Takes n bytes without a length before them. */
struct span rd_raw(struct reader *r, size_t n);

/* Takes all that is left. */
struct span rd_rest(struct reader *r);

/* Records e as the error unless there is one already. */
void rd_fail(struct reader *r, enum err e);

/* The sticky error; else ERR_TRAILING if bytes are left; else ERR_OK. */
enum err rd_end(const struct reader *r);

#endif
