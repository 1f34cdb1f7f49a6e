/* SPDX-License-Identifier: ISC */
/*
 * os/process_tree.h - a process and all that came of it.
 *
 * A process that adopts orphans stays the ancestor of everything that was
 * started below it, however it was started and whichever groups and sessions
 * it has made for itself since. So it can end all of them.
 *
 * Works by /proc; where that is not mounted nothing is found.
 */
#ifndef OS_PROCESS_TREE_H
#define OS_PROCESS_TREE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/* Makes this process the parent of descendants whose own parents have ended. ERR_SYSTEM. */
enum err process_adopt_orphans(void);

/*
 * Kills (SIGKILL) all descendants of the process root, but not itself, as far
 * as they are ours to kill. Those that start more meanwhile are followed.
 * pidfd is root as a descriptor, so that nothing is done in its name when it
 * has ended; -1 if it cannot (it is the caller itself, say). ERR_SYSTEM if
 * /proc cannot be read, ERR_LIMIT if they were faster, ERR_NOMEM.
 */
enum err process_kill_descendants(pid_t root, int pidfd);

#endif
