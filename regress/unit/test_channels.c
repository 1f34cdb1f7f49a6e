/* SPDX-License-Identifier: ISC */
/* The connection layers of a client and a server, joined. */
#include "regress/support/alloc.h"
#include "regress/support/channels_pair.h"

static void
a_channel_is_opened_used_and_closed(void **state)
{
	struct channels_pair p;
	struct channel_id id[2];
	int tag;

	(void)state;
	pair_new(&p);
	pair_open(&p, SIDE_CLIENT, "session", id);
	channels_set_tag(p.cs[SIDE_SERVER], id[SIDE_SERVER], &tag);
	pair_send(&p, SIDE_CLIENT, id[SIDE_CLIENT], STREAM_DATA, "to server");
	pair_expect(&p, SIDE_CLIENT, EV_CHANNEL_DATA);
	assert_true(span_is(p.ev.data, "to server"));
	assert_ptr_equal(p.ev.tag, &tag);
	pair_send(&p, SIDE_SERVER, id[SIDE_SERVER], STREAM_STDERR, "to client");
	pair_expect(&p, SIDE_SERVER, EV_CHANNEL_DATA);
	assert_int_equal(p.ev.stream, STREAM_STDERR);
	channels_eof(p.cs[SIDE_CLIENT], id[SIDE_CLIENT]);
	pair_expect(&p, SIDE_CLIENT, EV_CHANNEL_EOF);
	pair_send(&p, SIDE_SERVER, id[SIDE_SERVER], STREAM_DATA, "after your EOF");
	pair_expect(&p, SIDE_SERVER, EV_CHANNEL_DATA);
	channels_close(p.cs[SIDE_SERVER], id[SIDE_SERVER]);
	pair_expect(&p, SIDE_SERVER, EV_CHANNEL_EOF);
	pair_expect(&p, SIDE_SERVER, EV_CHANNEL_CLOSED);
	assert_int_equal(channels_count(p.cs[SIDE_CLIENT]), 0);
	pair_expect(&p, SIDE_CLIENT, EV_CHANNEL_CLOSED);
	assert_ptr_equal(p.ev.tag, &tag);
	assert_int_equal(channels_count(p.cs[SIDE_SERVER]), 0);
	assert_true(pair_is_quiet(&p, SIDE_SERVER));
	pair_free(&p);
}

static void
an_open_can_be_refused_with_a_reason(void **state)
{
	struct channels_pair p;
	struct channel_id id;

	(void)state;
	pair_new(&p);
	assert_int_equal(channels_open(p.cs[SIDE_CLIENT], "direct-tcpip",
	    SPAN_LIT("body"), &id), ERR_OK);
	pair_expect(&p, SIDE_CLIENT, EV_NEED_CHANNEL);
	assert_true(span_is(p.ev.open.type, "direct-tcpip"));
	assert_true(span_is(p.ev.open.body, "body"));
	channels_refuse(p.cs[SIDE_SERVER], p.ev.channel, OPEN_CONNECT_FAILED, "no route");
	assert_int_equal(channels_count(p.cs[SIDE_SERVER]), 0);
	pair_expect(&p, SIDE_SERVER, EV_CHANNEL_REFUSED);
	assert_int_equal(p.ev.reason, OPEN_CONNECT_FAILED);
	assert_true(span_is(p.ev.text, "no route"));
	assert_int_equal(channels_count(p.cs[SIDE_CLIENT]), 0);
	pair_free(&p);
}

static void
a_channel_given_up_before_its_confirmation_is_closed_then(void **state)
{
	struct channels_pair p;
	struct channel_id id;

	(void)state;
	pair_new(&p);
	assert_int_equal(channels_open(p.cs[SIDE_CLIENT], "session", SPAN_EMPTY, &id), ERR_OK);
	channels_close(p.cs[SIDE_CLIENT], id);
	pair_expect(&p, SIDE_CLIENT, EV_NEED_CHANNEL);
	channels_accept(p.cs[SIDE_SERVER], p.ev.channel, SPAN_EMPTY);
	pair_expect(&p, SIDE_SERVER, EV_NONE);
	pair_expect(&p, SIDE_CLIENT, EV_CHANNEL_CLOSED);
	pair_expect(&p, SIDE_SERVER, EV_CHANNEL_CLOSED);
	assert_int_equal(channels_count(p.cs[SIDE_CLIENT]), 0);
	pair_free(&p);
}

static void
a_channel_given_up_and_then_refused_is_gone(void **state)
{
	struct channels_pair p;
	struct channel_id id;

	(void)state;
	pair_new(&p);
	assert_int_equal(channels_open(p.cs[SIDE_CLIENT], "session", SPAN_EMPTY, &id), ERR_OK);
	channels_close(p.cs[SIDE_CLIENT], id);
	pair_expect(&p, SIDE_CLIENT, EV_NEED_CHANNEL);
	channels_close(p.cs[SIDE_SERVER], p.ev.channel);	/* refuses it */
	pair_expect(&p, SIDE_SERVER, EV_CHANNEL_REFUSED);
	assert_int_equal(channels_count(p.cs[SIDE_CLIENT]), 0);
	pair_free(&p);
}

static void
calls_about_a_channel_that_is_gone_do_nothing(void **state)
{
	struct channels_pair p;
	struct channel_id id[2];
	struct channels *cs;

	(void)state;
	pair_new(&p);
	pair_open(&p, SIDE_CLIENT, "session", id);
	channels_close(p.cs[SIDE_CLIENT], id[SIDE_CLIENT]);
	pair_expect(&p, SIDE_CLIENT, EV_CHANNEL_EOF);
	pair_expect(&p, SIDE_CLIENT, EV_CHANNEL_CLOSED);
	pair_expect(&p, SIDE_SERVER, EV_CHANNEL_CLOSED);
	cs = p.cs[SIDE_SERVER];
	channels_accept(cs, id[SIDE_SERVER], SPAN_EMPTY);
	channels_refuse(cs, id[SIDE_SERVER], 1, "");
	assert_int_equal(channels_room(cs, id[SIDE_SERVER], STREAM_DATA).len, 0);
	channels_send(cs, id[SIDE_SERVER], STREAM_DATA, 5);
	channels_consumed(cs, id[SIDE_SERVER], 5);
	channels_stop(cs, id[SIDE_SERVER]);
	channels_eof(cs, id[SIDE_SERVER]);
	channels_close(cs, id[SIDE_SERVER]);
	channels_request(cs, id[SIDE_SERVER], "exit-status", false, SPAN_EMPTY);
	channels_answer_request(cs, id[SIDE_SERVER], 1, true);
	channels_set_tag(cs, id[SIDE_SERVER], cs);
	assert_null(channels_tag(cs, id[SIDE_SERVER]));
	assert_true(pair_is_quiet(&p, SIDE_SERVER));
	pair_free(&p);
}

static void
an_answer_to_an_old_channel_does_not_hit_the_new_one_in_its_place(void **state)
{
	struct channels_pair p;
	struct channel_id old[2], new[2];

	(void)state;
	pair_new(&p);
	pair_open(&p, SIDE_CLIENT, "session", old);
	channels_close(p.cs[SIDE_CLIENT], old[SIDE_CLIENT]);
	pair_expect(&p, SIDE_CLIENT, EV_CHANNEL_EOF);
	pair_expect(&p, SIDE_CLIENT, EV_CHANNEL_CLOSED);
	pair_expect(&p, SIDE_SERVER, EV_CHANNEL_CLOSED);
	pair_open(&p, SIDE_CLIENT, "session", new);
	channels_close(p.cs[SIDE_SERVER], old[SIDE_SERVER]);
	assert_true(pair_is_quiet(&p, SIDE_SERVER));
	assert_int_equal(channels_count(p.cs[SIDE_SERVER]), 1);
	pair_free(&p);
}

static void
a_loan_that_is_not_used_costs_nothing(void **state)
{
	struct channels_pair p;
	struct channel_id id[2];
	size_t len;

	(void)state;
	pair_new(&p);
	pair_open(&p, SIDE_CLIENT, "session", id);
	len = channels_room(p.cs[SIDE_CLIENT], id[SIDE_CLIENT], STREAM_DATA).len;
	assert_true(len > 0);
	channels_send(p.cs[SIDE_CLIENT], id[SIDE_CLIENT], STREAM_DATA, 0);
	assert_true(pair_is_quiet(&p, SIDE_CLIENT));
	assert_int_equal(channels_room(p.cs[SIDE_CLIENT], id[SIDE_CLIENT], STREAM_DATA).len, len);
	pair_free(&p);
}

static void
loans_grow_with_what_is_used_of_them_and_shrink_again(void **state)
{
	struct channels_pair p;
	struct channel_id id[2];
	size_t first, len;

	(void)state;
	pair_new(&p);
	pair_open(&p, SIDE_CLIENT, "session", id);
	first = channels_room(p.cs[SIDE_CLIENT], id[SIDE_CLIENT], STREAM_DATA).len;
	assert_true(first <= 4096);
	for (unsigned i = 0; i < 10; i++) {
		struct room room = channels_room(p.cs[SIDE_CLIENT], id[SIDE_CLIENT], STREAM_DATA);

		memset(room.p, 0, room.len);
		channels_send(p.cs[SIDE_CLIENT], id[SIDE_CLIENT], STREAM_DATA, room.len);
	}
	len = channels_room(p.cs[SIDE_CLIENT], id[SIDE_CLIENT], STREAM_DATA).len;
	assert_true(len >= 65536);
	for (unsigned i = 0; i < 10; i++)
		pair_send(&p, SIDE_CLIENT, id[SIDE_CLIENT], STREAM_DATA, "key");
	assert_int_equal(channels_room(p.cs[SIDE_CLIENT], id[SIDE_CLIENT], STREAM_DATA).len, first);
	pair_free(&p);
}

static void
nothing_is_lent_while_the_transport_cannot_send(void **state)
{
	struct channels_pair p;
	struct channel_id id[2];

	(void)state;
	pair_new(&p);
	pair_open(&p, SIDE_CLIENT, "session", id);
	p.wire[SIDE_CLIENT].lend_most = 0;
	assert_int_equal(channels_room(p.cs[SIDE_CLIENT], id[SIDE_CLIENT], STREAM_DATA).len, 0);
	pair_free(&p);
}

static void
a_program_that_stopped_reading_gets_no_data_but_stderr(void **state)
{
	struct channels_pair p;
	struct channel_id id[2];

	(void)state;
	pair_new(&p);
	channels_set_peer_ident(p.cs[SIDE_CLIENT], SPAN_LIT("SSH-2.0-OpenSSH_9.2p1 Debian"));
	pair_open(&p, SIDE_CLIENT, "session", id);
	channels_stop(p.cs[SIDE_CLIENT], id[SIDE_CLIENT]);
	channels_stop(p.cs[SIDE_CLIENT], id[SIDE_CLIENT]);
	pair_expect(&p, SIDE_CLIENT, EV_CHANNEL_REQUEST);
	assert_true(span_is(p.ev.request, "eow@openssh.com"));
	assert_true(pair_is_quiet(&p, SIDE_CLIENT));
	pair_send(&p, SIDE_SERVER, id[SIDE_SERVER], STREAM_DATA, "unwanted");
	pair_expect(&p, SIDE_SERVER, EV_NONE);
	pair_send(&p, SIDE_SERVER, id[SIDE_SERVER], STREAM_STDERR, "a warning");
	pair_expect(&p, SIDE_SERVER, EV_CHANNEL_DATA);
	pair_free(&p);
}

static void
eow_is_not_sent_to_peers_that_may_not_know_it(void **state)
{
	struct channels_pair p;
	struct channel_id id[2];

	(void)state;
	pair_new(&p);
	channels_set_peer_ident(p.cs[SIDE_CLIENT], SPAN_LIT("SSH-2.0-dropbear_2022.83"));
	pair_open(&p, SIDE_CLIENT, "session", id);
	channels_stop(p.cs[SIDE_CLIENT], id[SIDE_CLIENT]);
	assert_true(pair_is_quiet(&p, SIDE_CLIENT));
	pair_free(&p);
}

/* Pushes n bytes from client to server, consumed at once. */
static void
push(struct channels_pair *p, struct channel_id id[2], size_t n)
{
	while (n > 0) {
		struct room room = channels_room(p->cs[SIDE_CLIENT], id[SIDE_CLIENT], STREAM_DATA);
		size_t part = room.len < n ? room.len : n;

		assert_true(part > 0);
		memset(room.p, 'x', part);
		channels_send(p->cs[SIDE_CLIENT], id[SIDE_CLIENT], STREAM_DATA, part);
		pair_expect(p, SIDE_CLIENT, EV_CHANNEL_DATA);
		channels_consumed(p->cs[SIDE_SERVER], id[SIDE_SERVER], p->ev.data.len);
		while (pair_step(p, SIDE_SERVER))
			;
		n -= part;
	}
}

static void
data_flows_for_ever_when_it_is_consumed(void **state)
{
	struct channels_pair p;
	struct channel_id id[2];

	(void)state;
	pair_new(&p);
	pair_open(&p, SIDE_CLIENT, "session", id);
	push(&p, id, 64u * 1024 * 1024 + 1);
	pair_free(&p);
}

static void
bulk_data_allocates_nothing(void **state)
{
	struct channels_pair p;
	struct channel_id id[2];
	unsigned long before;

	(void)state;
	pair_new(&p);
	pair_open(&p, SIDE_CLIENT, "session", id);
	push(&p, id, 4u * 1024 * 1024);
	before = alloc_count();
	push(&p, id, 4u * 1024 * 1024);
	assert_int_equal(alloc_count(), before);
	pair_free(&p);
}

static void
data_after_our_close_is_dropped_and_not_credited(void **state)
{
	struct channels_pair p;
	struct channel_id id[2];

	(void)state;
	pair_new(&p);
	pair_open(&p, SIDE_CLIENT, "session", id);
	channels_close(p.cs[SIDE_SERVER], id[SIDE_SERVER]);
	channels_close(p.cs[SIDE_SERVER], id[SIDE_SERVER]);
	for (unsigned i = 0; i < 30; i++) {
		struct room room = channels_room(p.cs[SIDE_CLIENT], id[SIDE_CLIENT], STREAM_DATA);

		memset(room.p, 0, room.len);
		channels_send(p.cs[SIDE_CLIENT], id[SIDE_CLIENT], STREAM_DATA, room.len);
		pair_expect(&p, SIDE_CLIENT, EV_NONE);
	}
	pair_expect(&p, SIDE_SERVER, EV_CHANNEL_EOF);
	pair_expect(&p, SIDE_SERVER, EV_CHANNEL_CLOSED);
	assert_true(pair_is_quiet(&p, SIDE_SERVER));
	pair_expect(&p, SIDE_CLIENT, EV_CHANNEL_CLOSED);
	pair_free(&p);
}

static void
closes_that_cross_leave_nothing(void **state)
{
	struct channels_pair p;
	struct channel_id id[2];

	(void)state;
	pair_new(&p);
	pair_open(&p, SIDE_CLIENT, "session", id);
	channels_close(p.cs[SIDE_SERVER], id[SIDE_SERVER]);
	channels_close(p.cs[SIDE_CLIENT], id[SIDE_CLIENT]);
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		pair_expect(&p, s, EV_NONE);		/* EOF, to nobody */
		pair_expect(&p, s, EV_CHANNEL_CLOSED);
	}
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		assert_true(pair_is_quiet(&p, s));
		assert_int_equal(channels_count(p.cs[s]), 0);
	}
	pair_free(&p);
}

static void
an_exit_status_that_crosses_our_close_is_heard(void **state)
{
	struct channels_pair p;
	struct channel_id id[2];

	(void)state;
	pair_new(&p);
	pair_open(&p, SIDE_CLIENT, "session", id);
	channels_request(p.cs[SIDE_SERVER], id[SIDE_SERVER], "exit-status", false, SPAN_LIT("0003"));
	channels_close(p.cs[SIDE_CLIENT], id[SIDE_CLIENT]);
	pair_expect(&p, SIDE_SERVER, EV_CHANNEL_REQUEST);
	assert_true(span_is(p.ev.body, "0003"));
	pair_free(&p);
}

static void
answers_go_out_in_the_order_of_the_requests(void **state)
{
	struct channels_pair p;
	struct channel_id id[2];
	uint32_t request[3];

	(void)state;
	pair_new(&p);
	pair_open(&p, SIDE_CLIENT, "session", id);
	for (unsigned i = 0; i < 3; i++) {
		channels_request(p.cs[SIDE_CLIENT], id[SIDE_CLIENT], "env", true, SPAN_EMPTY);
		pair_expect(&p, SIDE_CLIENT, EV_CHANNEL_REQUEST);
		request[i] = p.ev.id;
	}
	channels_answer_request(p.cs[SIDE_SERVER], id[SIDE_SERVER], request[2], true);
	channels_answer_request(p.cs[SIDE_SERVER], id[SIDE_SERVER], request[1], false);
	assert_true(pair_is_quiet(&p, SIDE_SERVER));
	channels_answer_request(p.cs[SIDE_SERVER], id[SIDE_SERVER], request[0], true);
	for (unsigned i = 0; i < 3; i++) {
		pair_expect(&p, SIDE_SERVER, EV_CHANNEL_REPLY);
		assert_int_equal(p.ev.ok, i != 1);
	}
	/* A second answer, and one to nothing, are ignored. */
	channels_answer_request(p.cs[SIDE_SERVER], id[SIDE_SERVER], request[0], true);
	channels_answer_request(p.cs[SIDE_SERVER], id[SIDE_SERVER], 12345, true);
	assert_true(pair_is_quiet(&p, SIDE_SERVER));
	pair_free(&p);
}

static void
global_answers_keep_their_order_and_bodies(void **state)
{
	struct channels_pair p;
	uint32_t request[2];

	(void)state;
	pair_new(&p);
	for (unsigned i = 0; i < 2; i++) {
		channels_global_request(p.cs[SIDE_CLIENT], "tcpip-forward", true, SPAN_LIT("b"));
		pair_expect(&p, SIDE_CLIENT, EV_GLOBAL_REQUEST);
		assert_true(span_is(p.ev.body, "b"));
		request[i] = p.ev.id;
	}
	channels_answer_global(p.cs[SIDE_SERVER], request[1], true, SPAN_LIT("second"));
	channels_answer_global(p.cs[SIDE_SERVER], request[0], false, SPAN_LIT("not sent"));
	pair_expect(&p, SIDE_SERVER, EV_GLOBAL_REPLY);
	assert_false(p.ev.ok);
	assert_int_equal(p.ev.body.len, 0);
	pair_expect(&p, SIDE_SERVER, EV_GLOBAL_REPLY);
	assert_true(p.ev.ok);
	assert_true(span_is(p.ev.body, "second"));
	pair_free(&p);
}

static void
requests_without_an_answer_wanted_get_none(void **state)
{
	struct channels_pair p;
	struct channel_id id[2];

	(void)state;
	pair_new(&p);
	pair_open(&p, SIDE_CLIENT, "session", id);
	channels_request(p.cs[SIDE_CLIENT], id[SIDE_CLIENT], "env", false, SPAN_LIT("x"));
	pair_expect(&p, SIDE_CLIENT, EV_CHANNEL_REQUEST);
	assert_false(p.ev.want_reply);
	assert_int_equal(p.ev.id, 0);
	channels_answer_request(p.cs[SIDE_SERVER], id[SIDE_SERVER], p.ev.id, true);
	assert_true(pair_is_quiet(&p, SIDE_SERVER));
	pair_free(&p);
}

static void
walking_gives_every_channel_once(void **state)
{
	struct channels_pair p;
	struct channel_id id[2], seen;
	size_t cursor = 0;
	unsigned n = 0;

	(void)state;
	pair_new(&p);
	for (unsigned i = 0; i < 10; i++)
		pair_open(&p, SIDE_CLIENT, "session", id);
	while (channels_walk(p.cs[SIDE_CLIENT], &cursor, &seen))
		n++;
	assert_int_equal(n, 10);
	pair_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_channel_is_opened_used_and_closed),
		cmocka_unit_test(an_open_can_be_refused_with_a_reason),
		cmocka_unit_test(a_channel_given_up_before_its_confirmation_is_closed_then),
		cmocka_unit_test(a_channel_given_up_and_then_refused_is_gone),
		cmocka_unit_test(calls_about_a_channel_that_is_gone_do_nothing),
		cmocka_unit_test(an_answer_to_an_old_channel_does_not_hit_the_new_one_in_its_place),
		cmocka_unit_test(a_loan_that_is_not_used_costs_nothing),
		cmocka_unit_test(loans_grow_with_what_is_used_of_them_and_shrink_again),
		cmocka_unit_test(nothing_is_lent_while_the_transport_cannot_send),
		cmocka_unit_test(a_program_that_stopped_reading_gets_no_data_but_stderr),
		cmocka_unit_test(eow_is_not_sent_to_peers_that_may_not_know_it),
		cmocka_unit_test(data_flows_for_ever_when_it_is_consumed),
		cmocka_unit_test(bulk_data_allocates_nothing),
		cmocka_unit_test(data_after_our_close_is_dropped_and_not_credited),
		cmocka_unit_test(closes_that_cross_leave_nothing),
		cmocka_unit_test(an_exit_status_that_crosses_our_close_is_heard),
		cmocka_unit_test(answers_go_out_in_the_order_of_the_requests),
		cmocka_unit_test(global_answers_keep_their_order_and_bodies),
		cmocka_unit_test(requests_without_an_answer_wanted_get_none),
		cmocka_unit_test(walking_gives_every_channel_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
