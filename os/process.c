/* SPDX-License-Identifier: ISC */
#include "os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/ids.h"

/* Above every descriptor number a job may ask for. */
#define HIGH_FD	64

/* Where close_range(2) is missing, each start tries so many. */
#define MOST_FILES	65536

extern char **environ;

struct process_job
process_job(const char *path, char *const *argv)
{
	return (struct process_job){ .exec_fd = -1, .path = path, .argv = argv,
	    .tty_fd = -1, .rlimit_core = -1 };
}

/* Moves a descriptor out of the way; -1 stays. False keeps it where it was. */
static bool
move_up(int *fd)
{
	int high;

	if (*fd == -1)
		return true;
	high = fcntl(*fd, F_DUPFD_CLOEXEC, HIGH_FD);
	if (high == -1)
		return false;
	*fd = high;
	return true;
}

/*
 * Brings the descriptors to their places: first all out of the way, then
 * down, so that no copy destroys a source. *report and *exec_fd move too.
 */
static bool
place_fds(const struct process_job *job, int *report, int *exec_fd, int *tty_fd)
{
	int high[16];
	int top = 0;

	if (job->n_fds > COUNT(high))
		return false;
	for (size_t i = 0; i < job->n_fds; i++) {
		high[i] = fcntl(job->fds[i].from, F_DUPFD, HIGH_FD);
		if (high[i] == -1)
			return false;
	}
	/* Each is needed if it is there: without it another program would run, or without its terminal. */
	if (!move_up(report) || !move_up(exec_fd) || !move_up(tty_fd))
		return false;
	for (size_t i = 0; i < job->n_fds; i++) {
		if (dup2(high[i], job->fds[i].to) == -1)
			return false;
		if (job->fds[i].to >= top)
			top = job->fds[i].to + 1;
		close(high[i]);
	}
	for (int fd = 0; fd < HIGH_FD; fd++) {
		bool wanted = false;

		for (size_t i = 0; i < job->n_fds; i++)
			wanted |= job->fds[i].to == fd;
		if (!wanted)
			close(fd);
	}
	/* What is left above are close-on-exec by the tree's rule; make sure. */
	(void)syscall(SYS_close_range, (unsigned)HIGH_FD, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
	return true;
}

/*
 * As in a new program: no signal is ignored, also not those that libc keeps
 * for itself (which whoever started us may have ignored); it refuses to touch
 * them, so the kernel is asked. Zeros are SIG_DFL on every architecture.
 */
static void
signals_to_default(void)
{
	static const char kernel_sigaction[64];

	for (int s = 1; s <= 64; s++)
		(void)syscall(SYS_rt_sigaction, s, kernel_sigaction, NULL, (size_t)8);
}

/* All that happens between fork and exec; only returns on failure. */
static void
child(const struct process_job *job, int report, pid_t parent)
{
	int exec_fd = job->exec_fd;
	int tty_fd = job->tty_fd;
	sigset_t none;

	if (!place_fds(job, &report, &exec_fd, &tty_fd))
		goto out;
	sigemptyset(&none);
	signals_to_default();
	if (job->ignores_interrupt)
		(void)signal(SIGINT, SIG_IGN);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (job->new_session && setsid() == -1)
		goto out;
	if (job->new_group && setpgid(0, 0) == -1)
		goto out;
	if (tty_fd != -1 && ioctl(tty_fd, TIOCSCTTY, 0) == -1)
		goto out;
	if (job->rlimit_core != -1) {
		struct rlimit r = { (rlim_t)job->rlimit_core, (rlim_t)job->rlimit_core };

		(void)setrlimit(RLIMIT_CORE, &r);
	}
	process_limit_files(job->rlimit_files);
	if (job->user != NULL && ids_become(job->user->uid, job->user->gid, job->user->groups,
	    job->user->n_groups) != ERR_OK)
		goto out;
	if (job->directory != NULL && chdir(job->directory) == -1)
		goto out;
	if (job->dies_with_parent)
		process_die_with_parent(parent);
	if (exec_fd != -1)
		(void)fexecve(exec_fd, job->argv, job->envp == NULL ? environ : job->envp);
	else
		(void)execve(job->path, job->argv, job->envp == NULL ? environ : job->envp);
out:
	if (report != -1) {
		int e = errno;

		(void)!write(report, &e, sizeof(e));
	}
	_exit(127);
}

enum err
process_start(const struct process_job *job, pid_t *pid)
{
	pid_t parent = getpid();
	int report[2];
	int child_errno = 0;
	ssize_t n;

	if (pipe2(report, O_CLOEXEC) == -1)
		return ERR_SYSTEM;
	*pid = fork();
	if (*pid == 0)
		child(job, report[1], parent);
	close(report[1]);
	if (*pid == -1) {
		int saved = errno;

		close(report[0]);
		errno = saved;
		return ERR_SYSTEM;
	}
	do
		n = read(report[0], &child_errno, sizeof(child_errno));
	while (n == -1 && errno == EINTR);
	close(report[0]);
	if (n != (ssize_t)sizeof(child_errno))
		return ERR_OK;
	while (waitpid(*pid, NULL, 0) == -1 && errno == EINTR)
		;
	*pid = -1;
	errno = child_errno;
	return ERR_SYSTEM;
}

#ifndef CLONE_PIDFD
#define CLONE_PIDFD	0x00001000
#endif

/* clone(2) as fork does it: the same stack, copied. */
static pid_t
clone_here(unsigned long flags, int *pidfd)
{
#if defined(__s390__) || defined(__CRIS__)	/* the stack comes first there */
	return (pid_t)syscall(SYS_clone, NULL, flags, pidfd, NULL, 0);
#else
	return (pid_t)syscall(SYS_clone, flags, NULL, pidfd, NULL, 0);
#endif
}

pid_t
process_fork_sibling(int *pidfd)
{
	pid_t pid;

	*pidfd = -1;
	pid = clone_here(CLONE_PARENT | CLONE_PIDFD | SIGCHLD, pidfd);
	if (pid == -1 && errno == EINVAL)
		pid = clone_here(CLONE_PARENT | SIGCHLD, NULL);
	return pid;
}

void
process_fill_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd != -1 && fd <= STDERR_FILENO);
	if (fd != -1)
		close(fd);
}

enum err
process_open_self(int *fd)
{
	*fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (*fd == -1)		/* no /proc: by the name it was started with */
		*fd = open((const char *)getauxval(AT_EXECFN), O_RDONLY | O_CLOEXEC);
	return *fd == -1 ? ERR_SYSTEM : ERR_OK;
}

void
process_die_with_parent(pid_t parent)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(255);
}

uint64_t
process_raise_files(void)
{
	struct rlimit r;
	uint64_t was;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1)
		return 0;
	was = r.rlim_cur;
	if (was < MOST_FILES) {
		r.rlim_cur = r.rlim_max < MOST_FILES ? r.rlim_max : MOST_FILES;
		(void)setrlimit(RLIMIT_NOFILE, &r);
	}
	return was;
}

void
process_limit_files(uint64_t files)
{
	struct rlimit r;

	if (files == 0 || getrlimit(RLIMIT_NOFILE, &r) == -1)
		return;
	r.rlim_cur = (rlim_t)files;
	(void)setrlimit(RLIMIT_NOFILE, &r);
}

void
process_not_traceable(void)
{
	(void)prctl(PR_SET_DUMPABLE, 0);
}

void
process_hide_memory(void)
{
	struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
	process_not_traceable();
}

/* Closes the descriptors first to last; last may be far beyond what is open. */
static void
close_between(unsigned first, unsigned last)
{
	struct rlimit r;

	if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
		return;
	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && last > r.rlim_cur)
		last = (unsigned)r.rlim_cur;
	for (unsigned fd = first; fd <= last; fd++)
		close((int)fd);
}

void
process_close_others(const int *keep, size_t n)
{
	int at = 2;

	for (;;) {
		int next = -1;		/* the lowest kept one above at */

		for (size_t i = 0; i < n; i++) {
			if (keep[i] > at && (next == -1 || keep[i] < next))
				next = keep[i];
		}
		close_between((unsigned)at + 1, next == -1 ? ~0U : (unsigned)next - 1);
		if (next == -1)
			return;
		at = next;
	}
}

static const struct {
	const char *name;
	int number;
} signal_names[] = {
	/* RFC 4254 6.10 */
	{ "ABRT", SIGABRT }, { "ALRM", SIGALRM }, { "FPE", SIGFPE },
	{ "HUP", SIGHUP }, { "ILL", SIGILL }, { "INT", SIGINT },
	{ "KILL", SIGKILL }, { "PIPE", SIGPIPE }, { "QUIT", SIGQUIT },
	{ "SEGV", SIGSEGV }, { "TERM", SIGTERM }, { "USR1", SIGUSR1 },
	{ "USR2", SIGUSR2 },
};

const char *
process_signal_name(int signo)
{
	for (size_t i = 0; i < COUNT(signal_names); i++) {
		if (signal_names[i].number == signo)
			return signal_names[i].name;
	}
	return NULL;
}

int
process_signal_number(const char *name, size_t len)
{
	for (size_t i = 0; i < COUNT(signal_names); i++) {
		if (strlen(signal_names[i].name) == len &&
		    memcmp(signal_names[i].name, name, len) == 0)
			return signal_names[i].number;
	}
	return 0;
}
