/* SPDX-License-Identifier: ISC */
/*
 * keys/timestamp.h - points in time as key files and tools write them:
 * YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with a Z for UTC.
 */
#ifndef KEYS_TIMESTAMP_H
#define KEYS_TIMESTAMP_H

#include "base/err.h"
#include "base/span.h"

/*
 * Parses one into unix time. utc_offset is what local time is ahead of UTC, in
 * seconds, for one without Z. ERR_SYNTAX; ERR_RANGE for a date or time of day
 * that does not exist.
 */
enum err timestamp_parse(struct span s, long utc_offset, int64_t *out);

#endif
