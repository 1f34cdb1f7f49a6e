/* SPDX-License-Identifier: ISC */
/* sshd/reasons.h: the codes, and that docs/REASONS.md lists them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "os/file.h"
#include "sshd/reasons.h"

static void
every_reason_has_a_code_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < REASON_COUNT; i++) {
		const char *code = reason_code((enum reason)i);

		assert_true(strlen(code) > 0 && strlen(reason_text((enum reason)i)) > 0);
		assert_int_equal(strspn(code, "abcdefghijklmnopqrstuvwxyz-"), strlen(code));
		for (int k = 0; k < i; k++)
			assert_string_not_equal(code, reason_code((enum reason)k));
	}
}

/* The page, or NULL text on failure. */
static void
read_page(struct writer *w)
{
	const char *top = getenv("SRCDIR");
	char path[1024];

	snprintf(path, sizeof(path), "%s/docs/REASONS.md", top == NULL ? "." : top);
	assert_int_equal(file_read(path, w, NULL), ERR_OK);
}

static void
the_page_lists_all_codes_with_their_meaning_and_no_others(void **state)
{
	SCOPED(writer_free) struct writer page = writer_init(100000);
	struct span text, line;
	int n = 0;

	(void)state;
	read_page(&page);
	text = writer_span(&page);
	while (span_token(&text, '\n', &line)) {
		char row[400];

		if (!span_starts(line, SPAN_LIT("| `")))
			continue;
		assert_true(++n < REASON_COUNT);
		snprintf(row, sizeof(row), "| `%s` | %s | ", reason_code((enum reason)n), reason_text((enum reason)n));
		if (!span_starts(line, span_str(row)))
			fail_msg("docs/REASONS.md, row %d: expected %s", n, row);
	}
	assert_int_equal(n, REASON_COUNT - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reason_has_a_code_of_its_own),
		cmocka_unit_test(the_page_lists_all_codes_with_their_meaning_and_no_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
