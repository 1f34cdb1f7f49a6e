/* SPDX-License-Identifier: ISC */
#include "sftp/glob.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* --- places --- */

static enum err
list_remote(void *arg, const char *path, struct sftp_entries *out)
{
	size_t n_bad;

	return sftp_list(arg, path, out, &n_bad);
}

static enum err
look_remote(void *arg, const char *path, struct sftp_attrs *out)
{
	return sftp_ask_stat(arg, SFTP_OP_LSTAT, path, out);
}

struct glob_place
glob_remote(struct sftp_client *c)
{
	return (struct glob_place){ list_remote, look_remote, c };
}

static enum err
list_local(void *arg, const char *path, struct sftp_entries *out)
{
	DIR *dir = opendir(path);
	enum err e = ERR_OK;
	struct dirent *d;

	(void)arg;
	*out = (struct sftp_entries){ .n = 0 };
	if (dir == NULL)
		return ERR_DENIED;
	while (e == ERR_OK && (d = readdir(dir)) != NULL)
		e = sftp_entries_add(out, span_str(d->d_name), SPAN_EMPTY, &(struct sftp_attrs){ .flags = 0 });
	closedir(dir);
	if (e != ERR_OK)
		sftp_entries_free(out);
	return e;
}

static enum err
look_local(void *arg, const char *path, struct sftp_attrs *out)
{
	struct stat st;

	(void)arg;
	if (lstat(path, &st) == -1)
		return ERR_DENIED;
	*out = (struct sftp_attrs){ .flags = SFTP_ATTR_PERMISSIONS | SFTP_ATTR_SIZE | SFTP_ATTR_ACMODTIME,
	    .permissions = st.st_mode, .size = (uint64_t)st.st_size, .mtime = (uint32_t)st.st_mtime,
	    .atime = (uint32_t)st.st_atime };
	return ERR_OK;
}

struct glob_place
glob_local(void)
{
	return (struct glob_place){ list_local, look_local, NULL };
}

/* --- patterns --- */

/* Whether the first len bytes have a pattern in them. */
static bool
has_pattern(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\\' && i + 1 < len)
			i++;
		else if (strchr("*?[", s[i]) != NULL)
			return true;
	}
	return false;
}

bool
glob_is_pattern(const char *pattern)
{
	return has_pattern(pattern, strlen(pattern));
}

/* The first len bytes without their backslashes. */
static char *
unescape(const char *s, size_t len)
{
	char *out = malloc(len + 1);
	size_t n = 0;

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\\' && i + 1 < len)
			i++;
		out[n++] = s[i];
	}
	out[n] = '\0';
	return out;
}

char *
glob_unescape(const char *pattern)
{
	return unescape(pattern, strlen(pattern));
}

char *
glob_escape(const char *name)
{
	char *out = malloc(2 * strlen(name) + 1), *p = out;

	if (out == NULL)
		return NULL;
	for (; *name != '\0'; name++) {
		if (strchr("*?[]\\", *name) != NULL)
			*p++ = '\\';
		*p++ = *name;
	}
	*p = '\0';
	return out;
}

/* The end of the set that begins behind "[", at its "]"; NULL: there is none, the bracket is one. */
static const char *
set_end(const char *p)
{
	if (*p == '!' || *p == '^')
		p++;
	if (*p == ']')
		p++;
	for (; *p != '\0' && *p != ']'; p++)
		if (*p == '\\' && p[1] != '\0')
			p++;
	return *p == ']' ? p : NULL;
}

/* Whether c is in the set from p up to end. */
static bool
in_set(const char *p, const char *end, unsigned char c)
{
	bool is_negated = *p == '!' || *p == '^', yes = false;

	p += is_negated;
	while (p < end) {
		unsigned char from, to;

		p += *p == '\\' && p + 1 < end;
		from = to = (unsigned char)*p++;
		if (p + 1 < end && *p == '-') {
			p++;
			p += *p == '\\' && p + 1 < end;
			to = (unsigned char)*p++;
		}
		yes |= from <= c && c <= to;
	}
	return yes != is_negated;
}

/* Whether c matches what p begins with, no star; *next is behind it. */
static bool
match_one(const char *p, unsigned char c, const char **next)
{
	const char *end;

	*next = p + 1;
	if (*p == '?')
		return true;
	if (*p == '[' && (end = set_end(p + 1)) != NULL) {
		*next = end + 1;
		return in_set(p + 1, end, c);
	}
	if (*p == '\\' && p[1] != '\0')
		*next = ++p + 1;
	return (unsigned char)*p == c;
}

bool
glob_match(const char *pattern, const char *name)
{
	const char *star = NULL, *at = NULL, *next;

	if (name[0] == '.' && pattern[0] != '.' && !(pattern[0] == '\\' && pattern[1] == '.'))
		return false;
	while (*name != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			at = name;
		} else if (*pattern != '\0' && match_one(pattern, (unsigned char)*name, &next)) {
			pattern = next;
			name++;
		} else if (star != NULL) {
			/* The last star takes one more; what an earlier one took need not change. */
			pattern = star;
			name = ++at;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

/* --- walking --- */

/* Adds path if there is such a file. */
static enum err
add(const struct glob_place *place, const char *path, struct sftp_entries *out)
{
	struct sftp_attrs attrs;
	enum err e = place->look(place->arg, path, &attrs);

	if (e != ERR_OK)
		return e == ERR_DENIED ? ERR_OK : e;
	return sftp_entries_add(out, span_str(path), SPAN_EMPTY, &attrs);
}

/* Lists a folder whose path is empty, or ends with a slash that some servers do not like there. */
static enum err
list_folder(const struct glob_place *place, const char *path, struct sftp_entries *out)
{
	size_t len = strlen(path);
	char *bare;
	enum err e;

	if (len == 0)
		return place->list(place->arg, ".", out);
	bare = strndup(path, len > 1 ? len - 1 : len);
	if (bare == NULL)
		return ERR_NOMEM;
	e = place->list(place->arg, bare, out);
	free(bare);
	return e;
}

/* What rest stands for below path, which is empty, or ends with "/". */
static enum err
walk(const struct glob_place *place, const char *path, const char *rest, struct sftp_entries *out)
{
	size_t plain = 0, part;
	SCOPED(sftp_entries_free) struct sftp_entries list = { .n = 0 };
	char *front, *folder, *pattern;
	enum err e;

	/* As many parts as are no patterns are taken as they are, together. */
	for (;;) {
		part = strcspn(rest + plain, "/");
		if (has_pattern(rest + plain, part))
			break;
		plain += part + strspn(rest + plain + part, "/");
		if (rest[plain] == '\0')
			break;
	}
	front = unescape(rest, plain);
	folder = front == NULL ? NULL : malloc(strlen(path) + strlen(front) + 1);
	if (folder != NULL)
		strcat(strcpy(folder, path), front);
	free(front);
	if (folder == NULL)
		return ERR_NOMEM;
	rest += plain;
	if (*rest == '\0') {
		e = add(place, folder, out);
		free(folder);
		return e;
	}
	pattern = strndup(rest, part);
	rest += part;
	e = pattern == NULL ? ERR_NOMEM : list_folder(place, folder, &list);
	for (size_t i = 0; e == ERR_OK && i < list.n; i++) {
		const char *name = list.v[i].name;
		char *whole;

		if (!sftp_name_is_safe(name) || !glob_match(pattern, name))
			continue;
		if (asprintf(&whole, "%s%s%s", folder, name, *rest == '\0' ? "" : "/") == -1) {
			e = ERR_NOMEM;
			break;
		}
		if (*rest != '\0')
			e = walk(place, whole, rest + strspn(rest, "/"), out);
		else if ((list.v[i].attrs.flags & SFTP_ATTR_PERMISSIONS) != 0)
			e = sftp_entries_add(out, span_str(whole), span_str(list.v[i].longname), &list.v[i].attrs);
		else
			e = add(place, whole, out);
		free(whole);
	}
	free(pattern);
	free(folder);
	return e == ERR_DENIED ? ERR_OK : e;
}

enum err
glob_find(const struct glob_place *place, const char *pattern, struct sftp_entries *out)
{
	enum err e;

	*out = (struct sftp_entries){ .n = 0 };
	e = walk(place, "", pattern, out);
	if (e == ERR_OK)
		sftp_entries_sort(out);
	else
		sftp_entries_free(out);
	return e;
}
