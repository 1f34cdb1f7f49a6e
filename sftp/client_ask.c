/* SPDX-License-Identifier: ISC */
/* Questions that wait for their answers, by what belongs to them. */
#include <stdlib.h>
#include <string.h>

#include "sftp/client_i.h"

struct span
sftp_handle_span(const struct sftp_handle *h)
{
	return span_of(h->bytes, h->len);
}

enum err
sftp_ask_path(struct sftp_client *c, enum sftp_op op, const char *path)
{
	struct sftp_reply a;

	return sftp_ask(c, &(struct sftp_request){ .op = op, .path = span_str(path) }, &a);
}

enum err
sftp_ask_attrs(struct sftp_client *c, enum sftp_op op, const char *path, const struct sftp_attrs *attrs)
{
	struct sftp_reply a;

	return sftp_ask(c, &(struct sftp_request){ .op = op, .path = span_str(path), .attrs = *attrs }, &a);
}

enum err
sftp_ask_paths(struct sftp_client *c, enum sftp_op op, const char *path, const char *path2)
{
	struct sftp_reply a;

	return sftp_ask(c, &(struct sftp_request){ .op = op, .path = span_str(path),
	    .path2 = span_str(path2) }, &a);
}

enum err
sftp_ask_stat(struct sftp_client *c, enum sftp_op op, const char *path, struct sftp_attrs *attrs)
{
	struct sftp_reply a;

	TRY(sftp_ask(c, &(struct sftp_request){ .op = op, .path = span_str(path) }, &a));
	*attrs = a.attrs;
	return ERR_OK;
}

enum err
sftp_ask_name(struct sftp_client *c, enum sftp_op op, const char *path, char **name)
{
	struct sftp_reply a;
	struct sftp_name n;
	struct reader r;

	*name = NULL;
	TRY(sftp_ask(c, &(struct sftp_request){ .op = op, .path = span_str(path) }, &a));
	if (a.count != 1)
		return sftp_client_end(c, ERR_FORMAT);
	r = rd_init(a.names);
	sftp_name_get(&r, &n);
	*name = span_dup_str(n.name);
	return *name == NULL ? ERR_NOMEM : ERR_OK;
}

enum err
sftp_ask_handle(struct sftp_client *c, enum sftp_op op, const char *path, uint32_t pflags,
    const struct sftp_attrs *attrs, struct sftp_handle *h)
{
	struct sftp_request q = { .op = op, .path = span_str(path), .pflags = pflags };
	struct sftp_reply a;

	if (attrs != NULL)
		q.attrs = *attrs;
	TRY(sftp_ask(c, &q, &a));
	if (a.data.len > sizeof(h->bytes))
		return sftp_client_end(c, ERR_LIMIT);
	h->len = a.data.len;
	if (h->len > 0)
		memcpy(h->bytes, a.data.p, h->len);
	return ERR_OK;
}

enum err
sftp_ask_by_handle(struct sftp_client *c, enum sftp_op op, const struct sftp_handle *h)
{
	struct sftp_reply a;

	return sftp_ask(c, &(struct sftp_request){ .op = op, .handle = sftp_handle_span(h) }, &a);
}
