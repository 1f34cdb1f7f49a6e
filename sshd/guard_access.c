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

/* The first pattern that is about this user; NULL. */
static const char *
user_in(const struct access_request *r, const struct words *patterns, bool denies)
{
	for (size_t i = 0; i < patterns->n; i++) {
		if (user_matches(r, patterns->v[i], denies))
			return patterns->v[i];
	}
	return NULL;
}

/* The first pattern that is about one of his groups; NULL. */
static const char *
group_in(const struct access_request *r, const struct words *patterns)
{
	for (size_t i = 0; i < patterns->n; i++) {
		for (size_t k = 0; k < r->n_groups; k++) {
			if (text_match(r->groups[k], span_str(patterns->v[i]), false))
				return patterns->v[i];
		}
	}
	return NULL;
}

enum sshd_keyword
access_keyword(enum access_list list)
{
	static const enum sshd_keyword keywords[] = {
		[ACCESS_DENY_USERS] = SSHD_DenyUsers, [ACCESS_ALLOW_USERS] = SSHD_AllowUsers,
		[ACCESS_DENY_GROUPS] = SSHD_DenyGroups, [ACCESS_ALLOW_GROUPS] = SSHD_AllowGroups,
	};

	return keywords[list];
}

const struct words *
access_patterns(const struct sshd_config *c, enum access_list list)
{
	const struct words *const patterns[] = {
		[ACCESS_DENY_USERS] = &c->deny_users, [ACCESS_ALLOW_USERS] = &c->allow_users,
		[ACCESS_DENY_GROUPS] = &c->deny_groups, [ACCESS_ALLOW_GROUPS] = &c->allow_groups,
	};

	return patterns[list];
}

static enum reason
refused_by(struct access_answer *a, enum access_list list, enum reason why)
{
	a->rule = access_keyword(list);
	return why;
}

enum reason
access_refused(const struct access_request *r, struct access_answer *a)
{
	const struct sshd_config *c = r->config;
	bool has_groups = c->deny_groups.n > 0 || c->allow_groups.n > 0;
	const char **matched = a->matched;

	*a = (struct access_answer){ .rule = SSHD_N_KEYWORDS };
	matched[ACCESS_DENY_USERS] = user_in(r, &c->deny_users, true);
	if (matched[ACCESS_DENY_USERS] != NULL)
		return refused_by(a, ACCESS_DENY_USERS, REASON_DENY_USERS);
	matched[ACCESS_ALLOW_USERS] = user_in(r, &c->allow_users, false);
	if (c->allow_users.n > 0 && matched[ACCESS_ALLOW_USERS] == NULL)
		return refused_by(a, ACCESS_ALLOW_USERS, REASON_ALLOW_USERS);
	if (has_groups && r->n_groups == 0)
		return refused_by(a, c->deny_groups.n > 0 ? ACCESS_DENY_GROUPS : ACCESS_ALLOW_GROUPS,
		    REASON_NO_GROUPS);
	matched[ACCESS_DENY_GROUPS] = group_in(r, &c->deny_groups);
	if (matched[ACCESS_DENY_GROUPS] != NULL)
		return refused_by(a, ACCESS_DENY_GROUPS, REASON_DENY_GROUPS);
	matched[ACCESS_ALLOW_GROUPS] = group_in(r, &c->allow_groups);
	if (c->allow_groups.n > 0 && matched[ACCESS_ALLOW_GROUPS] == NULL)
		return refused_by(a, ACCESS_ALLOW_GROUPS, REASON_ALLOW_GROUPS);
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
