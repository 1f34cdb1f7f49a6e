/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cc.h"
#include "sshd/rhosts.h"

/* carol of desk.example.org (192.0.2.7) wants to be somebody here. */
static enum rhosts_answer
look(const char *text, const char *server_user)
{
	struct rhosts_question q = { .host = SPAN_LIT("desk.example.org"), .address = SPAN_LIT("192.0.2.7"),
	    .client_user = SPAN_LIT("carol"), .server_user = span_str(server_user) };

	return rhosts_look(span_str(text), &q);
}

static void
each_line_means_what_it_says(void **state)
{
	static const struct {
		const char *text;
		enum rhosts_answer as_carol, as_alice;
	} rows[] = {
		{ "", RHOSTS_UNKNOWN, RHOSTS_UNKNOWN },
		{ "# desk.example.org carol", RHOSTS_UNKNOWN, RHOSTS_UNKNOWN },
		{ "desk.example.org", RHOSTS_YES, RHOSTS_UNKNOWN },
		{ "DESK.example.org\r\n", RHOSTS_YES, RHOSTS_UNKNOWN },
		{ "192.0.2.7", RHOSTS_YES, RHOSTS_UNKNOWN },
		{ "desk.example.org carol", RHOSTS_YES, RHOSTS_YES },
		{ "desk.example.org Carol", RHOSTS_UNKNOWN, RHOSTS_UNKNOWN },
		{ "desk.example.org dave", RHOSTS_UNKNOWN, RHOSTS_UNKNOWN },
		{ "other.example.org carol", RHOSTS_UNKNOWN, RHOSTS_UNKNOWN },
		{ "desk.example.org.evil.net carol", RHOSTS_UNKNOWN, RHOSTS_UNKNOWN },
		{ "-desk.example.org carol\ndesk.example.org carol", RHOSTS_NO, RHOSTS_NO },
		{ "desk.example.org -carol\ndesk.example.org carol", RHOSTS_NO, RHOSTS_NO },
		{ "desk.example.org dave\n\ndesk.example.org carol", RHOSTS_YES, RHOSTS_YES },
		/* wild cards */
		{ "+", RHOSTS_UNKNOWN, RHOSTS_UNKNOWN },
		{ "+ +", RHOSTS_UNKNOWN, RHOSTS_UNKNOWN },
		{ "+ carol", RHOSTS_UNKNOWN, RHOSTS_UNKNOWN },
		{ "desk.example.org +", RHOSTS_UNKNOWN, RHOSTS_UNKNOWN },
		{ "* carol", RHOSTS_UNKNOWN, RHOSTS_UNKNOWN },
		{ "+desk.example.org +carol", RHOSTS_YES, RHOSTS_YES },
		/* netgroups */
		{ "+@desks carol", RHOSTS_UNKNOWN, RHOSTS_UNKNOWN },
		{ "@desks", RHOSTS_UNKNOWN, RHOSTS_UNKNOWN },
		{ "desk.example.org @people", RHOSTS_UNKNOWN, RHOSTS_UNKNOWN },
		{ "-@desks carol\ndesk.example.org carol", RHOSTS_NO, RHOSTS_NO },
		{ "desk.example.org -@people\ndesk.example.org carol", RHOSTS_NO, RHOSTS_NO },
		/* more than a line has */
		{ "desk.example.org carol x", RHOSTS_UNKNOWN, RHOSTS_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (look(rows[i].text, "carol") != rows[i].as_carol || look(rows[i].text, "alice") != rows[i].as_alice)
			fail_msg("%s", rows[i].text);
	}
}

static void
a_name_does_not_end_at_a_nul(void **state)
{
	struct rhosts_question q = { .host = SPAN_LIT("desk\0a"), .address = SPAN_LIT("192.0.2.7"),
	    .client_user = SPAN_LIT("carol"), .server_user = SPAN_LIT("carol") };

	(void)state;
	assert_int_equal(rhosts_look(SPAN_LIT("desk\0b"), &q), RHOSTS_UNKNOWN);
	assert_int_equal(rhosts_look(SPAN_LIT("desk"), &q), RHOSTS_UNKNOWN);
	assert_int_equal(rhosts_look(SPAN_LIT("DESK\0A"), &q), RHOSTS_YES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_means_what_it_says),
		cmocka_unit_test(a_name_does_not_end_at_a_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
