/* SPDX-License-Identifier: ISC */
/*
 * ssh/settings.h - what this run of ssh is to do: command line, files and
 * defaults brought together, with names and tokens expanded.
 */
#ifndef SSH_SETTINGS_H
#define SSH_SETTINGS_H

#include "auth/account.h"
#include "config/ssh_config.h"
#include "os/log.h"
#include "ssh/options.h"

struct settings {
	struct account me;		/* who runs this */
	struct ssh_config config;	/* complete, as read */
	struct ssh_facts facts;
	struct ssh_tokens tokens;	/* for settings_expand() */
	char *host_typed;
	char *host;			/* to connect to: Hostname, in lower case */
	char *user;			/* on the other side */
	char *command;			/* remote command or subsystem; NULL: a shell */
	char *local_host;		/* name of this machine */
	char uid[12];
};

/*
 * Reads the config and fills in *s, which begins zeroed. What is wrong has
 * been logged on error; log's level is set as the config says.
 */
enum err settings_load(struct settings *s, const struct options *o, struct log *log);

/*
 * Only looks at what -o and the like say, as is right before an answer that
 * needs no host: programs ask so whether an option is known. What is wrong is told.
 */
enum err settings_check(const struct options *o, struct log *log);

/*
 * Gives the values that ssh -G shows expanded what they stand for; after this
 * s is for nothing else. What is wrong is logged. As settings_expand().
 */
enum err settings_show(struct settings *s, const struct log *log);

/* Frees. NULL is fine. */
void settings_free(struct settings *s);

/*
 * Expands a value of the keyword (tokens, "~", ${}); *out is malloc'ed. What
 * is wrong is logged. ERR_SYNTAX, ERR_NOTFOUND, ERR_NOMEM.
 */
enum err settings_expand(const struct settings *s, const struct log *log, enum ssh_keyword k,
    const char *text, char **out);

#endif
