/* SPDX-License-Identifier: ISC */
#include "keys/timestamp.h"

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
static int64_t
days_from_1970(unsigned year, unsigned month, unsigned day)
{
	/* Years begin in March here, so that leap days come last. */
	int64_t y = month <= 2 ? (int64_t)year - 1 : year;
	int64_t days_of_months = (153 * ((month + 9) % 12) + 2) / 5;

	return 365 * y + y / 4 - y / 100 + y / 400 + days_of_months + day - 1 - 719468;
}

static unsigned
days_in_month(unsigned year, unsigned month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && is_leap);
}

/* The number in n digits, which are taken off *s. */
static unsigned
take(struct span *s, size_t n)
{
	unsigned v = 0;

	for (size_t i = 0; i < n && i < s->len; i++)
		v = v * 10 + (unsigned)(s->p[i] - '0');
	*s = span_skip(*s, n);
	return v;
}

enum err
timestamp_parse(struct span s, long utc_offset, int64_t *out)
{
	bool is_utc = s.len > 0 && s.p[s.len - 1] == 'Z';
	unsigned year, month, day, hour, minute, second;

	if (is_utc)
		s.len--;
	if (s.len != 8 && s.len != 12 && s.len != 14)
		return ERR_SYNTAX;
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return ERR_SYNTAX;
	year = take(&s, 4);
	month = take(&s, 2);
	day = take(&s, 2);
	hour = take(&s, 2);
	minute = take(&s, 2);
	second = take(&s, 2);
	if (year < 1970 || month < 1 || month > 12 || day < 1 ||
	    day > days_in_month(year, month) || hour > 23 || minute > 59 || second > 59)
		return ERR_RANGE;
	*out = days_from_1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
	if (!is_utc)
		*out -= utc_offset;
	return ERR_OK;
}
