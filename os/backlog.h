/* SPDX-License-Identifier: ISC */
/*
 * os/backlog.h - bytes that a descriptor did not take yet, in order.
 *
 * Grows by chunks and gives them back as soon as they are empty, so an idle
 * channel holds nothing. It sets no limit: the receive window does
 * (channels/window.h).
 */
#ifndef OS_BACKLOG_H
#define OS_BACKLOG_H

#include <sys/uio.h>

#include "base/err.h"
#include "base/span.h"

struct backlog_chunk;

struct backlog {
	struct backlog_chunk *first;
	struct backlog_chunk *last;
	size_t len;			/* bytes in all chunks */
};

/* Appends a copy of s. ERR_NOMEM, and then nothing of it. */
enum err backlog_add(struct backlog *b, struct span s);

/* Points up to max iov at the oldest bytes; returns how many were filled in. */
int backlog_iov(const struct backlog *b, struct iovec *iov, int max);

/* Drops the oldest n bytes; there must be as many. */
void backlog_drop(struct backlog *b, size_t n);

#endif
