/* SPDX-License-Identifier: ISC */
/* Match of sshd_config: criteria, parsed once, evaluated for each connection. */
#include <stdlib.h>

#include "config/sshd_table.h"

static const struct {
	const char *name;
	const char *fact;	/* its name for -C; NULL: always known */
} criteria[] = {
	[SSHD_MATCH_ALL] = { "all", NULL },
	[SSHD_MATCH_INVALID_USER] = { "invalid-user", NULL },
	[SSHD_MATCH_USER] = { "user", "user" },
	[SSHD_MATCH_GROUP] = { "group", "user" },
	[SSHD_MATCH_HOST] = { "host", "host" },
	[SSHD_MATCH_ADDRESS] = { "address", "addr" },
	[SSHD_MATCH_LOCAL_ADDRESS] = { "localaddress", "laddr" },
	[SSHD_MATCH_LOCAL_PORT] = { "localport", "lport" },
	[SSHD_MATCH_RDOMAIN] = { "rdomain", "rdomain" },
	[SSHD_MATCH_VERSION] = { "version", NULL },
};

static bool
has_value(enum sshd_criterion_kind kind)
{
	return kind != SSHD_MATCH_ALL && kind != SSHD_MATCH_INVALID_USER;
}

/* Checks a value; NULL if it will do. */
static const char *
check_value(enum sshd_criterion_kind kind, struct span value)
{
	struct address nobody = { 0 };
	enum match match;
	uint16_t port;

	if (kind == SSHD_MATCH_LOCAL_PORT && !parse_port(value, 1, &port))
		return "must be a number from 1 to 65535";
	if ((kind == SSHD_MATCH_ADDRESS || kind == SSHD_MATCH_LOCAL_ADDRESS) &&
	    address_match_list(&nobody, value, &match) != ERR_OK)
		return "must be patterns, addresses, or address/bits with no bits set behind "
		    "those";
	return NULL;
}

static enum err
criterion_add(struct sshd_rules *rules, enum sshd_criterion_kind kind, struct span value)
{
	struct sshd_criterion *v = list_more(rules->criteria, rules->n_criteria, sizeof(*v));

	if (v == NULL)
		return ERR_NOMEM;
	rules->criteria = v;
	v[rules->n_criteria] = (struct sshd_criterion){ .kind = kind };
	if (has_value(kind))
		TRY(copy_text(&v[rules->n_criteria].value, value));
	rules->n_criteria++;
	return ERR_OK;
}

/*
 * Takes the criterion at word *i, "name value" or "name=value", and moves *i
 * behind it.
 */
static enum err
take_criterion(struct sshd_rules *rules, struct reader_state *r, const struct line *line,
    size_t *i)
{
	struct span word = line->words[(*i)++];
	size_t equals = span_find(word, '='), kind;
	struct span name = span_first(word, equals), value = span_skip(word, equals + 1);
	const char *why;
	char shown[64];

	text_visible_str(shown, sizeof(shown), name);
	for (kind = 0; kind < COUNT(criteria); kind++) {
		if (same_word(name, criteria[kind].name))
			break;
	}
	if (kind == COUNT(criteria)) {
		reader_bad(r, "Unsupported Match attribute %s", shown);
		return ERR_OK;
	}
	if (kind == SSHD_MATCH_ALL && line->n_words != 1)
		reader_bad(r, "Match all must stand alone");
	if (has_value((enum sshd_criterion_kind)kind)) {
		if (equals == word.len && *i < line->n_words)
			value = line->words[(*i)++];
		if (value.len == 0) {
			reader_bad(r, "Match %s: missing argument", shown);
			return ERR_OK;
		}
		why = check_value((enum sshd_criterion_kind)kind, value);
		if (why != NULL)
			reader_bad(r, "Match %s: %s", shown, why);
	} else if (equals < word.len) {
		reader_bad(r, "Match %s takes no argument", shown);
	}
	return criterion_add(rules, (enum sshd_criterion_kind)kind, value);
}

enum err
sshd_match_add(struct sshd_rules *rules, struct reader_state *r, const struct line *line,
    size_t parent)
{
	struct sshd_block *v = list_more(rules->blocks, rules->n_blocks, sizeof(*v));
	struct sshd_block *b;

	if (v == NULL)
		return ERR_NOMEM;
	rules->blocks = v;
	b = &v[rules->n_blocks++];
	*b = (struct sshd_block){ .parent = parent, .first = rules->n_criteria };
	if (line->n_words == 0)
		reader_bad(r, "Match: missing criteria");
	for (size_t i = 0; i < line->n_words; )
		TRY(take_criterion(rules, r, line, &i));
	b->n = rules->n_criteria - b->first;
	return ERR_OK;
}

/* Whether the user is in a group of the list, and in none that it negates. */
static bool
group_matches(const struct sshd_facts *facts, struct span list)
{
	bool found = false;

	for (size_t i = 0; i < facts->n_groups; i++) {
		enum match match = text_match_list(facts->groups[i], list, false);

		if (match == MATCH_NEGATED)
			return false;
		found |= match == MATCH_YES;
	}
	return found;
}

static bool
address_matches(const struct address *a, struct span list)
{
	enum match match;

	return a->family != 0 && address_match_list(a, list, &match) == ERR_OK &&
	    match == MATCH_YES;
}

static bool
host_matches(const struct sshd_facts *facts, struct span list)
{
	char text[64];
	struct span host = facts->host;

	if (host.len == 0) {
		address_print(&facts->address, text, sizeof(text));
		host = span_str(text);
	}
	return host.len > 0 && text_match_list(host, list, true) == MATCH_YES;
}

/* A name that is not known matches nothing, not even "*". */
static bool
name_matches(struct span name, struct span list)
{
	return name.len > 0 && text_match_list(name, list, false) == MATCH_YES;
}

static bool
port_matches(uint16_t port, struct span value)
{
	uint16_t wanted;

	return parse_port(value, 1, &wanted) && wanted == port;
}

static bool
criterion_holds(const struct sshd_rules *rules, const struct sshd_criterion *c,
    const struct sshd_facts *facts)
{
	struct span value = span_str(c->value);

	switch (c->kind) {
	case SSHD_MATCH_ALL: return true;
	case SSHD_MATCH_INVALID_USER: return facts->user_invalid;
	case SSHD_MATCH_USER: return name_matches(facts->user, value);
	case SSHD_MATCH_GROUP: return group_matches(facts, value);
	case SSHD_MATCH_HOST: return host_matches(facts, value);
	case SSHD_MATCH_ADDRESS: return address_matches(&facts->address, value);
	case SSHD_MATCH_LOCAL_ADDRESS: return address_matches(&facts->local_address, value);
	case SSHD_MATCH_LOCAL_PORT: return port_matches(facts->local_port, value);
	case SSHD_MATCH_RDOMAIN: return name_matches(facts->rdomain, value);
	case SSHD_MATCH_VERSION: return name_matches(span_str(rules->version), value);
	}
	return false;
}

bool
sshd_match_holds(const struct sshd_rules *rules, const struct sshd_block *b,
    const struct sshd_facts *facts)
{
	for (size_t i = 0; i < b->n; i++) {
		if (!criterion_holds(rules, &rules->criteria[b->first + i], facts))
			return false;
	}
	return true;
}

bool
sshd_match_needs_name(const struct sshd_rules *rules, const struct sshd_block *b)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct sshd_criterion *c = &rules->criteria[b->first + i];

		if (c->kind == SSHD_MATCH_HOST && address_list_has_names(span_str(c->value), true))
			return true;
	}
	return false;
}

/* Whether facts have what a criterion looks at. */
static bool
is_known(enum sshd_criterion_kind kind, const struct sshd_facts *facts)
{
	switch (kind) {
	case SSHD_MATCH_USER:
	case SSHD_MATCH_GROUP: return facts->user.len > 0;
	case SSHD_MATCH_HOST: return facts->host.len > 0 || facts->address.family != 0;
	case SSHD_MATCH_ADDRESS: return facts->address.family != 0;
	case SSHD_MATCH_LOCAL_ADDRESS: return facts->local_address.family != 0;
	case SSHD_MATCH_LOCAL_PORT: return facts->local_port != 0;
	case SSHD_MATCH_RDOMAIN: return facts->rdomain.len > 0;
	case SSHD_MATCH_ALL:
	case SSHD_MATCH_INVALID_USER:
	case SSHD_MATCH_VERSION: break;
	}
	return true;
}

const char *
sshd_rules_missing_fact(const struct sshd_rules *rules, const struct sshd_facts *facts)
{
	for (size_t i = 0; i < rules->n_criteria; i++) {
		enum sshd_criterion_kind kind = rules->criteria[i].kind;

		if (!is_known(kind, facts))
			return criteria[kind].fact;
	}
	return NULL;
}
