/* SPDX-License-Identifier: ISC */
#include "base/text.h"

#include <arpa/inet.h>		/* inet_pton, inet_ntop: pure functions */
#include <string.h>

static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

/* Parses without mapping ::ffff:a.b.c.d to IPv4. */
static enum err
parse_as_written(struct span s, struct address *out)
{
	char text[INET6_ADDRSTRLEN];
	struct address a = { 0 };
	int family;

	if (s.len == 0 || s.len >= sizeof(text) || span_find(s, 0) < s.len)
		return ERR_SYNTAX;
	memcpy(text, s.p, s.len);
	text[s.len] = '\0';
	family = span_find(s, ':') < s.len ? AF_INET6 : AF_INET;
	if (inet_pton(family, text, a.bytes) != 1)
		return ERR_SYNTAX;
	a.family = family == AF_INET6 ? 6 : 4;
	*out = a;
	return ERR_OK;
}

/* Makes an IPv4-mapped address IPv4; returns whether it was one. */
static bool
unmap(struct address *a)
{
	if (a->family != 6 || memcmp(a->bytes, mapped_prefix, sizeof(mapped_prefix)) != 0)
		return false;
	a->family = 4;
	memmove(a->bytes, a->bytes + 12, 4);
	memset(a->bytes + 4, 0, 12);
	return true;
}

enum err
address_parse(struct span s, struct address *out)
{
	TRY(parse_as_written(s, out));
	unmap(out);
	return ERR_OK;
}

const char *
address_print(const struct address *a, char *buf, size_t size)
{
	must(size >= INET6_ADDRSTRLEN);
	if (a->family == 0)
		buf[0] = '\0';
	else
		must(inet_ntop(a->family == 6 ? AF_INET6 : AF_INET, a->bytes, buf,
		    (socklen_t)size) != NULL);
	return buf;
}

/* Whether the bits of a behind the first n are all zero. */
static bool
tail_is_zero(const struct address *a, unsigned n)
{
	for (unsigned bit = n; bit < 128; bit++) {
		if (a->bytes[bit / 8] & 0x80 >> bit % 8)
			return false;
	}
	return true;
}

enum err
cidr_parse(struct span s, struct cidr *out)
{
	size_t slash = span_find(s, '/');
	struct cidr c = { 0 };
	unsigned all;
	uint64_t bits;

	TRY(parse_as_written(span_first(s, slash), &c.base));
	all = c.base.family == 6 ? 128 : 32;
	bits = all;
	if (slash < s.len && text_number(span_skip(s, slash + 1), 0, all, &bits) != ERR_OK)
		return ERR_SYNTAX;
	if (!tail_is_zero(&c.base, (unsigned)bits))
		return ERR_RANGE;
	if (unmap(&c.base))
		bits -= 96;	/* fewer would have left host bits set */
	c.bits = (uint8_t)bits;
	*out = c;
	return ERR_OK;
}

bool
cidr_has(const struct cidr *c, const struct address *a)
{
	unsigned whole = c->bits / 8, rest = c->bits % 8;

	if (c->base.family == 0 || a->family != c->base.family)
		return false;
	if (memcmp(c->base.bytes, a->bytes, whole) != 0)
		return false;
	return rest == 0 ||
	    ((c->base.bytes[whole] ^ a->bytes[whole]) & 0xff << (8 - rest) & 0xff) == 0;
}

bool
cidr_list_has(struct span list, const struct address *a)
{
	struct span word;
	struct cidr c;

	while (span_token(&list, ',', &word)) {
		if (cidr_parse(word, &c) == ERR_OK && cidr_has(&c, a))
			return true;
	}
	return false;
}

bool
name_is_valid(struct span name)
{
	struct address a;
	bool has_letter = false;

	if (name.len == 0 || name.len >= NAME_SIZE || name.p[0] == '-' || name.p[0] == '.')
		return false;
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.p[i];
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		has_letter |= is_letter;
		if (!is_letter && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.')
			return false;
	}
	return has_letter && address_parse(name, &a) != ERR_OK && !span_is(name, "localhost");
}

/* Matches one entry of a list, without its "!". */
static enum err
match_entry(const struct address *a, struct span text, struct span entry, bool *out)
{
	struct cidr cidr;
	enum err e = cidr_parse(entry, &cidr);

	if (e == ERR_OK) {
		*out = cidr_has(&cidr, a);
		return ERR_OK;
	}
	/* What has a "/" was meant as a CIDR: never let it match nothing silently. */
	if (entry.len == 0 || span_find(entry, '/') < entry.len)
		return ERR_SYNTAX;
	*out = text_match(text, entry, true);
	return ERR_OK;
}

enum err
address_match_list(const struct address *a, struct span list, enum match *out)
{
	char text[INET6_ADDRSTRLEN];
	enum match result = MATCH_NO;
	struct span entry;

	*out = MATCH_NO;
	address_print(a, text, sizeof(text));
	while (span_token(&list, ',', &entry)) {
		bool negated = entry.len > 0 && entry.p[0] == '!';
		bool matches;

		if (negated)
			entry = span_skip(entry, 1);
		TRY(match_entry(a, span_str(text), entry, &matches));
		if (matches && negated)
			result = MATCH_NEGATED;
		else if (matches && result == MATCH_NO)
			result = MATCH_YES;
	}
	*out = result;
	return ERR_OK;
}

bool
address_never_matches(struct span pattern)
{
	bool has_colon = span_find(pattern, ':') < pattern.len;

	for (size_t i = 0; i < pattern.len; i++) {
		uint8_t c = pattern.p[i] | 0x20;

		if ((c >= 'g' && c <= 'z') || (c >= 'a' && c <= 'f' && !has_colon) ||
		    pattern.p[i] == '-' || pattern.p[i] == '_')
			return true;
	}
	return false;
}

bool
address_list_has_names(struct span list, bool negated)
{
	struct span entry;

	while (span_token(&list, ',', &entry)) {
		bool is_negated = entry.len > 0 && entry.p[0] == '!';

		if (is_negated == negated && address_never_matches(span_skip(entry, is_negated ? 1 : 0)))
			return true;
	}
	return false;
}
