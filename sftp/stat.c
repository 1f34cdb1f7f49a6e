/* SPDX-License-Identifier: ISC */
#include "sftp/stat.h"

static uint32_t
seconds(time_t t)
{
	return t < 0 ? 0 : t > (time_t)UINT32_MAX ? UINT32_MAX : (uint32_t)t;
}

struct sftp_attrs
sftp_attrs_of(const struct stat *st)
{
	return (struct sftp_attrs){ .flags = SFTP_ATTR_KNOWN, .size = (uint64_t)st->st_size, .uid = st->st_uid,
	    .gid = st->st_gid, .permissions = st->st_mode, .atime = seconds(st->st_atime),
	    .mtime = seconds(st->st_mtime) };
}
