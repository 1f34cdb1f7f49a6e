/* SPDX-License-Identifier: ISC */
/*
 * sshd/session.h - the process that runs what the user wants, as the user:
 * one an authenticated connection.
 */
#ifndef SSHD_SESSION_H
#define SSHD_SESSION_H

/* The hidden command line: sshd --session, and room for a title. */
#define SESSION_FLAG		"--session"
#define SESSION_TITLE_ROOM	"                                                                "

/* Where it finds its ipc to the guard. */
#define SESSION_FD		3

/* All of the process; returns its exit status. */
int session_main(int argc, char **argv);

#endif
