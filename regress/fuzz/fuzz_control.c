/* SPDX-License-Identifier: ISC */
/*
 * Messages of the control socket: put(get(x)) of each of both lists, and the
 * text of EphemeralKeyRegistrars.
 */
#include <stdio.h>

#include "sshd/control.h"
#include "sshd/control_i.h"
#include "sshd/control_messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROUND_TRIP(name, phases, uses, fields)				\
	{								\
		struct msg_##name m, again;				\
		SCOPED(writer_free) struct writer one = writer_init(1 << 20); \
		SCOPED(writer_free) struct writer two = writer_init(1 << 20); \
		if (msg_##name##_get(body, &m) == ERR_OK) {		\
			msg_##name##_put(&one, &m);			\
			must(msg_##name##_get(span_skip(writer_span(&one), 4), &again) == \
			    ERR_OK);					\
			msg_##name##_put(&two, &again);			\
			must(span_eq(writer_span(&one), writer_span(&two))); \
		}							\
	}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span body = span_of(data, size);
	struct control_policy policy;
	char why[200];

	CONTROL_REQUESTS(ROUND_TRIP)
	CONTROL_REPLIES(ROUND_TRIP)
	if (control_policy_parse(&policy, body, why, sizeof(why)) == ERR_OK) {
		const struct control_registrar *r = control_registrar_of(&policy, 1000, "alice");

		if (r != NULL && r->users == NULL)
			must(!control_may_register(r, "alice", SPAN_LIT("root")));
		control_policy_free(&policy);
	}
	return 0;
}
