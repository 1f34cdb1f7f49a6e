/* SPDX-License-Identifier: ISC */
/*
 * sshd/rhosts.h - hosts.equiv, shosts.equiv, ~/.rhosts and ~/.shosts: whom
 * other machines' users may log in as.
 *
 *	HOST [USER]	"-" before either forbids; "#" begins a comment
 *
 * Without USER both names must be the same. Wild cards ("+") are passed over,
 * as in OpenSSH. Netgroups ("@") would be looked up by NSS, which nothing of
 * ours asks: none lets in, and one that forbids forbids.
 */
#ifndef SSHD_RHOSTS_H
#define SSHD_RHOSTS_H

#include "base/span.h"

struct rhosts_question {
	struct span host;		/* the client's machine, and ... */
	struct span address;		/* ... its address in numbers */
	struct span client_user;	/* who he is there */
	struct span server_user;	/* who he wants to be here */
};

enum rhosts_answer {
	RHOSTS_UNKNOWN,			/* no line is about him */
	RHOSTS_YES,
	RHOSTS_NO,
};

/* What the first line says that is about him. */
enum rhosts_answer rhosts_look(struct span text, const struct rhosts_question *q);

#endif
