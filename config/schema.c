/* SPDX-License-Identifier: ISC */
#include "config/table.h"

#include <stdlib.h>
#include <string.h>

void *
keyword_field(const struct keyword *k, void *config)
{
	return (char *)config + k->offset;
}

static const void *
keyword_value(const struct keyword *k, const void *config)
{
	return (const char *)config + k->offset;
}

bool
schema_is_set(const struct schema *s, const void *config, size_t k)
{
	uint64_t bits;

	memcpy(&bits, (const char *)config + s->set_offset + k / 64 * sizeof(bits), sizeof(bits));
	return bits >> k % 64 & 1;
}

void
schema_mark(const struct schema *s, void *config, size_t k)
{
	char *at = (char *)config + s->set_offset + k / 64 * sizeof(uint64_t);
	uint64_t bits;

	memcpy(&bits, at, sizeof(bits));
	bits |= UINT64_C(1) << k % 64;
	memcpy(at, &bits, sizeof(bits));
}

enum err
schema_parse(const struct schema *s, struct args *a, void *config)
{
	const struct kind *kind = a->keyword->kind;
	void *scratch;
	enum err e;

	a->truth = s->truth;
	if (config != NULL)
		return kind->parse(a, keyword_field(a->keyword, config));
	scratch = calloc(1, kind->size);
	if (scratch == NULL)
		return ERR_NOMEM;
	e = kind->parse(a, scratch);
	if (kind->free != NULL)
		kind->free(scratch);
	free(scratch);
	return e;
}

/* Parses the default of one keyword. */
static enum err
parse_default(const struct schema *s, struct lexer *lx, const struct keyword *k, void *config,
    const struct config_algs *algs)
{
	SCOPED(writer_free) struct writer w = writer_init(SIZE_MAX);
	struct line line;
	const char *why;
	struct args a = { .keyword = k, .algs = algs, .fallback = true, .line = &line };

	wr_printf(&w, "%s %s", k->name, k->fallback);
	TRY(wr_end(&w));
	TRY(line_split(lx, writer_span(&w), &line, &why));
	a.v = line.words;
	a.n = line.n_words;
	a.raw = line.raw;
	return schema_parse(s, &a, config);
}

enum err
schema_defaults(const struct schema *s, void *config, const struct config_algs *algs)
{
	SCOPED(lexer_free) struct lexer lx = { 0 };

	for (size_t i = 0; i < s->n_keywords; i++) {
		const struct keyword *k = &s->keywords[i];

		if (k->fallback != NULL && !schema_is_set(s, config, i))
			TRY(parse_default(s, &lx, k, config, algs));
	}
	return ERR_OK;
}

/* Writes a keyword as a dump shows it, and a blank. */
static void
put_name(const struct schema *s, const char *name, struct writer *w)
{
	for (; *name != '\0'; name++) {
		bool upper = *name >= 'A' && *name <= 'Z';

		wr_u8(w, (uint8_t)(s->lower_case && upper ? *name | 0x20 : *name));
	}
	wr_u8(w, ' ');
}

void
schema_dump(const struct schema *s, const void *config, size_t i, struct writer *w)
{
	const struct keyword *k = &s->keywords[i];
	const void *value = keyword_value(k, config);
	size_t n = k->kind->lines == NULL ? 1 : k->kind->lines(k, value);

	if (n == 0 && !(k->flags & HIDDEN)) {
		put_name(s, k->name, w);
		wr_raw(w, SPAN_LIT("none\n"));
	}
	for (size_t line = 0; line < n; line++) {
		put_name(s, k->name, w);
		k->kind->print(k, value, line, w);
		wr_u8(w, '\n');
	}
}

void
schema_free(const struct schema *s, void *config)
{
	for (size_t i = 0; i < s->n_keywords; i++) {
		const struct keyword *k = &s->keywords[i];

		if (k->kind->free != NULL)
			k->kind->free(keyword_field(k, config));
	}
}

struct lookup
schema_find(const struct schema *s, struct span name)
{
	struct lookup found = { NULL, NULL };

	for (size_t i = 0; i < s->n_keywords && found.keyword == NULL; i++) {
		if (same_word(name, s->keywords[i].name))
			found.keyword = &s->keywords[i];
	}
	for (size_t i = 0; i < s->n_old && found.keyword == NULL && found.old == NULL; i++) {
		const struct old_keyword *old = &s->old[i];

		if (!same_word(name, old->name))
			continue;
		if (old->what == OLD_ALIAS)
			found.keyword = &s->keywords[old->keyword];
		else
			found.old = old;
	}
	return found;
}

#define NAME_MAX_LEN	40

/* How many letters must change to make a from b (Levenshtein), case apart. */
static size_t
distance(struct span a, const char *b)
{
	size_t row[NAME_MAX_LEN + 1];
	size_t n = strlen(b);

	must(n <= NAME_MAX_LEN);
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; i < a.len; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < n; j++) {
			size_t change = diagonal + ((a.p[i] | 0x20) != (b[j] | 0x20));
			size_t least = row[j] < row[j + 1] ? row[j] + 1 : row[j + 1] + 1;

			diagonal = row[j + 1];
			row[j + 1] = change < least ? change : least;
		}
	}
	return row[n];
}

const char *
schema_nearest(const struct schema *s, struct span name)
{
	size_t best = name.len / 3 + 2;		/* further off is another word */
	const char *nearest = NULL;

	if (name.len > NAME_MAX_LEN)
		return NULL;
	for (size_t i = 0; i < s->n_keywords; i++) {
		size_t d = distance(name, s->keywords[i].name);

		if (d < best && d < name.len) {
			best = d;
			nearest = s->keywords[i].name;
		}
	}
	return nearest;
}
