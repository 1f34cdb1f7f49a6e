/* SPDX-License-Identifier: ISC */
/*
 * os/pty_modes.h - what the terminal modes of RFC 4254 8 are in a termios.
 */
#ifndef OS_PTY_MODES_H
#define OS_PTY_MODES_H

#include <termios.h>

#include "channels/pty_modes.h"

/* Takes all modes and both speeds from t. */
void pty_modes_from_termios(struct pty_modes *m, const struct termios *t);

/*
 * Puts the modes that are in m and exist here into t; the others stay as they
 * are. Speeds that do not exist here are left out.
 */
void pty_modes_to_termios(const struct pty_modes *m, struct termios *t);

#endif
