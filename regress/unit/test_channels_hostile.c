/* SPDX-License-Identifier: ISC */
/* The connection layer against a peer that does not keep to the rules. */
#include "channels/window.h"
#include "regress/support/alloc.h"
#include "regress/support/channels_raw.h"

static void
an_unknown_type_is_refused_without_asking_the_program(void **state)
{
	struct channels_pair p;
	struct writer w = open_message("session@example.com", 7, 1000, 1000);

	(void)state;
	pair_new(&p);
	assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_OK);
	assert_int_equal(p.ev.type, EV_NONE);
	expect_refusal(&p, SIDE_SERVER, 7, OPEN_UNKNOWN_TYPE);
	assert_int_equal(channels_count(p.cs[SIDE_SERVER]), 0);
	pair_free(&p);
}

static void
a_server_may_not_open_a_session_nor_a_client_an_agent_channel(void **state)
{
	struct channels_pair p;
	struct writer w = open_message("session", 7, 1000, 1000);

	(void)state;
	pair_new(&p);
	assert_int_equal(raw(&p, SIDE_CLIENT, &w), ERR_OK);
	assert_int_equal(p.ev.type, EV_NONE);
	expect_refusal(&p, SIDE_CLIENT, 7, OPEN_PROHIBITED);
	w = open_message("auth-agent@openssh.com", 8, 1000, 1000);
	assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_OK);
	expect_refusal(&p, SIDE_SERVER, 8, OPEN_PROHIBITED);
	pair_free(&p);
}

static void
a_maximum_packet_size_of_0_is_refused(void **state)
{
	struct channels_pair p;
	struct writer w = open_message("session", 7, 1000, 0);
	struct channel_id id;

	(void)state;
	pair_new(&p);
	assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_OK);
	expect_refusal(&p, SIDE_SERVER, 7, OPEN_CONNECT_FAILED);
	assert_int_equal(channels_open(p.cs[SIDE_CLIENT], "session", SPAN_EMPTY, &id), ERR_OK);
	w = message(91, id.n);
	wr_u32(&w, 0);
	wr_u32(&w, 1000);
	wr_u32(&w, 0);
	assert_int_equal(raw(&p, SIDE_CLIENT, &w), ERR_FORMAT);
	expect_fault(&p, SIDE_CLIENT, "maximum packet size is 0");
	pair_free(&p);
}

static void
a_hundred_thousand_refused_opens_hold_nothing(void **state)
{
	struct channels_pair p;

	(void)state;
	pair_new(&p);
	for (uint32_t i = 0; i < 100000; i++) {
		struct writer w = open_message("session", i, 1000, 1000);

		assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_OK);
		assert_int_equal(p.ev.type, EV_NEED_CHANNEL);
		channels_refuse(p.cs[SIDE_SERVER], p.ev.channel, OPEN_PROHIBITED, "no");
		expect_refusal(&p, SIDE_SERVER, i, OPEN_PROHIBITED);
		assert_int_equal(channels_count(p.cs[SIDE_SERVER]), 0);
	}
	pair_free(&p);
}

static void
more_opens_than_may_wait_are_refused_with_resource_shortage(void **state)
{
	struct channels_pair p;
	struct writer w;

	(void)state;
	pair_new(&p);
	for (uint32_t i = 0; i < LIMIT_PENDING_OPENS; i++) {
		w = open_message("session", i, 1000, 1000);
		assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_OK);
		assert_int_equal(p.ev.type, EV_NEED_CHANNEL);
	}
	w = open_message("session", 999, 1000, 1000);
	assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_OK);
	assert_int_equal(p.ev.type, EV_NONE);
	expect_refusal(&p, SIDE_SERVER, 999, OPEN_RESOURCE_SHORTAGE);
	pair_free(&p);
}

static void
more_channels_than_the_limit_are_refused_with_resource_shortage(void **state)
{
	struct channels_pair p;
	struct channel_id id[2], more;

	(void)state;
	pair_new(&p);
	for (unsigned i = 0; i < LIMIT_CHANNELS; i++)
		pair_open(&p, SIDE_CLIENT, "session", id);
	assert_int_equal(channels_count(p.cs[SIDE_SERVER]), LIMIT_CHANNELS);
	assert_int_equal(channels_open(p.cs[SIDE_CLIENT], "session", SPAN_EMPTY, &more), ERR_LIMIT);
	{
		struct writer w = open_message("session", 5000, 1000, 1000);

		assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_OK);
	}
	expect_refusal(&p, SIDE_SERVER, 5000, OPEN_RESOURCE_SHORTAGE);
	/* One that goes makes room for another, under a number not used before. */
	channels_close(p.cs[SIDE_CLIENT], id[SIDE_CLIENT]);
	pair_expect(&p, SIDE_CLIENT, EV_CHANNEL_EOF);
	pair_expect(&p, SIDE_CLIENT, EV_CHANNEL_CLOSED);
	pair_expect(&p, SIDE_SERVER, EV_CHANNEL_CLOSED);
	assert_int_equal(channels_open(p.cs[SIDE_CLIENT], "session", SPAN_EMPTY, &more), ERR_OK);
	assert_int_not_equal(more.n, id[SIDE_CLIENT].n);
	pair_free(&p);
}

static void
answers_to_no_open_end_the_connection(void **state)
{
	struct channels_pair p;
	struct channel_id id[2];
	struct writer w;

	(void)state;
	pair_new(&p);
	pair_open(&p, SIDE_CLIENT, "session", id);
	w = message(91, id[SIDE_CLIENT].n);
	wr_u32(&w, 0);
	wr_u32(&w, 1000);
	wr_u32(&w, 1000);
	assert_int_equal(raw(&p, SIDE_CLIENT, &w), ERR_SEQUENCE);
	expect_fault(&p, SIDE_CLIENT, "answer to no open");
	pair_free(&p);
}

static void
sessions_after_no_more_sessions_end_the_connection(void **state)
{
	struct channels_pair p;
	struct writer w = open_message("direct-tcpip", 1, 1000, 1000);

	(void)state;
	pair_new(&p);
	channels_global_request(p.cs[SIDE_CLIENT], "no-more-sessions@openssh.com",
	    false, SPAN_EMPTY);
	pair_expect(&p, SIDE_CLIENT, EV_GLOBAL_REQUEST);
	assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_OK);
	assert_int_equal(p.ev.type, EV_NEED_CHANNEL);
	w = open_message("session", 2, 1000, 1000);
	assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_SEQUENCE);
	expect_fault(&p, SIDE_SERVER, "session after no-more-sessions");
	pair_free(&p);
}

static void
a_number_that_never_was_ends_the_connection(void **state)
{
	static const uint32_t numbers[] = { 1, 4, 255, 256, 1u << 31, UINT32_MAX };
	static const uint8_t messages[] = { 91, 92, 93, 94, 95, 96, 97, 98, 99, 100 };

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		for (size_t j = 0; j < COUNT(messages); j++) {
			struct channels_pair p;
			struct channel_id id[2];
			struct writer w = message(messages[j], numbers[i]);

			pair_new(&p);
			pair_open(&p, SIDE_CLIENT, "session", id);
			assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_SEQUENCE);
			expect_fault(&p, SIDE_SERVER, "nonexistent channel");
			pair_free(&p);
		}
	}
}

static void
a_number_the_peer_cannot_know_yet_ends_the_connection(void **state)
{
	struct channels_pair p;
	struct writer w = open_message("session", 0, 1000, 1000);

	(void)state;
	pair_new(&p);
	assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_OK);
	assert_int_equal(p.ev.type, EV_NEED_CHANNEL);
	w = request_message(p.ev.channel.n, "exec", false);
	assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_SEQUENCE);
	expect_fault(&p, SIDE_SERVER, "nonexistent channel");
	pair_free(&p);
}

static void
messages_before_the_confirmation_end_the_connection(void **state)
{
	struct channels_pair p;
	struct channel_id id;
	struct writer w;

	(void)state;
	pair_new(&p);
	assert_int_equal(channels_open(p.cs[SIDE_CLIENT], "session", SPAN_EMPTY, &id), ERR_OK);
	w = data_message(id.n, 1);
	assert_int_equal(raw(&p, SIDE_CLIENT, &w), ERR_SEQUENCE);
	expect_fault(&p, SIDE_CLIENT, "channel is not open yet");
	pair_free(&p);
}

static void
a_request_before_the_confirmation_is_ignored_unless_it_wants_a_reply(void **state)
{
	struct channels_pair p;
	struct channel_id id;
	struct writer w;

	(void)state;
	pair_new(&p);
	assert_int_equal(channels_open(p.cs[SIDE_SERVER], "forwarded-tcpip", SPAN_EMPTY, &id), ERR_OK);
	w = request_message(id.n, "env", false);
	assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_OK);
	assert_int_equal(p.ev.type, EV_NONE);
	w = message(91, id.n);
	for (uint32_t n = 0; n < 3; n++)
		wr_u32(&w, 1000 * n);		/* its number, window and packet size */
	assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_OK);
	assert_int_equal(p.ev.type, EV_CHANNEL_OPENED);

	assert_int_equal(channels_open(p.cs[SIDE_SERVER], "forwarded-tcpip", SPAN_EMPTY, &id), ERR_OK);
	w = request_message(id.n, "env", true);
	assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_SEQUENCE);
	expect_fault(&p, SIDE_SERVER, "channel is not open yet");
	pair_free(&p);
}

static void
every_message_after_close_is_dropped(void **state)
{
	struct channels_pair p;
	struct channel_id id[2];
	struct writer w;

	(void)state;
	pair_new(&p);
	pair_open(&p, SIDE_CLIENT, "session", id);
	w = message(97, id[SIDE_SERVER].n);
	assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_OK);
	assert_int_equal(p.ev.type, EV_CHANNEL_CLOSED);
	fake_forget(&p.wire[SIDE_SERVER]);
	for (uint8_t number = 93; number <= 100; number++) {
		w = message(number, id[SIDE_SERVER].n);
		if (number == 95)
			wr_u32(&w, 1);
		if (number <= 95)
			wr_u32(&w, 0);
		if (number == 98) {
			wr_str(&w, "exec");
			wr_flag(&w, true);
		}
		assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_OK);
		assert_int_equal(p.ev.type, EV_NONE);
	}
	pair_free(&p);
}

static void
data_after_eof_ends_the_connection(void **state)
{
	struct channels_pair p;
	struct channel_id id[2];
	struct writer w;

	(void)state;
	pair_new(&p);
	pair_open(&p, SIDE_CLIENT, "session", id);
	channels_eof(p.cs[SIDE_CLIENT], id[SIDE_CLIENT]);
	assert_int_equal(channels_room(p.cs[SIDE_CLIENT], id[SIDE_CLIENT], STREAM_DATA).len, 0);
	pair_expect(&p, SIDE_CLIENT, EV_CHANNEL_EOF);
	w = data_message(id[SIDE_SERVER].n, 1);
	assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_SEQUENCE);
	expect_fault(&p, SIDE_SERVER, "data after EOF");
	pair_free(&p);
}

static void
a_second_eof_ends_the_connection(void **state)
{
	struct channels_pair p;
	struct channel_id id[2];
	struct writer w;

	(void)state;
	pair_new(&p);
	pair_open(&p, SIDE_CLIENT, "session", id);
	channels_eof(p.cs[SIDE_CLIENT], id[SIDE_CLIENT]);
	channels_eof(p.cs[SIDE_CLIENT], id[SIDE_CLIENT]);	/* nothing the second time */
	pair_expect(&p, SIDE_CLIENT, EV_CHANNEL_EOF);
	assert_true(pair_is_quiet(&p, SIDE_CLIENT));
	w = message(96, id[SIDE_SERVER].n);
	assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_SEQUENCE);
	expect_fault(&p, SIDE_SERVER, "second EOF");
	pair_free(&p);
}

static void
data_far_beyond_the_window_ends_the_connection(void **state)
{
	struct channels_pair p;
	struct channel_id id[2];
	size_t sum = 0;
	enum err e = ERR_OK;

	(void)state;
	pair_new(&p);
	pair_open(&p, SIDE_CLIENT, "session", id);
	while (e == ERR_OK && sum < 10u * 1024 * 1024) {
		struct writer w = data_message(id[SIDE_SERVER].n, 32768);

		e = raw(&p, SIDE_SERVER, &w);
		sum += e == ERR_OK ? 32768 : 0;
	}
	assert_int_equal(e, ERR_LIMIT);
	assert_true(sum <= WINDOW_INITIAL + WINDOW_INITIAL / 10);
	expect_fault(&p, SIDE_SERVER, "data beyond the window");
	pair_free(&p);
}

static void
a_window_adjust_that_wraps_ends_the_connection(void **state)
{
	struct channels_pair p;
	struct writer w = open_message("session", 0, UINT32_MAX, 1000);
	uint32_t id;

	(void)state;
	pair_new(&p);
	assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_OK);
	id = p.ev.channel.n;
	channels_accept(p.cs[SIDE_SERVER], p.ev.channel, SPAN_EMPTY);
	w = message(93, id);
	wr_u32(&w, 1);
	assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_LIMIT);
	expect_fault(&p, SIDE_SERVER, "window larger than 2^32 - 1");
	pair_free(&p);
}

static void
no_more_is_sent_than_window_and_packet_size_allow(void **state)
{
	struct channels_pair p;
	struct writer w = open_message("session", 0, 1000, 600);
	struct channel_id id;
	struct channels *cs;

	(void)state;
	pair_new(&p);
	cs = p.cs[SIDE_SERVER];
	assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_OK);
	id = p.ev.channel;
	channels_accept(cs, id, SPAN_EMPTY);
	assert_int_equal(channels_room(cs, id, STREAM_DATA).len, 600);
	channels_send(cs, id, STREAM_DATA, 600);
	assert_int_equal(channels_room(cs, id, STREAM_STDERR).len, 400);
	channels_send(cs, id, STREAM_STDERR, 400);
	assert_int_equal(channels_room(cs, id, STREAM_DATA).len, 0);
	w = message(93, id.n);
	wr_u32(&w, 7);
	assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_OK);
	assert_int_equal(p.ev.type, EV_CHANNEL_WINDOW);
	assert_int_equal(channels_room(cs, id, STREAM_DATA).len, 7);
	/* Nobody waits now: no event. */
	w = message(93, id.n);
	wr_u32(&w, 7);
	assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_OK);
	assert_int_equal(p.ev.type, EV_NONE);
	pair_free(&p);
}

static void
extended_data_of_another_type_is_dropped_and_credited(void **state)
{
	struct channels_pair p;
	struct channel_id id[2];
	unsigned adjusts = 0;

	(void)state;
	pair_new(&p);
	pair_open(&p, SIDE_CLIENT, "session", id);
	for (unsigned i = 0; i < 200; i++) {
		struct writer w = message(95, id[SIDE_SERVER].n);
		static const uint8_t zeros[32768];
		struct span rest;

		wr_u32(&w, 2);
		wr_bytes(&w, span_of(zeros, sizeof(zeros)));
		assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_OK);
		assert_int_equal(p.ev.type, EV_NONE);
		if (sent_number(&p, SIDE_SERVER, &rest) == 93)
			adjusts++;
	}
	assert_true(adjusts > 0);
	pair_free(&p);
}

static void
empty_data_is_no_event(void **state)
{
	struct channels_pair p;
	struct channel_id id[2];
	struct writer w;

	(void)state;
	pair_new(&p);
	pair_open(&p, SIDE_CLIENT, "session", id);
	w = data_message(id[SIDE_SERVER].n, 0);
	assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_OK);
	assert_int_equal(p.ev.type, EV_NONE);
	pair_free(&p);
}

static void
replies_nobody_waits_for_are_dropped(void **state)
{
	struct channels_pair p;
	struct channel_id id[2];

	(void)state;
	pair_new(&p);
	pair_open(&p, SIDE_CLIENT, "session", id);
	for (uint8_t number = 81; number <= 100; number++) {
		struct writer w;

		if (number > 82 && number < 99)
			continue;
		w = message(number, id[SIDE_SERVER].n);
		for (unsigned i = 0; i < 1000; i++) {
			assert_int_equal(hand_to(p.cs[SIDE_SERVER], writer_span(&w), 0, &p.ev), ERR_OK);
			assert_int_equal(p.ev.type, EV_NONE);
		}
		writer_free(&w);
	}
	pair_free(&p);
}

static void
requests_beyond_the_limit_are_denied_in_their_turn(void **state)
{
	struct channels_pair p;
	struct channel_id id[2];
	uint32_t request[LIMIT_PENDING_REPLIES];

	(void)state;
	pair_new(&p);
	pair_open(&p, SIDE_CLIENT, "session", id);
	for (unsigned i = 0; i < LIMIT_PENDING_REPLIES + 1000; i++) {
		struct writer w = request_message(id[SIDE_SERVER].n, "x", true);

		assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_OK);
		if (i < LIMIT_PENDING_REPLIES) {
			assert_int_equal(p.ev.type, EV_CHANNEL_REQUEST);
			request[i] = p.ev.id;
		} else {
			assert_int_equal(p.ev.type, EV_NONE);
		}
	}
	assert_true(pair_is_quiet(&p, SIDE_SERVER));
	for (unsigned i = 0; i < LIMIT_PENDING_REPLIES; i++)
		channels_answer_request(p.cs[SIDE_SERVER], id[SIDE_SERVER], request[i], true);
	for (unsigned i = 0; i < LIMIT_PENDING_REPLIES + 1000; i++) {
		struct span rest;

		assert_int_equal(sent_number(&p, SIDE_SERVER, &rest),
		    i < LIMIT_PENDING_REPLIES ? 99 : 100);
	}
	assert_true(pair_is_quiet(&p, SIDE_SERVER));
	pair_free(&p);
}

static void
a_flood_of_requests_behind_one_that_is_never_answered_ends_the_connection(void **state)
{
	struct channels_pair p;
	struct channel_id id[2];
	enum err e = ERR_OK;
	unsigned n = 0;

	(void)state;
	pair_new(&p);
	/* A channel that goes takes its share of the count along. */
	for (unsigned i = 0; i < 4; i++) {
		pair_open(&p, SIDE_CLIENT, "session", id);
		for (unsigned k = 0; k < LIMIT_DENIED_REPLIES / 2; k++) {
			struct writer w = request_message(id[SIDE_SERVER].n, "x", true);

			assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_OK);
		}
		channels_close(p.cs[SIDE_CLIENT], id[SIDE_CLIENT]);
		pair_expect(&p, SIDE_CLIENT, EV_CHANNEL_EOF);
		pair_expect(&p, SIDE_CLIENT, EV_CHANNEL_CLOSED);
		pair_expect(&p, SIDE_SERVER, EV_CHANNEL_CLOSED);
	}
	pair_open(&p, SIDE_CLIENT, "session", id);
	while (e == ERR_OK && n++ < 1000000) {
		struct writer w = request_message(id[SIDE_SERVER].n, "x", true);

		e = raw(&p, SIDE_SERVER, &w);
	}
	assert_int_equal(e, ERR_LIMIT);
	assert_int_equal(n, LIMIT_PENDING_REPLIES + LIMIT_DENIED_REPLIES + 1);
	pair_free(&p);
}

static void
a_request_on_a_channel_we_closed_is_not_answered(void **state)
{
	struct channels_pair p;
	struct channel_id id[2];
	struct writer w;
	struct span rest;

	(void)state;
	pair_new(&p);
	pair_open(&p, SIDE_CLIENT, "session", id);
	channels_close(p.cs[SIDE_SERVER], id[SIDE_SERVER]);
	assert_int_equal(sent_number(&p, SIDE_SERVER, &rest), 96);
	assert_int_equal(sent_number(&p, SIDE_SERVER, &rest), 97);
	w = request_message(id[SIDE_SERVER].n, "exec", true);
	assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_OK);
	assert_int_equal(p.ev.type, EV_NONE);
	assert_true(pair_is_quiet(&p, SIDE_SERVER));
	pair_free(&p);
}

static void
a_channel_that_goes_takes_its_open_requests_along(void **state)
{
	struct channels_pair p;

	(void)state;
	pair_new(&p);
	for (unsigned i = 0; i < 3 * LIMIT_PENDING_REPLIES; i++) {
		struct channel_id id[2];
		struct writer w;

		pair_open(&p, SIDE_CLIENT, "session", id);
		w = request_message(id[SIDE_SERVER].n, "exec", true);
		assert_int_equal(raw(&p, SIDE_SERVER, &w), ERR_OK);
		assert_int_equal(p.ev.type, EV_CHANNEL_REQUEST);
		channels_close(p.cs[SIDE_CLIENT], id[SIDE_CLIENT]);
		pair_expect(&p, SIDE_CLIENT, EV_CHANNEL_EOF);
		pair_expect(&p, SIDE_CLIENT, EV_CHANNEL_CLOSED);
		pair_expect(&p, SIDE_SERVER, EV_CHANNEL_CLOSED);
	}
	pair_free(&p);
}

static void
truncated_and_overlong_messages_end_the_connection(void **state)
{
	(void)state;
	for (uint8_t number = 90; number <= 100; number++) {
		for (size_t len = 0; len < 13; len++) {
			struct channels_pair p;
			struct channel_id id[2];
			uint8_t raw_message[14] = { number };
			enum err e;

			pair_new(&p);
			pair_open(&p, SIDE_CLIENT, "session", id);
			e = hand_to(p.cs[SIDE_SERVER], span_of(raw_message, 1 + len), 0, &p.ev);
			assert_true((e == ERR_OK) == (p.wire[SIDE_SERVER].fault == ERR_OK));
			if (len < 4)
				assert_int_not_equal(e, ERR_OK);
			if ((number == 96 || number == 97 || number >= 99) && len > 4)
				assert_int_equal(e, ERR_TRAILING);
			pair_free(&p);
		}
	}
}

/* One life of a connection, with every allocation in the layer. */
static enum err
short_life(struct channels_pair *p, struct span open, struct span request)
{
	struct channel_id id;
	struct span payload;
	struct event ev;

	TRY(channels_new(&p->cs[SIDE_SERVER], SIDE_SERVER, &p->wire[SIDE_SERVER], 0));
	TRY(hand_to(p->cs[SIDE_SERVER], open, 0, &ev));
	if (ev.type != EV_NEED_CHANNEL) {
		assert_true(fake_take(&p->wire[SIDE_SERVER], &payload));
		return ERR_NOMEM;	/* refused for want of memory */
	}
	id = ev.channel;
	channels_accept(p->cs[SIDE_SERVER], id, SPAN_EMPTY);
	TRY(hand_to(p->cs[SIDE_SERVER], request, 0, &ev));
	channels_answer_request(p->cs[SIDE_SERVER], id, ev.id, true);
	return p->wire[SIDE_SERVER].fault;
}

static void
any_allocation_that_fails_is_an_error_and_nothing_worse(void **state)
{
	struct writer open = open_message("session", 3, 1000, 1000);
	struct writer request = request_message(0, "exec", true);
	bool failed = true;

	(void)state;
	for (unsigned n = 0; failed; n++) {
		struct channels_pair p = { .now = 0 };
		enum err e;

		p.wire[SIDE_SERVER] = fake_transport();
		(void)wr_reserve(&p.wire[SIDE_SERVER].sent, 65536);
		alloc_fail_after(n);
		e = short_life(&p, writer_span(&open), writer_span(&request));
		failed = alloc_failed();
		alloc_fail_never();
		if (!failed)
			assert_int_equal(e, ERR_OK);
		channels_free(p.cs[SIDE_SERVER]);
		fake_free(&p.wire[SIDE_SERVER]);
	}
	writer_free(&open);
	writer_free(&request);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unknown_type_is_refused_without_asking_the_program),
		cmocka_unit_test(a_server_may_not_open_a_session_nor_a_client_an_agent_channel),
		cmocka_unit_test(a_maximum_packet_size_of_0_is_refused),
		cmocka_unit_test(a_hundred_thousand_refused_opens_hold_nothing),
		cmocka_unit_test(more_opens_than_may_wait_are_refused_with_resource_shortage),
		cmocka_unit_test(more_channels_than_the_limit_are_refused_with_resource_shortage),
		cmocka_unit_test(answers_to_no_open_end_the_connection),
		cmocka_unit_test(sessions_after_no_more_sessions_end_the_connection),
		cmocka_unit_test(a_number_that_never_was_ends_the_connection),
		cmocka_unit_test(a_number_the_peer_cannot_know_yet_ends_the_connection),
		cmocka_unit_test(messages_before_the_confirmation_end_the_connection),
		cmocka_unit_test(a_request_before_the_confirmation_is_ignored_unless_it_wants_a_reply),
		cmocka_unit_test(every_message_after_close_is_dropped),
		cmocka_unit_test(data_after_eof_ends_the_connection),
		cmocka_unit_test(a_second_eof_ends_the_connection),
		cmocka_unit_test(data_far_beyond_the_window_ends_the_connection),
		cmocka_unit_test(a_window_adjust_that_wraps_ends_the_connection),
		cmocka_unit_test(no_more_is_sent_than_window_and_packet_size_allow),
		cmocka_unit_test(extended_data_of_another_type_is_dropped_and_credited),
		cmocka_unit_test(empty_data_is_no_event),
		cmocka_unit_test(replies_nobody_waits_for_are_dropped),
		cmocka_unit_test(requests_beyond_the_limit_are_denied_in_their_turn),
		cmocka_unit_test(a_flood_of_requests_behind_one_that_is_never_answered_ends_the_connection),
		cmocka_unit_test(a_request_on_a_channel_we_closed_is_not_answered),
		cmocka_unit_test(a_channel_that_goes_takes_its_open_requests_along),
		cmocka_unit_test(truncated_and_overlong_messages_end_the_connection),
		cmocka_unit_test(any_allocation_that_fails_is_an_error_and_nothing_worse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
