/* SPDX-License-Identifier: ISC */
/*
 * sshd/options.h - sshd's command line.
 *
 * Flags that stand for config keywords (-h, -g, -4 ...) become options of
 * the config, which count before the file.
 */
#ifndef SSHD_OPTIONS_H
#define SSHD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Ports that -p may name. */
#define SSHD_PORTS_MAX	64

/* What to do. */
enum sshd_task {
	SSHD_SERVE,
	SSHD_TEST,		/* -t: config and host keys, nothing else */
	SSHD_DUMP,		/* -T: that, and print the config */
	SSHD_DUMP_ONLY,		/* -G: print the config */
	SSHD_EXPLAIN,		/* --explain: what a login would come to */
	SSHD_VERSION,		/* -V */
};

struct sshd_options {
	enum sshd_task task;
	const char *config_file;	/* -f; NULL: the default one */
	const char *log_file;		/* -E */
	bool log_to_stderr;		/* -e, -d */
	bool foreground;		/* -D, -d */
	bool quiet;			/* -q */
	bool inetd;			/* -i */
	unsigned debug;			/* -d, up to three times: one connection, then the end */
	const char **config;		/* "Keyword value", owned, with their strings */
	size_t n_config;
	uint16_t ports[SSHD_PORTS_MAX];	/* -p: these, and not those of the file */
	size_t n_ports;
	const char **facts;		/* -C */
	size_t n_facts;
	const char *key_file;		/* -k, with --explain; NULL: none */
	bool is_owned;			/* by sshd_options_own() */
};

/*
 * Takes argv apart, and borrows from it. ERR_SYNTAX if it makes no sense (usage has been printed),
 * ERR_NOMEM.
 */
enum err sshd_options_parse(struct sshd_options *out, int argc, char **argv);

/* Copies what was borrowed from argv. ERR_NOMEM. */
enum err sshd_options_own(struct sshd_options *o);

/* Frees it. NULL is fine. */
void sshd_options_free(struct sshd_options *o);

#endif
