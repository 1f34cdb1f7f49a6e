/* SPDX-License-Identifier: ISC */
/* Codes are short, so wrong ones are counted: by code, and by where they come from. */
#include <stdlib.h>
#include <string.h>

#include "auth/ephemeral_i.h"

/* Whoever has one address of a /64 has all of it. */
static struct address
block_of(const struct address *source)
{
	struct address block = { .family = 0 };

	if (source == NULL || source->family == 0)
		return block;
	block.family = source->family;
	memcpy(block.bytes, source->bytes, source->family == 4 ? 4 : 8);
	return block;
}

static bool
is_block(const struct guesser *g, const struct address *block)
{
	return g->tries > 0 && g->source.family == block->family &&
	    memcmp(g->source.bytes, block->bytes, sizeof(block->bytes)) == 0;
}

/* What is known of a source; NULL: nothing that still counts. */
static struct guesser *
guesser_find(const struct ephemeral *t, const struct address *source)
{
	struct address block = block_of(source);

	for (size_t i = 0; t->guessers != NULL && i < EPHEMERAL_SOURCES; i++) {
		struct guesser *g = &t->guessers[i];

		if (is_block(g, &block))
			return t->now >= g->last + EPHEMERAL_SOURCE_SHUT ? NULL : g;
	}
	return NULL;
}

bool
code_source_is_shut(const struct ephemeral *t, const struct address *source)
{
	const struct guesser *g = guesser_find(t, source);

	return g != NULL && g->tries >= EPHEMERAL_SOURCE_TRIES;
}

/* Counts a wrong try of a source. Without memory it is only counted by code. */
static void
count_source(struct ephemeral *t, const struct address *source)
{
	struct guesser *g = guesser_find(t, source);

	if (t->guessers == NULL)
		t->guessers = calloc(EPHEMERAL_SOURCES, sizeof(*t->guessers));
	if (t->guessers == NULL)
		return;
	if (g == NULL) {
		struct address block = block_of(source);

		g = &t->guessers[0];
		for (size_t i = 0; i < EPHEMERAL_SOURCES; i++) {
			/* Its own old place, else the one that has been quiet longest. */
			if (is_block(&t->guessers[i], &block)) {
				g = &t->guessers[i];
				break;
			}
			if (t->guessers[i].last < g->last)
				g = &t->guessers[i];
		}
		*g = (struct guesser){ .source = block };
	}
	g->tries++;
	g->last = t->now;
}

void
ephemeral_wrong_code(struct ephemeral *t, struct span user, const struct address *source, msec now)
{
	struct link *l, *next;

	table_advance(t, now);
	if (t->n_codes == 0 || code_source_is_shut(t, source))
		return;			/* what is shut out cannot end anybody's code */
	count_source(t, source);
	for (l = t->codes.next; l != &t->codes; l = next) {
		struct entry *e = ENTRY_OF(l, code);

		next = l->next;
		if (!span_eq(span_of(e->user->name, e->user->len), user))
			continue;
		e->source = source == NULL ? (struct address){ .family = 0 } : *source;
		entry_event(t, e, EPHEMERAL_EV_WRONG_CODE);
		if (++e->wrong >= EPHEMERAL_CODE_TRIES)
			entry_end(t, e, EPHEMERAL_LOCKED, t->now);
	}
}

bool
ephemeral_wants_code(struct ephemeral *t, const struct address *source, msec now)
{
	table_advance(t, now);
	return t->n_codes_known > 0 && !code_source_is_shut(t, source);
}
