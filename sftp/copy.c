/* SPDX-License-Identifier: ISC */
/* What the kinds of copying share. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/clock.h"
#include "sftp/copy_i.h"

enum err
copy_complain(const struct sftp_how *how, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	if (how->complain == NULL || copy_is_stopped(how))
		return ERR_DENIED;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) == -1)
		text = NULL;
	va_end(ap);
	how->complain(how->arg, text == NULL ? err_text(ERR_NOMEM) : text);
	free(text);
	return ERR_DENIED;
}

bool
copy_is_stopped(const struct sftp_how *how)
{
	return how->stop != NULL && *how->stop != 0;
}

uint64_t
copy_usec(void)
{
	return clock_monotonic_usec();
}

uint32_t
copy_type(const struct sftp_attrs *a)
{
	return (a->flags & SFTP_ATTR_PERMISSIONS) == 0 ? 0 : a->permissions & MODE_TYPE;
}

struct sftp_attrs
copy_attrs_of(const struct stat *st, bool preserve)
{
	return (struct sftp_attrs){
		.flags = SFTP_ATTR_PERMISSIONS | (preserve ? SFTP_ATTR_ACMODTIME : 0),
		.permissions = st->st_mode & (S_ISDIR(st->st_mode) ? MODE_FOLDER_SAFE : MODE_SAFE),
		.atime = (uint32_t)st->st_atime,
		.mtime = (uint32_t)st->st_mtime,
	};
}

uint32_t
copy_block(const struct sftp_how *how, uint64_t limit)
{
	if (how->block != 0 && how->block < limit)
		return how->block;
	return (uint32_t)limit;
}

enum err
copy_worse(enum err *worst, enum err e)
{
	if (e != ERR_DENIED)
		return e;
	*worst = e;
	return ERR_OK;
}

enum err
copy_source_attrs(struct sftp_client *c, const char *path, const struct sftp_attrs *known,
    struct sftp_attrs *out, const struct sftp_how *how)
{
	enum err e;

	if (known != NULL && copy_type(known) != 0 && copy_type(known) != MODE_LINK) {
		*out = *known;
		return ERR_OK;
	}
	e = sftp_ask_stat(c, SFTP_OP_STAT, path, out);
	if (e == ERR_DENIED)
		return copy_complain(how, "stat remote \"%s\": %s", path, sftp_client_refusal(c));
	return e;
}

enum err
copy_make_folder(struct sftp_client *c, const char *path, const struct sftp_attrs *attrs, bool *is_new,
    const struct sftp_how *how)
{
	/* Until all is in it, its owner must be able to write there. */
	struct sftp_attrs a = { .flags = SFTP_ATTR_PERMISSIONS,
	    .permissions = (attrs->permissions & MODE_FOLDER_SAFE) | S_IWUSR | S_IXUSR };
	struct sftp_attrs there;
	enum err e = sftp_ask_attrs(c, SFTP_OP_MKDIR, path, &a);

	*is_new = e == ERR_OK;
	if (e != ERR_DENIED)
		return e;
	uint32_t refused = sftp_client_status(c);

	e = sftp_ask_stat(c, SFTP_OP_STAT, path, &there);
	if (e == ERR_DENIED)
		return copy_complain(how, "remote mkdir \"%s\": %s", path,
		    refused == SFTP_PERMISSION_DENIED ? "Permission denied" : sftp_client_refusal(c));
	if (e == ERR_OK && copy_type(&there) != MODE_FOLDER)
		return copy_complain(how, "\"%s\" exists but is not a directory", path);
	return e;
}

enum err
copy_list(struct sftp_client *c, const char *path, struct sftp_entries *out, const struct sftp_how *how)
{
	size_t n_bad;
	enum err e = sftp_list(c, path, out, &n_bad);

	if (e == ERR_DENIED)
		return copy_complain(how, "remote readdir \"%s\": %s", path, sftp_client_refusal(c));
	if (e == ERR_OK && n_bad > 0 && how->complain != NULL)
		(void)copy_complain(how, "%zu names of \"%s\" are no names of files: left out", n_bad, path);
	return e;
}

enum err
copy_cut(struct sftp_client *c, const struct sftp_handle *h, const char *path, uint64_t size,
    const struct sftp_how *how)
{
	struct sftp_request q = { .op = SFTP_OP_FSETSTAT, .handle = sftp_handle_span(h),
	    .attrs = { .flags = SFTP_ATTR_SIZE, .size = size } };
	struct sftp_attrs there;
	struct sftp_reply a;
	enum err e = sftp_ask(c, &q, &a);

	if (e != ERR_DENIED)
		return e;
	e = sftp_ask_stat(c, SFTP_OP_STAT, path, &there);
	if (e == ERR_DENIED || (e == ERR_OK && (copy_type(&there) != MODE_REGULAR || there.size <= size)))
		return ERR_OK;
	TRY(e);
	return copy_complain(how, "remote truncate \"%s\": it is longer than what was sent", path);
}
