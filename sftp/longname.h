/* SPDX-License-Identifier: ISC */
/*
 * sftp/longname.h - a file in one line, as ls -l shows it: what an SFTP server
 * sends as the long name, and a client shows that makes it itself.
 */
#ifndef SFTP_LONGNAME_H
#define SFTP_LONGNAME_H

#include <sys/stat.h>

#include "base/writer.h"

/* Bytes that the texts below take. */
#define SFTP_MODE_TEXT	11
#define SFTP_TIME_TEXT	32

/* A mode as "drwxr-sr-x": the special bits stand where the x is. */
void sftp_mode_text(uint32_t mode, char out[static SFTP_MODE_TEXT]);

/*
 * A time (seconds since 1970) as "Nov 21 18:11", or with the year if it is not within the half year
 * before now. Local time.
 */
void sftp_time_text(int64_t seconds, int64_t now, char out[static SFTP_TIME_TEXT]);

/*
 * Writes the line of a file. user and group: names or numbers. now (seconds
 * since 1970) decides whether the year is shown or the time of day. Times are local.
 */
void sftp_longname(struct writer *w, const struct stat *st, struct span name, struct span user,
    struct span group, int64_t now);

#endif
