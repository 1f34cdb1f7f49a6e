/* SPDX-License-Identifier: ISC */
/* Host and Match of ssh_config. They depend on values set above them. */
#include <stdlib.h>

#include "config/ssh_table.h"

bool
ssh_host_holds(struct reader_state *r, const struct line *line, const struct ssh_facts *facts)
{
	bool found = false, negated = false;

	if (line->n_words == 0)
		reader_bad(r, "Host: missing pattern");
	for (size_t i = 0; i < line->n_words; i++) {
		struct span pattern = line->words[i];
		bool is_negation = pattern.len > 0 && pattern.p[0] == '!';

		if (is_negation)
			pattern = span_skip(pattern, 1);
		if (!text_match(facts->host, pattern, true))
			continue;
		found |= !is_negation;
		negated |= is_negation;
	}
	return found && !negated;
}

enum criterion {
	MATCH_ALL,
	MATCH_CANONICAL,
	MATCH_FINAL,
	MATCH_EXEC,
	MATCH_LOCALNETWORK,
	MATCH_HOST,
	MATCH_ORIGINALHOST,
	MATCH_TAGGED,
	MATCH_COMMAND,
	MATCH_USER,
	MATCH_LOCALUSER,
	MATCH_VERSION,
	MATCH_SESSIONTYPE,
	N_CRITERIA,
};

static const char *const criterion_names[] = {
	[MATCH_ALL] = "all",
	[MATCH_CANONICAL] = "canonical",
	[MATCH_FINAL] = "final",
	[MATCH_EXEC] = "exec",
	[MATCH_LOCALNETWORK] = "localnetwork",
	[MATCH_HOST] = "host",
	[MATCH_ORIGINALHOST] = "originalhost",
	[MATCH_TAGGED] = "tagged",
	[MATCH_COMMAND] = "command",
	[MATCH_USER] = "user",
	[MATCH_LOCALUSER] = "localuser",
	[MATCH_VERSION] = "version",
	[MATCH_SESSIONTYPE] = "sessiontype",
};

/* A Match line being looked at. */
struct matcher {
	struct reader_state *r;
	struct ssh_config *c;
	const struct ssh_facts *facts;
	bool is_live;		/* it is not only checked */
	bool holds;		/* so far */
};

static bool
list_matches(struct span name, struct span list, bool fold_case)
{
	return text_match_list(name, list, fold_case) == MATCH_YES;
}

/* The host that will be connected to, as far as it is known by now. */
static enum err
current_host(struct matcher *m, struct writer *w)
{
	SCOPED(ssh_tokens_free) struct ssh_tokens t = { 0 };

	if (m->c->hostname == NULL) {
		wr_raw(w, m->facts->host);
		return wr_end(w);
	}
	TRY(ssh_tokens_make(&t, m->c, m->facts));
	wr_raw(w, span_str(t.tokens.value['h']));
	return wr_end(w);
}

/* Runs the command of Match exec. */
static enum err
exec_holds(struct matcher *m, struct span command, bool *out)
{
	SCOPED(ssh_tokens_free) struct ssh_tokens t = { 0 };
	SCOPED(writer_free) struct writer w = writer_init(SIZE_MAX);
	enum err e;

	*out = false;
	TRY(ssh_tokens_make(&t, m->c, m->facts));
	e = config_expand(&w, command, &t.tokens);
	if (e == ERR_SYNTAX) {
		reader_bad(m->r, "Match exec: a %% that stands for nothing");
		return ERR_OK;
	}
	wr_u8(&w, 0);
	TRY(wr_end(&w));
	if (m->facts->run != NULL)
		*out = m->facts->run(m->facts->self, (const char *)w.p);
	return ERR_OK;
}

static bool
localnetwork_holds(const struct ssh_facts *facts, struct span list)
{
	for (size_t i = 0; i < facts->n_local_addresses; i++) {
		enum match match;

		if (address_match_list(&facts->local_addresses[i], list, &match) == ERR_OK &&
		    match == MATCH_YES)
			return true;
	}
	return false;
}

static enum err
criterion_holds(struct matcher *m, enum criterion what, struct span value, bool *out)
{
	const struct ssh_facts *f = m->facts;
	SCOPED(writer_free) struct writer host = writer_init(SIZE_MAX);

	*out = false;
	switch (what) {
	case MATCH_ALL: *out = true; break;
	case MATCH_CANONICAL: *out = f->canonical; break;
	case MATCH_FINAL: *out = f->final; break;
	case MATCH_EXEC: return exec_holds(m, value, out);
	case MATCH_LOCALNETWORK: *out = localnetwork_holds(f, value); break;
	case MATCH_HOST:
		TRY(current_host(m, &host));
		*out = list_matches(writer_span(&host), value, true);
		break;
	case MATCH_ORIGINALHOST: *out = list_matches(f->original_host, value, true); break;
	case MATCH_TAGGED: *out = list_matches(span_str(m->c->tag), value, false); break;
	case MATCH_COMMAND: *out = list_matches(f->command, value, false); break;
	case MATCH_USER:
		*out = list_matches(m->c->user == NULL ? f->local_user : span_str(m->c->user),
		    value, false);
		break;
	case MATCH_LOCALUSER: *out = list_matches(f->local_user, value, false); break;
	case MATCH_VERSION: *out = list_matches(f->version, value, false); break;
	case MATCH_SESSIONTYPE: *out = list_matches(f->session_type, value, false); break;
	case N_CRITERIA: break;
	}
	return ERR_OK;
}

static enum criterion
find_criterion(struct span name)
{
	size_t i;

	for (i = 0; i < N_CRITERIA; i++) {
		if (same_word(name, criterion_names[i]))
			break;
	}
	return (enum criterion)i;
}

/* Whether "all" stands where it may: alone, or right behind canonical or final. */
static bool
all_is_placed_well(const struct line *line, size_t i)
{
	enum criterion before;
	struct span word;

	if (line->n_words == 1)
		return true;
	if (i != 1 || line->n_words != 2)
		return false;
	word = line->words[0];
	before = find_criterion(span_starts(word, SPAN_LIT("!")) ? span_skip(word, 1) : word);
	return before == MATCH_CANONICAL || before == MATCH_FINAL;
}

static bool
value_is_good(enum criterion what, struct span value)
{
	struct address nobody = { 0 };
	enum match match;

	return what != MATCH_LOCALNETWORK ||
	    address_match_list(&nobody, value, &match) == ERR_OK;
}

/* Takes the criterion at word *i, with its value, and moves *i behind it. */
static enum err
take_criterion(struct matcher *m, const struct line *line, size_t *i)
{
	size_t at = (*i)++;
	struct span word = line->words[at];
	bool negated = word.len > 0 && word.p[0] == '!', holds;
	struct span name = negated ? span_skip(word, 1) : word, value = SPAN_EMPTY;
	size_t equals = span_find(name, '=');
	enum criterion what = find_criterion(span_first(name, equals));
	char shown[64];

	text_visible_str(shown, sizeof(shown), span_first(name, equals));
	if (what == N_CRITERIA) {
		reader_bad(m->r, "Unsupported Match attribute %s", shown);
		return ERR_OK;
	}
	if (what == MATCH_ALL && !all_is_placed_well(line, at))
		reader_bad(m->r, "Match all must stand alone, or behind canonical or final");
	if (what > MATCH_FINAL) {
		if (equals < name.len)
			value = span_skip(name, equals + 1);
		else if (*i < line->n_words)
			value = line->words[(*i)++];
		if ((equals == name.len && *i == at + 1) || (equals < name.len && value.len == 0)) {
			reader_bad(m->r, "Match %s: missing argument", shown);
			return ERR_OK;
		}
		if (!value_is_good(what, value))
			reader_bad(m->r, "Match %s: must be addresses, or address/bits with no "
			    "bits set behind those", shown);
	}
	if (what == MATCH_FINAL && m->is_live && !negated)
		m->c->wants_final = true;
	if (!m->is_live || !m->holds)		/* no command is run for nothing */
		return ERR_OK;
	TRY(criterion_holds(m, what, value, &holds));
	m->holds = holds != negated;
	return ERR_OK;
}

enum err
ssh_match_holds(struct reader_state *r, const struct line *line, struct ssh_config *c,
    const struct ssh_facts *facts, bool is_live, bool *out)
{
	struct matcher m = { r, c, facts, is_live, true };

	if (line->n_words == 0)
		reader_bad(r, "Match: missing criteria");
	for (size_t i = 0; i < line->n_words; )
		TRY(take_criterion(&m, line, &i));
	*out = is_live && m.holds;
	return ERR_OK;
}
