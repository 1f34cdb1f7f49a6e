/* SPDX-License-Identifier: ISC */
/*
 * keys/authorized_keys.h - lines of authorized_keys, and their options.
 *
 * Also reads an options string by itself (as registered with an ephemeral key,
 * or before a principal) and a principals line. The option text is the form
 * in which options travel between processes: each parses it anew.
 *
 * An option that is not known never widens what a key may do: the key then is
 * restricted as by "restrict", whatever other options say, and unknown names
 * it for the log. A known option with a malformed value makes the line
 * unusable (ERR_SYNTAX or ERR_RANGE).
 */
#ifndef KEYS_AUTHORIZED_KEYS_H
#define KEYS_AUTHORIZED_KEYS_H

#include "base/err.h"
#include "base/span.h"
#include "base/writer.h"

/* What a session may do, as bits. */
enum permit_bit {
	PERMIT_AGENT	= 1 << 0,	/* agent forwarding */
	PERMIT_PORT	= 1 << 1,	/* TCP and stream-local forwarding */
	PERMIT_PTY	= 1 << 2,
	PERMIT_USER_RC	= 1 << 3,
	PERMIT_X11	= 1 << 4,
	PERMIT_TUNNEL	= 1 << 5,
	PERMIT_ALL	= (1 << 6) - 1,
};

/* Host and port of permitopen= and permitlisten=. */
struct permit_address {
	struct span host;		/* without brackets; "*": any */
	uint16_t port;			/* 0: any */
};

struct permit_addresses {
	struct permit_address *v;
	size_t n;
};

/* An environment= option. */
struct permit_env {
	struct span name;
	struct span value;
};

/* No expiry-time= was given. */
#define AUTHORIZED_NEVER	INT64_MAX

/*
 * Options of a key. Spans point into memory of the struct itself; they live
 * until authorized_options_free().
 */
struct authorized_options {
	unsigned permit;		/* enum permit_bit; PERMIT_ALL without options */
	bool is_ca;			/* cert-authority */
	bool has_principals;		/* principals=, even if empty */
	struct span principals;		/* comma list, compare exactly */
	bool has_command;
	struct span command;
	bool has_from;
	struct span from;		/* pattern list of names and addresses */
	bool has_sources;
	struct span sources;		/* gatewaysources=: networks, a comma list */
	int64_t expires;		/* unix time; AUTHORIZED_NEVER */
	bool needs_touch;		/* security tokens; on unless no-touch-required */
	bool needs_verify;
	int tunnel;			/* unit forced by tunnel=; -1: none */
	struct permit_addresses open;	/* n 0: any */
	struct permit_addresses listen;
	struct permit_env *env;
	size_t n_env;
	struct span unknown;		/* name of the first unknown option; empty: none */

	uint8_t *buf;			/* private: what the spans point into */
};

/*
 * Parses a comma list of options; an empty one allows all. utc_offset is what
 * local time is ahead of UTC, in seconds, for an expiry-time= without Z. On
 * error out is empty (free is harmless), and *at (may be NULL) is the option
 * at fault, within text. ERR_SYNTAX, ERR_RANGE, ERR_LIMIT, ERR_NOMEM.
 */
enum err authorized_options_parse(struct span text, long utc_offset,
    struct authorized_options *out, struct span *at);

/* Wipes and frees. For SCOPED. */
void authorized_options_free(struct authorized_options *o);

/* One line, its key not decoded; spans borrow from the text. */
struct authorized_line {
	unsigned number;		/* from 1 */
	struct span text;
	enum err err;			/* or why the line cannot be used */
	struct span options;		/* empty: none */
	struct span type;
	struct span base64;
	struct span comment;
};

/* Walks through the lines of a file's text. Start with { .rest = text }. */
struct authorized_walk {
	struct span rest;
	unsigned number;		/* of the line last given */
};

/*
 * Gives the next line that is not blank or a comment, of any length; false at
 * the end. A line that cannot be split is given with its err.
 */
bool authorized_next(struct authorized_walk *walk, struct authorized_line *line);

/*
 * Splits one line. ERR_NOTFOUND for blank and comment lines, ERR_SYNTAX,
 * ERR_UNSUPPORTED if it is well-formed but of an unknown key type.
 */
enum err authorized_parse(struct span text, struct authorized_line *line);

/*
 * Whether the line's key is blob: decides by comparing the text with the
 * base64 form of blob, so that a stranger's key costs no parsing.
 */
bool authorized_has_key(const struct authorized_line *line, struct span blob);

/* Appends the decoded key to blob. ERR_SYNTAX; ERR_FORMAT if its type is not the line's. */
enum err authorized_key(const struct authorized_line *line, struct writer *blob);

/*
 * Splits a line of a principals file: options (maybe empty) and the
 * principal. ERR_NOTFOUND for blank and comment lines, ERR_SYNTAX.
 */
enum err authorized_principal(struct span text, struct span *options,
    struct span *principal);

/*
 * Whether host and port of a direct-tcpip or forwarding request are in list;
 * an empty list allows all. Names are compared in any case and not resolved.
 */
bool permit_address_allows(const struct permit_addresses *list, struct span host,
    unsigned port);

#endif
