/* SPDX-License-Identifier: ISC */
/* The connection layers of a client and a server, joined; and hostile peers. */
#include "regress/support/channels_pair.h"

#include "channels/window.h"
#include "regress/support/alloc.h"

/* --- helpers: messages as a hostile peer would write them --- */

/* Hands a raw message to one side; returns what the handler said. */
static enum err
raw(struct channels_pair *p, enum side to, struct writer *w)
{
	enum err e = hand_to(p->cs[to], writer_span(w), p->now, &p->ev);

	writer_free(w);
	return e;
}

static struct writer
message(uint8_t number, uint32_t recipient)
{
	struct writer w = writer_init(LIMIT_PACKET);

	wr_u8(&w, number);
	wr_u32(&w, recipient);
	return w;
}

static struct writer
open_message(const char *type, uint32_t sender, uint32_t window, uint32_t packet)
{
	struct writer w = writer_init(LIMIT_PACKET);

	wr_u8(&w, 90);
	wr_str(&w, type);
	wr_u32(&w, sender);
	wr_u32(&w, window);
	wr_u32(&w, packet);
	return w;
}

static struct writer
data_message(uint32_t recipient, size_t n)
{
	static const uint8_t zeros[200 * 1024];
	struct writer w = message(94, recipient);

	wr_bytes(&w, span_of(zeros, n));
	return w;
}

static struct writer
request_message(uint32_t recipient, const char *name, bool want_reply)
{
	struct writer w = message(98, recipient);

	wr_str(&w, name);
	wr_flag(&w, want_reply);
	return w;
}

/* What a side sent: its number, without the other side seeing it. */
static uint8_t
sent_number(struct channels_pair *p, enum side from, struct span *rest)
{
	struct span payload;

	fake_forget(&p->wire[from]);
	if (!fake_take(&p->wire[from], &payload))
		return 0;
	*rest = span_skip(payload, 1);
	return payload.p[0];
}

/* Expects CHANNEL_OPEN_FAILURE for sender with code. */
static void
expect_refusal(struct channels_pair *p, enum side from, uint32_t sender, uint32_t code)
{
	struct span rest;
	struct reader r;

	assert_int_equal(sent_number(p, from, &rest), 92);
	r = rd_init(rest);
	assert_int_equal(rd_u32(&r), sender);
	assert_int_equal(rd_u32(&r), code);
	assert_true(rd_bytes(&r).len > 0);
	(void)rd_bytes(&r);
	assert_int_equal(rd_end(&r), ERR_OK);
}

/* Expects that a side said why it ended the connection. */
static void
expect_fault(struct channels_pair *p, enum side side, const char *text)
{
	assert_true(p->wire[side].fault != ERR_OK);
	assert_string_equal(p->wire[side].fault_text, text);
}

/* --- opening --- */

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

/* --- numbers --- */

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

/* --- data --- */

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

/* --- closing --- */

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

/* --- requests --- */

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
		cmocka_unit_test(a_channel_is_opened_used_and_closed),
		cmocka_unit_test(an_open_can_be_refused_with_a_reason),
		cmocka_unit_test(an_unknown_type_is_refused_without_asking_the_program),
		cmocka_unit_test(a_server_may_not_open_a_session_nor_a_client_an_agent_channel),
		cmocka_unit_test(a_maximum_packet_size_of_0_is_refused),
		cmocka_unit_test(a_hundred_thousand_refused_opens_hold_nothing),
		cmocka_unit_test(more_opens_than_may_wait_are_refused_with_resource_shortage),
		cmocka_unit_test(more_channels_than_the_limit_are_refused_with_resource_shortage),
		cmocka_unit_test(a_channel_given_up_before_its_confirmation_is_closed_then),
		cmocka_unit_test(a_channel_given_up_and_then_refused_is_gone),
		cmocka_unit_test(answers_to_no_open_end_the_connection),
		cmocka_unit_test(sessions_after_no_more_sessions_end_the_connection),
		cmocka_unit_test(a_number_that_never_was_ends_the_connection),
		cmocka_unit_test(a_number_the_peer_cannot_know_yet_ends_the_connection),
		cmocka_unit_test(messages_before_the_confirmation_end_the_connection),
		cmocka_unit_test(every_message_after_close_is_dropped),
		cmocka_unit_test(calls_about_a_channel_that_is_gone_do_nothing),
		cmocka_unit_test(an_answer_to_an_old_channel_does_not_hit_the_new_one_in_its_place),
		cmocka_unit_test(data_after_eof_ends_the_connection),
		cmocka_unit_test(a_second_eof_ends_the_connection),
		cmocka_unit_test(data_far_beyond_the_window_ends_the_connection),
		cmocka_unit_test(a_window_adjust_that_wraps_ends_the_connection),
		cmocka_unit_test(no_more_is_sent_than_window_and_packet_size_allow),
		cmocka_unit_test(a_loan_that_is_not_used_costs_nothing),
		cmocka_unit_test(nothing_is_lent_while_the_transport_cannot_send),
		cmocka_unit_test(extended_data_of_another_type_is_dropped_and_credited),
		cmocka_unit_test(empty_data_is_no_event),
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
		cmocka_unit_test(replies_nobody_waits_for_are_dropped),
		cmocka_unit_test(requests_beyond_the_limit_are_denied_in_their_turn),
		cmocka_unit_test(a_request_on_a_channel_we_closed_is_not_answered),
		cmocka_unit_test(a_channel_that_goes_takes_its_open_requests_along),
		cmocka_unit_test(truncated_and_overlong_messages_end_the_connection),
		cmocka_unit_test(walking_gives_every_channel_once),
		cmocka_unit_test(any_allocation_that_fails_is_an_error_and_nothing_worse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
