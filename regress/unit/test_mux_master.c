/* SPDX-License-Identifier: ISC */
/* A master, what its clients hand it (requests, descriptors, nothing), and a server that does not behave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <cmocka.h>

#include "regress/support/alloc.h"
#include "regress/support/mux_bed.h"
#include "ssh/mux_proxy.h"

#define NEW_SESSION	"\0\0\0\x2c\x10\0\0\2\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff" \
			"\0\0\0\0\0\0\0\4true"
#define PROXY		"\0\0\0\x8\x10\0\0\xf\0\0\0\1"
#define OPEN		"\0\0\0\x19\0\x5a\0\0\0\7session\0\0\0\1\0\1\0\0\0\0\x80\0"
#define EXEC		"\0\0\0\x14\0\x62\0\0\0\0\0\0\0\4exec\1\0\0\0\1:"
#define CLOSE		"\0\0\0\6\0\x61\0\0\0\0"
#define FORWARD		"\0\0\0\x1d\0\x50\0\0\0\xdtcpip-forward\1\0\0\0\1h\0\0\0\0"

#define SEND(b, bytes, n)	bed_send((b), SPAN_LIT(bytes), (n))

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

static bool
has_hung_up(struct mux_bed *b)
{
	uint8_t buf[4096];
	ssize_t n;

	do
		n = bed_read(b, buf, sizeof(buf));
	while (n > 0);
	return n == -1;
}

static void
start(struct mux_bed *b)
{
	bed_new(b);
	bed_client(b);
	bed_turn(b, 2);
}

static void
a_session_gets_the_three_descriptors_that_come_behind_it(void **state)
{
	struct mux_bed b;

	(void)state;
	start(&b);
	SEND(&b, NEW_SESSION, 0);
	bed_turn(&b, 2);
	assert_int_equal(b.s.mux->n_sessions, 0);
	for (int i = 0; i < 3; i++)
		SEND(&b, "\0", 1);
	bed_turn(&b, 4);
	assert_int_equal(b.s.mux->n_sessions, 1);
	for (int i = 0; i < 3; i++)
		assert_int_not_equal(b.s.mux->sessions[0]->fd[i], -1);
	assert_int_equal(b.s.mux->clients->n_fds, 0);
	assert_false(has_hung_up(&b));
	bed_free(&b);
}

static void
more_descriptors_than_anything_takes_end_the_client_and_are_closed(void **state)
{
	struct mux_bed b;
	int before;

	(void)state;
	for (unsigned n = 1; n <= 8; n++) {
		start(&b);
		before = count_descriptors();
		SEND(&b, "\0", n);
		bed_turn(&b, 2);
		assert_int_equal(has_hung_up(&b), n > MUX_FDS_MAX);
		assert_int_equal(count_descriptors(), n > MUX_FDS_MAX ? before - 1 : before + (int)n);
		bed_free(&b);
	}
}

static void
a_client_that_goes_takes_its_descriptors_along(void **state)
{
	struct mux_bed b;
	int before;

	(void)state;
	bed_new(&b);
	before = count_descriptors();
	bed_client(&b);
	SEND(&b, NEW_SESSION "\0", 1);
	SEND(&b, "\0", 1);
	SEND(&b, "\0", 1);
	bed_turn(&b, 4);
	assert_int_equal(b.s.mux->n_sessions, 1);
	close(b.client);
	b.client = -1;
	bed_turn(&b, 8);
	assert_null(b.s.mux->clients);
	/* The server has yet to say that the channel is closed, or has. */
	mux_free(b.s.mux);
	b.s.mux = NULL;
	assert_int_equal(count_descriptors(), before);
	bed_free(&b);
}

static void
a_client_that_never_reads_is_sent_away(void **state)
{
	struct mux_bed b;

	(void)state;
	start(&b);
	for (unsigned i = 0; i < 2000000 && b.s.mux->clients != NULL; i++) {
		SEND(&b, "\0\0\0\x8\x10\0\0\4\0\0\0\1\0\0\0\x8\x10\0\0\4\0\0\0\2", 0);
		bed_turn(&b, 1);
	}
	assert_null(b.s.mux->clients);
	bed_free(&b);
}

static void
bytes_sent_ahead_of_the_answer_are_no_proxy(void **state)
{
	struct mux_bed b;

	(void)state;
	start(&b);
	SEND(&b, PROXY OPEN, 0);
	bed_turn(&b, 4);
	assert_null(b.s.mux->proxies);
	assert_true(has_hung_up(&b));
	bed_free(&b);
}

static void
a_proxys_channels_end_with_it_on_the_other_side(void **state)
{
	struct mux_bed b;
	int before;

	(void)state;
	bed_new(&b);
	before = count_descriptors();
	bed_client(&b);
	SEND(&b, PROXY, 0);
	bed_turn(&b, 2);
	assert_non_null(b.s.mux->proxies);
	assert_null(b.s.mux->clients);
	SEND(&b, OPEN, 0);
	bed_turn(&b, 8);
	assert_int_equal(conn_channel_count(b.s.conn), 1);
	assert_int_equal(conn_channel_count(b.far), 1);
	close(b.client);
	b.client = -1;
	bed_turn(&b, 12);
	assert_null(b.s.mux->proxies);
	assert_int_equal(conn_channel_count(b.s.conn), 0);
	assert_int_equal(conn_channel_count(b.far), 0);
	assert_int_equal(count_descriptors(), before);
	bed_free(&b);
}

/* A client in proxy mode with a session. */
static void
start_proxy(struct mux_bed *b)
{
	start(b);
	SEND(b, PROXY, 0);
	bed_turn(b, 2);
	SEND(b, OPEN, 0);
	bed_turn(b, 8);
	assert_non_null(b->s.mux->proxies->crossings);
}

/* How often a text is in what the client gets. */
static unsigned
count_heard(struct mux_bed *b, struct span text)
{
	uint8_t buf[4096];
	unsigned n = 0;
	ssize_t len = bed_read(b, buf, sizeof(buf));

	for (ssize_t i = 0; i + (ssize_t)text.len <= len; i++)
		n += memcmp(buf + i, text.p, text.len) == 0;
	return n;
}

static void
a_server_that_ends_a_command_twice_is_heard_once(void **state)
{
	struct mux_bed b;

	(void)state;
	start_proxy(&b);
	conn_channel_request(b.far, b.far_last, "exit-status", false, SPAN_LIT("\0\0\0\7"));
	conn_channel_request(b.far, b.far_last, "exit-status", false, SPAN_LIT("\0\0\0\x9"));
	conn_channel_request(b.far, b.far_last, "exit-signal", false, SPAN_LIT("\0\0\0\3HUP\0\0\0\0\0\0\0\0\0"));
	pump_kick(b.far_pump);
	bed_turn(&b, 8);
	assert_int_equal(count_heard(&b, SPAN_LIT("exit-status\0\0\0\0\7")), 1);
	bed_free(&b);
}

static void
what_a_server_asks_of_a_clients_channel_is_denied(void **state)
{
	static const char *const names[] = { "exec", "exit-status", "x11-req", "keepalive@openssh.com", "" };
	struct mux_bed b;

	(void)state;
	start_proxy(&b);
	for (size_t i = 0; i < COUNT(names); i++)
		conn_channel_request(b.far, b.far_last, names[i], true, SPAN_EMPTY);
	pump_kick(b.far_pump);
	bed_turn(&b, 8);
	assert_int_equal(b.n_denied, COUNT(names));
	assert_int_equal(count_heard(&b, SPAN_LIT("exec")), 0);
	bed_free(&b);
}

static void
a_server_that_closes_instead_of_answering_leaves_nothing(void **state)
{
	struct mux_bed b;

	(void)state;
	start_proxy(&b);
	b.far_is_silent = true;
	for (unsigned i = 0; i < 20; i++)
		SEND(&b, EXEC, 0);
	bed_turn(&b, 4);
	assert_int_equal(b.s.mux->proxies->crossings->n_asked, 20);
	conn_channel_close(b.far, b.far_last);
	pump_kick(b.far_pump);
	bed_turn(&b, 8);
	/* The client's end of it, too. */
	SEND(&b, CLOSE, 0);
	bed_turn(&b, 8);
	assert_null(b.s.mux->proxies->crossings);
	assert_int_equal(conn_channel_count(b.s.conn), 0);
	assert_false(has_hung_up(&b));
	bed_free(&b);
}

static void
a_proxy_listens_at_a_bounded_number_of_places(void **state)
{
	struct mux_bed b;
	uint8_t buf[64];
	unsigned n_ok = 0;

	(void)state;
	start(&b);
	SEND(&b, PROXY, 0);
	bed_turn(&b, 2);
	while (bed_read(&b, buf, sizeof(buf)) > 0)
		;
	for (unsigned i = 0; i < 300; i++) {
		SEND(&b, FORWARD, 0);
		bed_turn(&b, 3);
		if (bed_read(&b, buf, sizeof(buf)) > 5 && buf[5] == 81)
			n_ok++;
	}
	assert_int_equal(n_ok, 256);
	bed_free(&b);
}

/* What fails may end a client, never the master; and nothing stays open. */
static void
memory_that_fails_once_leaves_no_descriptor_behind(void **state)
{
	int before = count_descriptors();

	(void)state;
	for (unsigned n = 0;; n++) {
		const struct mux_proxy *p;
		struct mux_bed b;
		bool failed;

		bed_new(&b);
		alloc_fail_once(n);
		bed_client(&b);
		bed_turn(&b, 1);
		SEND(&b, NEW_SESSION "\0", 1);
		SEND(&b, "\0", 1);
		SEND(&b, "\0", 1);
		bed_turn(&b, 4);
		bed_client(&b);
		bed_turn(&b, 1);
		SEND(&b, PROXY, 0);
		bed_turn(&b, 2);
		SEND(&b, OPEN, 0);
		bed_turn(&b, 6);
		SEND(&b, EXEC, 0);
		bed_turn(&b, 4);
		SEND(&b, FORWARD, 0);
		bed_turn(&b, 4);
		failed = alloc_failed();
		alloc_fail_never();
		SEND(&b, CLOSE, 0);
		bed_turn(&b, 8);
		p = b.s.mux->proxies;
		if (p != NULL && conn_channel_count(b.s.conn) == 0 && conn_channel_count(p->conn) == 0)
			assert_null(p->crossings);
		bed_free(&b);
		assert_int_equal(count_descriptors(), before);
		if (!failed) {
			assert_true(n > 20);
			return;
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_gets_the_three_descriptors_that_come_behind_it),
		cmocka_unit_test(more_descriptors_than_anything_takes_end_the_client_and_are_closed),
		cmocka_unit_test(a_client_that_goes_takes_its_descriptors_along),
		cmocka_unit_test(a_client_that_never_reads_is_sent_away),
		cmocka_unit_test(bytes_sent_ahead_of_the_answer_are_no_proxy),
		cmocka_unit_test(a_proxys_channels_end_with_it_on_the_other_side),
		cmocka_unit_test(a_server_that_ends_a_command_twice_is_heard_once),
		cmocka_unit_test(what_a_server_asks_of_a_clients_channel_is_denied),
		cmocka_unit_test(a_server_that_closes_instead_of_answering_leaves_nothing),
		cmocka_unit_test(a_proxy_listens_at_a_bounded_number_of_places),
		cmocka_unit_test(memory_that_fails_once_leaves_no_descriptor_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
