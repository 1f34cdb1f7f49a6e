/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/loop.h"

struct seen {
	struct loop *loop;
	struct watch *watch;
	struct timer *timer[3];
	unsigned calls;
	unsigned events;
	char order[8];
	int signo;
	pid_t sender;
};

static void
on_ready(void *arg, unsigned events)
{
	struct seen *s = arg;

	s->calls++;
	s->events |= events;
}

static void
on_ready_free_it(void *arg, unsigned events)
{
	struct seen *s = arg;

	(void)events;
	s->calls++;
	watch_free(s->watch);
}

static void
a_watch_hears_what_it_asked_for_and_nothing_else(void **state)
{
	struct seen s = { .calls = 0 };
	int p[2];

	(void)state;
	assert_int_equal(loop_new(&s.loop), ERR_OK);
	assert_int_equal(pipe2(p, O_NONBLOCK), 0);
	assert_int_equal(loop_watch(s.loop, &s.watch, p[0], LOOP_READ, on_ready, &s), ERR_OK);
	assert_int_equal(loop_turn(s.loop, 0), ERR_OK);
	assert_int_equal(s.calls, 0);
	assert_int_equal(write(p[1], "x", 1), 1);
	assert_int_equal(loop_turn(s.loop, MSEC_NEVER), ERR_OK);
	assert_int_equal(s.calls, 1);
	assert_int_equal(s.events, LOOP_READ);
	watch_set(s.watch, 0);
	assert_int_equal(loop_turn(s.loop, 0), ERR_OK);
	assert_int_equal(s.calls, 1);
	loop_free(s.loop);
	close(p[0]);
	close(p[1]);
}

static void
a_hang_up_that_nobody_waits_for_does_not_spin(void **state)
{
	struct seen s = { .calls = 0 };
	int p[2];

	(void)state;
	assert_int_equal(loop_new(&s.loop), ERR_OK);
	assert_int_equal(pipe2(p, O_NONBLOCK), 0);
	assert_int_equal(loop_watch(s.loop, &s.watch, p[0], 0, on_ready, &s), ERR_OK);
	close(p[1]);
	assert_int_equal(loop_turn(s.loop, 0), ERR_OK);
	assert_int_equal(s.calls, 0);
	watch_set(s.watch, LOOP_READ);
	assert_int_equal(loop_turn(s.loop, 0), ERR_OK);
	assert_int_equal(s.calls, 1);
	assert_true(s.events & LOOP_HANGUP);
	assert_true(s.events & LOOP_READ);
	loop_free(s.loop);
	close(p[0]);
}

static void
a_watch_may_be_freed_from_its_own_call(void **state)
{
	struct seen s = { .calls = 0 };
	int p[2];

	(void)state;
	assert_int_equal(loop_new(&s.loop), ERR_OK);
	assert_int_equal(pipe2(p, O_NONBLOCK), 0);
	assert_int_equal(write(p[1], "x", 1), 1);
	assert_int_equal(loop_watch(s.loop, &s.watch, p[0], LOOP_READ, on_ready_free_it, &s), ERR_OK);
	assert_int_equal(loop_turn(s.loop, 0), ERR_OK);
	assert_int_equal(loop_turn(s.loop, 0), ERR_OK);
	assert_int_equal(s.calls, 1);
	loop_free(s.loop);
	close(p[0]);
	close(p[1]);
}

static void
a_descriptor_that_cannot_be_polled_is_always_ready(void **state)
{
	struct seen s = { .calls = 0 };
	int fd = open("/dev/null", O_RDWR);
	int file = open("/proc/self/exe", O_RDONLY);
	struct watch *other;

	(void)state;
	assert_int_equal(loop_new(&s.loop), ERR_OK);
	assert_int_equal(loop_watch(s.loop, &s.watch, fd, LOOP_READ, on_ready_free_it, &s), ERR_OK);
	assert_int_equal(loop_watch(s.loop, &other, file, LOOP_READ, on_ready, &s), ERR_OK);
	assert_int_equal(loop_turn(s.loop, MSEC_NEVER), ERR_OK);
	assert_int_equal(loop_turn(s.loop, MSEC_NEVER), ERR_OK);
	assert_true(s.calls >= 2);
	watch_set(other, 0);
	s.calls = 0;
	assert_int_equal(loop_turn(s.loop, 0), ERR_OK);
	assert_int_equal(s.calls, 0);
	loop_free(s.loop);
	close(fd);
	close(file);
}

static void
on_due_0(void *arg)
{
	struct seen *s = arg;

	s->order[s->calls++] = '0';
}

static void
on_due_1(void *arg)
{
	struct seen *s = arg;

	s->order[s->calls++] = '1';
	timer_free(s->timer[2]);
	timer_free(s->timer[1]);
	s->timer[1] = s->timer[2] = NULL;
}

static void
on_due_2(void *arg)
{
	struct seen *s = arg;

	s->order[s->calls++] = '2';
}

static void
timers_fire_in_order_once_and_may_free_each_other(void **state)
{
	struct seen s = { .calls = 0 };
	msec now = clock_boot();

	(void)state;
	assert_int_equal(loop_new(&s.loop), ERR_OK);
	assert_int_equal(loop_timer(s.loop, &s.timer[0], on_due_0, &s), ERR_OK);
	assert_int_equal(loop_timer(s.loop, &s.timer[1], on_due_1, &s), ERR_OK);
	assert_int_equal(loop_timer(s.loop, &s.timer[2], on_due_2, &s), ERR_OK);
	timer_set(s.timer[2], now - 1);
	timer_set(s.timer[1], now - 2);
	timer_set(s.timer[0], now - 3);
	assert_int_equal(loop_turn(s.loop, MSEC_NEVER), ERR_OK);
	assert_int_equal(loop_turn(s.loop, 0), ERR_OK);
	assert_string_equal(s.order, "01");
	timer_free(s.timer[0]);
	loop_free(s.loop);
}

static void
fire_again_at_once(void *arg)
{
	struct seen *s = arg;

	if (++s->calls < 1000)
		timer_set(s->timer[0], 0);
}

static void
fire_once(void *arg)
{
	struct seen *s = arg;

	s->events++;
}

static void
a_timer_that_sets_itself_anew_leaves_the_others_their_turn(void **state)
{
	struct seen s = { .calls = 0 };
	struct seen reader = { .calls = 0 };
	int p[2];

	(void)state;
	assert_int_equal(loop_new(&s.loop), ERR_OK);
	assert_int_equal(pipe2(p, O_NONBLOCK), 0);
	assert_int_equal(loop_watch(s.loop, &reader.watch, p[0], LOOP_READ, on_ready, &reader), ERR_OK);
	assert_int_equal(loop_timer(s.loop, &s.timer[0], fire_again_at_once, &s), ERR_OK);
	assert_int_equal(loop_timer(s.loop, &s.timer[1], fire_once, &s), ERR_OK);
	timer_set(s.timer[0], 0);
	timer_set(s.timer[1], loop_time(s.loop));
	assert_int_equal(loop_turn(s.loop, 0), ERR_OK);
	assert_true(s.calls <= 2);
	assert_int_equal(write(p[1], "x", 1), 1);
	for (int i = 0; i < 10; i++)
		assert_int_equal(loop_turn(s.loop, MSEC_NEVER), ERR_OK);
	assert_true(s.calls <= 22);
	assert_int_equal(reader.calls, 10);
	assert_int_equal(s.events, 1);
	loop_free(s.loop);
	close(p[0]);
	close(p[1]);
}

static void
a_stopped_timer_does_not_fire(void **state)
{
	struct seen s = { .calls = 0 };

	(void)state;
	assert_int_equal(loop_new(&s.loop), ERR_OK);
	assert_int_equal(loop_timer(s.loop, &s.timer[0], on_due_0, &s), ERR_OK);
	timer_set(s.timer[0], 1);
	timer_set(s.timer[0], MSEC_NEVER);
	assert_int_equal(loop_turn(s.loop, 0), ERR_OK);
	assert_int_equal(s.calls, 0);
	timer_free(s.timer[0]);
	loop_free(s.loop);
}

static void
on_signal(void *arg, int signo)
{
	struct seen *s = arg;

	s->signo = signo;
	s->sender = loop_signal_sender(s->loop);
	loop_stop(s->loop);
}

static void
signals_come_through_the_loop(void **state)
{
	struct seen s = { .calls = 0 };

	(void)state;
	assert_int_equal(loop_new(&s.loop), ERR_OK);
	assert_int_equal(loop_signal(s.loop, SIGUSR1, on_signal, &s), ERR_OK);
	assert_int_equal(kill(getpid(), SIGUSR1), 0);
	assert_int_equal(s.signo, 0);
	assert_int_equal(loop_run(s.loop), ERR_OK);
	assert_int_equal(s.signo, SIGUSR1);
	assert_int_equal(s.sender, getpid());
	loop_free(s.loop);
	loop_signals_reset();
}

static void
the_signal_of_a_child_says_which_it_was(void **state)
{
	struct seen s = { .calls = 0 };
	pid_t child;

	(void)state;
	assert_int_equal(loop_new(&s.loop), ERR_OK);
	assert_int_equal(loop_signal(s.loop, SIGCHLD, on_signal, &s), ERR_OK);
	child = fork();
	if (child == 0)
		_exit(0);
	assert_int_not_equal(child, -1);
	assert_int_equal(loop_run(s.loop), ERR_OK);
	assert_int_equal(s.signo, SIGCHLD);
	assert_int_equal(s.sender, child);
	assert_int_equal(waitpid(child, NULL, 0), child);
	loop_free(s.loop);
	loop_signals_reset();
}

static bool has_no_memory;

/* The kernel's, but for a share of watches that is used up (epoll(7), max_user_watches). */
int
epoll_ctl(int epfd, int op, int fd, struct epoll_event *ev)
{
	if (has_no_memory && op == EPOLL_CTL_ADD) {
		errno = ENOSPC;
		return -1;
	}
	return (int)syscall(SYS_epoll_ctl, epfd, op, fd, ev);
}

static void
a_watch_that_the_kernel_has_no_memory_for_is_tried_again(void **state)
{
	struct seen s = { .calls = 0 };
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(loop_new(&s.loop), ERR_OK);
	assert_int_equal(loop_watch(s.loop, &s.watch, ends[0], 0, on_ready, &s), ERR_OK);
	has_no_memory = true;
	watch_set(s.watch, LOOP_READ);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(loop_turn(s.loop, loop_time(s.loop)), ERR_OK);
	assert_int_equal(loop_turn(s.loop, loop_time(s.loop)), ERR_OK);
	assert_int_equal(s.calls, 0);
	has_no_memory = false;
	/* Soon, though nothing else would end the turn. */
	assert_int_equal(loop_turn(s.loop, MSEC_NEVER), ERR_OK);
	assert_int_equal(s.calls, 1);
	/* One that is freed before there was memory is forgotten. */
	watch_set(s.watch, 0);
	has_no_memory = true;
	watch_set(s.watch, LOOP_READ);
	watch_free(s.watch);
	has_no_memory = false;
	assert_int_equal(loop_turn(s.loop, loop_time(s.loop)), ERR_OK);
	assert_int_equal(s.calls, 1);
	loop_free(s.loop);
	close(ends[0]);
	close(ends[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_watch_hears_what_it_asked_for_and_nothing_else),
		cmocka_unit_test(a_hang_up_that_nobody_waits_for_does_not_spin),
		cmocka_unit_test(a_watch_that_the_kernel_has_no_memory_for_is_tried_again),
		cmocka_unit_test(a_watch_may_be_freed_from_its_own_call),
		cmocka_unit_test(a_descriptor_that_cannot_be_polled_is_always_ready),
		cmocka_unit_test(timers_fire_in_order_once_and_may_free_each_other),
		cmocka_unit_test(a_timer_that_sets_itself_anew_leaves_the_others_their_turn),
		cmocka_unit_test(a_stopped_timer_does_not_fire),
		cmocka_unit_test(signals_come_through_the_loop),
		cmocka_unit_test(the_signal_of_a_child_says_which_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
