/* SPDX-License-Identifier: ISC */
/*
 * tools/sftp.h - between the files of sftp(1).
 *
 * word       one word of a command, as a pattern: characters that stood in quotes or behind a
 *            backslash have one before them where they would mean something in a pattern
 * session    the connection, where it stands in the folders there, and settings
 */
#ifndef TOOLS_SFTP_H
#define TOOLS_SFTP_H

#include "sftp/glob.h"
#include "tools/far.h"
#include "tools/meter.h"

struct session {
	struct far far;
	struct sftp_client *c;
	char *pwd;			/* there; absolute */
	char *home;			/* where it began */
	bool is_quiet;			/* says nothing of what goes well */
	bool is_recursive;		/* -r, of the command line; the others are in how */
	bool wants_progress;
	bool is_over;			/* quit, or the connection has ended */
	bool is_lost;			/* the latter */
	bool ends_at_failure;		/* of a batch: what is removed or changed after one is not wanted */
	struct rate rate;
	struct meter meter;
	struct sftp_how how;
	const char *verb;		/* what is said on entering a folder */
	volatile sig_atomic_t *interrupts;
};

/* A command's words. */
struct args {
	const char *name;
	const char *flags;		/* those that were given, one letter each */
	char **words;			/* patterns */
	size_t n;
	const char *rest;		/* of the line, behind the name */
};

/* Whether a flag was given. */
bool args_has(const struct args *a, char flag);

/* --- lines --- */

/*
 * Splits a line into words. False, with the reason in *why, if a quote does not end.
 */
bool sftp_split(const char *line, struct words *out, const char **why);

/* Does what a line says. False if that was not possible. */
bool sftp_do_line(struct session *s, const char *line);

/* --- what commands need --- */

/* A path there as the user wrote it, made absolute; the caller frees it. word is a pattern. */
char *sftp_there(const struct session *s, const char *word);

/* The same as a pattern. */
char *sftp_pattern_there(const struct session *s, const char *word);

/* Prints to standard error, made fit to print; always false. */
PRINTF(1, 2) bool sftp_fail(const char *fmt, ...);

/*
 * Looks at what the engine said: true for ERR_OK. If the connection has ended it is told,
 * and the session is over. A refusal has been told by who asked.
 */
bool sftp_went_well(struct session *s, enum err e);

/* The same, telling a refusal: "WHAT "PATH": the server's words". */
bool sftp_tell(struct session *s, enum err e, const char *what, const char *path);

/* Finds what a pattern stands for there, at least one; told if there is none. */
bool sftp_find_there(struct session *s, const char *word, struct sftp_entries *out);

/* Whether there is a folder of that name there. */
enum err sftp_is_folder(struct session *s, const char *path, bool *yes);

/* What is called so in a folder, of this machine or there. "." and ".." are the folder itself. */
char *sftp_in_folder(const char *folder, const char *source);

/* --- commands: each is false if anything did not work --- */

/* get, reget, mget */
bool sftp_get(struct session *s, const struct args *a);

/* put, reput, mput */
bool sftp_put(struct session *s, const struct args *a);

/* ls, dir */
bool sftp_ls(struct session *s, const struct args *a);

/* df */
bool sftp_df(struct session *s, const struct args *a);

/* cd, chdir */
bool sftp_cd(struct session *s, const struct args *a);

/* Goes to a folder there. */
bool sftp_go(struct session *s, const char *path);

/* rm, delete */
bool sftp_rm(struct session *s, const struct args *a);

/* mkdir, rmdir */
bool sftp_folder(struct session *s, const struct args *a);

/* rename */
bool sftp_rename(struct session *s, const struct args *a);

/* ln, symlink */
bool sftp_link(struct session *s, const struct args *a);

/* chmod, chown, chgrp */
bool sftp_change(struct session *s, const struct args *a);

/* copy, cp */
bool sftp_copy(struct session *s, const struct args *a);

/* lcd, lchdir; lmkdir; lpwd; lumask; lls and !: of this machine */
bool sftp_lcd(struct session *s, const struct args *a);

/* lmkdir */
bool sftp_lmkdir(struct session *s, const struct args *a);

/* lpwd */
bool sftp_lpwd(struct session *s, const struct args *a);

/* lumask */
bool sftp_lumask(struct session *s, const struct args *a);

/* lls */
bool sftp_lls(struct session *s, const struct args *a);

/* !, with a command or without */
bool sftp_shell(struct session *s, const char *command);

#endif
