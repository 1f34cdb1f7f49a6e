/* SPDX-License-Identifier: ISC */
/* Attributes of files, and the two structs that extensions answer with. */
#include "sftp/sftp.h"

void
sftp_attrs_get(struct reader *r, struct sftp_attrs *a)
{
	uint32_t flags = rd_u32(r);

	*a = (struct sftp_attrs){ .flags = flags & SFTP_ATTR_KNOWN };
	if (flags & SFTP_ATTR_SIZE)
		a->size = rd_u64(r);
	if (flags & SFTP_ATTR_UIDGID) {
		a->uid = rd_u32(r);
		a->gid = rd_u32(r);
	}
	if (flags & SFTP_ATTR_PERMISSIONS)
		a->permissions = rd_u32(r);
	if (flags & SFTP_ATTR_ACMODTIME) {
		a->atime = rd_u32(r);
		a->mtime = rd_u32(r);
	}
	if (flags & SFTP_ATTR_EXTENDED) {
		/* Each takes eight bytes or more, so what is left bounds the count. */
		for (uint32_t n = rd_u32(r); n > 0 && r->err == ERR_OK; n--) {
			(void)rd_bytes(r);
			(void)rd_bytes(r);
		}
	}
}

void
sftp_attrs_put(struct writer *w, const struct sftp_attrs *a)
{
	wr_u32(w, a->flags & SFTP_ATTR_KNOWN);
	if (a->flags & SFTP_ATTR_SIZE)
		wr_u64(w, a->size);
	if (a->flags & SFTP_ATTR_UIDGID) {
		wr_u32(w, a->uid);
		wr_u32(w, a->gid);
	}
	if (a->flags & SFTP_ATTR_PERMISSIONS)
		wr_u32(w, a->permissions);
	if (a->flags & SFTP_ATTR_ACMODTIME) {
		wr_u32(w, a->atime);
		wr_u32(w, a->mtime);
	}
}

enum err
sftp_statvfs_get(struct span data, struct sftp_statvfs *v)
{
	struct reader r = rd_init(data);

	v->bsize = rd_u64(&r);
	v->frsize = rd_u64(&r);
	v->blocks = rd_u64(&r);
	v->bfree = rd_u64(&r);
	v->bavail = rd_u64(&r);
	v->files = rd_u64(&r);
	v->ffree = rd_u64(&r);
	v->favail = rd_u64(&r);
	v->fsid = rd_u64(&r);
	v->flag = rd_u64(&r);
	v->namemax = rd_u64(&r);
	return rd_end(&r);
}

void
sftp_statvfs_put(struct writer *w, const struct sftp_statvfs *v)
{
	wr_u64(w, v->bsize);
	wr_u64(w, v->frsize);
	wr_u64(w, v->blocks);
	wr_u64(w, v->bfree);
	wr_u64(w, v->bavail);
	wr_u64(w, v->files);
	wr_u64(w, v->ffree);
	wr_u64(w, v->favail);
	wr_u64(w, v->fsid);
	wr_u64(w, v->flag);
	wr_u64(w, v->namemax);
}

enum err
sftp_limits_get(struct span data, struct sftp_limits *l)
{
	struct reader r = rd_init(data);

	l->packet = rd_u64(&r);
	l->read = rd_u64(&r);
	l->write = rd_u64(&r);
	l->handles = rd_u64(&r);
	return rd_end(&r);
}

void
sftp_limits_put(struct writer *w, const struct sftp_limits *l)
{
	wr_u64(w, l->packet);
	wr_u64(w, l->read);
	wr_u64(w, l->write);
	wr_u64(w, l->handles);
}
