/* SPDX-License-Identifier: ISC */
/*
 * regress/support/sshd_messages.h - every message of sshd's processes, decoded
 * and encoded again: for a unit test and a fuzz target.
 */
#ifndef REGRESS_SUPPORT_SSHD_MESSAGES_H
#define REGRESS_SUPPORT_SSHD_MESSAGES_H

#include "sshd/messages.h"

/* All lists. */
#define ALL_MESSAGES(M)							\
	FROM_WIRE(M) TO_WIRE(M) FROM_GUARD(M) TO_GUARD(M) TO_SESSION_GUARD(M) \
	FROM_SESSION(M) TO_SESSION(M) TO_WIRE_SESSION(M)

/*
 * Decodes body as each message in turn; what can be decoded must encode to
 * the same bytes (flags apart, of which every value but 0 is one). Returns
 * how many could be.
 */
static inline unsigned
messages_try_all(struct span body)
{
	unsigned n = 0;

#define TRY_ONE(name, phases, uses, fields)				\
	do {								\
		SCOPED(writer_free) struct writer w = writer_init(2 * LIMIT_IPC); \
		struct msg_##name m, again;				\
		if (msg_##name##_get(body, &m) != ERR_OK)		\
			break;						\
		msg_##name##_put(&w, &m);				\
		must(wr_end(&w) == ERR_OK && w.len == body.len + 4);	\
		must(msg_##name##_get(span_skip(writer_span(&w), 4), &again) == ERR_OK); \
		n++;							\
	} while (0);
	ALL_MESSAGES(TRY_ONE)
#undef TRY_ONE
	return n;
}

#endif
