/* SPDX-License-Identifier: ISC */
/*
 * sshd/wire.h - the process that speaks the protocol: one a connection, for
 * all of its life.
 */
#ifndef SSHD_WIRE_H
#define SSHD_WIRE_H

/* The hidden command line: sshd --wire UID, and room for a title. */
#define WIRE_FLAG	"--wire"
#define WIRE_TITLE_ROOM	"                                "

/* Where it finds its ipc to the guard. */
#define WIRE_FD		3

/* All of the process; returns its exit status. */
int wire_main(int argc, char **argv);

#endif
