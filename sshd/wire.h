/* SPDX-License-Identifier: ISC */
/*
 * sshd/wire.h - the process that speaks the protocol: one a connection, for
 * all of its life.
 */
#ifndef SSHD_WIRE_H
#define SSHD_WIRE_H

#include <stdint.h>

#include "sshd/title.h"

/* Where it finds its ipc to the guard. */
#define WIRE_FD		3

/* All of the process, born of the nursery; uid is who it becomes. Returns its exit status. */
int wire_run(const struct title *title, uint32_t uid);

#endif
