/* SPDX-License-Identifier: ISC */
/* tools/assist.h: what ssh's log and the server's events say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tools/assist.h"

static void
expect(const char *line, enum assist_news news, const char *text)
{
	struct span value;

	assert_int_equal(assist_read_log(span_str(line), "kiosk-17", &value), news);
	assert_true(span_is(value, text));
}

static void
the_log_of_ssh_says_what_becomes_of_the_line(void **state)
{
	(void)state;
	expect("debug1: Server host key: ssh-ed25519 SHA256:abc+/", ASSIST_FINGERPRINT, "SHA256:abc+/");
	expect("debug1: remote forward success for: listen kiosk-17:22, connect 127.0.0.1:2222", ASSIST_READY, "");
	expect("Connection to relay: trying again in 1.5 s.", ASSIST_LOST, "");
	expect("debug1: client_request_forwarded_tcpip: listen kiosk-17 port 22, originator 192.0.2.7 port 99",
	    ASSIST_CALLER, "192.0.2.7");
	expect("alice@relay: Permission denied (publickey).", ASSIST_WORDS, "");
}

static void
another_names_line_and_what_others_say_is_not_taken_for_it(void **state)
{
	(void)state;
	expect("", ASSIST_NOTHING, "");
	expect("debug1: ", ASSIST_NOTHING, "");
	expect("debug1: remote forward success for: listen :2222, connect 127.0.0.1:22", ASSIST_NOTHING, "");
	expect("debug1: remote forward success for: listen kiosk-17:2222, connect 127.0.0.1:22", ASSIST_NOTHING, "");
	expect("remote forward success for: listen kiosk-17:22, connect x", ASSIST_WORDS, "");
	expect("debug1: client_request_forwarded_tcpip: originator", ASSIST_CALLER, "");
	expect("Connection to relay closed by remote host.", ASSIST_WORDS, "");
}

#define EVENT(name, more)	"{\"time\": \"2026-01-01T00:00:00Z\", \"event\": \"" name "\", \"id\": \"k7\"" more "}\n"

static void
fields_of_an_event_are_found_and_no_text_passes_for_one(void **state)
{
	const char *line = EVENT("session_started", ", \"comment\": \"a\\\", \\\"number\\\": \\\"9\", \"number\": 12");

	(void)state;
	assert_true(span_is(assist_field(span_str(line), "id"), "k7"));
	assert_true(span_is(assist_field(span_str(line), "number"), "12"));
	assert_true(span_is(assist_field(span_str(line), "missing"), ""));
	assert_true(span_is(assist_field(SPAN_LIT("{\"a\": 1, \"id\": \"cut"), "id"), "cut"));
	assert_true(span_is(assist_field(SPAN_EMPTY, "id"), ""));
}

static void
each_event_that_matters_is_known(void **state)
{
	static const struct {
		const char *line;
		enum assist_event event;
	} all[] = {
		{ EVENT("used", ""), ASSIST_EV_USED }, { EVENT("guessed_at", ""), ASSIST_EV_GUESSED },
		{ EVENT("locked", ""), ASSIST_EV_LOCKED }, { EVENT("revoked", ""), ASSIST_EV_REVOKED },
		{ EVENT("session_started", ""), ASSIST_EV_STARTED }, { EVENT("session_ended", ""), ASSIST_EV_ENDED },
		{ EVENT("used_up", ""), ASSIST_EV_OTHER }, { "", ASSIST_EV_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++)
		assert_int_equal(assist_read_event(span_str(all[i].line)), all[i].event);
}

static void
the_way_to_a_device_is_quoted_for_the_shell_and_for_tokens(void **state)
{
	SCOPED(writer_free) struct writer way = writer_init(LIMIT_LINE);
	struct eph_where w = { .ssh = "/bin/true", .n_options = 2, .options = { { "-i", "it's 100%" }, { "-F", "cfg" } } };
	struct eph_argv a;

	(void)state;
	assert_int_equal(eph_relay_argv(&w, "kiosk-17@support@relay:2222", "pi", &way, &a), EPH_DONE);
	assert_string_equal(a.host, "pi@kiosk-17");
	assert_int_equal(a.n, 4);
	assert_string_equal(a.v[1], "-oProxyCommand='/bin/true' '-i' 'it'\\''s 100%%' '-F' 'cfg' '-p' '2222' "
	    "'-Wkiosk-17:22' '--' 'support@relay' ");
	assert_string_equal(a.v[2], "-F");
	assert_string_equal(a.v[3], "cfg");
}

static void
a_way_without_device_or_relay_is_none(void **state)
{
	static const char *const bad[] = { "relay", "@relay", "a b@relay", "kiosk@", "kiosk@-oProxyCommand=x", "localhost@relay" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		SCOPED(writer_free) struct writer way = writer_init(LIMIT_LINE);
		struct eph_where w = { .ssh = "/bin/true" };
		struct eph_argv a;

		assert_int_equal(eph_relay_argv(&w, bad[i], NULL, &way, &a), EPH_USAGE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_log_of_ssh_says_what_becomes_of_the_line),
		cmocka_unit_test(another_names_line_and_what_others_say_is_not_taken_for_it),
		cmocka_unit_test(fields_of_an_event_are_found_and_no_text_passes_for_one),
		cmocka_unit_test(each_event_that_matters_is_known),
		cmocka_unit_test(the_way_to_a_device_is_quoted_for_the_shell_and_for_tokens),
		cmocka_unit_test(a_way_without_device_or_relay_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
