/* SPDX-License-Identifier: ISC */
#include "kex/ident.h"

#include "base/limits.h"

bool
ident_is_valid(struct span ident)
{
	for (size_t i = 0; i < ident.len; i++)
		if (ident.p[i] < 0x20 || ident.p[i] > 0x7e)
			return false;
	/* CR LF count. */
	return span_starts(ident, SPAN_LIT("SSH-2.0-")) && ident.len > 8 &&
	    ident.len <= LIMIT_IDENT - 2;
}

/* The line without its LF and the CR before it. */
static struct span
chomp(struct span line)
{
	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* Judges a complete line that begins with "SSH-". */
static enum err
check_string(struct span line)
{
	if (!span_starts(line, SPAN_LIT("SSH-2.0-")) && !span_starts(line, SPAN_LIT("SSH-1.99-")))
		return ERR_IDENT;
	for (size_t i = 0; i < line.len; i++)
		if (line.p[i] == '\0' || line.p[i] == '\r')
			return ERR_IDENT;
	return ERR_OK;
}

/* Whether in can still turn out to begin with "SSH-". */
static bool
may_be_string(struct span in)
{
	return span_starts(in, SPAN_LIT("SSH-")) ||
	    (in.len < 4 && span_starts(SPAN_LIT("SSH-"), in));
}

/*
 * One line: *line_len is its length with LF, 0 if it is not complete. What
 * cannot become right is refused before its end has come.
 */
static enum err
take_line(struct ident *id, enum side our_side, struct span in, size_t *line_len)
{
	size_t limit = may_be_string(in) ? LIMIT_IDENT : LIMIT_IDENT_LINE;
	size_t lf;

	*line_len = 0;
	if (our_side == SIDE_SERVER && !may_be_string(in))
		return ERR_IDENT;
	lf = id->scanned + span_find(span_skip(in, id->scanned), '\n');
	if (lf + 1 > limit && (lf < in.len || in.len >= limit))
		return ERR_LIMIT;
	if (lf == in.len) {
		id->scanned = in.len;
		return ERR_OK;
	}
	id->scanned = 0;
	*line_len = lf + 1;
	return ERR_OK;
}

enum err
ident_find(struct ident *id, enum side our_side, struct span in, size_t *used,
    struct span *line)
{
	size_t n;

	*used = 0;
	*line = SPAN_EMPTY;
	while (in.len > 0) {
		TRY(take_line(id, our_side, in, &n));
		if (n == 0)
			break;
		*used += n;
		if (span_starts(in, SPAN_LIT("SSH-"))) {
			struct span found = chomp(span_first(in, n - 1));

			TRY(check_string(found));
			*line = found;
			break;
		}
		if (++id->lines > LIMIT_IDENT_LINES)
			return ERR_LIMIT;
		in = span_skip(in, n);
	}
	return ERR_OK;
}
