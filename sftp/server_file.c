/* SPDX-License-Identifier: ISC */
/* Files: opened, read, written. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "sftp/server_i.h"

static const struct {
	uint32_t pflag;
	const char *name;
} pflags[] = {
	{ SFTP_PF_READ, "READ" }, { SFTP_PF_WRITE, "WRITE" }, { SFTP_PF_APPEND, "APPEND" },
	{ SFTP_PF_CREAT, "CREATE" }, { SFTP_PF_TRUNC, "TRUNCATE" }, { SFTP_PF_EXCL, "EXCL" },
};

/* "READ,WRITE" for the log. */
static const char *
pflag_names(uint32_t set, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < COUNT(pflags); i++) {
		if ((set & pflags[i].pflag) && len < size)
			len += (size_t)snprintf(buf + len, size - len, "%s%s", len > 0 ? "," : "", pflags[i].name);
	}
	return buf;
}

static int
open_flags(uint32_t set)
{
	int flags = set & SFTP_PF_WRITE ? set & SFTP_PF_READ ? O_RDWR : O_WRONLY : O_RDONLY;

	if (set & SFTP_PF_APPEND)
		flags |= O_APPEND;
	if (set & SFTP_PF_CREAT)
		flags |= O_CREAT | (set & SFTP_PF_EXCL ? O_EXCL : 0);
	if (set & SFTP_PF_TRUNC)
		flags |= O_TRUNC;
	return flags;
}

int
on_open(struct sftp_server *s, const struct sftp_request *q)
{
	mode_t mode = (mode_t)(q->attrs.flags & SFTP_ATTR_PERMISSIONS ? q->attrs.permissions & 07777 : 0666);
	struct handle h = { .kind = HANDLE_FILE, .appends = q->pflags & SFTP_PF_APPEND, .path = s->path };
	char names[64];
	int e;

	log_info(s->setup.log, "open \"%s\" flags %s mode 0%o", s->path,
	    pflag_names(q->pflags, names, sizeof(names)), (unsigned)mode);
	/* Whatever else is asked for than to read changes something, or would. */
	if (s->setup.policy.read_only && (q->pflags & ~(uint32_t)SFTP_PF_READ) != 0) {
		log_verbose(s->setup.log, "Refusing open request in read-only mode");
		return NOT_ALLOWED;
	}
	e = s->setup.fs->open(s->setup.fs_arg, s->path, open_flags(q->pflags), mode, &h.fd);
	if (e != 0)
		return e;
	e = handle_new(s, q->id, &h);
	if (e != ANSWERED)
		(void)s->setup.fs->close(s->setup.fs_arg, h.fd);
	return e;
}

int
on_close(struct sftp_server *s, const struct sftp_request *q)
{
	struct handle *h = handle_find(s, q->handle);

	return h == NULL ? BAD_HANDLE : handle_close(s, h, "");
}

int
on_read(struct sftp_server *s, const struct sftp_request *q)
{
	struct handle *h = handle_find_kind(s, q->handle, HANDLE_FILE);
	size_t want = q->length < SFTP_MAX_DATA ? (size_t)q->length : SFTP_MAX_DATA;
	size_t packet = s->out.len, data, n = 0;
	struct room room;
	int e;

	if (h == NULL)
		return BAD_HANDLE;
	/* From the file into the answer. */
	packet = wr_open(&s->out);
	wr_u8(&s->out, SFTP_DATA);
	wr_u32(&s->out, q->id);
	data = wr_open(&s->out);
	room = wr_reserve(&s->out, want == 0 ? 1 : want);
	if (room.p == NULL)
		return ENOMEM;
	room.len = want;
	e = s->setup.fs->read(s->setup.fs_arg, h->fd, room, q->offset, &n);
	must(n <= want);
	if (e != 0 || (n == 0 && want > 0)) {
		writer_truncate(&s->out, packet);
		return e != 0 ? e : AT_END;
	}
	wr_commit(&s->out, n);
	wr_close(&s->out, data);
	wr_close(&s->out, packet);
	h->n_read += n;
	return ANSWERED;
}

int
on_write(struct sftp_server *s, const struct sftp_request *q)
{
	struct handle *h = handle_find_kind(s, q->handle, HANDLE_FILE);
	int e;

	if (h == NULL)
		return BAD_HANDLE;
	e = s->setup.fs->write(s->setup.fs_arg, h->fd, q->data, h->appends ? 0 : q->offset);
	if (e == 0)
		h->n_written += q->data.len;
	return e;
}

int
on_fsync(struct sftp_server *s, const struct sftp_request *q)
{
	const struct handle *h = handle_find(s, q->handle);

	if (h == NULL)
		return BAD_HANDLE;
	log_verbose(s->setup.log, "fsync \"%s\"", h->path);
	return s->setup.fs->sync(s->setup.fs_arg, h->fd);
}

/*
 * Whether it has an end: a file that grows by what is read of it would have
 * none, by whatever two names it is open, nor have most devices.
 */
static int
has_end(struct sftp_server *s, const struct handle *from, const struct handle *to, bool *ends)
{
	struct stat a, b;
	int e = s->setup.fs->fstat(s->setup.fs_arg, from->fd, &a);

	if (e == 0)
		e = s->setup.fs->fstat(s->setup.fs_arg, to->fd, &b);
	if (e == 0)
		*ends = S_ISREG(a.st_mode) && (a.st_dev != b.st_dev || a.st_ino != b.st_ino);
	return e;
}

int
on_copy_data(struct sftp_server *s, const struct sftp_request *q)
{
	struct handle *from = handle_find_kind(s, q->handle, HANDLE_FILE);
	struct handle *to = handle_find_kind(s, q->handle2, HANDLE_FILE);
	uint64_t n = 0;
	bool ends = false;
	int e;

	if (from == NULL || to == NULL)
		return BAD_HANDLE;
	log_debug(s->setup.log, "copy-data from \"%s\" off %llu len %llu to \"%s\" off %llu", from->path,
	    (unsigned long long)q->offset, (unsigned long long)q->length, to->path, (unsigned long long)q->offset2);
	e = has_end(s, from, to, &ends);
	if (e != 0 || !ends)
		return e != 0 ? e : BAD_HANDLE;
	e = s->setup.fs->copy(s->setup.fs_arg, from->fd, q->offset, q->length == 0 ? UINT64_MAX : q->length, to->fd,
	    to->appends ? 0 : q->offset2, &n);
	from->n_read += n;
	to->n_written += n;
	return e == 0 && q->length != 0 && n < q->length ? AT_END : e;
}
