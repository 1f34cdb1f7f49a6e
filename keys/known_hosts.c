/* SPDX-License-Identifier: ISC */
/* Lines of known_hosts: parsing them, and which host they are about. */
#include "keys/known_hosts.h"

#include <string.h>

#include "base/text.h"
#include "crypto/hmac.h"
#include "keys/known_hosts_i.h"
#include "keys/line.h"

/* Reads a marker, if there is one. */
static enum err
read_marker(struct span *rest, enum known_hosts_marker *marker)
{
	struct span word;

	*marker = KNOWN_HOSTS_PLAIN;
	if (rest->len == 0 || rest->p[0] != '@')
		return ERR_OK;
	word = line_word(rest);
	if (span_is(word, "@cert-authority"))
		*marker = KNOWN_HOSTS_CA;
	else if (span_is(word, "@revoked"))
		*marker = KNOWN_HOSTS_REVOKED;
	else
		return ERR_SYNTAX;
	return ERR_OK;
}

enum err
known_hosts_parse(struct span text, struct known_hosts_line *line)
{
	struct span rest = line_trim(text);

	*line = (struct known_hosts_line){ .text = text, .err = ERR_SYNTAX };
	if (rest.len == 0 || rest.p[0] == '#')
		return line->err = ERR_NOTFOUND;
	TRY(read_marker(&rest, &line->marker));
	line->names = line_word(&rest);
	line->type = line_word(&rest);
	line->base64 = line_word(&rest);
	line->comment = rest;
	if (line->base64.len > 0)
		line->err = ERR_OK;
	return line->err;
}

bool
known_hosts_next(struct known_hosts_walk *walk, struct known_hosts_line *line)
{
	struct span text;

	while (line_next(&walk->rest, &text)) {
		walk->number++;
		if (known_hosts_parse(text, line) == ERR_NOTFOUND)
			continue;
		line->number = walk->number;
		return true;
	}
	return false;
}

void
known_hosts_name(struct writer *w, struct span host, unsigned port)
{
	bool has_port = port != 0 && port != 22;

	if (has_port)
		wr_u8(w, '[');
	for (size_t i = 0; i < host.len; i++)
		wr_u8(w, host.p[i] >= 'A' && host.p[i] <= 'Z' ?
		    (uint8_t)(host.p[i] | 0x20) : host.p[i]);
	if (has_port)
		wr_printf(w, "]:%u", port);
}

void
known_hosts_hmac(struct span salt, struct span name, uint8_t out[static KNOWN_HOSTS_HASH_LEN])
{
	hmac_once(hash_find("sha1"), salt, name, out);
}

bool
known_hosts_is_hashed(struct span names)
{
	return span_starts(names, SPAN_LIT("|1|"));
}

/*
 * Decodes one base64 part of a hashed name. The writer stands on the stack and
 * cannot grow: no lack of memory may make a revoked line look like no match.
 */
static bool
read_part(struct span *rest, uint8_t out[static KNOWN_HOSTS_HASH_LEN])
{
	uint8_t buf[64];
	struct writer w = { .p = buf, .cap = sizeof buf, .max = sizeof buf };
	struct span part;

	if (!span_token(rest, '|', &part) || base64_get(&w, part) != ERR_OK ||
	    w.len != KNOWN_HOSTS_HASH_LEN)
		return false;
	memcpy(out, buf, KNOWN_HOSTS_HASH_LEN);
	return true;
}

/* Whether "|1|salt|hash" was made of name. */
static bool
hash_matches(struct span hashed, struct span name)
{
	struct span rest = span_skip(hashed, 3);
	uint8_t salt[KNOWN_HOSTS_HASH_LEN], hash[KNOWN_HOSTS_HASH_LEN];
	uint8_t made[KNOWN_HOSTS_HASH_LEN];

	if (!read_part(&rest, salt) || !read_part(&rest, hash) || rest.p != NULL)
		return false;
	known_hosts_hmac(span_of(salt, sizeof salt), name, made);
	return memcmp(hash, made, sizeof made) == 0;
}

bool
known_hosts_matches(const struct known_hosts_line *line, struct span name)
{
	if (line->err != ERR_OK)
		return false;
	if (known_hosts_is_hashed(line->names))
		return hash_matches(line->names, name);
	return text_match_list(name, line->names, true) == MATCH_YES;
}

enum err
known_hosts_key(const struct known_hosts_line *line, struct writer *blob)
{
	TRY(line->err);
	return line_key_decode(line->type, line->base64, blob);
}
