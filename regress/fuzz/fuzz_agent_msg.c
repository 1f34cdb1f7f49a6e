/* SPDX-License-Identifier: ISC */
/* Agent messages from either end; what is read is written as the same again. */
#include <stdint.h>
#include <stdlib.h>

#include "keys/agent_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_same(const struct writer *w, struct span frame)
{
	if (wr_end(w) != ERR_OK || !span_eq(writer_span(w), frame))
		abort();
}

static void
request(const struct agent_frame *f, struct span frame)
{
	SCOPED(writer_free) struct writer w = writer_init(2 * AGENT_MAX_FRAME);
	SCOPED(key_free) struct key *k = NULL;
	struct agent_sign sign;
	struct agent_add add;
	struct agent_bind bind;
	struct span name, contents;

	switch (f->type) {
	case AGENT_SIGN_REQUEST:
		(void)!agent_sign_get(f->body, &sign);
		break;
	case AGENT_ADD_IDENTITY:
	case AGENT_ADD_CONSTRAINED:
		if (agent_add_get(f->body, f->type == AGENT_ADD_CONSTRAINED, &k, &add) == ERR_OK)
			agent_add_put(&w, k, &add);
		else if (k != NULL)
			abort();
		break;
	case AGENT_REMOVE_IDENTITY:
	case AGENT_LOCK:
	case AGENT_UNLOCK:
	case AGENT_SIGN_RESPONSE:
		if (agent_string_get(f->body, &name) == ERR_OK) {
			agent_string_put(&w, (enum agent_type)f->type, name);
			check_same(&w, frame);
		}
		break;
	case AGENT_EXTENSION:
		if (agent_extension_get(f->body, &name, &contents) == ERR_OK &&
		    agent_bind_get(contents, &bind) == ERR_OK)
			agent_bind_put(&w, &bind);
		break;
	}
}

static void
answer(const struct agent_frame *f)
{
	struct agent_identities a;
	struct span blob, comment;

	if (f->type != AGENT_IDENTITIES_ANSWER || agent_identities_get(f->body, &a) != ERR_OK)
		return;
	while (agent_identity_get(&a, &blob, &comment))
		;
	(void)!agent_identities_end(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size);
	struct agent_frame f;

	while (agent_frame_get(rest, &f) == ERR_OK) {
		request(&f, span_first(rest, f.size));
		answer(&f);
		rest = span_skip(rest, f.size);
	}
	return 0;
}
