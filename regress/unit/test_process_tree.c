/* SPDX-License-Identifier: ISC */
/* os/process_tree: descendants that have done their best to get away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/process.h"
#include "os/process_tree.h"

/* Everything below holds the write end of a pipe; its end says that all are gone. */
static void
expect_all_gone(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[64];
	ssize_t n = 1;

	while (n > 0) {
		assert_int_equal(poll(&p, 1, 10000), 1);
		n = read(fd, buf, sizeof(buf));
	}
	assert_int_equal(n, 0);
}

/* Runs a shell script with the pipe as standard output, and waits for its word. */
static pid_t
start(const char *script, int *fd)
{
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char *)script, NULL };
	struct process_job job = process_job("/bin/sh", argv);
	struct process_fd fds[1];
	char c;
	pid_t pid;
	int p[2];

	assert_int_equal(pipe(p), 0);
	fds[0] = (struct process_fd){ p[1], 1 };
	job.fds = fds;
	job.n_fds = 1;
	assert_int_equal(process_start(&job, &pid), ERR_OK);
	close(p[1]);
	assert_int_equal(read(p[0], &c, 1), 1);
	*fd = p[0];
	return pid;
}

/* In a process of its own, which adopts orphans; what it says is its exit status. */
static void
in_a_child(int (*body)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(process_adopt_orphans() == ERR_OK ? body() : 99);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int
kill_what_got_away(void)
{
	int fd;

	/* A session of its own, an orphan in it, deaf to signals, with a child. */
	(void)start("setsid sh -c 'trap \"\" HUP TERM INT; (sh -c \"sleep 1000; :\" & echo x; sleep 1000)' & exit 0", &fd);
	if (process_kill_descendants(getpid(), -1) != ERR_OK)
		return 1;
	expect_all_gone(fd);
	return 0;
}

static void
what_got_away_into_a_session_of_its_own_is_killed(void **state)
{
	(void)state;
	in_a_child(kill_what_got_away);
}

static int
kill_below_one_child(void)
{
	int fd, other_fd, status, pidfd;
	pid_t other = start("echo x; sleep 1000", &other_fd);
	pid_t root = start("(echo x; sleep 1000; :); exit 7", &fd);

	pidfd = (int)syscall(SYS_pidfd_open, root, 0);
	if (process_kill_descendants(root, pidfd) != ERR_OK)
		return 1;
	/* It has lost its child and goes on by itself. */
	if (waitpid(root, &status, 0) != root || !WIFEXITED(status) || WEXITSTATUS(status) != 7)
		return 2;
	if (waitpid(other, &status, WNOHANG) != 0)
		return 3;
	/* A root that has ended has no descendants any more, whoever has its number now. */
	if (process_kill_descendants(getpid(), pidfd) != ERR_OK || waitpid(other, &status, WNOHANG) != 0)
		return 4;
	kill(other, SIGKILL);
	return 0;
}

static void
the_root_itself_and_strangers_are_not_touched(void **state)
{
	(void)state;
	in_a_child(kill_below_one_child);
}

static int
kill_what_forks(void)
{
	int fd;

	(void)start("echo x; while :; do sh -c 'sleep 0.01 & sleep 1000 & exit' ; done", &fd);
	if (process_kill_descendants(getpid(), -1) != ERR_OK)
		return 1;
	expect_all_gone(fd);
	return 0;
}

static void
what_starts_more_meanwhile_is_followed(void **state)
{
	(void)state;
	in_a_child(kill_what_forks);
}

static int
kill_nothing(void)
{
	return process_kill_descendants(getpid(), -1) == ERR_OK ? 0 : 1;
}

static void
without_descendants_nothing_is_killed(void **state)
{
	(void)state;
	in_a_child(kill_nothing);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_got_away_into_a_session_of_its_own_is_killed),
		cmocka_unit_test(the_root_itself_and_strangers_are_not_touched),
		cmocka_unit_test(what_starts_more_meanwhile_is_followed),
		cmocka_unit_test(without_descendants_nothing_is_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
