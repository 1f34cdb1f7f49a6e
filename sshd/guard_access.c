/* SPDX-License-Identifier: ISC */
#include "sshd/guard_access.h"

#include <string.h>

/* Whether one USER[@HOST] pattern is about this user on this machine; denies: it keeps him out. */
static bool
user_matches(const struct access_request *r, const char *pattern, bool denies)
{
	const char *at = strrchr(pattern, '@');

	if (at == NULL)
		return text_match(span_str(r->user), span_str(pattern), false);
	if (!text_match(span_str(r->user), span_of(pattern, (size_t)(at - pattern)), false))
		return false;
	if (strcmp(at + 1, "*") == 0)
		return true;
	return denies ? client_host_denied(r->host, span_str(at + 1)) :
	    client_host_match(r->host, span_str(at + 1)) == MATCH_YES;
}

static bool
user_in(const struct access_request *r, const struct words *patterns, bool denies)
{
	for (size_t i = 0; i < patterns->n; i++) {
		if (user_matches(r, patterns->v[i], denies))
			return true;
	}
	return false;
}

static bool
group_in(const struct access_request *r, const struct words *patterns)
{
	for (size_t i = 0; i < patterns->n; i++) {
		for (size_t k = 0; k < r->n_groups; k++) {
			if (text_match(r->groups[k], span_str(patterns->v[i]), false))
				return true;
		}
	}
	return false;
}

enum reason
access_refused(const struct access_request *r, enum sshd_keyword *rule)
{
	const struct sshd_config *c = r->config;

	*rule = SSHD_DenyUsers;
	if (user_in(r, &c->deny_users, true))
		return REASON_DENY_USERS;
	*rule = SSHD_AllowUsers;
	if (c->allow_users.n > 0 && !user_in(r, &c->allow_users, false))
		return REASON_ALLOW_USERS;
	*rule = c->deny_groups.n > 0 ? SSHD_DenyGroups : SSHD_AllowGroups;
	if (c->deny_groups.n == 0 && c->allow_groups.n == 0)
		return REASON_NONE;
	if (r->n_groups == 0)
		return REASON_NO_GROUPS;
	if (group_in(r, &c->deny_groups))
		return REASON_DENY_GROUPS;
	*rule = SSHD_AllowGroups;
	if (c->allow_groups.n > 0 && !group_in(r, &c->allow_groups))
		return REASON_ALLOW_GROUPS;
	return REASON_NONE;
}

const char *
access_text(enum reason why)
{
	switch (why) {
	case REASON_DENY_USERS: return "listed in DenyUsers";
	case REASON_ALLOW_USERS: return "not listed in AllowUsers";
	case REASON_NO_GROUPS: return "not in any group";
	case REASON_DENY_GROUPS: return "a group is listed in DenyGroups";
	case REASON_ALLOW_GROUPS: return "none of user's groups are listed in AllowGroups";
	default: return "refused";
	}
}
