/* SPDX-License-Identifier: ISC */
/*
 * os/log.h - log lines of a program, in OpenSSH's levels and manner.
 *
 * A program has one struct log, on main's stack, and hands it down. Lines go
 * to standard error, to a file, to syslog, or to a sink of the program's (a
 * process that may not write anywhere sends them to one that may). A line is
 * one line: control bytes in it are made visible, and it is cut at
 * LOG_LINE_MAX.
 */
#ifndef OS_LOG_H
#define OS_LOG_H

#include <stdarg.h>

#include "base/err.h"
#include "base/span.h"

#define LOG_LINE_MAX	2048

enum log_level {
	LOG_LEVEL_QUIET,
	LOG_LEVEL_FATAL,
	LOG_LEVEL_ERROR,
	LOG_LEVEL_INFO,
	LOG_LEVEL_VERBOSE,
	LOG_LEVEL_DEBUG1,
	LOG_LEVEL_DEBUG2,
	LOG_LEVEL_DEBUG3,
};

struct log {
	enum log_level level;		/* what is above it is dropped */
	const char *tag;		/* "sshd", for syslog */
	int fd;				/* standard error or a file; -1: none */
	bool use_syslog;
	int facility;			/* LOG_AUTH ... of syslog.h */
	const char *suffix;		/* behind each line (" [preauth]"), or NULL */
	bool plain_errors;		/* no "error: " or "fatal: ": a program at a terminal */
	bool prefix_pid;		/* "sshd[123]: " before each line in fd (files) */
	/* Instead of all that, if not NULL: takes the finished line. */
	void (*sink)(void *arg, enum log_level level, const char *line);
	void *sink_arg;
};

/* A log to standard error at INFO. */
struct log log_to_stderr(const char *tag);

/* Whether a line of this level would be written. */
bool log_wants(const struct log *log, enum log_level level);

/*
 * Writes one line. The level shows as a prefix as in OpenSSH: "fatal: ",
 * "error: ", "debug1: " ... The format's text is trusted, its values are not.
 */
PRINTF(3, 4) void log_at(const struct log *log, enum log_level level, const char *fmt, ...);

/* The same with a va_list. */
PRINTF(3, 0) void log_va(const struct log *log, enum log_level level, const char *fmt, va_list ap);

/* Shorthands for the levels. */
PRINTF(2, 3) void log_fatal(const struct log *log, const char *fmt, ...);
PRINTF(2, 3) void log_error(const struct log *log, const char *fmt, ...);
PRINTF(2, 3) void log_info(const struct log *log, const char *fmt, ...);
PRINTF(2, 3) void log_verbose(const struct log *log, const char *fmt, ...);
PRINTF(2, 3) void log_debug(const struct log *log, const char *fmt, ...);
PRINTF(2, 3) void log_debug2(const struct log *log, const char *fmt, ...);
PRINTF(2, 3) void log_debug3(const struct log *log, const char *fmt, ...);

/* Parses "INFO", "DEBUG2", "DEBUG" ... without regard to case. ERR_SYNTAX. */
enum err log_level_parse(struct span name, enum log_level *out);

/* What stands before a line of this level ("error: "), or ""; static. */
const char *log_level_prefix(enum log_level level);

/* Returns the level's name, upper case; static. */
const char *log_level_name(enum log_level level);

/* Parses a facility name ("AUTH", "LOCAL3") into its syslog.h number. ERR_SYNTAX. */
enum err log_facility_parse(struct span name, int *out);

#endif
