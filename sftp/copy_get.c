/* SPDX-License-Identifier: ISC */
/* A file, or a tree of them, from a server to this machine. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sftp/copy_i.h"

struct get {
	struct copy_reads reads;
	const struct sftp_how *how;
	const char *remote;
	const char *local;
	struct sftp_attrs attrs;
	int fd;
	int write_errno;		/* of a write that did not work; 0: all did */
};

/* Writes all of data at its place; false with errno. */
static bool
write_at(int fd, struct span data, uint64_t offset)
{
	while (data.len > 0) {
		ssize_t n = pwrite(fd, data.p, data.len, (off_t)offset);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		offset += (uint64_t)n;
		data = span_skip(data, (size_t)n);
	}
	return true;
}

/* Fetches all that is in the file. The connection's errors only. */
static enum err
fetch(struct get *g)
{
	struct copy_reads *r = &g->reads;
	struct span data;
	uint64_t offset;

	for (;;) {
		TRY(copy_ask(r));
		if (copy_is_done(r))
			return ERR_OK;
		TRY(copy_answer(r, SFTP_WAIT_ANSWER, &data, &offset));
		if (data.len == 0 || offset >= r->wrong_from)
			continue;
		if (write_at(g->fd, data, offset)) {
			r->done += data.len;
			if (g->how->progress != NULL)
				g->how->progress(g->how->arg, r->done);
		} else {
			g->write_errno = errno == 0 ? EIO : errno;
			r->wrong_from = offset;
		}
	}
}

/* Gives the file the times and the mode that it has there; a device keeps its own. */
static enum err
keep_attrs(struct get *g)
{
	enum err e = ERR_OK;
	struct stat st;

	if (fstat(g->fd, &st) == 0 && !S_ISREG(st.st_mode))
		return ERR_OK;
	if ((g->attrs.flags & SFTP_ATTR_PERMISSIONS) != 0 &&
	    fchmod(g->fd, g->attrs.permissions & MODE_SAFE) == -1)
		e = copy_complain(g->how, "local chmod \"%s\": %s", g->local, strerror(errno));
	if ((g->attrs.flags & SFTP_ATTR_ACMODTIME) != 0) {
		struct timespec t[2] = { { .tv_sec = g->attrs.atime }, { .tv_sec = g->attrs.mtime } };

		if (futimens(g->fd, t) == -1)
			e = copy_complain(g->how, "local set times on \"%s\": %s", g->local, strerror(errno));
	}
	return e;
}

/* What is to be done when all questions are answered, or the connection is over (e). */
static enum err
finish(struct get *g, enum err e)
{
	struct copy_reads *r = &g->reads;
	enum err worst = ERR_OK;

	if (r->is_refused)
		worst = copy_complain(g->how, "read remote \"%s\" : %s", g->remote, sftp_client_refusal(r->c));
	if (g->write_errno != 0)
		worst = copy_complain(g->how, "write local \"%s\": %s", g->local, strerror(g->write_errno));
	if (copy_is_stopped(g->how) && copy_right_until(r) != r->end)
		worst = ERR_DENIED;
	if (e == ERR_OK && worst == ERR_OK) {
		/* What was there before, or came from behind the end while the file changed, is not its. */
		if (ftruncate(g->fd, (off_t)copy_right_until(r)) == -1 && errno != EINVAL)
			worst = copy_complain(g->how, "local truncate \"%s\": %s", g->local, strerror(errno));
		if (g->how->preserve)
			TRY(copy_worse(&worst, keep_attrs(g)));
		if (g->how->fsync && fsync(g->fd) == -1)
			worst = copy_complain(g->how, "local sync \"%s\": %s", g->local, strerror(errno));
		return worst;
	}
	/* What came behind a piece that is missing would look as if all were there. */
	if (ftruncate(g->fd, (off_t)copy_right_until(r)) == -1 && errno != EINVAL)
		(void)copy_complain(g->how, "local truncate \"%s\": %s", g->local, strerror(errno));
	return e != ERR_OK ? e : worst;
}

/* Opens the local file, and finds where to go on in it. */
static enum err
open_local(struct get *g, uint64_t *from)
{
	mode_t mode = (g->attrs.flags & SFTP_ATTR_PERMISSIONS) != 0 ? g->attrs.permissions & MODE_SAFE : 0666;
	struct stat st;

	g->fd = open(g->local, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY |
	    (g->how->resume || g->how->in_place ? 0 : O_TRUNC),
	    mode | S_IWUSR);
	if (g->fd == -1)
		return copy_complain(g->how, "open local \"%s\": %s", g->local, strerror(errno));
	if (!g->how->resume)
		return ERR_OK;
	if (fstat(g->fd, &st) == -1)
		return copy_complain(g->how, "stat local \"%s\": %s", g->local, strerror(errno));
	if (st.st_size < 0 || ((g->attrs.flags & SFTP_ATTR_SIZE) != 0 && (uint64_t)st.st_size > g->attrs.size))
		return copy_complain(g->how,
		    "Unable to resume download of \"%s\": local file is larger than remote", g->local);
	*from = (uint64_t)st.st_size;
	return ERR_OK;
}

/* With the remote file open. */
static enum err
transfer(struct get *g)
{
	struct copy_reads *r = &g->reads;
	uint64_t from = 0;
	enum err e = open_local(g, &from);

	if (e == ERR_OK) {
		r->size = (g->attrs.flags & SFTP_ATTR_SIZE) != 0 ? g->attrs.size : 0;
		r->next = r->done = from;
		if (g->how->begin != NULL)
			g->how->begin(g->how->arg, g->remote, r->size, from);
		e = finish(g, fetch(g));
		if (g->how->end != NULL)
			g->how->end(g->how->arg);
	}
	if (g->fd != -1 && close(g->fd) == -1 && e == ERR_OK)
		e = copy_complain(g->how, "close local \"%s\": %s", g->local, strerror(errno));
	return e;
}

enum err
sftp_download(struct sftp_client *c, const char *remote, const struct sftp_attrs *known, const char *local,
    const struct sftp_how *how)
{
	struct get *g = calloc(1, sizeof(*g));
	enum err e, worst = ERR_OK;

	if (g == NULL)
		return ERR_NOMEM;
	*g = (struct get){ .how = how, .remote = remote, .local = local, .fd = -1 };
	g->reads.c = c;
	g->reads.how = how;
	g->reads.wrong_from = g->reads.end = UINT64_MAX;
	g->reads.block = copy_block(how, sftp_client_limits(c)->read);
	pipeline_init(&g->reads.pipeline, g->reads.block, how->requests);
	e = copy_source_attrs(c, remote, known, &g->attrs, how);
	if (e == ERR_OK && copy_type(&g->attrs) != 0 && copy_type(&g->attrs) != MODE_REGULAR)
		e = copy_complain(how, "download %s: not a regular file", remote);
	if (e == ERR_OK) {
		e = sftp_ask_handle(c, SFTP_OP_OPEN, remote, SFTP_PF_READ, NULL, &g->reads.handle);
		if (e == ERR_DENIED)
			(void)copy_complain(how, "remote open \"%s\": %s", remote, sftp_client_refusal(c));
	}
	if (e == ERR_OK) {
		e = copy_worse(&worst, transfer(g));
		if (e == ERR_OK)
			e = copy_worse(&worst, sftp_ask_by_handle(c, SFTP_OP_CLOSE, &g->reads.handle));
	}
	free(g);
	return e == ERR_OK ? worst : e;
}

/* --- trees --- */

static enum err fetch_folder(struct sftp_client *c, const char *remote, const struct sftp_attrs *known,
    const char *local, unsigned depth, const struct sftp_how *how);

/* Fetches what is called so in a folder. */
static enum err
fetch_entry(struct sftp_client *c, const char *remote, const struct sftp_entry *entry, const char *local,
    unsigned depth, const struct sftp_how *how)
{
	struct sftp_attrs attrs = entry->attrs;
	char *from = sftp_path_join(remote, entry->name), *to = sftp_path_join(local, entry->name);
	enum err e = from == NULL || to == NULL ? ERR_NOMEM : ERR_OK;

	/* A server that tells no types in its lists, or a link. */
	if (e == ERR_OK && (copy_type(&attrs) == 0 || (copy_type(&attrs) == MODE_LINK && how->follow_links))) {
		e = sftp_ask_stat(c, SFTP_OP_STAT, from, &attrs);
		if (e == ERR_DENIED)
			(void)copy_complain(how, "stat remote \"%s\": %s", from, sftp_client_refusal(c));
	}
	if (e == ERR_OK && copy_type(&attrs) == MODE_FOLDER)
		e = fetch_folder(c, from, &attrs, to, depth + 1, how);
	else if (e == ERR_OK && copy_type(&attrs) == MODE_REGULAR)
		e = sftp_download(c, from, &attrs, to, how);
	else if (e == ERR_OK)	/* told, but as with OpenSSH no failure */
		(void)copy_complain(how, "download \"%s\": not a regular file", from);
	free(from);
	free(to);
	return e;
}

/* Gives a local folder its mode and times when all is in it. */
static enum err
finish_folder(const char *local, const struct sftp_attrs *a, bool is_new, const struct sftp_how *how)
{
	enum err e = ERR_OK;

	if (how->preserve && (a->flags & SFTP_ATTR_ACMODTIME) != 0) {
		struct timespec t[2] = { { .tv_sec = a->atime }, { .tv_sec = a->mtime } };

		if (utimensat(AT_FDCWD, local, t, 0) == -1)
			e = copy_complain(how, "local set times on \"%s\": %s", local, strerror(errno));
	}
	if ((is_new || how->preserve) && (a->flags & SFTP_ATTR_PERMISSIONS) != 0) {
		mode_t mask = umask(0);

		(void)umask(mask);
		if (chmod(local, a->permissions & MODE_FOLDER_SAFE & ~(how->preserve ? 0 : mask)) == -1)
			e = copy_complain(how, "local chmod directory \"%s\": %s", local, strerror(errno));
	}
	return e;
}

static enum err
fetch_all(struct sftp_client *c, const char *remote, const char *local, unsigned depth, const struct sftp_how *how)
{
	SCOPED(sftp_entries_free) struct sftp_entries list;
	enum err worst = ERR_OK;

	TRY(copy_list(c, remote, &list, how));
	for (size_t i = 0; i < list.n && !copy_is_stopped(how); i++)
		if (sftp_name_is_safe(list.v[i].name))
			TRY(copy_worse(&worst, fetch_entry(c, remote, &list.v[i], local, depth, how)));
	return copy_is_stopped(how) ? ERR_DENIED : worst;
}

static enum err
fetch_folder(struct sftp_client *c, const char *remote, const struct sftp_attrs *known, const char *local,
    unsigned depth, const struct sftp_how *how)
{
	struct sftp_attrs attrs;
	enum err worst = ERR_OK;
	bool is_new = true;

	if (depth >= SFTP_COPY_DEPTH)
		return copy_complain(how, "Maximum directory depth exceeded: %u levels", depth);
	TRY(copy_source_attrs(c, remote, known, &attrs, how));
	if (copy_type(&attrs) != MODE_FOLDER)
		return copy_complain(how, "\"%s\" is not a directory", remote);
	if (how->enter != NULL)
		how->enter(how->arg, remote);
	if (mkdir(local, (attrs.permissions & MODE_FOLDER_SAFE) | S_IWUSR | S_IXUSR) == -1) {
		is_new = false;
		if (errno != EEXIST)
			return copy_complain(how, "mkdir %s: %s", local, strerror(errno));
	}
	TRY(copy_worse(&worst, fetch_all(c, remote, local, depth, how)));
	TRY(copy_worse(&worst, finish_folder(local, &attrs, is_new, how)));
	return worst;
}

enum err
sftp_download_tree(struct sftp_client *c, const char *remote, const struct sftp_attrs *known, const char *local,
    const struct sftp_how *how)
{
	return fetch_folder(c, remote, known, local, 0, how);
}
