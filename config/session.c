/* SPDX-License-Identifier: ISC */
/* Kinds of what goes on in a session: subsystems, timeouts, IPQoS, environment. */
#include <stdlib.h>
#include <string.h>

#include "config/table.h"

/* --- Subsystem --- */

/* All behind the name, as written, without a comment. */
static struct span
subsystem_command(const struct args *a)
{
	struct span first = a->line->written[1], last = a->line->written[a->n - 1];

	return span_of(first.p, (size_t)(last.p + last.len - first.p));
}

static enum err
subsystems_parse(struct args *a, void *value)
{
	struct subsystems *s = value;
	struct subsystem *v;

	if (a->n < 2 || a->v[0].len == 0)
		return args_bad(a, "must be a name and a command, internal-sftp or none");
	for (size_t i = 0; i < s->n; i++) {
		if (span_is(a->v[0], s->v[i].name))
			return ERR_OK;		/* the first of a name counts */
	}
	v = list_more(s->v, s->n, sizeof(*v));
	if (v == NULL)
		return ERR_NOMEM;
	s->v = v;
	v[s->n] = (struct subsystem){ 0 };
	TRY(copy_text(&v[s->n].name, a->v[0]));
	s->n++;				/* from here on subsystems_free() sees it */
	return copy_text(&v[s->n - 1].command, subsystem_command(a));
}

static size_t
subsystems_lines(const struct keyword *k, const void *value)
{
	(void)k;
	return ((const struct subsystems *)value)->n;
}

static void
subsystems_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	const struct subsystem *s = &((const struct subsystems *)value)->v[i];

	(void)k;
	word_put(w, span_str(s->name));
	wr_printf(w, " %s", s->command);
}

static void
subsystem_free(struct subsystem *s)
{
	free(s->name);
	free(s->command);
}

static void
subsystems_free(void *value)
{
	struct subsystems *s = value;

	for (size_t i = 0; i < s->n; i++)
		subsystem_free(&s->v[i]);
	free(s->v);
	*s = (struct subsystems){ 0 };
}

void
subsystems_finish(struct subsystems *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (same_word(span_str(s->v[i].command), "none"))
			subsystem_free(&s->v[i]);
		else
			s->v[kept++] = s->v[i];
	}
	s->n = kept;
}

const struct kind kind_subsystems = {
	.size = sizeof(struct subsystems), .parse = subsystems_parse,
	.lines = subsystems_lines, .print = subsystems_print, .free = subsystems_free,
};

/* --- ChannelTimeout --- */

static enum err
timeout_add(struct args *a, struct channel_timeouts *t, struct span s)
{
	size_t equals = find_last(s, '=');
	struct channel_timeout *v;
	uint64_t seconds = 0;

	if (equals == 0 || equals == s.len ||
	    (!same_word(span_skip(s, equals + 1), "none") &&
	    text_time(span_skip(s, equals + 1), &seconds) != ERR_OK))
		return args_bad(a, "must be none, or a list of type=time");
	v = list_more(t->v, t->n, sizeof(*v));
	if (v == NULL)
		return ERR_NOMEM;
	t->v = v;
	v[t->n] = (struct channel_timeout){ .seconds = (uint32_t)seconds };
	TRY(copy_text(&v[t->n].type, span_first(s, equals)));
	t->n++;
	return ERR_OK;
}

static enum err
timeouts_parse(struct args *a, void *value)
{
	TRY(args_some(a));
	for (size_t i = 0; i < a->n && !args_none(a); i++)
		TRY(timeout_add(a, value, a->v[i]));
	return ERR_OK;
}

static size_t
timeouts_lines(const struct keyword *k, const void *value)
{
	(void)k;
	return ((const struct channel_timeouts *)value)->n > 0 ? 1 : 0;
}

static void
timeouts_print(const struct keyword *k, const void *value, size_t line, struct writer *w)
{
	const struct channel_timeouts *t = value;

	(void)k;
	(void)line;
	for (size_t i = 0; i < t->n; i++) {
		SCOPED(writer_free) struct writer word = writer_init(w->max);

		wr_printf(&word, "%s=%u", t->v[i].type, t->v[i].seconds);
		if (wr_end(&word) != ERR_OK)
			wr_fail(w, wr_end(&word));
		if (i > 0)
			wr_u8(w, ' ');
		word_put(w, writer_span(&word));
	}
}

static void
timeouts_free(void *value)
{
	struct channel_timeouts *t = value;

	for (size_t i = 0; i < t->n; i++)
		free(t->v[i].type);
	free(t->v);
	*t = (struct channel_timeouts){ 0 };
}

const struct kind kind_channel_timeouts = {
	.size = sizeof(struct channel_timeouts), .parse = timeouts_parse,
	.lines = timeouts_lines, .print = timeouts_print, .free = timeouts_free,
};

uint32_t
channel_timeout_of(const struct channel_timeouts *t, struct span type)
{
	bool global = span_is(type, "global");

	for (size_t i = 0; i < t->n; i++) {
		struct span pattern = span_str(t->v[i].type);

		if (global ? span_eq(pattern, type) : text_match(type, pattern, false))
			return t->v[i].seconds;
	}
	return 0;
}

/* --- IPQoS --- */

static const struct {
	const char *word;
	int value;		/* DSCP in the upper six bits */
} qos_words[] = {
	{ "none", IP_QOS_NONE },
	{ "af11", 10 << 2 }, { "af12", 12 << 2 }, { "af13", 14 << 2 },
	{ "af21", 18 << 2 }, { "af22", 20 << 2 }, { "af23", 22 << 2 },
	{ "af31", 26 << 2 }, { "af32", 28 << 2 }, { "af33", 30 << 2 },
	{ "af41", 34 << 2 }, { "af42", 36 << 2 }, { "af43", 38 << 2 },
	{ "cs0", 0 << 2 }, { "cs1", 8 << 2 }, { "cs2", 16 << 2 }, { "cs3", 24 << 2 },
	{ "cs4", 32 << 2 }, { "cs5", 40 << 2 }, { "cs6", 48 << 2 }, { "cs7", 56 << 2 },
	{ "ef", 46 << 2 }, { "le", 1 << 2 },
	/* type of service words of old configs: they have lost their meaning */
	{ "lowdelay", IP_QOS_NONE }, { "throughput", IP_QOS_NONE },
	{ "reliability", IP_QOS_NONE },
};

/* Parses a word of the table, or a number up to 255, also as 0x.. */
static bool
parse_qos(struct span s, int *out)
{
	uint64_t number;
	unsigned v = 0;

	for (size_t i = 0; i < COUNT(qos_words); i++) {
		if (same_word(s, qos_words[i].word)) {
			*out = qos_words[i].value;
			return true;
		}
	}
	if (s.len > 2 && s.len <= 4 && s.p[0] == '0' && (s.p[1] | 0x20) == 'x') {
		for (size_t i = 2; i < s.len; i++) {
			const char *digits = "0123456789abcdef", *at;

			at = s.p[i] == 0 ? NULL : strchr(digits, s.p[i] | 0x20);
			if (at == NULL)
				return false;
			v = v << 4 | (unsigned)(at - digits);
		}
		*out = (int)v;
		return true;
	}
	if (text_number(s, 0, 255, &number) != ERR_OK)
		return false;
	*out = (int)number;
	return true;
}

static enum err
qos_parse(struct args *a, void *value)
{
	struct ip_qos *q = value;
	int v[2];

	TRY(args_some(a));
	if (a->n > 2)
		return args_bad(a, "extra arguments at end of line");
	for (size_t i = 0; i < a->n; i++) {
		if (!parse_qos(a->v[i], &v[i]))
			return args_bad(a, "must be one or two of af11 to af43, cs0 to cs7, ef, "
			    "le, none, or numbers up to 255");
	}
	*q = (struct ip_qos){ v[0], v[a->n - 1] };
	return ERR_OK;
}

static void
print_qos(struct writer *w, int value)
{
	for (size_t i = 0; i < COUNT(qos_words); i++) {
		if (qos_words[i].value == value) {
			wr_printf(w, "%s", qos_words[i].word);
			return;
		}
	}
	wr_printf(w, "0x%02x", (unsigned)value);
}

static void
qos_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	const struct ip_qos *q = value;

	(void)k;
	(void)i;
	print_qos(w, q->interactive);
	wr_u8(w, ' ');
	print_qos(w, q->bulk);
}

const struct kind kind_qos = {
	.size = sizeof(struct ip_qos), .parse = qos_parse, .print = qos_print,
};

/* --- PermitUserEnvironment --- */

static enum err
user_environment_parse(struct args *a, void *value)
{
	struct user_environment *e = value;
	struct span s;

	TRY(args_one(a, &s));
	e->allowed = !same_word(s, "no");
	if (!e->allowed || same_word(s, "yes"))
		return ERR_OK;
	if (s.len == 0)
		return args_bad(a, "must be yes, no, or a list of names");
	return copy_text(&e->patterns, s);
}

static void
user_environment_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	const struct user_environment *e = value;

	(void)k;
	(void)i;
	if (e->patterns != NULL)
		word_put(w, span_str(e->patterns));
	else
		wr_printf(w, "%s", e->allowed ? "yes" : "no");
}

static void
user_environment_free(void *value)
{
	struct user_environment *e = value;

	free(e->patterns);
	*e = (struct user_environment){ 0 };
}

const struct kind kind_user_environment = {
	.size = sizeof(struct user_environment), .parse = user_environment_parse,
	.print = user_environment_print, .free = user_environment_free,
};
