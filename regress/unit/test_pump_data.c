/* SPDX-License-Identifier: ISC */
/* Data through the pump: much of it, fairly, bounded, to descriptors of every kind. */
#include <sys/resource.h>

#include "regress/support/pump_bed.h"

static void
much_data_goes_both_ways_at_once(void **state)
{
	struct bed b;
	struct channel_id id[2];
	struct program client, child;
	struct stream_test up, down;
	int child_err;
	bool done = false;

	(void)state;
	bed_new(&b);
	open_channel(&b, "session", id);
	client = attach_client(&b, id[SIDE_CLIENT], 0);
	child = attach_server(&b, id[SIDE_SERVER], &child_err);
	up = (struct stream_test){ .total = 24 * MIB + 12345, .in = client.in, .out = child.out };
	down = (struct stream_test){ .total = 24 * MIB + 321, .in = child.in, .out = client.out };
	for (unsigned i = 0; !done; i++) {
		bool up_done = stream_step(&up);

		assert_true(i < 100000);
		done = stream_step(&down) && up_done;
		turn(&b);
	}
	assert_true(pump_backlog(b.side[SIDE_CLIENT].pump) == 0);
	program_close(&client);
	program_close(&child);
	close(child_err);
	bed_free(&b);
}

static void
a_stalled_channel_is_bounded_and_costs_the_others_nothing(void **state)
{
	struct bed b;
	struct channel_id slow[2], fast[2];
	struct program slow_client, slow_child, fast_client, fast_child;
	struct stream_test down;
	int err1, err2;
	char buf[65536];
	uint64_t pushed = 0;

	(void)state;
	bed_new(&b);
	memset(buf, 'z', sizeof(buf));
	open_channel(&b, "session", slow);
	slow_client = attach_client(&b, slow[SIDE_CLIENT], 0);
	slow_child = attach_server(&b, slow[SIDE_SERVER], &err1);
	open_channel(&b, "session", fast);
	fast_client = attach_client(&b, fast[SIDE_CLIENT], 0);
	fast_child = attach_server(&b, fast[SIDE_SERVER], &err2);
	for (unsigned i = 0; i < 400; i++) {
		ssize_t n = write(slow_child.in, buf, sizeof(buf));

		pushed += n > 0 ? (uint64_t)n : 0;
		turn(&b);
	}
	/* The first window, and what pipes hold: that is all anybody keeps. */
	assert_true(pushed < 4 * MIB);
	assert_true(pump_backlog(b.side[SIDE_CLIENT].pump) <= 2 * MIB);
	down = (struct stream_test){ .total = 16 * MIB, .in = fast_child.in, .out = fast_client.out };
	for (unsigned i = 0; !stream_step(&down); i++) {
		assert_true(i < 2000);
		(void)!write(slow_child.in, buf, sizeof(buf));
		turn(&b);
	}
	program_close(&slow_client);
	program_close(&slow_child);
	program_close(&fast_client);
	program_close(&fast_child);
	close(err1);
	close(err2);
	bed_free(&b);
}

static void
busy_channels_take_turns(void **state)
{
	struct bed b;
	struct channel_id id[3][2];
	struct program client[3], child[3];
	struct stream_test down[3];
	int err[3];

	(void)state;
	bed_new(&b);
	for (unsigned i = 0; i < 3; i++) {
		open_channel(&b, "session", id[i]);
		client[i] = attach_client(&b, id[i][SIDE_CLIENT], 0);
		child[i] = attach_server(&b, id[i][SIDE_SERVER], &err[i]);
		down[i] = (struct stream_test){ .total = 1000 * MIB, .in = child[i].in,
		    .out = client[i].out };
	}
	for (unsigned round = 0; round < 300; round++) {
		for (unsigned i = 0; i < 3; i++)
			(void)stream_step(&down[i]);
		turn(&b);
	}
	for (unsigned i = 0; i < 3; i++) {
		assert_true(down[i].got > 1 * MIB);
		assert_true(down[i].got * 2 > down[(i + 1) % 3].got);
		program_close(&client[i]);
		program_close(&child[i]);
		close(err[i]);
	}
	bed_free(&b);
}

static void
a_peer_that_does_not_read_stops_the_source(void **state)
{
	struct bed b;
	struct channel_id id[2];
	struct program child;
	int child_err;
	char buf[65536];
	uint64_t pushed = 0;
	ssize_t n;

	(void)state;
	bed_new(&b);
	memset(buf, 'z', sizeof(buf));
	open_channel(&b, "session", id);
	child = attach_server(&b, id[SIDE_SERVER], &child_err);
	/* The client's pump holds what comes, nobody attaches. */
	for (unsigned i = 0; i < 300; i++) {
		n = write(child.in, buf, sizeof(buf));
		pushed += n > 0 ? (uint64_t)n : 0;
		turn(&b);
	}
	assert_true(pushed < 4 * MIB);
	assert_true(conn_output(b.side[SIDE_SERVER].conn).len <= 2 * LIMIT_OUTPUT);
	n = write(child.in, buf, 1);
	assert_int_equal(n, -1);
	program_close(&child);
	close(child_err);
	bed_free(&b);
}

static void
sources_go_on_after_a_key_exchange(void **state)
{
	struct bed b;
	struct channel_id id[2];
	struct program client, child;
	int child_err;

	(void)state;
	bed_new(&b);
	open_channel(&b, "session", id);
	client = attach_client(&b, id[SIDE_CLIENT], 0);
	child = attach_server(&b, id[SIDE_SERVER], &child_err);
	b.side[SIDE_CLIENT].conn->stuck = true;
	say(client.in, "waits");
	turns(&b, 20);
	b.side[SIDE_CLIENT].conn->stuck = false;
	pump_kick(b.side[SIDE_CLIENT].pump);	/* as its last message would */
	expect_text(&b, child.out, "waits");
	program_close(&client);
	program_close(&child);
	close(child_err);
	bed_free(&b);
}

static void
files_and_dev_null_are_sources_and_sinks(void **state)
{
	struct bed b;
	struct channel_id id[2];
	char path[] = "/tmp/dayfly-pump-XXXXXX";
	int file = mkstemp(path), null = open("/dev/null", O_RDWR);
	int in[2], out[2];

	(void)state;
	bed_new(&b);
	open_channel(&b, "session", id);
	unlink(path);
	say(file, "contents of a file");
	assert_int_equal(lseek(file, 0, SEEK_SET), 0);
	assert_int_equal(pump_attach(b.side[SIDE_CLIENT].pump, id[SIDE_CLIENT],
	    &(struct pump_ends){ .sink = { null, -1 }, .source = { file, -1 },
	    .flags = PUMP_SHARED }), ERR_OK);
	pipe_new(in);
	pipe_new(out);
	assert_int_equal(pump_attach(b.side[SIDE_SERVER].pump, id[SIDE_SERVER],
	    &(struct pump_ends){ .sink = { in[1], -1 }, .source = { out[0], -1 } }), ERR_OK);
	say(out[1], "to /dev/null");
	expect_text(&b, in[0], "contents of a file");
	expect_end(&b, in[0]);
	turns(&b, 20);
	close(in[0]);
	close(out[1]);
	bed_free(&b);
}

static void
shared_descriptors_stay_blocking_and_never_block(void **state)
{
	struct bed b;
	struct channel_id id[2];
	struct program child;
	int child_err, in[2], out[2];
	char buf[65536];
	uint64_t pushed = 0, got = 0;
	ssize_t n;

	(void)state;
	bed_new(&b);
	memset(buf, 'q', sizeof(buf));
	open_channel(&b, "session", id);
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	/* The program's own copies stay as they are. */
	assert_int_equal(pump_attach(b.side[SIDE_CLIENT].pump, id[SIDE_CLIENT],
	    &(struct pump_ends){ .sink = { dup(out[1]), -1 }, .source = { dup(in[0]), -1 },
	    .flags = PUMP_SHARED }), ERR_OK);
	child = attach_server(&b, id[SIDE_SERVER], &child_err);
	for (unsigned i = 0; i < 100; i++) {
		n = write(child.in, buf, sizeof(buf));
		pushed += n > 0 ? (uint64_t)n : 0;
		turn(&b);		/* would hang here */
	}
	assert_false(fcntl(out[1], F_GETFL) & O_NONBLOCK);
	assert_false(fcntl(in[0], F_GETFL) & O_NONBLOCK);
	set_nonblock(out[0]);
	while (got < pushed) {
		n = read_some(out[0], buf, sizeof(buf));
		assert_true(n >= 0);
		got += (uint64_t)n;
		turn(&b);
	}
	say(in[1], "and back");
	expect_text(&b, child.out, "and back");
	close(in[0]);
	close(in[1]);
	close(out[0]);
	close(out[1]);
	program_close(&child);
	close(child_err);
	bed_free(&b);
}

static void
without_proc_shared_pipes_are_written_as_poll_promises(void **state)
{
	struct bed b;
	struct channel_id id[2];
	struct program child;
	struct rlimit old, none = { 0, 0 };
	int child_err, out[2], sink;
	char buf[65536];
	uint64_t pushed = 0, got = 0;
	ssize_t n;

	(void)state;
	bed_new(&b);
	memset(buf, 'q', sizeof(buf));
	open_channel(&b, "session", id);
	assert_int_equal(pipe(out), 0);
	sink = dup(out[1]);
	/* No descriptor is left: nothing can be opened anew. */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(pump_attach(b.side[SIDE_CLIENT].pump, id[SIDE_CLIENT],
	    &(struct pump_ends){ .sink = { sink, -1 }, .source = { -1, -1 },
	    .flags = PUMP_SHARED }), ERR_OK);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	child = attach_server(&b, id[SIDE_SERVER], &child_err);
	for (unsigned i = 0; i < 100; i++) {
		n = write(child.in, buf, sizeof(buf));
		pushed += n > 0 ? (uint64_t)n : 0;
		turn(&b);		/* would hang here */
	}
	set_nonblock(out[0]);
	while (got < pushed) {
		n = read_some(out[0], buf, sizeof(buf));
		assert_true(n >= 0);
		got += (uint64_t)n;
		turn(&b);
	}
	close(out[0]);
	close(out[1]);
	program_close(&child);
	close(child_err);
	bed_free(&b);
}

static void
shared_sockets_stay_blocking_and_never_block(void **state)
{
	struct bed b;
	struct channel_id id[2];
	struct program child;
	int child_err, fd[2];
	char buf[65536];
	uint64_t pushed = 0, got = 0;
	ssize_t n;

	(void)state;
	bed_new(&b);
	memset(buf, 'q', sizeof(buf));
	open_channel(&b, "session", id);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	assert_int_equal(pump_attach(b.side[SIDE_CLIENT].pump, id[SIDE_CLIENT],
	    &(struct pump_ends){ .sink = { dup(fd[0]), -1 }, .source = { dup(fd[0]), -1 },
	    .flags = PUMP_SHARED }), ERR_OK);
	child = attach_server(&b, id[SIDE_SERVER], &child_err);
	for (unsigned i = 0; i < 100; i++) {
		n = write(child.in, buf, sizeof(buf));
		pushed += n > 0 ? (uint64_t)n : 0;
		turn(&b);
	}
	assert_false(fcntl(fd[0], F_GETFL) & O_NONBLOCK);
	set_nonblock(fd[1]);
	while (got < pushed) {
		n = read_some(fd[1], buf, sizeof(buf));
		assert_true(n >= 0);
		got += (uint64_t)n;
		turn(&b);
	}
	close(fd[0]);
	close(fd[1]);
	program_close(&child);
	close(child_err);
	bed_free(&b);
}

/* Doubles every 'd' and swallows every 'x'. */
static size_t
double_d(void *arg, uint8_t *buf, size_t n, size_t cap)
{
	unsigned *calls = arg;
	uint8_t out[64];
	size_t len = 0;

	(*calls)++;
	assert_true(cap >= n + PUMP_FILTER_EXTRA);
	for (size_t i = 0; i < n; i++) {
		if (buf[i] == 'd')
			out[len++] = 'd';
		if (buf[i] != 'x')
			out[len++] = buf[i];
	}
	memcpy(buf, out, len);
	return len;
}

static void
a_filter_sees_what_is_sent_and_may_change_it(void **state)
{
	struct bed b;
	struct channel_id id[2];
	struct program client, child;
	unsigned calls = 0;
	int child_err;

	(void)state;
	bed_new(&b);
	open_channel(&b, "session", id);
	client = attach_client(&b, id[SIDE_CLIENT], 0);
	pump_set_filter(b.side[SIDE_CLIENT].pump, id[SIDE_CLIENT], double_d, &calls);
	child = attach_server(&b, id[SIDE_SERVER], &child_err);
	say(client.in, "x");
	TURN_UNTIL(&b, calls == 1);
	say(client.in, "axdc");
	expect_text(&b, child.out, "addc");
	program_close(&client);
	program_close(&child);
	close(child_err);
	bed_free(&b);
}



struct escape {
	struct bed *b;
	struct channel_id id;
	unsigned calls;
};

/* A user's escape: does something with the connection in the middle of a read. */
static size_t
send_break(void *arg, uint8_t *buf, size_t n, size_t cap)
{
	struct escape *e = arg;

	(void)cap;
	e->calls++;
	if (buf[0] == '~')
		conn_channel_request(e->b->side[SIDE_CLIENT].conn, e->id, "break", false,
		    SPAN_LIT("\0\0\0\1"));
	return n;
}

static void
a_filter_is_heard_while_the_channel_takes_nothing(void **state)
{
	struct bed b;
	struct channel_id id[2];
	struct program client, child;
	struct escape escape;
	char buf[65536];
	int child_err;

	(void)state;
	bed_new(&b);
	memset(buf, 'v', sizeof(buf));
	open_channel(&b, "session", id);
	client = attach_client(&b, id[SIDE_CLIENT], 0);
	child = attach_server(&b, id[SIDE_SERVER], &child_err);
	escape = (struct escape){ .b = &b, .id = id[SIDE_CLIENT] };
	pump_set_filter(b.side[SIDE_CLIENT].pump, id[SIDE_CLIENT], send_break, &escape);
	b.side[SIDE_CLIENT].conn->stuck = true;
	say(client.in, "typed ");
	TURN_UNTIL(&b, escape.calls == 1);
	say(client.in, "~B");
	TURN_UNTIL(&b, escape.calls == 2);
	TURN_UNTIL(&b, b.side[SIDE_SERVER].seen.n_requests == 1);
	/* It is bounded all the same. */
	for (unsigned i = 0; i < 100; i++) {
		(void)!write(client.in, buf, sizeof(buf));
		turn(&b);
	}
	assert_true(escape.calls < 30);
	b.side[SIDE_CLIENT].conn->stuck = false;
	pump_kick(b.side[SIDE_CLIENT].pump);
	expect_text(&b, child.out, "typed ~B");
	program_close(&client);
	program_close(&child);
	close(child_err);
	bed_free(&b);
}

static void
what_is_held_goes_when_it_is_released_and_before_the_end(void **state)
{
	struct bed b;
	struct channel_id id[2];
	struct program client, child;
	unsigned calls = 0;
	int child_err;
	char c;

	(void)state;
	bed_new(&b);
	open_channel(&b, "session", id);
	client = attach_client(&b, id[SIDE_CLIENT], 0);
	pump_set_filter(b.side[SIDE_CLIENT].pump, id[SIDE_CLIENT], double_d, &calls);
	child = attach_server(&b, id[SIDE_SERVER], &child_err);
	assert_false(pump_release(b.side[SIDE_CLIENT].pump, id[SIDE_CLIENT]));
	pump_hold(b.side[SIDE_CLIENT].pump, id[SIDE_CLIENT], true);
	say(client.in, "a");
	TURN_UNTIL(&b, calls == 1);
	say(client.in, "d");
	TURN_UNTIL(&b, calls == 2);
	for (unsigned i = 0; i < 10; i++)
		turn(&b);
	assert_int_equal(read(child.out, &c, 1), -1);
	assert_true(pump_release(b.side[SIDE_CLIENT].pump, id[SIDE_CLIENT]));
	expect_text(&b, child.out, "add");
	assert_false(pump_release(b.side[SIDE_CLIENT].pump, id[SIDE_CLIENT]));
	/* The end waits for what is held. */
	say(client.in, "z");
	TURN_UNTIL(&b, calls == 3);
	close(client.in);
	client.in = -1;
	for (unsigned i = 0; i < 10; i++)
		turn(&b);
	assert_int_equal(read(child.out, &c, 1), -1);
	assert_true(pump_release(b.side[SIDE_CLIENT].pump, id[SIDE_CLIENT]));
	expect_text(&b, child.out, "z");
	expect_end(&b, child.out);
	program_close(&client);
	program_close(&child);
	close(child_err);
	bed_free(&b);
}

static void
what_came_out_of_a_filter_is_sent_before_the_end(void **state)
{
	struct bed b;
	struct channel_id id[2];
	struct program client, child;
	struct escape escape;
	int child_err;

	(void)state;
	bed_new(&b);
	open_channel(&b, "session", id);
	client = attach_client(&b, id[SIDE_CLIENT], 0);
	child = attach_server(&b, id[SIDE_SERVER], &child_err);
	escape = (struct escape){ .b = &b, .id = id[SIDE_CLIENT] };
	pump_set_filter(b.side[SIDE_CLIENT].pump, id[SIDE_CLIENT], send_break, &escape);
	b.side[SIDE_CLIENT].conn->stuck = true;
	say(client.in, "last");
	close(client.in);
	client.in = -1;
	turns(&b, 20);
	b.side[SIDE_CLIENT].conn->stuck = false;
	pump_kick(b.side[SIDE_CLIENT].pump);
	expect_text(&b, child.out, "last");
	expect_end(&b, child.out);
	program_close(&client);
	program_close(&child);
	close(child_err);
	bed_free(&b);
}

static void
a_paused_source_is_not_read_until_it_is_resumed(void **state)
{
	struct bed b;
	struct channel_id id[2];
	struct program client, child;
	struct pollfd pfd;
	int child_err;

	(void)state;
	bed_new(&b);
	open_channel(&b, "session", id);
	client = attach_client(&b, id[SIDE_CLIENT], 0);
	child = attach_server(&b, id[SIDE_SERVER], &child_err);
	pump_pause(b.side[SIDE_CLIENT].pump, id[SIDE_CLIENT], true);
	say(client.in, "later");
	turns(&b, 20);
	pfd = (struct pollfd){ .fd = child.out, .events = POLLIN };
	assert_int_equal(poll(&pfd, 1, 0), 0);
	pump_pause(b.side[SIDE_CLIENT].pump, id[SIDE_CLIENT], false);
	expect_text(&b, child.out, "later");
	/* The program may also declare the end itself. */
	pump_end_source(b.side[SIDE_CLIENT].pump, id[SIDE_CLIENT]);
	expect_end(&b, child.out);
	program_close(&client);
	program_close(&child);
	close(child_err);
	bed_free(&b);
}

static void
an_idle_pump_does_not_turn(void **state)
{
	struct bed b;
	struct channel_id id[2];
	struct program client, child;
	int child_err;
	msec before;

	(void)state;
	bed_new(&b);
	open_channel(&b, "session", id);
	client = attach_client(&b, id[SIDE_CLIENT], 0);
	child = attach_server(&b, id[SIDE_SERVER], &child_err);
	turns(&b, 20);
	before = loop_time(b.loop);
	assert_int_equal(loop_turn(b.loop, before + 30), ERR_OK);
	assert_true(loop_time(b.loop) - before >= 29);
	program_close(&client);
	program_close(&child);
	close(child_err);
	bed_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(much_data_goes_both_ways_at_once),
		cmocka_unit_test(a_stalled_channel_is_bounded_and_costs_the_others_nothing),
		cmocka_unit_test(busy_channels_take_turns),
		cmocka_unit_test(a_peer_that_does_not_read_stops_the_source),
		cmocka_unit_test(sources_go_on_after_a_key_exchange),
		cmocka_unit_test(files_and_dev_null_are_sources_and_sinks),
		cmocka_unit_test(shared_descriptors_stay_blocking_and_never_block),
		cmocka_unit_test(without_proc_shared_pipes_are_written_as_poll_promises),
		cmocka_unit_test(shared_sockets_stay_blocking_and_never_block),
		cmocka_unit_test(a_filter_sees_what_is_sent_and_may_change_it),
		cmocka_unit_test(a_filter_is_heard_while_the_channel_takes_nothing),
		cmocka_unit_test(what_is_held_goes_when_it_is_released_and_before_the_end),
		cmocka_unit_test(what_came_out_of_a_filter_is_sent_before_the_end),
		cmocka_unit_test(a_paused_source_is_not_read_until_it_is_resumed),
		cmocka_unit_test(an_idle_pump_does_not_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
