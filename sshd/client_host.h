/* SPDX-License-Identifier: ISC */
/*
 * sshd/client_host.h - whether a client's machine is one of a list of names
 * and addresses (from=, AllowUsers, DenyUsers).
 *
 * With UseDNS a client has a name if its address maps to one that maps back.
 * Where there is none, whoever has to be kept out by name cannot be told from
 * others: so a pattern that forbids names then holds for everybody, and one
 * that allows them for nobody. Nothing opens because a name server is silent.
 */
#ifndef SSHD_CLIENT_HOST_H
#define SSHD_CLIENT_HOST_H

#include "base/text.h"

struct client_host {
	const struct address *address;	/* NULL or family 0: not known */
	const char *text;		/* the address in numbers, or what stands for it */
	const char *name;		/* NULL: not known */
	bool wants_name;		/* UseDNS: names in patterns mean something */
};

/* Matches a comma list that lets in; MATCH_NEGATED keeps out. */
enum match client_host_match(const struct client_host *h, struct span list);

/* Matches a comma list that keeps out: also where it may be that one of its names is the client's. */
bool client_host_denied(const struct client_host *h, struct span list);

#endif
