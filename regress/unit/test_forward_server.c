/* SPDX-License-Identifier: ISC */
/* What a client forwards, and a server that asks for more, lies, or comes when memory is short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <fcntl.h>
#include <cmocka.h>

#include "channels/channels.h"
#include "regress/support/alloc.h"
#include "regress/support/forward_bed.h"

#define ORIGIN		"\0\0\0\x9" "192.0.2.1" "\0\0\0\1"
#define TO_8080		"\0\0\0\x9localhost\0\0\x1f\x90" ORIGIN
#define TO_8081		"\0\0\0\x9localhost\0\0\x1f\x91" ORIGIN
#define SETUP		"l\0\x0b\0\0\0\x12\0\x10\0\0\0MIT-MAGIC-COOKIE-1\0\0"
#define SETUP_LEN	(sizeof(SETUP) - 1 + 16)

enum answer { NONE, GOOD, BAD };

static int
count_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static void
on_forwarded(struct ssh *s, void *arg, bool ok, uint16_t port)
{
	(void)s;
	(void)port;
	*(enum answer *)arg = ok ? GOOD : BAD;
}

/* Asks the server to listen at a port, for the target or (NULL) a SOCKS client's own. */
static void
forward(struct forward_bed *b, uint16_t port, char *target, enum answer *answer)
{
	struct forward f = { .listen_port = port, .connect_path = target };

	*answer = NONE;
	forwards_add(&b->s, FORWARD_REMOTE, &f, on_forwarded, answer);
	bed_turn(b, 2);
}

/* The same, and the server does. */
static void
forwarded(struct forward_bed *b, uint16_t port, char *target)
{
	enum answer answer;

	forward(b, port, target, &answer);
	bed_say(b, 81, SPAN_EMPTY);
	bed_turn(b, 2);
	assert_int_equal(answer, GOOD);
}

/* Whether somebody has connected there; *fd is the other end, non-blocking, or NULL: it is closed. */
static bool
is_reached(const struct forward_bed *b, enum bed_place place, int *fd)
{
	int got = accept4(b->listener[place], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (got == -1)
		return false;
	if (fd != NULL)
		*fd = got;
	else
		close(got);
	return true;
}

/* The reason that the client refuses a channel for; 0: it does not, or not yet. */
static uint32_t
refusal(struct forward_bed *b)
{
	struct span body = bed_heard(b, 92);
	struct reader r = rd_init(body);

	if (body.len == 0)
		return 0;
	assert_int_equal(rd_u32(&r), 7);
	return rd_u32(&r);
}

/* The client's number for the channel that it has opened to the server. False: it has not. */
static bool
is_accepted(struct forward_bed *b, uint32_t *channel)
{
	struct reader r = rd_init(bed_heard(b, 91));
	bool is_ours = rd_u32(&r) == 7;

	*channel = rd_u32(&r);
	return is_ours && r.err == ERR_OK;
}

static uint32_t
accepted(struct forward_bed *b)
{
	uint32_t channel;

	assert_true(is_accepted(b, &channel));
	return channel;
}

static bool
is_closed(struct forward_bed *b)
{
	return bed_heard(b, 97).len > 0;
}

/* A message about a channel: data (94), EOF (96), CLOSE (97). It is not looked at yet. */
static void
queue(struct forward_bed *b, uint8_t number, uint32_t channel, struct span data)
{
	uint8_t buf[128] = { (uint8_t)(channel >> 24), (uint8_t)(channel >> 16), (uint8_t)(channel >> 8),
	    (uint8_t)channel, 0, 0, 0, (uint8_t)data.len };

	assert_true(data.len + 8 <= sizeof(buf));
	if (data.len > 0)
		memcpy(buf + 8, data.p, data.len);
	bed_say(b, number, span_of(buf, number == 94 ? 8 + data.len : 4));
}

static void
say(struct forward_bed *b, uint8_t number, uint32_t channel, struct span data)
{
	queue(b, number, channel, data);
	bed_turn(b, 3);
}

/* --- what it opens --- */

static void
a_server_reaches_nothing_that_was_not_forwarded(void **state)
{
	static const struct {
		const char *type;
		struct span body;
	} all[] = {
		{ "forwarded-tcpip", SPAN_LIT(TO_8081) }, { "forwarded-tcpip", SPAN_LIT("\0\0\0\x9localhost\0\1\x1f\x90" ORIGIN) },
		{ "forwarded-tcpip", SPAN_LIT("\0\0\0\x9localhost\0\0\0\0" ORIGIN) },
		{ "forwarded-streamlocal@openssh.com", SPAN_LIT("\0\0\0\2/x\0\0\0\0") },
		{ "forwarded-streamlocal@openssh.com", SPAN_LIT("\0\0\0\0\0\0\0\0") },
		{ "x11", SPAN_LIT(ORIGIN) }, { "auth-agent@openssh.com", SPAN_EMPTY }, { "agent-connect", SPAN_EMPTY },
		{ "session", SPAN_EMPTY }, { "direct-tcpip", SPAN_LIT(TO_8080) },
		{ "tun@openssh.com", SPAN_LIT("\0\0\0\1\0\0\0\1") }, { "", SPAN_EMPTY },
	};
	struct forward_bed b;

	(void)state;
	bed_new(&b);
	/* Also in the moment between the login and what is forwarded. */
	for (unsigned turn = 0; turn < 2; turn++) {
		for (size_t i = 0; i < COUNT(all); i++) {
			bed_open(&b, all[i].type, all[i].body);
			assert_int_not_equal(refusal(&b), 0);
		}
		if (turn == 0) {
			forwards_start(&b.s);
			forwarded(&b, 8080, b.path[BED_TARGET]);
		}
	}
	for (enum bed_place place = 0; place < BED_PLACES; place++)
		assert_false(is_reached(&b, place, NULL));
	assert_null(b.s.forwards->relays);
	assert_int_equal(conn_channel_count(b.s.conn), 0);
	bed_free(&b);
}

static void
what_it_opens_that_is_cut_anywhere_or_too_long_is_refused(void **state)
{
	static const struct {
		const char *type;
		struct span body;
	} all[] = {
		{ "forwarded-tcpip", SPAN_LIT(TO_8080 "+") },
		{ "forwarded-streamlocal@openssh.com", SPAN_LIT("\0\0\0\2/x\0\0\0\0+") }, { "x11", SPAN_LIT(ORIGIN "+") },
	};
	SCOPED(writer_free) struct writer body = writer_init(LIMIT_PACKET);
	struct forward_bed b;

	(void)state;
	bed_new(&b);
	forwards_start(&b.s);
	forwarded(&b, 8080, b.path[BED_TARGET]);
	assert_true(x11_prepare(&b.s, &body));
	for (size_t i = 0; i < COUNT(all); i++) {
		for (size_t n = 0; n <= all[i].body.len; n++) {
			if (n + 1 == all[i].body.len)
				continue;
			bed_open(&b, all[i].type, span_first(all[i].body, n));
			assert_int_not_equal(refusal(&b), 0);
		}
	}
	assert_false(is_reached(&b, BED_TARGET, NULL));
	assert_int_equal(conn_channel_count(b.s.conn), 0);
	bed_free(&b);
}

static void
a_port_is_forwarded_from_the_servers_yes_until_it_is_cancelled(void **state)
{
	struct forward f = { .listen_port = 8080 };
	struct forward_bed b;
	enum answer answer;

	(void)state;
	bed_new(&b);
	forwards_start(&b.s);
	forward(&b, 8080, b.path[BED_TARGET], &answer);
	bed_open(&b, "forwarded-tcpip", SPAN_LIT(TO_8080));
	assert_int_equal(refusal(&b), OPEN_PROHIBITED);
	bed_say(&b, 81, SPAN_EMPTY);
	bed_open(&b, "forwarded-tcpip", SPAN_LIT(TO_8080));
	assert_true(is_reached(&b, BED_TARGET, NULL));
	say(&b, 97, accepted(&b), SPAN_EMPTY);
	/* Answers to what was not asked say nothing. */
	bed_say(&b, 82, SPAN_EMPTY);
	bed_say(&b, 81, SPAN_EMPTY);
	bed_turn(&b, 2);
	assert_int_equal(forwards_cancel(&b.s, FORWARD_REMOTE, &f), ERR_OK);
	bed_open(&b, "forwarded-tcpip", SPAN_LIT(TO_8080));
	assert_int_equal(refusal(&b), OPEN_PROHIBITED);
	assert_false(is_reached(&b, BED_TARGET, NULL));
	bed_free(&b);
}

static void
a_port_of_the_servers_choice_that_is_none_is_no_forwarding(void **state)
{
	static const struct span bodies[] = { SPAN_LIT(""), SPAN_LIT("\0\0\x1f"), SPAN_LIT("\0\1\0\0"),
		SPAN_LIT("\xff\xff\xff\xff"), SPAN_LIT("\0\0\x1f\x90+"), SPAN_LIT("\0\0\0\0") };
	struct forward_bed b;
	enum answer answer;

	(void)state;
	bed_new(&b);
	forwards_start(&b.s);
	for (size_t i = 0; i < COUNT(bodies); i++) {
		forward(&b, 0, b.path[BED_TARGET], &answer);
		bed_say(&b, 81, bodies[i]);
		bed_turn(&b, 2);
		assert_int_equal(answer, BAD);
		assert_null(b.s.forwards->remotes);
	}
	assert_false(forwards_are_pending(&b.s));
	bed_free(&b);
}

/* --- the agent --- */

static void
an_agents_channel_is_taken_when_the_agent_knows_whom_it_is_for(void **state)
{
	static const struct {
		struct span answer;
		bool is_good;
	} all[] = {
		{ SPAN_LIT(BED_BOUND), true }, { SPAN_LIT("\0\0\0\1\5"), true }, { SPAN_LIT("\0\0\0\0"), false },
		{ SPAN_LIT("\xff\xff\xff\xff\6"), false }, { SPAN_LIT(BED_BOUND BED_BOUND), false }, { SPAN_LIT(""), false },
	};
	struct forward_bed b;

	(void)state;
	bed_new(&b);
	b.s.settings.config.forward_agent.on = true;
	b.s.settings.config.forward_agent.socket = b.path[BED_AGENT];
	forwards_start(&b.s);
	for (size_t i = 0; i < COUNT(all); i++) {
		char buf[64];
		int agent;

		bed_open(&b, "auth-agent@openssh.com", SPAN_EMPTY);
		assert_true(is_reached(&b, BED_AGENT, &agent));
		assert_int_equal(read(agent, buf, sizeof(buf)), sizeof(BED_BIND) - 1);
		assert_memory_equal(buf, BED_BIND, sizeof(BED_BIND) - 1);
		/* Nothing is answered before that, in whatever pieces it comes. */
		assert_int_equal(b.n_got, 0);
		for (size_t n = 0; n < all[i].answer.len; n++) {
			(void)!send(agent, all[i].answer.p + n, 1, MSG_NOSIGNAL);
			bed_turn(&b, all[i].is_good ? 2 : 0);
		}
		if (all[i].is_good) {
			say(&b, 97, accepted(&b), SPAN_EMPTY);
		} else {
			shutdown(agent, SHUT_WR);
			bed_turn(&b, 3);
			assert_int_equal(refusal(&b), OPEN_CONNECT_FAILED);
		}
		close(agent);
		bed_turn(&b, 3);
		b.n_got = 0;
		assert_int_equal(conn_channel_count(b.s.conn), 0);
	}
	b.s.settings.config.forward_agent.socket = NULL;
	bed_free(&b);
}

/* --- the display --- */

/* A client of the display, as far as the server lets it: 97 follows or not. */
static uint32_t
show(struct forward_bed *b, struct span setup)
{
	uint32_t channel;

	bed_open(b, "x11", SPAN_LIT(ORIGIN));
	channel = accepted(b);
	say(b, 94, channel, setup);
	return channel;
}

/* What the server may show with: the cookie is in x11-req, in hexadecimal digits. False: no memory. */
static bool
make_setup(struct forward_bed *b, uint8_t setup[static SETUP_LEN])
{
	SCOPED(writer_free) struct writer body = writer_init(LIMIT_PACKET);

	if (!x11_prepare(&b->s, &body))
		return false;
	memcpy(setup, SETUP, SETUP_LEN - 16);
	for (size_t i = 0; i < 16; i++) {
		/* Behind a flag and the method. */
		const char digits[] = { (char)body.p[27 + 2 * i], (char)body.p[28 + 2 * i], '\0' };

		setup[SETUP_LEN - 16 + i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return true;
}

/* What has come to the display is the whole setup with its own cookie, or it was not reached. */
static bool
is_shown(const struct forward_bed *b)
{
	char buf[128];
	int display;

	if (!is_reached(b, BED_DISPLAY, &display))
		return false;
	assert_int_equal(read(display, buf, sizeof(buf)), SETUP_LEN);
	assert_memory_equal(buf, SETUP "rrrrrrrrrrrrrrrr", SETUP_LEN);
	close(display);
	return true;
}

static void
a_display_is_reached_with_the_cookie_that_was_sent_and_gets_its_own(void **state)
{
	uint8_t setup[SETUP_LEN];
	struct forward_bed b;
	uint32_t channel;

	(void)state;
	bed_new(&b);
	forwards_start(&b.s);
	assert_true(make_setup(&b, setup));
	/* One who only guesses, and one who goes before he has said it. */
	channel = show(&b, SPAN_LIT(SETUP "rrrrrrrrrrrrrrrr"));
	assert_true(is_closed(&b));
	say(&b, 97, channel, SPAN_EMPTY);
	channel = show(&b, SPAN_LIT("l"));
	say(&b, 96, channel, SPAN_EMPTY);
	assert_true(is_closed(&b));
	say(&b, 97, channel, SPAN_EMPTY);
	assert_false(is_shown(&b));
	(void)show(&b, span_of(setup, sizeof(setup)));
	assert_false(is_closed(&b));
	assert_true(is_shown(&b));
	bed_free(&b);
}

/* --- SOCKS clients behind the server --- */

static void
a_socks_client_that_goes_before_it_is_connected_leaves_nothing_behind(void **state)
{
	SCOPED(writer_free) struct writer request = writer_init(64);
	struct endpoint at = { .port = 0 };
	const struct relay *t;
	struct forward_bed b;
	uint32_t channel;
	int listener;

	(void)state;
	bed_new(&b);
	assert_int_equal(address_parse(SPAN_LIT("127.0.0.1"), &at.address), ERR_OK);
	assert_int_equal(net_listen(&at, 1, &listener), ERR_OK);
	assert_int_equal(net_ends(listener, &at, NULL), ERR_OK);
	forwards_start(&b.s);
	forwarded(&b, 8080, NULL);
	bed_open(&b, "forwarded-tcpip", SPAN_LIT(TO_8080));
	channel = accepted(&b);
	/* The request and the end in the same moment; and the server never closes. */
	wr_raw(&request, SPAN_LIT("\5\1\0\5\1\0\1\x7f\0\0\1"));
	wr_u8(&request, (uint8_t)(at.port >> 8));
	wr_u8(&request, (uint8_t)at.port);
	queue(&b, 94, channel, writer_span(&request));
	say(&b, 96, channel, SPAN_EMPTY);
	assert_true(is_closed(&b));
	t = b.s.forwards->relays;
	assert_non_null(t);
	assert_null(t->dial);
	assert_int_equal(t->fd, -1);
	bed_turn(&b, 3);
	say(&b, 97, channel, SPAN_EMPTY);
	assert_null(b.s.forwards->relays);
	close(listener);
	bed_free(&b);
}

/* --- memory --- */

/* The server says yes to a forwarding, if it was asked for it. */
static void
forward_and_answer(struct forward_bed *b, uint16_t port, char *target)
{
	enum answer answer;

	forward(b, port, target, &answer);
	if (answer == NONE)
		bed_say(b, 81, SPAN_EMPTY);
	bed_turn(b, 2);
	/* Whoever goes into the background when all is answered does so. */
	assert_true(pump_has_ended(b->s.pump) || !forwards_are_pending(&b->s));
}

/* Opens a channel and sends data if the client takes it. */
static void
open_and_say(struct forward_bed *b, const char *type, struct span body, struct span data)
{
	uint32_t channel;

	bed_open(b, type, body);
	if (is_accepted(b, &channel))
		say(b, 94, channel, data);
}

/* All that is forwarded, once. */
static void
do_everything(struct forward_bed *b)
{
	uint8_t setup[SETUP_LEN];
	bool is_bound = false;
	uint32_t channel;
	int agent;

	forwards_start(&b->s);
	if (b->s.forwards == NULL)
		return;
	forward_and_answer(b, 8080, b->path[BED_TARGET]);
	forward_and_answer(b, 8081, NULL);
	open_and_say(b, "forwarded-tcpip", SPAN_LIT(TO_8080), SPAN_LIT("hello"));
	open_and_say(b, "forwarded-tcpip", SPAN_LIT(TO_8081), SPAN_LIT("\5\1\0\5\1\0\1\x7f\0\0\1\0\1"));
	if (make_setup(b, setup))
		open_and_say(b, "x11", SPAN_LIT(ORIGIN), span_of(setup, sizeof(setup)));
	(void)is_shown(b);
	bed_open(b, "auth-agent@openssh.com", SPAN_EMPTY);
	if (is_reached(b, BED_AGENT, &agent)) {
		char buf[64];

		is_bound = read(agent, buf, sizeof(buf)) == sizeof(BED_BIND) - 1;
		(void)!send(agent, BED_BOUND, sizeof(BED_BOUND) - 1, MSG_NOSIGNAL);
		bed_turn(b, 3);
		close(agent);
	}
	/* What is not bound to a host is not opened to it. */
	assert_true(!is_accepted(b, &channel) || is_bound);
	bed_turn(b, 3);
}

static void
memory_that_fails_anywhere_opens_nothing_and_leaves_nothing(void **state)
{
	int before = count_descriptors();

	(void)state;
	for (unsigned n = 0;; n++) {
		struct forward_bed b;
		bool failed;

		bed_new(&b);
		b.s.settings.config.forward_agent.on = true;
		b.s.settings.config.forward_agent.socket = b.path[BED_AGENT];
		alloc_fail_once(n);
		do_everything(&b);
		failed = alloc_failed();
		alloc_fail_never();
		b.s.settings.config.forward_agent.socket = NULL;
		bed_free(&b);
		assert_int_equal(count_descriptors(), before);
		if (!failed) {
			assert_true(n > 40);
			return;
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_reaches_nothing_that_was_not_forwarded),
		cmocka_unit_test(what_it_opens_that_is_cut_anywhere_or_too_long_is_refused),
		cmocka_unit_test(a_port_is_forwarded_from_the_servers_yes_until_it_is_cancelled),
		cmocka_unit_test(a_port_of_the_servers_choice_that_is_none_is_no_forwarding),
		cmocka_unit_test(an_agents_channel_is_taken_when_the_agent_knows_whom_it_is_for),
		cmocka_unit_test(a_display_is_reached_with_the_cookie_that_was_sent_and_gets_its_own),
		cmocka_unit_test(a_socks_client_that_goes_before_it_is_connected_leaves_nothing_behind),
		cmocka_unit_test(memory_that_fails_anywhere_opens_nothing_and_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
