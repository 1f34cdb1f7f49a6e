/* SPDX-License-Identifier: ISC */
/*
 * sshd/listener.h - the process that listens: one a server, for all its life.
 *
 * It never parses a byte from the network. Once it runs, a wrong config or a
 * full system does not end it.
 */
#ifndef SSHD_LISTENER_H
#define SSHD_LISTENER_H

#include "os/log.h"
#include "os/net.h"
#include "sshd/host_keys.h"
#include "sshd/load.h"
#include "sshd/options.h"
#include "sshd/title.h"

struct listener_input {
	const struct sshd_options *options;
	const char *config_file;
	struct log *log;
	int self_fd;			/* the program's own file */
	struct title *title;
	struct loaded loaded;		/* the listener's from here on, as are the keys */
	struct host_keys keys;
	struct net_given given;		/* listens on these, and not where the config says */
	char *command;			/* the command line, for the title */
};

/* All of the process; returns its exit status. */
int listener_run(struct listener_input *in);

#endif
