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

/*
 * Why the config keeps this user out, and by which keyword; REASON_NONE if it
 * does not. Deny counts before allow, users before groups.
 */
enum reason access_refused(const struct access_request *r, enum sshd_keyword *rule);

/* The same in OpenSSH's words ("listed in DenyUsers"); static. */
const char *access_text(enum reason why);

#endif
