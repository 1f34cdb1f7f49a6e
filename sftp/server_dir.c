/* SPDX-License-Identifier: ISC */
/* Directories read, and answers that are names: paths resolved, links, homes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sftp/longname.h"
#include "sftp/server_i.h"
#include "sftp/stat.h"

/* Bytes of names in one answer: old clients take packets of 34,000 bytes and no more. */
#define NAMES_FULL	(32 * 1024)

int
on_opendir(struct sftp_server *s, const struct sftp_request *q)
{
	struct handle h = { .kind = HANDLE_DIR, .path = s->path };
	int e;

	log_info(s->setup.log, "opendir \"%s\"", s->path);
	e = s->setup.fs->dir_open(s->setup.fs_arg, s->path, &h.dir, &h.fd);
	if (e != 0)
		return e;
	e = handle_new(s, q->id, &h);
	if (e != ANSWERED)
		(void)s->setup.fs->dir_close(s->setup.fs_arg, h.dir);
	return e;
}

/* The name of an owner, or his number where there is none. */
static struct span
owner(const struct sftp_server *s, uint32_t id, bool is_group, char *buf, size_t size)
{
	struct span name = s->setup.names->name(s->setup.names_arg, id, is_group);

	if (name.len == 0) {
		snprintf(buf, size, "%u", (unsigned)id);
		return span_str(buf);
	}
	snprintf(buf, size, "%.*s", (int)name.len, (const char *)name.p);
	return span_str(buf);
}

/* Adds an entry of a directory to s->scratch. */
static void
put_entry(struct sftp_server *s, const char *name, const struct stat *st)
{
	char user[64], group[64];
	struct sftp_attrs attrs = sftp_attrs_of(st);
	size_t mark;

	wr_str(&s->scratch, name);
	mark = wr_open(&s->scratch);
	sftp_longname(&s->scratch, st, span_str(name), owner(s, st->st_uid, false, user, sizeof(user)),
	    owner(s, st->st_gid, true, group, sizeof(group)), s->now);
	wr_close(&s->scratch, mark);
	sftp_attrs_put(&s->scratch, &attrs);
}

int
on_readdir(struct sftp_server *s, const struct sftp_request *q)
{
	struct handle *h = handle_find_kind(s, q->handle, HANDLE_DIR);
	const char *name = "";
	uint32_t count = 0;
	struct stat st;
	int e = 0;

	if (h == NULL)
		return BAD_HANDLE;
	writer_reset(&s->scratch);
	while (s->scratch.len < NAMES_FULL && name != NULL) {
		e = s->setup.fs->dir_read(s->setup.fs_arg, h->dir, &name, &st);
		if (e != 0 || name == NULL)
			break;
		put_entry(s, name, &st);
		count++;
	}
	if (wr_end(&s->scratch) != ERR_OK)
		return ENOMEM;
	if (count == 0)
		return e != 0 ? e : AT_END;
	sftp_names_put(&s->out, q->id, count, writer_span(&s->scratch));
	return ANSWERED;
}

/* Answers with the one name in s->scratch. */
static int
answer_name(struct sftp_server *s, uint32_t id)
{
	SCOPED(writer_free) struct writer names = writer_init(SFTP_MAX_PACKET);
	struct span name = writer_span(&s->scratch);

	sftp_name_put(&names, &(struct sftp_name){ .name = name, .longname = name });
	if (wr_end(&s->scratch) != ERR_OK || wr_end(&names) != ERR_OK)
		return ENOMEM;
	sftp_names_put(&s->out, id, 1, writer_span(&names));
	return ANSWERED;
}

static int
resolve(struct sftp_server *s, const char *path, uint32_t id)
{
	int e;

	writer_reset(&s->scratch);
	e = s->setup.fs->realpath(s->setup.fs_arg, path, &s->scratch);
	return e != 0 ? e : answer_name(s, id);
}

int
on_realpath(struct sftp_server *s, const struct sftp_request *q)
{
	log_verbose(s->setup.log, "realpath \"%s\"", s->path);
	return resolve(s, s->path, q->id);
}

int
on_readlink(struct sftp_server *s, const struct sftp_request *q)
{
	int e;

	log_verbose(s->setup.log, "readlink \"%s\"", s->path);
	writer_reset(&s->scratch);
	e = s->setup.fs->readlink(s->setup.fs_arg, s->path, &s->scratch);
	return e != 0 ? e : answer_name(s, q->id);
}

/* Writes the home of a user into s->scratch. */
static int
find_home(struct sftp_server *s, struct span user)
{
	enum err e;

	writer_reset(&s->scratch);
	e = s->setup.names->home(s->setup.names_arg, user, &s->scratch);
	if (e == ERR_OK)
		e = wr_end(&s->scratch);
	return e == ERR_OK ? 0 : e == ERR_NOTFOUND ? ENOENT : ENOMEM;
}

int
on_expand_path(struct sftp_server *s, const struct sftp_request *q)
{
	struct span path = span_str(s->path), user;
	int e;

	log_verbose(s->setup.log, "expand \"%s\"", s->path);
	/* His own is where the server has begun, as in OpenSSH: a root directory may have no home. */
	if (s->path[0] == '~' && (s->path[1] == '/' || s->path[1] == '\0'))
		s->path[0] = '.';
	if (s->path[0] != '~')
		return resolve(s, s->path, q->id);
	user = span_of(s->path + 1, span_find(path, '/') - 1);
	e = find_home(s, user);
	if (e != 0)
		return e;
	wr_raw(&s->scratch, span_skip(path, 1 + user.len));
	wr_u8(&s->scratch, 0);
	if (wr_end(&s->scratch) != ERR_OK)
		return ENOMEM;
	if (s->scratch.len > sizeof(s->path))
		return ENAMETOOLONG;
	memcpy(s->path, s->scratch.p, s->scratch.len);
	return resolve(s, s->path, q->id);
}

int
on_home_directory(struct sftp_server *s, const struct sftp_request *q)
{
	int e = find_home(s, q->path);

	log_verbose(s->setup.log, "home-directory \"%s\"", s->path);
	return e != 0 ? e : answer_name(s, q->id);
}
