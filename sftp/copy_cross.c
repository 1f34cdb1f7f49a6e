/* SPDX-License-Identifier: ISC */
/* A file, or a tree of them, from one server to another, through this machine. */
#include <stdlib.h>
#include <string.h>

#include "sftp/copy_i.h"

struct cross {
	struct copy_reads reads;
	const struct sftp_how *how;
	struct sftp_client *to;
	struct sftp_handle handle;
	const char *source;
	const char *target;
	struct sftp_attrs attrs;
	uint32_t block;			/* of a write */
	bool is_refused;		/* by the target */
};

/* Takes one answer of the target. */
static enum err
take_written(struct cross *x, enum sftp_wait wait)
{
	struct sftp_answer a;

	TRY(sftp_receive(x->to, wait, &a));
	if (a.reply.type != SFTP_STATUS)
		return sftp_client_end(x->to, ERR_FORMAT);
	if (a.reply.code == SFTP_OK) {
		x->reads.done += a.tag[1];
		if (x->how->progress != NULL)
			x->how->progress(x->how->arg, x->reads.done);
	} else {
		x->is_refused = true;
		if (a.tag[0] < x->reads.wrong_from)
			x->reads.wrong_from = a.tag[0];
	}
	return ERR_OK;
}

/* Sends what was read on its way: in pieces that the target takes. */
static enum err
pass_on(struct cross *x, struct span data, uint64_t offset)
{
	while (data.len > 0) {
		struct room room;
		enum err e;

		/* Answers are taken all the while, so that neither side waits for us for ever. */
		while ((e = take_written(x, SFTP_WAIT_NOT)) == ERR_OK)
			;
		if (e != ERR_AGAIN)
			return e;
		if (x->is_refused)
			return ERR_OK;
		if (!sftp_client_has_room(x->to) || sftp_client_waiting(x->to) >= SFTP_CLIENT_QUESTIONS / 2) {
			e = take_written(x, sftp_client_has_room(x->to) ? SFTP_WAIT_ANSWER : SFTP_WAIT_ROOM);
			if (e != ERR_OK && e != ERR_AGAIN)
				return e;
			continue;
		}
		size_t n = data.len < x->block ? data.len : x->block;

		TRY(sftp_send_write(x->to, &x->handle, offset, n, &room));
		memcpy(room.p, data.p, n);
		sftp_send_written(x->to, n);
		offset += n;
		data = span_skip(data, n);
	}
	return ERR_OK;
}

/* Reads and writes until both have answered everything. */
static enum err
carry(struct cross *x)
{
	struct copy_reads *r = &x->reads;

	for (;;) {
		struct span data;
		uint64_t offset;

		TRY(copy_ask(r));
		if (copy_is_done(r))
			break;
		TRY(copy_answer(r, SFTP_WAIT_ANSWER, &data, &offset));
		if (!x->is_refused)
			TRY(pass_on(x, data, offset));
	}
	while (sftp_client_waiting(x->to) > 0)
		TRY(take_written(x, SFTP_WAIT_ANSWER));
	return ERR_OK;
}

/* With both files open. */
static enum err
transfer(struct cross *x)
{
	struct copy_reads *r = &x->reads;
	enum err e, worst = ERR_OK;

	TRY(carry(x));
	if (x->is_refused)
		worst = copy_complain(x->how, "write remote \"%s\": %s", x->target, sftp_client_refusal(x->to));
	if (r->is_refused)
		worst = copy_complain(x->how, "read remote \"%s\": %s", x->source, sftp_client_refusal(r->c));
	if (copy_is_stopped(x->how) && copy_right_until(r) != r->end)
		worst = ERR_DENIED;
	if (worst != ERR_OK) {
		struct sftp_reply a;

		/* What lies behind a missing piece is not to look as if all were there. */
		e = sftp_ask(x->to, &(struct sftp_request){ .op = SFTP_OP_FSETSTAT,
		    .handle = sftp_handle_span(&x->handle),
		    .attrs = { .flags = SFTP_ATTR_SIZE, .size = copy_right_until(r) } }, &a);
		return e == ERR_OK || e == ERR_DENIED ? worst : e;
	}
	if (x->how->in_place)
		TRY(copy_worse(&worst, copy_cut(x->to, &x->handle, x->target, copy_right_until(r), x->how)));
	if (x->how->preserve) {
		struct sftp_attrs attrs = x->attrs;
		struct sftp_reply a;

		attrs.flags &= SFTP_ATTR_PERMISSIONS | SFTP_ATTR_ACMODTIME;
		attrs.permissions &= MODE_SAFE;
		e = sftp_ask(x->to, &(struct sftp_request){ .op = SFTP_OP_FSETSTAT,
		    .handle = sftp_handle_span(&x->handle), .attrs = attrs }, &a);
		if (e == ERR_DENIED)
			(void)copy_complain(x->how, "remote fsetstat \"%s\": %s", x->target, sftp_client_refusal(x->to));
		TRY(copy_worse(&worst, e));
	}
	return worst;
}

/* With the source open. */
static enum err
write_target(struct cross *x)
{
	struct sftp_attrs at_open = { .flags = SFTP_ATTR_PERMISSIONS,
	    .permissions = (x->attrs.flags & SFTP_ATTR_PERMISSIONS) != 0 ? x->attrs.permissions & MODE_SAFE : 0666 };
	enum err e, worst = ERR_OK;

	e = sftp_ask_handle(x->to, SFTP_OP_OPEN, x->target,
	    SFTP_PF_WRITE | SFTP_PF_CREAT | (x->how->in_place ? 0 : SFTP_PF_TRUNC), &at_open, &x->handle);
	if (e == ERR_DENIED)
		return copy_complain(x->how, "remote open \"%s\": %s", x->target, sftp_client_refusal(x->to));
	TRY(e);
	if (x->how->begin != NULL)
		x->how->begin(x->how->arg, x->source, x->reads.size, 0);
	e = transfer(x);
	if (x->how->end != NULL)
		x->how->end(x->how->arg);
	TRY(copy_worse(&worst, e));
	e = sftp_ask_by_handle(x->to, SFTP_OP_CLOSE, &x->handle);
	if (e == ERR_DENIED)
		(void)copy_complain(x->how, "close remote \"%s\": %s", x->target, sftp_client_refusal(x->to));
	TRY(copy_worse(&worst, e));
	return worst;
}

enum err
sftp_cross(struct sftp_client *from, const char *source, const struct sftp_attrs *known, struct sftp_client *to,
    const char *target, const struct sftp_how *how)
{
	struct cross *x = calloc(1, sizeof(*x));
	enum err e, worst = ERR_OK;

	if (x == NULL)
		return ERR_NOMEM;
	*x = (struct cross){ .how = how, .to = to, .source = source, .target = target };
	x->block = copy_block(how, sftp_client_limits(to)->write);
	x->reads.c = from;
	x->reads.how = how;
	x->reads.wrong_from = x->reads.end = UINT64_MAX;
	/* What is read at once is written at once. */
	x->reads.block = copy_block(how, sftp_client_limits(from)->read);
	if (x->block < x->reads.block)
		x->reads.block = x->block;
	pipeline_init(&x->reads.pipeline, x->reads.block, how->requests);
	e = copy_source_attrs(from, source, known, &x->attrs, how);
	if (e == ERR_OK && copy_type(&x->attrs) != 0 && copy_type(&x->attrs) != MODE_REGULAR)
		e = copy_complain(how, "download \"%s\": not a regular file", source);
	if (e == ERR_OK) {
		x->reads.size = (x->attrs.flags & SFTP_ATTR_SIZE) != 0 ? x->attrs.size : 0;
		e = sftp_ask_handle(from, SFTP_OP_OPEN, source, SFTP_PF_READ, NULL, &x->reads.handle);
		if (e == ERR_DENIED)
			(void)copy_complain(how, "remote open \"%s\": %s", source, sftp_client_refusal(from));
	}
	if (e == ERR_OK) {
		e = copy_worse(&worst, write_target(x));
		if (e == ERR_OK)
			e = copy_worse(&worst, sftp_ask_by_handle(from, SFTP_OP_CLOSE, &x->reads.handle));
	}
	free(x);
	return e == ERR_OK ? worst : e;
}

/* --- trees --- */

struct crossing {
	struct sftp_client *from;
	struct sftp_client *to;
	const struct sftp_how *how;
};

static enum err carry_folder(const struct crossing *x, const char *source, const struct sftp_attrs *known,
    const char *target, unsigned depth);

static enum err
carry_entry(const struct crossing *x, const char *source, const struct sftp_entry *entry, const char *target,
    unsigned depth)
{
	struct sftp_attrs attrs = entry->attrs;
	char *a = sftp_path_join(source, entry->name), *b = sftp_path_join(target, entry->name);
	enum err e = a == NULL || b == NULL ? ERR_NOMEM : ERR_OK;

	if (e == ERR_OK && (copy_type(&attrs) == 0 || (copy_type(&attrs) == MODE_LINK && x->how->follow_links))) {
		e = sftp_ask_stat(x->from, SFTP_OP_STAT, a, &attrs);
		if (e == ERR_DENIED)
			(void)copy_complain(x->how, "stat remote \"%s\": %s", a, sftp_client_refusal(x->from));
	}
	if (e == ERR_OK && copy_type(&attrs) == MODE_FOLDER)
		e = carry_folder(x, a, &attrs, b, depth + 1);
	else if (e == ERR_OK && copy_type(&attrs) == MODE_REGULAR)
		e = sftp_cross(x->from, a, &attrs, x->to, b, x->how);
	else if (e == ERR_OK)
		(void)copy_complain(x->how, "origin \"%s\": not a regular file", a);
	free(a);
	free(b);
	return e;
}

static enum err
carry_all(const struct crossing *x, const char *source, const char *target, unsigned depth)
{
	SCOPED(sftp_entries_free) struct sftp_entries list;
	enum err worst = ERR_OK;

	TRY(copy_list(x->from, source, &list, x->how));
	for (size_t i = 0; i < list.n && !copy_is_stopped(x->how); i++)
		if (sftp_name_is_safe(list.v[i].name))
			TRY(copy_worse(&worst, carry_entry(x, source, &list.v[i], target, depth)));
	return copy_is_stopped(x->how) ? ERR_DENIED : worst;
}

static enum err
carry_folder(const struct crossing *x, const char *source, const struct sftp_attrs *known, const char *target,
    unsigned depth)
{
	struct sftp_attrs attrs;
	enum err e, worst = ERR_OK;
	bool is_new;

	if (depth >= SFTP_COPY_DEPTH)
		return copy_complain(x->how, "Maximum directory depth exceeded: %u levels", depth);
	TRY(copy_source_attrs(x->from, source, known, &attrs, x->how));
	if (copy_type(&attrs) != MODE_FOLDER)
		return copy_complain(x->how, "\"%s\" is not a directory", source);
	if (x->how->enter != NULL)
		x->how->enter(x->how->arg, source);
	if ((attrs.flags & SFTP_ATTR_PERMISSIONS) == 0)
		attrs.permissions = 0777;
	TRY(copy_make_folder(x->to, target, &attrs, &is_new, x->how));
	TRY(copy_worse(&worst, carry_all(x, source, target, depth)));
	if (!is_new && !x->how->preserve)
		return worst;
	attrs.flags &= SFTP_ATTR_PERMISSIONS | (x->how->preserve ? SFTP_ATTR_ACMODTIME : 0);
	attrs.permissions &= MODE_FOLDER_SAFE;
	e = sftp_ask_attrs(x->to, SFTP_OP_SETSTAT, target, &attrs);
	if (e == ERR_DENIED)
		(void)copy_complain(x->how, "remote setstat \"%s\": %s", target, sftp_client_refusal(x->to));
	TRY(copy_worse(&worst, e));
	return worst;
}

enum err
sftp_cross_tree(struct sftp_client *from, const char *source, const struct sftp_attrs *known,
    struct sftp_client *to, const char *target, const struct sftp_how *how)
{
	return carry_folder(&(struct crossing){ from, to, how }, source, known, target, 0);
}
