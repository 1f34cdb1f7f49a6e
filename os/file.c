/* SPDX-License-Identifier: ISC */
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

/* Reads to the end. */
static enum err
read_all(int fd, struct writer *w)
{
	struct room room;
	ssize_t n;

	for (;;) {
		size_t want = w->max - w->len < 8192 ? w->max - w->len : 8192;

		if (want == 0)
			return ERR_LIMIT;
		room = wr_reserve(w, want);
		if (room.p == NULL)
			return wr_end(w);
		n = read(fd, room.p, room.len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return ERR_SYSTEM;
		if (n == 0)
			return ERR_OK;
		wr_commit(w, (size_t)n);
	}
}

/* Reads what is regular, or, if that is wanted, anything that has bytes. */
static enum err
read_kind(int fd, struct writer *w, struct stat *st, bool only_regular)
{
	struct stat own;

	if (st == NULL)
		st = &own;
	if (fstat(fd, st) == -1)
		return ERR_SYSTEM;
	if (only_regular && !S_ISREG(st->st_mode)) {
		errno = EINVAL;
		return ERR_FORMAT;
	}
	if (S_ISREG(st->st_mode) && st->st_size > 0 && (uint64_t)st->st_size > w->max)
		return ERR_LIMIT;
	return read_all(fd, w);
}

enum err
file_read_fd(int fd, struct writer *w)
{
	return read_kind(fd, w, NULL, false);
}

static enum err
read_path(const char *path, struct writer *w, struct stat *st, bool only_regular)
{
	/* A pipe that nobody writes to is empty, and no reason to wait. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	enum err e;
	int saved;

	if (fd == -1)
		return errno == ENOENT || errno == ENOTDIR ? ERR_NOTFOUND : ERR_SYSTEM;
	if (!only_regular)
		(void)fcntl(fd, F_SETFL, O_RDONLY);
	e = read_kind(fd, w, st, only_regular);
	saved = errno;
	close(fd);
	errno = saved;
	return e;
}

enum err
file_read(const char *path, struct writer *w, struct stat *st)
{
	return read_path(path, w, st, true);
}

enum err
file_read_any(const char *path, struct writer *w, struct stat *st)
{
	return read_path(path, w, st, false);
}

enum err
file_write_all(int fd, struct span s)
{
	while (s.len > 0) {
		ssize_t n = write(fd, s.p, s.len);

		if (n == -1 && errno == EAGAIN) {
			struct pollfd p = { .fd = fd, .events = POLLOUT };

			(void)poll(&p, 1, -1);
		} else if (n == -1 && errno != EINTR) {
			return ERR_SYSTEM;
		} else if (n > 0) {
			s = span_skip(s, (size_t)n);
		}
	}
	return ERR_OK;
}

/* Writes "path.XXXXXXXX" with random letters into buf. */
static enum err
temporary_name(char *buf, size_t size, const char *path)
{
	uint64_t random;
	int n;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return ERR_SYSTEM;
	n = snprintf(buf, size, "%s.%016llx", path, (unsigned long long)random);
	if (n < 0 || (size_t)n >= size) {
		errno = ENAMETOOLONG;
		return ERR_SYSTEM;
	}
	return ERR_OK;
}

/*
 * Fills a file that was just made, and makes sure that it is on the disk.
 * like: whose owner it gets; NULL: it stays ours.
 */
static enum err
fill_file(int fd, struct span contents, mode_t mode, const struct stat *like)
{
	TRY(file_write_all(fd, contents));
	if (like != NULL && fchown(fd, like->st_uid, like->st_gid) == -1)
		return ERR_SYSTEM;
	if (fchmod(fd, mode) == -1 || fsync(fd) == -1)
		return ERR_SYSTEM;
	return ERR_OK;
}

/* Gives the finished file its name. link(2) fails where there is one already. */
static enum err
name_file(const char *temporary, const char *path, enum file_mode how)
{
	if (how == FILE_REPLACE)
		return rename(temporary, path) == -1 ? ERR_SYSTEM : ERR_OK;
	if (link(temporary, path) == -1)
		return errno == EEXIST ? ERR_EXISTS : ERR_SYSTEM;
	unlink(temporary);
	return ERR_OK;
}

/* Makes it under another name, then gives it its own. */
static enum err
make_file(const char *path, struct span contents, mode_t mode, enum file_mode how,
    const struct stat *like)
{
	char temporary[PATH_MAX];
	enum err e;
	int fd, saved;

	TRY(temporary_name(temporary, sizeof(temporary), path));
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return ERR_SYSTEM;
	e = fill_file(fd, contents, mode, like);
	saved = errno;
	if (close(fd) == -1 && e == ERR_OK) {
		saved = errno;
		e = ERR_SYSTEM;
	}
	if (e == ERR_OK) {
		e = name_file(temporary, path, how);
		saved = errno;
	}
	if (e != ERR_OK)
		unlink(temporary);
	errno = saved;
	return e;
}

enum err
file_create(const char *path, struct span contents, mode_t mode, enum file_mode how)
{
	return make_file(path, contents, mode, how, NULL);
}

/* Removes the last component of a real path; "/" stays. */
static void
parent_of(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash == path)
		slash[1] = '\0';
	else if (slash != NULL)
		*slash = '\0';
}

/* That the new name is on the disk, too; a file system that cannot do that has done what it can. */
static void
sync_folder_of(char *path)
{
	int fd;

	parent_of(path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return;
	(void)fsync(fd);
	close(fd);
}

enum err
file_rewrite(const char *path, struct span contents)
{
	char real[PATH_MAX];
	struct stat st;

	if (realpath(path, real) == NULL || stat(real, &st) == -1)
		return errno == ENOENT || errno == ENOTDIR ? ERR_NOTFOUND : ERR_SYSTEM;
	TRY(make_file(real, contents, st.st_mode & 07777, FILE_REPLACE, &st));
	sync_folder_of(real);
	return ERR_OK;
}

enum err
file_lock_accounts(const char *folder, unsigned msec, int *fd)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	const struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
	char path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof(path), "%s/.pwd.lock", folder) >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return ERR_SYSTEM;
	}
	*fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd == -1)
		return ERR_SYSTEM;
	for (unsigned waited = 0;; waited += 20) {
		int saved;

		if (fcntl(*fd, F_SETLK, &whole) == 0)
			return ERR_OK;
		saved = errno;
		if ((saved == EACCES || saved == EAGAIN) && waited < msec) {
			(void)nanosleep(&pause, NULL);
			continue;
		}
		close(*fd);
		errno = saved;
		return saved == EACCES || saved == EAGAIN ? ERR_AGAIN : ERR_SYSTEM;
	}
}

enum err
file_append(const char *path, struct span line, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_CLOEXEC, mode);
	enum err e;

	if (fd == -1)
		return ERR_SYSTEM;
	e = file_write_all(fd, line);
	if (close(fd) == -1 && e == ERR_OK)
		e = ERR_SYSTEM;
	return e;
}

/* Whether nobody can write there, whatever the permission bits say. */
static bool
is_read_only(const char *path)
{
	struct statvfs fs;

	return statvfs(path, &fs) == 0 && (fs.f_flag & ST_RDONLY) != 0;
}

/* Checks one step of the way; says in why what is wrong with it. */
static enum err
check_step(const char *path, const struct stat *st, uid_t uid, enum file_modes modes, char *why,
    size_t size)
{
	const char *kind = S_ISDIR(st->st_mode) ? "directory" : "file";

	if (st->st_uid != 0 && st->st_uid != uid) {
		snprintf(why, size, "bad ownership or modes for %s %s: owned by uid %lu, not by uid %lu or root",
		    kind, path, (unsigned long)st->st_uid, (unsigned long)uid);
		return ERR_DENIED;
	}
	/* In a sticky directory of root's nobody can replace what is not his. */
	if (S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX) && st->st_uid == 0)
		return ERR_OK;
	if ((st->st_mode & 022) && (modes == FILE_MODES_ALL || !is_read_only(path))) {
		snprintf(why, size, "bad ownership or modes for %s %s: mode %04o lets others write it (chmod go-w)",
		    kind, path, (unsigned)st->st_mode & 07777);
		return ERR_DENIED;
	}
	return ERR_OK;
}

/* Checks path and everything above it, up to stop. */
static enum err
check_way(char *path, uid_t uid, const char *stop, enum file_modes modes, char *why, size_t size)
{
	struct stat st;

	for (;;) {
		if (stat(path, &st) == -1)
			return ERR_SYSTEM;
		TRY(check_step(path, &st, uid, modes, why, size));
		if (strcmp(path, "/") == 0 || (stop != NULL && strcmp(path, stop) == 0))
			return ERR_OK;
		parent_of(path);
	}
}

enum err
file_check_modes(const char *path, uid_t uid, const char *stop, enum file_modes modes, char *why,
    size_t size)
{
	char real[PATH_MAX], real_stop[PATH_MAX];
	struct stat st;

	why[0] = '\0';
	if (realpath(path, real) == NULL)
		return errno == ENOENT || errno == ENOTDIR ? ERR_NOTFOUND : ERR_SYSTEM;
	if (stop != NULL && realpath(stop, real_stop) == NULL)
		stop = NULL;
	if (stat(real, &st) == -1)
		return ERR_SYSTEM;
	if (!S_ISREG(st.st_mode)) {
		snprintf(why, size, "%s is not a regular file", real);
		return ERR_DENIED;
	}
	return check_way(real, uid, stop == NULL ? NULL : real_stop, modes, why, size);
}

enum err
file_check_chroot(const char *path, char *why, size_t size)
{
	char real[PATH_MAX];
	struct stat st;

	why[0] = '\0';
	if (realpath(path, real) == NULL || stat(real, &st) == -1)
		return errno == ENOENT ? ERR_NOTFOUND : ERR_SYSTEM;
	if (!S_ISDIR(st.st_mode)) {
		snprintf(why, size, "%s is not a directory", real);
		return ERR_DENIED;
	}
	/* What others can put into a root is /etc and /lib of whoever is in it, sticky or not. */
	if (st.st_mode & 022) {
		snprintf(why, size, "bad ownership or modes for directory %s: mode %04o lets others write it",
		    real, (unsigned)st.st_mode & 07777);
		return ERR_DENIED;
	}
	return check_way(real, 0, NULL, FILE_MODES_ALL, why, size);
}

enum err
file_make_directory(const char *path, mode_t mode)
{
	char part[PATH_MAX];
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(part)) {
		errno = ENAMETOOLONG;
		return ERR_SYSTEM;
	}
	memcpy(part, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (mkdir(part, mode) == -1 && errno != EEXIST && errno != EROFS)
			return ERR_SYSTEM;
		part[i] = path[i];
	}
	return access(path, F_OK) == -1 ? ERR_SYSTEM : ERR_OK;
}
