/* SPDX-License-Identifier: ISC */
#include "tools/far.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/process.h"

/* --- words --- */

void *
far_must(void *p)
{
	if (p == NULL) {
		fprintf(stderr, "%s\n", err_text(ERR_NOMEM));
		exit(1);
	}
	return p;
}

char *
far_strdup(const char *s)
{
	return far_must(strdup(s));
}

void
words_add(struct words *w, const char *fmt, ...)
{
	char *word = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&word, fmt, ap) == -1)
		word = NULL;
	va_end(ap);
	w->v = far_must(realloc(w->v, (w->n + 2) * sizeof(*w->v)));
	w->v[w->n++] = far_must(word);
	w->v[w->n] = NULL;
}

void
words_add_all(struct words *w, const struct words *more)
{
	for (size_t i = 0; i < more->n; i++)
		words_add(w, "%s", more->v[i]);
}

void
words_add_split(struct words *w, const char *line)
{
	struct span rest = span_str(line), part;

	while (span_token(&rest, ' ', &part))
		if (part.len > 0)
			words_add(w, "%.*s", (int)part.len, (const char *)part.p);
}

void
words_free(struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->v[i]);
	free(w->v);
	*w = (struct words){ .n = 0 };
}

/* --- rate --- */

void
rate_take(struct rate *r, size_t n)
{
	uint64_t now, due;

	if (r == NULL || r->bits_per_second == 0)
		return;
	now = clock_monotonic_usec();
	if (r->began == 0)
		r->began = now;
	r->bytes += n;
	/* What was not used for a second is gone. */
	due = r->bytes * 8 * 1000000 / r->bits_per_second;
	if (now - r->began > due + 1000000) {
		r->began = now;
		r->bytes = n;
		due = (uint64_t)n * 8 * 1000000 / r->bits_per_second;
	}
	if (r->began + due > now) {
		uint64_t wait = r->began + due - now;
		struct timespec t = { (time_t)(wait / 1000000), (long)(wait % 1000000 * 1000) };

		(void)nanosleep(&t, NULL);
	}
}

/* --- running --- */

const char *
far_ssh(void)
{
	return access(BIN_DIR "/ssh", X_OK) == 0 ? BIN_DIR "/ssh" : "ssh";
}

/* The program in PATH, malloc'ed; NULL: there is none, and one of that name in the folder we are in is not meant. */
static char *
find(const char *name)
{
	const char *path = getenv("PATH");
	struct span rest = span_str(path == NULL ? "/usr/bin:/bin" : path), part;
	char *found;

	if (strchr(name, '/') != NULL)
		return far_strdup(name);
	while (span_token(&rest, ':', &part)) {
		if (asprintf(&found, "%.*s/%s", part.len == 0 ? 1 : (int)part.len,
		    part.len == 0 ? "." : (const char *)part.p, name) == -1)
			found = far_must(NULL);
		if (access(found, X_OK) == 0)
			return found;
		free(found);
	}
	errno = ENOENT;
	return NULL;
}

bool
far_start(struct far *f, const struct words *argv, bool takes_interrupts)
{
	int to[2] = { -1, -1 }, from[2] = { -1, -1 };
	char *path = find(argv->v[0]);
	bool ok = path != NULL && pipe2(to, O_CLOEXEC) == 0 && pipe2(from, O_CLOEXEC) == 0;

	f->in = f->out = -1;
	f->pid = 0;
	if (ok) {
		struct process_fd fds[] = { { to[0], 0 }, { from[1], 1 }, { 2, 2 } };
		struct process_job job = process_job(path, argv->v);

		job.fds = fds;
		job.n_fds = COUNT(fds);
		job.ignores_interrupt = !takes_interrupts;
		ok = process_start(&job, &f->pid) == ERR_OK;
	}
	if (!ok) {
		f->pid = 0;
		far_print(stderr, "exec: %s: %s\n", argv->v[0], strerror(errno));
	}
	free(path);
	if (to[0] != -1)
		close(to[0]);
	if (from[1] != -1)
		close(from[1]);
	if (!ok && to[1] != -1)
		close(to[1]);
	if (!ok && from[0] != -1)
		close(from[0]);
	if (!ok)
		return false;
	f->out = to[1];
	f->in = from[0];
	/* Larger pipes are fewer turns of two processes. */
	(void)fcntl(f->out, F_SETPIPE_SZ, 1024 * 1024);
	(void)fcntl(f->in, F_SETPIPE_SZ, 1024 * 1024);
	(void)fcntl(f->out, F_SETFL, O_NONBLOCK);
	(void)fcntl(f->in, F_SETFL, O_NONBLOCK);
	return true;
}

bool
far_start_between(struct far *f, const struct words *argv, struct far *other)
{
	char *path = find(argv->v[0]);
	struct process_fd fds[] = { { other->in, 0 }, { other->out, 1 }, { 2, 2 } };
	struct process_job job = process_job(path, argv->v);
	bool ok;

	(void)fcntl(other->in, F_SETFL, 0);
	(void)fcntl(other->out, F_SETFL, 0);
	job.fds = fds;
	job.n_fds = COUNT(fds);
	f->in = f->out = -1;
	ok = path != NULL && process_start(&job, &f->pid) == ERR_OK;
	if (!ok) {
		f->pid = 0;
		far_print(stderr, "exec: %s: %s\n", argv->v[0], strerror(errno));
	}
	free(path);
	close(other->in);
	close(other->out);
	other->in = other->out = -1;
	return ok;
}

/* Whether signals have asked for the end often enough. */
static bool
is_over(const struct far *f)
{
	return f->interrupts != NULL && *f->interrupts >= f->patience;
}

int
far_end(struct far *f)
{
	int status;

	if (f->out != -1)
		close(f->out);
	if (f->in != -1)
		close(f->in);
	f->in = f->out = -1;
	if (f->pid <= 0)
		return 255;
	if (is_over(f))
		(void)kill(f->pid, SIGTERM);
	while (waitpid(f->pid, &status, 0) == -1)
		if (errno != EINTR || is_over(f))
			return 255;
	f->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

/* --- bytes --- */

/* Waits for either; false when interrupts have ended the waiting. */
static bool
wait_for(const struct far *f, bool to_read, bool to_write)
{
	struct pollfd p[2] = { { .fd = to_read ? f->in : -1, .events = POLLIN },
	    { .fd = to_write ? f->out : -1, .events = POLLOUT } };

	/* A signal may come just before poll(2) begins. */
	return (poll(p, 2, 1000) != -1 || errno == EINTR) && !is_over(f);
}

size_t
far_read_some(struct far *f, void *buf, size_t len)
{
	for (;;) {
		ssize_t n = is_over(f) ? 0 : read(f->in, buf, len);

		if (n == -1 && (errno == EINTR || errno == EAGAIN)) {
			if (!wait_for(f, true, false))
				return 0;
			continue;
		}
		if (n <= 0)
			return 0;
		rate_take(f->rate, (size_t)n);
		return (size_t)n;
	}
}

bool
far_read(struct far *f, void *buf, size_t len)
{
	uint8_t *p = buf;

	while (len > 0) {
		size_t n = far_read_some(f, p, len);

		if (n == 0)
			return false;
		p += n;
		len -= n;
	}
	return true;
}

bool
far_write(struct far *f, const void *buf, size_t len)
{
	const uint8_t *p = buf;

	while (len > 0) {
		ssize_t n = is_over(f) ? 0 : write(f->out, p, len);

		if (n == -1 && (errno == EINTR || errno == EAGAIN)) {
			if (!wait_for(f, false, true))
				return false;
			continue;
		}
		if (n <= 0)
			return false;
		rate_take(f->rate, (size_t)n);
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/* A limited rate is kept in small steps. */
static size_t
step(const struct far *f, size_t len)
{
	return f->rate != NULL && f->rate->bits_per_second != 0 && len > 16384 ? 16384 : len;
}

static enum err
move(void *arg, bool wait, struct span out, size_t *sent, struct room in, size_t *received)
{
	struct far *f = arg;
	ssize_t n;

	for (;;) {
		if (is_over(f))
			return ERR_CLOSED;
		/* First what has come, so that whoever waits for us to read goes on. */
		n = in.len == 0 ? -2 : read(f->in, in.p, step(f, in.len));
		if (n == 0 || (n == -1 && errno != EINTR && errno != EAGAIN))
			return ERR_CLOSED;
		if (n > 0)
			*received = (size_t)n;
		n = out.len == 0 ? -2 : write(f->out, out.p, step(f, out.len));
		if (n == -1 && errno != EINTR && errno != EAGAIN && *received == 0)
			return ERR_CLOSED;
		if (n > 0)
			*sent = (size_t)n;
		rate_take(f->rate, *sent + *received);
		if (!wait || *sent > 0 || *received > 0)
			return ERR_OK;
		if (!wait_for(f, in.len > 0, out.len > 0))
			return ERR_CLOSED;
	}
}

struct sftp_transport
far_transport(struct far *f)
{
	return (struct sftp_transport){ move, f };
}

bool
far_client(struct far *f, struct sftp_client **out, const char *prefix)
{
	struct sftp_transport t = far_transport(f);
	enum err e = sftp_client_new(out, &t);

	if (e == ERR_OK)
		e = sftp_client_start(*out);
	if (e == ERR_OK)
		return true;
	if (e == ERR_CLOSED)
		fprintf(stderr, "%sConnection closed\n", prefix);
	else if (e == ERR_LIMIT)
		fprintf(stderr, "%sReceived message too long %u\n"
		    "%sEnsure the remote shell produces no output for non-interactive sessions.\n",
		    prefix, sftp_client_length(*out), prefix);
	else if (e == ERR_UNSUPPORTED)
		fprintf(stderr, "%sUnsupported server: SFTP version %u\n", prefix, sftp_client_version(*out));
	else
		fprintf(stderr, "%sCouldn't initialise connection to server: %s\n", prefix, err_text(e));
	sftp_client_free(*out);
	*out = NULL;
	return false;
}
