/* SPDX-License-Identifier: ISC */
/* conn/legality: the whole matrix against what was written from the RFCs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conn/legality.h"
#include "regress/support/kat.h"

/* Side, state, strict, number. -1 where no line has spoken. */
struct matrix {
	int cell[2][STATE_COUNT][2][256];
};

static enum side
side_of(const char *word)
{
	if (strcmp(word, "client") == 0)
		return SIDE_CLIENT;
	assert_string_equal(word, "server");
	return SIDE_SERVER;
}

static enum conn_state
state_of(const char *word)
{
	for (enum conn_state s = 0; s < STATE_COUNT; s++)
		if (strcmp(word, conn_state_name(s)) == 0)
			return s;
	fail_msg("no state %s", word);
	return STATE_COUNT;
}

/* Sets the numbers "a" or "a-b" of a row. */
static void
set_range(int row[256], const char *word, enum verdict v)
{
	int first, last;

	if (strcmp(word, "none") == 0)
		return;
	if (sscanf(word, "%d-%d", &first, &last) != 2) {
		assert_int_equal(sscanf(word, "%d", &first), 1);
		last = first;
	}
	assert_true(first >= 1 && first <= last && last <= 255);
	for (int n = first; n <= last; n++) {
		assert_int_equal(row[n], VERDICT_REFUSE);
		row[n] = (int)v;
	}
}

/* Reads a line into its row, which must not have been there before. */
static void
read_line(struct matrix *m, char *line, char **save)
{
	enum side side = side_of(strtok_r(line, " ", save));
	enum conn_state state = state_of(strtok_r(NULL, " ", save));
	const char *strict = strtok_r(NULL, " ", save);
	enum verdict v = VERDICT_ALLOW;
	int row[256] = { 0 };

	assert_string_equal(strtok_r(NULL, " ", save), "allow");
	for (char *w = strtok_r(NULL, " ", save); w != NULL; w = strtok_r(NULL, " ", save)) {
		if (strcmp(w, "unimplemented") == 0)
			v = VERDICT_UNIMPLEMENTED;
		else
			set_range(row, w, v);
	}
	assert_int_equal(v, VERDICT_UNIMPLEMENTED);
	for (int s = 0; s < 2; s++) {
		if (strcmp(strict, s ? "lax" : "strict") == 0)
			continue;
		assert_int_equal(m->cell[side][state][s][0], -1);
		memcpy(m->cell[side][state][s], row, sizeof(row));
	}
}

static void
read_golden(struct matrix *m)
{
	char *save_line, *save_word, *text;
	size_t len;

	memset(m, -1, sizeof(*m));
	text = kat_file("regress/golden/legality.txt", &len);
	for (char *line = strtok_r(text, "\n", &save_line); line != NULL;
	    line = strtok_r(NULL, "\n", &save_line))
		if (line[0] != '#')
			read_line(m, line, &save_word);
	free(text);
}

static void
the_whole_matrix_is_what_the_rfcs_say(void **state)
{
	static struct matrix m;
	const struct rule *rule;
	unsigned cells = 0;

	(void)state;
	read_golden(&m);
	for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++)
	for (enum conn_state s = 0; s < STATE_COUNT; s++)
	for (int strict = 0; strict < 2; strict++)
	for (int n = 0; n < 256; n++) {
		int is = (int)legality(side, s, strict, (uint8_t)n, &rule);

		cells++;
		if (is != m.cell[side][s][strict][n])
			fail_msg("%s %s %s %d: is %d, golden %d",
			    side == SIDE_CLIENT ? "client" : "server", conn_state_name(s),
			    strict ? "strict" : "lax", n, is, m.cell[side][s][strict][n]);
	}
	assert_int_equal(cells, 2 * STATE_COUNT * 2 * 256);
}

static void
what_is_allowed_has_exactly_one_handler(void **state)
{
	const struct rule *rule;

	(void)state;
	for (int n = 0; n < 256; n++) {
		for (int s = 0; s < STATE_COUNT; s++) {
			if (legality(SIDE_SERVER, s, false, (uint8_t)n, &rule) != VERDICT_ALLOW)
				continue;
			assert_non_null(rule);
			assert_int_equal(rule->number, n);
		}
		(void)legality(SIDE_CLIENT, STATE_OPEN, false, (uint8_t)n, &rule);
		if (rule != NULL)
			assert_int_equal((rule->transport != NULL) + (rule->auth != NULL) +
			    (rule->channels != NULL), 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_matrix_is_what_the_rfcs_say),
		cmocka_unit_test(what_is_allowed_has_exactly_one_handler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
