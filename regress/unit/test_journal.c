/* SPDX-License-Identifier: ISC */
/* sshd/journal: events kept, dropped, written, and shown to whom they concern. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/file.h"
#include "regress/support/alloc.h"
#include "sshd/journal.h"

struct fixture {
	struct rng_test seed;
	struct ephemeral *table;
	struct log log;
	char logged[4096];
	struct journal *j;
	unsigned told;
	char path[64];
};

static void
keep_line(void *arg, enum log_level level, const char *line)
{
	struct fixture *f = arg;
	size_t n = strlen(f->logged);

	(void)level;
	snprintf(f->logged + n, sizeof(f->logged) - n, "%s\n", line);
}

static void
told(void *arg)
{
	struct fixture *f = arg;

	f->told++;
}

static int
setup(void **state)
{
	struct ephemeral_limits limits = ephemeral_default_limits();
	struct fixture *f = calloc(1, sizeof(*f));

	f->log = (struct log){ .level = LOG_LEVEL_INFO, .fd = -1, .sink = keep_line, .sink_arg = f };
	snprintf(f->path, sizeof(f->path), "/tmp/dayfly-journal-%ld", (long)getpid());
	assert_int_equal(ephemeral_new(&f->table, &limits, rng_test(&f->seed)), ERR_OK);
	assert_int_equal(journal_new(&f->j, f->table, &f->log), ERR_OK);
	journal_follow(f->j, told, f);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	(void)unlink(f->path);
	journal_free(f->j);
	ephemeral_free(f->table);
	free(f);
	return 0;
}

static void
add_as(struct fixture *f, const char *registrar)
{
	struct ephemeral_request req = { .user = SPAN_LIT("alice"), .blob = SPAN_LIT("blob"),
	    .ttl = 60000, .registrar = span_str(registrar), .comment = SPAN_LIT("a \"quote\"") };
	struct ephemeral_grant g;

	assert_int_equal(ephemeral_add(f->table, &req, 1000, &g, NULL), ERR_OK);
	journal_pull(f->j);
}

static bool
has(struct span line, const char *text)
{
	return memmem(line.p, line.len, text, strlen(text)) != NULL;
}

static void
an_event_is_one_line_of_json_and_one_of_the_log(void **state)
{
	struct fixture *f = *state;
	uint64_t serial = 0, lost;
	struct span line;

	add_as(f, "root");
	assert_int_equal(f->told, 1);
	assert_true(journal_next(f->j, NULL, &serial, &line, &lost));
	assert_int_equal(lost, 0);
	assert_true(has(line, "\"event\": \"registered\""));
	assert_true(has(line, "\"comment\": \"a \\\"quote\\\"\""));
	assert_true(line.p[line.len - 1] == '\n');
	assert_null(memchr(line.p, '\n', line.len - 1));
	assert_false(journal_next(f->j, NULL, &serial, &line, &lost));
	assert_true(serial == journal_end(f->j));
	assert_non_null(strstr(f->logged, "registered for alice"));
}

static void
a_registrar_sees_its_own_events_only(void **state)
{
	struct fixture *f = *state;
	uint64_t serial = 0, lost;
	struct span line;

	add_as(f, "root");
	add_as(f, "deploy");
	journal_not_registered(f->j, "other", "no");
	assert_true(journal_next(f->j, "deploy", &serial, &line, &lost));
	assert_true(has(line, "\"registrar\": \"deploy\""));
	assert_false(journal_next(f->j, "deploy", &serial, &line, &lost));
}

static void
the_ring_drops_the_oldest_and_says_how_many(void **state)
{
	struct fixture *f = *state;
	uint64_t serial = 0, lost;
	struct span line;
	char long_text[4000];

	for (int i = 0; i < JOURNAL_EVENTS + 7; i++)
		journal_not_registered(f->j, "r", "no");
	assert_true(journal_next(f->j, NULL, &serial, &line, &lost));
	assert_int_equal(lost, 7);
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	for (int i = 0; i < 200; i++)
		journal_not_registered(f->j, "r", long_text);
	serial = 0;
	{
		size_t n = 0, bytes = 0;

		while (journal_next(f->j, NULL, &serial, &line, &lost)) {
			n++;
			bytes += line.len;
		}
		assert_true(bytes <= JOURNAL_BYTES);
		assert_true(n >= 60 && n < 200);
	}
}

static void
the_file_gets_every_line_and_can_be_rotated(void **state)
{
	struct fixture *f = *state;
	SCOPED(writer_free) struct writer text = writer_init(4096);
	char old[80];

	journal_set_file(f->j, f->path);
	journal_not_registered(f->j, "r", "one");
	snprintf(old, sizeof(old), "%s.old", f->path);
	assert_int_equal(rename(f->path, old), 0);
	journal_set_file(f->j, f->path);
	journal_not_registered(f->j, "r", "two");
	journal_set_file(f->j, NULL);
	journal_not_registered(f->j, "r", "three");
	assert_int_equal(file_read(old, &text, NULL), ERR_OK);
	assert_true(has(writer_span(&text), "one") && !has(writer_span(&text), "two"));
	writer_reset(&text);
	assert_int_equal(file_read(f->path, &text, NULL), ERR_OK);
	assert_true(has(writer_span(&text), "two") && !has(writer_span(&text), "three"));
	(void)unlink(old);
}

static void
a_file_that_is_none_is_refused_with_a_reason(void **state)
{
	struct fixture *f = *state;

	journal_set_file(f->j, "/dev/null");
	assert_non_null(strstr(f->logged, "/dev/null is not a regular file"));
	assert_int_equal(symlink("/etc/passwd", f->path), 0);
	journal_set_file(f->j, f->path);
	assert_non_null(strstr(f->logged, "Too many levels of symbolic links"));
	journal_not_registered(f->j, "r", "still told");
	assert_int_equal(f->told, 1);
}

static void
without_memory_an_event_is_missing_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	uint64_t serial = 0, lost;
	struct span line;

	for (unsigned long i = 0; i < 6; i++) {
		alloc_fail_after((unsigned)i);
		journal_not_registered(f->j, "r", "no memory");
		alloc_fail_never();
	}
	journal_not_registered(f->j, "r", "the last");
	while (journal_next(f->j, NULL, &serial, &line, &lost))
		assert_true(has(line, "\"event\": \"not_registered\""));
	assert_true(has(line, "the last"));
}

#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_event_is_one_line_of_json_and_one_of_the_log),
		T(a_registrar_sees_its_own_events_only),
		T(the_ring_drops_the_oldest_and_says_how_many),
		T(the_file_gets_every_line_and_can_be_rotated),
		T(a_file_that_is_none_is_refused_with_a_reason),
		T(without_memory_an_event_is_missing_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
