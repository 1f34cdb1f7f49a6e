/* SPDX-License-Identifier: ISC */
/*
 * os/process.h - starting processes with exactly the descriptors they need.
 */
#ifndef OS_PROCESS_H
#define OS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* One descriptor of the new process: child number `to` is a copy of `from`. */
struct process_fd {
	int from;
	int to;
};

/* Whom the new process is to be, for good. */
struct process_user {
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t n_groups;
};

struct process_job {
	int exec_fd;			/* the program as a descriptor, or -1 ... */
	const char *path;		/* ... then by its path */
	char *const *argv;
	char *const *envp;		/* NULL: as here */
	const struct process_fd *fds;	/* everything else is closed */
	size_t n_fds;
	const char *directory;		/* working directory, or NULL */
	bool new_session;		/* setsid(2) */
	bool new_group;			/* a process group of its own */
	int tty_fd;			/* controlling terminal (with new_session), or -1 */
	bool ignores_interrupt;		/* SIGINT of the terminal is for this process alone */
	bool dies_with_parent;		/* SIGKILL when the starting thread ends */
	int rlimit_core;		/* 0: no core files; -1: as here */
	uint64_t rlimit_files;		/* for process_limit_files(); 0: as here */
	const struct process_user *user;	/* NULL: as here */
};

/* A job with nothing but its program: fill in the rest. */
struct process_job process_job(const char *path, char *const *argv);

/*
 * Starts the job; *pid is the new process. Signals are as at the start of a
 * program in it: nothing blocked, SIGPIPE as default. Returns ERR_SYSTEM with
 * errno if fork or exec failed (exec errors are seen here, not in a child).
 */
enum err process_start(const struct process_job *job, pid_t *pid);

/*
 * Opens /dev/null as each of the descriptors 0, 1 and 2 that is closed: no file
 * or socket opened later may pass for somebody's standard error.
 */
void process_fill_standard(void);

/*
 * As fork(2), but the new process is a child of this one's parent, who reaps
 * it. *pidfd in this process: a descriptor of it, close-on-exec; -1 if the
 * kernel has none (before 5.2). Only for a process without threads.
 */
pid_t process_fork_sibling(int *pidfd);

/*
 * Opens this program's own file, to start it again later whatever happens to
 * its name. ERR_SYSTEM.
 */
enum err process_open_self(int *fd);

/*
 * Asks for SIGKILL when the parent dies; parent is its pid as known before,
 * so that a parent that is dead already counts. To be called again after a
 * change of ids, which the kernel forgets it on.
 */
void process_die_with_parent(pid_t parent);

/*
 * Raises the soft limit of open files to the hard one, up to what this process
 * can want; returns what it was, for process_limit_files() in those it starts:
 * programs that use select(2) must not get higher numbers than they know.
 */
uint64_t process_raise_files(void);

/* Sets the soft limit of open files; 0: leaves it. */
void process_limit_files(uint64_t files);

/*
 * Forbids ptrace by the same uid, and core files, but not those of programs
 * that it starts.
 */
void process_not_traceable(void);

/* Forbids core files and ptrace by the same uid. */
void process_hide_memory(void);

/*
 * Closes every descriptor above 2 that is not among the n of keep (-1 is no
 * descriptor): for a process that goes on without exec after a fork.
 */
void process_close_others(const int *keep, size_t n);

/* Signal name without "SIG" as RFC 4254 6.10 has it ("TERM"); NULL: none. */
const char *process_signal_name(int signo);

/* The signal of that name; 0 if there is none. */
int process_signal_number(const char *name, size_t len);

#endif
