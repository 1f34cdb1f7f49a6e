/* SPDX-License-Identifier: ISC */
/* Receiving files with the protocol that scp had before SFTP. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sftp/scp.h"
#include "tools/scp.h"

#define BLOCK		(256 * 1024)
#define DEPTH_MAX	256

struct sink {
	struct scp *s;
	struct far *f;
	const char *asked;	/* NULL: every name is right */
	uint8_t *buf;
	mode_t mask;
	bool has_times;		/* a T record came before */
	struct timespec times[2];
};

static void
acknowledge(struct sink *k)
{
	if (!far_write(k->f, "", 1))
		scp_lost(k->s, k->f);
}

/* What the other side sends makes no sense: it is told, and this ends. */
NORETURN static void
screwed_up(struct sink *k, const char *why)
{
	scp_error(k->s, k->f, "protocol error: %s", why);
	(void)far_end(k->f);
	exit(1);
}

/* Reads the rest of a line; the caller has its first byte. */
static struct span
read_line(struct sink *k, char *line, char first)
{
	size_t n = 0;

	line[n++] = first;
	for (;;) {
		if (!far_read(k->f, line + n, 1))
			scp_lost(k->s, k->f);
		if (line[n] == '\n')
			return span_of(line, n);
		if (++n == SCP_LINE)
			screwed_up(k, "line too long");
	}
}

/* Reads size bytes into fd (-1: nowhere); the errno of the first write that failed, else 0. */
static int
take_bytes(struct sink *k, int fd, uint64_t size)
{
	uint64_t done = 0;
	int failed = 0;

	while (done < size) {
		size_t n = far_read_some(k->f, k->buf, size - done < BLOCK ? (size_t)(size - done) : BLOCK);
		struct span data = span_of(k->buf, n);

		if (n == 0) {
			/* What is missing is not there: the length must not say otherwise. */
			if (fd != -1)
				(void)!ftruncate(fd, (off_t)done);
			meter_end(&k->s->meter);
			scp_lost(k->s, k->f);
		}
		done += n;
		while (failed == 0 && fd != -1 && data.len > 0) {
			ssize_t w = write(fd, data.p, data.len);

			if (w == -1 && errno == EINTR)
				continue;
			if (w <= 0)
				failed = errno == 0 ? EIO : errno;
			else
				data = span_skip(data, (size_t)w);
		}
		meter_progress(&k->s->meter, done);
	}
	return failed;
}

/* Gives the file its mode and its times; false with errno. */
static bool
finish_file(const struct sink *k, int fd, const struct scp_record *r, bool is_new)
{
	if (k->s->is_preserve) {
		if (fchmod(fd, r->mode & 07777) == -1)
			return false;
	} else if (is_new && fchmod(fd, r->mode & 0777 & ~k->mask) == -1) {
		return false;
	}
	return !k->has_times || futimens(fd, k->times) == 0;
}

static void
take_file(struct sink *k, const char *path, const struct scp_record *r)
{
	struct stat st;
	bool is_new = stat(path, &st) == -1, is_there;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, (r->mode & 0777) | S_IWUSR);
	int failed;

	if (fd == -1) {
		scp_error(k->s, k->f, "%s: %s", path, strerror(errno));
		k->has_times = false;
		return;
	}
	is_there = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	acknowledge(k);
	meter_begin(&k->s->meter, path, r->size, 0);
	failed = take_bytes(k, fd, r->size);
	meter_end(&k->s->meter);
	if (failed == 0 && is_there && ftruncate(fd, (off_t)r->size) == -1)
		failed = errno;
	/* The source says whether all of that was the file's. */
	(void)scp_response(k->s, k->f);
	if (failed == 0 && is_there && !finish_file(k, fd, r, is_new))
		failed = errno;
	if (close(fd) == -1 && failed == 0)
		failed = errno;
	k->has_times = false;
	if (failed != 0)
		scp_error(k->s, k->f, "%s: %s", path, strerror(failed));
	else
		acknowledge(k);
}

static void take_all(struct sink *k, const char *target, bool into, unsigned depth);

static void
take_folder(struct sink *k, const char *path, const struct scp_record *r, unsigned depth)
{
	struct stat st;
	bool is_there = stat(path, &st) == 0, has_times = k->has_times;
	struct timespec times[2] = { k->times[0], k->times[1] };

	k->has_times = false;
	if (depth >= DEPTH_MAX)
		screwed_up(k, "folders too deep");
	if (is_there && !S_ISDIR(st.st_mode)) {
		scp_error(k->s, k->f, "%s: %s", path, strerror(ENOTDIR));
		return;
	}
	if (!is_there && mkdir(path, (r->mode & 0777) | S_IRWXU) == -1) {
		scp_error(k->s, k->f, "%s: %s", path, strerror(errno));
		return;
	}
	acknowledge(k);
	take_all(k, path, true, depth + 1);
	if (has_times && utimensat(AT_FDCWD, path, times, 0) == -1)
		scp_error(k->s, NULL, "%s: set times: %s", path, strerror(errno));
	if ((k->s->is_preserve || !is_there) &&
	    chmod(path, k->s->is_preserve ? r->mode & 07777 : r->mode & 0777 & ~k->mask) == -1)
		scp_error(k->s, NULL, "%s: set mode: %s", path, strerror(errno));
}

/* A message of the other side's: printed; a fatal one ends this. */
static void
take_message(struct sink *k, char kind)
{
	char line[SCP_LINE + 1];
	struct span text = span_skip(read_line(k, line, kind), 1);

	k->s->errors++;
	if (!k->s->is_remote)
		far_print(stderr, "%.*s\n", (int)text.len, (const char *)text.p);
	if (kind == '\002') {
		(void)far_end(k->f);
		exit(1);
	}
}

/* Takes one record of a line that is none of E. */
static void
take_record(struct sink *k, struct span line, const char *target, bool into, unsigned depth)
{
	struct scp_record r;
	enum err e = scp_record_get(line, &r);
	char *name, *path;

	if (e == ERR_DENIED)
		screwed_up(k, "unexpected filename");
	if (e != ERR_OK)
		screwed_up(k, "not a record of a file");
	if (r.kind == 'T') {
		k->has_times = k->s->is_preserve;
		k->times[0] = (struct timespec){ .tv_sec = (time_t)r.atime };
		k->times[1] = (struct timespec){ .tv_sec = (time_t)r.mtime };
		acknowledge(k);
		return;
	}
	if (r.kind == 'D' && !k->s->is_recursive)
		screwed_up(k, "received directory without -r");
	if (depth == 0 && k->asked != NULL && !scp_is_asked_for(r.name, k->asked))
		screwed_up(k, "filename does not match request");
	name = far_must(span_dup_str(r.name));
	path = into ? far_must(sftp_path_join(target, name)) : far_strdup(target);
	if (r.kind == 'C') {
		take_file(k, path, &r);
	} else {
		take_folder(k, path, &r, depth);
	}
	free(path);
	free(name);
}

/* Takes files up to the end of the folder, or of the connection. */
static void
take_all(struct sink *k, const char *target, bool into, unsigned depth)
{
	for (;;) {
		char line[SCP_LINE + 1], kind;
		struct span s;

		if (!far_read(k->f, &kind, 1)) {
			if (depth > 0)
				scp_lost(k->s, k->f);
			return;
		}
		if (kind == '\001' || kind == '\002') {
			take_message(k, kind);
			continue;
		}
		if (kind == '\n')
			screwed_up(k, "unexpected <newline>");
		s = read_line(k, line, kind);
		if (kind == 'E') {
			if (depth == 0)
				screwed_up(k, "end of a folder that did not begin");
			acknowledge(k);
			return;
		}
		take_record(k, s, target, into, depth);
	}
}

void
scp_sink(struct scp *s, struct far *f, const char *target, const char *asked)
{
	struct sink k = { .s = s, .f = f, .asked = s->is_unchecked ? NULL : asked };
	struct stat st;
	bool into = stat(target, &st) == 0 && S_ISDIR(st.st_mode);

	k.buf = far_must(malloc(BLOCK));
	k.mask = umask(0);
	(void)umask(s->is_preserve ? 0 : k.mask);
	if (s->wants_folder && !into) {
		scp_error(s, f, "%s: %s", target, strerror(ENOTDIR));
		if (s->is_remote)
			exit(1);
	} else {
		acknowledge(&k);
		take_all(&k, target, into, 0);
	}
	(void)umask(k.mask);
	free(k.buf);
}
