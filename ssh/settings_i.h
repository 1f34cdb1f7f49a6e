/* SPDX-License-Identifier: ISC */
/*
 * ssh/settings_i.h - the insides of settings, for ssh/settings*.c only:
 * settings_read.c reads options and files, settings.c makes of them what
 * counts.
 */
#ifndef SSH_SETTINGS_I_H
#define SSH_SETTINGS_I_H

#include "ssh/settings.h"

#define ADDRESSES_MAX	256		/* of this machine, for Match localnetwork */

/* What the callbacks of the config code need. */
struct loading {
	struct settings *s;
	struct log *log;
	struct ssh_input in;
	bool checks_modes;		/* the user's own files are being read */
	struct address addresses[ADDRESSES_MAX];
};

/* Sets up the callbacks, and what is known before anything has been read. ERR_NOMEM. */
enum err loading_begin(struct loading *l, const struct options *o);

/* Takes the lines that flags stand for. What is wrong is told. */
enum err loading_options(struct loading *l, const struct options *o);

/* Reads the user's and the system's file, or the one of -F. What is wrong is told. */
enum err loading_files(struct loading *l, const struct options *o);

#endif
