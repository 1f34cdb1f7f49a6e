/* SPDX-License-Identifier: ISC */
/*
 * sftp/copy_i.h - what the kinds of copying share.
 */
#ifndef SFTP_COPY_I_H
#define SFTP_COPY_I_H

#include <sys/stat.h>

#include "sftp/copy.h"
#include "sftp/pipeline.h"

/*
 * Permission bits that are kept: none that sets ids, because a copy belongs to whoever makes it.
 * Who may delete what is in a folder (the sticky bit) is a part of it.
 */
#define MODE_SAFE	0777u
#define MODE_FOLDER_SAFE	01777u

/* The type bits of attributes, as the draft's servers send them. */
#define MODE_TYPE	0170000u
#define MODE_FOLDER	0040000u
#define MODE_REGULAR	0100000u
#define MODE_LINK	0120000u

/* Tells what went wrong; always ERR_DENIED. */
PRINTF(2, 3) enum err copy_complain(const struct sftp_how *how, const char *fmt, ...);

/* Whether it is to end. */
bool copy_is_stopped(const struct sftp_how *how);

/* Microseconds on some clock. */
uint64_t copy_usec(void);

/* What kind of file it is; 0: the server does not say. */
uint32_t copy_type(const struct sftp_attrs *a);

/* The attributes of a local file that a server is told: mode, and times if they are to be kept. */
struct sftp_attrs copy_attrs_of(const struct stat *st, bool preserve);

/* The block of a read or write: what the user wants, or the server can do. */
uint32_t copy_block(const struct sftp_how *how, uint64_t limit);

/* e, unless it is the first thing that did not work (ERR_DENIED), which *worst remembers. Then ERR_OK. */
enum err copy_worse(enum err *worst, enum err e);

/*
 * The attributes of a source: *known if that is not NULL, else asked for.
 * Complains if there is no such file.
 */
enum err copy_source_attrs(struct sftp_client *c, const char *path, const struct sftp_attrs *known,
    struct sftp_attrs *out, const struct sftp_how *how);

/*
 * Makes a folder there, or takes one that is; *is_new says which. attrs' mode is
 * made such that files can be put into it.
 */
enum err copy_make_folder(struct sftp_client *c, const char *path, const struct sftp_attrs *attrs,
    bool *is_new, const struct sftp_how *how);

/*
 * Cuts off what an open file had behind its new end. Not every server and not every file can
 * that: it is an error only where something is left.
 */
enum err copy_cut(struct sftp_client *c, const struct sftp_handle *h, const char *path, uint64_t size,
    const struct sftp_how *how);

/* Lists the source folder, complaining about it and about names that are none. */
enum err copy_list(struct sftp_client *c, const char *path, struct sftp_entries *out,
    const struct sftp_how *how);

/* --- reading, of a download or of a copy between servers --- */

struct copy_hole {
	uint64_t offset;
	uint64_t len;
};

/* The questions of one file that is read. */
struct copy_reads {
	struct sftp_client *c;
	const struct sftp_how *how;
	struct sftp_handle handle;
	struct pipeline pipeline;
	uint32_t block;
	uint64_t size;			/* as the server says; maybe more or less comes */
	uint64_t next;			/* where the next question begins */
	uint64_t wrong_from;		/* nothing is right from here on; UINT64_MAX: all is */
	uint64_t end;			/* of the file; UINT64_MAX: not seen yet */
	uint64_t done;			/* bytes that have come, with those of an earlier time */
	unsigned beyond;		/* questions on their way beyond size */
	struct copy_hole holes[SFTP_CLIENT_QUESTIONS];	/* to be asked for again: answers were short */
	unsigned n_holes;
	bool is_refused;		/* a question was; the client has the status */
	uint32_t status;
};

/* Asks as much as it may now. */
enum err copy_ask(struct copy_reads *g);

/*
 * Waits for an answer. *data is empty if nothing came of it; ERR_AGAIN if there is none and
 * wait says so. A refusal ends the asking.
 */
enum err copy_answer(struct copy_reads *g, enum sftp_wait wait, struct span *data, uint64_t *offset);

/* Whether there is nothing more to come. */
bool copy_is_done(const struct copy_reads *g);

/* The end of what is right. */
uint64_t copy_right_until(const struct copy_reads *g);

#endif
