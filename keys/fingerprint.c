/* SPDX-License-Identifier: ISC */
#include "keys/fingerprint.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "crypto/hash.h"

static const struct {
	const char *prefix;		/* in fingerprints */
	const char *hash;
} kinds[] = {
	[FINGERPRINT_SHA256] = { "SHA256", "sha256" },
	[FINGERPRINT_MD5] = { "MD5", "md5" },
	[FINGERPRINT_SHA1] = { "SHA1", "sha1" },
	[FINGERPRINT_SHA384] = { "SHA384", "sha384" },
	[FINGERPRINT_SHA512] = { "SHA512", "sha512" },
};

enum err
fingerprint_kind(struct span name, enum fingerprint *out)
{
	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (name.len == strlen(kinds[i].hash) &&
		    strncasecmp((const char *)name.p, kinds[i].hash, name.len) == 0) {
			*out = (enum fingerprint)i;
			return ERR_OK;
		}
	}
	return ERR_UNSUPPORTED;
}

const char *
fingerprint_name(enum fingerprint kind)
{
	return kinds[kind].prefix;
}

size_t
fingerprint_hash(struct span blob, enum fingerprint kind, uint8_t out[static HASH_MAX_LEN])
{
	const struct hash_alg *alg = hash_find(kinds[kind].hash);

	must(alg != NULL);
	hash_once(alg, blob, out);
	return hash_len(alg);
}

void
fingerprint_put(struct writer *w, struct span blob, enum fingerprint kind)
{
	uint8_t hash[HASH_MAX_LEN];
	struct span s = span_of(hash, fingerprint_hash(blob, kind, hash));

	wr_printf(w, "%s:", kinds[kind].prefix);
	if (kind == FINGERPRINT_MD5)
		hex_put(w, s, ':');
	else
		base64_put(w, s, false);
}

const char *
fingerprint_str(char buf[static FINGERPRINT_SIZE], struct span blob,
    enum fingerprint kind)
{
	SCOPED(writer_free) struct writer w = writer_init(FINGERPRINT_SIZE - 1);

	fingerprint_put(&w, blob, kind);
	if (wr_end(&w) != ERR_OK)
		w.len = 0;
	if (w.len > 0)
		memcpy(buf, w.p, w.len);
	buf[w.len] = '\0';
	return buf;
}

/* Whether text is the fingerprint with its prefix, or what follows it. */
static bool
is_kind(struct span text, struct span blob, enum fingerprint kind, bool with_prefix)
{
	char buf[FINGERPRINT_SIZE];
	struct span full = span_str(fingerprint_str(buf, blob, kind));

	if (!with_prefix)
		full = span_skip(full, strlen(kinds[kind].prefix) + 1);
	return full.len > 0 && span_eq(text, full);
}

bool
fingerprint_is(struct span text, struct span blob)
{
	/* base64 may have been typed or pasted with its padding. */
	if (text.len > 0 && text.p[text.len - 1] == '=')
		text = span_first(text, text.len - 1);
	return is_kind(text, blob, FINGERPRINT_SHA256, true) ||
	    is_kind(text, blob, FINGERPRINT_MD5, true) ||
	    is_kind(text, blob, FINGERPRINT_MD5, false);
}
