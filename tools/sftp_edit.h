/* SPDX-License-Identifier: ISC */
/*
 * tools/sftp_edit.h - lines of a terminal with editing and a history, where configure has
 * found libedit. Without it there is no editor, and lines are read as the terminal gives them.
 */
#ifndef TOOLS_SFTP_EDIT_H
#define TOOLS_SFTP_EDIT_H

#include <stdbool.h>

struct editor;

/* Makes an editor on standard input and output; NULL if there is none. */
struct editor *editor_new(void);

/*
 * Asks for a line: without its newline, valid until the next call. NULL at the end, or when
 * a signal has come (errno is EINTR).
 */
const char *editor_line(struct editor *e);

/* Frees it, and puts the terminal in order. NULL is fine. */
void editor_free(struct editor *e);

#endif
