/* SPDX-License-Identifier: ISC */
/*
 * os/sandbox.h - giving up what a process will not need again.
 *
 * A process lists its allowed system calls in a table at the top of its file;
 * docs/PRIVSEP.md is tested against the same table. Everything else kills the
 * process, or fails with EPERM where the table says so.
 */
#ifndef OS_SANDBOX_H
#define OS_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "base/err.h"

enum sandbox_verdict {
	SANDBOX_ALLOW,
	SANDBOX_DENY,		/* fails with EPERM, the process goes on */
};

struct sandbox_call {
	const char *name;
	long number;
	enum sandbox_verdict verdict;
	bool is_option;		/* only with these as its second and third argument */
	int level, option;
};

/* A row of the table: CALL(read). */
#define SANDBOX_CALL(name)	{ #name, SYS_##name, SANDBOX_ALLOW, false, 0, 0 }

/* A row for setsockopt(2) of one option; others go by the rows behind it. */
#define SANDBOX_OPTION(level, option)	{ "setsockopt", SYS_setsockopt, SANDBOX_ALLOW, true, level, option }

/* A row for a call that libraries try and that may fail. */
#define SANDBOX_REFUSE(name)	{ #name, SYS_##name, SANDBOX_DENY, false, 0, 0 }

/*
 * Allows the calls of the table and nothing else, in this process and all
 * that it starts. Sets no_new_privs first. ERR_UNSUPPORTED where the kernel
 * has no seccomp (the caller decides whether to go on), ERR_SYSTEM.
 * In a build with sanitizers it only sets no_new_privs.
 */
enum err sandbox_calls(const struct sandbox_call *calls, size_t n);

/* Sets no_new_privs. ERR_SYSTEM. */
enum err sandbox_no_new_privs(void);

/*
 * Makes the root directory an empty one that no one can put anything in: a
 * directory made in the first place where that works, then removed. Needs
 * root. Falls back to an empty directory of the system's. ERR_SYSTEM.
 */
enum err sandbox_empty_root(void);

/* Descriptors that a process may have: three a channel, and some. */
#define SANDBOX_FILES	4096

/* Forbids new files to grow, new processes, and core files; allows SANDBOX_FILES if the system does. */
void sandbox_limits(void);

#endif
