/* SPDX-License-Identifier: ISC */
/*
 * sshd/load.h - the config from its file, with what Include names.
 */
#ifndef SSHD_LOAD_H
#define SSHD_LOAD_H

#include "config/sshd_config.h"
#include "os/log.h"

/* A config file, or all that Include names of one, may have this many bytes. */
#define LOAD_MAX	(64 * 1024 * 1024)

struct loaded {
	struct sshd_rules *rules;
	struct sshd_config config;	/* what stands outside of Match */
};

struct load_input {
	const char *file;		/* "none": there is none */
	const char *const *options;	/* count before the file */
	size_t n_options;
	const uint16_t *ports;		/* if there are any, those of the file do not count */
	size_t n_ports;
	const struct log *log;		/* is told what is wrong with it */
};

/*
 * Reads and parses. On error the log says why, with file and line, and out is
 * empty. ERR_SYNTAX, ERR_NOTFOUND, ERR_SYSTEM, ERR_NOMEM ...
 */
enum err load_config(struct loaded *out, const struct load_input *in);

/* Frees it. NULL is fine. */
void loaded_free(struct loaded *l);

/* The algorithm lists of this build, for whoever evaluates a config. */
struct config_algs load_algs(void);

#endif
