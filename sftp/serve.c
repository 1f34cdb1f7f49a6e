/* SPDX-License-Identifier: ISC */
#include "sftp/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sftp/accounts.h"

/* A whole packet fits wherever it begins, and some more. */
#define INPUT_SIZE	(2 * (SFTP_MAX_PACKET + 4))

/* Descriptors that are not for handles: the standard ones and one for the log and its like each. */
#define FILES_OF_OURS	5

struct serve {
	struct sftp_server *server;
	const struct log *log;
	int in, out;
	uint8_t *input;
	size_t len;		/* of input */
	bool at_end;		/* nothing more will come in */
	bool is_broken;		/* nothing more can be said */
};

/* Handles as limits@openssh.com has them: what the system allows, less our own. */
static size_t
max_handles(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1 || r.rlim_cur <= FILES_OF_OURS)
		return 1;
	return r.rlim_cur > SFTP_HANDLES_MAX ? SFTP_HANDLES_MAX : (size_t)r.rlim_cur - FILES_OF_OURS;
}

/* Whether the error of a read or write only says to come again. */
static bool
is_later(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* Sends what waits, as far as it goes. */
static void
send_some(struct serve *s)
{
	struct span output = sftp_server_output(s->server);

	while (output.len > 0 && !s->is_broken) {
		ssize_t n = write(s->out, output.p, output.len);

		if (n == -1 && is_later())
			return;
		if (n == -1) {
			s->is_broken = true;
			return;
		}
		sftp_server_sent(s->server, (size_t)n);
		output = sftp_server_output(s->server);
	}
}

static void
receive_some(struct serve *s)
{
	ssize_t n = s->len == INPUT_SIZE ? 0 : read(s->in, s->input + s->len, INPUT_SIZE - s->len);

	if (n > 0)
		s->len += (size_t)n;
	else if (s->len < INPUT_SIZE && (n == 0 || !is_later()))
		s->at_end = true;
}

/* Serves what has come; whether anything was. */
static enum err
serve_some(struct serve *s, bool *moved)
{
	size_t used;
	enum err e = sftp_server_take(s->server, span_of(s->input, s->len), (int64_t)time(NULL), &used);

	*moved = used > 0;
	if (used > 0) {
		s->len -= used;
		memmove(s->input, s->input + used, s->len);
	}
	return e;
}

/* Waits until something can be done. Nobody who would read an answer: nothing can. */
static void
wait_some(struct serve *s)
{
	bool has_output = sftp_server_output(s->server).len > 0;
	bool takes = !s->at_end && s->len < INPUT_SIZE && !sftp_server_is_full(s->server);
	struct pollfd p[2] = { { .fd = takes ? s->in : -1, .events = POLLIN },
		{ .fd = s->out, .events = has_output ? POLLOUT : 0 } };

	if (poll(p, 2, -1) > 0 && (p[1].revents & (POLLERR | POLLHUP | POLLNVAL)) && !(p[0].revents & POLLIN))
		s->is_broken = true;
}

/* Until the input ends and all is answered; the exit status. */
static int
run(struct serve *s)
{
	bool moved;

	while (!s->is_broken) {
		bool was_full = sftp_server_is_full(s->server);

		if (serve_some(s, &moved) != ERR_OK) {
			send_some(s);	/* what was right before */
			return 255;
		}
		send_some(s);
		/* Requests that have come already may wait for nothing but the answers before them to go. */
		if (moved || s->is_broken || (was_full && !sftp_server_is_full(s->server)))
			continue;
		if (s->at_end && sftp_server_output(s->server).len == 0)
			break;
		wait_some(s);
		if (!sftp_server_is_full(s->server))
			receive_some(s);
	}
	if (s->at_end && s->len > 0 && !s->is_broken)
		log_debug(s->log, "the last message is not whole");
	return 0;
}

/* Makes a descriptor wait for nothing; what it was, or -1. */
static int
unblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags != -1)
		(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	return flags;
}

static void
restore(int fd, int flags)
{
	if (flags != -1)
		(void)fcntl(fd, F_SETFL, flags);
}

/* -d and -u. */
static enum err
settle(const struct sftp_options *o, const struct sftp_who *who, const struct log *log)
{
	SCOPED(writer_free) struct writer path = writer_init(SFTP_PATH_SIZE);
	enum err e;

	if (o->has_umask)
		(void)umask(o->umask);
	if (o->directory == NULL)
		return ERR_OK;
	e = sftp_options_directory(o, who->user, who->home, who->uid, &path);
	if (e != ERR_OK) {
		log_fatal(log, "start directory \"%s\": %s", o->directory, err_text(e));
		return e;
	}
	/* As in OpenSSH: then it starts where it is. */
	if (chdir((const char *)path.p) == -1)
		log_error(log, "chdir to \"%s\" failed: %s", (const char *)path.p, strerror(errno));
	return ERR_OK;
}

int
sftp_serve(const struct sftp_options *o, const struct sftp_who *who, const struct log *log, int in, int out)
{
	struct sftp_accounts accounts = { .user = who->user, .home = who->home };
	struct sftp_server_setup setup = { .fs = &sftp_fs_system, .names = &sftp_accounts_names,
		.names_arg = &accounts, .log = log, .policy = o->policy, .max_handles = max_handles(),
		.user = who->user, .client = who->client };
	struct serve s = { .log = log, .in = in, .out = out, .input = malloc(INPUT_SIZE) };
	int in_flags, out_flags, status;

	/* Nobody who reads, or a file larger than the limit: that is an error of a call, and no end. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	if (settle(o, who, log) != ERR_OK || s.input == NULL || sftp_server_new(&s.server, &setup) != ERR_OK) {
		free(s.input);
		return 255;
	}
	in_flags = unblock(in);
	out_flags = unblock(out);
	status = run(&s);
	restore(out, out_flags);
	restore(in, in_flags);
	sftp_server_free(s.server);
	sftp_accounts_free(&accounts);
	free(s.input);
	return status;
}
