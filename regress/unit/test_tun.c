/* SPDX-License-Identifier: ISC */
/* os/tun.c with a socket of messages in the device's place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cc.h"
#include "os/tun.h"

struct fixture {
	struct loop *loop;
	struct tun *tun;
	int kernel;			/* the other end of the device */
	int peer;			/* what is attached to the channel */
	unsigned done;
};

/* As the programs do. */
static void
on_done(void *arg)
{
	struct fixture *f = arg;

	f->done++;
	tun_free(f->tun);
	f->tun = NULL;
}

static void
set_up(struct fixture *f, enum tun_mode mode)
{
	int pair[2];

	*f = (struct fixture){ .done = 0 };
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	f->kernel = pair[1];
	assert_int_equal(loop_new(&f->loop), ERR_OK);
	assert_int_equal(tun_new(&f->tun, f->loop, pair[0], mode, &f->peer, on_done, f), ERR_OK);
}

static void
tear_down(struct fixture *f)
{
	tun_free(f->tun);
	loop_free(f->loop);
	if (f->kernel != -1)
		close(f->kernel);
	if (f->peer != -1)
		close(f->peer);
}

/* Sends bytes into one end and compares what comes out of the other; NULL: nothing. */
static void
expect(struct fixture *f, int from, const char *in, size_t in_len, int to, const char *out, size_t out_len)
{
	char buf[200];

	assert_int_equal(write(from, in, in_len), in_len);
	assert_int_equal(loop_turn(f->loop, 100), ERR_OK);
	assert_int_equal(recv(to, buf, sizeof(buf), MSG_DONTWAIT), out == NULL ? -1 : (ssize_t)out_len);
	if (out != NULL)
		assert_memory_equal(buf, out, out_len);
}

#define EXPECT(f, from, in, to, out)	expect(f, from, in, sizeof(in) - 1, to, out, sizeof(out) - 1)
#define EXPECT_NOTHING(f, from, in, to)	expect(f, from, in, sizeof(in) - 1, to, NULL, 0)

static void
ip_packets_get_the_family_that_travels(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, TUN_MODE_IP);
	EXPECT(&f, f.kernel, "\0\0\x08\0four", f.peer, "\0\0\0\2four");
	EXPECT(&f, f.kernel, "\0\0\x86\xddsix", f.peer, "\0\0\0\x18six");
	EXPECT(&f, f.peer, "\0\0\0\2four", f.kernel, "\0\0\x08\0four");
	EXPECT(&f, f.peer, "\0\0\0\x18six", f.kernel, "\0\0\x86\xddsix");
	tear_down(&f);
}

static void
what_is_no_ip_packet_is_lost_and_nothing_else(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, TUN_MODE_IP);
	EXPECT_NOTHING(&f, f.kernel, "\0\0\x08\x06""arp", f.peer);
	EXPECT_NOTHING(&f, f.kernel, "\0\0\x08\0", f.peer);
	EXPECT_NOTHING(&f, f.peer, "\0\0\0\3xxx", f.kernel);
	EXPECT_NOTHING(&f, f.peer, "\0\0\2", f.kernel);
	EXPECT(&f, f.peer, "\0\0\0\2four", f.kernel, "\0\0\x08\0four");
	assert_int_equal(f.done, 0);
	tear_down(&f);
}

static void
ethernet_frames_travel_as_they_are(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, TUN_MODE_ETHERNET);
	EXPECT(&f, f.kernel, "frame", f.peer, "frame");
	EXPECT(&f, f.peer, "\0\0\0\3", f.kernel, "\0\0\0\3");
	tear_down(&f);
}

static void
a_packet_that_is_too_long_is_lost(void **state)
{
	static char big[100 * 1024];
	struct fixture f;

	(void)state;
	set_up(&f, TUN_MODE_ETHERNET);
	assert_int_equal(write(f.peer, big, sizeof(big)), sizeof(big));
	EXPECT(&f, f.peer, "frame", f.kernel, "frame");
	tear_down(&f);
}

static void
the_end_of_the_device_is_told_once(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, TUN_MODE_IP);
	close(f.kernel);
	f.kernel = -1;
	for (int i = 0; i < 3; i++)
		assert_int_equal(loop_turn(f.loop, 10), ERR_OK);
	assert_int_equal(f.done, 1);
	tear_down(&f);
}

static void
a_tunnel_may_be_freed_by_who_is_told_of_its_end(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, TUN_MODE_IP);
	assert_int_equal(write(f.peer, "\0\0\0\2four", 8), 8);
	close(f.peer);
	f.peer = -1;
	for (int i = 0; i < 3; i++)
		assert_int_equal(loop_turn(f.loop, 10), ERR_OK);
	assert_int_equal(f.done, 1);
	tear_down(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ip_packets_get_the_family_that_travels),
		cmocka_unit_test(what_is_no_ip_packet_is_lost_and_nothing_else),
		cmocka_unit_test(ethernet_frames_travel_as_they_are),
		cmocka_unit_test(a_packet_that_is_too_long_is_lost),
		cmocka_unit_test(a_tunnel_may_be_freed_by_who_is_told_of_its_end),
		cmocka_unit_test(the_end_of_the_device_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
