/* SPDX-License-Identifier: ISC */
#include "os/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/clock.h"

/* How often a program that has closed its output is looked at. */
#define END_MSEC	20

/* Starts it, with *fd as our end of its output. */
static enum err
start(const struct output_job *job, pid_t *pid, int *fd)
{
	struct process_job p = process_job(job->path, job->argv);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int pipe_fd[2] = { -1, -1 };
	enum err e = ERR_SYSTEM;

	if (null != -1 && pipe2(pipe_fd, O_CLOEXEC) == 0) {
		struct process_fd fds[] = { { null, 0 }, { pipe_fd[1], 1 }, { null, 2 } };

		p.exec_fd = job->exec_fd;
		p.envp = job->envp;
		p.fds = fds;
		p.n_fds = COUNT(fds);
		p.directory = "/";
		p.new_session = true;
		p.dies_with_parent = true;
		p.rlimit_core = 0;
		p.user = job->user;
		e = process_start(&p, pid);
	}
	if (null != -1)
		close(null);
	if (pipe_fd[1] != -1)
		close(pipe_fd[1]);
	if (e != ERR_OK && pipe_fd[0] != -1)
		close(pipe_fd[0]);
	*fd = pipe_fd[0];
	return e;
}

/* Waits until there is something to read (fd -1: for the time alone). */
static enum err
wait_for(const struct output_job *job, int fd, msec until)
{
	struct pollfd p[] = { { .fd = fd, .events = POLLIN }, { .fd = job->abort_fd, .events = POLLRDHUP } };

	for (;;) {
		msec now = clock_boot();
		int n;

		if (now >= until)
			return ERR_TIMEOUT;
		n = poll(p, COUNT(p), until - now > 1000 ? 1000 : (int)(until - now));
		if (n == -1 && errno != EINTR)
			return ERR_SYSTEM;
		if (n <= 0)
			continue;
		if (p[1].revents != 0)
			return ERR_CLOSED;
		if (p[0].revents != 0)
			return ERR_OK;
	}
}

/* Reads to the end of file. */
static enum err
read_all(const struct output_job *job, int fd, msec until, struct writer *w)
{
	uint8_t buf[16384];

	for (;;) {
		ssize_t n;

		TRY(wait_for(job, fd, until));
		n = read(fd, buf, sizeof(buf));
		if (n == 0)
			return ERR_OK;
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return ERR_SYSTEM;
		wr_raw(w, span_of(buf, (size_t)n));
		TRY(wr_end(w));
	}
}

/* Waits for the end of the program itself, which may come after that of its output. */
static enum err
reap(const struct output_job *job, pid_t pid, msec until, int *status, bool *is_reaped)
{
	for (;;) {
		pid_t got = waitpid(pid, status, WNOHANG);
		msec now = clock_boot();
		enum err e;

		if (got == pid) {
			*is_reaped = true;
			return ERR_OK;
		}
		if (got == -1 && errno != EINTR)
			return ERR_SYSTEM;
		if (now >= until)
			return ERR_TIMEOUT;
		e = wait_for(job, -1, now + END_MSEC < until ? now + END_MSEC : until);
		if (e != ERR_TIMEOUT)
			return e;
	}
}

enum err
output_of(const struct output_job *job, struct writer *w, int *status)
{
	msec until = clock_boot() + job->timeout;
	bool is_reaped = false;
	enum err e;
	pid_t pid;
	int fd;

	*status = 0;
	TRY(start(job, &pid, &fd));
	e = read_all(job, fd, until, w);
	close(fd);
	if (e == ERR_OK)
		e = reap(job, pid, until, status, &is_reaped);
	/* What it has left behind in its group, too. */
	(void)kill(-pid, SIGKILL);
	if (!is_reaped) {
		(void)kill(pid, SIGKILL);
		while (waitpid(pid, status, 0) == -1 && errno == EINTR)
			;
	}
	if (e == ERR_OK && *status != 0)
		e = ERR_DENIED;
	return e;
}
