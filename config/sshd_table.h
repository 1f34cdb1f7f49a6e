/* SPDX-License-Identifier: ISC */
/*
 * config/sshd_table.h - inside config/: the server's schema and rules.
 */
#ifndef CONFIG_SSHD_TABLE_H
#define CONFIG_SSHD_TABLE_H

#include "config/sshd_config.h"
#include "config/table.h"

extern const struct schema sshd_schema;

enum sshd_criterion_kind {
	SSHD_MATCH_ALL,
	SSHD_MATCH_INVALID_USER,
	SSHD_MATCH_USER,
	SSHD_MATCH_GROUP,
	SSHD_MATCH_HOST,
	SSHD_MATCH_ADDRESS,
	SSHD_MATCH_LOCAL_ADDRESS,
	SSHD_MATCH_LOCAL_PORT,
	SSHD_MATCH_RDOMAIN,
	SSHD_MATCH_VERSION,
};

struct sshd_criterion {
	enum sshd_criterion_kind kind;
	char *value;		/* pattern list; NULL where none belongs */
};

/* A Match line. Block 0 is what stands outside of all. */
struct sshd_block {
	size_t parent;		/* block of the Include that led here; it must hold too */
	size_t first;		/* of its criteria */
	size_t n;
	size_t file;		/* of its line, as in statements */
	unsigned number;
};

/* A line that sets something, checked. */
struct sshd_statement {
	const struct keyword *keyword;
	size_t block;
	char *text;		/* the line */
	size_t file;		/* it stands there: index of rules.files */
	unsigned number;	/* of the line; 0: command line */
};

struct sshd_rules {
	struct sshd_statement *statements;
	size_t n_statements;
	struct sshd_block *blocks;
	size_t n_blocks;
	struct sshd_criterion *criteria;
	size_t n_criteria;
	struct words files;	/* names of all that was read, the command line, too */
	struct config_algs algs;
	char *version;
	struct ports ports;	/* of the command line; none: as the file says */
};

/*
 * Adds the block of a Match line. What is wrong is said and counted in r.
 * ERR_NOMEM.
 */
enum err sshd_match_add(struct sshd_rules *rules, struct reader_state *r,
    const struct line *line, size_t parent);

/* Whether the block's criteria may or may not hold by the client's name. */
bool sshd_match_needs_name(const struct sshd_rules *rules, const struct sshd_block *b);

/* Whether all criteria of the block hold, its parents' apart. */
bool sshd_match_holds(const struct sshd_rules *rules, const struct sshd_block *b,
    const struct sshd_facts *facts);

#endif
