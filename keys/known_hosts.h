/* SPDX-License-Identifier: ISC */
/*
 * keys/known_hosts.h - the known_hosts file: who has which host key.
 *
 * name    what a host is looked up by: "host" for port 22, "[host]:port"
 *         for others, lower case; known_hosts_name() makes it
 * marker  "@cert-authority" or "@revoked" at the start of a line
 *
 * Everything works on the text of a file. A lookup over several files calls
 * known_hosts_check() once a file with the same result.
 */
#ifndef KEYS_KNOWN_HOSTS_H
#define KEYS_KNOWN_HOSTS_H

#include "base/err.h"
#include "base/rng.h"
#include "base/span.h"
#include "base/writer.h"

enum known_hosts_marker {
	KNOWN_HOSTS_PLAIN,
	KNOWN_HOSTS_CA,
	KNOWN_HOSTS_REVOKED,
};

/* One line; spans borrow from the text. */
struct known_hosts_line {
	unsigned number;		/* from 1 */
	struct span text;		/* the whole line without its newline */
	enum err err;			/* ERR_OK, or why the rest is not filled in */
	enum known_hosts_marker marker;
	struct span names;		/* comma list of patterns, or one hash */
	struct span type;
	struct span base64;
	struct span comment;
};

/* Walks through the lines of a file's text. Start with { .rest = text }. */
struct known_hosts_walk {
	struct span rest;
	unsigned number;		/* of the line last given */
};

/*
 * Gives the next line that is not blank or a comment; false at the end.
 * Malformed lines are given with their err (ERR_SYNTAX).
 */
bool known_hosts_next(struct known_hosts_walk *walk, struct known_hosts_line *line);

/* Parses one line. ERR_NOTFOUND for blank and comment lines, ERR_SYNTAX. */
enum err known_hosts_parse(struct span text, struct known_hosts_line *line);

/*
 * Writes the name of a host: lower case, "[host]:port" unless port is 22 or 0.
 * host has no brackets of its own.
 */
void known_hosts_name(struct writer *w, struct span host, unsigned port);

/* Whether line is about name: by pattern, negation or hash. */
bool known_hosts_matches(const struct known_hosts_line *line, struct span name);

/* Appends the decoded key to blob. ERR_SYNTAX; ERR_FORMAT if its type is not the line's. */
enum err known_hosts_key(const struct known_hosts_line *line, struct writer *blob);

enum known_hosts_status {
	KNOWN_HOSTS_NEW,	/* nothing is known about the host */
	KNOWN_HOSTS_CHANGED,	/* other keys are known, not this one */
	KNOWN_HOSTS_FOUND,
	KNOWN_HOSTS_IS_REVOKED,	/* must never be accepted, whatever else is there */
};

/* The outcome of a lookup; start with { 0 }. Later files can only raise status. */
struct known_hosts_result {
	enum known_hosts_status status;
	unsigned file;			/* of the line that decided it */
	unsigned line;			/* 0: none */
	bool is_same_type;		/* CHANGED: that line has a key of this type */
	unsigned n_known;		/* plain keys of this host, any type */
};

/*
 * Looks up a host key by name in the text of one file; file is an index of the
 * caller's for the result. marker says what blob is: KNOWN_HOSTS_PLAIN for a
 * host key, KNOWN_HOSTS_CA for the key that signed a host certificate (then
 * only FOUND, NEW and IS_REVOKED come out). ERR_NOMEM: the result must not be
 * used.
 */
enum err known_hosts_check(struct span text, unsigned file, struct span name,
    struct span blob, enum known_hosts_marker marker,
    struct known_hosts_result *result);

/*
 * Writes the comma list algs with the algorithms first for which text knows a
 * plain key of this host, so that a known key is asked for. Order is otherwise
 * kept. A CA line brings certificate algorithms to the front. The texts of
 * several files may be joined for this.
 */
enum err known_hosts_order(struct span text, struct span name, struct span algs,
    struct writer *w);

/* How new lines name their host. */
enum known_hosts_form { KNOWN_HOSTS_NAMED, KNOWN_HOSTS_HASHED };

/*
 * Writes a line (with newline) for a key. rng makes the salt of a hashed
 * name; it may be NULL for a plain one. Names may be a comma list if plain.
 */
enum err known_hosts_put(struct writer *w, struct span name,
    enum known_hosts_form form, struct span blob, struct span comment,
    const struct rng *rng);

/* Writes the "|1|salt|hash" form of name. */
void known_hosts_hash(struct writer *w, struct span name, const struct rng *rng);

/*
 * Writes a line with its names hashed, one line a name, everything else kept;
 * hashed, CA and revoked lines as they are. ERR_UNSUPPORTED, and the line as
 * it is, if a name is a pattern or negated.
 */
enum err known_hosts_hash_line(struct writer *w, const struct known_hosts_line *line,
    const struct rng *rng);

/*
 * Writes text without the plain lines about name; CA and revoked lines,
 * comments and malformed lines are kept. *n_removed says how many went.
 */
enum err known_hosts_remove(struct span text, struct span name, struct writer *w,
    unsigned *n_removed);

#endif
