/* SPDX-License-Identifier: ISC */
#include "config/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Says what vsnprintf makes of it, behind where we are. */
PRINTF(3, 0) static void
say_va(struct reader_state *r, enum config_say level, const char *fmt, va_list ap)
{
	char line[1024];
	int n;

	if (r->io->say == NULL)
		return;
	n = snprintf(line, sizeof(line), "%s: line %u: ", r->at.file, r->at.line);
	if (n < 0 || (size_t)n >= sizeof(line))
		n = 0;			/* such a name is no help */
	vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	r->io->say(r->io->self, level, line);
}

void
reader_say(struct reader_state *r, enum config_say level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_va(r, level, fmt, ap);
	va_end(ap);
}

void
reader_bad(struct reader_state *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_va(r, CONFIG_SAY_ERROR, fmt, ap);
	va_end(ap);
	r->bad++;
}

/* Whether IgnoreUnknown covers name. */
static bool
is_ignored(const struct reader_state *r, struct span name)
{
	if (r->ignore_unknown == NULL)
		return false;
	for (size_t i = 0; i < r->ignore_unknown->n; i++) {
		if (text_match(name, span_str(r->ignore_unknown->v[i]), true))
			return true;
	}
	return false;
}

const struct keyword *
reader_keyword(struct reader_state *r, const struct line *line)
{
	struct lookup found = schema_find(r->schema, line->keyword);
	const char *nearest;
	char name[80];

	if (found.keyword != NULL)
		return found.keyword;
	text_visible_str(name, sizeof(name), line->keyword);
	if (found.old != NULL) {
		if (found.old->what == OLD_DEPRECATED)
			reader_say(r, CONFIG_SAY_DEBUG, "Deprecated option %s", name);
		else if (found.old->what == OLD_UNSUPPORTED)
			reader_say(r, CONFIG_SAY_DEBUG, "Unsupported option %s", name);
		return NULL;
	}
	if (is_ignored(r, line->keyword)) {
		reader_say(r, CONFIG_SAY_DEBUG, "Ignored unknown option \"%s\"", name);
		return NULL;
	}
	nearest = schema_nearest(r->schema, line->keyword);
	if (nearest != NULL)
		reader_bad(r, "Bad configuration option: %s (did you mean %s?)", name, nearest);
	else
		reader_bad(r, "Bad configuration option: %s (see the manual for the "
		    "keywords there are)", name);
	return NULL;
}

static void
remark(void *self, const char *text, const char *name)
{
	reader_say(self, CONFIG_SAY_DEBUG, "%s: %s", text, name);
}

enum err
reader_apply(struct reader_state *r, const struct keyword *k, const struct line *line,
    void *config)
{
	struct args a = {
		.keyword = k, .v = line->words, .n = line->n_words, .raw = line->raw,
		.line = line, .algs = r->algs, .remark = remark, .self = r,
	};
	enum err e = schema_parse(r->schema, &a, config);

	if (e == ERR_OK || e == ERR_NOMEM)
		return e;
	reader_bad(r, "%s: %s", k->name, a.why);
	return ERR_OK;
}

enum err
reader_end(struct reader_state *r, const char *file)
{
	char line[1024];

	if (r->bad == 0)
		return ERR_OK;
	snprintf(line, sizeof(line), "%s: terminating, %u bad configuration options", file,
	    r->bad);
	if (r->io->say != NULL)
		r->io->say(r->io->self, CONFIG_SAY_ERROR, line);
	return ERR_SYNTAX;
}

enum err
reader_lines(struct reader_state *r, const char *file, struct span text,
    enum err (*each)(void *self, const struct line *line), void *self)
{
	struct place outer = r->at;
	struct span part;
	enum err e = ERR_OK;

	r->at = (struct place){ file, 0 };
	while (e == ERR_OK && span_token(&text, '\n', &part)) {
		struct line line;
		const char *why;

		r->at.line++;
		e = line_split(&r->lexer, part, &line, &why);
		if (e == ERR_SYNTAX) {
			reader_bad(r, "%s", why);
			e = ERR_OK;
		} else if (e == ERR_OK && line.keyword.len > 0) {
			e = each(self, &line);
		} else if (e == ERR_OK && line.raw.len > 0) {
			reader_bad(r, "missing keyword before \"=\"");
		}
	}
	r->at = outer;
	return e;
}

enum err
reader_include(struct reader_state *r, const char *pattern,
    enum err (*file)(void *self, const struct config_file *f), void *self)
{
	SCOPED(config_files_free) struct config_files files = { 0 };
	enum err e = ERR_OK;

	if (r->depth >= CONFIG_INCLUDE_DEPTH) {
		reader_bad(r, "Include: more than %d files deep: does one include itself?",
		    CONFIG_INCLUDE_DEPTH);
		return ERR_OK;
	}
	if (r->io->include != NULL)
		e = r->io->include(r->io->self, pattern, &files);
	if (e == ERR_NOMEM)
		return e;
	if (e != ERR_OK) {
		char name[256];

		reader_bad(r, "Include: cannot read %s: %s",
		    text_visible_str(name, sizeof(name), span_str(pattern)), err_text(e));
		return ERR_OK;
	}
	r->depth++;
	for (size_t i = 0; e == ERR_OK && i < files.n; i++)
		e = file(self, &files.v[i]);
	r->depth--;
	return e;
}

enum err
config_files_add(struct config_files *files, struct span name, struct span text)
{
	struct config_file *v = list_more(files->v, files->n, sizeof(*v)), *f;

	if (v == NULL)
		return ERR_NOMEM;
	files->v = v;
	f = &v[files->n];
	*f = (struct config_file){ .name = span_dup_str(name), .text = span_dup_str(text),
	    .len = text.len };
	if (f->name == NULL || f->text == NULL) {
		free(f->name);
		free(f->text);
		return ERR_NOMEM;
	}
	files->n++;
	return ERR_OK;
}

void
config_files_free(struct config_files *files)
{
	if (files == NULL)
		return;
	for (size_t i = 0; i < files->n; i++) {
		free(files->v[i].name);
		free(files->v[i].text);
	}
	free(files->v);
	*files = (struct config_files){ 0 };
}
