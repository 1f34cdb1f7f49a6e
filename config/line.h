/* SPDX-License-Identifier: ISC */
/*
 * config/line.h - taking a line of a config file apart, and quoting words so
 * that they come apart the same way again.
 *
 *	Keyword word 'a word' "a word" a\ word   # comment
 *	Keyword=word
 *
 * A backslash takes the meaning from a quote, a backslash or (outside of
 * quotes) a space behind it; before anything else it is itself.
 */
#ifndef CONFIG_LINE_H
#define CONFIG_LINE_H

#include "base/err.h"
#include "base/span.h"
#include "base/writer.h"

/* Parts of a line; they live until the lexer's next line. */
struct line {
	struct span keyword;		/* empty: an empty line or a comment */
	struct span raw;		/* all behind it, as written, trimmed */
	const struct span *words;	/* unquoted, without the comment */
	const struct span *written;	/* the same words as written, parts of raw */
	size_t n_words;
};

/* Memory for the parts; begin with a zeroed one. */
struct lexer {
	uint8_t *text;
	size_t text_cap;
	struct span *words;
	struct span *written;
	size_t words_cap;
};

/*
 * Takes a line (without its newline) apart. ERR_SYNTAX with a reason in *why:
 * a quote that does not end, a NUL byte, too long a line. ERR_NOMEM.
 */
enum err line_split(struct lexer *lx, struct span text, struct line *out, const char **why);

/* Frees the memory. */
void lexer_free(struct lexer *lx);

/* Writes a word, in quotes if it needs them. */
void word_put(struct writer *w, struct span word);

#endif
