/* SPDX-License-Identifier: ISC */
/* base/address: addresses and CIDRs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static struct address
address(const char *text)
{
	struct address a = { 0 };

	assert_int_equal(address_parse(span_str(text), &a), ERR_OK);
	return a;
}

static enum match
match_list(const char *a, const char *list)
{
	struct address addr = address(a);
	enum match m = MATCH_NO;

	assert_int_equal(address_match_list(&addr, span_str(list), &m), ERR_OK);
	return m;
}

static void
addresses_come_back_in_their_shortest_form(void **state)
{
	static const struct {
		const char *text, *printed;
		uint8_t family;
	} rows[] = {
		{ "1.2.3.4", "1.2.3.4", 4 }, { "255.255.255.255", "255.255.255.255", 4 },
		{ "::", "::", 6 }, { "::1", "::1", 6 }, { "2001:DB8:0:0:0:0:0:1", "2001:db8::1", 6 },
		{ "::ffff:10.0.0.1", "10.0.0.1", 4 }, { "::ffff:a00:1", "10.0.0.1", 4 },
		{ "fe80::1:2:3:4", "fe80::1:2:3:4", 6 },
	};
	char buf[46];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct address a = address(rows[i].text);

		assert_int_equal(a.family, rows[i].family);
		assert_string_equal(address_print(&a, buf, sizeof(buf)), rows[i].printed);
	}
	assert_string_equal(address_print(&(struct address){ 0 }, buf, sizeof(buf)), "");
}

static void
what_is_no_address_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "1", "1.2.3", "1.2.3.256", "1.2.3.4.5", "01.2.3.4", "1.2.3.4 ", "localhost",
		":", ":::", "1::2::3", "fe80::1%eth0", "[::1]", "::1:22:33:44:55:66:77:88:99",
		"12345::", "1.2.3.4:22", "0x7f.1",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc",
	};
	struct address a = { .family = 9 };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(address_parse(span_str(bad[i]), &a), ERR_SYNTAX);
	assert_int_equal(address_parse(SPAN_LIT("1.2.3.4\0"), &a), ERR_SYNTAX);
	assert_int_equal(a.family, 9);
}

static void
cidrs_hold_the_addresses_of_their_prefix(void **state)
{
	static const struct {
		const char *cidr, *inside, *outside;
	} rows[] = {
		{ "10.0.0.0/8", "10.255.1.2", "11.0.0.0" },
		{ "192.168.4.0/22", "192.168.7.255", "192.168.8.0" },
		{ "1.2.3.4", "1.2.3.4", "1.2.3.5" },
		{ "1.2.3.4/32", "1.2.3.4", "1.2.3.5" },
		{ "0.0.0.0/0", "255.1.1.1", "::1" },
		{ "128.0.0.0/1", "200.0.0.1", "127.0.0.1" },
		{ "2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1" },
		{ "::/0", "::1", "1.2.3.4" },
		{ "::1/128", "::1", "::2" },
		{ "::ffff:10.0.0.0/104", "10.1.1.1", "11.1.1.1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct address in = address(rows[i].inside), out = address(rows[i].outside);
		struct cidr c;

		assert_int_equal(cidr_parse(span_str(rows[i].cidr), &c), ERR_OK);
		assert_true(cidr_has(&c, &in));
		assert_false(cidr_has(&c, &out));
	}
	assert_false(cidr_has(&(struct cidr){ 0 }, &(struct address){ 0 }));
}

static void
cidrs_with_host_bits_or_bad_lengths_are_refused(void **state)
{
	struct cidr c;

	(void)state;
	assert_int_equal(cidr_parse(SPAN_LIT("10.0.0.1/8"), &c), ERR_RANGE);
	assert_int_equal(cidr_parse(SPAN_LIT("::1/127"), &c), ERR_RANGE);
	assert_int_equal(cidr_parse(SPAN_LIT("::ffff:0.0.0.0/95"), &c), ERR_RANGE);
	assert_int_equal(cidr_parse(SPAN_LIT("10.0.0.0/33"), &c), ERR_SYNTAX);
	assert_int_equal(cidr_parse(SPAN_LIT("::/129"), &c), ERR_SYNTAX);
	assert_int_equal(cidr_parse(SPAN_LIT("10.0.0.0/"), &c), ERR_SYNTAX);
	assert_int_equal(cidr_parse(SPAN_LIT("10.0.0.0/8x"), &c), ERR_SYNTAX);
	assert_int_equal(cidr_parse(SPAN_LIT("/8"), &c), ERR_SYNTAX);
	assert_int_equal(cidr_parse(SPAN_LIT("a/8"), &c), ERR_SYNTAX);
}

static void
lists_mix_cidrs_and_wildcards(void **state)
{
	(void)state;
	assert_int_equal(match_list("10.1.2.3", "192.168.0.0/16,10.0.0.0/8"), MATCH_YES);
	assert_int_equal(match_list("10.1.2.3", "10.1.*"), MATCH_YES);
	assert_int_equal(match_list("10.1.2.3", "10.1.2.?"), MATCH_YES);
	assert_int_equal(match_list("10.1.2.3", "10.0.0.0/8,!10.1.0.0/16"), MATCH_NEGATED);
	assert_int_equal(match_list("10.1.2.3", "!10.1.2.3,10.0.0.0/8"), MATCH_NEGATED);
	assert_int_equal(match_list("10.2.2.3", "!10.1.0.0/16,10.0.0.0/8"), MATCH_YES);
	assert_int_equal(match_list("10.1.2.3", "host.example"), MATCH_NO);
	assert_int_equal(match_list("2001:db8::1", "2001:DB8:*"), MATCH_YES);
	assert_int_equal(match_list("::ffff:10.1.2.3", "10.0.0.0/8"), MATCH_YES);
}

static void
a_malformed_entry_spoils_the_list_wherever_it_stands(void **state)
{
	static const char *const bad[] = {
		"10.0.0.0/8,10.0.0.1/8", "10.0.0.1/8", "10.0.0.0/8,x/y", "*/8", "10.0.0.0/8,", "",
		"!", "10.0.0.0/8,,1.1.1.1",
	};
	struct address a = address("10.1.2.3");

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		enum match m = MATCH_YES;

		assert_int_equal(address_match_list(&a, span_str(bad[i]), &m), ERR_SYNTAX);
		assert_int_equal(m, MATCH_NO);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_come_back_in_their_shortest_form),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(cidrs_hold_the_addresses_of_their_prefix),
		cmocka_unit_test(cidrs_with_host_bits_or_bad_lengths_are_refused),
		cmocka_unit_test(lists_mix_cidrs_and_wildcards),
		cmocka_unit_test(a_malformed_entry_spoils_the_list_wherever_it_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
