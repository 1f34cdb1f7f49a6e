/* SPDX-License-Identifier: ISC */
/* A remote file is read with many questions on their way. */
#include "sftp/copy_i.h"

/* Takes the next piece to ask for; false if there is none at the moment. */
static bool
next_piece(struct copy_reads *g, uint64_t *offset, uint64_t *len)
{
	if (g->n_holes > 0) {
		*offset = g->holes[--g->n_holes].offset;
		*len = g->holes[g->n_holes].len;
		return *offset < g->end;
	}
	if (g->end != UINT64_MAX || g->next > INT64_MAX - (uint64_t)g->block)
		return false;
	/* Behind the size that was told there is mostly nothing: one question finds that out. */
	if (g->next >= g->size && g->beyond > 0)
		return false;
	*offset = g->next;
	*len = g->block;
	g->next += g->block;
	return true;
}

enum err
copy_ask(struct copy_reads *g)
{
	if (g->is_refused || g->wrong_from != UINT64_MAX || copy_is_stopped(g->how))
		return ERR_OK;
	while (sftp_client_waiting(g->c) < g->pipeline.width && sftp_client_has_room(g->c)) {
		struct sftp_request q = { .op = SFTP_OP_READ, .handle = sftp_handle_span(&g->handle) };

		if (!next_piece(g, &q.offset, &q.length)) {
			if (g->n_holes > 0)
				continue;
			break;
		}
		if (q.offset >= g->size)
			g->beyond++;
		pipeline_asked(&g->pipeline, q.offset, copy_usec());
		TRY(sftp_send(g->c, &q, q.offset, q.length));
	}
	return ERR_OK;
}

/* Takes what a READ was answered with. */
static enum err
take(struct copy_reads *g, const struct sftp_answer *a, struct span *data)
{
	uint64_t offset = a->tag[0], len = a->tag[1];

	if (a->reply.type == SFTP_STATUS) {
		if (a->reply.code == SFTP_EOF) {
			if (offset < g->end)
				g->end = offset;
			return ERR_OK;
		}
		g->is_refused = true;
		g->status = a->reply.code;
		if (offset < g->wrong_from)
			g->wrong_from = offset;
		return a->reply.code == SFTP_OK ? sftp_client_end(g->c, ERR_FORMAT) : ERR_OK;
	}
	if (a->reply.type != SFTP_DATA || a->reply.data.len > len)
		return sftp_client_end(g->c, ERR_FORMAT);
	*data = a->reply.data;
	if (data->len == 0) {		/* or it would be asked for for ever */
		if (offset < g->end)
			g->end = offset;
	} else if (data->len < len) {
		must(g->n_holes < COUNT(g->holes));
		g->holes[g->n_holes++] = (struct copy_hole){ offset + data->len, len - data->len };
		/* In the midst of a file: the server gives no more at once. */
		if (offset + data->len < g->size && data->len >= 512 && data->len < g->block)
			g->block = (uint32_t)data->len;
	}
	return ERR_OK;
}

enum err
copy_answer(struct copy_reads *g, enum sftp_wait wait, struct span *data, uint64_t *offset)
{
	struct sftp_answer a;

	*data = SPAN_EMPTY;
	TRY(sftp_receive(g->c, wait, &a));
	*offset = a.tag[0];
	if (*offset >= g->size && g->beyond > 0)
		g->beyond--;
	pipeline_answered(&g->pipeline, *offset, copy_usec());
	return take(g, &a, data);
}

bool
copy_is_done(const struct copy_reads *g)
{
	return sftp_client_waiting(g->c) == 0;
}

uint64_t
copy_right_until(const struct copy_reads *g)
{
	uint64_t until = sftp_client_least_tag(g->c);

	if (g->wrong_from < until)
		until = g->wrong_from;
	if (g->next < until)
		until = g->next;
	for (unsigned i = 0; i < g->n_holes; i++)
		if (g->holes[i].offset < until)
			until = g->holes[i].offset;
	return g->end < until ? g->end : until;
}
