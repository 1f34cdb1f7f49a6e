/* SPDX-License-Identifier: ISC */
/*
 * os/file.h - whole files: read with limits, written so that nothing partial
 * is ever seen, and checked for who else could have written them.
 *
 * Errors set errno where the system said no (ERR_SYSTEM, ERR_NOTFOUND).
 */
#ifndef OS_FILE_H
#define OS_FILE_H

#include <sys/stat.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/writer.h"

/*
 * Reads the regular file at path into w, which must be empty; its own limit
 * applies (ERR_LIMIT). Never blocks on a FIFO or device: ERR_FORMAT if it is
 * no regular file. ERR_NOTFOUND if there is none. st may be NULL.
 */
enum err file_read(const char *path, struct writer *w, struct stat *st);

/*
 * The same for files that whoever runs the program has named: pipes (the
 * shell's <(...)) and devices (/dev/null), too. Waits for a pipe's writer.
 */
enum err file_read_any(const char *path, struct writer *w, struct stat *st);

/* Reads an open descriptor of any kind to its end. Errors as file_read(). */
enum err file_read_fd(int fd, struct writer *w);

/* How file_create() treats a file that is there already. */
enum file_mode {
	FILE_REPLACE,		/* the new one takes its place at once */
	FILE_KEEP,		/* ERR_EXISTS, the old one stays */
};

/*
 * Makes a file with these contents and permission bits: written to a
 * temporary name beside it, synced, then given its name. On any failure (a
 * full disk, say) no trace is left. ERR_SYSTEM, ERR_EXISTS.
 */
enum err file_create(const char *path, struct span contents, mode_t mode, enum file_mode how);

/*
 * Replaces what is in a file in the same way; owner, group and permission bits
 * stay, and a link goes on leading to it. ERR_NOTFOUND, ERR_SYSTEM.
 */
enum err file_rewrite(const char *path, struct span contents);

/*
 * Locks the account files of a directory as lckpwdf(3) and passwd(1) do
 * (FOLDER/.pwd.lock), waiting msec at most. *fd is to be closed afterwards.
 * ERR_AGAIN if somebody else has it for so long, ERR_SYSTEM.
 */
enum err file_lock_accounts(const char *folder, unsigned msec, int *fd);

/* Appends a line (with its newline) in one write, making the file with mode. ERR_SYSTEM. */
enum err file_append(const char *path, struct span line, mode_t mode);

/* Which permission bits count. */
enum file_modes {
	FILE_MODES_ALL,
	FILE_MODES_WRITABLE,	/* not those of what lies on a read-only mount */
};

/*
 * StrictModes: whether nobody but uid and root could have changed what path
 * leads to: path must be a regular file, and it and every directory up to
 * "/" or up to stop (if not NULL, inclusive) be owned by uid or root and not
 * writable by group or others. On refusal the sentence in why (size bytes)
 * names the exact path and its mode. ERR_DENIED, ERR_NOTFOUND, ERR_SYSTEM.
 */
enum err file_check_modes(const char *path, uid_t uid, const char *stop,
    enum file_modes modes, char *why, size_t size);

/* The same for a directory such as the target of ChrootDirectory (root only). */
enum err file_check_chroot(const char *path, char *why, size_t size);

/* Makes a directory and its parents with mode; fine if it is there. ERR_SYSTEM. */
enum err file_make_directory(const char *path, mode_t mode);

/* Writes all bytes to fd, waiting if it is non-blocking. ERR_SYSTEM. */
enum err file_write_all(int fd, struct span s);

#endif
