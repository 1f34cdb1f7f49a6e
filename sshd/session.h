/* SPDX-License-Identifier: ISC */
/*
 * sshd/session.h - the process that runs what the user wants, as the user:
 * one an authenticated connection.
 */
#ifndef SSHD_SESSION_H
#define SSHD_SESSION_H

#include "sshd/title.h"

/* Where it finds its ipc to the guard. */
#define SESSION_FD		3

/* All of the process, born of the nursery; returns its exit status. */
int session_run(const struct title *title);

#endif
