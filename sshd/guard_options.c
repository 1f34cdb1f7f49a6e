/* SPDX-License-Identifier: ISC */
/* What the options of a key ask of the client who shows it. */
#include <string.h>
#include <time.h>

#include "keys/authorized_keys.h"
#include "os/clock.h"
#include "sshd/guard_i.h"

/* What local time is ahead of UTC, for expiry-time= without Z. */
static long
utc_offset(void)
{
	time_t now = (time_t)clock_wall();
	struct tm tm;

	return localtime_r(&now, &tm) == NULL ? 0 : tm.tm_gmtoff;
}

enum file_modes
guard_modes(const struct guard *g)
{
	return g->user.config.strict_modes == STRICT_MODES_WRITABLE ? FILE_MODES_WRITABLE : FILE_MODES_ALL;
}

/* Whether from= lets the client's machine in. */
static bool
from_allows(struct guard *g, struct span patterns)
{
	struct client_host host = guard_client_host(g);

	return client_host_match(&host, patterns) == MATCH_YES;
}

bool
guard_options_allow(struct guard *g, struct span options, enum guard_line what, const char *place)
{
	SCOPED(authorized_options_free) struct authorized_options o = { .n_env = 0 };
	char name[64];
	struct span at;

	if (authorized_options_parse(options, utc_offset(), &o, &at) != ERR_OK) {
		log_info(&g->log, "%s: bad key option: %s", place, text_visible_str(name, sizeof(name), at));
		return false;
	}
	if (o.unknown.len > 0)
		log_info(&g->log, "%s: unknown key option %s: the key is restricted", place,
		    text_visible_str(name, sizeof(name), o.unknown));
	/* A CA's key is not a user's, and a user's does not certify others'. */
	if (o.is_ca != (what == GUARD_LINE_CA))
		return false;
	if (o.has_from && !from_allows(g, o.from)) {
		log_info(&g->log, "%s: Authentication tried for %s with correct key but not from a permitted host (host=%s, ip=%s).",
		    place, g->user.name, g->host[0] != '\0' ? g->host : g->client, g->client);
		return false;
	}
	if (o.expires != AUTHORIZED_NEVER && clock_wall() >= o.expires) {
		log_info(&g->log, "%s: key has expired (expiry-time)", place);
		return false;
	}
	if (o.expires < g->key.expires)
		g->key.expires = o.expires;
	return true;
}
