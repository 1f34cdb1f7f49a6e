/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "os/clock.h"
#include "os/output.h"

/* Runs a line of sh. */
static enum err
sh(const char *line, struct writer *w, msec timeout, int abort_fd, int *status)
{
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char *)(uintptr_t)line, NULL };
	char *envp[] = { (char[]){ "PATH=/usr/bin:/bin" }, NULL };
	struct output_job job = { .exec_fd = -1, .path = "/bin/sh", .argv = argv, .envp = envp,
	    .timeout = timeout, .abort_fd = abort_fd };

	return output_of(&job, w, status);
}

static void
what_it_prints_is_given(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(100);
	int status;

	(void)state;
	assert_int_equal(sh("echo one; echo two; echo three >&2", &w, 10000, -1, &status), ERR_OK);
	assert_true(span_is(writer_span(&w), "one\ntwo\n"));
}

static void
its_input_is_empty_and_it_has_no_other_descriptors(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(100);
	int status, extra = dup(0);

	(void)state;
	assert_int_equal(sh("cat; ls /proc/self/fd | tr '\\n' ' '", &w, 10000, -1, &status), ERR_OK);
	assert_true(span_is(writer_span(&w), "0 1 2 3 "));
	close(extra);
}

static void
another_status_than_0_is_told(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(100);
	int status;

	(void)state;
	assert_int_equal(sh("echo x; exit 7", &w, 10000, -1, &status), ERR_DENIED);
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_int_equal(sh("kill -9 $$", &w, 10000, -1, &status), ERR_DENIED);
	assert_int_equal(WTERMSIG(status), 9);
}

static void
too_much_is_refused(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(100);
	int status;

	(void)state;
	assert_int_equal(sh("head -c 101 /dev/zero", &w, 10000, -1, &status), ERR_LIMIT);
}

static void
too_long_a_wait_ends_it_and_all_that_it_has_started(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(100);
	msec began = clock_boot();
	int status, fd[2];
	char c;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(sh("sleep 600 & sleep 600", &w, 50, -1, &status), ERR_TIMEOUT);
	assert_true(clock_boot() - began < 5000);
	w = writer_init(100);
	assert_int_equal(sh("exec >/dev/null; sleep 600", &w, 50, -1, &status), ERR_TIMEOUT);
	/* Nobody holds the other end of a pipe that they could have had. */
	close(fd[1]);
	assert_int_equal(read(fd[0], &c, 1), 0);
	close(fd[0]);
}

static void
the_wait_ends_when_the_other_side_is_gone(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(100);
	int status, pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	close(pair[1]);
	assert_int_equal(sh("sleep 600", &w, 60000, pair[0], &status), ERR_CLOSED);
	close(pair[0]);
}

static void
a_program_that_is_not_there_is_an_error_of_the_system(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(100);
	char *argv[] = { (char[]){ "x" }, NULL };
	struct output_job job = { .exec_fd = -1, .path = "/nonexistent/x", .argv = argv, .timeout = 1000,
	    .abort_fd = -1 };
	int status;

	(void)state;
	assert_int_equal(output_of(&job, &w, &status), ERR_SYSTEM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_prints_is_given),
		cmocka_unit_test(its_input_is_empty_and_it_has_no_other_descriptors),
		cmocka_unit_test(another_status_than_0_is_told),
		cmocka_unit_test(too_much_is_refused),
		cmocka_unit_test(too_long_a_wait_ends_it_and_all_that_it_has_started),
		cmocka_unit_test(the_wait_ends_when_the_other_side_is_gone),
		cmocka_unit_test(a_program_that_is_not_there_is_an_error_of_the_system),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
