/* SPDX-License-Identifier: ISC */
/*
 * tools/ssh_keyscan_i.h - between the two halves of a scan: which hosts are
 * next (tools/ssh_keyscan_scan.c), and one connection to one of them
 * (tools/ssh_keyscan_ask.c).
 */
#ifndef TOOLS_SSH_KEYSCAN_I_H
#define TOOLS_SSH_KEYSCAN_I_H

#include "os/dial.h"
#include "os/pump.h"
#include "tools/ssh_keyscan.h"

struct scan;

/* A host of the list, or one address of a network. */
struct scan_host {
	struct scan *scan;
	struct scan_host *next;
	char *addresses;		/* comma list */
	char *names;
	struct span untried;		/* what of addresses has not been tried */
	char *current;			/* the one that is being tried */
	struct timer *timer;		/* of the lookup; afterwards it ends what has failed */
	struct name_lookup *lookup;
	struct endpoint server;		/* where it has answered ... */
	bool has_answered;		/* ... with an identification string */
	bool is_one_of_many;		/* its failures are told with -v only */
	bool is_told;
	unsigned n_asked;		/* kinds of keys, from the first on */
	struct ask *asks;		/* connections that are there */
};

/* The scan as its connections see it. */
struct scan {
	const struct keyscan *ks;
	struct loop *loop;
	struct names *names;
	struct rng rng;
	uint64_t n_keys;
	unsigned n_used;		/* of ks->parallel */
	struct scan_host *hosts;	/* being scanned */
	struct span rest;		/* lines that nobody has looked at */
	struct keyscan_entry many;	/* the network whose addresses are being scanned */
	struct timer *more;		/* looks for what can be begun */
	enum err err;			/* why the scan was given up */
	int error;			/* with ERR_SYSTEM: errno */
};

/* --- tools/ssh_keyscan_ask.c --- */

/* A connection that is to bring one key. */
struct ask;

/*
 * Connects to one of n endpoints (which are not kept), to ask for a kind of key; it is put at
 * the head of the host's list. host_answered() and host_asked() follow. ERR_NOMEM, ERR_SYSTEM.
 */
enum err ask_start(struct scan_host *h, const struct keyscan_kind *kind, const struct endpoint *v,
    size_t n);

/* Ends it, takes it off the list, frees it. */
void ask_free(struct ask *a);

/* --- tools/ssh_keyscan_scan.c --- */

/* The host's server has identified itself at an endpoint: what else is asked goes there. */
void host_answered(struct scan_host *h, const struct endpoint *server);

/* A connection of the host is over, and freed. */
void host_asked(struct scan_host *h);

/* Says once a host that it cannot be scanned, and why. */
PRINTF(2, 3) void host_tell(struct scan_host *h, const char *fmt, ...);

/* Gives the whole scan up; errno counts with ERR_SYSTEM. */
void scan_give_up(struct scan *s, enum err e);

#endif
