/* SPDX-License-Identifier: ISC */
/* Loading sshd_config: lines become statements in blocks. */
#include <stdlib.h>
#include <string.h>

#include "config/sshd_table.h"

struct loader {
	struct reader_state reader;
	struct sshd_rules *rules;
	size_t block;		/* where the next statement belongs */
	size_t outer;		/* the block this file is included in */
};

static enum err load_text(struct loader *l, const char *name, struct span text);

static enum err
on_file(void *self, const struct config_file *f)
{
	return load_text(self, f->name, span_of(f->text, f->len));
}

/* Reads the files of an Include line; relative names are beside the config. */
static enum err
on_include(struct loader *l, const struct line *line)
{
	SCOPED(words_free) struct words patterns = { 0 };

	/* Copies: the lines of the files take the lexer's memory. */
	for (size_t i = 0; i < line->n_words; i++)
		TRY(words_add(&patterns, line->words[i]));
	if (patterns.n == 0)
		reader_bad(&l->reader, "Include: missing argument");
	for (size_t i = 0; i < patterns.n; i++) {
		SCOPED(writer_free) struct writer path = writer_init(SIZE_MAX);

		wr_printf(&path, "%s%s", patterns.v[i][0] == '/' ? "" : SSH_CONF_DIR "/",
		    patterns.v[i]);
		wr_u8(&path, 0);
		TRY(wr_end(&path));
		TRY(reader_include(&l->reader, (const char *)path.p, on_file, l));
	}
	return ERR_OK;
}

/* Makes name the last of the files, if it is not. */
static enum err
note_file(struct sshd_rules *rules, const char *name)
{
	struct words *f = &rules->files;

	if (f->n > 0 && strcmp(f->v[f->n - 1], name) == 0)
		return ERR_OK;
	return words_add(f, span_str(name));
}

static enum err
statement_add(struct sshd_rules *rules, const struct keyword *k, size_t block,
    const struct line *line, const struct place *at)
{
	struct sshd_statement *v = list_more(rules->statements, rules->n_statements, sizeof(*v));
	struct span text;

	if (v == NULL)
		return ERR_NOMEM;
	rules->statements = v;
	TRY(note_file(rules, at->file));
	/* The keyword and all behind it: parts of one text. */
	text = span_of(line->keyword.p, line->keyword.len);
	if (line->raw.len > 0)
		text.len = (size_t)(line->raw.p + line->raw.len - line->keyword.p);
	v[rules->n_statements] = (struct sshd_statement){ .keyword = k, .block = block,
	    .file = rules->files.n - 1, .number = at->line };
	TRY(copy_text(&v[rules->n_statements].text, text));
	rules->n_statements++;
	return ERR_OK;
}

static enum err
on_line(void *self, const struct line *line)
{
	struct loader *l = self;
	const struct keyword *k;

	if (same_word(line->keyword, "Include"))
		return on_include(l, line);
	if (same_word(line->keyword, "Match")) {
		TRY(note_file(l->rules, l->reader.at.file));
		TRY(sshd_match_add(l->rules, &l->reader, line, l->outer));
		l->block = l->rules->n_blocks - 1;
		l->rules->blocks[l->block].file = l->rules->files.n - 1;
		l->rules->blocks[l->block].number = l->reader.at.line;
		return ERR_OK;
	}
	k = reader_keyword(&l->reader, line);
	if (k == NULL)
		return ERR_OK;
	if (l->block != 0 && !(k->flags & MATCH)) {
		reader_bad(&l->reader, "Directive '%s' is not allowed within a Match block",
		    k->name);
		return ERR_OK;
	}
	TRY(reader_apply(&l->reader, k, line, NULL));
	return statement_add(l->rules, k, l->block, line, &l->reader.at);
}

/* Loads a file: its Match blocks end with it, and hold only where it is included. */
static enum err
load_text(struct loader *l, const char *name, struct span text)
{
	size_t outer = l->outer, block = l->block;
	enum err e;

	l->outer = block;
	e = reader_lines(&l->reader, name, text, on_line, l);
	l->outer = outer;
	l->block = block;
	return e;
}

/* Loads what the command line says with -o. */
static enum err
load_option(struct loader *l, const char *text)
{
	struct line line;
	const char *why;
	enum err e;

	l->reader.at = (struct place){ "command-line", 0 };
	if (strchr(text, '\n') != NULL) {
		reader_bad(&l->reader, "line break in an option");
		return ERR_OK;
	}
	e = line_split(&l->reader.lexer, span_str(text), &line, &why);
	if (e == ERR_SYNTAX) {
		reader_bad(&l->reader, "%s", why);
		return ERR_OK;
	}
	TRY(e);
	return line.keyword.len == 0 ? ERR_OK : on_line(l, &line);
}

/* What no line by itself can get wrong. */
static enum err
check_rules(struct loader *l)
{
	struct sshd_config c;

	TRY(sshd_config_for(&c, l->rules, NULL));
	if (c.authorized_keys_command != NULL && c.authorized_keys_command_user == NULL)
		reader_bad(&l->reader, "AuthorizedKeysCommand is set, but "
		    "AuthorizedKeysCommandUser is not");
	if (c.authorized_principals_command != NULL &&
	    c.authorized_principals_command_user == NULL)
		reader_bad(&l->reader, "AuthorizedPrincipalsCommand is set, but "
		    "AuthorizedPrincipalsCommandUser is not");
	if (c.ephemeral_key_ttl > c.ephemeral_key_max_ttl)
		reader_bad(&l->reader, "EphemeralKeyTTL is longer than EphemeralKeyMaxTTL");
	sshd_config_free(&c);
	return ERR_OK;
}

/* Starts with the block that always holds, and what the command line knows. */
static enum err
rules_begin(struct sshd_rules *rules, const struct sshd_input *in)
{
	rules->algs = in->algs;
	rules->blocks = calloc(1, sizeof(*rules->blocks));
	if (rules->blocks == NULL)
		return ERR_NOMEM;
	rules->n_blocks = 1;
	if (in->version != NULL)
		TRY(copy_text(&rules->version, span_str(in->version)));
	if (in->n_ports > 0) {
		rules->ports.v = calloc(in->n_ports, sizeof(*rules->ports.v));
		if (rules->ports.v == NULL)
			return ERR_NOMEM;
		memcpy(rules->ports.v, in->ports, in->n_ports * sizeof(*rules->ports.v));
		rules->ports.n = in->n_ports;
	}
	return ERR_OK;
}

static enum err
load(struct loader *l, const struct sshd_input *in)
{
	TRY(rules_begin(l->rules, in));
	for (size_t i = 0; i < in->n_options; i++) {
		TRY(load_option(l, in->options[i]));
		l->block = 0;
	}
	TRY(load_text(l, in->name, in->text));
	l->reader.at = (struct place){ in->name, 0 };
	if (l->reader.bad == 0)
		TRY(check_rules(l));
	return reader_end(&l->reader, in->name);
}

enum err
sshd_rules_load(struct sshd_rules **out, const struct sshd_input *in)
{
	struct loader l = {
		.reader = { .schema = &sshd_schema, .io = &in->io, .algs = &in->algs },
	};
	enum err e;

	l.rules = calloc(1, sizeof(*l.rules));
	if (l.rules == NULL)
		return ERR_NOMEM;
	e = load(&l, in);
	lexer_free(&l.reader.lexer);
	if (e != ERR_OK) {
		sshd_rules_free(l.rules);
		return e;
	}
	*out = l.rules;
	return ERR_OK;
}

void
sshd_rules_free(struct sshd_rules *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->n_statements; i++)
		free(r->statements[i].text);
	for (size_t i = 0; i < r->n_criteria; i++)
		free(r->criteria[i].value);
	free(r->statements);
	free(r->blocks);
	free(r->criteria);
	free(r->version);
	words_free(&r->files);
	free(r->ports.v);
	free(r);
}
