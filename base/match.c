/* SPDX-License-Identifier: ISC */
#include "base/text.h"

/* ASCII only: names of users, hosts and files are compared in no locale. */
static uint8_t
fold(uint8_t c, bool fold_case)
{
	return fold_case && c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/*
 * Only the last * seen is ever tried again: what an earlier one could swallow
 * the later one can too. So the work is at most name x pattern.
 */
bool
text_match(struct span name, struct span pattern, bool fold_case)
{
	size_t n = 0, p = 0;
	size_t retry_n = 0, retry_p = SIZE_MAX;	/* behind the last * */

	while (n < name.len) {
		if (p < pattern.len && pattern.p[p] == '*') {
			retry_p = ++p;
			retry_n = n;
		} else if (p < pattern.len && (pattern.p[p] == '?' ||
		    fold(pattern.p[p], fold_case) == fold(name.p[n], fold_case))) {
			n++;
			p++;
		} else if (retry_p != SIZE_MAX) {
			p = retry_p;
			n = ++retry_n;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.p[p] == '*')
		p++;
	return p == pattern.len;
}

enum match
text_match_list(struct span name, struct span list, bool fold_case)
{
	enum match result = MATCH_NO;
	struct span part;

	while (span_token(&list, ',', &part)) {
		bool negated = part.len > 0 && part.p[0] == '!';

		if (negated)
			part = span_skip(part, 1);
		if (part.len == 0 || !text_match(name, part, fold_case))
			continue;
		if (negated)
			return MATCH_NEGATED;
		result = MATCH_YES;
	}
	return result;
}

bool
text_list_has(struct span list, struct span name)
{
	struct span part;

	while (span_token(&list, ',', &part)) {
		if (part.len > 0 && span_eq(part, name))
			return true;
	}
	return false;
}
