/* SPDX-License-Identifier: ISC */
#include "os/glob.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "base/writer.h"

/* A path that a walk builds up; longer ones match nothing. */
#define PATH_LEN	4096

void
glob_names_free(struct glob_names *names)
{
	if (names == NULL)
		return;
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i]);
	free(names->v);
	*names = (struct glob_names){ .n = 0 };
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
	if (v[names->n] == NULL)
		return ERR_NOMEM;
	names->n++;
	return ERR_OK;
}

static bool
is_pattern(struct span part)
{
	return span_find(part, '*') < part.len || span_find(part, '?') < part.len;
}

/* Cuts path back to len; that it was too long for one name is forgotten. */
static void
cut(struct writer *path, size_t len)
{
	writer_truncate(path, len);
	path->err = ERR_OK;
}

/* Adds what rest matches below path, which has no "/" at its end. */
static enum err
walk(struct glob_names *names, struct writer *path, struct span rest)
{
	size_t was = path->len;
	size_t slash;
	struct span part;
	struct dirent *d;
	struct stat st;
	DIR *dir;
	enum err e = ERR_OK;

	while (rest.len > 0 && rest.p[0] == '/')
		rest = span_skip(rest, 1);
	if (rest.len == 0) {
		wr_u8(path, 0);
		if (wr_end(path) == ERR_OK && stat((const char *)path->p, &st) == 0)
			e = add(names, span_of(path->p, path->len - 1));
		cut(path, was);
		return e;
	}
	slash = span_find(rest, '/');
	part = span_first(rest, slash);
	rest = span_skip(rest, slash);
	wr_u8(path, '/');
	if (!is_pattern(part)) {
		wr_raw(path, part);
		e = wr_end(path) == ERR_OK ? walk(names, path, rest) : ERR_OK;
		cut(path, was);
		return e;
	}
	wr_u8(path, 0);
	dir = wr_end(path) == ERR_OK ? opendir((const char *)path->p) : NULL;
	cut(path, was + 1);
	while (e == ERR_OK && dir != NULL && (d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.' && part.p[0] != '.')
			continue;
		if (!text_match(span_str(d->d_name), part, false))
			continue;
		wr_raw(path, span_str(d->d_name));
		if (wr_end(path) == ERR_OK)
			e = walk(names, path, rest);
		cut(path, was + 1);
	}
	if (dir != NULL)
		closedir(dir);
	cut(path, was);
	return e;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

enum err
glob_list(struct glob_names *out, const char *pattern)
{
	SCOPED(writer_free) struct writer path = writer_init(PATH_LEN);
	enum err e;

	*out = (struct glob_names){ .n = 0 };
	e = walk(out, &path, span_str(pattern));
	if (e != ERR_OK) {
		glob_names_free(out);
		return e;
	}
	if (out->n > 1)
		qsort(out->v, out->n, sizeof(*out->v), by_name);
	return ERR_OK;
}
