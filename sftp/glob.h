/* SPDX-License-Identifier: ISC */
/*
 * sftp/glob.h - which files a pattern stands for, here or on a server.
 *
 * * ? and [sets] stand for anything but "/" and a leading "."; a backslash takes what
 * follows it as it is. A server is asked for its lists, and of what it
 * says only what the pattern matches counts: it cannot send a file under a name that
 * nobody asked for.
 */
#ifndef SFTP_GLOB_H
#define SFTP_GLOB_H

#include "sftp/client.h"

/* Where files are looked for. */
struct glob_place {
	/* Lists a folder; ERR_DENIED: it cannot be, so nothing in it matches. Names need not be safe. */
	enum err (*list)(void *arg, const char *path, struct sftp_entries *out);
	/* The attributes of a file, of a link itself; ERR_DENIED: there is none. */
	enum err (*look)(void *arg, const char *path, struct sftp_attrs *out);
	void *arg;
};

/* The files of a server. */
struct glob_place glob_remote(struct sftp_client *c);

/* The files here. */
struct glob_place glob_local(void);

/*
 * Whether a name matches one part of a pattern; its own "." at the beginning is matched by a "."
 * only. Takes time by both lengths, not more: names are a server's.
 */
bool glob_match(const char *pattern, const char *name);

/* Whether a pattern has any of * ? [ in it, that no backslash stands before. */
bool glob_is_pattern(const char *pattern);

/* The pattern without backslashes before other characters, malloc'ed; NULL: no memory. */
char *glob_unescape(const char *pattern);

/* The pattern that stands for this name only, malloc'ed; NULL: no memory. */
char *glob_escape(const char *name);

/*
 * Finds what the pattern stands for, sorted by name; none is no error. A pattern that is
 * none stands for the file of that name if there is one. ERR_NOMEM, ERR_LIMIT,
 * and errors of the connection.
 */
enum err glob_find(const struct glob_place *place, const char *pattern, struct sftp_entries *out);

#endif
