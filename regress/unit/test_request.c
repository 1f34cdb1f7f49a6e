/* SPDX-License-Identifier: ISC */
/* Bodies of requests and opens, against bytes written out by hand from the RFCs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/limits.h"
#include "channels/forward.h"
#include "channels/kind.h"
#include "channels/pty_modes.h"
#include "channels/request.h"

#define BODY(literal)	SPAN_LIT(literal)

/* Expects that w holds exactly these bytes, and frees it. */
static void
expect_written(struct writer *w, struct span bytes)
{
	assert_int_equal(wr_end(w), ERR_OK);
	assert_int_equal(w->len, bytes.len);
	assert_memory_equal(w->p, bytes.p, bytes.len);
	writer_free(w);
}

static void
pty_req_is_read_and_written(void **state)
{
	struct span body = BODY("\0\0\0\5xterm\0\0\0\x50\0\0\0\x18\0\0\2\x80\0\0\1\xe0\0\0\0\1\0");
	struct writer w = writer_init(1000);
	struct request_pty m;

	(void)state;
	assert_int_equal(request_pty_get(body, &m), ERR_OK);
	assert_true(span_is(m.term, "xterm"));
	assert_int_equal(m.size.cols, 80);
	assert_int_equal(m.size.rows, 24);
	assert_int_equal(m.size.width_px, 640);
	assert_int_equal(m.size.height_px, 480);
	assert_int_equal(m.modes.len, 1);
	request_pty_put(&w, &m);
	expect_written(&w, body);
}

static void
window_change_is_read_and_written(void **state)
{
	struct span body = BODY("\0\0\0\x50\0\0\0\x18\0\0\0\0\0\0\0\0");
	struct writer w = writer_init(1000);
	struct term_size m;

	(void)state;
	assert_int_equal(request_window_change_get(body, &m), ERR_OK);
	assert_int_equal(m.cols, 80);
	assert_int_equal(m.rows, 24);
	request_window_change_put(&w, &m);
	expect_written(&w, body);
}

static void
env_is_read_and_written(void **state)
{
	struct span body = BODY("\0\0\0\4LANG\0\0\0\1C");
	struct writer w = writer_init(1000);
	struct request_env m;

	(void)state;
	assert_int_equal(request_env_get(body, &m), ERR_OK);
	assert_true(span_is(m.name, "LANG"));
	assert_true(span_is(m.value, "C"));
	request_env_put(&w, &m);
	expect_written(&w, body);
}

static void
exec_and_subsystem_are_read_and_written(void **state)
{
	struct span body = BODY("\0\0\0\4true");
	struct writer w = writer_init(1000);
	struct request_exec exec;
	struct request_subsystem subsystem;

	(void)state;
	assert_int_equal(request_exec_get(body, &exec), ERR_OK);
	assert_true(span_is(exec.command, "true"));
	request_exec_put(&w, &exec);
	expect_written(&w, body);
	assert_int_equal(request_subsystem_get(body, &subsystem), ERR_OK);
	assert_true(span_is(subsystem.name, "true"));
	request_subsystem_put(&w, &subsystem);
	expect_written(&w, body);
}

static void
exit_status_and_exit_signal_are_read_and_written(void **state)
{
	struct span status_body = BODY("\0\0\0\7");
	struct span signal_body = BODY("\0\0\0\4TERM\1\0\0\0\3bye\0\0\0\0");
	struct writer w = writer_init(1000);
	struct request_exit_status status;
	struct request_exit_signal sig;

	(void)state;
	assert_int_equal(request_exit_status_get(status_body, &status), ERR_OK);
	assert_int_equal(status.status, 7);
	request_exit_status_put(&w, &status);
	expect_written(&w, status_body);
	assert_int_equal(request_exit_signal_get(signal_body, &sig), ERR_OK);
	assert_true(span_is(sig.name, "TERM"));
	assert_true(sig.core_dumped);
	assert_true(span_is(sig.message, "bye"));
	assert_int_equal(sig.language.len, 0);
	request_exit_signal_put(&w, &sig);
	expect_written(&w, signal_body);
}

static void
signal_break_and_xon_xoff_are_read_and_written(void **state)
{
	struct writer w = writer_init(1000);
	struct request_signal sig;
	struct request_break brk;
	struct request_xon_xoff xon;

	(void)state;
	assert_int_equal(request_signal_get(BODY("\0\0\0\3INT"), &sig), ERR_OK);
	request_signal_put(&w, &sig);
	expect_written(&w, BODY("\0\0\0\3INT"));
	assert_int_equal(request_break_get(BODY("\0\0\3\xe8"), &brk), ERR_OK);
	assert_int_equal(brk.ms, 1000);
	request_break_put(&w, &brk);
	expect_written(&w, BODY("\0\0\3\xe8"));
	assert_int_equal(request_xon_xoff_get(BODY("\1"), &xon), ERR_OK);
	assert_true(xon.client_can_do);
	request_xon_xoff_put(&w, &xon);
	expect_written(&w, BODY("\1"));
}

static void
x11_is_read_and_written(void **state)
{
	struct span body = BODY("\0\0\0\0\5proto\0\0\0\4beef\0\0\0\2");
	struct span open_body = BODY("\0\0\0\t127.0.0.1\0\0\x17\x71");
	struct writer w = writer_init(1000);
	struct request_x11 m;
	struct open_x11 open;

	(void)state;
	assert_int_equal(request_x11_get(body, &m), ERR_OK);
	assert_false(m.single);
	assert_true(span_is(m.cookie, "beef"));
	assert_int_equal(m.screen, 2);
	request_x11_put(&w, &m);
	expect_written(&w, body);
	assert_int_equal(open_x11_get(open_body, &open), ERR_OK);
	assert_int_equal(open.origin_port, 6001);
	open_x11_put(&w, &open);
	expect_written(&w, open_body);
}

static void
tun_is_read_and_written(void **state)
{
	struct span body = BODY("\0\0\0\1\x7f\xff\xff\xff");
	struct writer w = writer_init(1000);
	struct open_tun m;

	(void)state;
	assert_int_equal(open_tun_get(body, &m), ERR_OK);
	assert_int_equal(m.mode, 1);
	assert_int_equal(m.unit, 0x7fffffff);
	open_tun_put(&w, &m);
	expect_written(&w, body);
	assert_int_equal(open_tun_get(BODY("\0\0\0\3\0\0\0\0"), &m), ERR_FORMAT);
	assert_int_equal(open_tun_get(BODY("\0\0\0\2\0\0\0"), &m), ERR_SHORT);
}

static void
tcp_forwarding_is_read_and_written(void **state)
{
	struct span open_body = BODY("\0\0\0\4host\0\0\0\x50\0\0\0\3::1\0\0\xff\xff");
	struct span forward_body = BODY("\0\0\0\0\0\0\0\0");
	struct writer w = writer_init(1000);
	struct open_tcpip open;
	struct global_tcpip_forward forward;
	struct global_forward_port port;

	(void)state;
	assert_int_equal(open_tcpip_get(open_body, &open), ERR_OK);
	assert_true(span_is(open.host, "host"));
	assert_int_equal(open.port, 80);
	assert_int_equal(open.origin_port, 65535);
	open_tcpip_put(&w, &open);
	expect_written(&w, open_body);
	assert_int_equal(global_tcpip_forward_get(forward_body, &forward), ERR_OK);
	assert_int_equal(forward.address.len, 0);
	global_tcpip_forward_put(&w, &forward);
	expect_written(&w, forward_body);
	assert_int_equal(global_forward_port_get(BODY("\0\0\x1f\x90"), &port), ERR_OK);
	assert_int_equal(port.port, 8080);
	global_forward_port_put(&w, &port);
	expect_written(&w, BODY("\0\0\x1f\x90"));
}

static void
streamlocal_forwarding_is_read_and_written(void **state)
{
	struct span direct_body = BODY("\0\0\0\4/a/b\0\0\0\0\0\0\0\0");
	struct span forwarded_body = BODY("\0\0\0\4/a/b\0\0\0\0");
	struct writer w = writer_init(1000);
	struct open_direct_streamlocal direct;
	struct open_forwarded_streamlocal forwarded;
	struct global_streamlocal_forward forward;

	(void)state;
	assert_int_equal(open_direct_streamlocal_get(direct_body, &direct), ERR_OK);
	assert_true(span_is(direct.path, "/a/b"));
	open_direct_streamlocal_put(&w, &direct);
	expect_written(&w, direct_body);
	assert_int_equal(open_forwarded_streamlocal_get(forwarded_body, &forwarded), ERR_OK);
	open_forwarded_streamlocal_put(&w, &forwarded);
	expect_written(&w, forwarded_body);
	assert_int_equal(global_streamlocal_forward_get(BODY("\0\0\0\4/a/b"), &forward), ERR_OK);
	global_streamlocal_forward_put(&w, &forward);
	expect_written(&w, BODY("\0\0\0\4/a/b"));
}

static void
a_port_above_65535_is_refused(void **state)
{
	struct open_tcpip open;
	struct global_tcpip_forward forward;

	(void)state;
	assert_int_equal(open_tcpip_get(BODY("\0\0\0\1h\0\1\0\0\0\0\0\1o\0\0\0\1"), &open), ERR_FORMAT);
	assert_int_equal(global_tcpip_forward_get(BODY("\0\0\0\1h\0\1\0\0"), &forward), ERR_FORMAT);
}

static void
a_nul_in_a_command_name_or_path_is_refused(void **state)
{
	struct request_exec exec;
	struct request_env env;
	struct global_streamlocal_forward forward;

	(void)state;
	assert_int_equal(request_exec_get(BODY("\0\0\0\3a\0b"), &exec), ERR_FORMAT);
	assert_int_equal(request_env_get(BODY("\0\0\0\1A\0\0\0\2b\0"), &env), ERR_FORMAT);
	assert_int_equal(global_streamlocal_forward_get(BODY("\0\0\0\3/\0b"), &forward), ERR_FORMAT);
}

static void
what_is_too_short_or_too_long_is_refused(void **state)
{
	struct request_exec exec;
	struct term_size size;

	(void)state;
	assert_int_equal(request_exec_get(BODY("\0\0\0\5true"), &exec), ERR_SHORT);
	assert_int_equal(request_exec_get(BODY("\0\0\0\4true!"), &exec), ERR_TRAILING);
	assert_int_equal(request_exec_get(SPAN_EMPTY, &exec), ERR_SHORT);
	assert_int_equal(request_window_change_get(BODY("\0\0\0\1"), &size), ERR_SHORT);
	assert_int_equal(request_empty_get(BODY("x")), ERR_TRAILING);
	assert_int_equal(request_empty_get(SPAN_EMPTY), ERR_OK);
}

/* --- terminal modes --- */

static void
modes_are_read_and_written_in_the_order_of_opcodes(void **state)
{
	struct writer w = writer_init(LIMIT_PTY_MODES);
	struct pty_modes m;

	(void)state;
	assert_int_equal(pty_modes_get(BODY("\x80\0\0\x96\0\x01\0\0\0\3\x35\0\0\0\1\0"), &m), ERR_OK);
	assert_true(m.has[PTY_MODE_VINTR]);
	assert_int_equal(m.arg[PTY_MODE_VINTR], 3);
	assert_int_equal(m.arg[PTY_MODE_ECHO], 1);
	assert_int_equal(m.arg[PTY_MODE_OP_ISPEED], 38400);
	assert_false(m.has[PTY_MODE_VQUIT]);
	pty_modes_put(&w, &m);
	expect_written(&w, BODY("\x01\0\0\0\3\x35\0\0\0\1\x80\0\0\x96\0\0"));
}

static void
an_opcode_without_argument_ends_the_modes(void **state)
{
	struct pty_modes m;

	(void)state;
	assert_int_equal(pty_modes_get(BODY("\x01\0\0\0\3\xa0\x02\0\0\0\4"), &m), ERR_OK);
	assert_true(m.has[PTY_MODE_VINTR]);
	assert_false(m.has[PTY_MODE_VQUIT]);
	assert_int_equal(pty_modes_get(BODY("\x01\0\0\0\3"), &m), ERR_OK);	/* no TTY_OP_END */
	assert_int_equal(pty_modes_get(SPAN_EMPTY, &m), ERR_OK);
	assert_int_equal(pty_modes_get(BODY("\x01\0\0\0"), &m), ERR_SHORT);
}

static void
the_last_of_an_opcode_that_comes_twice_counts(void **state)
{
	struct pty_modes m;

	(void)state;
	assert_int_equal(pty_modes_get(BODY("\x01\0\0\0\3\x01\0\0\0\4\0"), &m), ERR_OK);
	assert_int_equal(m.arg[PTY_MODE_VINTR], 4);
}

static void
too_many_modes_are_refused(void **state)
{
	uint8_t bytes[LIMIT_PTY_MODES + 1] = { 0 };
	struct pty_modes m;

	(void)state;
	assert_int_equal(pty_modes_get(span_of(bytes, sizeof(bytes)), &m), ERR_LIMIT);
}

static void
every_kind_may_be_opened_by_one_side_only(void **state)
{
	static const char *const names[] = { "session", "direct-tcpip",
		"forwarded-tcpip", "direct-streamlocal@openssh.com",
		"forwarded-streamlocal@openssh.com", "x11",
		"auth-agent@openssh.com", "agent-connect" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct channel_kind *kind = channel_kind_find(span_str(names[i]));

		assert_non_null(kind);
		assert_int_not_equal(kind->opened_by[SIDE_CLIENT], kind->opened_by[SIDE_SERVER]);
	}
	assert_null(channel_kind_find(SPAN_LIT("sessions")));
	assert_null(channel_kind_find(SPAN_EMPTY));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pty_req_is_read_and_written),
		cmocka_unit_test(window_change_is_read_and_written),
		cmocka_unit_test(env_is_read_and_written),
		cmocka_unit_test(exec_and_subsystem_are_read_and_written),
		cmocka_unit_test(exit_status_and_exit_signal_are_read_and_written),
		cmocka_unit_test(signal_break_and_xon_xoff_are_read_and_written),
		cmocka_unit_test(x11_is_read_and_written),
		cmocka_unit_test(tcp_forwarding_is_read_and_written),
		cmocka_unit_test(tun_is_read_and_written),
		cmocka_unit_test(streamlocal_forwarding_is_read_and_written),
		cmocka_unit_test(a_port_above_65535_is_refused),
		cmocka_unit_test(a_nul_in_a_command_name_or_path_is_refused),
		cmocka_unit_test(what_is_too_short_or_too_long_is_refused),
		cmocka_unit_test(modes_are_read_and_written_in_the_order_of_opcodes),
		cmocka_unit_test(an_opcode_without_argument_ends_the_modes),
		cmocka_unit_test(the_last_of_an_opcode_that_comes_twice_counts),
		cmocka_unit_test(too_many_modes_are_refused),
		cmocka_unit_test(every_kind_may_be_opened_by_one_side_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
