/* SPDX-License-Identifier: ISC */
#include "os/glob.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"

static bool
is_pattern(struct span s)
{
	return span_find(s, '*') < s.len || span_find(s, '?') < s.len;
}

static enum err
add(struct glob_names *names, struct span path)
{
	char **v;

	if (names->n == GLOB_MAX)
		return ERR_LIMIT;
	v = realloc(names->v, (names->n + 1) * sizeof(*v));
	if (v == NULL)
		return ERR_NOMEM;
	names->v = v;
	v[names->n] = span_dup_str(path);
	return v[names->n] == NULL ? ERR_NOMEM : (names->n++, ERR_OK);
}

static enum err find(struct writer *path, struct span rest, struct glob_names *out);

/* Tries each name of the directory path for one part of the pattern. */
static enum err
find_in(struct writer *path, struct span part, struct span rest, struct glob_names *out)
{
	size_t len = path->len;
	enum err e = ERR_OK;
	struct dirent *d;
	DIR *dir;

	wr_u8(path, 0);
	TRY(wr_end(path));
	dir = opendir(len == 0 ? "." : (const char *)path->p);
	writer_truncate(path, len);
	if (dir == NULL)
		return ERR_OK;
	while (e == ERR_OK && (d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.' && part.p[0] != '.')
			continue;
		if (!text_match(span_str(d->d_name), part, false))
			continue;
		wr_raw(path, span_str(d->d_name));
		e = find(path, rest, out);
		writer_truncate(path, len);
	}
	closedir(dir);
	return e;
}

/* Goes on from a path that exists as far as it goes. */
static enum err
find(struct writer *path, struct span rest, struct glob_names *out)
{
	size_t len = path->len;
	enum err e = ERR_OK;
	struct span part;
	struct stat st;

	while (rest.len > 0 && rest.p[0] == '/') {
		wr_u8(path, '/');
		rest = span_skip(rest, 1);
	}
	if (rest.len == 0) {
		wr_u8(path, 0);
		e = wr_end(path);
		if (e == ERR_OK && stat((const char *)path->p, &st) == 0)
			e = add(out, span_of(path->p, path->len - 1));
	} else {
		part = span_first(rest, span_find(rest, '/'));
		rest = span_skip(rest, part.len);
		if (is_pattern(part)) {
			e = find_in(path, part, rest, out);
		} else {
			wr_raw(path, part);
			e = find(path, rest, out);
		}
	}
	writer_truncate(path, len);
	return e;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

enum err
glob_find(const char *pattern, struct glob_names *out)
{
	SCOPED(writer_free) struct writer path = writer_init(64 * 1024);
	enum err e;

	*out = (struct glob_names){ NULL, 0 };
	e = find(&path, span_str(pattern), out);
	if (e != ERR_OK) {
		glob_free(out);
		return e;
	}
	if (out->n > 1)
		qsort(out->v, out->n, sizeof(*out->v), compare);
	return ERR_OK;
}

void
glob_free(struct glob_names *names)
{
	if (names == NULL)
		return;
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i]);
	free(names->v);
	*names = (struct glob_names){ NULL, 0 };
}
