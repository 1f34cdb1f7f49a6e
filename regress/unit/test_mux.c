/* SPDX-License-Identifier: ISC */
/* Messages of the multiplexing protocol against what OpenSSH's ssh sends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/limits.h"
#include "channels/mux.h"
#include "regress/support/kat.h"

/* A packet of the vectors: type and body. */
struct packet {
	enum mux_type type;
	struct span all;
	struct span body;
};

/* Calls check for the vector of that name. */
static void
with_packet(const char *name, void (*check)(const struct packet *p, struct writer *w))
{
	unsigned found = 0;
	struct kat kat;

	kat_open(&kat, "mux.txt");
	while (kat_next(&kat)) {
		SCOPED(writer_free) struct writer w = writer_init(LIMIT_PACKET);
		SCOPED(writer_free) struct writer framed = writer_init(LIMIT_PACKET);
		struct packet p;
		size_t len, used;

		if (strcmp(kat_text(&kat, "name"), name) != 0)
			continue;
		p.all.p = kat_bytes(&kat, "packet", &len);
		p.all.len = len;
		wr_bytes(&framed, p.all);
		assert_int_equal(mux_packet(writer_span(&framed), &p.type, &p.body, &used), ERR_OK);
		assert_int_equal(used, framed.len);
		check(&p, &w);
		/* What was read is written back as it was. */
		assert_int_equal(w.len, p.all.len);
		assert_memory_equal(w.p, p.all.p, w.len);
		found++;
	}
	assert_int_equal(found, 1);
}

static void
check_hello(const struct packet *p, struct writer *w)
{
	struct mux_hello m;

	assert_int_equal(p->type, MUX_HELLO);
	assert_int_equal(mux_hello_get(p->body, &m), ERR_OK);
	assert_int_equal(m.extensions.len, 0);
	mux_hello_put(w, &m);
}

static void
check_session(const struct packet *p, struct writer *w)
{
	struct mux_new_session m;

	assert_int_equal(p->type, MUX_NEW_SESSION);
	assert_int_equal(mux_new_session_get(p->body, &m), ERR_OK);
	assert_int_equal(m.request, 1);
	assert_false(m.want_tty || m.want_x11 || m.want_agent || m.is_subsystem);
	assert_int_equal(m.escape, '~');
	assert_true(span_is(m.term, "xterm"));
	assert_true(span_is(m.command, "echo hi"));
	mux_new_session_put(w, &m);
}

static void
check_subsystem(const struct packet *p, struct writer *w)
{
	struct mux_new_session m;

	assert_int_equal(mux_new_session_get(p->body, &m), ERR_OK);
	assert_true(m.want_tty && m.want_x11 && m.want_agent && m.is_subsystem);
	assert_int_equal(m.escape, MUX_NO_ESCAPE);
	assert_true(span_is(m.command, "sftp"));
	mux_new_session_put(w, &m);
}

static void
check_stdio(const struct packet *p, struct writer *w)
{
	struct mux_stdio_forward m;

	assert_int_equal(p->type, MUX_NEW_STDIO_FWD);
	assert_int_equal(mux_stdio_forward_get(p->body, &m), ERR_OK);
	assert_true(span_is(m.host, "h"));
	assert_int_equal(m.port, 22);
	mux_stdio_forward_put(w, &m);
}

static void
check_forward(const struct packet *p, struct writer *w)
{
	struct mux_forward m = { .type = p->type };

	assert_int_equal(p->type, MUX_OPEN_FWD);
	assert_int_equal(mux_forward_get(p->body, &m), ERR_OK);
	assert_int_equal(m.kind, MUX_FORWARD_LOCAL);
	assert_int_equal(m.listen_port, 8080);
	assert_true(span_is(m.connect_host, "h"));
	mux_forward_put(w, &m);
}

static void
check_cancel(const struct packet *p, struct writer *w)
{
	struct mux_forward m = { .type = p->type };

	assert_int_equal(p->type, MUX_CLOSE_FWD);
	assert_int_equal(mux_forward_get(p->body, &m), ERR_OK);
	assert_int_equal(m.kind, MUX_FORWARD_REMOTE);
	assert_int_equal(m.listen_port, MUX_PORT_PATH);
	assert_true(span_is(m.connect_host, "/tmp/y"));
	mux_forward_put(w, &m);
}

static void
check_plain(const struct packet *p, struct writer *w)
{
	struct mux_plain m = { .type = p->type };

	assert_int_equal(mux_plain_get(p->body, &m), ERR_OK);
	assert_int_equal(m.request, 0);
	mux_plain_put(w, &m);
}

static void
what_openssh_sends_is_understood(void **state)
{
	(void)state;
	with_packet("hello", check_hello);
	with_packet("alive_check", check_plain);
	with_packet("session", check_session);
	with_packet("subsystem", check_subsystem);
	with_packet("stdio", check_stdio);
	with_packet("forward", check_forward);
	with_packet("cancel", check_cancel);
	with_packet("stop", check_plain);
	with_packet("terminate", check_plain);
	with_packet("proxy", check_plain);
}

static void
another_version_is_refused(void **state)
{
	struct mux_hello m;

	(void)state;
	assert_int_equal(mux_hello_get(SPAN_LIT("\0\0\0\3"), &m), ERR_UNSUPPORTED);
	assert_int_equal(mux_hello_get(SPAN_LIT("\0\0\0\4\0\0\0\1x"), &m), ERR_SHORT);
	assert_int_equal(mux_hello_get(SPAN_LIT("\0\0\0\4\0\0\0\1x\0\0\0\1y"), &m), ERR_OK);
}

static void
packets_are_found_in_a_stream(void **state)
{
	struct span in = SPAN_LIT("\0\0\0\10\x10\0\0\4\0\0\0\1\0\0\0\10\x10");
	enum mux_type type;
	struct span body;
	size_t used;

	(void)state;
	assert_int_equal(mux_packet(in, &type, &body, &used), ERR_OK);
	assert_int_equal(type, MUX_ALIVE_CHECK);
	assert_int_equal(used, 12);
	assert_int_equal(body.len, 4);
	assert_int_equal(mux_packet(span_skip(in, used), &type, &body, &used), ERR_AGAIN);
	assert_int_equal(mux_packet(SPAN_LIT("\0\0"), &type, &body, &used), ERR_AGAIN);
	assert_int_equal(mux_packet(SPAN_LIT("\0\0\0\3abc"), &type, &body, &used), ERR_SHORT);
	assert_int_equal(mux_packet(SPAN_LIT("\xff\xff\xff\xff"), &type, &body, &used), ERR_LIMIT);
}

static void
kinds_and_ports_that_do_not_exist_are_refused(void **state)
{
	struct mux_forward m;

	(void)state;
	assert_int_equal(mux_forward_get(SPAN_LIT("\0\0\0\1\0\0\0\4\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1"),
	    &m), ERR_FORMAT);
	assert_int_equal(mux_forward_get(SPAN_LIT("\0\0\0\1\0\0\0\1\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\1"),
	    &m), ERR_FORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_openssh_sends_is_understood),
		cmocka_unit_test(another_version_is_refused),
		cmocka_unit_test(packets_are_found_in_a_stream),
		cmocka_unit_test(kinds_and_ports_that_do_not_exist_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
