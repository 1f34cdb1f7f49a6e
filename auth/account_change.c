/* SPDX-License-Identifier: ISC */
/* Changing a line of shadow(5). */
#include "auth/account_i.h"

/* Whether text can stand in a field. */
static bool
fits_field(struct span s)
{
	return span_find(s, ':') == s.len && span_find(s, '\n') == s.len && span_find(s, 0) == s.len;
}

/* The line with another hash and day; what else it says stays. */
static void
put_line(struct writer *out, const struct span *field, struct span hash, int64_t day)
{
	wr_raw(out, field[0]);
	wr_u8(out, ':');
	wr_raw(out, hash);
	wr_printf(out, ":%lld", (long long)day);
	for (size_t i = 3; i < ACCOUNT_MAX_FIELDS; i++) {
		wr_u8(out, ':');
		wr_raw(out, field[i]);
	}
}

enum err
account_shadow_change(struct writer *out, struct span shadow, struct span name, struct span hash,
    int64_t day)
{
	bool done = false;
	struct span line;

	if (!fits_field(hash) || day < 0)
		return ERR_SYNTAX;
	while (span_token(&shadow, '\n', &line)) {
		struct span field[ACCOUNT_MAX_FIELDS], one = line;

		if (!done && account_next_line(&one, field, SHADOW_FIELDS) && span_eq(field[0], name)) {
			put_line(out, field, hash, day);
			done = true;
		} else {
			wr_raw(out, line);
		}
		if (shadow.p != NULL)	/* a newline stood behind it */
			wr_u8(out, '\n');
	}
	TRY(wr_end(out));
	return done ? ERR_OK : ERR_NOTFOUND;
}
