/* SPDX-License-Identifier: ISC */
/* Keys in AuthorizedKeysFile: read as the user, whose files they are. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "keys/authorized_keys.h"
#include "keys/fingerprint.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/glob.h"
#include "os/ids.h"
#include "sshd/guard_i.h"

/* An authorized_keys file that is read. */
#define FILE_MAX	(16 * 1024 * 1024)

/* What local time is ahead of UTC, for expiry-time= without Z. */
static long
utc_offset(void)
{
	time_t now = (time_t)clock_wall();
	struct tm tm;

	return localtime_r(&now, &tm) == NULL ? 0 : tm.tm_gmtoff;
}

/* Whether from= lets the client's address in. Names would need UseDNS. */
static bool
from_allows(struct guard *g, struct span patterns)
{
	enum match by_address = MATCH_NO;
	enum match by_name = text_match_list(span_str(g->client), patterns, true);

	if (g->start->has_ends &&
	    address_match_list(&g->start->client.address, patterns, &by_address) != ERR_OK)
		return false;
	if (by_address == MATCH_NEGATED || by_name == MATCH_NEGATED)
		return false;
	return by_address == MATCH_YES || by_name == MATCH_YES;
}

bool
guard_options_allow(struct guard *g, struct span options, const char *place)
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
	if (o.has_from && !from_allows(g, o.from)) {
		log_info(&g->log, "%s: Authentication tried for %s with correct key but not from a permitted host (host=%s, ip=%s).",
		    place, g->user.name, g->client, g->client);
		return false;
	}
	if (o.expires != AUTHORIZED_NEVER && clock_wall() >= o.expires) {
		log_info(&g->log, "%s: key has expired (expiry-time)", place);
		return false;
	}
	return !o.is_ca;		/* a CA's key is not a user's */
}

/* Looks for the key in the text of one file. ERR_NOTFOUND. */
static enum err
look_in(struct guard *g, const char *path, struct span text, struct span blob)
{
	struct authorized_walk walk = { .rest = text };
	struct authorized_line line;
	char place[512], fp[FINGERPRINT_SIZE];

	while (authorized_next(&walk, &line)) {
		if (line.err != ERR_OK || !authorized_has_key(&line, blob))
			continue;
		snprintf(place, sizeof(place), "%s:%u", path, line.number);
		if (!guard_options_allow(g, line.options, place))
			continue;
		writer_reset(&g->key.options);
		wr_raw(&g->key.options, line.options);
		log_verbose(&g->log, "Accepted key %s %s found at %s",
		    key_type_label(key_blob_type(blob)),
		    guard_fingerprint(g, blob, fp), place);
		return wr_end(&g->key.options);
	}
	return ERR_NOTFOUND;
}

/* One file, with StrictModes. ERR_NOTFOUND. */
static enum err
look_in_file(struct guard *g, const char *path, struct span blob)
{
	const struct account *a = &g->user.account;
	SCOPED(writer_free) struct writer text = writer_init(FILE_MAX);
	char why[512];
	enum err e = ERR_OK;

	if (g->user.config.strict_modes)
		e = file_check_modes(path, a->uid, a->home, why, sizeof(why));
	if (e == ERR_DENIED)
		log_info(&g->log, "Authentication refused: %s", why);
	if (e == ERR_OK)
		e = file_read(path, &text, NULL);
	if (e != ERR_OK) {
		log_debug(&g->log, "%s: %s", path, e == ERR_SYSTEM || e == ERR_NOTFOUND ?
		    strerror(errno) : err_text(e));
		return ERR_NOTFOUND;
	}
	log_debug(&g->log, "trying public key file %s", path);
	return look_in(g, path, writer_span(&text), blob);
}

/* The name that one word of AuthorizedKeysFile stands for; a pattern, maybe. */
static enum err
expand(struct guard *g, const char *word, struct writer *path)
{
	const struct account *a = &g->user.account;
	SCOPED(writer_free) struct writer name = writer_init(4096);
	char uid[16];
	struct config_tokens tokens = { .value = { ['h'] = a->home, ['u'] = a->name, ['U'] = uid } };

	snprintf(uid, sizeof(uid), "%lu", (unsigned long)a->uid);
	TRY(sshd_config_expand(&name, SSHD_AuthorizedKeysFile, span_str(word), &tokens));
	if (name.len == 0)
		return ERR_NOTFOUND;
	if (name.p[0] != '/')
		wr_printf(path, "%s/", a->home);
	wr_raw(path, writer_span(&name));
	wr_u8(path, 0);
	return wr_end(path);
}

static enum err
look_in_all(struct guard *g, struct span blob)
{
	const struct words *files = &g->user.config.authorized_keys_files;

	for (size_t i = 0; i < files->n; i++) {
		SCOPED(writer_free) struct writer path = writer_init(8192);
		SCOPED(glob_names_free) struct glob_names names = { .n = 0 };
		enum err e = expand(g, files->v[i], &path);

		if (e != ERR_OK)
			continue;
		TRY(glob_list(&names, (const char *)path.p));
		if (names.n == 0)
			log_debug(&g->log, "%s: no such file", (const char *)path.p);
		for (size_t k = 0; k < names.n; k++) {
			e = look_in_file(g, names.v[k], blob);
			if (e != ERR_NOTFOUND)
				return e;
		}
	}
	return ERR_NOTFOUND;
}

enum err
guard_find_key(struct guard *g, struct span blob)
{
	const struct guard_user *u = &g->user;
	struct ids_own own;
	enum err e;

	e = ids_borrow(&own, u->account.uid, u->account.gid, u->groups.gid, u->groups.n);
	if (e != ERR_OK) {
		log_error(&g->log, "cannot read the keys of %s as that user: %s", u->account.name,
		    strerror(errno));
		return e;
	}
	e = look_in_all(g, blob);
	ids_return(&own);
	return e;
}
