/* SPDX-License-Identifier: ISC */
/* Names of files: lists of them, and paths made of them. */
#include <stdlib.h>
#include <string.h>

#include "sftp/client_i.h"

void
sftp_entries_free(struct sftp_entries *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].name);
		free(l->v[i].longname);
	}
	free(l->v);
	*l = (struct sftp_entries){ .n = 0 };
}

enum err
sftp_entries_add(struct sftp_entries *l, struct span name, struct span longname,
    const struct sftp_attrs *attrs)
{
	size_t bytes = name.len + longname.len + sizeof(struct sftp_entry);
	struct sftp_entry e = { .attrs = *attrs };

	if (l->n == SFTP_CLIENT_NAMES || l->bytes + bytes > SFTP_CLIENT_NAME_BYTES)
		return ERR_LIMIT;
	if ((l->n & (l->n - 1)) == 0) {		/* 0 and every power of two: twice as much */
		struct sftp_entry *v = realloc(l->v, (l->n == 0 ? 1 : 2 * l->n) * sizeof(*v));

		if (v == NULL)
			return ERR_NOMEM;
		l->v = v;
	}
	e.name = span_dup_str(name);
	e.longname = span_dup_str(longname);
	if (e.name == NULL || e.longname == NULL) {
		free(e.name);
		free(e.longname);
		return ERR_NOMEM;
	}
	l->bytes += bytes;
	l->v[l->n++] = e;
	return ERR_OK;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct sftp_entry *)a)->name, ((const struct sftp_entry *)b)->name);
}

void
sftp_entries_sort(struct sftp_entries *l)
{
	if (l->n > 1)
		qsort(l->v, l->n, sizeof(*l->v), by_name);
}

/* Adds the names of one answer. */
static enum err
take_names(const struct sftp_reply *a, struct sftp_entries *out, size_t *n_bad)
{
	struct reader r = rd_init(a->names);

	for (uint32_t i = 0; i < a->count; i++) {
		struct sftp_name n;

		sftp_name_get(&r, &n);
		if (n.name.len == 0 || span_find(n.name, '/') < n.name.len)
			(*n_bad)++;
		else
			TRY(sftp_entries_add(out, n.name, n.longname, &n.attrs));
	}
	return ERR_OK;
}

/* Reads an open directory to its end. */
static enum err
read_all(struct sftp_client *c, const struct sftp_handle *h, struct sftp_entries *out, size_t *n_bad)
{
	struct sftp_request q = { .op = SFTP_OP_READDIR, .handle = sftp_handle_span(h) };
	struct sftp_reply a;
	enum err e;

	do {
		e = sftp_ask(c, &q, &a);
		if (e == ERR_DENIED)
			return c->status == SFTP_EOF ? ERR_OK : e;
		if (e == ERR_OK && a.count == 0)	/* it would go on for ever */
			return sftp_client_end(c, ERR_FORMAT);
		if (e == ERR_OK)
			e = take_names(&a, out, n_bad);
	} while (e == ERR_OK);
	return e;
}

enum err
sftp_list(struct sftp_client *c, const char *path, struct sftp_entries *out, size_t *n_bad)
{
	struct sftp_handle h;
	enum err e, closed;

	*out = (struct sftp_entries){ .n = 0 };
	*n_bad = 0;
	TRY(sftp_ask_handle(c, SFTP_OP_OPENDIR, path, 0, NULL, &h));
	e = read_all(c, &h, out, n_bad);
	if (e != ERR_OK)
		sftp_entries_free(out);
	if (c->dead == ERR_OK) {
		uint32_t status = c->status;

		closed = sftp_ask_by_handle(c, SFTP_OP_CLOSE, &h);
		c->status = status;		/* what went wrong first counts */
		if (e == ERR_OK && closed != ERR_DENIED)
			e = closed;
	}
	return e;
}

bool
sftp_name_is_safe(const char *name)
{
	return name[0] != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	    strchr(name, '/') == NULL;
}

char *
sftp_path_join(const char *path, const char *name)
{
	size_t n = strlen(path), m = strlen(name);
	char *s;

	if (name[0] == '/' || path[0] == '\0')
		return strdup(name);
	s = malloc(n + m + 2);
	if (s == NULL)
		return NULL;
	memcpy(s, path, n);
	if (path[n - 1] != '/')
		s[n++] = '/';
	memcpy(s + n, name, m + 1);
	return s;
}

char *
sftp_path_last(const char *path)
{
	size_t end = strlen(path), from;

	while (end > 1 && path[end - 1] == '/')
		end--;
	from = end;
	while (from > 0 && path[from - 1] != '/')
		from--;
	if (from == end && end > 0)		/* nothing but slashes */
		return strdup("/");
	return span_dup_str(span_of(path + from, end - from));
}
