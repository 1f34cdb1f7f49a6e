/* SPDX-License-Identifier: ISC */
/* The life of a channel between descriptors: how it begins, and all ways it ends. */
#include "regress/support/alloc.h"
#include "regress/support/pump_bed.h"

static void
streams_are_carried_and_kept_apart(void **state)
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
	say(client.in, "to the child");
	say(child.in, "its output");
	say(child_err, "its errors");
	expect_text(&b, child.out, "to the child");
	expect_text(&b, client.out, "its output");
	expect_text(&b, client.err, "its errors");
	/* EOF one way, and the other way goes on. */
	close(client.in);
	client.in = -1;
	expect_end(&b, child.out);
	say(child.in, "still here");
	expect_text(&b, client.out, "still here");
	program_close(&client);
	program_close(&child);
	close(child_err);
	bed_free(&b);
}

static void
an_exit_status_comes_after_all_output(void **state)
{
	struct bed b;
	struct channel_id id[2];
	struct program client, child;
	int child_err;
	size_t sent = 0, got = 0;
	ssize_t n = 0;
	char buf[65536];

	(void)state;
	bed_new(&b);
	memset(buf, 'o', sizeof(buf));
	open_channel(&b, "session", id);
	client = attach_client(&b, id[SIDE_CLIENT], 0);
	child = attach_server(&b, id[SIDE_SERVER], &child_err);
	while (sent < 1 * MIB) {
		n = write(child.in, buf, sizeof(buf));
		sent += n > 0 ? (size_t)n : 0;
		turn(&b);
	}
	/* The child has written its last, ended, and nobody has read all that. */
	assert_int_equal(pump_finish(b.side[SIDE_SERVER].pump, id[SIDE_SERVER],
	    "exit-status", SPAN_LIT("\0\0\0\7")), ERR_OK);
	close(child_err);
	close(child.in);
	child.in = -1;
	while (n != -1) {
		turn(&b);
		n = read_some(client.out, buf, sizeof(buf));
		got += n > 0 ? (size_t)n : 0;
	}
	assert_int_equal(got, sent);
	TURN_UNTIL(&b, b.side[SIDE_CLIENT].seen.closed && b.side[SIDE_SERVER].seen.closed);
	assert_string_equal(b.side[SIDE_CLIENT].seen.request, "exit-status");
	assert_int_equal(b.side[SIDE_CLIENT].seen.status, 7);
	assert_int_equal(b.side[SIDE_CLIENT].seen.n_requests, 1);
	TURN_UNTIL(&b, b.side[SIDE_CLIENT].seen.n_detached == 1);
	assert_int_equal(b.side[SIDE_SERVER].seen.n_detached, 1);
	program_close(&client);
	program_close(&child);
	bed_free(&b);
}

static void
an_exit_status_does_not_wait_for_others_that_hold_the_pipe(void **state)
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
	say(child.in, "output");
	assert_int_equal(pump_finish(b.side[SIDE_SERVER].pump, id[SIDE_SERVER],
	    "exit-status", SPAN_LIT("\0\0\0\4")), ERR_OK);
	TURN_UNTIL(&b, b.side[SIDE_CLIENT].seen.n_requests == 1);
	assert_int_equal(b.side[SIDE_CLIENT].seen.status, 4);
	expect_text(&b, client.out, "output");
	/* A background job writes on, and when it ends the channel does. */
	say(child.in, "later");
	expect_text(&b, client.out, "later");
	assert_false(b.side[SIDE_CLIENT].seen.closed);
	close(child.in);
	child.in = -1;
	close(child_err);
	TURN_UNTIL(&b, b.side[SIDE_CLIENT].seen.closed);
	assert_int_equal(b.side[SIDE_CLIENT].seen.n_requests, 1);
	program_close(&client);
	program_close(&child);
	bed_free(&b);
}

static void
an_exit_without_descriptors_is_told_at_once(void **state)
{
	struct bed b;
	struct channel_id id[2];

	(void)state;
	bed_new(&b);
	open_channel(&b, "session", id);
	assert_int_equal(pump_finish(b.side[SIDE_SERVER].pump, id[SIDE_SERVER],
	    "exit-status", SPAN_LIT("\0\0\0\1")), ERR_OK);
	TURN_UNTIL(&b, b.side[SIDE_CLIENT].seen.closed && b.side[SIDE_SERVER].seen.closed);
	assert_int_equal(b.side[SIDE_CLIENT].seen.status, 1);
	bed_free(&b);
}

static void
what_comes_before_the_descriptors_is_held_for_them(void **state)
{
	struct bed b;
	struct channel_id id[2];
	struct program client, child;
	int child_err;

	(void)state;
	bed_new(&b);
	open_channel(&b, "session", id);
	client = attach_client(&b, id[SIDE_CLIENT], 0);
	say(client.in, "early data");
	close(client.in);
	client.in = -1;
	turns(&b, 20);
	assert_int_equal(b.side[SIDE_SERVER].seen.n_data, 0);
	child = attach_server(&b, id[SIDE_SERVER], &child_err);
	expect_text(&b, child.out, "early data");
	expect_end(&b, child.out);
	program_close(&client);
	program_close(&child);
	close(child_err);
	bed_free(&b);
}

static void
a_manual_channel_is_left_to_the_program(void **state)
{
	struct bed b;
	struct channel_id id[2];
	struct program client;

	(void)state;
	bed_new(&b);
	open_channel(&b, "session", id);
	assert_int_equal(pump_set_manual(b.side[SIDE_SERVER].pump, id[SIDE_SERVER]), ERR_OK);
	client = attach_client(&b, id[SIDE_CLIENT], 0);
	say(client.in, "x");
	TURN_UNTIL(&b, b.side[SIDE_SERVER].seen.n_data == 1);
	program_close(&client);
	bed_free(&b);
}

static void
tags_are_the_programs_and_outlive_the_channel(void **state)
{
	struct bed b;
	struct channel_id id[2];

	(void)state;
	bed_new(&b);
	open_channel(&b, "session", id);
	assert_int_equal(pump_set_tag(b.side[SIDE_SERVER].pump, id[SIDE_SERVER], &b), ERR_OK);
	assert_ptr_equal(pump_tag(b.side[SIDE_SERVER].pump, id[SIDE_SERVER]), &b);
	channels_close(b.side[SIDE_CLIENT].conn->cs, id[SIDE_CLIENT]);
	pump_kick(b.side[SIDE_CLIENT].pump);
	TURN_UNTIL(&b, b.side[SIDE_SERVER].seen.closed);
	assert_ptr_equal(b.side[SIDE_SERVER].seen.tag, &b);
	assert_null(pump_tag(b.side[SIDE_SERVER].pump, id[SIDE_SERVER]));
	assert_int_equal(pump_set_tag(b.side[SIDE_SERVER].pump, id[SIDE_SERVER], &b), ERR_NOTFOUND);
	bed_free(&b);
}

static void
descriptors_for_a_channel_that_is_gone_are_closed(void **state)
{
	struct bed b;
	int fd[2];

	(void)state;
	bed_new(&b);
	pipe_new(fd);
	assert_int_equal(pump_attach(b.side[SIDE_SERVER].pump, (struct channel_id){ 5 },
	    &(struct pump_ends){ .sink = { fd[1], -1 }, .source = { -1, -1 } }), ERR_NOTFOUND);
	expect_end(&b, fd[0]);
	close(fd[0]);
	bed_free(&b);
}

static void
without_memory_attaching_fails_and_closes_the_descriptors(void **state)
{
	enum err e = ERR_NOMEM;

	(void)state;
	for (unsigned n = 0; e != ERR_OK; n++) {
		struct bed b;
		struct channel_id id[2];
		int in[2], out[2];

		bed_new(&b);
		open_channel(&b, "session", id);
		pipe_new(in);
		pipe_new(out);
		alloc_fail_after(n);
		e = pump_attach(b.side[SIDE_SERVER].pump, id[SIDE_SERVER],
		    &(struct pump_ends){ .sink = { in[1], -1 }, .source = { out[0], -1 } });
		alloc_fail_never();
		if (e != ERR_OK) {
			assert_int_equal(e, ERR_NOMEM);
			expect_end(&b, in[0]);
			assert_int_equal(write(out[1], "x", 1), -1);
			assert_int_equal(errno, EPIPE);
		}
		close(in[0]);
		close(out[1]);
		bed_free(&b);
	}
}

static void
without_memory_for_a_backlog_the_connection_ends(void **state)
{
	struct bed b;
	struct channel_id id[2];
	struct program client;

	(void)state;
	bed_new(&b);
	open_channel(&b, "session", id);
	client = attach_client(&b, id[SIDE_CLIENT], 0);
	say(client.in, "nobody takes it");
	turn(&b);			/* the client has sent it */
	alloc_fail_after(0);
	TURN_UNTIL(&b, b.side[SIDE_SERVER].seen.ended);
	alloc_fail_never();
	assert_int_equal(b.side[SIDE_SERVER].seen.why, ERR_NOMEM);
	program_close(&client);
	bed_free(&b);
}

static void
a_sink_nobody_reads_ends_the_peers_source(void **state)
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
	close(client.out);
	client.out = -1;
	say(child.in, "into the void");
	/* eow@openssh.com makes the server close what the child writes to. */
	TURN_UNTIL(&b, write(child.in, "y\n", 2) == -1 && errno == EPIPE);
	assert_int_equal(b.side[SIDE_SERVER].seen.n_requests, 0);
	say(child_err, "broken pipe?");
	expect_text(&b, client.err, "broken pipe?");
	program_close(&client);
	program_close(&child);
	close(child_err);
	bed_free(&b);
}

static void
sinks_are_drained_after_the_channel_is_closed(void **state)
{
	struct bed b;
	struct channel_id id[2];
	struct program client, child;
	int child_err;
	char buf[65536];
	size_t sent = 0, got = 0;
	ssize_t n;

	(void)state;
	bed_new(&b);
	memset(buf, 'o', sizeof(buf));
	open_channel(&b, "session", id);
	client = attach_client(&b, id[SIDE_CLIENT], 0);
	child = attach_server(&b, id[SIDE_SERVER], &child_err);
	for (unsigned i = 0; i < 16; i++) {
		n = write(child.in, buf, sizeof(buf));
		sent += n > 0 ? (size_t)n : 0;
		turns(&b, 3);
	}
	assert_true(sent > 256 * 1024);
	close(child_err);
	close(child.in);
	child.in = -1;
	assert_int_equal(pump_finish(b.side[SIDE_SERVER].pump, id[SIDE_SERVER],
	    "exit-status", SPAN_LIT("\0\0\0\0")), ERR_OK);
	TURN_UNTIL(&b, b.side[SIDE_CLIENT].seen.closed);
	/* The server is gone as well; what it sent is not. */
	pump_disconnect(b.side[SIDE_SERVER].pump, 11, "bye");
	TURN_UNTIL(&b, b.side[SIDE_CLIENT].seen.ended && b.side[SIDE_SERVER].seen.ended);
	assert_int_equal(b.side[SIDE_SERVER].seen.why, ERR_OK);
	assert_int_equal(b.side[SIDE_CLIENT].seen.why, ERR_CLOSED);
	assert_int_equal(b.side[SIDE_CLIENT].seen.n_detached, 0);
	assert_true(pump_backlog(b.side[SIDE_CLIENT].pump) > 0);
	do {
		turn(&b);
		n = read_some(client.out, buf, sizeof(buf));
		got += n > 0 ? (size_t)n : 0;
	} while (n != -1);
	assert_int_equal(got, sent);
	assert_int_equal(b.side[SIDE_CLIENT].seen.n_detached, 1);
	program_close(&client);
	program_close(&child);
	bed_free(&b);
}

static void
channels_that_are_gone_leave_no_more_than_a_bounded_backlog(void **state)
{
	static char data[4096];
	struct bed b;
	struct channel_id id[2];
	struct program client;
	int never_read[50];
	size_t most = 0;

	(void)state;
	bed_new(&b);
	/* A server whose programs never read, and a client that closes and opens again. */
	for (size_t i = 0; i < COUNT(never_read); i++) {
		size_t sent = 0;
		int sink[2];

		b.side[SIDE_CLIENT].seen.closed = false;
		open_channel(&b, "session", id);
		pipe_new(sink);
		never_read[i] = sink[0];
		assert_int_equal(pump_attach(b.side[SIDE_SERVER].pump, id[SIDE_SERVER],
		    &(struct pump_ends){ .sink = { sink[1], -1 }, .source = { -1, -1 } }), ERR_OK);
		client = attach_client(&b, id[SIDE_CLIENT], 0);
		while (sent < 2 * MIB - 64 * 1024) {
			ssize_t n = write(client.in, data, sizeof(data));

			sent += n > 0 ? (size_t)n : 0;
			turn(&b);
		}
		turns(&b, 50);
		conn_channel_close(b.side[SIDE_CLIENT].conn, id[SIDE_CLIENT]);
		pump_kick(b.side[SIDE_CLIENT].pump);
		TURN_UNTIL(&b, b.side[SIDE_CLIENT].seen.closed);
		turns(&b, 3);
		if (pump_backlog(b.side[SIDE_SERVER].pump) > most)
			most = pump_backlog(b.side[SIDE_SERVER].pump);
		program_close(&client);
	}
	assert_true(most > LIMIT_WINDOW_BUDGET - 2 * MIB);
	assert_true(most < LIMIT_WINDOW_BUDGET + 2 * MIB);
	bed_free(&b);
	for (size_t i = 0; i < COUNT(never_read); i++)
		close(never_read[i]);
}

static void
a_socket_is_half_closed_and_its_channel_closed_in_the_end(void **state)
{
	struct bed b;
	struct channel_id id[2];
	int near[2], far[2];
	char c;

	(void)state;
	bed_new(&b);
	open_channel(&b, "direct-tcpip", id);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, near), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, far), 0);
	assert_int_equal(pump_attach(b.side[SIDE_CLIENT].pump, id[SIDE_CLIENT],
	    &(struct pump_ends){ .sink = { near[0], -1 }, .source = { near[0], -1 },
	    .flags = PUMP_SOCKET }), ERR_OK);
	assert_int_equal(pump_attach(b.side[SIDE_SERVER].pump, id[SIDE_SERVER],
	    &(struct pump_ends){ .sink = { far[0], -1 }, .source = { far[0], -1 },
	    .flags = PUMP_SOCKET }), ERR_OK);
	say(near[1], "request");
	assert_int_equal(shutdown(near[1], SHUT_WR), 0);
	expect_text(&b, far[1], "request");
	expect_end(&b, far[1]);
	assert_false(b.side[SIDE_CLIENT].seen.closed);
	say(far[1], "answer");
	expect_text(&b, near[1], "answer");
	close(far[1]);
	expect_end(&b, near[1]);
	TURN_UNTIL(&b, b.side[SIDE_CLIENT].seen.n_detached == 1 &&
	    b.side[SIDE_SERVER].seen.n_detached == 1);
	assert_int_equal(read(near[1], &c, 1), 0);
	close(near[1]);
	bed_free(&b);
}

static void
a_reset_socket_closes_its_channel(void **state)
{
	struct bed b;
	struct channel_id id[2];
	int near[2], far[2];

	(void)state;
	bed_new(&b);
	open_channel(&b, "direct-tcpip", id);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, near), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, far), 0);
	assert_int_equal(pump_attach(b.side[SIDE_CLIENT].pump, id[SIDE_CLIENT],
	    &(struct pump_ends){ .sink = { near[0], -1 }, .source = { near[0], -1 },
	    .flags = PUMP_SOCKET }), ERR_OK);
	assert_int_equal(pump_attach(b.side[SIDE_SERVER].pump, id[SIDE_SERVER],
	    &(struct pump_ends){ .sink = { far[0], -1 }, .source = { far[0], -1 },
	    .flags = PUMP_SOCKET }), ERR_OK);
	/* The target closes with data unread, while more is on its way. */
	say(near[1], "data that is never read");
	turns(&b, 10);
	close(far[1]);
	(void)!write(near[1], "more", 4);
	turns(&b, 10);
	(void)!write(near[1], "more", 4);
	expect_end(&b, near[1]);
	close(near[1]);
	TURN_UNTIL(&b, b.side[SIDE_CLIENT].seen.n_detached == 1 &&
	    b.side[SIDE_SERVER].seen.n_detached == 1);
	bed_free(&b);
}

static void
the_end_of_the_connection_is_told_once_and_ends_all_channels(void **state)
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
	pump_free(b.side[SIDE_SERVER].pump);
	b.side[SIDE_SERVER].pump = NULL;
	expect_end(&b, child.out);
	TURN_UNTIL(&b, b.side[SIDE_CLIENT].seen.ended);
	assert_int_equal(b.side[SIDE_CLIENT].seen.why, ERR_CLOSED);
	assert_int_equal(b.side[SIDE_CLIENT].seen.n_detached, 1);
	assert_true(pump_has_ended(b.side[SIDE_CLIENT].pump));
	expect_end(&b, client.out);
	program_close(&client);
	program_close(&child);
	close(child_err);
	bed_free(&b);
}

static void
a_pty_session_ends_when_its_child_has_although_the_pty_is_held(void **state)
{
	struct bed b;
	struct channel_id id[2];
	struct program client;
	int slave;

	(void)state;
	bed_new(&b);
	open_channel(&b, "session", id);
	client = attach_client(&b, id[SIDE_CLIENT], 0);
	slave = attach_pty(&b, id[SIDE_SERVER]);
	say(client.in, "typed");
	expect_text(&b, client.out, "typed");	/* the echo */
	say(slave, "last words");
	/* A background job keeps the terminal open: that must not matter. */
	assert_int_equal(pump_finish(b.side[SIDE_SERVER].pump, id[SIDE_SERVER],
	    "exit-status", SPAN_LIT("\0\0\0\2")), ERR_OK);
	expect_text(&b, client.out, "last words");
	TURN_UNTIL(&b, b.side[SIDE_CLIENT].seen.closed && b.side[SIDE_SERVER].seen.closed);
	assert_int_equal(b.side[SIDE_CLIENT].seen.status, 2);
	close(slave);
	program_close(&client);
	bed_free(&b);
}

static void
a_pty_whose_last_process_has_gone_gives_its_end(void **state)
{
	struct bed b;
	struct channel_id id[2];
	struct program client;
	int slave;

	(void)state;
	bed_new(&b);
	open_channel(&b, "session", id);
	client = attach_client(&b, id[SIDE_CLIENT], 0);
	slave = attach_pty(&b, id[SIDE_SERVER]);
	say(slave, "bye");
	close(slave);
	expect_text(&b, client.out, "bye");
	expect_end(&b, client.out);	/* EIO from the master is EOF to the peer */
	program_close(&client);
	bed_free(&b);
}

static void
a_pty_is_hung_up_when_its_channel_is_gone(void **state)
{
	struct bed b;
	struct channel_id id[2];
	struct program client;
	char c;
	int slave;

	(void)state;
	bed_new(&b);
	open_channel(&b, "session", id);
	client = attach_client(&b, id[SIDE_CLIENT], 0);
	slave = attach_pty(&b, id[SIDE_SERVER]);
	close(client.in);		/* EOF alone is no hang-up */
	client.in = -1;
	turns(&b, 20);
	say(slave, "here");
	expect_text(&b, client.out, "here");
	channels_close(b.side[SIDE_CLIENT].conn->cs, id[SIDE_CLIENT]);
	pump_kick(b.side[SIDE_CLIENT].pump);
	TURN_UNTIL(&b, read(slave, &c, 1) != -1 || errno != EAGAIN);
	assert_int_equal(read(slave, &c, 1), 0);
	close(slave);
	program_close(&client);
	bed_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_are_carried_and_kept_apart),
		cmocka_unit_test(an_exit_status_comes_after_all_output),
		cmocka_unit_test(an_exit_status_does_not_wait_for_others_that_hold_the_pipe),
		cmocka_unit_test(an_exit_without_descriptors_is_told_at_once),
		cmocka_unit_test(what_comes_before_the_descriptors_is_held_for_them),
		cmocka_unit_test(a_manual_channel_is_left_to_the_program),
		cmocka_unit_test(tags_are_the_programs_and_outlive_the_channel),
		cmocka_unit_test(descriptors_for_a_channel_that_is_gone_are_closed),
		cmocka_unit_test(without_memory_attaching_fails_and_closes_the_descriptors),
		cmocka_unit_test(without_memory_for_a_backlog_the_connection_ends),
		cmocka_unit_test(a_sink_nobody_reads_ends_the_peers_source),
		cmocka_unit_test(sinks_are_drained_after_the_channel_is_closed),
		cmocka_unit_test(channels_that_are_gone_leave_no_more_than_a_bounded_backlog),
		cmocka_unit_test(a_socket_is_half_closed_and_its_channel_closed_in_the_end),
		cmocka_unit_test(a_reset_socket_closes_its_channel),
		cmocka_unit_test(the_end_of_the_connection_is_told_once_and_ends_all_channels),
		cmocka_unit_test(a_pty_session_ends_when_its_child_has_although_the_pty_is_held),
		cmocka_unit_test(a_pty_whose_last_process_has_gone_gives_its_end),
		cmocka_unit_test(a_pty_is_hung_up_when_its_channel_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
