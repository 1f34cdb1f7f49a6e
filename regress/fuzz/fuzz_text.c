/* SPDX-License-Identifier: ISC */
/*
 * base/text: everything that parses text, with the input as the text; what
 * can be printed again must come back the same.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
numbers(struct span s)
{
	uint64_t v;

	if (text_number(s, 10, 1000, &v) == ERR_OK)
		must(v >= 10 && v <= 1000);
	if (text_time(s, &v) == ERR_OK)
		must(v <= INT32_MAX);
	if (text_size(s, &v) == ERR_OK)
		must(s.len > 0);
}

static void
patterns(struct span s)
{
	size_t half = s.len / 2;
	struct span a = span_first(s, half), b = span_skip(s, half);

	if (text_match(a, b, false))
		must(text_match(a, b, true));
	(void)text_match_list(a, b, true);
	(void)text_list_has(a, b);
}

static void
addresses(struct span s)
{
	struct address a, again, some = { .family = 4, .bytes = { 10, 1, 2, 3 } };
	struct cidr c;
	enum match m = MATCH_YES;
	char buf[46];

	if (address_parse(s, &a) == ERR_OK) {
		must(address_parse(span_str(address_print(&a, buf, sizeof(buf))), &again) == ERR_OK);
		must(memcmp(&a, &again, sizeof(a)) == 0);
	}
	if (cidr_parse(s, &c) == ERR_OK)
		must(cidr_has(&c, &c.base));
	if (address_match_list(&some, s, &m) != ERR_OK)
		must(m == MATCH_NO);
}

static void
encodings(struct span s)
{
	SCOPED(writer_free) struct writer w = writer_init(1 << 20);
	SCOPED(writer_free) struct writer back = writer_init(1 << 20);
	char buf[40];

	if (base64_get(&w, s) == ERR_OK) {
		SCOPED(writer_free) struct writer text = writer_init(1 << 20);

		base64_put(&text, writer_span(&w), false);
		must(base64_get(&back, writer_span(&text)) == ERR_OK);
		must(span_eq(writer_span(&back), writer_span(&w)));
	}
	writer_reset(&w);
	writer_reset(&back);
	hex_put(&w, s, '\0');
	must(hex_get(&back, writer_span(&w)) == ERR_OK && span_eq(writer_span(&back), s));
	(void)hex_get(&back, s);
	writer_reset(&w);
	json_put_str(&w, s);
	for (struct span rest = writer_span(&w); rest.len > 0;) {
		size_t n = text_utf8_char(rest);

		must(n > 0 || (rest.p[0] >= ' ' && rest.p[0] <= '~'));
		rest = span_skip(rest, n == 0 ? 1 : n);
	}
	writer_reset(&w);
	text_visible(&w, s);
	for (size_t i = 0; i < w.len; i++)
		must(w.p[i] >= ' ' && w.p[i] <= '~');
	must(strlen(text_visible_str(buf, sizeof(buf), s)) < sizeof(buf));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_of(data, size);

	numbers(s);
	patterns(s);
	addresses(s);
	encodings(s);
	return 0;
}
