/* SPDX-License-Identifier: ISC */
/* sftp/scp: records of the old protocol. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sftp/scp.h"

static enum err
get(const char *line, struct scp_record *r)
{
	return scp_record_get(span_str(line), r);
}

static void
records_are_read_and_written(void **state)
{
	static const char *const lines[] = { "C0644 5 a b", "D0755 0 x", "E", "T1000000001 0 1000000000 0", "C7777 9223372036854775807 -x" };

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		SCOPED(writer_free) struct writer w = writer_init(SCP_LINE);
		struct scp_record r;

		assert_int_equal(get(lines[i], &r), ERR_OK);
		scp_record_put(&w, &r);
		assert_int_equal(w.len, strlen(lines[i]) + 1);
		assert_memory_equal(w.p, lines[i], w.len - 1);
	}
}

static void
what_is_no_record_is_refused(void **state)
{
	static const char *const lines[] = { "", "X", "Ex", "C", "C0644", "C0644 ", "C0644 5", "C064 5 x", "C0648 5 x", "C06445 5 x",
	    "C0644  5 x", "C0644 -5 x", "C0644 9223372036854775808 x", "C0644 18446744073709551617 x", "C0644 5x x", "T1 0 1", "T1 0 1 x",
	    "T1 0 1 0 ", "T-1 0 1 0", "T1 1000000 1 0", "Success", "c0644 5 x", "D0755 5" };
	struct scp_record r;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		assert_int_equal(get(lines[i], &r), ERR_FORMAT);
}

static void
names_that_lead_elsewhere_are_refused(void **state)
{
	static const char *const lines[] = { "C0644 5 ../x", "C0644 5 /x", "C0644 5 .", "C0644 5 ..", "C0644 5 ", "D0755 0 .", "D0755 0 ..",
	    "D0755 0 a/b", "C0644 5 a/" };
	struct scp_record r;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		assert_int_equal(get(lines[i], &r), ERR_DENIED);
	assert_int_equal(scp_record_get(SPAN_LIT("C0644 5 a\0b"), &r), ERR_DENIED);
}

static void
newlines_in_names_make_no_records(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(SCP_LINE);

	(void)state;
	scp_record_put(&w, &(struct scp_record){ .kind = 'C', .mode = 0644, .size = 1, .name = SPAN_LIT("a\nC0644 1 b") });
	assert_int_equal(w.len, strlen("C0644 1 a\\^JC0644 1 b\n"));
	assert_memory_equal(w.p, "C0644 1 a\\^JC0644 1 b\n", w.len);
}

static void
only_names_that_were_asked_for_are_taken(void **state)
{
	static const struct { const char *name, *path; bool yes; } rows[] = {
		{ "a", "a", true }, { "a", "/x/a", true }, { "a", "/x/a/", true }, { "b", "/x/a", false }, { ".bashrc", "*", false }, { ".bashrc", ".*", true },
		{ "a.c", "x/*.c", true }, { "a.h", "x/*.c", false }, { "a.c", "x/[ab].c", true }, { "c.c", "x/[ab].c", false },
		{ "a", "{a,b}", true }, { "b", "{a,b}", true }, { "c", "{a,b}", false }, { "ac", "{a,b{c,d}}c", true },
		{ "bdc", "{a,b{c,d}}c", true }, { "bd", "{a,b{c,d}}c", false }, { "{}", "{}", true }, { "x", "{,x}", true },
		{ "a b", "'a b'", true }, { "a", "'a b'", false }, { "a b", "a\\ b", true }, { "a*", "'a*'", true }, { "ab", "'a*'", false },
		/* Nobody here knows what these are called. */
		{ "x", "$HOME", false }, { "x", "`date`", false }, { "root", "~", false }, { ".bashrc", "", false },
		{ ".bashrc", ".", false }, { "bashrc", "/x/..", false }, { "bashrc", "/", false },
		{ "b", "{a/b,c/d}", true }, { "d", "{a/b,c/d}", true }, { "a", "{a/b,c/d}", false }, { "x", "{a/,b}x", true },
		{ "x", "$HOME/*", true }, { "x", "~/x/", true }, { "b", "'a/b'", true }, { "c", "'a/b'", false },
		{ "[1]", "[1]", true }, { "1", "[1]", true }, { "a,b", "a,b", true },
	};
	char braces[4000] = "";

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (scp_is_asked_for(span_str(rows[i].name), rows[i].path) != rows[i].yes)
			fail_msg("%s, asked for %s", rows[i].name, rows[i].path);
	/* Two to the power of hundreds: an answer comes all the same. */
	for (size_t i = 0; i < 400; i++)
		strcat(braces, "{a,b}");
	assert_false(scp_is_asked_for(SPAN_LIT("x"), braces));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_read_and_written),
		cmocka_unit_test(what_is_no_record_is_refused),
		cmocka_unit_test(names_that_lead_elsewhere_are_refused),
		cmocka_unit_test(newlines_in_names_make_no_records),
		cmocka_unit_test(only_names_that_were_asked_for_are_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
