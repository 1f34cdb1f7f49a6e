/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/writer.h"
#include "keys/authorized_keys.h"
#include "keys/timestamp.h"
#include "regress/support/alloc.h"

#define FROM_HERE	3600	/* UTC offset of the tests */

static struct authorized_options
parse(const char *text)
{
	struct authorized_options o;

	assert_int_equal(authorized_options_parse(span_str(text), FROM_HERE, &o, NULL), ERR_OK);
	return o;
}

/* The error of a text, with the option that it is blamed on. */
static enum err
error_of(const char *text, const char *blamed)
{
	struct authorized_options o;
	struct span at;
	enum err e = authorized_options_parse(span_str(text), FROM_HERE, &o, &at);

	assert_int_not_equal(e, ERR_OK);
	assert_true(span_is(at, blamed));
	assert_null(o.buf);
	assert_int_equal(o.permit, 0);
	authorized_options_free(&o);
	return e;
}

static unsigned
permit_of(const char *text)
{
	SCOPED(authorized_options_free) struct authorized_options o = parse(text);

	return o.permit;
}

static void
without_options_everything_is_allowed(void **state)
{
	SCOPED(authorized_options_free) struct authorized_options o = parse("");

	(void)state;
	assert_int_equal(o.permit, PERMIT_ALL);
	assert_false(o.is_ca || o.has_command || o.has_from || o.has_principals || o.needs_verify);
	assert_true(o.needs_touch);
	assert_int_equal(o.expires, AUTHORIZED_NEVER);
	assert_int_equal(o.tunnel, -1);
	assert_int_equal(o.open.n + o.listen.n + o.n_env, 0);
	assert_int_equal(o.unknown.len, 0);
}

static void
flags_switch_one_permission_in_any_case(void **state)
{
	(void)state;
	assert_int_equal(permit_of("no-pty"), PERMIT_ALL & ~PERMIT_PTY);
	assert_int_equal(permit_of("No-Port-Forwarding"), PERMIT_ALL & ~PERMIT_PORT);
	assert_int_equal(permit_of("no-agent-forwarding,no-x11-forwarding"),
	    PERMIT_ALL & ~PERMIT_AGENT & ~PERMIT_X11);
	assert_int_equal(permit_of("NO-USER-RC"), PERMIT_ALL & ~PERMIT_USER_RC);
	assert_int_equal(permit_of("no-pty,pty"), PERMIT_ALL);
}

static void
restrict_forbids_all_that_no_later_option_allows(void **state)
{
	(void)state;
	assert_int_equal(permit_of("restrict"), 0);
	assert_int_equal(permit_of("restrict,pty"), PERMIT_PTY);
	assert_int_equal(permit_of("pty,restrict"), 0);
	assert_int_equal(permit_of("restrict,X11-forwarding,agent-forwarding,user-rc,port-forwarding"),
	    PERMIT_X11 | PERMIT_AGENT | PERMIT_USER_RC | PERMIT_PORT);
	assert_int_equal(permit_of("restrict,tunnel=\"0\""), PERMIT_TUNNEL);
	assert_int_equal(permit_of("restrict,command=\"x\""), 0);
}

static void
an_unknown_option_restricts_and_is_named(void **state)
{
	SCOPED(authorized_options_free) struct authorized_options a = parse("from=\"x\",no-new-thing,pty,other=\"y\"");
	SCOPED(authorized_options_free) struct authorized_options b = parse("new=\"a,b\",pty,agent-forwarding,tunnel=\"1\"");

	(void)state;
	assert_true(span_is(a.unknown, "no-new-thing"));
	assert_int_equal(a.permit, 0);
	assert_true(span_is(a.from, "x"));
	assert_true(span_is(b.unknown, "new"));
	assert_int_equal(b.permit, 0);
	assert_int_equal(permit_of("no-restrict"), 0);
	assert_int_equal(permit_of("no-cert-authority"), 0);
}

static void
values_are_unquoted(void **state)
{
	SCOPED(authorized_options_free) struct authorized_options o =
	    parse("command=\"echo \\\"hi, there\\\" \\n \\\\ \",from=\"10.0.0.0/8,!10.1.*\"");

	(void)state;
	assert_true(o.has_command);
	assert_true(span_is(o.command, "echo \"hi, there\" \\n \\\\ "));
	assert_true(o.has_from);
	assert_true(span_is(o.from, "10.0.0.0/8,!10.1.*"));
}

static void
an_empty_value_is_a_value(void **state)
{
	SCOPED(authorized_options_free) struct authorized_options o = parse("command=\"\",from=\"\",principals=\"\"");

	(void)state;
	assert_true(o.has_command && o.has_from && o.has_principals);
	assert_int_equal(o.command.len + o.from.len + o.principals.len, 0);
}

static void
malformed_options_make_the_line_unusable_and_are_blamed(void **state)
{
	static const struct { const char *text, *blamed; enum err err; } rows[] = {
		{ ",", "", ERR_SYNTAX },
		{ "pty,", "pty", ERR_SYNTAX },
		{ "pty,,restrict", "", ERR_SYNTAX },
		{ "pty restrict", "pty", ERR_SYNTAX },
		{ "pty=\"yes\"", "pty", ERR_SYNTAX },
		{ "restrict=\"\"", "restrict", ERR_SYNTAX },
		{ "restrict,command", "command", ERR_SYNTAX },
		{ "command=", "command", ERR_SYNTAX },
		{ "command=ls", "command", ERR_SYNTAX },
		{ "command=\"ls", "command", ERR_SYNTAX },
		{ "command=\"ls\\\"", "command", ERR_SYNTAX },
		{ "command=\"ls\"x", "command", ERR_SYNTAX },
		{ "command=\"a\",command=\"a\"", "command", ERR_SYNTAX },
		{ "from=\"a\",from=\"b\"", "from", ERR_SYNTAX },
		{ "principals=\"a\",principals=\"b\"", "principals", ERR_SYNTAX },
		{ "\"x\"", "", ERR_SYNTAX },
		{ "expiry-time=\"\"", "expiry-time", ERR_SYNTAX },
		{ "expiry-time=\"2024010\"", "expiry-time", ERR_SYNTAX },
		{ "expiry-time=\"20240101Zz\"", "expiry-time", ERR_SYNTAX },
		{ "expiry-time=\"20240230\"", "expiry-time", ERR_RANGE },
		{ "expiry-time=\"202401012400\"", "expiry-time", ERR_RANGE },
		{ "environment=\"A\"", "environment", ERR_SYNTAX },
		{ "environment=\"=x\"", "environment", ERR_SYNTAX },
		{ "environment=\"A-B=x\"", "environment", ERR_SYNTAX },
		{ "environment=\"A B=x\"", "environment", ERR_SYNTAX },
		{ "permitopen=\"host\"", "permitopen", ERR_SYNTAX },
		{ "permitopen=\":80\"", "permitopen", ERR_SYNTAX },
		{ "permitopen=\"host:\"", "permitopen", ERR_SYNTAX },
		{ "permitopen=\"host:0\"", "permitopen", ERR_RANGE },
		{ "permitopen=\"host:65536\"", "permitopen", ERR_RANGE },
		{ "permitopen=\"host:80x\"", "permitopen", ERR_SYNTAX },
		{ "permitopen=\"::1:80\"", "permitopen", ERR_SYNTAX },
		{ "permitopen=\"[::1]80\"", "permitopen", ERR_SYNTAX },
		{ "permitopen=\"[::1\"", "permitopen", ERR_SYNTAX },
		{ "permitlisten=\"\"", "permitlisten", ERR_SYNTAX },
		{ "gatewaysources=\"here\"", "gatewaysources", ERR_SYNTAX },
		{ "gatewaysources=\"10.0.0.0/8,\"", "gatewaysources", ERR_SYNTAX },
		{ "gatewaysources=\"10.0.0.1/8\"", "gatewaysources", ERR_RANGE },
		{ "permitlisten=\"host\"", "permitlisten", ERR_SYNTAX },
		{ "permitlisten=\"99999\"", "permitlisten", ERR_RANGE },
		{ "tunnel=\"x\"", "tunnel", ERR_SYNTAX },
		{ "tunnel=\"2147483647\"", "tunnel", ERR_RANGE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		SCOPED(writer_free) struct writer w = writer_init(256);

		assert_int_equal(error_of(rows[i].text, rows[i].blamed), rows[i].err);
		/* Nor does it help to stand behind a good one. */
		wr_printf(&w, "restrict,%s", rows[i].text);
		wr_u8(&w, 0);
		assert_int_equal(error_of((const char *)w.p, rows[i].blamed), rows[i].err);
	}
}

static void
a_nul_byte_is_refused(void **state)
{
	struct authorized_options o;

	(void)state;
	assert_int_equal(authorized_options_parse(SPAN_LIT("command=\"a\0b\""), 0, &o, NULL), ERR_SYNTAX);
	assert_int_equal(authorized_options_parse(SPAN_LIT("pty\0"), 0, &o, NULL), ERR_SYNTAX);
}

static void
the_earliest_expiry_counts_in_utc_or_local_time(void **state)
{
	static const struct { const char *text; int64_t expires; } rows[] = {
		{ "expiry-time=\"19700101Z\"", 0 },
		{ "expiry-time=\"20240229Z\"", 1709164800 },
		{ "expiry-time=\"202402291230Z\"", 1709209800 },
		{ "expiry-time=\"20240229123045Z\"", 1709209845 },
		{ "expiry-time=\"20240229123045\"", 1709209845 - FROM_HERE },
		{ "expiry-time=\"99991231235959Z\"", 253402300799 },
		{ "expiry-time=\"20300101Z\",expiry-time=\"20240229Z\"", 1709164800 },
		{ "expiry-time=\"20240229Z\",expiry-time=\"20300101Z\"", 1709164800 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		SCOPED(authorized_options_free) struct authorized_options o = parse(rows[i].text);

		assert_int_equal(o.expires, rows[i].expires);
	}
}

static void
dates_are_those_of_the_gregorian_calendar(void **state)
{
	int64_t t, expected = 0;
	char text[16];

	(void)state;
	for (unsigned year = 1970; year < 2110; year++) {
		bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
		unsigned days[] = { 31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

		for (unsigned month = 1; month <= 12; month++) {
			for (unsigned day = 1; day <= days[month - 1]; day++) {
				snprintf(text, sizeof text, "%04u%02u%02uZ", year % 10000, month % 100, day % 100);
				assert_int_equal(timestamp_parse(span_str(text), 0, &t), ERR_OK);
				assert_int_equal(t, expected);
				expected += 86400;
			}
			snprintf(text, sizeof text, "%04u%02u%02uZ", year % 10000, month % 100,
			    (days[month - 1] + 1) % 100);
			assert_int_equal(timestamp_parse(span_str(text), 0, &t), ERR_RANGE);
		}
	}
}

static void
the_first_value_of_an_environment_name_counts(void **state)
{
	SCOPED(authorized_options_free) struct authorized_options o =
	    parse("environment=\"A=1\",environment=\"B_2=x=y\",environment=\"A=3\",environment=\"C=\"");

	(void)state;
	assert_int_equal(o.n_env, 3);
	assert_true(span_is(o.env[0].name, "A"));
	assert_true(span_is(o.env[0].value, "1"));
	assert_true(span_is(o.env[1].name, "B_2"));
	assert_true(span_is(o.env[1].value, "x=y"));
	assert_int_equal(o.env[2].value.len, 0);
}

static void
permitopen_lists_hosts_and_ports(void **state)
{
	SCOPED(authorized_options_free) struct authorized_options o =
	    parse("permitopen=\"Host:80\",permitopen=\"[::1]:*\",permitopen=\"*:22\"");

	(void)state;
	assert_int_equal(o.open.n, 3);
	assert_true(permit_address_allows(&o.open, SPAN_LIT("host"), 80));
	assert_true(permit_address_allows(&o.open, SPAN_LIT("::1"), 1234));
	assert_true(permit_address_allows(&o.open, SPAN_LIT("else"), 22));
	assert_false(permit_address_allows(&o.open, SPAN_LIT("host"), 81));
	assert_false(permit_address_allows(&o.open, SPAN_LIT("host."), 80));
	assert_false(permit_address_allows(&o.open, SPAN_LIT("hos"), 80));
	assert_false(permit_address_allows(&o.open, SPAN_EMPTY, 80));
	assert_true(permit_address_allows(&o.listen, SPAN_LIT("x"), 1));
}

static void
permitlisten_takes_a_port_alone(void **state)
{
	SCOPED(authorized_options_free) struct authorized_options o =
	    parse("permitlisten=\"8080\",permitlisten=\"localhost:*\"");
	SCOPED(authorized_options_free) struct authorized_options any = parse("permitlisten=\"*\"");

	(void)state;
	assert_true(permit_address_allows(&o.listen, SPAN_LIT("0.0.0.0"), 8080));
	assert_true(permit_address_allows(&o.listen, SPAN_EMPTY, 8080));
	assert_true(permit_address_allows(&o.listen, SPAN_LIT("localhost"), 1));
	assert_false(permit_address_allows(&o.listen, SPAN_LIT("0.0.0.0"), 1));
	assert_true(permit_address_allows(&any.listen, SPAN_LIT("x"), 1));
}

static void
the_rest_of_the_options_is_kept(void **state)
{
	SCOPED(authorized_options_free) struct authorized_options o =
	    parse("cert-authority,principals=\"a,b\",no-touch-required,verify-required,tunnel=\"any\"");
	SCOPED(authorized_options_free) struct authorized_options tun = parse("tunnel=\"3\",no-verify-required,touch-required");

	(void)state;
	assert_true(o.is_ca && o.needs_verify && !o.needs_touch);
	assert_true(span_is(o.principals, "a,b"));
	assert_int_equal(o.tunnel, 0x7fffffff);
	assert_int_equal(tun.tunnel, 3);
	assert_true(tun.needs_touch && !tun.needs_verify);
}

static void
lists_are_bounded(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);
	struct authorized_options o;

	(void)state;
	for (unsigned i = 0; i < 1024; i++)
		wr_printf(&w, "environment=\"A%u=\",", i);
	assert_int_equal(authorized_options_parse(span_first(writer_span(&w), w.len - 1), 0, &o, NULL), ERR_OK);
	assert_int_equal(o.n_env, 1024);
	authorized_options_free(&o);
	wr_printf(&w, "environment=\"B=\"");
	assert_int_equal(authorized_options_parse(writer_span(&w), 0, &o, NULL), ERR_LIMIT);
}

static void
running_out_of_memory_is_reported_and_leaks_nothing(void **state)
{
	struct authorized_options o;
	enum err e = ERR_NOMEM;

	(void)state;
	for (unsigned n = 0; e != ERR_OK; n++) {
		alloc_fail_after(n);
		e = authorized_options_parse(SPAN_LIT("restrict,environment=\"A=1\",environment=\"B=1\","
		    "permitopen=\"a:1\",permitlisten=\"1\",command=\"x\""), 0, &o, NULL);
		alloc_fail_never();
		if (alloc_failed()) {
			assert_int_equal(e, ERR_NOMEM);
			assert_int_equal(o.permit, 0);
		}
	}
	authorized_options_free(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_options_everything_is_allowed),
		cmocka_unit_test(flags_switch_one_permission_in_any_case),
		cmocka_unit_test(restrict_forbids_all_that_no_later_option_allows),
		cmocka_unit_test(an_unknown_option_restricts_and_is_named),
		cmocka_unit_test(values_are_unquoted),
		cmocka_unit_test(an_empty_value_is_a_value),
		cmocka_unit_test(malformed_options_make_the_line_unusable_and_are_blamed),
		cmocka_unit_test(a_nul_byte_is_refused),
		cmocka_unit_test(the_earliest_expiry_counts_in_utc_or_local_time),
		cmocka_unit_test(dates_are_those_of_the_gregorian_calendar),
		cmocka_unit_test(the_first_value_of_an_environment_name_counts),
		cmocka_unit_test(permitopen_lists_hosts_and_ports),
		cmocka_unit_test(permitlisten_takes_a_port_alone),
		cmocka_unit_test(the_rest_of_the_options_is_kept),
		cmocka_unit_test(lists_are_bounded),
		cmocka_unit_test(running_out_of_memory_is_reported_and_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
