/* SPDX-License-Identifier: ISC */
/*
 * sftp/fs.h - the file system behind an SFTP server, as a table of operations.
 *
 * sftp_fs_system is the machine's; tests have others. Each operation returns 0
 * or an errno. Paths are C strings of less than SFTP_PATH_SIZE bytes, relative
 * ones from the working directory; arg is the server's.
 */
#ifndef SFTP_FS_H
#define SFTP_FS_H

#include <sys/stat.h>

#include "sftp/sftp.h"

/* A path with its NUL; PATH_MAX of Linux. */
#define SFTP_PATH_SIZE	4096

struct sftp_fs {
	/* Opens a file; flags of open(2), but close-on-exec and never waiting. */
	int (*open)(void *arg, const char *path, int flags, mode_t mode, int *fd);
	int (*close)(void *arg, int fd);
	/* Reads at an offset into room: *n bytes, 0 at the end. */
	int (*read)(void *arg, int fd, struct room room, uint64_t offset, size_t *n);
	/* Writes all of data at an offset (at the end if the file was opened for that). */
	int (*write)(void *arg, int fd, struct span data, uint64_t offset);
	int (*sync)(void *arg, int fd);
	/* Copies up to length bytes, less only at the end of from; *n: how many. */
	int (*copy)(void *arg, int from, uint64_t offset, uint64_t length, int to, uint64_t offset2,
	    uint64_t *n);

	int (*stat)(void *arg, const char *path, bool follow, struct stat *st);
	int (*fstat)(void *arg, int fd, struct stat *st);
	/*
	 * Changes what one bit of a->flags says: of path if fd is -1. Without
	 * follow, of a link itself.
	 */
	int (*set)(void *arg, const char *path, int fd, bool follow, const struct sftp_attrs *a);
	int (*statvfs)(void *arg, const char *path, int fd, struct sftp_statvfs *v);

	/* A directory: *fd is the same as a descriptor, which is closed with it. */
	int (*dir_open)(void *arg, const char *path, void **dir, int *fd);
	/* *name: the next name, until the next call; NULL at the end. st of it, not followed; zeros if it cannot be had. */
	int (*dir_read)(void *arg, void *dir, const char **name, struct stat *st);
	int (*dir_close)(void *arg, void *dir);

	int (*remove)(void *arg, const char *path);
	int (*mkdir)(void *arg, const char *path, mode_t mode);
	int (*rmdir)(void *arg, const char *path);
	/* Without replace: EEXIST if there is something at to. */
	int (*rename)(void *arg, const char *from, const char *to, bool replace);
	int (*link)(void *arg, const char *from, const char *to);
	int (*symlink)(void *arg, const char *target, const char *path);
	/* Writes what the link says. */
	int (*readlink)(void *arg, const char *path, struct writer *out);
	/* Writes the path without links, "." and ".."; its last part need not be there. */
	int (*realpath)(void *arg, const char *path, struct writer *out);
};

/* The machine's own; arg is not used. */
extern const struct sftp_fs sftp_fs_system;

#endif
