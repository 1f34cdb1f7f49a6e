/* SPDX-License-Identifier: ISC */
/*
 * ssh/destination.h - where to: what people write to say it.
 *
 * destination   [user@]host, [user@]host:port where that is wanted, or
 *               ssh://[user@]host[:port]
 *
 * Everything borrows from the text.
 */
#ifndef SSH_DESTINATION_H
#define SSH_DESTINATION_H

#include "base/err.h"
#include "base/span.h"
#include "base/writer.h"

struct destination {
	struct span user;		/* empty: not said */
	struct span host;		/* without brackets */
	uint16_t port;			/* 0: not said */
	bool is_uri;			/* user is percent-encoded */
};

/*
 * Parses a destination of the command line: "host:22" is a host with a colon
 * here, only an URI has a port. ERR_SYNTAX.
 */
enum err destination_parse(struct span text, struct destination *out);

/* Parses one hop of ProxyJump, where "host:22" is a port too. ERR_SYNTAX. */
enum err destination_parse_hop(struct span text, struct destination *out);

/* Parses "host:port", "[host]:port". ERR_SYNTAX. */
enum err destination_parse_host_port(struct span text, struct destination *out);

/* Writes the user, decoded if it came from an URI. ERR_SYNTAX for a bad %XX. */
enum err destination_put_user(const struct destination *d, struct writer *w);

/*
 * Parses one hop and writes its user (nothing if none is said), if both user
 * and host are fit to be put into a command line. ERR_SYNTAX.
 */
enum err destination_safe_hop(struct span text, struct destination *out, struct writer *user);

#endif
