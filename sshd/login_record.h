/* SPDX-License-Identifier: ISC */
/*
 * sshd/login_record.h - who is logged in, for who(1), last(1), lastlog(8).
 *
 * Written straight to the files, where they exist: none is ever made. Failures
 * are not worth refusing a login for and are passed over.
 */
#ifndef SSHD_LOGIN_RECORD_H
#define SSHD_LOGIN_RECORD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/text.h"

struct login_record {
	char line[32];			/* "pts/3" */
	pid_t pid;			/* of the program on it */
};

struct login_where {
	const char *user;
	uid_t uid;
	const char *host;		/* where from, in numbers */
	const struct address *address;
};

/* Enters a login into utmp, wtmp and lastlog. */
void login_record_begin(const struct login_record *r, const struct login_where *w);

/* Enters the end of it into utmp and wtmp. */
void login_record_end(const struct login_record *r);

/*
 * Writes when and from where the user was here last ("Last login: ... from
 * ..."), without a newline; false if he was not, or nobody keeps record.
 */
bool login_record_last(uid_t uid, char *buf, size_t size);

#endif
