/* SPDX-License-Identifier: ISC */
/* sshd/messages.h: the lists, their codecs, their rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "regress/support/sshd_messages.h"

/* Fills a message with something in every field. */
static const uint8_t some_bytes[] = "some bytes";

#define FILL_u32	77
#define FILL_u64	(UINT64_C(1) << 40)
#define FILL_flag	true
#define FILL_bytes	span_of(some_bytes, sizeof(some_bytes))
#define FILL(kind, field)	m.field = FILL_##kind;

static void
every_message_decodes_to_what_was_encoded_and_nothing_else(void **state)
{
	(void)state;
#define ONE(name, phases, uses, fields) {				\
		SCOPED(writer_free) struct writer w = writer_init(LIMIT_IPC); \
		struct msg_##name m = { .ends_here = 0 }, out;		\
		struct span body;					\
		fields(FILL)						\
		msg_##name##_put(&w, &m);				\
		assert_int_equal(wr_end(&w), ERR_OK);			\
		body = span_skip(writer_span(&w), 4);			\
		assert_int_equal(msg_##name##_get(body, &out), ERR_OK);	\
		assert_true(messages_try_all(body) > 0);		\
		if (body.len > 0)					\
			assert_int_not_equal(msg_##name##_get(span_first(body, body.len - 1), &out), ERR_OK); \
		wr_u8(&w, 0);						\
		assert_int_not_equal(msg_##name##_get(span_skip(writer_span(&w), 4), &out), ERR_OK); \
	}
	ALL_MESSAGES(ONE)
#undef ONE
}

static void
every_message_has_a_phase(void **state)
{
	(void)state;
#define ONE(name, phases, uses, fields)					\
	assert_true(((phases) & (PHASE_NEW | PHASE_RUN)) != 0);
	ALL_MESSAGES(ONE)
#undef ONE
}

static void
rules_count_uses_and_know_phases(void **state)
{
	static const struct ipc_rule rules[] = { TO_WIRE(IPC_RULE) };
	struct ipc ipc;

	(void)state;
	ipc_init(&ipc, -1);
	assert_int_equal(ipc_allow(&ipc, rules, COUNT(rules), MSG_wire_auth_answer, PHASE_NEW), ERR_SEQUENCE);
	assert_int_equal(ipc_allow(&ipc, rules, COUNT(rules), MSG_wire_setup, PHASE_NEW), ERR_OK);
	assert_int_equal(ipc_allow(&ipc, rules, COUNT(rules), MSG_wire_setup, PHASE_NEW), ERR_SEQUENCE);
	assert_int_equal(ipc_allow(&ipc, rules, COUNT(rules), MSG_wire_auth_answer, PHASE_AUTH), ERR_OK);
	assert_int_equal(ipc_allow(&ipc, rules, COUNT(rules), MSG_wire_auth_answer, PHASE_OPEN), ERR_SEQUENCE);
	assert_int_equal(ipc_allow(&ipc, rules, COUNT(rules), IPC_N_TO_WIRE, PHASE_AUTH), ERR_FORMAT);
	ipc_close(&ipc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_decodes_to_what_was_encoded_and_nothing_else),
		cmocka_unit_test(every_message_has_a_phase),
		cmocka_unit_test(rules_count_uses_and_know_phases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
