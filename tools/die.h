/* SPDX-License-Identifier: ISC */
/*
 * tools/die.h - how tools end that cannot do what they were asked to.
 */
#ifndef TOOLS_DIE_H
#define TOOLS_DIE_H

#include "base/cc.h"

/* Prints a line to standard error, behind all that was printed before, and exits with 255, as OpenSSH's tools do. */
NORETURN PRINTF(1, 2) void die(const char *fmt, ...);

#endif
