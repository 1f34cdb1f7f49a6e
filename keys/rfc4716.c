/* SPDX-License-Identifier: ISC */
#include "base/limits.h"
#include "base/text.h"
#include "keys/line.h"
#include "keys/public_format.h"

#define BEGIN		"---- BEGIN SSH2 PUBLIC KEY ----"
#define END		"---- END SSH2 PUBLIC KEY ----"
#define LINE_LEN	70	/* RFC 4716 3.2 allows 72 */

void
rfc4716_put(struct writer *w, struct span blob, struct span comment)
{
	SCOPED(writer_free) struct writer text = writer_init(2 * LIMIT_KEY_BLOB);
	struct span rest;

	base64_put(&text, blob, true);
	if (wr_end(&text) != ERR_OK)
		wr_fail(w, text.err);
	wr_raw(w, SPAN_LIT(BEGIN "\nComment: \""));
	wr_raw(w, comment);
	wr_raw(w, SPAN_LIT("\"\n"));
	for (rest = writer_span(&text); rest.len > 0; rest = span_skip(rest, LINE_LEN)) {
		wr_raw(w, span_first(rest, LINE_LEN));
		wr_u8(w, '\n');
	}
	wr_raw(w, SPAN_LIT(END "\n"));
}

/* Skips the lines up to and with BEGIN. */
static bool
find_begin(struct span *file)
{
	struct span line;

	while (line_next(file, &line))
		if (span_is(line_trim(line), BEGIN))
			return true;
	return false;
}

/* A header has a colon, or goes on from one whose line ended with "\". */
static bool
is_header(struct span line, bool *goes_on)
{
	bool header = *goes_on || span_find(line, ':') < line.len;

	*goes_on = header && line.len > 0 && line.p[line.len - 1] == '\\';
	return header;
}

enum err
rfc4716_get(struct span file, struct writer *blob)
{
	SCOPED(writer_free) struct writer text = writer_init(2 * LIMIT_KEY_BLOB);
	struct span line;
	bool goes_on = false;

	if (!find_begin(&file))
		return ERR_FORMAT;
	while (line_next(&file, &line)) {
		line = line_trim(line);
		if (span_is(line, END)) {
			TRY(wr_end(&text));
			if (base64_get(blob, writer_span(&text)) == ERR_SYNTAX)
				return ERR_FORMAT;
			return wr_end(blob);
		}
		if (!is_header(line, &goes_on))
			wr_raw(&text, line);
	}
	return ERR_FORMAT;
}
