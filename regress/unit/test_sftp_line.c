/* SPDX-License-Identifier: ISC */
/* tools/sftp_line, tools/far_show: words of commands, destinations, and what a terminal is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/sftp.h"

static void
lines_are_split_into_words_that_are_patterns(void **state)
{
	static const struct {
		const char *line;
		const char *words;	/* with | between; NULL: a quote does not end */
	} rows[] = {
		{ "", "" }, { "  ", "" }, { "get a b", "get|a|b" }, { "\tget  a\t", "get|a" }, { "get 'a b'", "get|a b" },
		{ "get \"a b\"c", "get|a bc" }, { "get a\\ b", "get|a b" }, { "get ''", "get|" }, { "get *.c", "get|*.c" },
		{ "get '*.c'", "get|\\*.c" }, { "get \\*", "get|\\*" }, { "get \"[x]\"*", "get|\\[x]*" },
		{ "get a\\\\b", "get|a\\\\b" }, { "get 'a\\'b'", "get|a'b" }, { "get \"a'b\"", "get|a'b" },
		{ "get 'a\\nb'", "get|a\\\\nb" }, { "get a\\", "get|a\\\\" }, { "get 'a", NULL }, { "get \"a'", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct words w;
		const char *why;
		char joined[200] = "";

		if (sftp_split(rows[i].line, &w, &why) != (rows[i].words != NULL))
			fail_msg("%s", rows[i].line);
		for (size_t k = 0; k < w.n; k++)
			strcat(strcat(joined, k == 0 ? "" : "|"), w.v[k]);
		if (rows[i].words != NULL)
			assert_string_equal(joined, rows[i].words);
		words_free(&w);
	}
}

static void
destinations_are_taken_apart(void **state)
{
	static const struct {
		const char *text;
		const char *user, *host, *path;		/* host NULL: a file of this machine */
		int port;
	} rows[] = {
		{ "h:x", NULL, "h", "x", -1 }, { "u@h:", "u", "h", "", -1 }, { "u@d@h:/x:y", "u@d", "h", "/x:y", -1 },
		{ "[::1]:x", NULL, "::1", "x", -1 }, { "u@[fe80::1%eth0]:x", "u", "fe80::1%eth0", "x", -1 },
		{ "./a:b", NULL, NULL, NULL, -1 }, { "/a:b", NULL, NULL, NULL, -1 }, { "x", NULL, NULL, NULL, -1 },
		{ ":x", NULL, NULL, NULL, -1 }, { "a/b:c", NULL, NULL, NULL, -1 }, { "", NULL, NULL, NULL, -1 },
		{ "scp://h", NULL, "h", NULL, -1 }, { "scp://u@h:22/x", "u", "h", "x", 22 }, { "scp://h//x", NULL, "h", "/x", -1 },
		{ "scp://[::1]:22/x%20y", NULL, "::1", "x y", 22 }, { "scp://u;a=b@h/", "u", "h", "", -1 },
	};
	static const char *const bad[] = { "scp://", "scp://h:0/x", "scp://h:99999", "scp://@h", "scp://[::1", "scp://h/%00", "scp://h/%4",
	    "scp://h/%zz", "scp://[::1]x/y", "scp://h:22x/y" };
	struct where w;
	bool is_bad;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool found = where_uri(rows[i].text, "scp", &w, &is_bad) || (!is_bad && where_remote(rows[i].text, &w));

		assert_int_equal(found, rows[i].host != NULL);
		if (!found)
			continue;
		assert_string_equal(w.host, rows[i].host);
		assert_int_equal(w.port, rows[i].port);
		assert_true((w.user == NULL) == (rows[i].user == NULL) && (w.path == NULL) == (rows[i].path == NULL));
		if (w.user != NULL)
			assert_string_equal(w.user, rows[i].user);
		if (w.path != NULL)
			assert_string_equal(w.path, rows[i].path);
		where_free(&w);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_false(where_uri(bad[i], "scp", &w, &is_bad));
		assert_true(is_bad);
	}
}

static void
what_a_terminal_would_obey_is_shown_in_octal(void **state)
{
	static const struct { const char *text, *shown; } rows[] = {
		{ "plain \\ ~", "plain \\ ~" }, { "\033[2J", "\\033[2J" }, { "a\nb\rc", "a\\012b\\015c" }, { "b\303\266se", "b\303\266se" },
		{ "\302\233x", "\\302\\233x" }, { "\377", "\\377" }, { "\303", "\\303" }, { "\177", "\\177" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *shown = far_shown(rows[i].text);

		assert_string_equal(shown, rows[i].shown);
		free(shown);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_split_into_words_that_are_patterns),
		cmocka_unit_test(destinations_are_taken_apart),
		cmocka_unit_test(what_a_terminal_would_obey_is_shown_in_octal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
