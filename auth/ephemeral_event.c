/* SPDX-License-Identifier: ISC */
/* Events wait as counts in the entries they are about. */
#include "auth/ephemeral_i.h"

void
entry_event(struct ephemeral *t, struct entry *e, enum ephemeral_event_kind kind)
{
	e->times[kind]++;
	if (link_is_alone(&e->pending))
		link_append(&t->pending, &e->pending);
}

bool
ephemeral_next_event(struct ephemeral *t, struct ephemeral_event *out)
{
	while (!link_is_alone(&t->pending)) {
		struct entry *e = ENTRY_OF(t->pending.next, pending);

		for (int kind = 0; kind < EPHEMERAL_EV_COUNT; kind++) {
			if (e->times[kind] == 0)
				continue;
			*out = (struct ephemeral_event){
				.kind = (enum ephemeral_event_kind)kind,
				.times = e->times[kind],
				.answer = (enum ephemeral_answer)e->refusal,
				.source = e->source,
			};
			entry_grant(e, &out->grant);
			e->times[kind] = 0;
			return true;
		}
		link_remove(&e->pending);
	}
	return false;
}

const char *
ephemeral_event_name(enum ephemeral_event_kind kind)
{
	static const char *const names[] = {
#define X(name, text) [EPHEMERAL_EV_##name] = text,
		EPHEMERAL_EVENT_LIST(X)
#undef X
	};

	return names[kind];
}
