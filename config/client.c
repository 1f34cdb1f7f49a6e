/* SPDX-License-Identifier: ISC */
/* Kinds of the client only: AddKeysToAgent, ControlPersist, EscapeChar, ObscureKeystrokeTiming. */
#include "config/table.h"

static bool
is_yes(const struct args *a, struct span s)
{
	return same_word(s, "yes") || (a->truth && same_word(s, "true"));
}

static bool
is_no(const struct args *a, struct span s)
{
	return same_word(s, "no") || (a->truth && same_word(s, "false"));
}

/* --- AddKeysToAgent --- */

static enum err
add_keys_parse(struct args *a, void *value)
{
	struct add_keys *k = value;
	uint64_t seconds = 0;

	TRY(args_some(a));
	if (a->n > 2 || (a->n == 2 && !same_word(a->v[0], "confirm")))
		return args_bad(a, "extra arguments at end of line");
	if (is_yes(a, a->v[0]))
		k->mode = ADD_KEYS_YES;
	else if (is_no(a, a->v[0]))
		k->mode = ADD_KEYS_NO;
	else if (same_word(a->v[0], "ask"))
		k->mode = ADD_KEYS_ASK;
	else if (same_word(a->v[0], "confirm"))
		k->mode = ADD_KEYS_CONFIRM;
	else if (text_time(a->v[0], &seconds) == ERR_OK && seconds > 0)
		k->mode = ADD_KEYS_YES;
	else
		return args_bad(a, "must be yes, no, ask, confirm, confirm and a time, or a time");
	if (a->n == 2 && (text_time(a->v[1], &seconds) != ERR_OK || seconds == 0))
		return args_bad(a, "the second argument must be a time such as 1h");
	k->seconds = (uint32_t)seconds;
	return ERR_OK;
}

static void
add_keys_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	static const char *const words[] = {
		[ADD_KEYS_NO] = "false", [ADD_KEYS_YES] = "true", [ADD_KEYS_ASK] = "ask",
		[ADD_KEYS_CONFIRM] = "confirm",
	};
	const struct add_keys *keys = value;

	(void)k;
	(void)i;
	if (keys->seconds == 0)
		wr_printf(w, "%s", words[keys->mode]);
	else
		wr_printf(w, "%s%u", keys->mode == ADD_KEYS_CONFIRM ? "confirm " : "",
		    keys->seconds);
}

const struct kind kind_add_keys = {
	.size = sizeof(struct add_keys), .parse = add_keys_parse, .print = add_keys_print,
};

/* --- ControlPersist --- */

static enum err
control_persist_parse(struct args *a, void *value)
{
	struct control_persist *c = value;
	uint64_t seconds = 0;
	struct span s;

	TRY(args_one(a, &s));
	c->on = !is_no(a, s);
	if (c->on && !is_yes(a, s) && text_time(s, &seconds) != ERR_OK)
		return args_bad(a, "must be yes, no or a time such as 10m");
	c->seconds = (uint32_t)seconds;
	return ERR_OK;
}

static void
control_persist_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	const struct control_persist *c = value;

	(void)k;
	(void)i;
	if (c->seconds > 0)
		wr_printf(w, "%u", c->seconds);
	else
		wr_printf(w, "%s", c->on ? "yes" : "no");
}

const struct kind kind_control_persist = {
	.size = sizeof(struct control_persist), .parse = control_persist_parse,
	.print = control_persist_print,
};

/* --- EscapeChar --- */

static enum err
escape_parse(struct args *a, void *value)
{
	int *escape = value;
	struct span s;

	TRY(args_one(a, &s));
	if (same_word(s, "none"))
		*escape = ESCAPE_NONE;
	else if (s.len == 1)
		*escape = s.p[0];
	else if (s.len == 2 && s.p[0] == '^' && s.p[1] >= '@' && s.p[1] < 0x7f)
		*escape = s.p[1] & 31;
	else
		return args_bad(a, "must be a character, ^ and a letter, or none");
	return ERR_OK;
}

static void
escape_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	int escape = *(const int *)value;
	uint8_t c = (uint8_t)escape;

	(void)k;
	(void)i;
	if (escape == ESCAPE_NONE)
		wr_raw(w, SPAN_LIT("none"));
	else if (c < ' ')
		wr_printf(w, "^%c", c + '@');
	else
		word_put(w, span_of(&c, 1));
}

const struct kind kind_escape = {
	.size = sizeof(int), .parse = escape_parse, .print = escape_print,
};

/* --- ObscureKeystrokeTiming --- */

static enum err
keystroke_parse(struct args *a, void *value)
{
	static const struct span prefix = { (const uint8_t *)"interval:", 9 };
	uint64_t ms = KEYSTROKES_YES;
	struct span s;

	TRY(args_one(a, &s));
	if (is_no(a, s))
		ms = 0;
	else if (!is_yes(a, s) && (!same_word(span_first(s, prefix.len), "interval:") ||
	    text_number(span_skip(s, prefix.len), 1, 1000, &ms) != ERR_OK))
		return args_bad(a, "must be yes, no, or interval: and 1 to 1000 milliseconds");
	*(uint32_t *)value = (uint32_t)ms;
	return ERR_OK;
}

static void
keystroke_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	uint32_t ms = *(const uint32_t *)value;

	(void)k;
	(void)i;
	if (ms == 0 || ms == KEYSTROKES_YES)
		wr_printf(w, "%s", ms == 0 ? "no" : "yes");
	else
		wr_printf(w, "interval:%u", ms);
}

const struct kind kind_keystroke = {
	.size = sizeof(uint32_t), .parse = keystroke_parse, .print = keystroke_print,
};
