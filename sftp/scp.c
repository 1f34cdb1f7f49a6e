/* SPDX-License-Identifier: ISC */
#include "sftp/scp.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "sftp/glob.h"

/* What {a,b}{c,d}... may stand for. */
#define BRACES_MAX	1024

/* Takes the number up to the next space, and the space. */
static enum err
number(struct span *s, uint64_t max, uint64_t *out)
{
	size_t n = span_find(*s, ' ');

	if (n == s->len || text_number(span_first(*s, n), 0, max, out) != ERR_OK)
		return ERR_FORMAT;
	*s = span_skip(*s, n + 1);
	return ERR_OK;
}

static enum err
times_get(struct span s, struct scp_record *r)
{
	uint64_t usec;

	TRY(number(&s, INT64_MAX, &r->mtime));
	TRY(number(&s, 999999, &usec));
	TRY(number(&s, INT64_MAX, &r->atime));
	return text_number(s, 0, 999999, &usec) == ERR_OK ? ERR_OK : ERR_FORMAT;
}

enum err
scp_record_get(struct span line, struct scp_record *r)
{
	struct span s = span_skip(line, 1);

	*r = (struct scp_record){ .kind = line.len == 0 ? '\0' : (char)line.p[0] };
	if (r->kind == 'E')
		return s.len == 0 ? ERR_OK : ERR_FORMAT;
	if (r->kind == 'T')
		return times_get(s, r);
	if ((r->kind != 'C' && r->kind != 'D') || s.len < 5)
		return ERR_FORMAT;
	for (size_t i = 0; i < 4; i++) {
		if (s.p[i] < '0' || s.p[i] > '7')
			return ERR_FORMAT;
		r->mode = r->mode << 3 | (uint32_t)(s.p[i] - '0');
	}
	if (s.p[4] != ' ')
		return ERR_FORMAT;
	s = span_skip(s, 5);
	TRY(number(&s, INT64_MAX, &r->size));
	r->name = s;
	if (s.len == 0 || span_is(s, ".") || span_is(s, "..") || span_find(s, '/') < s.len ||
	    span_find(s, '\0') < s.len)
		return ERR_DENIED;
	return ERR_OK;
}

void
scp_record_put(struct writer *w, const struct scp_record *r)
{
	wr_u8(w, (uint8_t)r->kind);
	if (r->kind == 'T') {
		wr_printf(w, "%" PRIu64 " 0 %" PRIu64 " 0", r->mtime, r->atime);
	} else if (r->kind != 'E') {
		wr_printf(w, "%04o %" PRIu64 " ", (unsigned)(r->mode & 07777), r->size);
		for (size_t i = 0; i < r->name.len; i++)
			wr_raw(w, r->name.p[i] == '\n' ? SPAN_LIT("\\^J") : span_of(r->name.p + i, 1));
	}
	wr_u8(w, '\n');
}

/* --- names --- */

/* The end of what the brace at s[0] begins; NULL if there is none. */
static const char *
brace_end(const char *s)
{
	unsigned depth = 0;

	for (; *s != '\0'; s++) {
		if (*s == '\\' && s[1] != '\0')
			s++;
		else if (*s == '{')
			depth++;
		else if (*s == '}' && --depth == 0)
			return s;
	}
	return NULL;
}

static bool matches(struct span name, const char *pattern, unsigned *budget);

/* Whether one of the parts between { and }, with what stands around them, matches. */
static bool
matches_braces(struct span name, const char *pattern, const char *open, const char *close, unsigned *budget)
{
	const char *part = open + 1;
	unsigned depth = 0;

	for (const char *p = part; p <= close; p++) {
		char *whole;
		bool yes;

		depth += *p == '{';
		depth -= *p == '}' && p < close && depth > 0;
		if (p < close && (*p != ',' || depth > 0))
			continue;
		whole = malloc(strlen(pattern) + 1);
		if (whole == NULL)
			return false;
		memcpy(whole, pattern, (size_t)(open - pattern));
		memcpy(whole + (open - pattern), part, (size_t)(p - part));
		strcpy(whole + (open - pattern) + (p - part), close + 1);
		yes = matches(name, whole, budget);
		free(whole);
		if (yes)
			return true;
		part = p + 1;
	}
	return false;
}

/* Whether the last part of a path, or of one of those that its braces make, matches. */
static bool
matches(struct span name, const char *pattern, unsigned *budget)
{
	const char *close;
	char *text, *last;
	bool yes;

	if (*budget == 0)
		return false;
	(*budget)--;
	for (const char *p = pattern; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '{' && p[1] != '}' && (close = brace_end(p)) != NULL)
			return matches_braces(name, pattern, p, close, budget);
	}
	text = span_dup_str(name);
	last = sftp_path_last(pattern);
	yes = text != NULL && last != NULL && (glob_match(last, text) || strcmp(last, text) == 0);
	free(last);
	free(text);
	return yes;
}

/* The pattern that a shell makes of s: quoted characters stand for themselves. NULL: no memory. */
static char *
unquote(const char *s)
{
	char *out = malloc(2 * strlen(s) + 1), *p = out;
	char quote = '\0';

	if (out == NULL)
		return NULL;
	for (; *s != '\0'; s++) {
		if (quote == '\0' && (*s == '\'' || *s == '"')) {
			quote = *s;
		} else if (*s == quote) {
			quote = '\0';
		} else if (*s == '\\' && quote != '\'' && s[1] != '\0') {
			*p++ = *s++;
			*p++ = *s;
		} else {
			if (quote != '\0')
				*p++ = '\\';
			*p++ = *s;
		}
	}
	*p = '\0';
	return out;
}

bool
scp_is_asked_for(struct span name, const char *path)
{
	unsigned budget = BRACES_MAX;
	char *pattern = unquote(path);
	bool yes = pattern != NULL && matches(name, pattern, &budget);

	free(pattern);
	return yes;
}
