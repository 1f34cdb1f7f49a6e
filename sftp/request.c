/* SPDX-License-Identifier: ISC */
/* Requests: one list of fields an op, by which they are read and written. */
#include "sftp/sftp.h"

/* The fields of requests, each a member of struct sftp_request. */
enum field {
	END,
	PATH,
	PATH2,
	HANDLE,
	HANDLE2,
	DATA,
	UIDS,
	GIDS,
	ATTRS,
	PFLAGS,
	OFFSET,
	OFFSET2,
	LENGTH32,
	LENGTH64,
};

static const struct op {
	enum sftp_type type;
	const char *name;
	const char *extension;	/* NULL: the type says it all */
	const char *data;
} ops[SFTP_OP_COUNT] = {
#define X(op, type, name, extension, data) [SFTP_OP_##op] = { type, name, extension, data },
	SFTP_OPS(X)
#undef X
	[SFTP_OP_INIT] = { SFTP_INIT, "init", NULL, NULL },
	[SFTP_OP_UNKNOWN] = { (enum sftp_type)0, "unknown", NULL, NULL },
};

static const enum field fields[SFTP_OP_COUNT][6] = {
	[SFTP_OP_OPEN] = { PATH, PFLAGS, ATTRS },
	[SFTP_OP_CLOSE] = { HANDLE },
	[SFTP_OP_READ] = { HANDLE, OFFSET, LENGTH32 },
	[SFTP_OP_WRITE] = { HANDLE, OFFSET, DATA },
	[SFTP_OP_LSTAT] = { PATH },
	[SFTP_OP_FSTAT] = { HANDLE },
	[SFTP_OP_SETSTAT] = { PATH, ATTRS },
	[SFTP_OP_FSETSTAT] = { HANDLE, ATTRS },
	[SFTP_OP_OPENDIR] = { PATH },
	[SFTP_OP_READDIR] = { HANDLE },
	[SFTP_OP_REMOVE] = { PATH },
	[SFTP_OP_MKDIR] = { PATH, ATTRS },
	[SFTP_OP_RMDIR] = { PATH },
	[SFTP_OP_REALPATH] = { PATH },
	[SFTP_OP_STAT] = { PATH },
	[SFTP_OP_RENAME] = { PATH, PATH2 },
	[SFTP_OP_READLINK] = { PATH },
	[SFTP_OP_SYMLINK] = { PATH, PATH2 },
	[SFTP_OP_POSIX_RENAME] = { PATH, PATH2 },
	[SFTP_OP_STATVFS] = { PATH },
	[SFTP_OP_FSTATVFS] = { HANDLE },
	[SFTP_OP_HARDLINK] = { PATH, PATH2 },
	[SFTP_OP_FSYNC] = { HANDLE },
	[SFTP_OP_LSETSTAT] = { PATH, ATTRS },
	[SFTP_OP_LIMITS] = { END },
	[SFTP_OP_EXPAND_PATH] = { PATH },
	[SFTP_OP_COPY_DATA] = { HANDLE, OFFSET, LENGTH64, HANDLE2, OFFSET2 },
	[SFTP_OP_HOME_DIRECTORY] = { PATH },
	[SFTP_OP_USERS_GROUPS] = { UIDS, GIDS },
};

const char *
sftp_op_name(enum sftp_op op)
{
	return ops[op].name;
}

const char *
sftp_op_extension(enum sftp_op op)
{
	return ops[op].extension;
}

enum sftp_op
sftp_op_find(struct span name)
{
	for (unsigned op = 0; op < SFTP_OP_INIT; op++)
		if (span_is(name, ops[op].name))
			return (enum sftp_op)op;
	return SFTP_OP_UNKNOWN;
}

enum err
sftp_frame(struct span in, size_t max, struct span *payload)
{
	struct reader r = rd_init(in);
	uint32_t len = rd_u32(&r);

	if (r.err != ERR_OK)
		return ERR_AGAIN;
	if (len == 0)
		return ERR_FORMAT;
	if (len > max)
		return ERR_LIMIT;
	if (len > r.rest.len)
		return ERR_AGAIN;
	*payload = span_first(r.rest, len);
	return ERR_OK;
}

/* The op of a type, or of an extension's name if the type is EXTENDED. */
static enum sftp_op
find(uint8_t type, struct span extension)
{
	for (unsigned op = 0; op < SFTP_OP_UNKNOWN; op++)
		if (ops[op].type == type && (ops[op].extension == NULL || span_is(extension, ops[op].extension)))
			return (enum sftp_op)op;
	return SFTP_OP_UNKNOWN;
}

static void
field_get(struct reader *r, enum field f, struct sftp_request *q)
{
	switch (f) {
	case END: return;
	case PATH: q->path = rd_text(r); return;
	case PATH2: q->path2 = rd_text(r); return;
	case HANDLE: q->handle = rd_bytes(r); return;
	case HANDLE2: q->handle2 = rd_bytes(r); return;
	case DATA: q->data = rd_bytes(r); return;
	case UIDS: q->uids = rd_bytes(r); return;
	case GIDS: q->gids = rd_bytes(r); return;
	case ATTRS: sftp_attrs_get(r, &q->attrs); return;
	case PFLAGS: q->pflags = rd_u32(r); return;
	case OFFSET: q->offset = rd_u64(r); return;
	case OFFSET2: q->offset2 = rd_u64(r); return;
	case LENGTH32: q->length = rd_u32(r); return;
	case LENGTH64: q->length = rd_u64(r); return;
	}
}

static void
field_put(struct writer *w, enum field f, const struct sftp_request *q)
{
	switch (f) {
	case END: return;
	case PATH: wr_bytes(w, q->path); return;
	case PATH2: wr_bytes(w, q->path2); return;
	case HANDLE: wr_bytes(w, q->handle); return;
	case HANDLE2: wr_bytes(w, q->handle2); return;
	case DATA: wr_bytes(w, q->data); return;
	case UIDS: wr_bytes(w, q->uids); return;
	case GIDS: wr_bytes(w, q->gids); return;
	case ATTRS: sftp_attrs_put(w, &q->attrs); return;
	case PFLAGS: wr_u32(w, q->pflags); return;
	case OFFSET: wr_u64(w, q->offset); return;
	case OFFSET2: wr_u64(w, q->offset2); return;
	case LENGTH32: wr_u32(w, (uint32_t)q->length); return;
	case LENGTH64: wr_u64(w, q->length); return;
	}
}

enum err
sftp_request_get(struct span payload, struct sftp_request *q)
{
	struct reader r = rd_init(payload);
	struct span extension = SPAN_EMPTY;

	*q = (struct sftp_request){ .op = SFTP_OP_UNKNOWN };
	q->type = rd_u8(&r);
	if (q->type == SFTP_INIT)
		q->version = rd_u32(&r);
	else
		q->id = rd_u32(&r);
	if (q->type == SFTP_EXTENDED)
		extension = rd_bytes(&r);
	q->op = find(q->type, extension);
	for (const enum field *f = fields[q->op]; *f != END; f++)
		field_get(&r, *f, q);
	q->extra = rd_rest(&r);
	return rd_end(&r);
}

void
sftp_request_put(struct writer *w, const struct sftp_request *q)
{
	size_t mark = wr_open(w);

	must(q->op != SFTP_OP_UNKNOWN);
	wr_u8(w, (uint8_t)ops[q->op].type);
	wr_u32(w, q->op == SFTP_OP_INIT ? q->version : q->id);
	if (ops[q->op].extension != NULL)
		wr_str(w, ops[q->op].extension);
	for (const enum field *f = fields[q->op]; *f != END; f++)
		field_put(w, *f, q);
	wr_close(w, mark);
}

void
sftp_version_put(struct writer *w, uint64_t allowed)
{
	size_t mark = wr_open(w);

	wr_u8(w, SFTP_VERSION_IS);
	wr_u32(w, SFTP_VERSION);
	for (unsigned op = 0; op < SFTP_OP_INIT; op++) {
		if (ops[op].extension != NULL && (allowed >> op & 1)) {
			wr_str(w, ops[op].extension);
			wr_str(w, ops[op].data);
		}
	}
	wr_close(w, mark);
}

uint64_t
sftp_extension_bit(struct span name, struct span data)
{
	for (unsigned op = 0; op < SFTP_OP_INIT; op++)
		if (ops[op].extension != NULL && span_is(name, ops[op].extension) && span_is(data, ops[op].data))
			return UINT64_C(1) << op;
	return 0;
}
