/* SPDX-License-Identifier: ISC */
#include "sftp/longname.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* ls shows the time of day of what is younger: half a year. */
#define YOUNG	(INT64_C(365) * 24 * 60 * 60 / 2)

static char
kind(uint32_t mode)
{
	static const struct {
		uint32_t type;
		char c;
	} kinds[] = {
		{ S_IFDIR, 'd' }, { S_IFLNK, 'l' }, { S_IFREG, '-' }, { S_IFCHR, 'c' },
		{ S_IFBLK, 'b' }, { S_IFIFO, 'p' }, { S_IFSOCK, 's' },
	};

	for (size_t i = 0; i < COUNT(kinds); i++) {
		if ((mode & S_IFMT) == kinds[i].type)
			return kinds[i].c;
	}
	return '?';
}

void
sftp_mode_text(uint32_t mode, char out[static SFTP_MODE_TEXT])
{
	static const struct {
		uint32_t bit;
		char c;
		size_t at;
	} special[] = { { S_ISUID, 's', 3 }, { S_ISGID, 's', 6 }, { S_ISVTX, 't', 9 } };

	out[0] = kind(mode);
	for (unsigned i = 0; i < 9; i++)
		out[i + 1] = mode & (0400u >> i) ? "rwx"[i % 3] : '-';
	for (size_t i = 0; i < COUNT(special); i++) {
		if (mode & special[i].bit)
			out[special[i].at] = (char)(out[special[i].at] == '-' ? special[i].c - 'a' + 'A' : special[i].c);
	}
	out[10] = '\0';
}

void
sftp_time_text(int64_t seconds, int64_t now, char out[static SFTP_TIME_TEXT])
{
	bool is_young = seconds > now - YOUNG && seconds <= now;
	time_t t = (time_t)seconds;
	struct tm tm;

	out[0] = '\0';
	if (localtime_r(&t, &tm) != NULL)
		(void)!strftime(out, SFTP_TIME_TEXT, is_young ? "%b %e %H:%M" : "%b %e  %Y", &tm);
}

void
sftp_longname(struct writer *w, const struct stat *st, struct span name, struct span user,
    struct span group, int64_t now)
{
	char mode[SFTP_MODE_TEXT], when[SFTP_TIME_TEXT];

	sftp_mode_text(st->st_mode, mode);
	sftp_time_text(st->st_mtime, now, when);
	wr_printf(w, "%s %4lu %-8.*s %-8.*s %8llu %s ", mode, (unsigned long)st->st_nlink, (int)user.len,
	    (const char *)user.p, (int)group.len, (const char *)group.p, (unsigned long long)st->st_size, when);
	wr_raw(w, name);
}
