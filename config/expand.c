/* SPDX-License-Identifier: ISC */
#include "config/config.h"

#include <stdlib.h>

enum err
config_expand(struct writer *w, struct span text, const struct config_tokens *tokens)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.p[i];

		if (c != '%') {
			wr_u8(w, c);
			continue;
		}
		if (++i == text.len)
			return ERR_SYNTAX;
		c = text.p[i];
		if (c == '%')
			wr_u8(w, c);
		else if (c >= COUNT(tokens->value) || tokens->value[c] == NULL)
			return ERR_SYNTAX;
		else
			wr_raw(w, span_str(tokens->value[c]));
	}
	return wr_end(w);
}

enum err
config_expand_env(struct writer *w, struct span text,
    const char *(*getenv_of)(void *self, const char *name), void *self)
{
	for (size_t i = 0; i < text.len; i++) {
		struct span rest = span_skip(text, i);
		const char *value;
		char *name;
		size_t end;

		if (!span_starts(rest, SPAN_LIT("${"))) {
			wr_u8(w, text.p[i]);
			continue;
		}
		end = span_find(rest, '}');
		if (end == rest.len || end == 2)
			return ERR_SYNTAX;
		name = span_dup_str(span_of(rest.p + 2, end - 2));
		if (name == NULL)
			return ERR_NOMEM;
		value = getenv_of == NULL ? NULL : getenv_of(self, name);
		free(name);
		if (value == NULL)
			return ERR_NOTFOUND;
		wr_raw(w, span_str(value));
		i += end;
	}
	return wr_end(w);
}
