/* SPDX-License-Identifier: ISC */
/* sshd -C: facts of a connection that is only supposed. */
#include <stdlib.h>

#include "config/sshd_table.h"

/* Takes one "name=value". */
static enum err
take_fact(struct sshd_test_facts *t, struct span name, struct span value)
{
	struct sshd_facts *f = &t->facts;
	char **text = NULL;

	if (same_word(name, "addr"))
		return address_parse(value, &f->address);
	if (same_word(name, "laddr"))
		return address_parse(value, &f->local_address);
	if (same_word(name, "lport"))
		return parse_port(value, 1, &f->local_port) ? ERR_OK : ERR_SYNTAX;
	if (same_word(name, "user"))
		text = &t->user;
	else if (same_word(name, "host"))
		text = &t->host;
	else if (same_word(name, "rdomain"))
		text = &t->rdomain;
	if (text == NULL || value.len == 0)
		return ERR_SYNTAX;
	free(*text);
	*text = NULL;
	return copy_text(text, value);
}

enum err
sshd_test_facts_add(struct sshd_test_facts *t, struct span spec)
{
	const uint8_t *begin = spec.p;
	struct span part;

	while (span_token(&spec, ',', &part)) {
		size_t equals = span_find(part, '=');

		if (same_word(part, "invalid-user")) {
			t->facts.user_invalid = true;
			continue;
		}
		if (part.len == 0 && part.p != begin)	/* scripts end the list with a comma */
			continue;
		if (equals == part.len)
			return ERR_SYNTAX;
		TRY(take_fact(t, span_first(part, equals), span_skip(part, equals + 1)));
	}
	t->facts.user = span_str(t->user);
	t->facts.host = span_str(t->host);
	t->facts.rdomain = span_str(t->rdomain);
	return ERR_OK;
}

void
sshd_test_facts_free(struct sshd_test_facts *t)
{
	if (t == NULL)
		return;
	free(t->user);
	free(t->host);
	free(t->rdomain);
	*t = (struct sshd_test_facts){ 0 };
}
