/* SPDX-License-Identifier: ISC */
/* sftp's get and put, and what all its commands need. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/sftp.h"

/* --- paths --- */

char *
sftp_pattern_there(const struct session *s, const char *word)
{
	char *front = far_must(glob_escape(s->pwd)), *path = far_must(sftp_path_join(front, word));

	free(front);
	return path;
}

char *
sftp_there(const struct session *s, const char *word)
{
	char *plain = far_must(glob_unescape(word)), *path = far_must(sftp_path_join(s->pwd, plain));

	free(plain);
	return path;
}

char *
sftp_in_folder(const char *folder, const char *source)
{
	char *last = far_must(sftp_path_last(source)), *path;

	path = sftp_name_is_safe(last) ? far_must(sftp_path_join(folder, last)) : far_strdup(folder);
	free(last);
	return path;
}

/* --- what came of it --- */

bool
sftp_went_well(struct session *s, enum err e)
{
	if (e == ERR_OK)
		return true;
	if (e == ERR_DENIED || s->is_lost)
		return false;
	if (e == ERR_LIMIT && sftp_client_dead(s->c) == ERR_OK)
		return sftp_fail("That are too many files.");
	if (e == ERR_NOMEM && sftp_client_dead(s->c) == ERR_OK)
		return sftp_fail("%s", err_text(e));
	s->is_over = s->is_lost = true;
	if (e == ERR_CLOSED)
		return sftp_fail("Connection closed");
	return sftp_fail("The server's answer makes no sense: %s", err_text(e));
}

bool
sftp_tell(struct session *s, enum err e, const char *what, const char *path)
{
	if (e == ERR_DENIED)
		return sftp_fail("%s \"%s\": %s", what, path, sftp_client_refusal(s->c));
	return sftp_went_well(s, e);
}

enum err
sftp_is_folder(struct session *s, const char *path, bool *yes)
{
	struct sftp_attrs a;
	enum err e = sftp_ask_stat(s->c, SFTP_OP_STAT, path, &a);

	*yes = e == ERR_OK && (a.flags & SFTP_ATTR_PERMISSIONS) != 0 && S_ISDIR(a.permissions);
	return e == ERR_DENIED ? ERR_OK : e;
}

bool
sftp_find_there(struct session *s, const char *word, struct sftp_entries *out)
{
	struct glob_place place = glob_remote(s->c);
	char *pattern = sftp_pattern_there(s, word), *path = sftp_there(s, word);
	enum err e = glob_find(&place, pattern, out);
	struct sftp_attrs a;
	bool ok;

	/* A name with characters of patterns in it. */
	if (e == ERR_OK && out->n == 0) {
		e = sftp_ask_stat(s->c, SFTP_OP_LSTAT, path, &a);
		if (e == ERR_OK)
			e = sftp_entries_add(out, span_str(path), SPAN_EMPTY, &a);
		else if (e == ERR_DENIED)
			(void)sftp_fail("File \"%s\" not found.", path);
	}
	ok = sftp_went_well(s, e);
	free(pattern);
	free(path);
	return ok;
}

/* --- how --- */

/* The session's way of copying, with this command's flags. */
static struct sftp_how
how_of(const struct session *s, const struct args *a)
{
	struct sftp_how how = s->how;

	how.preserve |= args_has(a, 'p') || args_has(a, 'P');
	how.fsync |= args_has(a, 'f');
	how.resume |= args_has(a, 'a') || strncmp(a->name, "re", 2) == 0;
	return how;
}

static bool
is_recursive(const struct session *s, const struct args *a)
{
	return s->is_recursive || args_has(a, 'r') || args_has(a, 'R');
}

/* --- get --- */

/* Fetches one, to a local path. */
static bool
get_one(struct session *s, struct sftp_entry *entry, const char *target, bool recursive, const struct sftp_how *how)
{
	bool is_dir = (entry->attrs.flags & SFTP_ATTR_PERMISSIONS) != 0 && S_ISDIR(entry->attrs.permissions);
	enum err e = ERR_OK;

	if ((entry->attrs.flags & SFTP_ATTR_PERMISSIONS) == 0 || S_ISLNK(entry->attrs.permissions))
		e = sftp_is_folder(s, entry->name, &is_dir);
	if (e != ERR_OK)
		return sftp_went_well(s, e);
	if (!s->is_quiet)
		far_print(stdout, "%s %s to %s\n", how->resume ? "Resuming" : "Fetching", entry->name, target);
	s->verb = "Retrieving";
	e = is_dir && recursive ? sftp_download_tree(s->c, entry->name, NULL, target, how) :
	    sftp_download(s->c, entry->name, NULL, target, how);
	return sftp_went_well(s, e);
}

bool
sftp_get(struct session *s, const struct args *a)
{
	SCOPED(sftp_entries_free) struct sftp_entries list = { .n = 0 };
	struct sftp_how how = how_of(s, a);
	char *target = a->n > 1 ? far_must(glob_unescape(a->words[1])) : far_strdup(".");
	struct stat st;
	bool ok, in_folder;

	ok = sftp_find_there(s, a->words[0], &list);
	in_folder = stat(target, &st) == 0 && S_ISDIR(st.st_mode);
	if (ok && list.n > 1 && !in_folder) {
		ok = sftp_fail("Multiple paths match, but destination \"%s\" is not a directory", target);
		sftp_entries_free(&list);
	}
	for (size_t i = 0; i < list.n && !s->is_over && *s->how.stop == 0; i++) {
		char *path = !in_folder ? far_strdup(target) : sftp_in_folder(target, list.v[i].name);

		/* As OpenSSH's prints it: "x", not "./x". */
		if (strncmp(path, "./", 2) == 0)
			memmove(path, path + 2, strlen(path) - 1);
		ok &= get_one(s, &list.v[i], path, is_recursive(s, a), &how);
		free(path);
	}
	free(target);
	return ok;
}

/* --- put --- */

static bool
put_one(struct session *s, const char *source, const char *target, bool recursive, const struct sftp_how *how)
{
	struct stat st;
	enum err e;

	if (stat(source, &st) == -1)
		return sftp_fail("stat %s: %s", source, strerror(errno));
	if (!s->is_quiet)
		far_print(stdout, "%s %s to %s\n", how->resume ? "Resuming upload of" : "Uploading", source, target);
	s->verb = "Entering";
	e = S_ISDIR(st.st_mode) && recursive ? sftp_upload_tree(s->c, source, target, how) :
	    sftp_upload(s->c, source, target, how);
	return sftp_went_well(s, e);
}

bool
sftp_put(struct session *s, const struct args *a)
{
	SCOPED(sftp_entries_free) struct sftp_entries list = { .n = 0 };
	struct glob_place place = glob_local();
	struct sftp_how how = how_of(s, a);
	char *target = a->n > 1 ? sftp_there(s, a->words[1]) : far_strdup(s->pwd);
	char *plain = far_must(glob_unescape(a->words[0]));
	bool ok = true, in_folder = false;
	enum err e = glob_find(&place, a->words[0], &list);

	if (e == ERR_OK && list.n == 0)		/* the name itself, and what is wrong with it */
		e = sftp_entries_add(&list, span_str(plain), SPAN_EMPTY, &(struct sftp_attrs){ .flags = 0 });
	if (e == ERR_OK)
		e = sftp_is_folder(s, target, &in_folder);
	ok = sftp_went_well(s, e);
	if (ok && list.n > 1 && !in_folder)
		ok = sftp_fail("Multiple paths match, but destination \"%s\" is not a directory", target);
	else if (ok)
		for (size_t i = 0; i < list.n && !s->is_over && *s->how.stop == 0; i++) {
			char *path = in_folder ? sftp_in_folder(target, list.v[i].name) : far_strdup(target);

			ok &= put_one(s, list.v[i].name, path, is_recursive(s, a), &how);
			free(path);
		}
	free(target);
	free(plain);
	return ok;
}
