/* SPDX-License-Identifier: ISC */
/* What known_hosts says about a key, and which keys to ask for. */
#include "base/limits.h"
#include "base/text.h"
#include "keys/key.h"
#include "keys/known_hosts.h"

/* Lets a line decide, unless one that counts more has. */
static void
decide(struct known_hosts_result *r, enum known_hosts_status status, unsigned file,
    const struct known_hosts_line *line, bool is_same_type)
{
	bool better = status > r->status ||
	    (status == KNOWN_HOSTS_CHANGED && r->status == status &&
	    is_same_type && !r->is_same_type);

	if (!better)
		return;
	r->status = status;
	r->file = file;
	r->line = line->number;
	r->is_same_type = is_same_type;
}

/* Looks at one line about the host. */
static void
check_line(const struct known_hosts_line *line, unsigned file, bool is_equal,
    bool is_same_type, enum known_hosts_marker marker, struct known_hosts_result *r)
{
	if (line->marker == KNOWN_HOSTS_REVOKED) {
		if (is_equal)
			decide(r, KNOWN_HOSTS_IS_REVOKED, file, line, is_same_type);
		return;
	}
	if (line->marker == KNOWN_HOSTS_PLAIN)
		r->n_known++;
	if (line->marker != marker)
		return;
	if (is_equal)
		decide(r, KNOWN_HOSTS_FOUND, file, line, is_same_type);
	else if (marker == KNOWN_HOSTS_PLAIN)
		decide(r, KNOWN_HOSTS_CHANGED, file, line, is_same_type);
}

enum err
known_hosts_check(struct span text, unsigned file, struct span name,
    struct span blob, enum known_hosts_marker marker,
    struct known_hosts_result *result)
{
	SCOPED(writer_free) struct writer known = writer_init(LIMIT_LINE);
	struct known_hosts_walk walk = { .rest = text };
	struct known_hosts_line line;

	while (known_hosts_next(&walk, &line)) {
		enum err e;

		if (key_type_find(line.type) == NULL || !known_hosts_matches(&line, name))
			continue;
		writer_reset(&known);
		e = known_hosts_key(&line, &known);
		if (e == ERR_NOMEM)
			return e;
		if (e != ERR_OK)
			continue;
		check_line(&line, file, span_eq(writer_span(&known), blob),
		    span_eq(line.type, key_blob_type(blob)), marker, result);
	}
	return ERR_OK;
}

/* Whether a line with a key of this host means that alg can be used. */
static bool
line_serves(const struct known_hosts_line *line, struct span alg)
{
	static const struct span suffix = { (const uint8_t *)"-cert-v01@openssh.com", 21 };
	const char *type = key_alg_type(alg);

	if (line->marker == KNOWN_HOSTS_CA)
		return alg.len > suffix.len &&
		    span_eq(span_skip(alg, alg.len - suffix.len), suffix);
	return line->marker == KNOWN_HOSTS_PLAIN && type != NULL &&
	    span_is(line->type, type);
}

/* The algorithms, by place in algs, that the host's keys in text serve. */
static uint64_t
known_algs(struct span text, struct span name, struct span algs)
{
	struct known_hosts_walk walk = { .rest = text };
	struct known_hosts_line line;
	uint64_t known = 0;

	/* Matching a hashed name costs an HMAC: once a line. */
	while (known_hosts_next(&walk, &line)) {
		struct span rest = algs, alg;

		if (!known_hosts_matches(&line, name))
			continue;
		for (unsigned i = 0; i < 64 && span_token(&rest, ',', &alg); i++)
			if (line_serves(&line, alg))
				known |= (uint64_t)1 << i;
	}
	return known;
}

enum err
known_hosts_order(struct span text, struct span name, struct span algs,
    struct writer *w)
{
	uint64_t known = known_algs(text, name, algs);
	size_t start = w->len;

	for (int pass = 0; pass < 2; pass++) {
		struct span rest = algs, alg;

		for (unsigned i = 0; span_token(&rest, ',', &alg); i++) {
			bool is_known = i < 64 && (known >> i & 1) != 0;

			if (alg.len == 0 || is_known != (pass == 0))
				continue;
			if (w->len > start)
				wr_u8(w, ',');
			wr_raw(w, alg);
		}
	}
	return wr_end(w);
}
