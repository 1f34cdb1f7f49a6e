/* SPDX-License-Identifier: ISC */
/* Lines of authorized_keys and principals files; options: authorized_options.c. */
#include "keys/authorized_keys.h"

#include "keys/cert.h"
#include "keys/line.h"

/* Whether word is a key type, a certificate's included. */
static bool
is_type(struct span word)
{
	return key_type_find(word) != NULL || cert_type_plain(word) != NULL;
}

/* How long the options at the front of s are: up to a blank outside of quotes. */
static size_t
options_len(struct span s)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (s.p[i] == '\\' && i + 1 < s.len && s.p[i + 1] == '"')
			i++;
		else if (s.p[i] == '"')
			quoted = !quoted;
		else if (!quoted && (s.p[i] == ' ' || s.p[i] == '\t'))
			break;
	}
	return i;
}

enum err
authorized_parse(struct span text, struct authorized_line *line)
{
	struct span rest = line_trim(text), ahead;

	*line = (struct authorized_line){ .text = text, .err = ERR_SYNTAX };
	if (rest.len == 0 || rest.p[0] == '#')
		return line->err = ERR_NOTFOUND;
	ahead = rest;
	if (!is_type(line_word(&ahead))) {
		line->options = span_first(rest, options_len(rest));
		rest = line_trim(span_skip(rest, line->options.len));
	}
	line->type = line_word(&rest);
	line->base64 = line_word(&rest);
	line->comment = rest;
	if (line->base64.len > 0)
		line->err = key_type_find(line->type) == NULL ? ERR_UNSUPPORTED : ERR_OK;
	return line->err;
}

bool
authorized_next(struct authorized_walk *walk, struct authorized_line *line)
{
	struct span text;

	while (line_next(&walk->rest, &text)) {
		walk->number++;
		if (authorized_parse(text, line) == ERR_NOTFOUND)
			continue;
		line->number = walk->number;
		return true;
	}
	return false;
}

/* Whether text is the base64 form of bytes; stops at the first difference. */
static bool
is_base64_of(struct span text, struct span bytes)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	while (text.len > 0 && text.p[text.len - 1] == '=')
		text.len--;
	if (text.len != (bytes.len * 4 + 2) / 3)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		size_t bit = i * 6, byte = bit / 8;
		unsigned pair = (unsigned)bytes.p[byte] << 8 |
		    (byte + 1 < bytes.len ? bytes.p[byte + 1] : 0);

		if (text.p[i] != (uint8_t)digits[pair >> (10 - bit % 8) & 0x3f])
			return false;
	}
	return true;
}

bool
authorized_has_key(const struct authorized_line *line, struct span blob)
{
	return line->err == ERR_OK && blob.len > 0 &&
	    span_eq(line->type, key_blob_type(blob)) && is_base64_of(line->base64, blob);
}

enum err
authorized_key(const struct authorized_line *line, struct writer *blob)
{
	TRY(line->err);
	return line_key_decode(line->type, line->base64, blob);
}

enum err
authorized_principal(struct span text, struct span *options, struct span *principal)
{
	struct span line = line_trim(span_first(text, span_find(text, '#')));
	size_t n = line.len;

	*options = *principal = SPAN_EMPTY;
	if (line.len == 0)
		return ERR_NOTFOUND;
	while (n > 0 && line.p[n - 1] != ' ' && line.p[n - 1] != '\t')
		n--;
	*principal = span_skip(line, n);
	*options = line_trim(span_first(line, n));
	/* Blanks between options would hide a part of them. */
	return options_len(*options) == options->len ? ERR_OK : ERR_SYNTAX;
}
