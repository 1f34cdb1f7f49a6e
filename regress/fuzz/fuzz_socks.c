/* SPDX-License-Identifier: ISC */
/* SOCKS input, in pieces as in one: the same target, the same reply. */
#include <string.h>

#include "channels/socks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Takes all of in, at most step bytes more at a time. */
static enum err
take_all(struct socks *s, struct span in, size_t step, struct writer *reply)
{
	size_t have = 0, at = 0, used;
	enum err e = ERR_AGAIN;

	while (e == ERR_AGAIN && have < in.len) {
		have = in.len - have < step ? in.len : have + step;
		e = socks_take(s, span_of(in.p + at, have - at), &used, reply);
		must(used <= have - at);
		at += used;
	}
	return e;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SCOPED(writer_free) struct writer a = writer_init(1000);
	SCOPED(writer_free) struct writer b = writer_init(1000);
	struct socks s = { .state = SOCKS_START }, t = { .state = SOCKS_START };
	struct span in = span_of(data, size < SOCKS_INPUT_MAX ? size : SOCKS_INPUT_MAX - 1);
	enum err e = take_all(&s, in, in.len + 1, &a);

	must(take_all(&t, in, 1, &b) == e);
	must(span_eq(writer_span(&a), writer_span(&b)));
	if (e == ERR_OK) {
		must(strcmp(s.host, t.host) == 0 && s.port == t.port && s.host[0] != '\0');
		socks_answer(&s, SOCKS_FAILED, &a);
		must(wr_end(&a) == ERR_OK);
	}
	return 0;
}
