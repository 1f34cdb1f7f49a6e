/* SPDX-License-Identifier: ISC */
/*
 * tools/ssh_keyscan.h - between the files of ssh-keyscan(1).
 *
 * list    the lines that say what is scanned, of -f and of the command line
 * entry   one line: a host with its addresses and names, or a network
 * host    what is being scanned: one address at a time, and on it one
 *         connection for each kind of key
 *
 * The first connection to a host finds out where its server answers; the
 * others go to that very address when it has. A key is printed when its
 * holder has signed the exchange hash with it, and the connection is dropped.
 */
#ifndef TOOLS_SSH_KEYSCAN_H
#define TOOLS_SSH_KEYSCAN_H

#include "base/rng.h"
#include "base/text.h"
#include "base/writer.h"
#include "os/log.h"
#include "os/names.h"

/* All lists together. */
#define KEYSCAN_MAX_LIST	(64 * 1024 * 1024)

/* What is printed of one key: as many names as a line may hold. */
#define KEYSCAN_MAX_OUTPUT	(64 * 1024 * 1024)

/* Connections at the same time, if there may be so many descriptors. */
#define KEYSCAN_PARALLEL	256

/* --- tools/ssh_keyscan_list.c --- */

/* The addresses of a network that have not been given yet. */
struct keyscan_network {
	struct address next;
	uint64_t left;
};

/* A network of more addresses than all of IPv4 is a mistake. */
#define KEYSCAN_MAX_NETWORK	((uint64_t)1 << 32)

/* One line of a list; spans borrow from it. */
struct keyscan_entry {
	struct span addresses;		/* comma list, for trying one after the other; or the network */
	struct span names;		/* comma list, for printing; that of the addresses unless said otherwise */
	bool is_network;
	struct keyscan_network network;
};

/*
 * Parses a line, its comment and all. ERR_NOTFOUND: there is nothing in it;
 * ERR_SYNTAX: something is no host name, or follows the names; ERR_RANGE: a
 * network of more than KEYSCAN_MAX_NETWORK addresses.
 */
enum err keyscan_parse(struct span line, struct keyscan_entry *out);

/* Takes the next of a comma list that is not empty off *list; false at its end. */
bool keyscan_next_name(struct span *list, struct span *name);

/* Gives the next address of a network; false when all have been given. */
bool keyscan_next_address(struct keyscan_network *network, struct address *out);

/* --- tools/ssh_keyscan_put.c --- */

/* A kind of key that is asked for. */
struct keyscan_kind {
	const char *name;		/* "ecdsa" */
	const char *algs;		/* host key algorithms, best first */
	const char *cert_algs;		/* the same of certificates (-c); NULL: there are none */
};

/* More kinds than there are names for. */
#define KEYSCAN_MAX_KINDS	16

/* Kinds chosen out of the table, as bits. */
typedef uint32_t keyscan_kinds;

/* The kinds that are asked for unless -t says otherwise. */
keyscan_kinds keyscan_default_kinds(void);

/* The kind called name, in any case, or the type of key ("ssh-ed25519"); 0: there is none in this build. */
keyscan_kinds keyscan_find_kind(struct span name);

/* The number-th of the kinds chosen, from 0; NULL: there are no more. */
const struct keyscan_kind *keyscan_kind(keyscan_kinds chosen, unsigned number);

/* How keys are printed. */
struct keyscan_form {
	uint16_t port;
	bool is_hashed;			/* -H */
	bool is_cert;			/* -c: the certificate alone */
	bool is_sshfp;			/* -D */
	unsigned sshfp_hash;		/* -O hashalg=: its number; 0: all */
};

/* Writes what is printed for a key: a line or several for each of the names. ERR_NOMEM, ERR_LIMIT. */
enum err keyscan_put(struct writer *w, const struct keyscan_form *form, struct span names,
    struct span blob, const struct rng *rng);

/* --- tools/ssh_keyscan_scan.c --- */

/* What is asked for, and how. All is borrowed. */
struct keyscan {
	struct span list;		/* lines */
	struct keyscan_form form;
	keyscan_kinds kinds;
	enum names_family family;
	msec timeout;			/* -T */
	unsigned parallel;		/* connections at the same time, 1 or more */
	bool is_quiet;			/* -q: no comments */
	struct log log;
	int out;			/* where keys go ... */
	int comments;			/* ... and where what servers call themselves */
};

/*
 * Scans all of the list; *n_keys is how many keys were printed. Failures of
 * hosts are told and no error. ERR_NOMEM, ERR_SYSTEM (errno: writing failed).
 */
enum err keyscan_run(const struct keyscan *ks, uint64_t *n_keys);

#endif
