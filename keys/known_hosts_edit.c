/* SPDX-License-Identifier: ISC */
/* Writing known_hosts lines, hashing their names, and taking lines out. */
#include "base/text.h"
#include "keys/key.h"
#include "keys/known_hosts_i.h"
#include "keys/line.h"
#include "keys/private_file.h"

void
known_hosts_hash(struct writer *w, struct span name, const struct rng *rng)
{
	uint8_t salt[KNOWN_HOSTS_HASH_LEN], hash[KNOWN_HOSTS_HASH_LEN];

	rng_fill(rng, salt, sizeof salt);
	known_hosts_hmac(span_of(salt, sizeof salt), name, hash);
	wr_raw(w, SPAN_LIT("|1|"));
	base64_put(w, span_of(salt, sizeof salt), true);
	wr_u8(w, '|');
	base64_put(w, span_of(hash, sizeof hash), true);
}

enum err
known_hosts_put(struct writer *w, struct span name, enum known_hosts_form form,
    struct span blob, struct span comment, const struct rng *rng)
{
	if (form == KNOWN_HOSTS_HASHED)
		known_hosts_hash(w, name, rng);
	else
		wr_raw(w, name);
	wr_u8(w, ' ');
	public_line_put(w, blob, comment);
	wr_u8(w, '\n');
	return wr_end(w);
}

/* Whether a name can be hashed: no pattern, not negated. */
static bool
is_plain_name(struct span name)
{
	return name.len > 0 && name.p[0] != '!' && span_find(name, '*') == name.len &&
	    span_find(name, '?') == name.len;
}

/* Writes the line for one of its names. */
static void
put_hashed(struct writer *w, const struct known_hosts_line *line, struct span name,
    const struct rng *rng)
{
	SCOPED(writer_free) struct writer lower = writer_init(w->max);

	known_hosts_name(&lower, name, 0);
	if (wr_end(&lower) != ERR_OK)
		wr_fail(w, lower.err);
	known_hosts_hash(w, writer_span(&lower), rng);
	wr_u8(w, ' ');
	wr_raw(w, line->type);
	wr_u8(w, ' ');
	wr_raw(w, line->base64);
	if (line->comment.len > 0) {
		wr_u8(w, ' ');
		wr_raw(w, line->comment);
	}
	wr_u8(w, '\n');
}

enum err
known_hosts_hash_line(struct writer *w, const struct known_hosts_line *line,
    const struct rng *rng)
{
	struct span names = line->names, name;
	bool keep = line->err != ERR_OK || line->marker != KNOWN_HOSTS_PLAIN ||
	    known_hosts_is_hashed(names);
	bool is_plain = true;

	while (!keep && span_token(&names, ',', &name))
		is_plain = is_plain && is_plain_name(name);
	if (keep || !is_plain) {
		wr_raw(w, line->text);
		wr_u8(w, '\n');
	} else {
		names = line->names;
		while (span_token(&names, ',', &name))
			put_hashed(w, line, name, rng);
	}
	TRY(wr_end(w));
	return keep || is_plain ? ERR_OK : ERR_UNSUPPORTED;
}

enum err
known_hosts_remove(struct span text, struct span name, struct writer *w,
    unsigned *n_removed)
{
	struct known_hosts_line parsed;
	struct span line;

	*n_removed = 0;
	while (line_next(&text, &line)) {
		if (known_hosts_parse(line, &parsed) == ERR_OK &&
		    parsed.marker == KNOWN_HOSTS_PLAIN && known_hosts_matches(&parsed, name)) {
			(*n_removed)++;
			continue;
		}
		wr_raw(w, line);
		wr_u8(w, '\n');
	}
	return wr_end(w);
}
