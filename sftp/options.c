/* SPDX-License-Identifier: ISC */
#include "sftp/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"

/* Octal digits from 0 to 0777. */
static bool
parse_umask(const char *s, mode_t *out)
{
	unsigned n = 0;

	for (const char *c = s; *c != '\0'; c++) {
		if (*c < '0' || *c > '7')
			return false;
		n = n * 8 + (unsigned)(*c - '0');
		if (n > 0777)
			return false;
	}
	*out = (mode_t)n;
	return *s != '\0';
}

PRINTF(3, 4) static enum sftp_start
bad(char *why, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, size, fmt, ap);
	va_end(ap);
	return SFTP_BAD;
}

/* One option with its argument. */
static enum sftp_start
take(struct sftp_options *o, int c, const char *arg, char *why, size_t size)
{
	int facility;

	switch (c) {
	case 'R':
		o->policy.read_only = true;
		return SFTP_START;
	case 'e':
		o->to_stderr = true;
		return SFTP_START;
	case 'd':
		o->directory = arg;
		return SFTP_START;
	case 'l':
		return log_level_parse(span_str(arg), &o->level) == ERR_OK ? SFTP_START :
		    bad(why, size, "Invalid log level \"%s\"", arg);
	case 'f':
		o->facility = arg;
		return log_facility_parse(span_str(arg), &facility) == ERR_OK ? SFTP_START :
		    bad(why, size, "Invalid log facility \"%s\"", arg);
	case 'u':
		o->has_umask = true;
		return parse_umask(arg, &o->umask) ? SFTP_START : bad(why, size, "Invalid umask \"%s\"", arg);
	case 'P':
		return sftp_policy_deny(&o->policy, span_str(arg)) == ERR_OK ? SFTP_START :
		    bad(why, size, "No such request in \"-P %s\"", arg);
	case 'p':
		return sftp_policy_allow_only(&o->policy, span_str(arg)) == ERR_OK ? SFTP_START :
		    bad(why, size, "No such request in \"-p %s\"", arg);
	case 'Q':
		return strcmp(arg, "requests") == 0 ? SFTP_SHOW_REQUESTS : bad(why, size, "Invalid query type");
	default:
		return SFTP_USAGE;
	}
}

enum sftp_start
sftp_options_read(struct sftp_options *o, int argc, char **argv, char *why, size_t size)
{
	enum sftp_start result = SFTP_START;
	int c;

	*o = (struct sftp_options){ .level = LOG_LEVEL_ERROR };
	why[0] = '\0';
	optind = 0;		/* also of argv that was looked at before */
	opterr = 0;
	while (result == SFTP_START && (c = getopt(argc, argv, "+d:f:l:P:p:Q:u:cehR")) != -1) {
		if (c == 'c')	/* as a login shell: what follows is the command of somebody else's choice */
			return SFTP_START;
		result = take(o, c, optarg, why, size);
	}
	if (result == SFTP_START && optind < argc)
		return SFTP_USAGE;
	return result;
}

const char *
sftp_options_usage(void)
{
	return "usage: sftp-server [-ehR] [-d start_directory] [-f log_facility] [-l log_level]\n"
	    "                   [-P denied_requests] [-p permitted_requests] [-u umask]\n"
	    "       sftp-server -Q requests\n";
}

enum err
sftp_options_directory(const struct sftp_options *o, const char *user, const char *home, uid_t uid,
    struct writer *out)
{
	struct span path = span_str(o->directory);
	char number[24];
	struct config_tokens tokens = { .value = { ['d'] = home, ['h'] = home, ['u'] = user, ['U'] = number } };

	snprintf(number, sizeof(number), "%lu", (unsigned long)uid);
	if (path.len > 0 && path.p[0] == '~' && (path.len == 1 || path.p[1] == '/')) {
		wr_raw(out, span_str(home));
		path = span_skip(path, 1);
	}
	TRY(config_expand(out, path, &tokens));
	wr_u8(out, 0);
	return wr_end(out);
}
