/* SPDX-License-Identifier: ISC */
/*
 * sftp/longname.h - a file in one line, as ls -l shows it: what an SFTP server
 * sends as the long name, and a client shows that makes it itself.
 */
#ifndef SFTP_LONGNAME_H
#define SFTP_LONGNAME_H

#include <sys/stat.h>

#include "base/writer.h"

/*
 * Writes the line of a file. user and group: names or numbers. now (seconds
 * since 1970) decides whether the year is shown or the time of day. Times are local.
 */
void sftp_longname(struct writer *w, const struct stat *st, struct span name, struct span user,
    struct span group, int64_t now);

#endif
