/* SPDX-License-Identifier: ISC */
/* "type base64 comment": .pub files, and the end of an authorized_keys line. */
#include "base/limits.h"
#include "base/text.h"
#include "keys/line.h"
#include "keys/private_file.h"

enum err
line_key_decode(struct span type, struct span base64, struct writer *blob)
{
	size_t start = blob->len;
	enum err e;

	e = base64_get(blob, base64);
	if (e == ERR_OK)
		e = wr_end(blob);
	if (e == ERR_OK && !span_eq(key_blob_type(span_skip(writer_span(blob), start)), type))
		e = ERR_FORMAT;
	if (e != ERR_OK && blob->len > start)
		writer_truncate(blob, start);
	return e;
}

enum err
public_line_parse(struct span line, struct writer *blob, struct span *comment)
{
	struct span rest = line_trim(line);
	struct span type = line_word(&rest);
	struct span base64 = line_word(&rest);

	*comment = SPAN_EMPTY;
	if (type.len == 0 || base64.len == 0)
		return ERR_SYNTAX;
	if (key_type_find(type) == NULL)
		return ERR_UNSUPPORTED;
	if (line_key_decode(type, base64, blob) != ERR_OK)
		return blob->err == ERR_OK ? ERR_SYNTAX : blob->err;
	*comment = rest;
	return ERR_OK;
}

enum err
public_file_parse(struct span file, struct writer *blob, struct span *comment)
{
	struct span line;

	while (line_next(&file, &line)) {
		line = line_trim(line);
		if (line.len > 0 && line.p[0] != '#')
			return public_line_parse(line, blob, comment);
	}
	*comment = SPAN_EMPTY;
	return ERR_NOTFOUND;
}

void
public_line_put(struct writer *w, struct span blob, struct span comment)
{
	wr_raw(w, key_blob_type(blob));
	wr_u8(w, ' ');
	base64_put(w, blob, true);
	if (comment.len > 0) {
		wr_u8(w, ' ');
		wr_raw(w, comment);
	}
}
