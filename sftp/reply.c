/* SPDX-License-Identifier: ISC */
/* Answers, read and written. */
#include "sftp/sftp.h"

static const char *const texts[] = {
	[SFTP_OK] = "Success",
	[SFTP_EOF] = "End of file",
	[SFTP_NO_SUCH_FILE] = "No such file",
	[SFTP_PERMISSION_DENIED] = "Permission denied",
	[SFTP_FAILURE] = "Failure",
	[SFTP_BAD_MESSAGE] = "Bad message",
	[SFTP_NO_CONNECTION] = "No connection",
	[SFTP_CONNECTION_LOST] = "Connection lost",
	[SFTP_OP_UNSUPPORTED] = "Operation unsupported",
};

const char *
sftp_status_text(uint32_t code)
{
	return code < COUNT(texts) ? texts[code] : "Unknown error";
}

void
sftp_name_get(struct reader *r, struct sftp_name *n)
{
	n->name = rd_text(r);
	n->longname = rd_bytes(r);
	sftp_attrs_get(r, &n->attrs);
}

void
sftp_name_put(struct writer *w, const struct sftp_name *n)
{
	wr_bytes(w, n->name);
	wr_bytes(w, n->longname);
	sftp_attrs_put(w, &n->attrs);
}

static void
version_get(struct reader *r, struct sftp_reply *a)
{
	a->version = rd_u32(r);
	while (r->err == ERR_OK && r->rest.len > 0) {
		struct span name = rd_bytes(r), data = rd_bytes(r);

		a->extensions |= sftp_extension_bit(name, data);
	}
}

static void
status_get(struct reader *r, struct sftp_reply *a)
{
	a->code = rd_u32(r);
	if (r->rest.len == 0)	/* version 2 had no more */
		return;
	a->message = rd_bytes(r);
	a->language = rd_bytes(r);
}

static void
names_get(struct reader *r, struct sftp_reply *a)
{
	struct sftp_name n;

	a->count = rd_u32(r);
	a->names = r->rest;
	for (uint32_t i = 0; i < a->count && r->err == ERR_OK; i++)
		sftp_name_get(r, &n);
}

enum err
sftp_reply_get(struct span payload, struct sftp_reply *a)
{
	struct reader r = rd_init(payload);

	*a = (struct sftp_reply){ .type = rd_u8(&r) };
	if (a->type != SFTP_VERSION_IS)
		a->id = rd_u32(&r);
	switch (a->type) {
	case SFTP_VERSION_IS: version_get(&r, a); break;
	case SFTP_STATUS: status_get(&r, a); break;
	case SFTP_HANDLE:
	case SFTP_DATA: a->data = rd_bytes(&r); break;
	case SFTP_NAME: names_get(&r, a); break;
	case SFTP_ATTRS: sftp_attrs_get(&r, &a->attrs); break;
	case SFTP_EXTENDED_REPLY: a->data = rd_rest(&r); break;
	default: return ERR_UNSUPPORTED;
	}
	return rd_end(&r);
}

/* Begins an answer. */
static size_t
begin(struct writer *w, enum sftp_type type, uint32_t id)
{
	size_t mark = wr_open(w);

	wr_u8(w, (uint8_t)type);
	wr_u32(w, id);
	return mark;
}

void
sftp_status_text_put(struct writer *w, uint32_t id, enum sftp_status code, const char *text)
{
	size_t mark = begin(w, SFTP_STATUS, id);

	wr_u32(w, code);
	wr_str(w, text);
	wr_str(w, "");
	wr_close(w, mark);
}

void
sftp_status_put(struct writer *w, uint32_t id, enum sftp_status code)
{
	sftp_status_text_put(w, id, code, sftp_status_text(code));
}

void
sftp_handle_put(struct writer *w, uint32_t id, struct span handle)
{
	size_t mark = begin(w, SFTP_HANDLE, id);

	wr_bytes(w, handle);
	wr_close(w, mark);
}

void
sftp_data_put(struct writer *w, uint32_t id, struct span data)
{
	size_t mark = begin(w, SFTP_DATA, id);

	wr_bytes(w, data);
	wr_close(w, mark);
}

void
sftp_names_put(struct writer *w, uint32_t id, uint32_t count, struct span names)
{
	size_t mark = begin(w, SFTP_NAME, id);

	wr_u32(w, count);
	wr_raw(w, names);
	wr_close(w, mark);
}

void
sftp_attrs_reply_put(struct writer *w, uint32_t id, const struct sftp_attrs *attrs)
{
	size_t mark = begin(w, SFTP_ATTRS, id);

	sftp_attrs_put(w, attrs);
	wr_close(w, mark);
}

void
sftp_extended_reply_put(struct writer *w, uint32_t id, struct span data)
{
	size_t mark = begin(w, SFTP_EXTENDED_REPLY, id);

	wr_raw(w, data);
	wr_close(w, mark);
}
