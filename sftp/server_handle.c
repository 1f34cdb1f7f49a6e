/* SPDX-License-Identifier: ISC */
/* What a client has open. */
#include <errno.h>
#include <stdlib.h>

#include "sftp/server_i.h"

/* A place that is free, at the end of the table if need be; NULL: no more. */
static struct handle *
place(struct sftp_server *s)
{
	size_t max = s->setup.max_handles, n = s->n_handles == 0 ? 16 : s->n_handles * 2;
	struct handle *more;

	for (size_t i = 0; s->n_open < s->n_handles && i < s->n_handles; i++) {
		if (s->handles[i].kind == HANDLE_FREE)
			return &s->handles[i];
	}
	if (n > max)
		n = max;
	if (n <= s->n_handles)
		return NULL;
	more = realloc(s->handles, n * sizeof(*more));
	if (more == NULL)
		return NULL;
	s->handles = more;
	for (size_t i = s->n_handles; i < n; i++)
		more[i] = (struct handle){ .kind = HANDLE_FREE, .fd = -1 };
	more += s->n_handles;
	s->n_handles = n;
	return more;
}

int
handle_new(struct sftp_server *s, uint32_t id, const struct handle *from)
{
	struct handle *h = place(s);
	uint16_t generation;
	size_t at;
	char *path;

	if (h == NULL)
		return s->n_open < s->setup.max_handles ? ENOMEM : EMFILE;
	path = span_dup_str(span_str(from->path));
	if (path == NULL)
		return ENOMEM;
	generation = (uint16_t)(h->generation + 1);
	*h = *from;
	h->generation = generation;
	h->path = path;
	s->n_open++;
	at = (size_t)(h - s->handles);
	sftp_handle_put(&s->out, id, span_of((uint8_t[HANDLE_LEN]){ (uint8_t)(at >> 8), (uint8_t)at,
	    (uint8_t)(generation >> 8), (uint8_t)generation }, HANDLE_LEN));
	return ANSWERED;
}

struct handle *
handle_find(struct sftp_server *s, struct span bytes)
{
	size_t at;
	struct handle *h;

	if (bytes.len != HANDLE_LEN)
		return NULL;
	at = (size_t)bytes.p[0] << 8 | bytes.p[1];
	if (at >= s->n_handles)
		return NULL;
	h = &s->handles[at];
	return h->kind != HANDLE_FREE && h->generation == (bytes.p[2] << 8 | bytes.p[3]) ? h : NULL;
}

struct handle *
handle_find_kind(struct sftp_server *s, struct span bytes, enum handle_kind kind)
{
	struct handle *h = handle_find(s, bytes);

	return h != NULL && h->kind == kind ? h : NULL;
}

int
handle_close(struct sftp_server *s, struct handle *h, const char *how)
{
	const struct sftp_fs *fs = s->setup.fs;
	int e;

	if (h->kind == HANDLE_FILE) {
		log_info(s->setup.log, "%sclose \"%s\" bytes read %llu written %llu", how, h->path,
		    (unsigned long long)h->n_read, (unsigned long long)h->n_written);
		e = fs->close(s->setup.fs_arg, h->fd);
	} else {
		log_info(s->setup.log, "%sclosedir \"%s\"", how, h->path);
		e = fs->dir_close(s->setup.fs_arg, h->dir);
	}
	free(h->path);
	*h = (struct handle){ .kind = HANDLE_FREE, .generation = h->generation, .fd = -1 };
	s->n_open--;
	return e;
}

void
handles_free(struct sftp_server *s)
{
	for (size_t i = 0; i < s->n_handles; i++) {
		if (s->handles[i].kind != HANDLE_FREE)
			(void)handle_close(s, &s->handles[i], "forced ");
	}
	free(s->handles);
	s->handles = NULL;
	s->n_handles = 0;
}
