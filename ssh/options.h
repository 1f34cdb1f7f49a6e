/* SPDX-License-Identifier: ISC */
/*
 * ssh/options.h - the command line.
 *
 * Most flags are short for a line of ssh_config; those become such lines, in
 * the order they came, and count before any file. The rest is in here.
 */
#ifndef SSH_OPTIONS_H
#define SSH_OPTIONS_H

#include "base/err.h"
#include "base/span.h"

struct option_lines {
	char **v;
	size_t n;
};

struct options {
	struct option_lines front;	/* lines of flags that win over each -o */
	struct option_lines lines;	/* all others, in their order */
	struct option_lines identities;	/* paths of -i, to be looked at first */
	const char *config_file;	/* -F; NULL: the usual ones */
	const char *log_file;		/* -E */
	const char *query;		/* -Q */
	const char *stdio_forward;	/* -W */
	const char *mux_command;	/* -O */
	char *host;			/* as typed, without user and port */
	char *command;			/* words joined by spaces; NULL: none */
	bool wants_version;		/* -V */
	bool wants_dump;		/* -G */
	unsigned master;		/* how many -M */
	unsigned verbose;		/* how many -v */
	bool is_quiet;			/* -q */
	bool uses_syslog;		/* -y */
	unsigned tty;			/* how many -t since the last -T */
	bool no_tty;			/* -T */
	bool has_escape;		/* -e was given: escapes without a terminal too */
	bool is_subsystem;		/* -s */
	bool has_jump;			/* -J */
};

/* Says on standard error how ssh is used. */
void options_usage(void);

/*
 * Parses argv, with -V or -Q up to there only. What is wrong is told on standard
 * error, with how to use it; ERR_SYNTAX then, ERR_NOMEM. A missing host is left
 * to the caller. *o is for options_free() in any case.
 */
enum err options_parse(struct options *o, int argc, char **argv);

/* Frees. NULL is fine. */
void options_free(struct options *o);

#endif
