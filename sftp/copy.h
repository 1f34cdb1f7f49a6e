/* SPDX-License-Identifier: ISC */
/*
 * sftp/copy.h - files and trees of them, copied to and from a server, or from one
 * server to another.
 *
 * Whatever can be refused is told to `complain` when it happens, in a whole
 * sentence; the functions then return ERR_DENIED, and the connection goes on. Every
 * other error is the connection's end (sftp/client.h), with nothing said.
 *
 * A local file that could not be had wholly is cut to what is right from its
 * beginning, so that going on later (resume) is possible. Nothing that a server says
 * leads out of the folder that a tree is copied to: names are those of
 * files in their own folder, or are left out.
 */
#ifndef SFTP_COPY_H
#define SFTP_COPY_H

#include <signal.h>

#include "sftp/client.h"

/* Folders in folders. */
#define SFTP_COPY_DEPTH	64

/* How to copy. */
struct sftp_how {
	bool preserve;			/* times and modes */
	bool resume;			/* goes on where an earlier copy ended */
	bool in_place;			/* a target keeps what it has until it is written over: it may be the source */
	bool fsync;
	bool follow_links;		/* in trees: what links lead to is copied */
	unsigned requests;		/* questions on their way at most; 0: as the path needs */
	uint32_t block;			/* bytes in one question; 0: as the server likes */
	const volatile sig_atomic_t *stop;	/* not 0: ends soon, without complaint; may be NULL */
	/* All may be NULL. Names are as the server has them: who prints them makes them fit to print. */
	void (*complain)(void *arg, const char *text);
	void (*begin)(void *arg, const char *name, uint64_t size, uint64_t done);
	void (*progress)(void *arg, uint64_t done);
	void (*end)(void *arg);
	void (*enter)(void *arg, const char *path);	/* a folder of a tree */
	void *arg;
};

/*
 * Fetches a file. known are its attributes if they have been asked for, else
 * NULL. ERR_DENIED if there is anything that did not work, or stop was set.
 */
enum err sftp_download(struct sftp_client *c, const char *remote, const struct sftp_attrs *known,
    const char *local, const struct sftp_how *how);

/* Fetches a folder and all that is in it. */
enum err sftp_download_tree(struct sftp_client *c, const char *remote, const struct sftp_attrs *known,
    const char *local, const struct sftp_how *how);

/* Brings a file there. */
enum err sftp_upload(struct sftp_client *c, const char *local, const char *remote, const struct sftp_how *how);

/* Brings a folder there with all that is in it. */
enum err sftp_upload_tree(struct sftp_client *c, const char *local, const char *remote,
    const struct sftp_how *how);

/* From one server to another: a file. */
enum err sftp_cross(struct sftp_client *from, const char *source, const struct sftp_attrs *known,
    struct sftp_client *to, const char *target, const struct sftp_how *how);

/* From one server to another: a folder. */
enum err sftp_cross_tree(struct sftp_client *from, const char *source, const struct sftp_attrs *known,
    struct sftp_client *to, const char *target, const struct sftp_how *how);

#endif
