/* SPDX-License-Identifier: ISC */
/* Reading ssh_config: each line counts at once, if its block holds. */
#include <stdlib.h>
#include <string.h>

#include "config/ssh_table.h"

struct ssh_reader {
	struct reader_state reader;
	struct ssh_config *c;
	const struct ssh_input *in;
	bool is_user;		/* the user's own file, or one that it includes */
	bool outer;		/* where this file was included holds */
	bool holds;		/* the block we are in */
};

static enum err read_text(struct ssh_reader *s, const char *name, struct span text);

static enum err
on_file(void *self, const struct config_file *f)
{
	return read_text(self, f->name, span_of(f->text, f->len));
}

/* Makes the absolute path that an argument of Include stands for. */
static enum err
include_path(struct ssh_reader *s, struct writer *path, struct span arg)
{
	const struct ssh_facts *f = &s->in->facts;
	SCOPED(ssh_tokens_free) struct ssh_tokens t = { 0 };
	SCOPED(writer_free) struct writer env = writer_init(SIZE_MAX);
	SCOPED(writer_free) struct writer name = writer_init(SIZE_MAX);
	struct span n;

	TRY(ssh_tokens_make(&t, s->c, f));
	TRY(config_expand_env(&env, arg, f->getenv_of, f->self));
	TRY(config_expand(&name, writer_span(&env), &t.tokens));
	n = writer_span(&name);
	if (span_starts(n, SPAN_LIT("~")) && !(s->is_user && span_starts(n, SPAN_LIT("~/"))))
		return ERR_SYNTAX;
	if (span_starts(n, SPAN_LIT("~/"))) {
		wr_raw(path, f->home);
		n = span_skip(n, 1);
	} else if (!span_starts(n, SPAN_LIT("/"))) {
		wr_raw(path, s->is_user ? f->home : SPAN_LIT(SSH_CONF_DIR));
		wr_raw(path, s->is_user ? SPAN_LIT("/.ssh/") : SPAN_LIT("/"));
	}
	wr_raw(path, n);
	wr_u8(path, 0);
	return wr_end(path);
}

static enum err
on_include(struct ssh_reader *s, const struct line *line)
{
	SCOPED(words_free) struct words args = { 0 };

	if (line->n_words == 0)
		reader_bad(&s->reader, "Include: missing argument");
	/* Where it does not hold, too: what is wrong in a file is said at once. */
	/* Copies: the lines of the files take the lexer's memory. */
	for (size_t i = 0; i < line->n_words; i++)
		TRY(words_add(&args, line->words[i]));
	for (size_t i = 0; i < args.n; i++) {
		SCOPED(writer_free) struct writer path = writer_init(SIZE_MAX);
		enum err e = include_path(s, &path, span_str(args.v[i]));

		if (e == ERR_SYNTAX || e == ERR_NOTFOUND)
			reader_bad(&s->reader, "Include: cannot expand %s: %s", args.v[i],
			    e == ERR_NOTFOUND ? "a variable is not set" : err_text(e));
		else if (e != ERR_OK)
			return e;
		else
			TRY(reader_include(&s->reader, (const char *)path.p, on_file, s));
	}
	return ERR_OK;
}

/* Whether the earlier of ProxyCommand and ProxyJump has made this one void. */
static bool
has_rival(const struct ssh_config *c, size_t k)
{
	if (k == SSH_KEYWORD_ProxyJump)
		return ssh_config_is_set(c, SSH_KEYWORD_ProxyCommand);
	if (k == SSH_KEYWORD_ProxyCommand)
		return ssh_config_is_set(c, SSH_KEYWORD_ProxyJump);
	return false;
}

static enum err
on_keyword(struct ssh_reader *s, const struct line *line)
{
	const struct keyword *k = reader_keyword(&s->reader, line);
	bool counts;
	size_t i;

	if (k == NULL)
		return ERR_OK;
	i = (size_t)(k - ssh_schema.keywords);
	counts = s->holds && !has_rival(s->c, i) &&
	    (k->flags & MANY || !schema_is_set(&ssh_schema, s->c, i));
	TRY(reader_apply(&s->reader, k, line, counts ? s->c : NULL));
	if (counts)
		schema_mark(&ssh_schema, s->c, i);
	return ERR_OK;
}

static enum err
on_line(void *self, const struct line *line)
{
	struct ssh_reader *s = self;
	const struct ssh_facts *facts = &s->in->facts;

	if (same_word(line->keyword, "Include"))
		return on_include(s, line);
	if (same_word(line->keyword, "Host")) {
		s->holds = ssh_host_holds(&s->reader, line, facts) && s->outer;
		return ERR_OK;
	}
	if (same_word(line->keyword, "Match"))
		return ssh_match_holds(&s->reader, line, s->c, facts, s->outer, &s->holds);
	return on_keyword(s, line);
}

/* Reads a file: its blocks end with it, and hold only where it is included. */
static enum err
read_text(struct ssh_reader *s, const char *name, struct span text)
{
	bool outer = s->outer, holds = s->holds;
	enum err e;

	s->outer = holds;
	e = reader_lines(&s->reader, name, text, on_line, s);
	s->outer = outer;
	s->holds = holds;
	return e;
}

static struct ssh_reader
ssh_reader_of(struct ssh_config *c, const struct ssh_input *in, bool is_user)
{
	return (struct ssh_reader){
		.reader = { .schema = &ssh_schema, .io = &in->io, .algs = &in->algs,
		    .ignore_unknown = &c->ignore_unknown },
		.c = c, .in = in, .is_user = is_user, .outer = true, .holds = true,
	};
}

enum err
ssh_config_read(struct ssh_config *c, const struct ssh_input *in, const char *name,
    struct span text, bool is_user)
{
	struct ssh_reader s = ssh_reader_of(c, in, is_user);
	enum err e = read_text(&s, name, text);

	lexer_free(&s.reader.lexer);
	return e == ERR_OK ? reader_end(&s.reader, name) : e;
}

enum err
ssh_config_option(struct ssh_config *c, const struct ssh_input *in, const char *text)
{
	struct ssh_reader s = ssh_reader_of(c, in, true);
	struct line line;
	const char *why = "line break in an option";
	enum err e = ERR_SYNTAX;

	s.reader.at = (struct place){ "command-line", 0 };
	if (strchr(text, '\n') == NULL)
		e = line_split(&s.reader.lexer, span_str(text), &line, &why);
	if (e == ERR_SYNTAX)
		reader_bad(&s.reader, "%s", why);
	else if (e == ERR_OK && line.keyword.len > 0)
		e = on_line(&s, &line);
	lexer_free(&s.reader.lexer);
	return e == ERR_OK && s.reader.bad > 0 ? ERR_SYNTAX : e;
}

enum err
ssh_config_defaults(struct ssh_config *c, const struct ssh_input *in)
{
	const struct ssh_facts *f = &in->facts;

	TRY(schema_defaults(&ssh_schema, c, &in->algs));
	if (c->user == NULL && f->local_user.len > 0)
		TRY(copy_text(&c->user, f->local_user));
	if (c->hostname == NULL && f->host.len > 0)
		TRY(copy_text(&c->hostname, f->host));
	/* New keys go into the user's own file only, and unless DNS vouches for them. */
	if (!ssh_config_is_set(c, SSH_KEYWORD_UpdateHostKeys) &&
	    (ssh_config_is_set(c, SSH_KEYWORD_UserKnownHostsFile) ||
	    c->verify_host_key_dns != YNA_NO))
		c->update_host_keys = YNA_NO;
	return ERR_OK;
}
