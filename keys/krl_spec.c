/* SPDX-License-Identifier: ISC */
/* Specifications of what a KRL is to revoke, line by line. */
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "keys/authorized_keys.h"
#include "keys/krl_edit.h"
#include "keys/krl_i.h"
#include "keys/line.h"

static enum err
wrong(const char **why, const char *what)
{
	*why = what;
	return ERR_SYNTAX;
}

/* line without what a comment adds to it; a # within a word is none. */
static struct span
without_comment(struct span line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.p[i] == '#' && (i == 0 || line.p[i - 1] == ' ' || line.p[i - 1] == '\t'))
			return line_trim(span_first(line, i));
	return line_trim(line);
}

/* Whether line begins with word, in any case; value is what follows. */
static bool
has_word(struct span line, const char *word, struct span *value)
{
	size_t len = strlen(word);

	if (line.len < len || strncasecmp((const char *)line.p, word, len) != 0)
		return false;
	*value = line_trim(span_skip(line, len));
	return true;
}

/* A serial number: decimal, or hexadecimal behind 0x. */
static enum err
parse_serial(struct span s, uint64_t *out)
{
	if (span_starts(s, SPAN_LIT("0x"))) {
		TRY(text_hex_number(span_skip(s, 2), out));
		return *out == 0 ? ERR_RANGE : ERR_OK;
	}
	/* A zero at the front means octal to some: better to ask back. */
	if (s.len > 1 && s.p[0] == '0')
		return ERR_SYNTAX;
	return text_number(s, 1, UINT64_MAX, out);
}

/* "N" or "N-M". */
static enum err
take_serials(struct krl_edit *list, struct span ca, struct span value, const char **why)
{
	size_t dash = span_find(value, '-');
	uint64_t first, last;
	enum err e = parse_serial(span_first(value, dash), &first);

	last = first;
	if (e == ERR_OK && dash < value.len)
		e = parse_serial(span_skip(value, dash + 1), &last);
	if (e != ERR_OK)
		return wrong(why, e == ERR_RANGE ? "serial out of range" : "invalid serial");
	if (first > last)
		return wrong(why, "invalid serial range");
	return krl_edit_serials(list, ca, first, last);
}

/* Decodes a public key line: a certificate into c, else a key; blob is the plain key's. */
static enum err
decode(struct span text, struct writer *blob, struct cert *c)
{
	SCOPED(writer_free) struct writer raw = writer_init(LIMIT_KEY_BLOB);
	SCOPED(key_free) struct key *k = NULL;
	struct authorized_line line;
	enum err e = authorized_parse(text, &line);

	if (line.options.len > 0 || line.base64.len == 0)
		return ERR_SYNTAX;
	if (cert_type_plain(line.type) == NULL) {
		TRY(e);
		TRY(authorized_key(&line, blob));
		return key_from_blob(writer_span(blob), &k);
	}
	TRY(line_key_decode(line.type, line.base64, &raw));
	TRY(cert_parse(writer_span(&raw), c));
	wr_raw(blob, key_blob(c->key));
	return wr_end(blob);
}

/* "key:" and the hashes are about the plain key of a certificate. */
static enum err
take_key(struct krl_edit *list, struct span value, const char *hash, const char **why)
{
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	SCOPED(cert_free) struct cert c = { .key = NULL };
	uint8_t sum[HASH_MAX_LEN];
	enum err e = decode(value, &blob, &c);

	if (e == ERR_NOMEM)
		return e;
	if (e != ERR_OK)
		return wrong(why, "invalid key: invalid format");
	if (hash == NULL)
		return krl_edit_key(list, writer_span(&blob));
	hash_once(hash_find(hash), writer_span(&blob), sum);
	return krl_edit_hash(list, span_of(sum, hash_len(hash_find(hash))));
}

/* A line without a word before it: a certificate is meant by itself. */
static enum err
take_bare(struct krl_edit *list, struct span line, const char **why)
{
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	SCOPED(cert_free) struct cert c = { .key = NULL };
	enum err e = decode(line, &blob, &c);

	if (e == ERR_NOMEM)
		return e;
	if (e != ERR_OK)
		return wrong(why, "invalid key: invalid format");
	return c.key != NULL ? krl_edit_cert(list, &c) : krl_edit_key(list, writer_span(&blob));
}

/* A fingerprint, as ssh-keygen -l shows it. */
static enum err
take_fingerprint(struct krl_edit *list, struct span value, const char **why)
{
	const struct span prefix = SPAN_LIT("SHA256:");
	SCOPED(writer_free) struct writer hash = writer_init(LIMIT_LINE);
	enum err e;

	if (!span_starts(value, prefix))
		return wrong(why, "unsupported hash algorithm");
	e = base64_get(&hash, span_skip(value, prefix.len));
	if (e == ERR_OK)
		e = wr_end(&hash);
	if (e == ERR_NOMEM)
		return e;
	if (e != ERR_OK || hash.len != KRL_SHA256_LEN)
		return wrong(why, "invalid hash");
	return krl_edit_hash(list, writer_span(&hash));
}

enum err
krl_edit_line(struct krl_edit *list, const struct span *ca, struct span line, const char **why)
{
	struct span rest = without_comment(line_trim(line)), value;

	*why = NULL;
	if (rest.len == 0)
		return ERR_OK;
	if (has_word(rest, "serial:", &value)) {
		if (ca == NULL)
			return wrong(why, "revoking certificates by serial number requires "
			    "specification of a CA key");
		return take_serials(list, *ca, value, why);
	}
	if (has_word(rest, "id:", &value)) {
		if (ca == NULL)
			return wrong(why, "revoking certificates by key ID requires "
			    "specification of a CA key");
		return krl_edit_key_id(list, *ca, value);
	}
	if (has_word(rest, "key:", &value))
		return take_key(list, value, NULL, why);
	if (has_word(rest, "sha1:", &value))
		return take_key(list, value, "sha1", why);
	if (has_word(rest, "sha256:", &value))
		return take_key(list, value, "sha256", why);
	if (has_word(rest, "hash:", &value))
		return take_fingerprint(list, value, why);
	return take_bare(list, rest, why);
}
