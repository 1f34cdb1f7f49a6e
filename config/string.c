/* SPDX-License-Identifier: ISC */
/* Kinds that are text: word, line, command, words. */
#include <stdlib.h>
#include <string.h>

#include "config/table.h"

static void
text_free(void *value)
{
	char **text = value;

	free(*text);
	*text = NULL;
}

static size_t
text_lines(const struct keyword *k, const void *value)
{
	(void)k;
	return *(char *const *)value == NULL ? 0 : 1;
}

/* Lets the detail check a word. */
static enum err
check(struct args *a, struct span word)
{
	const char *why;

	if (a->keyword->detail->check == NULL)
		return ERR_OK;
	why = a->keyword->detail->check(word);
	return why == NULL ? ERR_OK : args_bad(a, "%s", why);
}

static enum err
word_parse(struct args *a, void *value)
{
	struct span s;

	TRY(args_one(a, &s));
	if (args_none(a))
		return ERR_OK;
	if (s.len == 0)
		return args_bad(a, "missing argument");
	TRY(check(a, s));
	return copy_text(value, s);
}

static void
word_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	(void)k;
	(void)i;
	word_put(w, span_str(*(char *const *)value));
}

const struct kind kind_word = {
	.size = sizeof(char *), .parse = word_parse, .lines = text_lines,
	.print = word_print, .free = text_free,
};

/* The words, with one blank between them. */
static enum err
line_parse(struct args *a, void *value)
{
	SCOPED(writer_free) struct writer w = writer_init(SIZE_MAX);

	TRY(args_some(a));
	if (args_none(a))
		return ERR_OK;
	for (size_t i = 0; i < a->n; i++) {
		if (i > 0)
			wr_u8(&w, ' ');
		wr_raw(&w, a->v[i]);
	}
	TRY(wr_end(&w));
	TRY(check(a, writer_span(&w)));
	return copy_text(value, writer_span(&w));
}

/* Whether a line comes back the same without quotes. */
static bool
is_plain_line(struct span s)
{
	struct span word;

	if (span_find(s, '"') < s.len || span_find(s, '\'') < s.len ||
	    span_find(s, '\\') < s.len || span_find(s, '#') < s.len)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < ' ')
			return false;
	}
	while (span_token(&s, ' ', &word)) {
		if (word.len == 0 || word.p[0] == '=')
			return false;
	}
	return true;
}

static void
line_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	struct span s = span_str(*(char *const *)value);

	(void)k;
	(void)i;
	if (is_plain_line(s))
		wr_raw(w, s);
	else
		word_put(w, s);
}

const struct kind kind_line = {
	.size = sizeof(char *), .parse = line_parse, .lines = text_lines,
	.print = line_print, .free = text_free,
};

/* As written, quotes and all: a shell will take it apart. */
static enum err
command_parse(struct args *a, void *value)
{
	TRY(args_some(a));
	if (args_none(a))
		return ERR_OK;
	TRY(check(a, a->v[0]));
	return copy_text(value, a->raw);
}

static void
command_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	const char *text = *(char *const *)value;

	(void)k;
	(void)i;
	if (text[0] == '=')		/* else it would be taken for a separator */
		wr_raw(w, SPAN_LIT("="));
	wr_raw(w, span_str(text));
}

const struct kind kind_command = {
	.size = sizeof(char *), .parse = command_parse, .lines = text_lines,
	.print = command_print, .free = text_free,
};

/* Adds a word unless (of keywords that add up) it is there already. */
static enum err
add(struct args *a, struct words *words, struct span s)
{
	TRY(check(a, s));
	if (a->keyword->flags & MANY && words_have(words, s))
		return ERR_OK;
	return words_add(words, s);
}

/* SendEnv -PATTERN: takes names that match away. */
static void
remove_matching(struct words *words, struct span pattern)
{
	size_t kept = 0;

	for (size_t i = 0; i < words->n; i++) {
		if (text_match(span_str(words->v[i]), pattern, false))
			free(words->v[i]);
		else
			words->v[kept++] = words->v[i];
	}
	words->n = kept;
}

/* Adds the parts of a comma list. */
static enum err
add_list(struct args *a, struct words *words, struct span list)
{
	struct span part;

	while (span_token(&list, ',', &part)) {
		if (part.len > 0)
			TRY(add(a, words, part));
	}
	return words->n > 0 ? ERR_OK : args_bad(a, "empty list");
}

static enum err
words_parse(struct args *a, void *value)
{
	const struct keyword *k = a->keyword;
	struct words *words = value;

	TRY(args_some(a));
	if (k->flags & ONE && a->n > 1 && !a->fallback)
		return args_bad(a, "extra arguments at end of line");
	for (size_t i = 0; i < a->n && !args_none(a); i++) {
		struct span s = a->v[i];

		if (k->detail->variant == WORDS_ANY_ALONE && a->n > 1 && same_word(s, "any"))
			return args_bad(a, "any must stand alone");
		if (s.len == 0)
			return args_bad(a, "empty argument");
		if (k->flags & LIST)
			TRY(add_list(a, words, s));
		else if (k->detail->variant == WORDS_SEND_ENV && s.p[0] == '-')
			remove_matching(words, span_skip(s, 1));
		else
			TRY(add(a, words, s));
	}
	return ERR_OK;
}

static size_t
words_lines(const struct keyword *k, const void *value)
{
	const struct words *words = value;

	return k->flags & MANY || words->n == 0 ? words->n : 1;
}

static void
print_list(const struct words *words, struct writer *w)
{
	SCOPED(writer_free) struct writer list = writer_init(w->max);

	for (size_t i = 0; i < words->n; i++)
		wr_printf(&list, "%s%s", i == 0 ? "" : ",", words->v[i]);
	if (wr_end(&list) != ERR_OK)
		wr_fail(w, wr_end(&list));
	word_put(w, writer_span(&list));
}

static void
words_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	const struct words *words = value;

	if (k->flags & LIST) {
		print_list(words, w);
		return;
	}
	if (k->flags & MANY) {
		word_put(w, span_str(words->v[i]));
		return;
	}
	for (size_t n = 0; n < words->n; n++) {
		if (n > 0)
			wr_u8(w, ' ');
		word_put(w, span_str(words->v[n]));
	}
}

const struct kind kind_words = {
	.size = sizeof(struct words), .parse = words_parse, .lines = words_lines,
	.print = words_print, .free = words_free,
};
