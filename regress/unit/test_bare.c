/* SPDX-License-Identifier: ISC */
/* A connection between two processes of one user: no keys, no login, no padding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/limits.h"
#include "conn/conn.h"
#include "crypto/random.h"
#include "regress/support/alloc.h"

static struct conn *
make(enum side side)
{
	const struct conn_config config = { .side = side, .is_bare = true, .rng = rng_system() };
	struct conn *c;

	assert_int_equal(conn_new(&c, &config, 0), ERR_OK);
	return c;
}

/* Gives bytes to a connection. */
static void
feed(struct conn *c, struct span bytes)
{
	while (bytes.len > 0) {
		struct room room = conn_room(c);
		size_t n = bytes.len < room.len ? bytes.len : room.len;

		if (n == 0)
			return;
		memcpy(room.p, bytes.p, n);
		(void)conn_received(c, n, 0);
		bytes = span_skip(bytes, n);
	}
}

/* Moves what one has to say to the other; returns how many bytes. */
static size_t
move(struct conn *from, struct conn *to)
{
	struct span out = conn_output(from);
	size_t n = out.len;

	feed(to, out);
	conn_sent(from, n);
	return n;
}

static struct event
next(struct conn *c, enum event_type type)
{
	struct event ev;

	assert_true(conn_next(c, &ev));
	assert_int_equal(ev.type, type);
	return ev;
}

/* Feeds one packet with the payload given, as it stands on the wire. */
static struct event
after(struct conn *c, const char *bytes, size_t n)
{
	struct event ev = { .type = EV_NONE };

	feed(c, span_of((const uint8_t *)bytes, n));
	(void)!conn_next(c, &ev);
	return ev;
}

#define AFTER(c, bytes)		after((c), (bytes), sizeof(bytes) - 1)

static void
it_begins_behind_the_login_and_says_nothing_of_itself(void **state)
{
	struct conn *client = make(SIDE_CLIENT), *server = make(SIDE_SERVER);
	struct channel_id id;
	struct event ev;

	(void)state;
	assert_int_equal(conn_output(client).len, 0);
	assert_int_equal(conn_output(server).len, 0);
	assert_int_equal(conn_session_id(client).len, 0);
	assert_int_equal(conn_channel_open(client, "session", SPAN_EMPTY, &id), ERR_OK);
	assert_memory_equal(conn_output(client).p, "\0\0\0\x19\0\x5a\0\0\0\7session", 17);
	move(client, server);
	ev = next(server, EV_NEED_CHANNEL);
	conn_answer_channel(server, ev.channel, SPAN_EMPTY);
	move(server, client);
	(void)next(client, EV_CHANNEL_OPENED);
	conn_free(client);
	conn_free(server);
}

static void
data_crosses_both_ways_within_the_windows(void **state)
{
	struct conn *client = make(SIDE_CLIENT), *server = make(SIDE_SERVER);
	struct channel_id id;
	struct room room;
	struct event ev;

	(void)state;
	assert_int_equal(conn_channel_open(client, "session", SPAN_EMPTY, &id), ERR_OK);
	move(client, server);
	ev = next(server, EV_NEED_CHANNEL);
	conn_answer_channel(server, ev.channel, SPAN_EMPTY);
	move(server, client);
	(void)next(client, EV_CHANNEL_OPENED);
	for (size_t sum = 0; sum < 4 * 1024 * 1024;) {
		room = conn_channel_room(client, id, STREAM_DATA);
		if (room.len > 0) {
			memset(room.p, 'x', room.len);
			conn_channel_send(client, id, STREAM_DATA, room.len);
		}
		move(client, server);
		while (conn_next(server, &ev)) {
			assert_int_equal(ev.type, EV_CHANNEL_DATA);
			sum += ev.data.len;
			conn_channel_consumed(server, ev.channel, ev.data.len);
		}
		move(server, client);
		while (conn_next(client, &ev))
			assert_int_equal(ev.type, EV_CHANNEL_WINDOW);
	}
	conn_free(client);
	conn_free(server);
}

/* OpenSSH's ssh takes no packet_length below 5 there. */
static void
the_shortest_answers_are_padded_and_read_without_it(void **state)
{
	struct conn *client = make(SIDE_CLIENT), *server = make(SIDE_SERVER);
	struct event ev;

	(void)state;
	conn_global_request(client, "tcpip-forward", true, SPAN_EMPTY);
	move(client, server);
	ev = next(server, EV_GLOBAL_REQUEST);
	conn_answer_global_request(server, ev.id, true, SPAN_EMPTY);
	assert_int_equal(conn_output(server).len, 9);
	assert_memory_equal(conn_output(server).p, "\0\0\0\5\3\x51", 6);
	move(server, client);
	ev = next(client, EV_GLOBAL_REPLY);
	assert_true(ev.ok);
	assert_int_equal(ev.body.len, 0);
	conn_free(client);
	conn_free(server);
}

static void
messages_of_the_transport_and_of_the_login_end_it(void **state)
{
	(void)state;
	for (unsigned number = 0; number < 80; number++)
		for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
			const char packet[] = { 0, 0, 0, 6, 0, (char)number, 0, 0, 0, 0 };
			struct conn *c = make(side);
			struct event ev = after(c, packet, sizeof(packet));

			if (number == 0 || number > 4)
				assert_int_equal(ev.type, EV_FAILED);
			/* A packet that was taken for the end must not be sent on as one. */
			assert_int_equal(number > 4 ? conn_output(c).len : 0, 0);
			conn_free(c);
		}
}

static void
lengths_and_padding_that_leave_no_payload_end_it(void **state)
{
	(void)state;
	for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
		static const char *const bad[] = { "\0\0\0\0\0\0", "\0\0\0\1\0\x5a", "\0\0\0\2\1\x5a",
			"\0\0\0\2\xff\x5a", "\0\4\0\1\0\x5a", "\xff\xff\xff\xff\0\x5a" };

		for (size_t i = 0; i < COUNT(bad); i++) {
			struct conn *c = make(side);
			struct event ev = after(c, bad[i], 6);

			assert_int_equal(ev.type, EV_FAILED);
			assert_int_equal(conn_output(c).len, 0);
			conn_free(c);
		}
	}
}

static void
no_keys_are_ever_exchanged_there(void **state)
{
	struct conn *c = make(SIDE_CLIENT);

	(void)state;
	conn_rekey(c);
	assert_int_equal(conn_output(c).len, 0);
	(void)conn_received(c, 0, (msec)1000 * 24 * 3600 * 1000);
	assert_int_equal(conn_output(c).len, 0);
	assert_int_equal(conn_deadline(c), MSEC_NEVER);
	conn_free(c);
}

/* A master's server would take it for the end of all that the others have. */
static void
a_goodbye_is_not_said_but_meant(void **state)
{
	struct conn *c = make(SIDE_CLIENT);
	struct channel_id id;

	(void)state;
	conn_disconnect(c, 11, "disconnected by user");
	assert_int_equal(conn_output(c).len, 0);
	(void)!conn_channel_open(c, "session", SPAN_EMPTY, &id);
	assert_int_equal(conn_output(c).len, 0);
	conn_free(c);
}

static void
memory_that_fails_at_any_time_ends_only_this_connection(void **state)
{
	static const char open[] = "\0\0\0\x19\0\x5a\0\0\0\7session\0\0\0\1\0\1\0\0\0\0\x80\0";

	(void)state;
	for (unsigned nth = 0;; nth++) {
		const struct conn_config config = { .side = SIDE_SERVER, .is_bare = true,
		    .rng = rng_system() };
		struct conn *c = NULL;
		struct event ev;
		bool failed;

		alloc_fail_once(nth);
		if (conn_new(&c, &config, 0) == ERR_OK) {
			feed(c, span_of((const uint8_t *)open, sizeof(open) - 1));
			while (conn_next(c, &ev))
				if (ev.type == EV_NEED_CHANNEL)
					conn_answer_channel(c, ev.channel, SPAN_EMPTY);
		}
		failed = alloc_failed();
		alloc_fail_never();
		conn_free(c);
		if (!failed) {
			assert_true(nth > 4);
			return;
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_begins_behind_the_login_and_says_nothing_of_itself),
		cmocka_unit_test(data_crosses_both_ways_within_the_windows),
		cmocka_unit_test(the_shortest_answers_are_padded_and_read_without_it),
		cmocka_unit_test(messages_of_the_transport_and_of_the_login_end_it),
		cmocka_unit_test(lengths_and_padding_that_leave_no_payload_end_it),
		cmocka_unit_test(no_keys_are_ever_exchanged_there),
		cmocka_unit_test(a_goodbye_is_not_said_but_meant),
		cmocka_unit_test(memory_that_fails_at_any_time_ends_only_this_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
