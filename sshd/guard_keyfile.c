/* SPDX-License-Identifier: ISC */
/* Files that list keys and principals: read as the user, whose they are. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/authorized_keys.h"
#include "os/file.h"
#include "os/glob.h"
#include "os/ids.h"
#include "sshd/guard_i.h"

/* A file of keys that is read. */
#define FILE_MAX	(16 * 1024 * 1024)

/* --- lines --- */

/* Takes a line for the key that the client shows. ERR_NOTFOUND: it does not let in. */
static enum err
take_line(struct guard *g, const struct authorized_line *line, const char *place)
{
	struct guard_key *k = &g->key;
	char name[1024];

	k->expires = AUTHORIZED_NEVER;
	if (!guard_options_allow(g, line->options, k->is_cert ? GUARD_LINE_CA : GUARD_LINE_KEY, place)) {
		guard_key_refused(g, REASON_KEY_OPTIONS, SSHD_AuthorizedKeysFile);
		return ERR_NOTFOUND;
	}
	if (k->is_cert)
		TRY(guard_take_cert(g, line->options, place));
	writer_reset(&k->options);
	wr_raw(&k->options, line->options);
	snprintf(k->place, sizeof(k->place), "%s", place);
	text_visible_str(k->comment, sizeof(k->comment), line->comment);
	log_verbose(&g->log, "Accepted %s %s found at %s", k->is_cert ? "certificate" : "key",
	    guard_key_name(g, name, sizeof(name)), place);
	return wr_end(&k->options);
}

enum err
guard_look_in_lines(struct guard *g, const char *path, struct span text)
{
	struct span blob = g->key.is_cert ? key_blob(g->key.cert.ca) : g->asked.blob;
	struct authorized_walk walk = { .rest = text };
	struct authorized_line line;
	char place[1024];

	while (authorized_next(&walk, &line)) {
		enum err e;

		if (line.err != ERR_OK || !authorized_has_key(&line, blob))
			continue;
		snprintf(place, sizeof(place), "%s:%u", path, line.number);
		e = take_line(g, &line, place);
		if (e != ERR_NOTFOUND)
			return e;
	}
	return ERR_NOTFOUND;
}

/* --- files --- */

/* One file, with StrictModes. ERR_NOTFOUND. */
static enum err
look_in_file(struct guard *g, const char *path, guard_look look)
{
	const struct account *a = &g->user.account;
	SCOPED(writer_free) struct writer text = writer_init(FILE_MAX);
	char why[4200];
	enum err e = ERR_OK;

	if (g->user.config.strict_modes)
		e = file_check_modes(path, a->uid, a->home, guard_modes(g), why, sizeof(why));
	if (e == ERR_DENIED) {
		log_info(&g->log, "Authentication refused: %s", why);
		guard_key_refused(g, REASON_KEY_MODES, SSHD_StrictModes);
	}
	if (e == ERR_OK)
		e = file_read(path, &text, NULL);
	if (e != ERR_OK) {
		log_debug(&g->log, "%s: %s", path, e == ERR_SYSTEM || e == ERR_NOTFOUND ?
		    strerror(errno) : err_text(e));
		return ERR_NOTFOUND;
	}
	log_debug(&g->log, "trying file %s", path);
	return look(g, path, writer_span(&text));
}

/* The name that one word stands for; a pattern, maybe. */
static enum err
expand(struct guard *g, enum sshd_keyword keyword, const char *word, struct writer *path)
{
	const struct account *a = &g->user.account;
	SCOPED(writer_free) struct writer name = writer_init(4096);
	char uid[16];
	struct config_tokens tokens = { .value = { ['h'] = a->home, ['u'] = a->name, ['U'] = uid } };

	snprintf(uid, sizeof(uid), "%lu", (unsigned long)a->uid);
	TRY(sshd_config_expand(&name, keyword, span_str(word), &tokens));
	if (name.len == 0)
		return ERR_NOTFOUND;
	if (name.p[0] != '/')
		wr_printf(path, "%s/", a->home);
	wr_raw(path, writer_span(&name));
	wr_u8(path, 0);
	return wr_end(path);
}

/* All files that one word stands for. */
static enum err
look_in_word(struct guard *g, enum sshd_keyword keyword, const char *word, guard_look look)
{
	SCOPED(writer_free) struct writer path = writer_init(8192);
	SCOPED(glob_names_free) struct glob_names names = { .n = 0 };
	enum err e = expand(g, keyword, word, &path);

	if (e != ERR_OK) {
		log_info(&g->log, "%s: %s", word, err_text(e));
		return ERR_NOTFOUND;
	}
	TRY(glob_list(&names, (const char *)path.p));
	if (names.n == 0)
		log_debug(&g->log, "%s: no such file", (const char *)path.p);
	for (size_t i = 0; i < names.n; i++) {
		e = look_in_file(g, names.v[i], look);
		if (e != ERR_NOTFOUND)
			return e;
	}
	return ERR_NOTFOUND;
}

enum err
guard_look_in_files(struct guard *g, enum sshd_keyword keyword, char *const *words, size_t n,
    guard_look look)
{
	const struct guard_user *u = &g->user;
	struct ids_own own;
	enum err e;

	e = ids_borrow(&own, u->account.uid, u->account.gid, u->groups.gid, u->groups.n);
	if (e != ERR_OK) {
		log_error(&g->log, "cannot read the files of %s as that user: %s", u->account.name,
		    strerror(errno));
		return e;
	}
	e = ERR_NOTFOUND;
	for (size_t i = 0; i < n && e == ERR_NOTFOUND; i++)
		e = look_in_word(g, keyword, words[i], look);
	ids_return(&own);
	return e;
}

enum err
guard_find_key(struct guard *g)
{
	const struct sshd_config *c = &g->user.config;
	enum err e = ERR_NOTFOUND;

	if (g->key.is_cert)
		e = guard_find_by_ca(g);
	if (e == ERR_NOTFOUND)
		e = guard_look_in_files(g, SSHD_AuthorizedKeysFile, c->authorized_keys_files.v,
		    c->authorized_keys_files.n, guard_look_in_lines);
	if (e == ERR_NOTFOUND)
		e = guard_ask_command(g, SSHD_AuthorizedKeysCommand, guard_look_in_lines);
	return e;
}
