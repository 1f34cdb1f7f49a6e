/* SPDX-License-Identifier: ISC */
/*
 * sftp/accounts.h - names of users and groups, and homes, for an SFTP server:
 * from /etc/passwd and /etc/group as they are when the first is asked for,
 * read by auth/account.h. In a root directory without them nobody has a name.
 */
#ifndef SFTP_ACCOUNTS_H
#define SFTP_ACCOUNTS_H

#include "sftp/server.h"

/* Names that are remembered: a directory has few owners. */
#define SFTP_NAMES_KEPT		16

struct sftp_name_kept {
	bool is_used;
	bool is_group;
	uint32_t id;
	char name[64];
};

/* Who is served, and the files; begin with .user and .home set and the rest zero. */
struct sftp_accounts {
	const char *user;
	const char *home;
	bool is_read;
	struct writer passwd;
	struct writer group;
	struct sftp_name_kept kept[SFTP_NAMES_KEPT];
};

/* The functions of a server's names; arg is a struct sftp_accounts. */
extern const struct sftp_names sftp_accounts_names;

/* Frees what was read. */
void sftp_accounts_free(struct sftp_accounts *a);

#endif
