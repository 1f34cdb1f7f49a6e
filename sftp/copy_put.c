/* SPDX-License-Identifier: ISC */
/* A file, or a tree of them, from this machine to a server. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sftp/copy_i.h"

struct put {
	struct sftp_client *c;
	const struct sftp_how *how;
	struct pipeline pipeline;
	struct sftp_handle handle;
	const char *local;
	const char *remote;
	int fd;
	uint32_t block;
	uint64_t next;		/* where the next write begins */
	uint64_t done;		/* bytes that the server has */
	bool is_at_end;		/* nothing more is sent */
	bool is_refused;
	uint64_t wrong_from;	/* nothing there is right from here on; UINT64_MAX: all is */
	int read_errno;		/* 0: all could be read */
};

/* Reads a block, whole if the file has so much; -1 with errno. */
static ssize_t
read_block(int fd, struct room room)
{
	size_t have = 0;

	while (have < room.len) {
		ssize_t n = read(fd, room.p + have, room.len - have);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

/* Sends as much as it may now. */
static enum err
send_some(struct put *u)
{
	while (!u->is_at_end && sftp_client_waiting(u->c) < u->pipeline.width && sftp_client_has_room(u->c)) {
		struct room room;
		ssize_t n;

		if (copy_is_stopped(u->how)) {
			u->is_at_end = true;
			break;
		}
		TRY(sftp_send_write(u->c, &u->handle, u->next, u->block, &room));
		n = read_block(u->fd, room);
		if (n == -1)
			u->read_errno = errno;
		if (n > 0)
			pipeline_asked(&u->pipeline, u->next, copy_usec());
		sftp_send_written(u->c, n > 0 ? (size_t)n : 0);
		u->next += n > 0 ? (uint64_t)n : 0;
		u->is_at_end = n < (ssize_t)u->block;
	}
	return ERR_OK;
}

/* Takes one answer, or finds that more can be sent. */
static enum err
take_answer(struct put *u)
{
	bool wants_more = !u->is_at_end && sftp_client_waiting(u->c) < u->pipeline.width;
	struct sftp_answer a;
	enum err e = sftp_receive(u->c, wants_more ? SFTP_WAIT_ROOM : SFTP_WAIT_ANSWER, &a);

	if (e != ERR_OK)
		return e == ERR_AGAIN ? ERR_OK : e;
	if (a.reply.type != SFTP_STATUS)
		return sftp_client_end(u->c, ERR_FORMAT);
	pipeline_answered(&u->pipeline, a.tag[0], copy_usec());
	if (a.reply.code == SFTP_OK) {
		u->done += a.tag[1];
		if (u->how->progress != NULL)
			u->how->progress(u->how->arg, u->done);
	} else {
		u->is_refused = u->is_at_end = true;
		if (a.tag[0] < u->wrong_from)
			u->wrong_from = a.tag[0];
	}
	return ERR_OK;
}

/* Sends all that is in the file. */
static enum err
send_all(struct put *u)
{
	for (;;) {
		TRY(send_some(u));
		if (sftp_client_waiting(u->c) == 0)
			break;
		TRY(take_answer(u));
	}
	if (u->is_refused)
		return copy_complain(u->how, "write remote \"%s\": %s", u->remote, sftp_client_refusal(u->c));
	if (u->read_errno != 0)
		return copy_complain(u->how, "read local \"%s\": %s", u->local, strerror(u->read_errno));
	return copy_is_stopped(u->how) ? ERR_DENIED : ERR_OK;
}

/* What follows when all has been sent. */
static enum err
finish(struct put *u, const struct sftp_attrs *attrs)
{
	enum err worst = ERR_OK, e;

	if (u->how->in_place)
		TRY(copy_worse(&worst, copy_cut(u->c, &u->handle, u->remote, u->next, u->how)));
	if (u->how->preserve) {
		struct sftp_reply a;

		e = sftp_ask(u->c, &(struct sftp_request){ .op = SFTP_OP_FSETSTAT,
		    .handle = sftp_handle_span(&u->handle), .attrs = *attrs }, &a);
		if (e == ERR_DENIED)
			(void)copy_complain(u->how, "remote fsetstat \"%s\": %s", u->remote, sftp_client_refusal(u->c));
		TRY(copy_worse(&worst, e));
	}
	if (u->how->fsync && sftp_client_has(u->c, SFTP_OP_FSYNC)) {
		e = sftp_ask_by_handle(u->c, SFTP_OP_FSYNC, &u->handle);
		if (e == ERR_DENIED)
			(void)copy_complain(u->how, "remote fsync \"%s\": %s", u->remote, sftp_client_refusal(u->c));
		TRY(copy_worse(&worst, e));
	}
	return worst;
}

/* Finds where to go on in a file that is there. */
static enum err
find_start(struct put *u, uint64_t size, uint64_t *from)
{
	struct sftp_attrs there;
	enum err e = sftp_ask_stat(u->c, SFTP_OP_STAT, u->remote, &there);

	*from = 0;
	if (e == ERR_DENIED)		/* nothing is there */
		return ERR_OK;
	TRY(e);
	if (copy_type(&there) != 0 && copy_type(&there) != MODE_REGULAR)
		return copy_complain(u->how, "resume \"%s\": not a regular file", u->remote);
	if ((there.flags & SFTP_ATTR_SIZE) == 0)
		return copy_complain(u->how, "resume \"%s\": the server does not tell its size", u->remote);
	if (there.size > size)
		return copy_complain(u->how, "destination file bigger than source: \"%s\"", u->remote);
	if (lseek(u->fd, (off_t)there.size, SEEK_SET) == -1)
		return copy_complain(u->how, "seek local \"%s\": %s", u->local, strerror(errno));
	*from = there.size;
	return ERR_OK;
}

static enum err
transfer(struct put *u, const struct stat *st)
{
	struct sftp_attrs attrs = copy_attrs_of(st, u->how->preserve);
	struct sftp_attrs at_open = { .flags = SFTP_ATTR_PERMISSIONS, .permissions = attrs.permissions };
	enum err e, worst = ERR_OK;

	if (u->how->resume)
		TRY(find_start(u, (uint64_t)st->st_size, &u->next));
	u->done = u->next;
	e = sftp_ask_handle(u->c, SFTP_OP_OPEN, u->remote,
	    SFTP_PF_WRITE | SFTP_PF_CREAT | (u->how->resume || u->how->in_place ? 0 : SFTP_PF_TRUNC), &at_open, &u->handle);
	if (e == ERR_DENIED)
		return copy_complain(u->how, "dest open \"%s\": %s", u->remote, sftp_client_refusal(u->c));
	TRY(e);
	if (u->how->begin != NULL)
		u->how->begin(u->how->arg, u->local, (uint64_t)st->st_size, u->done);
	e = send_all(u);
	if (e == ERR_OK) {
		e = finish(u, &attrs);
	} else if (e == ERR_DENIED) {
		/* What was written behind a missing piece, or was there before, is not to look as if it were the file's. */
		struct sftp_reply a;
		enum err cut = sftp_ask(u->c, &(struct sftp_request){ .op = SFTP_OP_FSETSTAT,
		    .handle = sftp_handle_span(&u->handle), .attrs = { .flags = SFTP_ATTR_SIZE,
		    .size = u->wrong_from < u->next ? u->wrong_from : u->next } }, &a);

		if (cut != ERR_OK && cut != ERR_DENIED)
			e = cut;
	}
	if (u->how->end != NULL)
		u->how->end(u->how->arg);
	TRY(copy_worse(&worst, e));
	e = sftp_ask_by_handle(u->c, SFTP_OP_CLOSE, &u->handle);
	/* A full disk or a quota may be told only now. */
	if (e == ERR_DENIED)
		(void)copy_complain(u->how, "close remote \"%s\": %s", u->remote, sftp_client_refusal(u->c));
	TRY(copy_worse(&worst, e));
	return worst;
}

enum err
sftp_upload(struct sftp_client *c, const char *local, const char *remote, const struct sftp_how *how)
{
	struct put u = { .c = c, .how = how, .local = local, .remote = remote, .wrong_from = UINT64_MAX };
	struct stat st;
	enum err e;

	u.block = copy_block(how, sftp_client_limits(c)->write);
	pipeline_init(&u.pipeline, u.block, how->requests);
	/* Not to be kept waiting by a pipe: what is no regular file is not sent. */
	u.fd = open(local, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (u.fd == -1)
		return copy_complain(how, "open local \"%s\": %s", local, strerror(errno));
	if (fstat(u.fd, &st) == -1)
		e = copy_complain(how, "stat local \"%s\": %s", local, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		e = copy_complain(how, "local \"%s\" is not a regular file", local);
	else
		e = transfer(&u, &st);
	close(u.fd);
	return e;
}

/* --- trees --- */

static enum err send_folder(struct sftp_client *c, const char *local, const char *remote, unsigned depth,
    const struct sftp_how *how);

static enum err
send_entry(struct sftp_client *c, const char *local, const char *name, const char *remote, unsigned depth,
    const struct sftp_how *how)
{
	char *from = sftp_path_join(local, name), *to = sftp_path_join(remote, name);
	struct stat st;
	enum err e = from == NULL || to == NULL ? ERR_NOMEM : ERR_OK;

	if (e == ERR_OK && lstat(from, &st) == -1)
		e = copy_complain(how, "local lstat \"%s\": %s", from, strerror(errno));
	if (e == ERR_OK && S_ISLNK(st.st_mode) && how->follow_links && stat(from, &st) == -1)
		e = copy_complain(how, "local stat \"%s\": %s", from, strerror(errno));
	if (e == ERR_OK && S_ISDIR(st.st_mode))
		e = send_folder(c, from, to, depth + 1, how);
	else if (e == ERR_OK && S_ISREG(st.st_mode))
		e = sftp_upload(c, from, to, how);
	else if (e == ERR_OK)	/* told, but as with OpenSSH no failure */
		(void)copy_complain(how, "%s: not a regular file", from);
	free(from);
	free(to);
	return e;
}

static enum err
send_entries(struct sftp_client *c, const char *local, const char *remote, unsigned depth,
    const struct sftp_how *how)
{
	DIR *dir = opendir(local);
	enum err e = ERR_OK, worst = ERR_OK;
	struct dirent *d;

	if (dir == NULL)
		return copy_complain(how, "local opendir \"%s\": %s", local, strerror(errno));
	while (e == ERR_OK && !copy_is_stopped(how) && (d = readdir(dir)) != NULL)
		if (sftp_name_is_safe(d->d_name))
			e = copy_worse(&worst, send_entry(c, local, d->d_name, remote, depth, how));
	closedir(dir);
	TRY(e);
	return copy_is_stopped(how) ? ERR_DENIED : worst;
}

static enum err
send_folder(struct sftp_client *c, const char *local, const char *remote, unsigned depth,
    const struct sftp_how *how)
{
	struct sftp_attrs attrs;
	enum err e, worst = ERR_OK;
	struct stat st;
	bool is_new;

	if (depth >= SFTP_COPY_DEPTH)
		return copy_complain(how, "Maximum directory depth exceeded: %u levels", depth);
	if (stat(local, &st) == -1)
		return copy_complain(how, "stat local \"%s\": %s", local, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return copy_complain(how, "\"%s\" is not a directory", local);
	if (how->enter != NULL)
		how->enter(how->arg, local);
	attrs = copy_attrs_of(&st, how->preserve);
	TRY(copy_make_folder(c, remote, &attrs, &is_new, how));
	TRY(copy_worse(&worst, send_entries(c, local, remote, depth, how)));
	if (!is_new && !how->preserve)
		return worst;
	e = sftp_ask_attrs(c, SFTP_OP_SETSTAT, remote, &attrs);
	if (e == ERR_DENIED)
		(void)copy_complain(how, "remote setstat \"%s\": %s", remote, sftp_client_refusal(c));
	TRY(copy_worse(&worst, e));
	return worst;
}

enum err
sftp_upload_tree(struct sftp_client *c, const char *local, const char *remote, const struct sftp_how *how)
{
	return send_folder(c, local, remote, 0, how);
}
