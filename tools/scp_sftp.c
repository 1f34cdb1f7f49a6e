/* SPDX-License-Identifier: ISC */
/* scp by SFTP. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sftp/glob.h"
#include "tools/scp.h"

/* --- connections --- */

void
scp_disconnect(struct scp *s)
{
	sftp_client_free(s->client);
	s->client = NULL;
	if (s->far.pid > 0)
		(void)far_end(&s->far);
	free(s->peer);
	s->peer = NULL;
}

/* A connection to it; that of the source before if it was there, too. NULL: none can be had. */
static struct sftp_client *
connect_to(struct scp *s, const struct where *w)
{
	char *peer;

	if (asprintf(&peer, "%s@%s:%d", w->user == NULL ? "" : w->user, w->host, w->port) == -1)
		peer = far_must(NULL);
	if (s->client != NULL && strcmp(peer, s->peer) == 0) {
		free(peer);
		return s->client;
	}
	scp_disconnect(s);
	if (!scp_run(s, w, NULL, &s->far)) {
		free(peer);
		return NULL;
	}
	if (!far_client(&s->far, &s->client, "scp: ")) {
		(void)far_end(&s->far);
		s->errors++;
		s->is_lost = true;
		free(peer);
		return NULL;
	}
	s->peer = peer;
	return s->client;
}

/* Looks at what a question or a copy has given: false when the connection is over. */
static bool
goes_on(struct scp *s, struct sftp_client *c, enum err e)
{
	if (e != ERR_OK)
		s->errors++;
	if (e == ERR_OK || e == ERR_DENIED)
		return true;
	s->is_lost = true;
	if (e == ERR_CLOSED) {
		if (s->how.stop == NULL || *s->how.stop == 0)
			fprintf(stderr, "scp: Connection closed\n");
	} else if (e == ERR_NOMEM && sftp_client_dead(c) == ERR_OK) {
		fprintf(stderr, "scp: %s\n", err_text(e));
	} else {
		fprintf(stderr, "scp: the server's answer makes no sense: %s\n", err_text(e));
	}
	scp_disconnect(s);
	return false;
}

/* --- paths there --- */

/*
 * The path as it is asked for, a pattern if is_pattern. What ~user stands for is the server's to
 * say, but not what follows it. The caller frees it.
 */
static enum err
expand(struct scp *s, struct sftp_client *c, const char *path, bool is_pattern, char **out)
{
	size_t n = strcspn(path, "/");
	char *user, *home, *plain;
	enum err e;

	*out = NULL;
	if (path[0] == '~' && n == 1) {		/* where every path begins */
		path += n + strspn(path + n, "/");
		n = 0;
	}
	if (path[0] != '~') {
		*out = far_strdup(path[0] == '\0' ? "." : path);
		return ERR_OK;
	}
	if (!sftp_client_has(c, SFTP_OP_EXPAND_PATH)) {
		fprintf(stderr, "scp: server expand-path extension is required for ~user paths in SFTP mode\n");
		return ERR_DENIED;
	}
	user = far_must(strndup(path, n));
	e = sftp_ask_name(c, SFTP_OP_EXPAND_PATH, user, &plain);
	free(user);
	if (e == ERR_DENIED)
		s->how.complain(s, sftp_client_refusal(c));
	if (e != ERR_OK)
		return e;
	home = is_pattern ? far_must(glob_escape(plain)) : far_strdup(plain);
	if (asprintf(out, "%s%s", home, path + n) == -1)
		*out = far_must(NULL);
	free(plain);
	free(home);
	return ERR_OK;
}

/* What the user named is called here: by his own words where only the server could say what they stand for. */
static const char *
name_of(const char *asked, const char *found)
{
	size_t n = strcspn(asked, "/");

	return asked[0] == '~' && asked[n + strspn(asked + n, "/")] == '\0' ? (n > 1 ? asked + 1 : ".") : found;
}

/* Whether there is a folder of that name there. */
static enum err
is_folder(struct sftp_client *c, const char *path, bool *yes)
{
	struct sftp_attrs a;
	enum err e = sftp_ask_stat(c, SFTP_OP_STAT, path, &a);

	*yes = e == ERR_OK && (a.flags & SFTP_ATTR_PERMISSIONS) != 0 && S_ISDIR(a.permissions);
	return e == ERR_DENIED ? ERR_OK : e;
}

/* The target for what is called so, in the target folder; "." and ".." are the folder itself. */
static char *
target_in(const char *folder, const char *source)
{
	char *last = far_must(sftp_path_last(source)), *path;

	path = sftp_name_is_safe(last) ? far_must(sftp_path_join(folder, last)) : far_strdup(folder);
	free(last);
	return path;
}

/* Makes the target folder where several things go into it and it is not there. */
static enum err
need_folder(struct scp *s, struct sftp_client *c, const char *path, bool *yes)
{
	struct sftp_attrs a = { .flags = SFTP_ATTR_PERMISSIONS, .permissions = 0777 };
	enum err e;

	TRY(is_folder(c, path, yes));
	if (*yes || !s->wants_folder)
		return ERR_OK;
	e = sftp_ask_attrs(c, SFTP_OP_MKDIR, path, &a);
	if (e == ERR_DENIED)
		far_print(stderr, "scp: remote mkdir \"%s\": %s\n", path, sftp_client_refusal(c));
	*yes = e == ERR_OK;
	return e;
}

/* --- to there --- */

static enum err
upload_one(struct scp *s, struct sftp_client *c, const char *source, const char *target, bool in_folder)
{
	char *path = in_folder ? target_in(target, source) : far_strdup(target);
	struct stat st;
	enum err e;

	if (stat(source, &st) == -1) {
		far_print(stderr, "scp: stat local \"%s\": %s\n", source, strerror(errno));
		e = ERR_DENIED;
	} else if (S_ISDIR(st.st_mode) && s->is_recursive) {
		e = sftp_upload_tree(c, source, path, &s->how);
		if (e == ERR_DENIED && *s->how.stop == 0)
			far_print(stderr, "scp: failed to upload directory %s to %s\n", source, path);
	} else {
		e = sftp_upload(c, source, path, &s->how);
		if (e == ERR_DENIED && *s->how.stop == 0)
			far_print(stderr, "scp: failed to upload file %s to %s\n", source, path);
	}
	free(path);
	return e;
}

void
scp_upload(struct scp *s, char **sources, size_t n, const struct where *w)
{
	struct sftp_client *c = connect_to(s, w);
	char *target = NULL;
	bool in_folder = false;
	enum err e;

	if (c == NULL)
		return;
	e = expand(s, c, w->path, false, &target);
	if (e == ERR_OK)
		e = need_folder(s, c, target, &in_folder);
	if (goes_on(s, c, e) && e == ERR_OK)
		for (size_t i = 0; i < n && *s->how.stop == 0; i++)
			if (!goes_on(s, c, upload_one(s, c, sources[i], target, in_folder)))
				break;
	free(target);
}

/* --- from there --- */

/* The attributes of what a link leads to; whether it is a folder. */
static enum err
look(struct sftp_client *c, struct sftp_entry *entry, bool *yes)
{
	struct sftp_attrs a;
	enum err e = ERR_OK;

	if ((entry->attrs.flags & SFTP_ATTR_PERMISSIONS) == 0 || S_ISLNK(entry->attrs.permissions)) {
		e = sftp_ask_stat(c, SFTP_OP_STAT, entry->name, &a);
		if (e == ERR_OK)
			entry->attrs = a;
	}
	*yes = e == ERR_OK && (entry->attrs.flags & SFTP_ATTR_PERMISSIONS) != 0 && S_ISDIR(entry->attrs.permissions);
	return e == ERR_DENIED ? ERR_OK : e;
}

/* What the source's pattern stands for, or the file that is called so. */
static enum err
find_sources(struct scp *s, struct sftp_client *c, const char *path, struct sftp_entries *out)
{
	struct glob_place place = glob_remote(c);
	char *expanded = NULL;
	enum err e;

	*out = (struct sftp_entries){ .n = 0 };
	e = expand(s, c, path, true, &expanded);
	if (e == ERR_OK)
		e = glob_find(&place, expanded, out);
	/* A name with characters of patterns in it. */
	if (e == ERR_OK && out->n == 0) {
		struct sftp_attrs a;

		free(expanded);
		e = expand(s, c, path, false, &expanded);
		if (e == ERR_OK)
			e = sftp_ask_stat(c, SFTP_OP_LSTAT, expanded, &a);
		if (e == ERR_OK)
			e = sftp_entries_add(out, span_str(expanded), SPAN_EMPTY, &a);
		else if (e == ERR_DENIED)
			far_print(stderr, "scp: %s: %s\n", path, sftp_client_refusal(c));
	}
	free(expanded);
	return e;
}

void
scp_download(struct scp *s, const struct where *w, const char *target)
{
	SCOPED(sftp_entries_free) struct sftp_entries list = { .n = 0 };
	struct sftp_client *c = connect_to(s, w);
	struct stat st;
	bool in_folder;
	enum err e;

	if (c == NULL)
		return;
	e = find_sources(s, c, w->path, &list);
	if (!goes_on(s, c, e) || e != ERR_OK)
		return;
	in_folder = stat(target, &st) == 0 && S_ISDIR(st.st_mode);
	if (list.n > 1 && !in_folder) {
		if (mkdir(target, 0777) == -1) {
			scp_error(s, NULL, "scp: multiple files match pattern, but destination \"%s\" is not a directory", target);
			return;
		}
		in_folder = true;
	}
	for (size_t i = 0; i < list.n && *s->how.stop == 0; i++) {
		char *path = in_folder ? target_in(target, name_of(w->path, list.v[i].name)) : far_strdup(target);
		bool is_dir;

		e = look(c, &list.v[i], &is_dir);
		if (e == ERR_OK)
			e = is_dir && s->is_recursive ?
			    sftp_download_tree(c, list.v[i].name, &list.v[i].attrs, path, &s->how) :
			    sftp_download(c, list.v[i].name, &list.v[i].attrs, path, &s->how);
		free(path);
		if (!goes_on(s, c, e))
			break;
	}
}

/* --- from there to elsewhere --- */

/* With both connections. */
static enum err
cross_all(struct scp *s, struct sftp_client *from, const char *source, struct sftp_client *to, const char *target)
{
	SCOPED(sftp_entries_free) struct sftp_entries list = { .n = 0 };
	enum err e, worst = ERR_OK;
	bool in_folder, is_dir;
	char *folder;

	TRY(find_sources(s, from, source, &list));
	e = expand(s, to, target, false, &folder);
	s->wants_folder |= list.n > 1;
	if (e == ERR_OK)
		e = need_folder(s, to, folder, &in_folder);
	for (size_t i = 0; e == ERR_OK && i < list.n && *s->how.stop == 0; i++) {
		char *path = in_folder ? target_in(folder, name_of(source, list.v[i].name)) : far_strdup(folder);

		e = look(from, &list.v[i], &is_dir);
		if (e == ERR_OK)
			e = is_dir && s->is_recursive ?
			    sftp_cross_tree(from, list.v[i].name, &list.v[i].attrs, to, path, &s->how) :
			    sftp_cross(from, list.v[i].name, &list.v[i].attrs, to, path, &s->how);
		free(path);
		if (e == ERR_DENIED) {
			worst = e;
			e = ERR_OK;
		}
	}
	free(folder);
	return e == ERR_OK ? worst : e;
}

void
scp_cross(struct scp *s, const struct where *source, const struct where *target)
{
	struct sftp_client *from = connect_to(s, source), *to = NULL;
	struct far f;
	enum err e;

	if (from == NULL || !scp_run(s, target, NULL, &f))
		return;
	if (!far_client(&f, &to, "scp: ")) {
		(void)far_end(&f);
		s->errors++;
		return;
	}
	e = cross_all(s, from, source->path, to, target->path);
	(void)goes_on(s, sftp_client_dead(from) == ERR_OK ? to : from, e);
	sftp_client_free(to);
	(void)far_end(&f);
}
