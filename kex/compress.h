/* SPDX-License-Identifier: ISC */
/*
 * kex/compress.h - zlib@openssh.com: payloads of one direction through one
 * zlib stream (RFC 4253 6.2), from authentication on.
 */
#ifndef KEX_COMPRESS_H
#define KEX_COMPRESS_H

#include "base/err.h"
#include "base/side.h"
#include "base/span.h"

struct compress;

/* Makes a stream: deflating for TX, inflating for RX. ERR_NOMEM. */
enum err compress_new(struct compress **out, enum direction direction);

/* Wipes and frees. NULL is fine. */
void compress_free(struct compress *c);

/* Counts what has gone in and what has come out so far. */
void compress_totals(const struct compress *c, uint64_t *in, uint64_t *out);

/*
 * Runs a payload through; *out is valid until the next call. ERR_LIMIT if it
 * would become longer than a packet may be, ERR_INFLATE, ERR_NOMEM.
 */
enum err compress_run(struct compress *c, struct span in, struct span *out);

#endif
