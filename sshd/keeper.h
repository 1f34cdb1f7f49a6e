/* SPDX-License-Identifier: ISC */
/*
 * sshd/keeper.h - the process above a session that an ephemeral key opened.
 *
 * The session runs as the user, who may kill it and so take away the ancestor
 * by which all that he has started is found (os/process_tree.h). The keeper is
 * above it and runs as the server does, so that the user of a server that runs
 * as root cannot kill him. He adopts what a dead session leaves behind: if it
 * was killed, or was ending by force, nothing of it lives on. What is left
 * when a user logs out is left to him, as with any session.
 *
 * He holds no descriptor and hears of nobody.
 */
#ifndef SSHD_KEEPER_H
#define SSHD_KEEPER_H

#include <sys/types.h>

#include "sshd/title.h"

/* Exit status of a session that has ended by force. */
#define KEEPER_BY_FORCE		77

/*
 * Makes this process a keeper and forks the session: 0 in it, which ends with
 * its keeper once it has called process_die_with_parent(); else its pid, or -1
 * with errno.
 */
pid_t keeper_fork(const struct title *title);

/* Keeps the session until its end, and does then what there is to do; an exit status. */
int keeper_run(pid_t session);

#endif
