/* SPDX-License-Identifier: ISC */
/*
 * What a user may type: destinations, which must come apart within the text,
 * and escapes, whose outcome must not depend on how the bytes are read.
 */
#include <stdlib.h>
#include <string.h>

#include "ssh/destination.h"
#include "ssh/escape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
take(enum err (*parse)(struct span, struct destination *), struct span text)
{
	SCOPED(writer_free) struct writer w = writer_init(64 * 1024);
	struct destination d;

	if (parse(text, &d) != ERR_OK)
		return;
	must(d.host.len > 0 && d.host.p >= text.p && d.host.p + d.host.len <= text.p + text.len);
	(void)!destination_put_user(&d, &w);
	must(w.len <= d.user.len);
}

/* Filters data in pieces of so many bytes. Returns what came out. */
static size_t
filter(struct span data, size_t piece, uint8_t *out)
{
	struct escape e;
	uint8_t buf[260];
	size_t len = 0;

	escape_init(&e, '~');
	while (data.len > 0) {
		struct span now = span_first(data, piece);
		size_t n;

		memcpy(buf, now.p, now.len);
		n = escape_filter(&e, buf, now.len, sizeof(buf));
		must(n <= now.len + 1);
		memcpy(out + len, buf, n);
		len += n;
		data = span_skip(data, now.len);
		while (escape_next(&e) != ESCAPE_NOTHING)
			;
	}
	return len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size);
	uint8_t *a, *b;
	size_t n;

	take(destination_parse, text);
	take(destination_parse_hop, text);
	take(destination_parse_host_port, text);
	a = malloc(size + 2);
	b = malloc(size + 2);
	must(a != NULL && b != NULL);
	n = filter(text, 1, a);
	must(n == filter(text, 256, b) && memcmp(a, b, n) == 0);
	must(n == filter(text, 7, b) && memcmp(a, b, n) == 0);
	free(a);
	free(b);
	return 0;
}
