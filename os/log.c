/* SPDX-License-Identifier: ISC */
#include "os/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>
#include <unistd.h>

#include "base/text.h"

static const struct {
	const char *name;
	const char *prefix;
	int priority;
} levels[] = {
	[LOG_LEVEL_QUIET] = { "QUIET", "", LOG_CRIT },
	[LOG_LEVEL_FATAL] = { "FATAL", "fatal: ", LOG_CRIT },
	[LOG_LEVEL_ERROR] = { "ERROR", "error: ", LOG_ERR },
	[LOG_LEVEL_INFO] = { "INFO", "", LOG_INFO },
	[LOG_LEVEL_VERBOSE] = { "VERBOSE", "", LOG_INFO },
	[LOG_LEVEL_DEBUG1] = { "DEBUG1", "debug1: ", LOG_DEBUG },
	[LOG_LEVEL_DEBUG2] = { "DEBUG2", "debug2: ", LOG_DEBUG },
	[LOG_LEVEL_DEBUG3] = { "DEBUG3", "debug3: ", LOG_DEBUG },
};

static const struct {
	const char *name;
	int number;
} facilities[] = {
	{ "DAEMON", LOG_DAEMON },	{ "USER", LOG_USER },
	{ "AUTH", LOG_AUTH },		{ "AUTHPRIV", LOG_AUTHPRIV },
	{ "LOCAL0", LOG_LOCAL0 },	{ "LOCAL1", LOG_LOCAL1 },
	{ "LOCAL2", LOG_LOCAL2 },	{ "LOCAL3", LOG_LOCAL3 },
	{ "LOCAL4", LOG_LOCAL4 },	{ "LOCAL5", LOG_LOCAL5 },
	{ "LOCAL6", LOG_LOCAL6 },	{ "LOCAL7", LOG_LOCAL7 },
};

struct log
log_to_stderr(const char *tag)
{
	return (struct log){ .level = LOG_LEVEL_INFO, .tag = tag, .fd = STDERR_FILENO,
	    .facility = LOG_AUTH };
}

bool
log_wants(const struct log *log, enum log_level level)
{
	return level <= log->level && level != LOG_LEVEL_QUIET;
}

/* Writes all of line to fd, or as much as goes. */
static void
write_line(int fd, const char *line, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, line, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		line += n;
		len -= (size_t)n;
	}
}

/* OpenSSH ends lines to standard error with CR LF: the terminal may be raw. */
static void
log_to_fd(const struct log *log, const char *line)
{
	char out[LOG_LINE_MAX + 128];
	int n;

	if (log->prefix_pid)
		n = snprintf(out, sizeof(out), "%s[%ld]: %s\r\n", log->tag, (long)getpid(), line);
	else
		n = snprintf(out, sizeof(out), "%s\r\n", line);
	if (n > 0)
		write_line(log->fd, out, (size_t)n < sizeof(out) ? (size_t)n : sizeof(out) - 1);
}

void
log_va(const struct log *log, enum log_level level, const char *fmt, va_list ap)
{
	char raw[LOG_LINE_MAX];
	char visible[LOG_LINE_MAX];
	char line[LOG_LINE_MAX + 64];
	bool is_plain = log->plain_errors && level <= LOG_LEVEL_ERROR;
	int saved = errno;

	if (!log_wants(log, level))
		return;
	vsnprintf(raw, sizeof(raw), fmt, ap);
	snprintf(line, sizeof(line), "%s%s%s", is_plain ? "" : levels[level].prefix,
	    text_line_str(visible, sizeof(visible), span_str(raw)),
	    log->suffix == NULL ? "" : log->suffix);
	if (log->sink != NULL) {
		log->sink(log->sink_arg, level, line);
	} else {
		if (log->fd != -1)
			log_to_fd(log, line);
		if (log->use_syslog) {
			openlog(log->tag, LOG_PID, log->facility);
			syslog(levels[level].priority, "%s", line);
			closelog();
		}
	}
	errno = saved;
}

void
log_at(const struct log *log, enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_va(log, level, fmt, ap);
	va_end(ap);
}

#define SHORTHAND(name, LEVEL)						\
	void								\
	log_##name(const struct log *log, const char *fmt, ...)		\
	{								\
		va_list ap;						\
									\
		va_start(ap, fmt);					\
		log_va(log, LOG_LEVEL_##LEVEL, fmt, ap);		\
		va_end(ap);						\
	}

SHORTHAND(fatal, FATAL)
SHORTHAND(error, ERROR)
SHORTHAND(info, INFO)
SHORTHAND(verbose, VERBOSE)
SHORTHAND(debug, DEBUG1)
SHORTHAND(debug2, DEBUG2)
SHORTHAND(debug3, DEBUG3)

/* Whether s is name, without regard to case. */
static bool
is_word(struct span s, const char *name)
{
	return s.len == strlen(name) && strncasecmp((const char *)s.p, name, s.len) == 0;
}

enum err
log_level_parse(struct span name, enum log_level *out)
{
	if (is_word(name, "DEBUG")) {
		*out = LOG_LEVEL_DEBUG1;
		return ERR_OK;
	}
	for (size_t i = 0; i < COUNT(levels); i++) {
		if (is_word(name, levels[i].name)) {
			*out = (enum log_level)i;
			return ERR_OK;
		}
	}
	return ERR_SYNTAX;
}

const char *
log_level_prefix(enum log_level level)
{
	return levels[level].prefix;
}

const char *
log_level_name(enum log_level level)
{
	return levels[level].name;
}

enum err
log_facility_parse(struct span name, int *out)
{
	for (size_t i = 0; i < COUNT(facilities); i++) {
		if (is_word(name, facilities[i].name)) {
			*out = facilities[i].number;
			return ERR_OK;
		}
	}
	return ERR_SYNTAX;
}
