/* SPDX-License-Identifier: ISC */
/*
 * sftp/stat.h - struct stat as attributes of SFTP.
 */
#ifndef SFTP_STAT_H
#define SFTP_STAT_H

#include <sys/stat.h>

#include "sftp/sftp.h"

/* All of st that version 3 has a place for. Times before 1970 and after 2106 become the nearest there is. */
struct sftp_attrs sftp_attrs_of(const struct stat *st);

#endif
