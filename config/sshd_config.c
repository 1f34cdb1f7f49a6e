/* SPDX-License-Identifier: ISC */
/* The server's values in force: from rules and facts, dumped, sent, expanded. */
#include "config/sshd_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "config/sshd_table.h"

/* Applies one statement unless an earlier one counts. closed: NULL, or bits of
 * keywords that Match blocks have decided. */
static enum err
apply(struct sshd_config *c, const struct sshd_rules *r, struct lexer *lx,
    const struct sshd_statement *s, const struct sshd_config *closed)
{
	size_t k = (size_t)(s->keyword - sshd_schema.keywords);
	struct args a = { .keyword = s->keyword, .algs = &r->algs };
	struct line line;
	const char *why;

	/* Subsystems are replaced name by name, not as a whole. */
	if (closed != NULL && schema_is_set(&sshd_schema, closed, k) && k != SSHD_Subsystem)
		return ERR_OK;
	if (schema_is_set(&sshd_schema, c, k) && !(s->keyword->flags & MANY))
		return ERR_OK;
	TRY(line_split(lx, span_str(s->text), &line, &why));
	a.line = &line;
	a.v = line.words;
	a.n = line.n_words;
	a.raw = line.raw;
	TRY(schema_parse(&sshd_schema, &a, c));
	schema_mark(&sshd_schema, c, k);
	return ERR_OK;
}

/* Applies the statements of blocks that hold, in order. */
static enum err
apply_blocks(struct sshd_config *c, const struct sshd_rules *r, struct lexer *lx,
    const bool *holds)
{
	for (size_t i = 0; i < r->n_statements; i++) {
		const struct sshd_statement *s = &r->statements[i];

		if (s->block != 0 && holds[s->block])
			TRY(apply(c, r, lx, s, NULL));
	}
	return ERR_OK;
}

/* Applies the statements outside of blocks to what those have left open. */
static enum err
apply_global(struct sshd_config *c, const struct sshd_rules *r, struct lexer *lx)
{
	struct sshd_config closed = { 0 };

	memcpy(closed.set, c->set, sizeof(closed.set));
	for (size_t i = 0; i < r->n_statements; i++) {
		if (r->statements[i].block == 0)
			TRY(apply(c, r, lx, &r->statements[i], &closed));
	}
	return ERR_OK;
}

/* Finds out which blocks hold; their parents come before them. */
static enum err
match_blocks(bool **out, const struct sshd_rules *r, const struct sshd_facts *facts)
{
	bool *holds = calloc(r->n_blocks, sizeof(*holds));

	if (holds == NULL)
		return ERR_NOMEM;
	holds[0] = true;
	for (size_t i = 1; i < r->n_blocks; i++) {
		const struct sshd_block *b = &r->blocks[i];

		holds[i] = holds[b->parent] && sshd_match_holds(r, b, facts);
	}
	*out = holds;
	return ERR_OK;
}

/* The ports of the command line stand instead of those of the file. */
static enum err
take_ports(struct sshd_config *c, const struct sshd_rules *r)
{
	if (r->ports.n == 0)
		return ERR_OK;
	c->ports.v = calloc(r->ports.n, sizeof(*c->ports.v));
	if (c->ports.v == NULL)
		return ERR_NOMEM;
	memcpy(c->ports.v, r->ports.v, r->ports.n * sizeof(*c->ports.v));
	c->ports.n = r->ports.n;
	schema_mark(&sshd_schema, c, SSHD_Port);
	return ERR_OK;
}

static enum err
evaluate(struct sshd_config *c, const struct sshd_rules *r, const struct sshd_facts *facts,
    struct lexer *lx)
{
	TRY(take_ports(c, r));
	if (facts != NULL && r->n_blocks > 1) {
		bool *holds;
		enum err e;

		TRY(match_blocks(&holds, r, facts));
		e = apply_blocks(c, r, lx, holds);
		free(holds);
		TRY(e);
	}
	TRY(apply_global(c, r, lx));
	TRY(schema_defaults(&sshd_schema, c, &r->algs));
	subsystems_finish(&c->subsystems);
	return ERR_OK;
}

enum err
sshd_config_for(struct sshd_config *out, const struct sshd_rules *r,
    const struct sshd_facts *facts)
{
	SCOPED(lexer_free) struct lexer lx = { 0 };
	enum err e;

	*out = (struct sshd_config){ 0 };
	e = evaluate(out, r, facts, &lx);
	if (e != ERR_OK)
		sshd_config_free(out);
	return e;
}

/* Notes statements of one kind of block, unless a better one is noted already. */
static void
note_places(struct sshd_place *places, const struct sshd_rules *r, const bool *holds, bool global)
{
	for (size_t i = 0; i < r->n_statements; i++) {
		const struct sshd_statement *s = &r->statements[i];
		struct sshd_place *p = &places[s->keyword - sshd_schema.keywords];

		if ((s->block == 0) != global || (!global && !holds[s->block]) || p->file != NULL)
			continue;
		*p = (struct sshd_place){ .file = r->files.v[s->file], .line = s->number };
	}
}

enum err
sshd_config_places(struct sshd_place places[static SSHD_N_KEYWORDS], const struct sshd_rules *r,
    const struct sshd_facts *facts)
{
	bool *holds;

	for (size_t i = 0; i < SSHD_N_KEYWORDS; i++)
		places[i] = (struct sshd_place){ .file = NULL };
	if (facts != NULL && r->n_blocks > 1) {
		TRY(match_blocks(&holds, r, facts));
		note_places(places, r, holds, false);
		free(holds);
	}
	note_places(places, r, NULL, true);
	return ERR_OK;
}

/* Whether one of the statement's words is this one. */
static enum err
has_word(bool *has, struct lexer *lx, const struct sshd_statement *s, const char *word)
{
	struct line line;
	const char *why;

	*has = false;
	TRY(line_split(lx, span_str(s->text), &line, &why));
	for (size_t i = 0; i < line.n_words && !*has; i++)
		*has = span_is(line.words[i], word);
	return ERR_OK;
}

/* The first of the statements that count. matched: those of Match blocks do. */
static enum err
find_word(struct sshd_place *out, const struct sshd_rules *r, const bool *holds, bool matched,
    enum sshd_keyword k, const char *word)
{
	SCOPED(lexer_free) struct lexer lx = { 0 };
	bool has;

	for (size_t i = 0; i < r->n_statements; i++) {
		const struct sshd_statement *s = &r->statements[i];

		if (s->keyword != &sshd_schema.keywords[k] || (s->block != 0) != matched || !holds[s->block])
			continue;
		TRY(has_word(&has, &lx, s, word));
		if (has) {
			*out = (struct sshd_place){ .file = r->files.v[s->file], .line = s->number };
			return ERR_OK;
		}
	}
	return ERR_OK;
}

enum err
sshd_config_word_place(struct sshd_place *out, const struct sshd_rules *r,
    const struct sshd_facts *facts, enum sshd_keyword k, const char *word)
{
	bool matched = false;
	bool *holds;
	enum err e;

	TRY(match_blocks(&holds, r, facts));
	for (size_t i = 0; i < r->n_statements; i++) {
		const struct sshd_statement *s = &r->statements[i];

		matched |= s->keyword == &sshd_schema.keywords[k] && s->block != 0 && holds[s->block];
	}
	e = find_word(out, r, holds, matched, k, word);
	free(holds);
	return e;
}

enum err
sshd_rules_undecided(const struct sshd_rules *r, const struct sshd_facts *facts, bool *undecided,
    struct sshd_place *at)
{
	bool *holds;

	*undecided = false;
	if (!facts->host_unknown)
		return ERR_OK;
	TRY(match_blocks(&holds, r, facts));
	for (size_t i = 1; i < r->n_blocks && !*undecided; i++) {
		const struct sshd_block *b = &r->blocks[i];

		*undecided = holds[i] && sshd_match_needs_name(r, b);
		if (*undecided)
			*at = (struct sshd_place){ .file = r->files.v[b->file], .line = b->number };
	}
	free(holds);
	return ERR_OK;
}

bool
sshd_config_is_set(const struct sshd_config *c, enum sshd_keyword k)
{
	return schema_is_set(&sshd_schema, c, k);
}

void
sshd_config_free(struct sshd_config *c)
{
	if (c == NULL)
		return;
	schema_free(&sshd_schema, c);
	*c = (struct sshd_config){ 0 };
}

/* One line of ListenAddress with its port. */
static void
dump_listen(struct writer *w, const char *host, unsigned port)
{
	char text[8];

	snprintf(text, sizeof(text), "%u", port);
	wr_raw(w, SPAN_LIT("ListenAddress "));
	print_host_port(w, host, text);
	wr_u8(w, '\n');
}

/* ListenAddress as it comes out: each address on each port. */
static void
dump_listens(const struct sshd_config *c, struct writer *w)
{
	for (size_t i = 0; i < c->listen_addresses.n; i++) {
		const struct listen_address *l = &c->listen_addresses.v[i];

		if (l->port != 0)
			dump_listen(w, l->host, l->port);
		for (size_t p = 0; l->port == 0 && p < c->ports.n; p++)
			dump_listen(w, l->host, c->ports.v[p]);
	}
	for (size_t p = 0; c->listen_addresses.n == 0 && p < c->ports.n; p++) {
		if (c->address_family != FAMILY_INET)
			dump_listen(w, "::", c->ports.v[p]);
		if (c->address_family != FAMILY_INET6)
			dump_listen(w, "0.0.0.0", c->ports.v[p]);
	}
}

void
sshd_config_dump(const struct sshd_config *c, struct writer *w)
{
	for (size_t i = 0; i < SSHD_N_KEYWORDS; i++) {
		if (i == SSHD_ListenAddress)
			dump_listens(c, w);
		else
			schema_dump(&sshd_schema, c, i, w);
	}
}

/* Values are sent as the text of a dump: one codec, and it is tested. */
void
sshd_config_put(const struct sshd_config *c, struct writer *w)
{
	size_t mark = wr_open(w);

	for (size_t i = 0; i < SSHD_N_KEYWORDS; i++)
		schema_dump(&sshd_schema, c, i, w);
	wr_close(w, mark);
	for (size_t i = 0; i < COUNT(c->set); i++)
		wr_u64(w, c->set[i]);
}

struct decoder {
	struct reader_state reader;
	struct sshd_config *config;
};

static enum err
decode_line(void *self, const struct line *line)
{
	struct decoder *d = self;
	const struct keyword *k = schema_find(&sshd_schema, line->keyword).keyword;
	size_t i;

	if (k == NULL)
		return ERR_FORMAT;
	i = (size_t)(k - sshd_schema.keywords);
	if (schema_is_set(&sshd_schema, d->config, i) && !(k->flags & MANY))
		return ERR_FORMAT;
	schema_mark(&sshd_schema, d->config, i);
	return reader_apply(&d->reader, k, line, d->config);
}

static enum err
decode(struct sshd_config *c, struct span s)
{
	static const struct config_io nobody = { 0 };
	struct decoder d = {
		.reader = { .schema = &sshd_schema, .io = &nobody }, .config = c,
	};
	struct reader r = rd_init(s);
	struct span text = rd_bytes(&r);
	uint64_t set[COUNT(c->set)];
	enum err e;

	for (size_t i = 0; i < COUNT(set); i++)
		set[i] = rd_u64(&r);
	TRY(rd_end(&r));
	e = reader_lines(&d.reader, "", text, decode_line, &d);
	lexer_free(&d.reader.lexer);
	memcpy(c->set, set, sizeof(set));
	return e == ERR_OK && d.reader.bad > 0 ? ERR_FORMAT : e;
}

enum err
sshd_config_get(struct sshd_config *out, struct span s)
{
	enum err e;

	*out = (struct sshd_config){ 0 };
	e = decode(out, s);
	if (e != ERR_OK)
		sshd_config_free(out);
	return e;
}

/* --- tokens --- */

static const struct {
	enum sshd_keyword keyword;
	const char *letters;
} allowed_tokens[] = {
	{ SSHD_AuthorizedKeysCommand, "CDfhktUu" },
	{ SSHD_AuthorizedKeysCommandUser, "u" },
	{ SSHD_AuthorizedKeysFile, "hUu" },
	{ SSHD_AuthorizedPrincipalsCommand, "CDfFhiKkstTUu" },
	{ SSHD_AuthorizedPrincipalsCommandUser, "u" },
	{ SSHD_AuthorizedPrincipalsFile, "hUu" },
	{ SSHD_ChrootDirectory, "hUu" },
	{ SSHD_RDomain, "D" },
};

enum err
sshd_config_expand(struct writer *w, enum sshd_keyword k, struct span text,
    const struct config_tokens *tokens)
{
	struct config_tokens some = { 0 };

	for (size_t i = 0; i < COUNT(allowed_tokens); i++) {
		if (allowed_tokens[i].keyword != k)
			continue;
		for (const char *c = allowed_tokens[i].letters; *c != '\0'; c++)
			some.value[(uint8_t)*c] = tokens->value[(uint8_t)*c];
	}
	return config_expand(w, text, &some);
}
