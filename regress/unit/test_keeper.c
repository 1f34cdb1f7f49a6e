/* SPDX-License-Identifier: ISC */
/* sshd/keeper: what is left of a session, by how it ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sshd/keeper.h"

/* Somebody in a process session of his own; says his number. */
_Noreturn static void
be_daemon(int fd)
{
	pid_t me;

	(void)setsid();
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	if (fork() != 0)
		_exit(0);
	me = getpid();
	(void)!write(fd, &me, sizeof(me));
	for (;;)
		(void)pause();
}

/* The session: leaves a daemon, passes his number on, and ends as it is told. */
_Noreturn static void
be_session(int fd, int status, int signo)
{
	int p[2];
	pid_t daemon;

	if (pipe(p) == -1)
		_exit(1);
	if (fork() == 0)
		be_daemon(p[1]);
	if (read(p[0], &daemon, sizeof(daemon)) != (ssize_t)sizeof(daemon))
		_exit(1);
	(void)!write(fd, &daemon, sizeof(daemon));
	if (signo != 0)
		(void)raise(signo);
	_exit(status);
}

/* Runs keeper and session to their ends; returns a pipe that what is left behind holds. */
static int
keep(int status, int signo, pid_t *daemon)
{
	static const struct title none = { 0 };
	int p[2], keeper_status;
	pid_t keeper, session;

	assert_int_equal(pipe(p), 0);
	keeper = fork();
	if (keeper == 0) {
		close(p[0]);
		session = keeper_fork(&none);
		if (session == 0)
			be_session(p[1], status, signo);
		close(p[1]);
		_exit(session == -1 ? 9 : keeper_run(session));
	}
	close(p[1]);
	assert_int_equal(waitpid(keeper, &keeper_status, 0), keeper);
	assert_true(WIFEXITED(keeper_status));
	assert_int_equal(WEXITSTATUS(keeper_status), 0);
	assert_int_equal(read(p[0], daemon, sizeof(*daemon)), sizeof(*daemon));
	return p[0];
}

static void
expect_gone(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char c;

	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_int_equal(read(fd, &c, 1), 0);
	close(fd);
}

static void
what_a_killed_session_leaves_is_killed(void **state)
{
	pid_t daemon;

	(void)state;
	expect_gone(keep(0, SIGKILL, &daemon));
	expect_gone(keep(0, SIGTERM, &daemon));
}

static void
what_a_session_that_ended_by_force_leaves_is_killed(void **state)
{
	pid_t daemon;

	(void)state;
	expect_gone(keep(KEEPER_BY_FORCE, 0, &daemon));
}

static void
what_a_session_that_was_left_leaves_is_left_alone(void **state)
{
	pid_t daemon;
	int fd = keep(0, 0, &daemon);

	(void)state;
	assert_int_equal(kill(daemon, 0), 0);
	assert_int_equal(kill(daemon, SIGKILL), 0);
	expect_gone(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_killed_session_leaves_is_killed),
		cmocka_unit_test(what_a_session_that_ended_by_force_leaves_is_killed),
		cmocka_unit_test(what_a_session_that_was_left_leaves_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
