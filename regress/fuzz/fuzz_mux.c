/* SPDX-License-Identifier: ISC */
/*
 * Messages of the multiplexing protocol: whatever is read must, written back,
 * read the same. Input: a byte that says which, then the stream.
 */
#include "base/limits.h"
#include "channels/mux.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of a message that _put has written: what _get takes. */
static struct span
body_of(const struct writer *w)
{
	return span_skip(writer_span(w), 4);
}

#define ROUND_TRIP(name)						\
	static void							\
	try_##name(struct span body)					\
	{								\
		SCOPED(writer_free) struct writer w = writer_init(LIMIT_PACKET); \
		SCOPED(writer_free) struct writer v = writer_init(LIMIT_PACKET); \
		struct mux_##name m = { 0 }, n = { 0 };			\
									\
		if (mux_##name##_get(body, &m) != ERR_OK)		\
			return;						\
		mux_##name##_put(&w, &m);				\
		must(wr_end(&w) == ERR_OK && w.len == 4 + body.len);	\
		must(mux_##name##_get(body_of(&w), &n) == ERR_OK);	\
		mux_##name##_put(&v, &n);				\
		must(span_eq(writer_span(&w), writer_span(&v)));	\
	}

#define MESSAGES(X)							\
	X(hello) X(new_session) X(plain) X(forward) X(stdio_forward)	\
	X(ext_info) X(refusal) X(pair) X(tty_fail) X(ext_info_reply)

MESSAGES(ROUND_TRIP)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
#define ROW(name) try_##name,
	static void (*const tries[])(struct span) = { MESSAGES(ROW) };
	struct span in, body;
	enum mux_type type;
	size_t used;

	if (size == 0)
		return 0;
	in = span_of(data + 1, size - 1);
	tries[data[0] % COUNT(tries)](in);
	while (mux_packet(in, &type, &body, &used) == ERR_OK) {
		must(used >= 8 && used <= in.len && body.len == used - 8);
		in = span_skip(in, used);
	}
	return 0;
}
