/* SPDX-License-Identifier: ISC */
/*
 * base/text.h - text that people and files write: numbers, times, patterns,
 * addresses, base64, and making foreign bytes fit to print.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/err.h"
#include "base/span.h"
#include "base/writer.h"

/* Writes s with control bytes, backslash and non-ASCII made visible (\n, \033). */
void text_visible(struct writer *w, struct span s);

/*
 * Copies s into buf of size bytes as text_visible() does, always NUL
 * terminated, "..." at the end where it did not fit. Returns buf.
 */
const char *text_visible_str(char *buf, size_t size, struct span s);

/* The same, but a backslash stays one: what is visible already does not change. */
const char *text_line_str(char *buf, size_t size, struct span s);

/* Parses a decimal number from min to max that fills s. ERR_SYNTAX, ERR_RANGE. */
enum err text_number(struct span s, uint64_t min, uint64_t max, uint64_t *out);

/* Parses 1 to 16 hexadecimal digits that fill s. ERR_SYNTAX; ERR_RANGE for more digits. */
enum err text_hex_number(struct span s, uint64_t *out);

/*
 * Parses a time of sshd_config(5) ("90", "1h30m", "2w") into seconds.
 * ERR_SYNTAX; ERR_RANGE above INT32_MAX seconds.
 */
enum err text_time(struct span s, uint64_t *seconds);

/* Parses a size ("512", "64K", "1M", "2G") into bytes. ERR_SYNTAX, ERR_RANGE. */
enum err text_size(struct span s, uint64_t *bytes);

/* Whether name matches one pattern with * and ?; linear time in both. */
bool text_match(struct span name, struct span pattern, bool fold_case);

enum match {
	MATCH_NO,		/* no pattern matches */
	MATCH_YES,
	MATCH_NEGATED,		/* a pattern with ! matches: defeats the list */
};

/* Matches name with a comma list of patterns, each maybe negated by "!". */
enum match text_match_list(struct span name, struct span list, bool fold_case);

/* Whether name is one of the comma-separated names in list, exactly. */
bool text_list_has(struct span list, struct span name);

/* An IPv4 or IPv6 address; IPv4-mapped IPv6 is stored as IPv4. */
struct address {
	uint8_t family;		/* 4 or 6; 0: none */
	uint8_t bytes[16];	/* network order, 4 or 16 of them */
};

/* Parses an address in numbers (no port, no zone). ERR_SYNTAX. */
enum err address_parse(struct span s, struct address *out);

/* Prints a into buf (46 bytes or more). Returns buf. */
const char *address_print(const struct address *a, char *buf, size_t size);

/* An address and how many of its leading bits count. */
struct cidr {
	struct address base;
	uint8_t bits;
};

/* Parses "addr" or "addr/bits". ERR_SYNTAX; ERR_RANGE if host bits are set. */
enum err cidr_parse(struct span s, struct cidr *out);

/* Whether a lies within c. */
bool cidr_has(const struct cidr *c, const struct address *a);

/* Characters of a name in the place of an address (ForwardingNames), with a NUL. */
#define NAME_SIZE	64

/* Whether it may be one: letters, digits, '-', '_', '.', and no address and not "localhost". */
bool name_is_valid(struct span name);

/* Whether a is in one of the networks of a comma list. */
bool cidr_list_has(struct span list, const struct address *a);

/*
 * Matches a with a comma list of CIDRs and wildcard patterns, "!" negating,
 * as from= and Match Address do. ERR_SYNTAX leaves *out MATCH_NO.
 */
enum err address_match_list(const struct address *a, struct span list,
    enum match *out);

/* Whether a pattern of such a list is about host names: it can match no address. */
bool address_never_matches(struct span pattern);

/* Whether the list has patterns about host names, of those that begin with "!" or of the others. */
bool address_list_has_names(struct span list, bool negated);

/* Writes s in base64 without line breaks; padded if pad. */
void base64_put(struct writer *w, struct span s, bool pad);

/*
 * Decodes base64 (white space between is skipped, padding optional but
 * right) into w. ERR_SYNTAX.
 */
enum err base64_get(struct writer *w, struct span text);

/* Writes s in lower-case hexadecimal, sep between bytes unless it is 0. */
void hex_put(struct writer *w, struct span s, char sep);

/* Decodes hexadecimal into w. ERR_SYNTAX. */
enum err hex_get(struct writer *w, struct span text);

/*
 * How many bytes the character of UTF-8 (RFC 3629) has that s begins with, if
 * it is above U+009F (no ASCII, no control character); else 0.
 */
size_t text_utf8_char(struct span s);

#endif
