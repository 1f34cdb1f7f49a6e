/* SPDX-License-Identifier: ISC */
/*
 * auth/account_i.h - inside the account readers: lines and their fields.
 */
#ifndef AUTH_ACCOUNT_I_H
#define AUTH_ACCOUNT_I_H

#include "auth/account.h"

/* shadow has nine fields, passwd seven, group four. */
#define ACCOUNT_MAX_FIELDS	9

/*
 * Takes the next line of *text that is an entry with at least min and at most
 * n fields, and splits it at colons; fields that are missing are empty. False
 * at the end of the text.
 */
bool account_next_line(struct span *text, struct span *field, size_t min, size_t n);

/* How many fields a line of each file has to have. */
#define PASSWD_FIELDS	6, 7
#define SHADOW_FIELDS	2, 9
#define GROUP_FIELDS	3, 4

/* Parses a uid or gid; (uint32_t)-1 is none, as setuid(2) takes it for "no change". */
bool account_number(struct span s, uint32_t *out);

#endif
