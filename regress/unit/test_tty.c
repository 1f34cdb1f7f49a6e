/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/file.h"
#include "os/pty.h"
#include "os/tty.h"

static void
raw_and_back_again(void **state)
{
	struct termios before, now;
	struct tty t = { .fd = -1 };
	struct pty pty;

	(void)state;
	assert_int_equal(pty_open(&pty), ERR_OK);
	assert_int_equal(tcgetattr(pty.slave, &before), 0);
	assert_int_equal(tty_raw(&t, pty.slave), ERR_OK);
	assert_int_equal(tty_raw(&t, pty.slave), ERR_OK);
	assert_int_equal(tcgetattr(pty.slave, &now), 0);
	assert_int_equal(now.c_lflag & (ICANON | ECHO | ISIG), 0);
	assert_int_equal(now.c_oflag & OPOST, 0);
	tty_restore(&t);
	tty_restore(&t);
	assert_int_equal(tcgetattr(pty.slave, &now), 0);
	assert_int_equal(now.c_lflag, before.c_lflag);
	assert_int_equal(now.c_iflag, before.c_iflag);
	assert_int_equal(now.c_oflag, before.c_oflag);
	pty_close(&pty);
}

static void
a_pipe_cannot_be_raw(void **state)
{
	struct tty t = { .fd = -1 };
	int p[2];

	(void)state;
	assert_int_equal(pipe(p), 0);
	assert_int_equal(tty_raw(&t, p[0]), ERR_SYSTEM);
	assert_false(t.is_raw);
	tty_restore(&t);
	close(p[0]);
	close(p[1]);
}

/*
 * Asks on a pty whose other end has typed already. Secrets are asked without
 * what was typed ahead, so only lines can be tested so.
 */
static enum err
ask_line(const char *typed, struct secret *answer, char *shown, size_t size)
{
	struct pty pty;
	size_t len = 0;
	enum err e;

	assert_int_equal(pty_open(&pty), ERR_OK);
	assert_int_equal(write(pty.master, typed, strlen(typed)), strlen(typed));
	e = tty_ask_on(pty.slave, TTY_ASK_LINE, "Question? ", answer);
	/* What is written comes out at the other end when the kernel finds time for it. */
	do {
		struct pollfd p = { .fd = pty.master, .events = POLLIN };
		ssize_t n = poll(&p, 1, 10000) == 1 ? read(pty.master, shown + len, size - 1 - len) : -1;

		if (n <= 0)
			break;
		len += (size_t)n;
		shown[len] = '\0';
	} while (strstr(shown, "Question? ") == NULL && len < size - 1);
	shown[len] = '\0';
	pty_close(&pty);
	return e;
}

static void
a_line_is_asked_for(void **state)
{
	SCOPED(secret_free) struct secret answer = { NULL, 0 };
	char shown[256];

	(void)state;
	assert_int_equal(ask_line("yes please\nmore\n", &answer, shown, sizeof(shown)), ERR_OK);
	assert_true(span_is(secret_span(&answer), "yes please"));
	assert_non_null(strstr(shown, "Question? "));
	assert_int_equal(ask_line("\n", &answer, shown, sizeof(shown)), ERR_OK);
	assert_int_equal(answer.len, 0);
	assert_int_equal(ask_line("\004", &answer, shown, sizeof(shown)), ERR_CLOSED);
	assert_int_equal(ask_line("abc\004\004", &answer, shown, sizeof(shown)), ERR_OK);
	assert_true(span_is(secret_span(&answer), "abc"));
}

static void
a_long_answer_is_cut(void **state)
{
	SCOPED(secret_free) struct secret answer = { NULL, 0 };
	char typed[LIMIT_PASSWORD + 600], shown[8192];

	(void)state;
	memset(typed, 'x', sizeof(typed));
	typed[sizeof(typed) - 2] = '\n';
	typed[sizeof(typed) - 1] = '\0';
	assert_int_equal(ask_line(typed, &answer, shown, sizeof(shown)), ERR_OK);
	assert_int_equal(answer.len, LIMIT_PASSWORD);
}

static void
only_terminals_are_asked(void **state)
{
	SCOPED(secret_free) struct secret answer = { NULL, 0 };
	int p[2];

	(void)state;
	assert_int_equal(pipe(p), 0);
	assert_int_equal(tty_ask_on(p[0], TTY_ASK_LINE, "?", &answer), ERR_SYSTEM);
	close(p[0]);
	close(p[1]);
}

/* --- askpass --- */

static void
write_script(char *path, const char *text)
{
	int fd;

	strcpy(path, "/tmp/dayfly-askpass-XXXXXX");
	fd = mkstemp(path);
	assert_int_not_equal(fd, -1);
	assert_int_equal(file_write_all(fd, span_str(text)), ERR_OK);
	assert_int_equal(fchmod(fd, 0700), 0);
	close(fd);
	setenv("SSH_ASKPASS", path, 1);
	setenv("SSH_ASKPASS_REQUIRE", "force", 1);
}

static enum err
ask_script(const char *text, enum tty_ask how, struct secret *answer)
{
	char path[64];
	enum err e;

	write_script(path, text);
	e = tty_ask(how, "What is it?", answer);
	unlink(path);
	unsetenv("SSH_ASKPASS");
	unsetenv("SSH_ASKPASS_REQUIRE");
	return e;
}

static void
askpass_answers(void **state)
{
	SCOPED(secret_free) struct secret answer = { NULL, 0 };

	(void)state;
	assert_int_equal(ask_script("#!/bin/sh\necho \"<$1>\"; echo more\n", TTY_ASK_SECRET, &answer),
	    ERR_OK);
	assert_true(span_is(secret_span(&answer), "<What is it?>"));
	assert_int_equal(ask_script("#!/bin/sh\necho \"$SSH_ASKPASS_PROMPT\"\n", TTY_ASK_CONFIRM,
	    &answer), ERR_OK);
	assert_true(span_is(secret_span(&answer), "confirm"));
	assert_int_equal(ask_script("#!/bin/sh\necho \"$SSH_ASKPASS_PROMPT\"\n", TTY_ASK_SECRET,
	    &answer), ERR_OK);
	assert_int_equal(answer.len, 0);
}

static void
askpass_that_fails_gives_no_answer(void **state)
{
	SCOPED(secret_free) struct secret answer = { NULL, 0 };

	(void)state;
	assert_int_equal(ask_script("#!/bin/sh\necho secret; exit 1\n", TTY_ASK_SECRET, &answer),
	    ERR_CLOSED);
	assert_int_equal(answer.len, 0);
}

static void
askpass_that_is_not_there(void **state)
{
	SCOPED(secret_free) struct secret answer = { NULL, 0 };

	(void)state;
	setenv("SSH_ASKPASS", "/nonexistent/askpass", 1);
	setenv("SSH_ASKPASS_REQUIRE", "force", 1);
	assert_int_equal(tty_ask(TTY_ASK_SECRET, "?", &answer), ERR_NOTFOUND);
	unsetenv("SSH_ASKPASS");
	unsetenv("SSH_ASKPASS_REQUIRE");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(raw_and_back_again),
		cmocka_unit_test(a_pipe_cannot_be_raw),
		cmocka_unit_test(a_line_is_asked_for),
		cmocka_unit_test(a_long_answer_is_cut),
		cmocka_unit_test(only_terminals_are_asked),
		cmocka_unit_test(askpass_answers),
		cmocka_unit_test(askpass_that_fails_gives_no_answer),
		cmocka_unit_test(askpass_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
