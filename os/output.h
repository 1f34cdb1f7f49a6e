/* SPDX-License-Identifier: ISC */
/*
 * os/output.h - runs a program for what it prints: in a bounded time, in
 * bounded space, and with nothing of ours but what the job says.
 *
 * Its standard input and error are /dev/null. It leads a session of its own;
 * when the time is over, or nobody waits for the answer any more, everything
 * in its process group is killed.
 */
#ifndef OS_OUTPUT_H
#define OS_OUTPUT_H

#include "base/clock.h"
#include "base/writer.h"
#include "os/process.h"

struct output_job {
	int exec_fd;			/* as in struct process_job */
	const char *path;
	char *const *argv;
	char *const *envp;
	const struct process_user *user;
	msec timeout;
	int abort_fd;			/* its peer's hanging up ends the wait; -1: none */
};

/*
 * Runs it to its end; what it printed is in w, whose limit applies. ERR_OK
 * only if it ended by itself with status 0. ERR_SYSTEM with errno: it could
 * not be started; ERR_DENIED: another status (*status, as of waitpid(2));
 * ERR_TIMEOUT; ERR_LIMIT: it printed too much; ERR_CLOSED: abort_fd.
 */
enum err output_of(const struct output_job *job, struct writer *w, int *status);

#endif
