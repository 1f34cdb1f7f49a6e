/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "os/pty_modes.h"

static void
termios_survives_the_way_to_modes_and_back(void **state)
{
	struct termios a = { .c_iflag = ICRNL | IXON | IUTF8, .c_oflag = OPOST | ONLCR,
	    .c_cflag = CS8 | CREAD, .c_lflag = ISIG | ICANON | ECHO | ECHOE | IEXTEN };
	struct termios b = { .c_cflag = CREAD };
	struct pty_modes m;

	(void)state;
	a.c_cc[VINTR] = 3;
	a.c_cc[VEOF] = 4;
	a.c_cc[VSUSP] = _POSIX_VDISABLE;
	assert_int_equal(cfsetispeed(&a, B38400), 0);
	assert_int_equal(cfsetospeed(&a, B115200), 0);
	b.c_cc[VSUSP] = 26;
	pty_modes_from_termios(&m, &a);
	assert_int_equal(m.arg[PTY_MODE_VSUSP], 255);
	assert_int_equal(m.arg[PTY_MODE_CS8], 1);
	assert_int_equal(m.arg[PTY_MODE_CS7], 0);
	assert_int_equal(m.arg[PTY_MODE_OP_OSPEED], 115200);
	pty_modes_to_termios(&m, &b);
	assert_int_equal(a.c_iflag, b.c_iflag);
	assert_int_equal(a.c_oflag, b.c_oflag);
	assert_int_equal(a.c_cflag, b.c_cflag);
	assert_int_equal(a.c_lflag, b.c_lflag);
	assert_memory_equal(a.c_cc, b.c_cc, sizeof(a.c_cc));
	assert_int_equal(cfgetospeed(&b), B115200);
}

static void
modes_that_are_not_said_leave_the_terminal_alone(void **state)
{
	struct termios a = { .c_lflag = ECHO | ISIG, .c_cflag = CS8 };
	struct pty_modes m = { .has = { false } };

	(void)state;
	a.c_cc[VINTR] = 3;
	pty_modes_set(&m, PTY_MODE_ECHO, 0);
	pty_modes_set(&m, PTY_MODE_CS7, 0);
	pty_modes_to_termios(&m, &a);
	assert_int_equal(a.c_lflag, ISIG);
	assert_int_equal(a.c_cflag, CS8);
	assert_int_equal(a.c_cc[VINTR], 3);
}

static void
values_from_a_hostile_peer_do_no_harm(void **state)
{
	struct termios a;
	struct pty_modes m = { .has = { false } };

	(void)state;
	memset(&a, 0, sizeof(a));
	for (unsigned op = 1; op < PTY_MODE_COUNT; op++)
		pty_modes_set(&m, op, UINT32_MAX);
	pty_modes_to_termios(&m, &a);
	assert_int_equal(a.c_cflag & CSIZE, CS8);
	assert_int_equal(a.c_lflag & ECHO, ECHO);
}

static void
a_speed_that_does_not_exist_here_is_left_out(void **state)
{
	struct termios a;
	struct pty_modes m = { .has = { false } };

	(void)state;
	memset(&a, 0, sizeof(a));
	assert_int_equal(cfsetospeed(&a, B9600), 0);
	pty_modes_set(&m, PTY_MODE_OP_OSPEED, 12345);
	pty_modes_to_termios(&m, &a);
	assert_int_equal(cfgetospeed(&a), B9600);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(termios_survives_the_way_to_modes_and_back),
		cmocka_unit_test(modes_that_are_not_said_leave_the_terminal_alone),
		cmocka_unit_test(values_from_a_hostile_peer_do_no_harm),
		cmocka_unit_test(a_speed_that_does_not_exist_here_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
