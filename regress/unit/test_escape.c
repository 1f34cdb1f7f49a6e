/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "ssh/escape.h"

/* Types text in one go; out gets what is sent on. */
static void
type(struct escape *e, const char *text, char *out)
{
	uint8_t buf[256];
	size_t n = strlen(text);

	memcpy(buf, text, n);
	n = escape_filter(e, buf, n, sizeof(buf));
	memcpy(out, buf, n);
	out[n] = '\0';
}

static void
plain_text_goes_through(void **state)
{
	struct escape e;
	char out[256];

	(void)state;
	escape_init(&e, '~');
	type(&e, "hello a~.b\rworld\n", out);
	assert_string_equal(out, "hello a~.b\rworld\n");
	assert_int_equal(escape_next(&e), ESCAPE_NOTHING);
}

static void
escapes_count_at_the_beginning_of_a_line_only(void **state)
{
	struct escape e;
	char out[256];

	(void)state;
	escape_init(&e, '~');
	type(&e, "~?", out);
	assert_string_equal(out, "");
	assert_int_equal(escape_next(&e), ESCAPE_HELP);
	type(&e, "x~?", out);
	assert_string_equal(out, "x~?");
	assert_int_equal(escape_next(&e), ESCAPE_NOTHING);
	type(&e, "\r~R", out);
	assert_string_equal(out, "\r");
	assert_int_equal(escape_next(&e), ESCAPE_REKEY);
}

static void
one_escape_may_follow_another(void **state)
{
	struct escape e;
	char out[256];

	(void)state;
	escape_init(&e, '~');
	type(&e, "~#~v~V~Bx", out);
	assert_string_equal(out, "x");
	assert_int_equal(escape_next(&e), ESCAPE_LIST);
	assert_int_equal(escape_next(&e), ESCAPE_LOUDER);
	assert_int_equal(escape_next(&e), ESCAPE_QUIETER);
	assert_int_equal(escape_next(&e), ESCAPE_BREAK);
	assert_int_equal(escape_next(&e), ESCAPE_NOTHING);
}

static void
the_character_twice_is_sent_once(void **state)
{
	struct escape e;
	char out[256];

	(void)state;
	escape_init(&e, '~');
	type(&e, "~~.x", out);
	assert_string_equal(out, "~.x");
}

static void
an_escape_may_come_in_two_reads(void **state)
{
	struct escape e;
	char out[256];

	(void)state;
	escape_init(&e, '~');
	type(&e, "\n~", out);
	assert_string_equal(out, "\n");
	type(&e, "q more", out);
	assert_string_equal(out, "~q more");
	type(&e, "\r~", out);
	type(&e, ".", out);
	assert_string_equal(out, "");
	assert_int_equal(escape_next(&e), ESCAPE_DISCONNECT);
}

static void
after_a_disconnect_nothing_goes_out(void **state)
{
	struct escape e;
	char out[256];

	(void)state;
	escape_init(&e, '~');
	type(&e, "~.rm -rf\r", out);
	assert_string_equal(out, "");
	type(&e, "more\r", out);
	assert_string_equal(out, "");
}

static void
an_unknown_letter_is_sent_with_the_character(void **state)
{
	struct escape e;
	char out[256];

	(void)state;
	escape_init(&e, '~');
	type(&e, "~x\r~\r~.", out);
	assert_string_equal(out, "~x\r~\r");
	assert_int_equal(escape_next(&e), ESCAPE_DISCONNECT);
}

static void
wishes_are_bounded(void **state)
{
	struct escape e;
	char out[256];
	unsigned n = 0;

	(void)state;
	escape_init(&e, '~');
	for (unsigned i = 0; i < 100; i++)
		type(&e, "~?", out);
	while (escape_next(&e) != ESCAPE_NOTHING)
		n++;
	assert_int_equal(n, ESCAPE_WISHES_MAX);
}

static void
another_character_will_do(void **state)
{
	struct escape e;
	char out[256];

	(void)state;
	escape_init(&e, 2);
	type(&e, "~.\r\x02.", out);
	assert_string_equal(out, "~.\r");
	assert_int_equal(escape_next(&e), ESCAPE_DISCONNECT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_goes_through),
		cmocka_unit_test(escapes_count_at_the_beginning_of_a_line_only),
		cmocka_unit_test(one_escape_may_follow_another),
		cmocka_unit_test(the_character_twice_is_sent_once),
		cmocka_unit_test(an_escape_may_come_in_two_reads),
		cmocka_unit_test(after_a_disconnect_nothing_goes_out),
		cmocka_unit_test(an_unknown_letter_is_sent_with_the_character),
		cmocka_unit_test(wishes_are_bounded),
		cmocka_unit_test(another_character_will_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
