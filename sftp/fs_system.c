/* SPDX-License-Identifier: ISC */
/* The machine's file system, with the rights of the process. */
#include "sftp/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Links on the way to what is not there, as the kernel counts them. */
#define LINKS_MAX	40

/* Bytes of one step of a copy. */
#define COPY_STEP	(128 * 1024)

/* What a call of the system's has returned, as an errno. */
static int
result(int r)
{
	return r == -1 ? errno : 0;
}

static int
fs_open(void *arg, const char *path, int flags, mode_t mode, int *fd)
{
	(void)arg;
	/* Not waiting: for the other end of a FIFO, it would be for ever. */
	*fd = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, mode);
	if (*fd == -1 && errno == EWOULDBLOCK)	/* for the holder of a lease to give it up: that has an end */
		*fd = open(path, flags | O_CLOEXEC | O_NOCTTY, mode);
	return result(*fd);
}

static int
fs_close(void *arg, int fd)
{
	(void)arg;
	return result(close(fd));
}

static int
fs_read(void *arg, int fd, struct room room, uint64_t offset, size_t *n)
{
	ssize_t r;

	(void)arg;
	*n = 0;
	if (offset > INT64_MAX)
		return EINVAL;
	do
		r = pread(fd, room.p, room.len, (off_t)offset);
	while (r == -1 && errno == EINTR);
	if (r == -1)
		return errno;
	*n = (size_t)r;
	return 0;
}

static int
fs_write(void *arg, int fd, struct span data, uint64_t offset)
{
	(void)arg;
	if (offset > INT64_MAX || data.len > INT64_MAX - offset)
		return EFBIG;
	while (data.len > 0) {
		ssize_t r = pwrite(fd, data.p, data.len, (off_t)offset);

		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return errno;
		if (r == 0)
			return EIO;
		data = span_skip(data, (size_t)r);
		offset += (uint64_t)r;
	}
	return 0;
}

static int
fs_sync(void *arg, int fd)
{
	(void)arg;
	return result(fsync(fd));
}

static int
fs_copy(void *arg, int from, uint64_t offset, uint64_t length, int to, uint64_t offset2, uint64_t *n)
{
	struct room room = { NULL, length < COPY_STEP ? (size_t)length : COPY_STEP };
	size_t got = 1;
	int e = 0;

	*n = 0;
	if (offset > INT64_MAX || offset2 > INT64_MAX)
		return EINVAL;
	room.p = malloc(room.len);
	if (room.p == NULL)
		return ENOMEM;
	while (e == 0 && got > 0 && *n < length) {
		if (room.len > length - *n)
			room.len = (size_t)(length - *n);
		e = fs_read(arg, from, room, offset + *n, &got);
		if (e == 0)
			e = fs_write(arg, to, span_of(room.p, got), offset2 + *n);
		if (e == 0)
			*n += got;
	}
	free(room.p);
	return e;
}

static int
fs_stat(void *arg, const char *path, bool follow, struct stat *st)
{
	(void)arg;
	return result(fstatat(AT_FDCWD, path, st, follow ? 0 : AT_SYMLINK_NOFOLLOW));
}

static int
fs_fstat(void *arg, int fd, struct stat *st)
{
	(void)arg;
	return result(fstat(fd, st));
}

static int
set_size(const char *path, int fd, uint64_t size)
{
	if (size > INT64_MAX)
		return EINVAL;
	return result(fd != -1 ? ftruncate(fd, (off_t)size) : truncate(path, (off_t)size));
}

static int
fs_set(void *arg, const char *path, int fd, bool follow, const struct sftp_attrs *a)
{
	int at = follow ? 0 : AT_SYMLINK_NOFOLLOW;
	mode_t mode = (mode_t)(a->permissions & 07777);
	struct timespec times[2] = { { (time_t)a->atime, 0 }, { (time_t)a->mtime, 0 } };

	(void)arg;
	switch (a->flags) {
	case SFTP_ATTR_SIZE:
		return follow ? set_size(path, fd, a->size) : EINVAL;
	case SFTP_ATTR_PERMISSIONS:
		return result(fd != -1 ? fchmod(fd, mode) : fchmodat(AT_FDCWD, path, mode, at));
	case SFTP_ATTR_ACMODTIME:
		return result(fd != -1 ? futimens(fd, times) : utimensat(AT_FDCWD, path, times, at));
	case SFTP_ATTR_UIDGID:
		return result(fd != -1 ? fchown(fd, (uid_t)a->uid, (gid_t)a->gid) :
		    fchownat(AT_FDCWD, path, (uid_t)a->uid, (gid_t)a->gid, at));
	default:
		return EINVAL;
	}
}

static int
fs_statvfs(void *arg, const char *path, int fd, struct sftp_statvfs *v)
{
	struct statvfs st;

	(void)arg;
	if ((fd != -1 ? fstatvfs(fd, &st) : statvfs(path, &st)) == -1)
		return errno;
	*v = (struct sftp_statvfs){ .bsize = st.f_bsize, .frsize = st.f_frsize, .blocks = st.f_blocks,
	    .bfree = st.f_bfree, .bavail = st.f_bavail, .files = st.f_files, .ffree = st.f_ffree,
	    .favail = st.f_favail, .fsid = st.f_fsid, .namemax = st.f_namemax };
	v->flag = (st.f_flag & ST_RDONLY ? SFTP_ST_RDONLY : 0u) | (st.f_flag & ST_NOSUID ? SFTP_ST_NOSUID : 0u);
	return 0;
}

/* --- directories --- */

static int
fs_dir_open(void *arg, const char *path, void **dir, int *fd)
{
	DIR *d = opendir(path);

	(void)arg;
	*dir = d;
	if (d == NULL)
		return errno;
	*fd = dirfd(d);
	return 0;
}

static int
fs_dir_read(void *arg, void *dir, const char **name, struct stat *st)
{
	struct dirent *entry;

	int e;

	(void)arg;
	do {
		errno = 0;
		entry = readdir(dir);
		*name = entry == NULL ? NULL : entry->d_name;
		if (entry == NULL)
			return errno;
		e = result(fstatat(dirfd(dir), entry->d_name, st, AT_SYMLINK_NOFOLLOW));
	} while (e == ENOENT);
	if (e != 0)
		memset(st, 0, sizeof(*st));
	return 0;
}

static int
fs_dir_close(void *arg, void *dir)
{
	(void)arg;
	return result(closedir(dir));
}

/* --- names --- */

static int
fs_remove(void *arg, const char *path)
{
	(void)arg;
	return result(unlink(path));
}

static int
fs_mkdir(void *arg, const char *path, mode_t mode)
{
	(void)arg;
	return result(mkdir(path, mode));
}

static int
fs_rmdir(void *arg, const char *path)
{
	(void)arg;
	return result(rmdir(path));
}

static int
fs_link(void *arg, const char *from, const char *to)
{
	(void)arg;
	return result(link(from, to));
}

static int
fs_symlink(void *arg, const char *target, const char *path)
{
	(void)arg;
	return result(symlink(target, path));
}

/* Where the kernel cannot do it in one step: a second name, then without the first. */
static int
rename_by_link(const char *from, const char *to)
{
	struct stat st;
	int e;

	if (fstatat(AT_FDCWD, from, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno;
	if (S_ISREG(st.st_mode) && link(from, to) == 0) {
		if (unlink(from) == 0)
			return 0;
		e = errno;
		(void)unlink(to);
		return e;
	}
	if (S_ISREG(st.st_mode) && errno == EEXIST)
		return EEXIST;
	/* A directory, or no second names here: somebody who is fast can come between these two. */
	if (fstatat(AT_FDCWD, to, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return EEXIST;
	return result(rename(from, to));
}

static int
fs_rename(void *arg, const char *from, const char *to, bool replace)
{
	(void)arg;
	if (replace)
		return result(rename(from, to));
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)
		return errno;
	return rename_by_link(from, to);
}

static int
fs_readlink(void *arg, const char *path, struct writer *out)
{
	char target[SFTP_PATH_SIZE];
	ssize_t n = readlink(path, target, sizeof(target));

	(void)arg;
	if (n == -1)
		return errno;
	wr_raw(out, span_of(target, (size_t)n));
	return 0;
}

/* Puts the folder of path, or ".", without links into folder; *last is what follows it in path. */
static int
split(char *path, char folder[SFTP_PATH_SIZE], const char **last)
{
	size_t len = strlen(path);
	char *slash;

	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
	slash = strrchr(path, '/');
	*last = slash == NULL ? path : slash + 1;
	/* What is not there has no ".."; that is for realpath(3) to say. */
	if (strcmp(*last, "..") == 0 || strcmp(*last, ".") == 0 || **last == '\0')
		return ENOENT;
	if (slash != NULL)
		*slash = '\0';
	return realpath(slash == NULL ? "." : slash == path ? "/" : path, folder) == NULL ? errno : 0;
}

/* folder, a slash, name; ENAMETOOLONG. */
static int
join(char out[SFTP_PATH_SIZE], const char *folder, const char *name)
{
	int n = snprintf(out, SFTP_PATH_SIZE, "%s%s%s", strcmp(folder, "/") == 0 ? "" : folder, "/", name);

	return n < 0 || n >= SFTP_PATH_SIZE ? ENAMETOOLONG : 0;
}

/*
 * One step to what realpath(3) does not find: if the last part of at is a link,
 * at becomes what it leads to; else found is the answer, and *done is set.
 */
static int
follow_last(char at[SFTP_PATH_SIZE], char found[SFTP_PATH_SIZE], bool *done)
{
	char folder[SFTP_PATH_SIZE], target[SFTP_PATH_SIZE];
	const char *last;
	ssize_t n;
	int e = split(at, folder, &last);

	if (e == 0)
		e = join(found, folder, last);
	if (e != 0)
		return e;
	n = readlink(found, target, sizeof(target) - 1);
	*done = n == -1;
	if (*done)
		return errno == ENOENT || errno == EINVAL ? 0 : errno;
	target[n] = '\0';
	if (target[0] != '/')
		return join(at, folder, target);
	memcpy(at, target, (size_t)n + 1);
	return 0;
}

static int
fs_realpath(void *arg, const char *path, struct writer *out)
{
	char at[SFTP_PATH_SIZE], found[SFTP_PATH_SIZE];
	bool done = false;

	(void)arg;
	if (snprintf(at, sizeof(at), "%s", path[0] == '\0' ? "." : path) >= (int)sizeof(at))
		return ENAMETOOLONG;
	for (int links = 0; !done; links++) {
		int e;

		if (links == LINKS_MAX)
			return ELOOP;
		if (realpath(at, found) != NULL)
			break;
		if (errno != ENOENT)
			return errno;
		/* The last part may be missing, or be a link to something that is. */
		e = follow_last(at, found, &done);
		if (e != 0)
			return e;
	}
	wr_raw(out, span_str(found));
	return 0;
}

const struct sftp_fs sftp_fs_system = {
	.open = fs_open,
	.close = fs_close,
	.read = fs_read,
	.write = fs_write,
	.sync = fs_sync,
	.copy = fs_copy,
	.stat = fs_stat,
	.fstat = fs_fstat,
	.set = fs_set,
	.statvfs = fs_statvfs,
	.dir_open = fs_dir_open,
	.dir_read = fs_dir_read,
	.dir_close = fs_dir_close,
	.remove = fs_remove,
	.mkdir = fs_mkdir,
	.rmdir = fs_rmdir,
	.rename = fs_rename,
	.link = fs_link,
	.symlink = fs_symlink,
	.readlink = fs_readlink,
	.realpath = fs_realpath,
};
