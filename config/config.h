/* SPDX-License-Identifier: ISC */
/*
 * config/config.h - what sshd_config and ssh_config have in common.
 *
 * The config code does no I/O: text comes in, what it has to say goes out
 * through struct config_io, and files that Include names are asked for there.
 *
 * statement   one line: a keyword and its arguments
 * block       the statements behind a Match or Host line, up to the next one
 *             or the end of the file
 * kind        what values a keyword takes, and the C type they are kept in
 *
 * One table a file kind has a row for each keyword (SSHD_KEYWORDS in
 * config/sshd_config.h, SSH_KEYWORDS in config/ssh_config.h); parser, dump,
 * defaults, the struct and what is sent to other processes come from it.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/err.h"
#include "base/span.h"
#include "base/text.h"
#include "base/writer.h"
#include "config/values.h"

/* Files that include files that include files, so deep. */
#define CONFIG_INCLUDE_DEPTH	16

/* Files a glob of Include stands for. */
struct config_file {
	char *name;
	char *text;
	size_t len;
};

struct config_files {
	struct config_file *v;
	size_t n;
};

/* Adds a file (both are copied); for the include callback. ERR_NOMEM. */
enum err config_files_add(struct config_files *files, struct span name, struct span text);

/* Frees all. NULL is fine. */
void config_files_free(struct config_files *files);

enum config_say {
	CONFIG_SAY_ERROR,	/* this config cannot be used */
	CONFIG_SAY_WARNING,
	CONFIG_SAY_DEBUG,	/* deprecated or unsupported keyword skipped ... */
};

/* What the config code needs from its program. */
struct config_io {
	/*
	 * Gives the files that a glob matches, sorted by name; pattern is an
	 * absolute path. No match is ERR_OK and no file. Other errors (also of
	 * permissions, which the program checks) make the config unusable.
	 * NULL: Include finds nothing.
	 */
	enum err (*include)(void *self, const char *pattern, struct config_files *files);
	/* Takes one line that is to be told to the user. NULL: nobody listens. */
	void (*say)(void *self, enum config_say level, const char *line);
	void *self;
};

/* The algorithm lists of the build: comma lists of exact names. */
enum alg_set {
	ALGS_KEX,
	ALGS_CIPHERS,
	ALGS_MACS,
	ALGS_SIGNATURES,	/* host keys and user keys, certificates too */
	ALGS_CA_SIGNATURES,
	ALGS_SETS,
};

/*
 * all: what the build can do. defaults: what it offers unless told otherwise,
 * in order. all NULL: lists are taken as written (for tools and fuzzers).
 */
struct config_algs {
	struct {
		const char *all;
		const char *defaults;
	} of[ALGS_SETS];
};

/* --- expansion of % and ${} --- */

/* Values of the % letters: value['h'] for %h; NULL: that letter is not allowed. */
struct config_tokens {
	const char *value[128];
};

/*
 * Writes text with %x replaced and %% made %. ERR_SYNTAX for a letter without
 * a value or a % at the end.
 */
enum err config_expand(struct writer *w, struct span text, const struct config_tokens *tokens);

/*
 * Writes text with ${NAME} replaced by what getenv_of(self, "NAME") says.
 * ERR_NOTFOUND for a variable that is not set, ERR_SYNTAX for an unclosed ${.
 */
enum err config_expand_env(struct writer *w, struct span text,
    const char *(*getenv_of)(void *self, const char *name), void *self);

/* Whether words holds exactly this word. */
bool words_have(const struct words *words, struct span word);

/*
 * The timeout of a channel type ("session:shell") in a ChannelTimeout list:
 * the first whose pattern matches; 0: none. "global" is asked for by that name
 * and matched by no pattern.
 */
uint32_t channel_timeout_of(const struct channel_timeouts *t, struct span type);

/*
 * Whether a permit list allows host and port; a host in the list matches
 * without regard to case, and "*" everything. patterns: hosts in the list are
 * patterns (PermitListen), not names (PermitOpen).
 */
bool permits_allow(const struct permits *p, struct span host, uint16_t port, bool patterns);

#endif
