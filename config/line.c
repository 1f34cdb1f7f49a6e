/* SPDX-License-Identifier: ISC */
#include "config/line.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* Cuts white space, also that of other systems' line ends, off both ends. */
static struct span
trim(struct span s)
{
	while (s.len > 0 && strchr(" \t\r\f", s.p[s.len - 1]) != NULL)
		s.len--;
	while (s.len > 0 && is_blank(s.p[0]))
		s = span_skip(s, 1);
	return s;
}

/* Makes room for the words of a line of len bytes. */
static enum err
lexer_room(struct lexer *lx, size_t len)
{
	size_t n = len / 2 + 1;		/* a word and a blank take two bytes */

	if (len > lx->text_cap) {
		uint8_t *text = realloc(lx->text, len);

		if (text == NULL)
			return ERR_NOMEM;
		lx->text = text;
		lx->text_cap = len;
	}
	if (n > lx->words_cap) {
		struct span *words = realloc(lx->words, n * sizeof(*words));
		struct span *written;

		if (words == NULL)
			return ERR_NOMEM;
		lx->words = words;
		written = realloc(lx->written, n * sizeof(*written));
		if (written == NULL)
			return ERR_NOMEM;
		lx->written = written;
		lx->words_cap = n;
	}
	return ERR_OK;
}

/*
 * Unquotes the word at the front of s into out; returns how much of s it
 * takes, or 0 if a quote does not end.
 */
static size_t
take_word(struct span s, uint8_t *out, size_t *out_len)
{
	uint8_t quote = 0;
	size_t i, n = 0;

	for (i = 0; i < s.len; i++) {
		uint8_t c = s.p[i];
		uint8_t next = i + 1 < s.len ? s.p[i + 1] : 0;

		if (c == '\\' && (next == '\'' || next == '"' || next == '\\' ||
		    (next == ' ' && quote == 0))) {
			out[n++] = next;
			i++;
		} else if (quote == 0 && is_blank(c)) {
			break;
		} else if (quote == 0 && (c == '"' || c == '\'')) {
			quote = c;
		} else if (quote != 0 && c == quote) {
			quote = 0;
		} else {
			out[n++] = c;
		}
	}
	*out_len = n;
	return quote == 0 ? i : 0;
}

/* Takes the keyword and what separates it: blanks with at most one "=". */
static struct span
take_keyword(struct span *s)
{
	struct span keyword;
	size_t i = 0;

	while (i < s->len && !is_blank(s->p[i]) && s->p[i] != '=')
		i++;
	keyword = span_first(*s, i);
	*s = trim(span_skip(*s, i));
	if (s->len > 0 && s->p[0] == '=')
		*s = trim(span_skip(*s, 1));
	return keyword;
}

enum err
line_split(struct lexer *lx, struct span text, struct line *out, const char **why)
{
	struct span rest;
	size_t used = 0, n = 0;

	*out = (struct line){ 0 };
	if (text.len > LIMIT_LINE || span_find(text, 0) < text.len) {
		*why = text.len > LIMIT_LINE ? "line too long" : "NUL byte in line";
		return ERR_SYNTAX;
	}
	text = trim(text);
	if (text.len == 0 || text.p[0] == '#')
		return ERR_OK;
	TRY(lexer_room(lx, text.len));
	out->keyword = take_keyword(&text);
	out->raw = rest = text;
	while (rest.len > 0 && rest.p[0] != '#') {
		size_t len, taken = take_word(rest, lx->text + used, &len);

		if (taken == 0) {
			*why = "a quote does not end";
			return ERR_SYNTAX;
		}
		lx->words[n] = span_of(lx->text + used, len);
		lx->written[n++] = span_first(rest, taken);
		used += len;
		rest = trim(span_skip(rest, taken));
	}
	out->words = lx->words;
	out->written = lx->written;
	out->n_words = n;
	return ERR_OK;
}

void
lexer_free(struct lexer *lx)
{
	free(lx->text);
	free(lx->words);
	free(lx->written);
	*lx = (struct lexer){ 0 };
}

/* Whether a word comes back as it is without quotes. */
static bool
is_plain(struct span word)
{
	if (word.len == 0 || word.p[0] == '=' || word.p[0] == '#')
		return false;
	for (size_t i = 0; i < word.len; i++) {
		if (word.p[i] <= ' ' || strchr("\"'\\", word.p[i]) != NULL)
			return false;
	}
	return true;
}

void
word_put(struct writer *w, struct span word)
{
	if (is_plain(word)) {
		wr_raw(w, word);
		return;
	}
	wr_u8(w, '"');
	for (size_t i = 0; i < word.len; i++) {
		if (word.p[i] == '"' || word.p[i] == '\\' || word.p[i] == '\'')
			wr_u8(w, '\\');
		wr_u8(w, word.p[i]);
	}
	wr_u8(w, '"');
}
