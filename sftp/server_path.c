/* SPDX-License-Identifier: ISC */
/* Attributes asked for and set, and changes of the tree. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "sftp/server_i.h"
#include "sftp/stat.h"

/* --- asked for --- */

static int
answer_attrs(struct sftp_server *s, uint32_t id, int e, const struct stat *st)
{
	struct sftp_attrs attrs;

	if (e != 0)
		return e;
	attrs = sftp_attrs_of(st);
	sftp_attrs_reply_put(&s->out, id, &attrs);
	return ANSWERED;
}

int
on_stat(struct sftp_server *s, const struct sftp_request *q)
{
	struct stat st;

	log_verbose(s->setup.log, "stat name \"%s\"", s->path);
	return answer_attrs(s, q->id, s->setup.fs->stat(s->setup.fs_arg, s->path, true, &st), &st);
}

int
on_lstat(struct sftp_server *s, const struct sftp_request *q)
{
	struct stat st;

	log_verbose(s->setup.log, "lstat name \"%s\"", s->path);
	return answer_attrs(s, q->id, s->setup.fs->stat(s->setup.fs_arg, s->path, false, &st), &st);
}

int
on_fstat(struct sftp_server *s, const struct sftp_request *q)
{
	const struct handle *h = handle_find(s, q->handle);
	struct stat st;

	return h == NULL ? BAD_HANDLE : answer_attrs(s, q->id, s->setup.fs->fstat(s->setup.fs_arg, h->fd, &st), &st);
}

static int
answer_statvfs(struct sftp_server *s, uint32_t id, const char *path, int fd)
{
	struct sftp_statvfs v;
	int e = s->setup.fs->statvfs(s->setup.fs_arg, path, fd, &v);

	if (e != 0)
		return e;
	writer_reset(&s->scratch);
	sftp_statvfs_put(&s->scratch, &v);
	if (wr_end(&s->scratch) != ERR_OK)
		return ENOMEM;
	sftp_extended_reply_put(&s->out, id, writer_span(&s->scratch));
	return ANSWERED;
}

int
on_statvfs(struct sftp_server *s, const struct sftp_request *q)
{
	log_verbose(s->setup.log, "statvfs \"%s\"", s->path);
	return answer_statvfs(s, q->id, s->path, -1);
}

int
on_fstatvfs(struct sftp_server *s, const struct sftp_request *q)
{
	const struct handle *h = handle_find(s, q->handle);

	if (h == NULL)
		return BAD_HANDLE;
	log_verbose(s->setup.log, "fstatvfs \"%s\"", h->path);
	return answer_statvfs(s, q->id, NULL, h->fd);
}

/* --- set --- */

static void
log_set(const struct sftp_server *s, const char *path, const struct sftp_attrs *a)
{
	const struct log *log = s->setup.log;
	time_t t = (time_t)a->mtime;
	char when[64] = "";
	struct tm tm;

	if (a->flags & SFTP_ATTR_SIZE)
		log_info(log, "set \"%s\" size %llu", path, (unsigned long long)a->size);
	if (a->flags & SFTP_ATTR_PERMISSIONS)
		log_info(log, "set \"%s\" mode %04o", path, (unsigned)(a->permissions & 07777));
	if (a->flags & SFTP_ATTR_ACMODTIME) {
		if (localtime_r(&t, &tm) != NULL)
			(void)!strftime(when, sizeof(when), "%Y%m%d-%H:%M:%S", &tm);
		log_info(log, "set \"%s\" modtime %s", path, when);
	}
	if (a->flags & SFTP_ATTR_UIDGID)
		log_info(log, "set \"%s\" owner %lu group %lu", path, (unsigned long)a->uid, (unsigned long)a->gid);
}

/* Sets all that there is, in OpenSSH's order, whatever becomes of each; the last failure counts, as there. */
static int
set_all(struct sftp_server *s, const char *path, int fd, bool follow, const struct sftp_attrs *a)
{
	static const uint32_t order[] = { SFTP_ATTR_SIZE, SFTP_ATTR_PERMISSIONS, SFTP_ATTR_ACMODTIME, SFTP_ATTR_UIDGID };
	struct sftp_attrs one = *a;
	int result = 0;

	for (size_t i = 0; i < COUNT(order); i++) {
		int e;

		one.flags = a->flags & order[i];
		if (one.flags == 0)
			continue;
		log_set(s, path, &one);
		e = s->setup.fs->set(s->setup.fs_arg, path, fd, follow, &one);
		if (e != 0)
			result = e;
	}
	return result;
}

int
on_setstat(struct sftp_server *s, const struct sftp_request *q)
{
	return set_all(s, s->path, -1, true, &q->attrs);
}

int
on_lsetstat(struct sftp_server *s, const struct sftp_request *q)
{
	/* A link has no size that could be set; nothing else is done then, either. */
	return q->attrs.flags & SFTP_ATTR_SIZE ? BROKEN : set_all(s, s->path, -1, false, &q->attrs);
}

int
on_fsetstat(struct sftp_server *s, const struct sftp_request *q)
{
	const struct handle *h = handle_find(s, q->handle);

	return h == NULL ? BAD_HANDLE : set_all(s, h->path, h->fd, true, &q->attrs);
}

/* --- the tree --- */

int
on_remove(struct sftp_server *s, const struct sftp_request *q)
{
	(void)q;
	log_info(s->setup.log, "remove name \"%s\"", s->path);
	return s->setup.fs->remove(s->setup.fs_arg, s->path);
}

int
on_mkdir(struct sftp_server *s, const struct sftp_request *q)
{
	mode_t mode = (mode_t)(q->attrs.flags & SFTP_ATTR_PERMISSIONS ? q->attrs.permissions & 07777 : 0777);

	log_info(s->setup.log, "mkdir name \"%s\" mode 0%o", s->path, (unsigned)mode);
	return s->setup.fs->mkdir(s->setup.fs_arg, s->path, mode);
}

int
on_rmdir(struct sftp_server *s, const struct sftp_request *q)
{
	(void)q;
	log_info(s->setup.log, "rmdir name \"%s\"", s->path);
	return s->setup.fs->rmdir(s->setup.fs_arg, s->path);
}

int
on_rename(struct sftp_server *s, const struct sftp_request *q)
{
	(void)q;
	log_info(s->setup.log, "rename old \"%s\" new \"%s\"", s->path, s->path2);
	return s->setup.fs->rename(s->setup.fs_arg, s->path, s->path2, false);
}

int
on_posix_rename(struct sftp_server *s, const struct sftp_request *q)
{
	(void)q;
	log_info(s->setup.log, "posix-rename old \"%s\" new \"%s\"", s->path, s->path2);
	return s->setup.fs->rename(s->setup.fs_arg, s->path, s->path2, true);
}

int
on_hardlink(struct sftp_server *s, const struct sftp_request *q)
{
	(void)q;
	log_info(s->setup.log, "hardlink old \"%s\" new \"%s\"", s->path, s->path2);
	return s->setup.fs->link(s->setup.fs_arg, s->path, s->path2);
}

int
on_symlink(struct sftp_server *s, const struct sftp_request *q)
{
	(void)q;
	log_info(s->setup.log, "symlink old \"%s\" new \"%s\"", s->path, s->path2);
	return s->setup.fs->symlink(s->setup.fs_arg, s->path, s->path2);
}

/* --- what else is asked for --- */

int
on_limits(struct sftp_server *s, const struct sftp_request *q)
{
	struct sftp_limits l = { SFTP_MAX_PACKET, SFTP_MAX_DATA, SFTP_MAX_DATA, s->setup.max_handles };

	writer_reset(&s->scratch);
	sftp_limits_put(&s->scratch, &l);
	if (wr_end(&s->scratch) != ERR_OK)
		return ENOMEM;
	sftp_extended_reply_put(&s->out, q->id, writer_span(&s->scratch));
	return ANSWERED;
}

/* One string with the names of all ids, a string each. */
static void
put_names(struct sftp_server *s, struct span ids, bool is_group)
{
	struct reader r = rd_init(ids);
	size_t mark = wr_open(&s->scratch);

	while (r.rest.len > 0 && r.err == ERR_OK)
		wr_bytes(&s->scratch, s->setup.names->name(s->setup.names_arg, rd_u32(&r), is_group));
	wr_close(&s->scratch, mark);
}

int
on_users_groups(struct sftp_server *s, const struct sftp_request *q)
{
	if (q->uids.len % 4 != 0 || q->gids.len % 4 != 0)
		return BROKEN;
	writer_reset(&s->scratch);
	put_names(s, q->uids, false);
	put_names(s, q->gids, true);
	/* More names than go into a packet. */
	if (wr_end(&s->scratch) != ERR_OK)
		return wr_end(&s->scratch) == ERR_LIMIT ? BROKEN : ENOMEM;
	sftp_extended_reply_put(&s->out, q->id, writer_span(&s->scratch));
	return ANSWERED;
}
