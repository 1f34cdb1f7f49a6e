/* SPDX-License-Identifier: ISC */
/* ssh-keygen: from when to when a certificate is good. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "keys/timestamp.h"
#include "tools/ssh_keygen.h"

NORETURN static void
bad_interval(const char *text)
{
	die("Invalid certificate life specification %s", text);
}

enum err
parse_date(struct span s, uint64_t *out)
{
	int64_t t;
	time_t as_utc;
	struct tm tm;

	TRY(timestamp_parse(s, 0, &t));
	if (s.p[s.len - 1] != 'Z') {
		/* The same digits as a local time, with the offset of that day. */
		as_utc = (time_t)t;
		if (gmtime_r(&as_utc, &tm) == NULL)
			return ERR_RANGE;
		tm.tm_isdst = -1;
		t = mktime(&tm);
	}
	*out = t < 0 ? 0 : (uint64_t)t;
	return ERR_OK;
}

/* "+1h", "-1d": from now. */
static enum err
relative(struct span s, uint64_t now, uint64_t *out)
{
	bool is_past = s.p[0] == '-';
	uint64_t seconds;

	TRY(text_time(span_skip(s, 1), &seconds));
	if (is_past)
		*out = seconds > now ? 0 : now - seconds;
	else
		*out = now + seconds;
	return ERR_OK;
}

/* One end of the interval; word stands for its default. */
static uint64_t
point(struct span s, const char *word, uint64_t meaning, uint64_t now, const char *text)
{
	uint64_t t = meaning;
	enum err e = ERR_OK;

	if (span_is(s, word))
		return meaning;
	if (s.len > 0 && (s.p[0] == '+' || s.p[0] == '-'))
		e = relative(s, now, &t);
	else if (span_starts(s, SPAN_LIT("0x")))
		e = text_hex_number(span_skip(s, 2), &t);		/* seconds since 1970 */
	else
		e = parse_date(s, &t);
	if (e != ERR_OK)
		bad_interval(text);
	return t;
}

void
parse_validity(const char *text, uint64_t *after, uint64_t *before)
{
	uint64_t now = (uint64_t)time(NULL);
	struct span rest = span_str(text), from;

	*after = 0;
	*before = UINT64_MAX;
	if (text == NULL)
		return;
	if (span_find(rest, ':') == rest.len) {
		/* From the last full minute: clocks differ a little. */
		if (rest.len == 0 || rest.p[0] == '-')
			bad_interval(text);
		*after = (now - 59) / 60 * 60;
		*before = point(rest, "forever", UINT64_MAX, now, text);
	} else {
		(void)span_token(&rest, ':', &from);
		*after = point(from, "always", 0, now, text);
		*before = point(rest, "forever", UINT64_MAX, now, text);
	}
	if (*before <= *after)
		die("Empty certificate validity interval");
}

static void
put_time(struct writer *w, uint64_t t)
{
	time_t seconds = (time_t)t;
	struct tm tm;
	char buf[64];

	if (t > INT64_MAX || localtime_r(&seconds, &tm) == NULL ||
	    strftime(buf, sizeof buf, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		snprintf(buf, sizeof buf, "UNKNOWN-TIME");
	wr_raw(w, span_str(buf));
}

void
put_validity(struct writer *w, uint64_t after, uint64_t before)
{
	if (after == 0 && before == UINT64_MAX) {
		wr_raw(w, SPAN_LIT("forever"));
	} else if (after == 0) {
		wr_raw(w, SPAN_LIT("before "));
		put_time(w, before);
	} else {
		wr_raw(w, span_str(before == UINT64_MAX ? "after " : "from "));
		put_time(w, after);
		if (before != UINT64_MAX) {
			wr_raw(w, SPAN_LIT(" to "));
			put_time(w, before);
		}
	}
}
