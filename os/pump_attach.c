/* SPDX-License-Identifier: ISC */
/* What the program calls about channels: attaching, finishing, tags. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/pump_i.h"

enum err
pump_channel(struct pump *p, struct channel_id id, struct pumped **out)
{
	struct pumped *pc = conn_channel_tag(p->conn, id);

	*out = pc;
	if (pc != NULL)
		return ERR_OK;
	pc = calloc(1, sizeof(*pc));
	if (pc == NULL)
		return ERR_NOMEM;
	*pc = (struct pumped){ .pump = p, .id = id, .next = p->channels,
	    .exit_body = writer_init(LIMIT_PACKET),
	    .filtered = writer_init(2 * PUMP_FILTERED) };
	for (size_t i = 0; i < COUNT(pc->ends); i++)
		pc->ends[i] = (struct end){ .pc = pc, .fd = -1 };
	if (pc->next != NULL)
		pc->next->prev = pc;
	p->channels = pc;
	conn_channel_set_tag(p->conn, id, pc);
	if (conn_channel_tag(p->conn, id) == pc) {
		*out = pc;
		return ERR_OK;
	}
	pumped_free(pc);
	return ERR_NOTFOUND;
}

enum err
pump_set_tag(struct pump *p, struct channel_id id, void *tag)
{
	struct pumped *pc;

	TRY(pump_channel(p, id, &pc));
	pc->tag = tag;
	return ERR_OK;
}

enum err
pump_set_manual(struct pump *p, struct channel_id id)
{
	struct pumped *pc;

	TRY(pump_channel(p, id, &pc));
	pc->life = PUMPED_MANUAL;
	return ERR_OK;
}

void *
pump_tag(const struct pump *p, struct channel_id id)
{
	const struct pumped *pc = conn_channel_tag(p->conn, id);

	return pc == NULL ? NULL : pc->tag;
}

/* Puts a descriptor into its place among the ends. */
static struct end *
add_end(struct pumped *pc, int fd)
{
	struct end *e = pc->ends;

	while (e->fd != -1 && e->fd != fd)
		e++;
	e->fd = fd;
	return e;
}

static void
add_ends(struct pumped *pc, const struct pump_ends *ends)
{
	for (enum stream s = STREAM_DATA; s <= STREAM_STDERR; s++) {
		if (ends->sink[s] != -1) {
			struct end *e = add_end(pc, ends->sink[s]);

			e->writes = true;
			e->sink = s;
		}
		if (ends->source[s] != -1) {
			struct end *e = add_end(pc, ends->source[s]);

			e->reads = true;
			e->source = s;
			pc->eof = EOF_DUE;
		}
	}
}

static void
close_ends(const struct pump_ends *ends)
{
	for (enum stream s = STREAM_DATA; s <= STREAM_STDERR; s++) {
		if (ends->sink[s] != -1)
			close(ends->sink[s]);
		if (ends->source[s] != -1 && ends->source[s] != ends->sink[s])
			close(ends->source[s]);
	}
}

/* Begins to watch the descriptors. */
static enum err
open_ends(struct pumped *pc)
{
	for (size_t i = 0; i < COUNT(pc->ends); i++)
		if (pc->ends[i].fd != -1)
			TRY(end_open(&pc->ends[i]));
	return ERR_OK;
}

enum err
pump_attach(struct pump *p, struct channel_id id, const struct pump_ends *ends)
{
	struct pumped *pc = NULL;
	enum err e = p->has_ended ? ERR_NOTFOUND : pump_channel(p, id, &pc);

	if (e == ERR_OK && pc->life == PUMPED_ATTACHED)
		e = ERR_EXISTS;
	if (e != ERR_OK) {
		close_ends(ends);
		return e;
	}
	pc->flags = ends->flags;
	add_ends(pc, ends);
	e = open_ends(pc);
	if (e != ERR_OK) {
		for (size_t i = 0; i < COUNT(pc->ends); i++)
			end_close(&pc->ends[i]);
		pc->eof = EOF_NOT_OURS;
		return e;
	}
	pc->life = PUMPED_ATTACHED;
	pump_soon(p);
	pumped_attached(pc);
	return ERR_OK;
}

void
pump_set_filter(struct pump *p, struct channel_id id,
    size_t (*fn)(void *arg, uint8_t *buf, size_t n, size_t cap), void *arg)
{
	struct pumped *pc = conn_channel_tag(p->conn, id);

	if (pc == NULL)
		return;
	pc->filter = fn;
	pc->filter_arg = arg;
}

void
pump_end_source(struct pump *p, struct channel_id id)
{
	struct pumped *pc = conn_channel_tag(p->conn, id);

	if (pc == NULL || pc->life != PUMPED_ATTACHED)
		return;
	for (size_t i = 0; i < COUNT(pc->ends); i++) {
		pc->ends[i].reads = false;
		end_close_if_done(&pc->ends[i]);
	}
	pumped_settle(pc);
	pump_soon(p);
}

void
pump_pause(struct pump *p, struct channel_id id, bool paused)
{
	struct pumped *pc = conn_channel_tag(p->conn, id);

	if (pc == NULL)
		return;
	pc->is_paused = paused;
	for (size_t i = 0; i < COUNT(pc->ends); i++)
		end_update(&pc->ends[i]);
}

enum err
pump_finish(struct pump *p, struct channel_id id, const char *request,
    struct span body)
{
	struct pumped *pc;
	enum err e = pump_channel(p, id, &pc);

	if (e == ERR_NOTFOUND || (e == ERR_OK && pc->exit != EXIT_NONE))
		return ERR_OK;
	TRY(e);
	/* There is one if memory failed before. */
	free(pc->exit_request);
	pc->exit_request = request == NULL ? NULL : strdup(request);
	wr_raw(&pc->exit_body, body);
	if (request != NULL && pc->exit_request == NULL)
		return ERR_NOMEM;
	TRY(wr_end(&pc->exit_body));
	pc->exit = EXIT_DUE;
	pump_soon(p);
	pumped_read(pc);
	return ERR_OK;
}

msec
pump_active_at(const struct pump *p, struct channel_id id)
{
	const struct pumped *pc = conn_channel_tag(p->conn, id);

	return pc == NULL ? 0 : pc->active_at;
}

size_t
pump_backlog(const struct pump *p)
{
	size_t sum = 0;

	for (const struct pumped *pc = p->channels; pc != NULL; pc = pc->next)
		sum += pc->backlog[STREAM_DATA].len + pc->backlog[STREAM_STDERR].len;
	return sum;
}
