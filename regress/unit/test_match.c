/* SPDX-License-Identifier: ISC */
/* base/match: patterns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static void
stars_and_question_marks_match(void **state)
{
	static const struct {
		const char *name, *pattern;
		bool matches;
	} rows[] = {
		{ "", "", true }, { "", "*", true }, { "", "**", true }, { "", "?", false },
		{ "a", "", false }, { "abc", "abc", true }, { "abc", "abd", false },
		{ "abc", "a*", true }, { "abc", "*c", true }, { "abc", "a*c", true },
		{ "abc", "*b*", true }, { "abc", "a?c", true }, { "abc", "???", true },
		{ "abc", "??", false }, { "abc", "????", false }, { "abc", "a*d", false },
		{ "abcbcd", "a*bcd", true }, { "aab", "*ab", true }, { "ab", "a*b*b", false },
		{ "mississippi", "*iss*ip*", true }, { "a*b", "a*b", true }, { "abc", "*?", true },
		{ "abc", "ab", false }, { "abc", "abcd", false }, { "ABC", "abc", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (text_match(span_str(rows[i].name), span_str(rows[i].pattern), false) !=
		    rows[i].matches)
			fail_msg("%s and %s", rows[i].name, rows[i].pattern);
	}
}

static void
case_is_folded_only_when_asked_for(void **state)
{
	(void)state;
	assert_true(text_match(SPAN_LIT("Host.EXAMPLE"), SPAN_LIT("hOST.*ple"), true));
	assert_false(text_match(SPAN_LIT("Host"), SPAN_LIT("host"), false));
	assert_false(text_match(SPAN_LIT("["), SPAN_LIT("{"), true));	/* 0x5b, 0x7b */
	assert_false(text_match(SPAN_LIT("\xc4"), SPAN_LIT("\xe4"), true));
}

/* Plain definition, exponential: what the fast one must agree with. */
static bool
match_slowly(struct span name, struct span pattern)
{
	if (pattern.len == 0)
		return name.len == 0;
	if (pattern.p[0] == '*')
		return match_slowly(name, span_skip(pattern, 1)) ||
		    (name.len > 0 && match_slowly(span_skip(name, 1), pattern));
	return name.len > 0 && (pattern.p[0] == '?' || pattern.p[0] == name.p[0]) &&
	    match_slowly(span_skip(name, 1), span_skip(pattern, 1));
}

/* Writes the n-th word over an alphabet; returns its length. */
static size_t
word(unsigned n, const char *alphabet, char *out)
{
	size_t size = strlen(alphabet), len = 0;

	for (; n > 0; n = (n - 1) / (unsigned)size)
		out[len++] = alphabet[(n - 1) % size];
	return len;
}

static void
all_short_patterns_agree_with_the_definition(void **state)
{
	char name[8], pattern[8];

	(void)state;
	for (unsigned p = 0; p < 1400; p++) {
		struct span ps = span_of(pattern, word(p, "ab*?", pattern));

		for (unsigned n = 0; n < 128; n++) {
			struct span ns = span_of(name, word(n, "ab", name));

			if (text_match(ns, ps, false) != match_slowly(ns, ps))
				fail_msg("%.*s and %.*s", (int)ns.len, name, (int)ps.len, pattern);
		}
	}
}

static void
a_pattern_of_many_stars_takes_no_time(void **state)
{
	static char name[10000], pattern[10001];

	(void)state;
	memset(name, 'a', sizeof(name));
	for (size_t i = 0; i < sizeof(pattern); i += 2) {
		pattern[i] = 'a';
		if (i + 1 < sizeof(pattern))
			pattern[i + 1] = '*';
	}
	pattern[sizeof(pattern) - 1] = 'b';
	assert_false(text_match(span_of(name, sizeof(name)), span_of(pattern, sizeof(pattern)), false));
}

static void
lists_match_and_negations_defeat_them(void **state)
{
	struct span name = SPAN_LIT("web1");

	(void)state;
	assert_int_equal(text_match_list(name, SPAN_LIT("web*"), false), MATCH_YES);
	assert_int_equal(text_match_list(name, SPAN_LIT("db*,web?"), false), MATCH_YES);
	assert_int_equal(text_match_list(name, SPAN_LIT("db*,mail"), false), MATCH_NO);
	assert_int_equal(text_match_list(name, SPAN_LIT("web*,!web1"), false), MATCH_NEGATED);
	assert_int_equal(text_match_list(name, SPAN_LIT("!web1,web*"), false), MATCH_NEGATED);
	assert_int_equal(text_match_list(name, SPAN_LIT("!db*"), false), MATCH_NO);
	assert_int_equal(text_match_list(name, SPAN_LIT(""), false), MATCH_NO);
	assert_int_equal(text_match_list(SPAN_EMPTY, SPAN_LIT("a,,b,!"), false), MATCH_NO);
	assert_int_equal(text_match_list(SPAN_EMPTY, SPAN_LIT("*"), false), MATCH_YES);
}

static void
list_has_wants_the_exact_name(void **state)
{
	struct span list = SPAN_LIT("none,zlib@openssh.com");

	(void)state;
	assert_true(text_list_has(list, SPAN_LIT("none")));
	assert_true(text_list_has(list, SPAN_LIT("zlib@openssh.com")));
	assert_false(text_list_has(list, SPAN_LIT("zlib")));
	assert_false(text_list_has(list, SPAN_LIT("n*")));
	assert_false(text_list_has(SPAN_LIT("a,,b"), SPAN_EMPTY));
	assert_false(text_list_has(SPAN_EMPTY, SPAN_LIT("a")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stars_and_question_marks_match),
		cmocka_unit_test(case_is_folded_only_when_asked_for),
		cmocka_unit_test(all_short_patterns_agree_with_the_definition),
		cmocka_unit_test(a_pattern_of_many_stars_takes_no_time),
		cmocka_unit_test(lists_match_and_negations_defeat_them),
		cmocka_unit_test(list_has_wants_the_exact_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
