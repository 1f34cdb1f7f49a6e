/* SPDX-License-Identifier: ISC */
/*
 * sshd/guard_explain.h - sshd --explain: the guard's decisions about a login
 * that nobody tries, with the rule that each comes from.
 */
#ifndef SSHD_GUARD_EXPLAIN_H
#define SSHD_GUARD_EXPLAIN_H

#include "sshd/guard.h"

struct explain {
	struct span user;
	struct span host;		/* the client's name; empty: not known */
	const char *key_file;		/* a public key or certificate; NULL: none */
};

/*
 * Prints the rules that the login passes, in their order, and the verdict, to
 * standard output; details go to start->log. start has addresses, rules and
 * config; its descriptors are not used. Returns an exit status: 0 may log in
 * (or may go on), 1 may not, 255 for what cannot be explained.
 */
int guard_explain(const struct guard_start *start, const struct explain *what);

#endif
