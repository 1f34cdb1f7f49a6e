/* SPDX-License-Identifier: ISC */
/*
 * regress/support/sftp_memory.h - a file system in memory for SFTP servers
 * under test: some files and directories without any tree, by whatever names. It counts what
 * is open and what was changed.
 */
#ifndef REGRESS_SUPPORT_SFTP_MEMORY_H
#define REGRESS_SUPPORT_SFTP_MEMORY_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "sftp/server.h"

#define MEMORY_FILES	8
#define MEMORY_SIZE	4096	/* of a file */
#define MEMORY_OPEN	16

struct memory_file {
	char name[64];		/* empty: there is none */
	mode_t mode;		/* with its type */
	uint8_t data[MEMORY_SIZE];	/* of a link: what it says */
	size_t len;
};

struct memory_fs {
	struct memory_file files[MEMORY_FILES];
	struct {
		struct memory_file *file;
		size_t at;		/* of a directory */
		bool appends;
	} open[MEMORY_OPEN];
	size_t n_open;
	unsigned n_changes;
};

/* A file of that name, or NULL. */
static inline struct memory_file *
memory_find(struct memory_fs *m, const char *path)
{
	for (size_t i = 0; i < MEMORY_FILES; i++) {
		if (path[0] != '\0' && strcmp(m->files[i].name, path) == 0)
			return &m->files[i];
	}
	return NULL;
}

/* Makes one; errno. */
static inline int
memory_make(struct memory_fs *m, const char *path, mode_t mode, struct memory_file **out)
{
	if (path[0] == '\0')
		return ENOENT;
	if (memory_find(m, path) != NULL)
		return EEXIST;
	if (strlen(path) >= sizeof(m->files[0].name))
		return ENAMETOOLONG;
	for (size_t i = 0; i < MEMORY_FILES; i++) {
		if (m->files[i].name[0] == '\0') {
			m->files[i] = (struct memory_file){ .mode = mode };
			strcpy(m->files[i].name, path);
			*out = &m->files[i];
			m->n_changes++;
			return 0;
		}
	}
	return ENOSPC;
}

static inline int
memory_open_file(struct memory_fs *m, struct memory_file *f, bool appends, int *fd)
{
	for (int i = 0; i < MEMORY_OPEN; i++) {
		if (m->open[i].file == NULL) {
			m->open[i].file = f;
			m->open[i].at = 0;
			m->open[i].appends = appends;
			m->n_open++;
			*fd = i;
			return 0;
		}
	}
	return EMFILE;
}

static inline int
memory_open(void *arg, const char *path, int flags, mode_t mode, int *fd)
{
	struct memory_fs *m = arg;
	struct memory_file *f = memory_find(m, path);
	int e;

	if (f != NULL && (flags & O_EXCL))
		return EEXIST;
	if (f == NULL && !(flags & O_CREAT))
		return ENOENT;
	if (f != NULL && !S_ISREG(f->mode))
		return EISDIR;
	if (f == NULL) {
		e = memory_make(m, path, S_IFREG | mode, &f);
		if (e != 0)
			return e;
	}
	if (flags & O_TRUNC) {
		f->len = 0;
		m->n_changes++;
	}
	return memory_open_file(m, f, flags & O_APPEND, fd);
}

static inline int
memory_close(void *arg, int fd)
{
	struct memory_fs *m = arg;

	must(fd >= 0 && fd < MEMORY_OPEN && m->open[fd].file != NULL);
	m->open[fd].file = NULL;
	m->n_open--;
	return 0;
}

static inline int
memory_read(void *arg, int fd, struct room room, uint64_t offset, size_t *n)
{
	struct memory_fs *m = arg;
	const struct memory_file *f = m->open[fd].file;

	must(f != NULL);
	*n = offset >= f->len ? 0 : f->len - (size_t)offset < room.len ? f->len - (size_t)offset : room.len;
	if (*n > 0)
		memcpy(room.p, f->data + offset, *n);
	return 0;
}

static inline int
memory_write(void *arg, int fd, struct span data, uint64_t offset)
{
	struct memory_fs *m = arg;
	struct memory_file *f = m->open[fd].file;

	must(f != NULL);
	if (m->open[fd].appends)
		offset = f->len;
	if (offset > MEMORY_SIZE || data.len > MEMORY_SIZE - offset)
		return ENOSPC;
	if (offset > f->len)
		memset(f->data + f->len, 0, (size_t)offset - f->len);
	if (data.len > 0)
		memcpy(f->data + offset, data.p, data.len);
	if (offset + data.len > f->len)
		f->len = (size_t)offset + data.len;
	m->n_changes++;
	return 0;
}

static inline int
memory_sync(void *arg, int fd)
{
	struct memory_fs *m = arg;

	must(m->open[fd].file != NULL);
	m->n_changes++;
	return 0;
}

static inline int
memory_copy(void *arg, int from, uint64_t offset, uint64_t length, int to, uint64_t offset2, uint64_t *n)
{
	uint8_t bytes[MEMORY_SIZE];
	size_t got;
	int e = memory_read(arg, from, (struct room){ bytes, length < sizeof(bytes) ? (size_t)length : sizeof(bytes) },
	    offset, &got);

	*n = got;
	return e != 0 ? e : memory_write(arg, to, span_of(bytes, got), offset2);
}

static inline int
memory_fstat(void *arg, int fd, struct stat *st)
{
	struct memory_fs *m = arg;
	const struct memory_file *f = m->open[fd].file;

	must(f != NULL);
	*st = (struct stat){ .st_mode = f->mode, .st_size = (off_t)f->len, .st_ino = (ino_t)(f - m->files + 1),
	    .st_uid = 1000, .st_gid = 1000, .st_nlink = 1 };
	return 0;
}

static inline int
memory_stat(void *arg, const char *path, bool follow, struct stat *st)
{
	struct memory_fs *m = arg;
	const struct memory_file *f = memory_find(m, path);

	(void)follow;
	if (f == NULL)
		return ENOENT;
	*st = (struct stat){ .st_mode = f->mode, .st_size = (off_t)f->len, .st_ino = (ino_t)(f - m->files + 1) };
	return 0;
}

static inline int
memory_set(void *arg, const char *path, int fd, bool follow, const struct sftp_attrs *a)
{
	struct memory_fs *m = arg;
	struct memory_file *f = fd != -1 ? m->open[fd].file : memory_find(m, path);

	(void)follow;
	if (f == NULL)
		return ENOENT;
	if (a->flags == SFTP_ATTR_SIZE) {
		if (a->size > MEMORY_SIZE || !S_ISREG(f->mode))
			return EFBIG;
		if (a->size > f->len)
			memset(f->data + f->len, 0, (size_t)a->size - f->len);
		f->len = (size_t)a->size;
	} else if (a->flags == SFTP_ATTR_PERMISSIONS)
		f->mode = (f->mode & S_IFMT) | (a->permissions & 07777);
	m->n_changes++;
	return 0;
}

static inline int
memory_statvfs(void *arg, const char *path, int fd, struct sftp_statvfs *v)
{
	(void)path;
	(void)fd;
	*v = (struct sftp_statvfs){ .files = ((struct memory_fs *)arg)->n_open, .namemax = 63 };
	return 0;
}

static inline int
memory_dir_open(void *arg, const char *path, void **dir, int *fd)
{
	struct memory_fs *m = arg;
	struct memory_file *f = memory_find(m, path);
	int e;

	if (f == NULL || !S_ISDIR(f->mode))
		return f == NULL ? ENOENT : ENOTDIR;
	e = memory_open_file(m, f, false, fd);
	if (e == 0)
		*dir = &m->open[*fd];
	return e;
}

static inline int
memory_dir_fd(const struct memory_fs *m, const void *dir)
{
	for (int i = 0; i < MEMORY_OPEN; i++) {
		if (dir == &m->open[i])
			return i;
	}
	must(false);
}

static inline int
memory_dir_read(void *arg, void *dir, const char **name, struct stat *st)
{
	struct memory_fs *m = arg;
	int fd = memory_dir_fd(m, dir);

	*name = NULL;
	while (*name == NULL && m->open[fd].at < MEMORY_FILES) {
		const struct memory_file *f = &m->files[m->open[fd].at++];

		if (f->name[0] != '\0') {
			*name = f->name;
			(void)memory_stat(m, f->name, false, st);
		}
	}
	return 0;
}

static inline int
memory_dir_close(void *arg, void *dir)
{
	return memory_close(arg, memory_dir_fd(arg, dir));
}

static inline int
memory_remove_kind(struct memory_fs *m, const char *path, bool is_dir)
{
	struct memory_file *f = memory_find(m, path);

	if (f == NULL)
		return ENOENT;
	if (S_ISDIR(f->mode) != is_dir)
		return is_dir ? ENOTDIR : EISDIR;
	for (size_t i = 0; i < MEMORY_OPEN; i++) {
		if (m->open[i].file == f)
			return EBUSY;
	}
	f->name[0] = '\0';
	m->n_changes++;
	return 0;
}

static inline int
memory_remove(void *arg, const char *path)
{
	return memory_remove_kind(arg, path, false);
}

static inline int
memory_rmdir(void *arg, const char *path)
{
	return memory_remove_kind(arg, path, true);
}

static inline int
memory_mkdir(void *arg, const char *path, mode_t mode)
{
	struct memory_file *f;

	return memory_make(arg, path, S_IFDIR | mode, &f);
}

static inline int
memory_rename(void *arg, const char *from, const char *to, bool replace)
{
	struct memory_fs *m = arg;
	struct memory_file *f = memory_find(m, from), *there = memory_find(m, to);
	int e;

	if (f == NULL)
		return ENOENT;
	if (strlen(to) >= sizeof(f->name) || to[0] == '\0')
		return ENAMETOOLONG;
	if (there != NULL && !replace)
		return EEXIST;
	if (there != NULL && there != f) {
		e = memory_remove_kind(m, to, S_ISDIR(there->mode));
		if (e != 0)
			return e;
	}
	strcpy(f->name, to);
	m->n_changes++;
	return 0;
}

static inline int
memory_link(void *arg, const char *from, const char *to)
{
	struct memory_fs *m = arg;
	struct memory_file *f;

	return memory_find(m, from) == NULL ? ENOENT : memory_make(m, to, S_IFREG | 0644, &f);
}

static inline int
memory_symlink(void *arg, const char *target, const char *path)
{
	struct memory_file *f;
	int e = strlen(target) > MEMORY_SIZE ? ENAMETOOLONG : memory_make(arg, path, S_IFLNK | 0777, &f);

	if (e != 0)
		return e;
	f->len = strlen(target);
	memcpy(f->data, target, f->len);
	return 0;
}

static inline int
memory_readlink(void *arg, const char *path, struct writer *out)
{
	const struct memory_file *f = memory_find(arg, path);

	if (f == NULL || !S_ISLNK(f->mode))
		return f == NULL ? ENOENT : EINVAL;
	wr_raw(out, span_of(f->data, f->len));
	return 0;
}

static inline int
memory_realpath(void *arg, const char *path, struct writer *out)
{
	(void)arg;
	wr_raw(out, span_str(path[0] == '/' ? path : "/"));
	return 0;
}

static inline enum err
memory_home(void *arg, struct span user, struct writer *out)
{
	(void)arg;
	if (user.len > 0 && !span_is(user, "alice"))
		return ERR_NOTFOUND;
	wr_raw(out, SPAN_LIT("/home/alice"));
	return ERR_OK;
}

static inline struct span
memory_name(void *arg, uint32_t id, bool is_group)
{
	(void)arg;
	return id == 1000 ? span_str(is_group ? "staff" : "alice") : SPAN_EMPTY;
}

/* The tables, for a setup: .fs = &memory_table, .fs_arg = the memory_fs, .names = &memory_names. */
static const struct sftp_fs memory_table = {
	.open = memory_open, .close = memory_close, .read = memory_read, .write = memory_write,
	.sync = memory_sync, .copy = memory_copy, .stat = memory_stat, .fstat = memory_fstat,
	.set = memory_set, .statvfs = memory_statvfs, .dir_open = memory_dir_open,
	.dir_read = memory_dir_read, .dir_close = memory_dir_close, .remove = memory_remove,
	.mkdir = memory_mkdir, .rmdir = memory_rmdir, .rename = memory_rename, .link = memory_link,
	.symlink = memory_symlink, .readlink = memory_readlink, .realpath = memory_realpath,
};
static const struct sftp_names memory_names = { memory_home, memory_name };

#endif
