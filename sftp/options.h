/* SPDX-License-Identifier: ISC */
/*
 * sftp/options.h - the arguments of sftp-server(8), which internal-sftp has, too.
 */
#ifndef SFTP_OPTIONS_H
#define SFTP_OPTIONS_H

#include <sys/types.h>

#include "sftp/server.h"

struct sftp_options {
	enum log_level level;		/* -l */
	const char *facility;		/* -f: its name; NULL: not given (AUTH) */
	bool to_stderr;			/* -e */
	const char *directory;		/* -d, as given; NULL: where it is */
	struct sftp_policy policy;	/* -R -P -p */
	bool has_umask;			/* -u */
	mode_t umask;
};

enum sftp_start {
	SFTP_START,		/* serve */
	SFTP_SHOW_REQUESTS,	/* -Q requests: print the names of all */
	SFTP_USAGE,		/* -h, or what nobody knows */
	SFTP_BAD,		/* why says what is wrong */
};

/*
 * Reads the arguments (argv[0] is the program's name), by getopt(3), from its start. What is
 * wrong with them is a sentence in why. Strings of *o are those of argv.
 */
enum sftp_start sftp_options_read(struct sftp_options *o, int argc, char **argv, char *why, size_t size);

/* The text of the usage; static. */
const char *sftp_options_usage(void);

/*
 * -d as a path: "~" in front, %d and %h are home, %u the user, %U his number,
 * %% a percent sign. ERR_SYNTAX, ERR_NOMEM, ERR_LIMIT.
 */
enum err sftp_options_directory(const struct sftp_options *o, const char *user, const char *home,
    uid_t uid, struct writer *out);

#endif
