/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ssh/destination.h"

static void
assert_destination(enum err (*parse)(struct span, struct destination *), const char *text,
    const char *user, const char *host, unsigned port)
{
	SCOPED(writer_free) struct writer w = writer_init(256);
	struct destination d;

	assert_int_equal(parse(span_str(text), &d), ERR_OK);
	assert_int_equal(destination_put_user(&d, &w), ERR_OK);
	assert_true(span_is(writer_span(&w), user));
	assert_true(span_is(d.host, host));
	assert_int_equal(d.port, port);
}

static void
destinations_of_the_command_line(void **state)
{
	(void)state;
	assert_destination(destination_parse, "host", "", "host", 0);
	assert_destination(destination_parse, "user@host", "user", "host", 0);
	assert_destination(destination_parse, "a@b@host", "a@b", "host", 0);
	assert_destination(destination_parse, "host:22", "", "host:22", 0);
	assert_destination(destination_parse, "::1", "", "::1", 0);
	assert_destination(destination_parse, "u@[::1]", "u", "::1", 0);
	assert_destination(destination_parse, "fe80::1%eth0", "", "fe80::1%eth0", 0);
	assert_destination(destination_parse, "100%", "", "100%", 0);
}

static void
uris(void **state)
{
	(void)state;
	assert_destination(destination_parse, "ssh://host", "", "host", 0);
	assert_destination(destination_parse, "ssh://host/", "", "host", 0);
	assert_destination(destination_parse, "ssh://u@host:2222", "u", "host", 2222);
	assert_destination(destination_parse, "ssh://u@[::1]:22", "u", "::1", 22);
	assert_destination(destination_parse, "ssh://a%40b%20c@host", "a@b c", "host", 0);
	assert_destination(destination_parse, "ssh://u;x=y@host", "u", "host", 0);
}

static void
hops_have_ports(void **state)
{
	(void)state;
	assert_destination(destination_parse_hop, "host:22", "", "host", 22);
	assert_destination(destination_parse_hop, "u@[::1]:22", "u", "::1", 22);
	assert_destination(destination_parse_hop, "ssh://u@host:22", "u", "host", 22);
	assert_destination(destination_parse_host_port, "[::1]:80", "", "::1", 80);
	assert_destination(destination_parse_host_port, "host:80", "", "host", 80);
}

static void
what_is_none_is_refused(void **state)
{
	static const char *const bad[] = { "", "@host", "user@", "ssh://", "ssh://host:", "ssh://host:0",
	    "ssh://host:65536", "ssh://host:22x", "ssh://host/path", "ssh://@host", "ssh://[::1",
	    "ssh://[]:22", "ssh://[::1]x" };
	static const char *const bad_pairs[] = { "host", "host:", "host:0", ":22", "[::1]", "::1" };
	struct destination d;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_not_equal(destination_parse(span_str(bad[i]), &d), ERR_OK);
	for (size_t i = 0; i < COUNT(bad_pairs); i++)
		assert_int_not_equal(destination_parse_host_port(span_str(bad_pairs[i]), &d), ERR_OK);
}

static void
a_user_with_half_an_escape_is_refused(void **state)
{
	static const char *const bad[] = { "ssh://a%@host", "ssh://a%4@host", "ssh://a%zz@host" };
	struct destination d;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		SCOPED(writer_free) struct writer w = writer_init(256);

		assert_int_equal(destination_parse(span_str(bad[i]), &d), ERR_OK);
		assert_int_equal(destination_put_user(&d, &w), ERR_SYNTAX);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(destinations_of_the_command_line),
		cmocka_unit_test(uris),
		cmocka_unit_test(hops_have_ports),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(a_user_with_half_an_escape_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
