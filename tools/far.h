/* SPDX-License-Identifier: ISC */
/*
 * tools/far.h - what scp and sftp have in common: the other machine, which they
 * reach by running ssh, and what they show on the terminal.
 *
 * words    a command line that grows
 * far      a running ssh (or a server run directly), and pipes to and from it
 * rate     how fast bytes may go, for -l
 *
 * What these functions cannot do they say on standard error.
 */
#ifndef TOOLS_FAR_H
#define TOOLS_FAR_H

#include <signal.h>
#include <stdio.h>
#include <sys/types.h>

#include "sftp/copy.h"

/* --- words --- */

struct words {
	char **v;		/* ends with NULL as soon as there is one */
	size_t n;
};

/* Adds a word, printed as printf(3) does. Ends the program when memory is out. */
PRINTF(2, 3) void words_add(struct words *w, const char *fmt, ...);

/* Adds all of another list. */
void words_add_all(struct words *w, const struct words *more);

/* Adds the words of a command line that are separated by spaces. */
void words_add_split(struct words *w, const char *line);

/* Frees them. */
void words_free(struct words *w);

/* As strdup(3) and realloc(3), but out of memory ends the program. */
char *far_strdup(const char *s);

/* p, or the end of the program when it is NULL: memory is out. */
void *far_must(void *p);

/* --- rate --- */

struct rate {
	uint64_t bits_per_second;	/* 0: as fast as it goes */
	uint64_t began;			/* microseconds */
	uint64_t bytes;			/* since then */
};

/* Waits as long as n more bytes ask for. */
void rate_take(struct rate *r, size_t n);

/* --- far --- */

struct far {
	pid_t pid;		/* 0: not running */
	int in;			/* what comes from there */
	int out;
	struct rate *rate;	/* NULL: none */
	const volatile sig_atomic_t *interrupts;	/* signals that asked for the end; NULL: none are counted */
	int patience;		/* so many of them end all waiting */
};

/*
 * Runs argv (looked for in PATH if it has no slash) with pipes. Unless
 * takes_interrupts, it does not get the terminal's SIGINT, which is for this process.
 */
bool far_start(struct far *f, const struct words *argv, bool takes_interrupts);

/*
 * Runs argv between the pipes of another one, which are closed here then: the two talk to each
 * other. Its own pipes are none.
 */
bool far_start_between(struct far *f, const struct words *argv, struct far *other);

/* Ends it: closes the pipes and waits. Returns its exit status; 255 for a signal's. */
int far_end(struct far *f);

/* Reads what comes next, len bytes at most; 0 at the end or on an error. */
size_t far_read_some(struct far *f, void *buf, size_t len);

/* Reads exactly len bytes; false at the end or on an error. */
bool far_read(struct far *f, void *buf, size_t len);

/* Writes them all. */
bool far_write(struct far *f, const void *buf, size_t len);

/* The transport of an SFTP client. */
struct sftp_transport far_transport(struct far *f);

/*
 * Makes an SFTP client of it and says hello, complaining if that does not work.
 * prefix stands before what is said.
 */
bool far_client(struct far *f, struct sftp_client **out, const char *prefix);

/* The ssh program: ours where it was installed, else the one in PATH. */
const char *far_ssh(void);

/* --- the terminal --- */

/*
 * Makes a copy of text that is fit to print: control characters and what is no UTF-8 are
 * shown in octal. The caller frees it.
 */
char *far_shown(const char *text);

/* Prints a line to standard output or error, made fit to print but for the newline at its end. */
PRINTF(2, 3) void far_print(FILE *to, const char *fmt, ...);

/* Where a command line's host is. */
struct where {
	char *user;		/* NULL: not said */
	char *host;
	char *path;		/* NULL: not said; "" the home */
	int port;		/* -1: not said */
};

/* Frees what it has. */
void where_free(struct where *w);

/*
 * Takes SCHEME://[USER@]HOST[:PORT][/PATH] apart, with its %XX. False if it
 * is no such URI; *is_bad if it begins like one, but is none.
 */
bool where_uri(const char *text, const char *scheme, struct where *out, bool *is_bad);

/*
 * Takes [USER@]HOST:PATH apart, [HOST] in brackets too; false if there is no colon
 * before the first slash: it is a path of this machine.
 */
bool where_remote(const char *text, struct where *out);

#endif
