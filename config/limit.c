/* SPDX-License-Identifier: ISC */
/* Kinds that are a few numbers: limits, ranges, penalties. */
#include <string.h>

#include "base/limits.h"
#include "config/table.h"

/*
 * Takes up to max numbers with sep between them; how many there were, or 0 if
 * one is malformed or there are more.
 */
static size_t
parse_numbers(struct span s, uint8_t sep, uint64_t limit, uint64_t *out, size_t max)
{
	struct span part;
	size_t n = 0;

	while (span_token(&s, sep, &part)) {
		if (n == max || text_number(part, 0, limit, &out[n]) != ERR_OK)
			return 0;
		n++;
	}
	return n;
}

/* --- RekeyLimit --- */

static enum err
rekey_parse(struct args *a, void *value)
{
	struct rekey_limit *r = value;
	uint64_t bytes = 0, seconds = 0;

	TRY(args_some(a));
	if (a->n > 2)
		return args_bad(a, "extra arguments at end of line");
	if (!same_word(a->v[0], "default") &&
	    (text_size(a->v[0], &bytes) != ERR_OK || (bytes > 0 && bytes < 16)))
		return args_bad(a, "must be default or a size such as 1G, of 16 bytes or more");
	if (a->n == 2 && !same_word(a->v[1], "none") && text_time(a->v[1], &seconds) != ERR_OK)
		return args_bad(a, "the second argument must be none or a time such as 1h");
	*r = (struct rekey_limit){ bytes, (uint32_t)seconds };
	return ERR_OK;
}

static void
rekey_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	const struct rekey_limit *r = value;

	(void)k;
	(void)i;
	wr_printf(w, "%llu %u", (unsigned long long)r->bytes, r->seconds);
}

const struct kind kind_rekey = {
	.size = sizeof(struct rekey_limit), .parse = rekey_parse, .print = rekey_print,
};

/* --- MaxStartups --- */

static enum err
startups_parse(struct args *a, void *value)
{
	struct max_startups *m = value;
	uint64_t v[3];
	struct span s;
	size_t n;

	TRY(args_one(a, &s));
	n = parse_numbers(s, ':', INT32_MAX, v, 3);
	if (n == 1) {
		v[1] = 100;		/* a hard limit */
		v[2] = v[0];
	} else if (n != 3) {
		return args_bad(a, "must be a number, or start:rate:full");
	}
	if (v[0] < 1 || v[0] > v[2] || v[1] < 1 || v[1] > 100)
		return args_bad(a, "start must be 1 to full, and rate 1 to 100");
	*m = (struct max_startups){ (uint32_t)v[0], (uint32_t)v[1], (uint32_t)v[2] };
	return ERR_OK;
}

static void
startups_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	const struct max_startups *m = value;

	(void)k;
	(void)i;
	wr_printf(w, "%u:%u:%u", m->begin, m->rate, m->full);
}

const struct kind kind_startups = {
	.size = sizeof(struct max_startups), .parse = startups_parse, .print = startups_print,
};

/* --- PerSourceNetBlockSize --- */

static enum err
net_block_parse(struct args *a, void *value)
{
	struct net_block *b = value;
	uint64_t v[2] = { 32, 128 };
	struct span s;
	size_t n;

	TRY(args_one(a, &s));
	n = parse_numbers(s, ':', 128, v, 2);
	if (n == 0 || v[0] > 32)
		return args_bad(a, "must be bits or bits:bits, up to 32 for IPv4 and 128 for IPv6");
	*b = (struct net_block){ (uint32_t)v[0], (uint32_t)v[1] };
	return ERR_OK;
}

static void
net_block_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	const struct net_block *b = value;

	(void)k;
	(void)i;
	wr_printf(w, "%u:%u", b->v4_bits, b->v6_bits);
}

const struct kind kind_net_block = {
	.size = sizeof(struct net_block), .parse = net_block_parse, .print = net_block_print,
};

/* --- EphemeralKeyLimits --- */

static enum err
key_limits_parse(struct args *a, void *value)
{
	struct key_limits *l = value;
	uint64_t v[3];
	struct span s;

	TRY(args_one(a, &s));
	if (parse_numbers(s, ':', LIMIT_EPHEMERAL, v, 3) != 3 || v[0] == 0)
		return args_bad(a, "must be total:per-user:per-registrar, up to %d each",
		    LIMIT_EPHEMERAL);
	*l = (struct key_limits){ (uint32_t)v[0], (uint32_t)v[1], (uint32_t)v[2] };
	return ERR_OK;
}

static void
key_limits_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	const struct key_limits *l = value;

	(void)k;
	(void)i;
	wr_printf(w, "%u:%u:%u", l->total, l->per_user, l->per_registrar);
}

const struct kind kind_key_limits = {
	.size = sizeof(struct key_limits), .parse = key_limits_parse, .print = key_limits_print,
};

/* --- WireUidRange --- */

static enum err
uid_range_parse(struct args *a, void *value)
{
	struct uid_range *r = value;
	uint64_t v[2];
	struct span s;
	size_t n;

	TRY(args_one(a, &s));
	/* 0 is root, and the last one means "no uid" to the kernel. */
	n = parse_numbers(s, '-', UINT32_MAX - 1, v, 2);
	if (n == 1)
		v[1] = v[0];
	if (n == 0 || v[0] == 0 || v[0] > v[1])
		return args_bad(a, "must be a uid, or first-last, and not 0");
	*r = (struct uid_range){ (uint32_t)v[0], (uint32_t)v[1] };
	return ERR_OK;
}

static void
uid_range_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	const struct uid_range *r = value;

	(void)k;
	(void)i;
	wr_printf(w, "%u-%u", r->first, r->last);
}

const struct kind kind_uid_range = {
	.size = sizeof(struct uid_range), .parse = uid_range_parse, .print = uid_range_print,
};

/* --- PerSourcePenalties --- */

enum penalty_kind { PENALTY_TIME, PENALTY_COUNT, PENALTY_OVERFLOW };

#define PENALTY(name, field, kind) { name, offsetof(struct penalties, field), kind }
static const struct {
	const char *name;
	size_t offset;
	enum penalty_kind kind;
} penalty_fields[] = {
	PENALTY("crash", crash, PENALTY_TIME),
	PENALTY("authfail", authfail, PENALTY_TIME),
	PENALTY("invaliduser", invaliduser, PENALTY_TIME),
	PENALTY("refuseconnection", refuseconnection, PENALTY_TIME),
	PENALTY("noauth", noauth, PENALTY_TIME),
	PENALTY("grace-exceeded", grace_exceeded, PENALTY_TIME),
	PENALTY("max", max, PENALTY_TIME),
	PENALTY("min", min, PENALTY_TIME),
	PENALTY("max-sources4", max_sources4, PENALTY_COUNT),
	PENALTY("max-sources6", max_sources6, PENALTY_COUNT),
	PENALTY("overflow", deny_all4, PENALTY_OVERFLOW),
	PENALTY("overflow6", deny_all6, PENALTY_OVERFLOW),
};

static const struct penalties default_penalties = {
	.on = true, .crash = 90 * 1000, .authfail = 5 * 1000, .invaliduser = 5 * 1000,
	.refuseconnection = 10 * 1000, .noauth = 1 * 1000, .grace_exceeded = 10 * 1000,
	.max = 600 * 1000, .min = 15 * 1000, .max_sources4 = 65536, .max_sources6 = 65536,
};

/* Parses "90s", "2m" or "0.5" into milliseconds. */
static bool
parse_milliseconds(struct span s, uint32_t *out)
{
	size_t dot = span_find(s, '.');
	struct span fraction = span_skip(s, dot + 1);
	uint64_t seconds, rest = 0;

	if (dot == s.len ? text_time(s, &seconds) != ERR_OK :
	    text_number(span_first(s, dot), 0, UINT32_MAX, &seconds) != ERR_OK)
		return false;
	if (dot < s.len && (fraction.len > 3 || text_number(fraction, 0, 999, &rest) != ERR_OK))
		return false;
	for (size_t digits = fraction.len; dot < s.len && digits < 3; digits++)
		rest *= 10;
	if (seconds > (UINT32_MAX - 999) / 1000)
		return false;
	*out = (uint32_t)(seconds * 1000 + rest);
	return true;
}

/* Parses "deny-all" or "permissive". */
static bool
parse_overflow(struct span s, bool *deny_all)
{
	*deny_all = same_word(s, "deny-all");
	return *deny_all || same_word(s, "permissive");
}

/* Which of the fields, by the name before the colon; COUNT(penalty_fields): none. */
static size_t
penalty_find(struct span name)
{
	size_t i = 0;

	while (i < COUNT(penalty_fields) && !same_word(name, penalty_fields[i].name))
		i++;
	return i;
}

/* Parses one value into its field. */
static bool
penalty_value(void *field, enum penalty_kind kind, struct span text)
{
	uint64_t count;

	switch (kind) {
	case PENALTY_TIME:
		return parse_milliseconds(text, field);
	case PENALTY_COUNT:
		if (text_number(text, 1, INT32_MAX, &count) != ERR_OK)
			return false;
		*(uint32_t *)field = (uint32_t)count;
		return true;
	case PENALTY_OVERFLOW:
	default:
		return parse_overflow(text, field);
	}
}

/* The bit of yes and no in penalties.given. */
#define PENALTY_SWITCH	(UINT32_C(1) << 31)

/* Takes one word of a line. Of several values of one name the first counts. */
static enum err
penalty_parse(struct args *a, struct penalties *p, struct span s)
{
	size_t colon = span_find(s, ':'), i = penalty_find(span_first(s, colon));
	struct penalties ignored = { .on = false };
	uint32_t bit = i < COUNT(penalty_fields) ? UINT32_C(1) << i : PENALTY_SWITCH;
	struct penalties *to = p->given & bit ? &ignored : p;

	if (colon == s.len && (same_word(s, "yes") || same_word(s, "no"))) {
		to->on = same_word(s, "yes");
		p->given |= bit;
		return ERR_OK;
	}
	if (i == COUNT(penalty_fields))
		return args_bad(a, "must be yes, no, or a list of name:value");
	if (colon == s.len || !penalty_value((char *)to + penalty_fields[i].offset, penalty_fields[i].kind, span_skip(s, colon + 1)))
		return args_bad(a, "%s has no good value", penalty_fields[i].name);
	p->given |= bit;
	return ERR_OK;
}

static enum err
penalties_parse(struct args *a, void *value)
{
	struct penalties *p = value;

	TRY(args_some(a));
	if (p->given == 0)
		*p = default_penalties;
	for (size_t i = 0; i < a->n; i++)
		TRY(penalty_parse(a, p, a->v[i]));
	if (!(p->given & (UINT32_C(1) << penalty_find(SPAN_LIT("overflow6")))))
		p->deny_all6 = p->deny_all4;	/* overflow goes for both by itself */
	if (p->min > p->max)
		return args_bad(a, "min must not be above max");
	return ERR_OK;
}

static void
penalties_print(const struct keyword *k, const void *value, size_t line, struct writer *w)
{
	const struct penalties *p = value;

	(void)k;
	(void)line;
	if (!p->on) {
		wr_raw(w, SPAN_LIT("no"));
		return;
	}
	for (size_t i = 0; i < COUNT(penalty_fields); i++) {
		const void *field = (const char *)p + penalty_fields[i].offset;

		wr_printf(w, "%s%s:", i == 0 ? "" : " ", penalty_fields[i].name);
		if (penalty_fields[i].kind == PENALTY_OVERFLOW)
			wr_printf(w, "%s", *(const bool *)field ? "deny-all" : "permissive");
		else if (penalty_fields[i].kind == PENALTY_COUNT)
			wr_printf(w, "%u", *(const uint32_t *)field);
		else if (*(const uint32_t *)field % 1000 == 0)
			wr_printf(w, "%u", *(const uint32_t *)field / 1000);
		else
			wr_printf(w, "%u.%03u", *(const uint32_t *)field / 1000,
			    *(const uint32_t *)field % 1000);
	}
}

const struct kind kind_penalties = {
	.size = sizeof(struct penalties), .parse = penalties_parse, .print = penalties_print,
};
