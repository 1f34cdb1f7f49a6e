/* SPDX-License-Identifier: ISC */
/* Kinds that are one number: flag, number, octal, time, size, choice, bits. */
#include <string.h>

#include "config/table.h"

/* Whether s is yes or no (or true or false, where these are taken). */
static bool
parse_yes_no(const struct args *a, struct span s, bool *out)
{
	*out = same_word(s, "yes") || (a->truth && same_word(s, "true"));
	return *out || same_word(s, "no") || (a->truth && same_word(s, "false"));
}

static enum err
flag_parse(struct args *a, void *value)
{
	struct span s;

	TRY(args_one(a, &s));
	if (!parse_yes_no(a, s, value))
		return args_bad(a, "must be yes or no");
	return ERR_OK;
}

static void
flag_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	(void)k;
	(void)i;
	wr_printf(w, "%s", *(const bool *)value ? "yes" : "no");
}

const struct kind kind_flag = {
	.size = sizeof(bool), .parse = flag_parse, .print = flag_print,
};

/* Says what numbers are allowed. */
static enum err
bad_number(struct args *a)
{
	return args_bad(a, "must be a number from %llu to %llu%s",
	    (unsigned long long)a->keyword->detail->min,
	    (unsigned long long)a->keyword->detail->max,
	    a->keyword->flags & NONE ? ", or none" : "");
}

static enum err
number_parse(struct args *a, void *value)
{
	const struct detail *d = a->keyword->detail;
	uint32_t *out = value;
	struct span s;
	uint64_t v;

	TRY(args_one(a, &s));
	if (args_none(a)) {
		*out = 0;
		return ERR_OK;
	}
	if (text_number(s, d->min, d->max, &v) != ERR_OK)
		return bad_number(a);
	*out = (uint32_t)v;
	return ERR_OK;
}

/* Numbers and times that have "none" keep it as 0. */
static size_t
number_lines(const struct keyword *k, const void *value)
{
	return k->flags & NONE && *(const uint32_t *)value == 0 ? 0 : 1;
}

static void
number_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	(void)k;
	(void)i;
	wr_printf(w, "%u", *(const uint32_t *)value);
}

const struct kind kind_number = {
	.size = sizeof(uint32_t), .parse = number_parse, .lines = number_lines,
	.print = number_print,
};

static enum err
octal_parse(struct args *a, void *value)
{
	uint32_t v = 0;
	struct span s;

	TRY(args_one(a, &s));
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '7' || v > 0777)
			return args_bad(a, "must be an octal number up to 0777");
		v = v << 3 | (uint32_t)(s.p[i] - '0');
	}
	if (s.len == 0 || v > 0777)
		return args_bad(a, "must be an octal number up to 0777");
	*(uint32_t *)value = v;
	return ERR_OK;
}

static void
octal_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	(void)k;
	(void)i;
	wr_printf(w, "0%o", *(const uint32_t *)value);
}

const struct kind kind_octal = {
	.size = sizeof(uint32_t), .parse = octal_parse, .print = octal_print,
};

static enum err
time_parse(struct args *a, void *value)
{
	uint64_t seconds = 0;
	struct span s;

	TRY(args_one(a, &s));
	if (!args_none(a) && text_time(s, &seconds) != ERR_OK)
		return args_bad(a, "must be a time such as 90, 30s, 5m or 1h30m%s",
		    a->keyword->flags & NONE ? ", or none" : "");
	if (seconds < a->keyword->detail->min)
		return args_bad(a, "must be longer");
	*(uint32_t *)value = (uint32_t)seconds;
	return ERR_OK;
}

const struct kind kind_time = {
	.size = sizeof(uint32_t), .parse = time_parse, .lines = number_lines,
	.print = number_print,
};

static enum err
size_parse(struct args *a, void *value)
{
	const struct detail *d = a->keyword->detail;
	uint64_t bytes;
	struct span s;

	TRY(args_one(a, &s));
	if (text_size(s, &bytes) != ERR_OK || bytes < d->min || bytes > d->max)
		return args_bad(a, "must be a size such as 512K, 64M or 1G, from %llu to %llu "
		    "bytes", (unsigned long long)d->min, (unsigned long long)d->max);
	*(uint64_t *)value = bytes;
	return ERR_OK;
}

static void
size_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	(void)k;
	(void)i;
	wr_printf(w, "%llu", (unsigned long long)*(const uint64_t *)value);
}

const struct kind kind_size = {
	.size = sizeof(uint64_t), .parse = size_parse, .print = size_print,
};

/* Finds a word among the choices; NULL if it is none of them. */
static const struct choice *
find_choice(const struct args *a, struct span s)
{
	const struct detail *d = a->keyword->detail;

	if (a->truth && same_word(s, "true"))
		s = SPAN_LIT("yes");
	else if (a->truth && same_word(s, "false"))
		s = SPAN_LIT("no");
	for (size_t i = 0; i < d->n_choices; i++) {
		if (same_word(s, d->choices[i].word))
			return &d->choices[i];
	}
	return NULL;
}

/* Says which words there are. */
static enum err
bad_choice(struct args *a)
{
	const struct detail *d = a->keyword->detail;
	SCOPED(writer_free) struct writer w = writer_init(sizeof(a->why));

	for (size_t i = 0; i < d->n_choices; i++)
		wr_printf(&w, "%s%s", i == 0 ? "" : ", ", d->choices[i].word);
	return args_bad(a, "must be one of: %.*s", (int)writer_span(&w).len,
	    w.p == NULL ? "" : (const char *)w.p);
}

/* Enums without negative values have the size of an int, here as in all ABIs. */
static enum err
choice_parse(struct args *a, void *value)
{
	const struct choice *choice;
	struct span s;

	TRY(args_one(a, &s));
	choice = find_choice(a, s);
	if (choice == NULL)
		return bad_choice(a);
	memcpy(value, &choice->value, sizeof(choice->value));
	return ERR_OK;
}

static void
choice_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	const char *word = "";
	int v;

	(void)i;
	memcpy(&v, value, sizeof(v));
	for (size_t c = k->detail->n_choices; c > 0; c--) {
		if (k->detail->choices[c - 1].value == v)
			word = k->detail->choices[c - 1].word;
	}
	if (k->flags & TRUTH && strcmp(word, "yes") == 0)
		word = "true";
	else if (k->flags & TRUTH && strcmp(word, "no") == 0)
		word = "false";
	wr_printf(w, "%s", word);
}

const struct kind kind_choice = {
	.size = sizeof(int), .parse = choice_parse, .print = choice_print,
};

static enum err
bits_parse(struct args *a, void *value)
{
	uint32_t bits = 0;

	TRY(args_some(a));
	for (size_t i = 0; i < a->n && !args_none(a); i++) {
		const struct choice *choice = find_choice(a, a->v[i]);

		if (choice == NULL)
			return bad_choice(a);
		bits |= (uint32_t)choice->value;
	}
	*(uint32_t *)value = bits;
	return ERR_OK;
}

static void
bits_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	const char *blank = "";

	(void)i;
	for (size_t c = 0; c < k->detail->n_choices; c++) {
		if (!(*(const uint32_t *)value & (uint32_t)k->detail->choices[c].value))
			continue;
		wr_printf(w, "%s%s", blank, k->detail->choices[c].word);
		blank = " ";
	}
}

const struct kind kind_bits = {
	.size = sizeof(uint32_t), .parse = bits_parse, .lines = number_lines,
	.print = bits_print,
};
