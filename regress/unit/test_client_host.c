/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sshd/client_host.h"

static const struct address from = { .family = 4, .bytes = { 192, 0, 2, 7 } };

/* Matches a client at 192.0.2.7, whose name (NULL: none) was asked for. */
static enum match
match(const char *name, const char *list)
{
	struct client_host h = { .address = &from, .text = "192.0.2.7", .name = name, .wants_name = true };

	return client_host_match(&h, span_str(list));
}

static bool
denied(const char *name, const char *list)
{
	struct client_host h = { .address = &from, .text = "192.0.2.7", .name = name, .wants_name = true };

	return client_host_denied(&h, span_str(list));
}

static void
names_and_addresses_both_match(void **state)
{
	(void)state;
	assert_int_equal(match("a.example.org", "*.example.org"), MATCH_YES);
	assert_int_equal(match("a.example.org", "A.Example.ORG"), MATCH_YES);
	assert_int_equal(match("a.example.org", "192.0.2.0/24"), MATCH_YES);
	assert_int_equal(match("a.example.org", "192.0.2.*"), MATCH_YES);
	assert_int_equal(match("a.example.org", "b.example.org,10.0.0.0/8"), MATCH_NO);
	assert_int_equal(match("a.example.org", "*,!a.*"), MATCH_NEGATED);
	assert_int_equal(match("a.example.org", "*,!192.0.2.7"), MATCH_NEGATED);
	assert_int_equal(match("a.example.org", "*,!b.*"), MATCH_YES);
}

static void
without_a_name_a_pattern_of_names_lets_nobody_in(void **state)
{
	(void)state;
	assert_int_equal(match(NULL, "*.example.org"), MATCH_NO);
	assert_int_equal(match(NULL, "*.example.org,192.0.2.7"), MATCH_YES);
	assert_int_equal(match(NULL, "*"), MATCH_YES);
}

static void
without_a_name_whoever_is_kept_out_by_name_may_be_anybody(void **state)
{
	(void)state;
	assert_int_equal(match(NULL, "*,!*.example.org"), MATCH_NEGATED);
	assert_int_equal(match(NULL, "*,!10.0.0.1"), MATCH_YES);
	assert_true(denied(NULL, "*.example.org"));
	assert_false(denied(NULL, "10.0.0.*"));
	assert_false(denied("a.example.net", "*.example.org"));
	assert_true(denied("a.example.org", "*.example.org"));
	assert_true(denied("a.example.net", "192.0.2.0/24"));
}

static void
where_names_are_not_asked_for_they_match_nobody(void **state)
{
	struct client_host h = { .address = &from, .text = "192.0.2.7" };

	(void)state;
	assert_int_equal(client_host_match(&h, SPAN_LIT("*,!*.example.org")), MATCH_YES);
	assert_false(client_host_denied(&h, SPAN_LIT("*.example.org")));
}

static void
what_is_a_pattern_of_names(void **state)
{
	(void)state;
	assert_true(address_never_matches(SPAN_LIT("*.example.org")));
	assert_true(address_never_matches(SPAN_LIT("*.de")));
	assert_true(address_never_matches(SPAN_LIT("cafe")));
	assert_true(address_never_matches(SPAN_LIT("10-0-0-1.*")));
	assert_false(address_never_matches(SPAN_LIT("*")));
	assert_false(address_never_matches(SPAN_LIT("10.0.0.*")));
	assert_false(address_never_matches(SPAN_LIT("2001:db8::/32")));
	assert_false(address_never_matches(SPAN_LIT("fe80:*")));
}

static void
a_list_that_makes_no_sense_lets_nobody_in(void **state)
{
	(void)state;
	assert_int_equal(match("a.example.org", "192.0.2.0/99,*"), MATCH_NEGATED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_addresses_both_match),
		cmocka_unit_test(without_a_name_a_pattern_of_names_lets_nobody_in),
		cmocka_unit_test(without_a_name_whoever_is_kept_out_by_name_may_be_anybody),
		cmocka_unit_test(where_names_are_not_asked_for_they_match_nobody),
		cmocka_unit_test(what_is_a_pattern_of_names),
		cmocka_unit_test(a_list_that_makes_no_sense_lets_nobody_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
