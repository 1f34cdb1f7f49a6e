/* SPDX-License-Identifier: ISC */
/*
 * sshd/guard_access.h - AllowUsers, DenyUsers, AllowGroups, DenyGroups.
 */
#ifndef SSHD_GUARD_ACCESS_H
#define SSHD_GUARD_ACCESS_H

#include "base/text.h"
#include "config/sshd_config.h"
#include "sshd/client_host.h"
#include "sshd/reasons.h"

struct access_request {
	const struct sshd_config *config;
	const char *user;
	const struct client_host *host;
	const struct span *groups;
	size_t n_groups;
};

/* The lists, in the order in which they count. */
enum access_list { ACCESS_DENY_USERS, ACCESS_ALLOW_USERS, ACCESS_DENY_GROUPS, ACCESS_ALLOW_GROUPS, ACCESS_LISTS };

/* What came of a request. */
struct access_answer {
	enum sshd_keyword rule;			/* that keeps the user out */
	const char *matched[ACCESS_LISTS];	/* the pattern that is about him; NULL: none was, or was looked for */
};

/* The keyword of a list. */
enum sshd_keyword access_keyword(enum access_list list);

/* Its patterns. */
const struct words *access_patterns(const struct sshd_config *c, enum access_list list);

/*
 * Why the config keeps this user out; REASON_NONE if it does not. Deny counts
 * before allow, users before groups.
 */
enum reason access_refused(const struct access_request *r, struct access_answer *answer);

/* The same in OpenSSH's words ("listed in DenyUsers"); static. */
const char *access_text(enum reason why);

#endif
