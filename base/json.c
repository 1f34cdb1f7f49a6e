/* SPDX-License-Identifier: ISC */
#include "base/json.h"

#include "base/text.h"

void
json_put_str(struct writer *w, struct span s)
{
	wr_u8(w, '"');
	while (s.len > 0) {
		uint8_t c = s.p[0];
		size_t n = text_utf8_char(s);

		if (n > 0)
			wr_raw(w, span_first(s, n));
		else if (c == '"' || c == '\\')
			wr_printf(w, "\\%c", c);
		else if (c == '\n')
			wr_raw(w, SPAN_LIT("\\n"));
		else if (c == '\t')
			wr_raw(w, SPAN_LIT("\\t"));
		else if (c < ' ' || c > '~')
			wr_printf(w, "\\u%04x", c);
		else
			wr_u8(w, c);
		s = span_skip(s, n == 0 ? 1 : n);
	}
	wr_u8(w, '"');
}

void
json_put_text(struct writer *w, const char *name, struct span value)
{
	wr_printf(w, ", \"%s\": ", name);
	json_put_str(w, value);
}

void
json_put_number(struct writer *w, const char *name, uint64_t value)
{
	wr_printf(w, ", \"%s\": %llu", name, (unsigned long long)value);
}

void
json_put_flag(struct writer *w, const char *name, bool value)
{
	wr_printf(w, ", \"%s\": %s", name, value ? "true" : "false");
}
