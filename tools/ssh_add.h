/* SPDX-License-Identifier: ISC */
/*
 * tools/ssh_add.h - between the files of ssh-add(1).
 *
 * Each action is one function that returns the exit status: 0, or 1 if any
 * part of it failed. Reading files and asking for passphrases is shared with
 * ssh-keygen (tools/ssh_keygen.h), its die() too.
 */
#ifndef TOOLS_SSH_ADD_H
#define TOOLS_SSH_ADD_H

#include "auth/account.h"
#include "base/secret.h"
#include "base/writer.h"
#include "keys/fingerprint.h"
#include "os/log.h"

/* Names on the command line, of -h and -H. */
struct ssh_add_names {
	const char **v;
	size_t n;
};

struct ssh_add {
	int agent;			/* socket */
	struct log log;			/* -v: what is done, besides the messages */
	struct account me;
	bool is_quiet;			/* -q */
	bool certs_only;		/* -C */
	bool keys_only;			/* -k */
	bool confirm;			/* -c */
	bool ignores_expiry;		/* -N */
	uint32_t lifetime;		/* -t; 0: none */
	const char *provider;		/* -S */
	enum fingerprint fingerprint;	/* -E */
	struct ssh_add_names places;	/* -h */
	struct ssh_add_names host_files;	/* -H */
	struct writer destinations;	/* what they come to, for agent_add */
	struct secret passphrase;	/* the last one that was right: the next key may have it, too */
};

/* What an error of a question to the agent means; static. */
const char *ssh_add_error(enum err e);

/* The files that are meant when none is named: how many, and the path of each in turn, malloc'ed. */
size_t ssh_add_default_count(void);

/* The path of default file n; NULL if it is not there. */
char *ssh_add_default(const struct ssh_add *a, size_t n);

/* --- tools/ssh_add_keys.c --- */

/* Adds what is in these files, or in the default ones if n is 0. */
int ssh_add_files(struct ssh_add *a, char **files, size_t n);

/* --- tools/ssh_add_remove.c --- */

/* -d: removes what these files say, or the default ones if n is 0. */
int ssh_add_remove(struct ssh_add *a, char **files, size_t n);

/* -D: removes all. */
int ssh_add_remove_all(struct ssh_add *a);

/* --- tools/ssh_add_list.c --- */

/* -l, -L: prints the keys, as fingerprints or as lines. */
int ssh_add_list(struct ssh_add *a, bool as_lines);

/* -T: has the agent sign with the keys of these files. */
int ssh_add_test(struct ssh_add *a, char **files, size_t n);

/* -Q: prints the names of the agent's extensions. */
int ssh_add_query(struct ssh_add *a);

/* --- tools/ssh_add_destination.c --- */

/* Makes a->destinations of the places; ends the program if one makes no sense or has no known key. */
void ssh_add_find_destinations(struct ssh_add *a);

#endif
