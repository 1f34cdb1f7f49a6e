/* SPDX-License-Identifier: ISC */
#include "sshd/login_record.h"

#include <errno.h>
#include <fcntl.h>
#include <lastlog.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <utmpx.h>

#define UTMP_PATH	"/run/utmp"
#define WTMP_PATH	"/var/log/wtmp"
#define LASTLOG_PATH	"/var/log/lastlog"

/* lastlog is an array by uid: it would seem enormous for the highest ones. */
#define LASTLOG_MAX_UID	10000000

/*
 * Locks the file; not for long, as every user who can read it could keep us
 * waiting for ever.
 */
static void
lock_briefly(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };

	for (int i = 0; i < 5 && fcntl(fd, F_SETLK, &lock) == -1; i++)
		(void)nanosleep(&pause, NULL);
}

/* utmp's own key of an entry: the last four characters of the line. */
static void
set_id(struct utmpx *u, const char *line)
{
	size_t len = strlen(line);
	const char *id = len > sizeof(u->ut_id) ? line + len - sizeof(u->ut_id) : line;

	memcpy(u->ut_id, id, strnlen(id, sizeof(u->ut_id)));
}

/* Copies a string into a field that need not end with a NUL. */
#define SET_FIELD(field, s)	memcpy(field, s, strnlen(s, sizeof(field)))

static struct utmpx
entry(const struct login_record *r, short type)
{
	struct utmpx u;
	struct timeval now;

	memset(&u, 0, sizeof(u));
	(void)gettimeofday(&now, NULL);
	u.ut_type = type;
	u.ut_pid = r->pid;
	u.ut_tv.tv_sec = (__typeof__(u.ut_tv.tv_sec))now.tv_sec;
	u.ut_tv.tv_usec = (__typeof__(u.ut_tv.tv_usec))now.tv_usec;
	SET_FIELD(u.ut_line, r->line);
	set_id(&u, r->line);
	return u;
}

/* Puts the entry in the place of one for the same line, or at the end. */
static void
put_utmp(const struct utmpx *u)
{
	int fd = open(UTMP_PATH, O_RDWR | O_CLOEXEC);
	struct utmpx old;
	off_t at = 0;

	if (fd == -1)
		return;
	lock_briefly(fd);
	while (pread(fd, &old, sizeof(old), at) == (ssize_t)sizeof(old)) {
		if ((old.ut_type == USER_PROCESS || old.ut_type == DEAD_PROCESS) &&
		    strncmp(old.ut_line, u->ut_line, sizeof(old.ut_line)) == 0)
			break;
		at += (off_t)sizeof(old);
	}
	(void)!pwrite(fd, u, sizeof(*u), at);
	close(fd);
}

static void
put_wtmp(const struct utmpx *u)
{
	int fd = open(WTMP_PATH, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd == -1)
		return;
	lock_briefly(fd);
	(void)!write(fd, u, sizeof(*u));
	close(fd);
}

static void
put_lastlog(const struct login_record *r, const struct login_where *w)
{
	int fd = w->uid > LASTLOG_MAX_UID ? -1 : open(LASTLOG_PATH, O_WRONLY | O_CLOEXEC);
	struct lastlog l;

	if (fd == -1)
		return;
	memset(&l, 0, sizeof(l));
	l.ll_time = (__typeof__(l.ll_time))time(NULL);
	SET_FIELD(l.ll_line, r->line);
	SET_FIELD(l.ll_host, w->host);
	(void)!pwrite(fd, &l, sizeof(l), (off_t)w->uid * (off_t)sizeof(l));
	close(fd);
}

void
login_record_begin(const struct login_record *r, const struct login_where *w)
{
	struct utmpx u = entry(r, USER_PROCESS);

	SET_FIELD(u.ut_user, w->user);
	SET_FIELD(u.ut_host, w->host);
	memcpy(u.ut_addr_v6, w->address->bytes, w->address->family == 4 ? 4 :
	    w->address->family == 6 ? 16 : 0);
	put_utmp(&u);
	put_wtmp(&u);
	put_lastlog(r, w);
}

void
login_record_end(const struct login_record *r)
{
	struct utmpx u = entry(r, DEAD_PROCESS);

	put_utmp(&u);
	put_wtmp(&u);
}

bool
login_record_last(uid_t uid, char *buf, size_t size)
{
	int fd = uid > LASTLOG_MAX_UID ? -1 : open(LASTLOG_PATH, O_RDONLY | O_CLOEXEC);
	struct lastlog l;
	char when[64];
	struct tm tm;
	time_t t;
	ssize_t n;

	if (fd == -1)
		return false;
	n = pread(fd, &l, sizeof(l), (off_t)uid * (off_t)sizeof(l));
	close(fd);
	t = n == (ssize_t)sizeof(l) ? (time_t)l.ll_time : 0;
	if (t == 0 || localtime_r(&t, &tm) == NULL ||
	    strftime(when, sizeof(when), "%a %b %e %H:%M:%S %Y", &tm) == 0)
		return false;
	snprintf(buf, size, "Last login: %s from %.*s", when, (int)sizeof(l.ll_host), l.ll_host);
	return true;
}
