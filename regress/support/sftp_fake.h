/* SPDX-License-Identifier: ISC */
/*
 * regress/support/sftp_fake.h - an SFTP server in memory for tests of the client,
 * which can lie.
 *
 * It has one file, one that is written, and one folder with some names; any
 * path that ends with "dir" is that folder, one that ends with "none" is
 * nothing. Included by one file of a test program.
 */
#ifndef REGRESS_SUPPORT_SFTP_FAKE_H
#define REGRESS_SUPPORT_SFTP_FAKE_H

#include <string.h>

#include "sftp/copy.h"

/* What is wrong with it. */
enum fake_lie {
	FAKE_HONEST,
	FAKE_OTHER_IDS,		/* READs are answered under an id that nobody asked for */
	FAKE_TWICE,		/* each answer comes twice */
	FAKE_LONG_DATA,		/* more data than was asked for */
	FAKE_EMPTY_DATA,	/* no data, and no end either */
	FAKE_OK_TO_READ,	/* a READ is answered with success */
	FAKE_REFUSES_READ,	/* READs from `where` on fail */
	FAKE_REFUSES_WRITE,
	FAKE_SHRINKS_AND_GROWS,	/* the first READ from `where` on finds the end, those behind it more */
	FAKE_DATA_TO_WRITE,	/* a WRITE is answered with data */
	FAKE_ENDS,		/* the connection ends with the first READ beyond `where` */
	FAKE_HUGE_PACKET,	/* a READ is answered with a length beyond all limits */
	FAKE_NO_NAMES,		/* READDIR is answered with lists of nothing */
	FAKE_TWO_NAMES,		/* REALPATH has two answers */
	FAKE_LONG_HANDLE,	/* 300 bytes */
};

struct fake {
	enum fake_lie lie;
	uint64_t where;
	struct span file;		/* what READ reads */
	uint64_t says_size;		/* 0: the true one */
	uint32_t most_read;		/* of one READ; 0: as much as is asked for */
	bool is_backwards;		/* answers to READs come in the wrong order */
	uint64_t extensions;
	const char *names[12];		/* of the folder */
	const char *folder_name;	/* the one of them that is a folder itself */
	unsigned folders_deep;		/* how often */
	struct writer written;		/* what WRITE wrote */
	uint64_t written_size;		/* of FSETSTAT; UINT64_MAX: none */
	struct writer in;
	struct writer out;
	struct writer held;		/* an answer that is held back */
	bool has_listed;
	bool has_ended;
	unsigned n_reads, n_most_waiting, n_opens, n_closes;
	size_t step;			/* bytes a move takes and gives; 0: all */
};

/* An honest one, with this in its file. */
static inline struct fake
fake_init(struct span file)
{
	return (struct fake){ .file = file, .written = writer_init(64 << 20), .written_size = UINT64_MAX,
	    .in = writer_init(64 << 20), .out = writer_init(64 << 20), .held = writer_init(1 << 20) };
}

static inline void
fake_free(struct fake *f)
{
	writer_free(&f->written);
	writer_free(&f->in);
	writer_free(&f->out);
	writer_free(&f->held);
}

static inline bool
fake_ends_with(struct span path, const char *end)
{
	size_t n = strlen(end);

	return path.len >= n && memcmp(path.p + path.len - n, end, n) == 0;
}

static inline struct sftp_attrs
fake_attrs(struct fake *f, struct span path)
{
	bool is_folder = fake_ends_with(path, "dir") ||
	    (f->folder_name != NULL && fake_ends_with(path, f->folder_name));

	return (struct sftp_attrs){ .flags = SFTP_ATTR_SIZE | SFTP_ATTR_PERMISSIONS | SFTP_ATTR_ACMODTIME,
	    .size = f->says_size != 0 ? f->says_size : f->file.len,
	    .permissions = is_folder ? 0043755 : 0104755, .atime = 1000000000, .mtime = 1000000001 };
}

static inline void
fake_read(struct fake *f, const struct sftp_request *q)
{
	struct span data = span_first(span_skip(f->file, q->offset > f->file.len ? f->file.len : (size_t)q->offset),
	    (size_t)q->length);
	static const uint8_t zeros[300];

	f->n_reads++;
	if (f->most_read != 0)
		data = span_first(data, f->most_read);
	if (f->lie == FAKE_ENDS && q->offset >= f->where)
		f->has_ended = true;
	else if (f->lie == FAKE_REFUSES_READ && q->offset + q->length > f->where)
		sftp_status_put(&f->out, q->id, SFTP_FAILURE);
	else if (f->lie == FAKE_SHRINKS_AND_GROWS && q->offset >= f->where && q->offset - f->where < q->length)
		sftp_status_put(&f->out, q->id, SFTP_EOF);
	else if (f->lie == FAKE_OTHER_IDS)
		sftp_data_put(&f->out, q->id + 77, data);
	else if (f->lie == FAKE_OK_TO_READ)
		sftp_status_put(&f->out, q->id, SFTP_OK);
	else if (f->lie == FAKE_EMPTY_DATA)
		sftp_data_put(&f->out, q->id, SPAN_EMPTY);
	else if (f->lie == FAKE_HUGE_PACKET)
		wr_u32(&f->out, 0x7fffffff);
	else if (f->lie == FAKE_LONG_DATA) {
		size_t mark = wr_open(&f->out);

		wr_u8(&f->out, SFTP_DATA);
		wr_u32(&f->out, q->id);
		wr_u32(&f->out, (uint32_t)q->length + 1);
		for (uint64_t left = q->length + 1; left > 0;) {
			size_t n = left < sizeof(zeros) ? (size_t)left : sizeof(zeros);

			wr_raw(&f->out, span_of(zeros, n));
			left -= n;
		}
		wr_close(&f->out, mark);
	} else if (data.len == 0)
		sftp_status_put(&f->out, q->id, SFTP_EOF);
	else if (f->is_backwards && f->held.len == 0)
		sftp_data_put(&f->held, q->id, data);
	else
		sftp_data_put(&f->out, q->id, data);
}

static inline void
fake_write(struct fake *f, const struct sftp_request *q)
{
	if (f->lie == FAKE_REFUSES_WRITE && q->offset + q->data.len > f->where) {
		sftp_status_put(&f->out, q->id, SFTP_FAILURE);
		return;
	}
	if (f->lie == FAKE_DATA_TO_WRITE) {
		sftp_data_put(&f->out, q->id, SPAN_LIT("x"));
		return;
	}
	while (f->written.len < q->offset + q->data.len)
		wr_u8(&f->written, 0);
	if (f->written.err == ERR_OK)
		memcpy(f->written.p + q->offset, q->data.p, q->data.len);
	sftp_status_put(&f->out, q->id, SFTP_OK);
}

static inline void
fake_list(struct fake *f, const struct sftp_request *q)
{
	SCOPED(writer_free) struct writer names = writer_init(1 << 20);
	uint32_t n = 0;

	if (f->lie == FAKE_NO_NAMES) {
		sftp_names_put(&f->out, q->id, 0, SPAN_EMPTY);
		return;
	}
	if (f->has_listed) {
		sftp_status_put(&f->out, q->id, SFTP_EOF);
		return;
	}
	f->has_listed = true;
	for (size_t i = 0; i < COUNT(f->names) && f->names[i] != NULL; i++) {
		struct sftp_name name = { span_str(f->names[i]), SPAN_LIT("long"),
		    fake_attrs(f, span_str(f->names[i])) };

		if (f->folder_name != NULL && strcmp(f->names[i], f->folder_name) == 0 && f->folders_deep-- == 0)
			continue;
		sftp_name_put(&names, &name);
		n++;
	}
	sftp_names_put(&f->out, q->id, n, writer_span(&names));
}

static inline void
fake_answer(struct fake *f, const struct sftp_request *q)
{
	uint8_t handle[300] = "h";
	struct sftp_attrs attrs;

	switch (q->op) {
	case SFTP_OP_INIT:
		sftp_version_put(&f->out, f->extensions);
		return;
	case SFTP_OP_LIMITS: {
		SCOPED(writer_free) struct writer w = writer_init(100);

		sftp_limits_put(&w, &(struct sftp_limits){ 262144, 261120, 261120, 100 });
		sftp_extended_reply_put(&f->out, q->id, writer_span(&w));
		return;
	}
	case SFTP_OP_READ:
		fake_read(f, q);
		return;
	case SFTP_OP_WRITE:
		fake_write(f, q);
		return;
	case SFTP_OP_OPEN:
	case SFTP_OP_OPENDIR:
		f->n_opens++;
		f->has_listed = false;
		if (fake_ends_with(q->path, "none") ||
		    (q->op == SFTP_OP_OPENDIR && (fake_attrs(f, q->path).permissions & 0040000) == 0))
			sftp_status_put(&f->out, q->id, SFTP_NO_SUCH_FILE);
		else
			sftp_handle_put(&f->out, q->id, span_of(handle, f->lie == FAKE_LONG_HANDLE ? 300 : 4));
		return;
	case SFTP_OP_READDIR:
		fake_list(f, q);
		return;
	case SFTP_OP_STAT:
	case SFTP_OP_LSTAT:
		attrs = fake_attrs(f, q->path);
		if (fake_ends_with(q->path, "none"))
			sftp_status_put(&f->out, q->id, SFTP_NO_SUCH_FILE);
		else
			sftp_attrs_reply_put(&f->out, q->id, &attrs);
		return;
	case SFTP_OP_REALPATH: {
		SCOPED(writer_free) struct writer w = writer_init(10000);

		for (int i = 0; i < 1 + (f->lie == FAKE_TWO_NAMES); i++)
			sftp_name_put(&w, &(struct sftp_name){ q->path, SPAN_EMPTY, { .flags = 0 } });
		sftp_names_put(&f->out, q->id, 1 + (f->lie == FAKE_TWO_NAMES), writer_span(&w));
		return;
	}
	case SFTP_OP_FSETSTAT:
		if ((q->attrs.flags & SFTP_ATTR_SIZE) != 0)
			f->written_size = q->attrs.size;
		sftp_status_put(&f->out, q->id, SFTP_OK);
		return;
	default:
		f->n_closes += q->op == SFTP_OP_CLOSE;
		sftp_status_put(&f->out, q->id, SFTP_OK);
	}
}

/* Takes and gives bytes as a transport does. */
static inline enum err
fake_move(void *arg, bool wait, struct span out, size_t *sent, struct room in, size_t *received)
{
	struct fake *f = arg;
	struct sftp_request q;
	struct span payload;
	unsigned n = 0;

	*sent = f->step != 0 && f->step < out.len ? f->step : out.len;
	wr_raw(&f->in, span_first(out, *sent));
	while (!f->has_ended && sftp_frame(writer_span(&f->in), SFTP_MAX_PACKET, &payload) == ERR_OK) {
		size_t was = f->out.len;

		must(sftp_request_get(payload, &q) == ERR_OK && q.op != SFTP_OP_UNKNOWN);
		fake_answer(f, &q);
		if (f->lie == FAKE_TWICE && f->out.len > was && q.op == SFTP_OP_READ) {
			SCOPED(writer_free) struct writer again = writer_init(1 << 20);

			wr_raw(&again, span_skip(writer_span(&f->out), was));
			wr_raw(&f->out, writer_span(&again));
		}
		n += q.op == SFTP_OP_READ;
		writer_consume(&f->in, payload.len + 4);
	}
	if (n > f->n_most_waiting)
		f->n_most_waiting = n;
	if (f->held.len > 0 && (n == 0 || f->out.len == 0)) {
		wr_raw(&f->out, writer_span(&f->held));
		writer_truncate(&f->held, 0);
	}
	must(f->out.err == ERR_OK && f->in.err == ERR_OK);
	*received = f->out.len < in.len ? f->out.len : in.len;
	if (f->step != 0 && *received > f->step)
		*received = f->step;
	if (*received > 0)
		memcpy(in.p, f->out.p, *received);
	writer_consume(&f->out, *received);
	/* A client that waits for nothing would wait for ever. */
	if (wait && *sent == 0 && *received == 0)
		return ERR_CLOSED;
	return ERR_OK;
}

#endif
