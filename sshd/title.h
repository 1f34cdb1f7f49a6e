/* SPDX-License-Identifier: ISC */
/*
 * sshd/title.h - what ps(1) shows of a process of ours: "sshd: alice [priv]".
 *
 * The kernel shows the memory that argv was put in at exec; a title is written
 * over it. Forked processes have the same memory and set titles of their own.
 */
#ifndef SSHD_TITLE_H
#define SSHD_TITLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cc.h"

struct title {
	char *area;
	size_t size;
};

/*
 * Finds the memory behind argv and the environment (which is moved away: the
 * strings of argv must not be used any more, those of environ may).
 */
void title_init(struct title *t, int argc, char **argv);

/* Sets the title to "sshd: " and the text; nothing happens without memory for it. */
PRINTF(2, 3) void title_set(const struct title *t, const char *fmt, ...);

#endif
