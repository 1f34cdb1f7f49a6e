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

const char *
access_refused(const struct access_request *r)
{
	const struct sshd_config *c = r->config;

	if (user_in(r, &c->deny_users, true))
		return "listed in DenyUsers";
	if (c->allow_users.n > 0 && !user_in(r, &c->allow_users, false))
		return "not listed in AllowUsers";
	if (c->deny_groups.n == 0 && c->allow_groups.n == 0)
		return NULL;
	if (r->n_groups == 0)
		return "not in any group";
	if (group_in(r, &c->deny_groups))
		return "a group is listed in DenyGroups";
	if (c->allow_groups.n > 0 && !group_in(r, &c->allow_groups))
		return "none of user's groups are listed in AllowGroups";
	return NULL;
}
