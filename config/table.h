/* SPDX-License-Identifier: ISC */
/*
 * config/table.h - inside config/: tables of keywords, and what works on them.
 *
 * schema    the table of one file kind, with its old spellings
 * keyword   one row
 * kind      how values of one shape are parsed, printed and freed
 * detail    what a kind needs to know beside: range, words, a check
 * args      one line's arguments, on their way into a value
 * reader    state of reading one or more files for one config
 *
 * A value is parsed straight into its field; a line that does not count
 * (another was first, or its block does not apply) into a scratch value that
 * is thrown away, so that it is checked all the same.
 */
#ifndef CONFIG_TABLE_H
#define CONFIG_TABLE_H

#include "config/config.h"
#include "config/line.h"

enum {
	MATCH = 1,		/* may stand in a Match block (sshd_config) */
	MANY = 2,		/* each line adds to the value */
	ONE = 4,		/* exactly one argument a line */
	NONE = 8,		/* "none" stands for no value */
	HIDDEN = 16,		/* not in a dump while it has no value */
	LIST = 32,		/* the words are one comma list */
	TRUTH = 64,		/* a dump says true and false for yes and no */
};

struct choice {
	const char *word;
	int value;		/* a dump prints the first word of a value */
};

struct detail {
	const struct choice *choices;
	size_t n_choices;
	uint64_t min, max;
	/* Checks one word; NULL if it will do, else what is wrong with it. */
	const char *(*check)(struct span word);
	enum alg_set algs;
	int variant;		/* of the kind; its own enum */
};

struct keyword;
struct args;

struct kind {
	size_t size;
	/* Parses into *value, which is zero or (MANY) has what is there so far. */
	enum err (*parse)(struct args *a, void *value);
	/* How many lines it takes to print; NULL: 1. 0: it has no value. */
	size_t (*lines)(const struct keyword *k, const void *value);
	/* Prints the arguments of line i. */
	void (*print)(const struct keyword *k, const void *value, size_t i, struct writer *w);
	/* NULL: nothing to free. */
	void (*free)(void *value);
};

struct keyword {
	const char *name;
	const struct kind *kind;
	size_t offset;		/* in the config struct */
	unsigned flags;
	const char *fallback;	/* NULL: the zero value */
	const struct detail *detail;
};

enum old_name { OLD_ALIAS, OLD_DEPRECATED, OLD_UNSUPPORTED, OLD_IGNORED };

struct old_keyword {
	const char *name;
	enum old_name what;
	unsigned keyword;	/* OLD_ALIAS: index of what it means */
};

struct schema {
	const struct keyword *keywords;
	size_t n_keywords;
	const struct old_keyword *old;
	size_t n_old;
	size_t set_offset;	/* of the bits of what was set */
	bool truth;		/* true and false are taken for yes and no */
	bool lower_case;	/* keywords in a dump */
};

/* Where we are in the text; for messages. */
struct place {
	const char *file;
	unsigned line;
};

struct args {
	const struct keyword *keyword;
	const struct span *v;	/* unquoted words */
	size_t n;
	struct span raw;	/* all of it, as written */
	const struct line *line;
	const struct config_algs *algs;
	bool truth;
	bool fallback;		/* this is the default, not something written */
	char why[200];		/* what is wrong */
	/* Takes a remark for the log; NULL: nobody is interested. */
	void (*remark)(void *self, const char *text, const char *name);
	void *self;
};

/* --- args.c: what kinds are made from --- */

/* Notes what is wrong; returns ERR_SYNTAX. */
PRINTF(2, 3) enum err args_bad(struct args *a, const char *fmt, ...);

/* The only argument; ERR_SYNTAX (noted) if there are none or more. */
enum err args_one(struct args *a, struct span *out);

/* ERR_SYNTAX (noted) without at least one argument. */
enum err args_some(struct args *a);

/* Whether the arguments are the one word "none", and may be. */
bool args_none(const struct args *a);

/* Whether s is word, whatever its case. */
bool same_word(struct span s, const char *word);

/* Copies s to *out, which must be NULL. ERR_NOMEM. */
enum err copy_text(char **out, struct span s);

/* Returns v with room for an element more than n; NULL when out of memory. */
void *list_more(void *v, size_t n, size_t size);

/* Adds a copy of s. ERR_NOMEM. */
enum err words_add(struct words *words, struct span s);

/* Frees what words hold. */
void words_free(void *words);

/* Index of the last c in s, or s.len. */
size_t find_last(struct span s, uint8_t c);

/*
 * Takes "host:port", "[host]:port" or, if bare, "host" or "v6" without a port
 * (*port empty) apart. False if it is neither.
 */
bool split_host_port(struct span s, bool bare, struct span *host, struct span *port);

/* Parses a port of 1 to 65535, or from 0. False if it is none. */
bool parse_port(struct span s, unsigned min, uint16_t *out);

/* Prints "host:port", or "[host]:port" if host has a colon; port may be empty. */
void print_host_port(struct writer *w, const char *host, const char *port);

/* --- kinds, in the files of these names --- */

/* scalar.c */
extern const struct kind kind_flag, kind_number, kind_octal, kind_time, kind_bits, kind_size,
    kind_choice;
/* string.c */
extern const struct kind kind_word, kind_line, kind_command, kind_words;
/* algs.c */
extern const struct kind kind_algs;
/* listen.c */
extern const struct kind kind_ports, kind_listen_addresses, kind_permits;
/* limit.c */
extern const struct kind kind_rekey, kind_startups, kind_net_block, kind_penalties,
    kind_key_limits, kind_uid_range;
/* session.c */
extern const struct kind kind_subsystems, kind_channel_timeouts, kind_qos,
    kind_user_environment;
/* forward.c */
extern const struct kind kind_forwards, kind_forward_agent, kind_tunnel_device;
/* client.c */
extern const struct kind kind_add_keys, kind_control_persist, kind_escape, kind_keystroke;

/* Drops the subsystems that a line has set to "none". */
void subsystems_finish(struct subsystems *s);

/* --- detail.c --- */

extern const struct detail detail_none, detail_any, detail_positive, detail_port,
    detail_display, detail_rsa_bits, detail_window, detail_address_family,
    detail_server_compression, detail_fingerprint_hash, detail_codes, detail_gateway_ports,
    detail_ignore_rhosts, detail_session_deadline, detail_strict_modes, detail_permit_root, detail_tunnel,
    detail_forwarding,
    detail_config_log_level, detail_syslog_facility, detail_pubkey_options,
    detail_canonicalize, detail_control_master, detail_pubkey_auth, detail_request_tty,
    detail_session_type, detail_strict_checking, detail_yes_no_ask, detail_warn_weak,
    detail_kex, detail_ciphers, detail_macs, detail_signatures, detail_ca_signatures,
    detail_cidr_list, detail_rdomain, detail_user_patterns, detail_auth_methods,
    detail_absolute, detail_chroot, detail_env_patterns, detail_env_pairs, detail_send_env,
    detail_cname_rules, detail_jump, detail_open, detail_listen, detail_local, detail_remote,
    detail_dynamic;

/* Variants of permits, forwards and words. */
enum { PERMITS_OPEN, PERMITS_LISTEN };
enum { FORWARDS_LOCAL, FORWARDS_REMOTE, FORWARDS_DYNAMIC };
enum { WORDS_PLAIN, WORDS_SEND_ENV, WORDS_ANY_ALONE };

/* --- schema.c --- */

/* The field of k in a config. */
void *keyword_field(const struct keyword *k, void *config);

/* Whether k (by its index) was set in the config. */
bool schema_is_set(const struct schema *s, const void *config, size_t k);

/* Marks it as set. */
void schema_mark(const struct schema *s, void *config, size_t k);

/*
 * Parses args for a->keyword into the config; into nothing (config NULL) just
 * to check them. Does not look at or change what is set. Errors are noted in
 * a. ERR_SYNTAX, ERR_NOMEM.
 */
enum err schema_parse(const struct schema *s, struct args *a, void *config);

/* Gives every keyword that was not set its default. ERR_NOMEM, ERR_SYNTAX. */
enum err schema_defaults(const struct schema *s, void *config, const struct config_algs *algs);

/* Prints the lines of one keyword. */
void schema_dump(const struct schema *s, const void *config, size_t k, struct writer *w);

/* Frees all values; they are zero then. */
void schema_free(const struct schema *s, void *config);

struct lookup {
	const struct keyword *keyword;	/* NULL: not one of the table */
	const struct old_keyword *old;	/* NULL: not an old name either */
};

/* Finds a keyword by its name or an old one, whatever its case. */
struct lookup schema_find(const struct schema *s, struct span name);

/* The keyword whose spelling is nearest to name; NULL if none is near. */
const char *schema_nearest(const struct schema *s, struct span name);

/* --- reader.c --- */

struct reader_state {
	const struct schema *schema;
	const struct config_io *io;
	const struct config_algs *algs;
	struct lexer lexer;
	struct place at;
	unsigned depth;		/* of Include */
	unsigned bad;		/* lines that cannot be used */
	const struct words *ignore_unknown;	/* patterns; NULL: none */
};

/* Says "FILE: line N: text". */
PRINTF(3, 4) void reader_say(struct reader_state *r, enum config_say level, const char *fmt, ...);

/* Says it as an error and counts the line as bad. */
PRINTF(2, 3) void reader_bad(struct reader_state *r, const char *fmt, ...);

/*
 * Finds the keyword of a line; NULL if there is nothing to do: the line is
 * bad (counted, said), deprecated, not supported or to be ignored (said).
 */
const struct keyword *reader_keyword(struct reader_state *r, const struct line *line);

/*
 * Parses the line into config, or only checks it (config NULL). What is wrong
 * is counted and said. ERR_NOMEM only.
 */
enum err reader_apply(struct reader_state *r, const struct keyword *k, const struct line *line,
    void *config);

/* Says how many lines were bad, if any, and returns ERR_SYNTAX then. */
enum err reader_end(struct reader_state *r, const char *file);

/*
 * Calls each line of text in turn; a line that cannot be taken apart is
 * counted and said. Ends at the first error that line() returns.
 */
enum err reader_lines(struct reader_state *r, const char *file, struct span text,
    enum err (*each)(void *self, const struct line *line), void *self);

/*
 * Reads the files of one Include argument, which is an absolute path by now:
 * calls each() for their lines as reader_lines() does.
 */
enum err reader_include(struct reader_state *r, const char *pattern,
    enum err (*file)(void *self, const struct config_file *f), void *self);

#endif
