/* SPDX-License-Identifier: ISC */
/*
 * Every body of a channel request, channel open and global request: whatever
 * is read must be written back as it was. Input: a byte that says which, then
 * the body.
 */
#include "base/limits.h"
#include "channels/forward.h"
#include "channels/pty_modes.h"
#include "channels/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* put(get(x)) == x, except that every flag but 0 is written as 1. */
#define ROUND_TRIP(type, name)						\
	static void							\
	try_##name(struct span body)					\
	{								\
		SCOPED(writer_free) struct writer w = writer_init(LIMIT_PACKET); \
		SCOPED(writer_free) struct writer v = writer_init(LIMIT_PACKET); \
		struct type m, n;					\
									\
		if (name##_get(body, &m) != ERR_OK)			\
			return;						\
		name##_put(&w, &m);					\
		must(wr_end(&w) == ERR_OK && w.len == body.len);	\
		must(name##_get(writer_span(&w), &n) == ERR_OK);	\
		name##_put(&v, &n);					\
		must(span_eq(writer_span(&w), writer_span(&v)));	\
		must(has_flag(#name) || span_eq(writer_span(&w), body)); \
	}

static bool
has_flag(const char *name)
{
	struct span s = span_str(name);

	return span_is(s, "request_exit_signal") || span_is(s, "request_xon_xoff") ||
	    span_is(s, "request_x11");
}

#define CODECS(X)							\
	X(request_pty, request_pty)					\
	X(term_size, request_window_change)				\
	X(request_env, request_env)					\
	X(request_exec, request_exec)					\
	X(request_subsystem, request_subsystem)				\
	X(request_signal, request_signal)				\
	X(request_break, request_break)					\
	X(request_exit_status, request_exit_status)			\
	X(request_exit_signal, request_exit_signal)			\
	X(request_xon_xoff, request_xon_xoff)				\
	X(request_x11, request_x11)					\
	X(open_tcpip, open_tcpip)					\
	X(open_direct_streamlocal, open_direct_streamlocal)		\
	X(open_forwarded_streamlocal, open_forwarded_streamlocal)	\
	X(open_x11, open_x11)						\
	X(open_tun, open_tun)						\
	X(global_tcpip_forward, global_tcpip_forward)			\
	X(global_forward_port, global_forward_port)			\
	X(global_streamlocal_forward, global_streamlocal_forward)

CODECS(ROUND_TRIP)

/* Modes are written in order and each once: the second time round is stable. */
static void
try_modes(struct span body)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_PTY_MODES);
	SCOPED(writer_free) struct writer v = writer_init(LIMIT_PTY_MODES);
	struct pty_modes m;

	if (pty_modes_get(body, &m) != ERR_OK)
		return;
	pty_modes_put(&w, &m);
	must(wr_end(&w) == ERR_OK);
	must(pty_modes_get(writer_span(&w), &m) == ERR_OK);
	pty_modes_put(&v, &m);
	must(span_eq(writer_span(&w), writer_span(&v)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
#define ROW(type, name) try_##name,
	static void (*const tries[])(struct span) = { CODECS(ROW) try_modes };

	if (size > 0)
		tries[data[0] % COUNT(tries)](span_of(data + 1, size - 1));
	return 0;
}
