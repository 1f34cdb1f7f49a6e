/* SPDX-License-Identifier: ISC */
/*
 * sftp/scp.h - the records of the protocol that scp had before SFTP (scp -O).
 *
 *	Cmode size name	a file; its bytes follow, and a status
 *	Dmode 0 name	a folder; what is in it follows, up to
 *	E		its end
 *	Tmtime 0 atime 0	times of the next file or folder
 *
 * Each is a line, without its newline here.
 */
#ifndef SFTP_SCP_H
#define SFTP_SCP_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"
#include "base/writer.h"

/* The longest line: a name of 255 bytes may have each of them quoted. */
#define SCP_LINE	4096

struct scp_record {
	char kind;		/* C, D, E, T */
	uint32_t mode;		/* permission bits */
	uint64_t size;
	struct span name;	/* of a file in its folder: no slash, not "." or ".." */
	uint64_t mtime;
	uint64_t atime;
};

/* Reads a line. ERR_FORMAT; ERR_DENIED for a name that leads elsewhere. */
enum err scp_record_get(struct span line, struct scp_record *r);

/* Writes one with its newline; newlines in the name are written as \^J. */
void scp_record_put(struct writer *w, const struct scp_record *r);

/*
 * Whether a file of this name is what was asked for by path, a pattern for the remote
 * shell with * ? [sets] {a,b}. Where only that shell knows the name ($x, `x`, ~) none is.
 */
bool scp_is_asked_for(struct span name, const char *path);

#endif
