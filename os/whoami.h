/* SPDX-License-Identifier: ISC */
/*
 * os/whoami.h - who runs this program, and on which machine; for clients and
 * tools. /etc/passwd is read by auth/account.h, the C library is not asked.
 */
#ifndef OS_WHOAMI_H
#define OS_WHOAMI_H

#include "auth/account.h"

/*
 * The account of the real uid: from /etc/passwd, else made from USER or
 * LOGNAME, HOME and SHELL. *out is for account_free(). ERR_NOMEM.
 */
enum err whoami_account(struct account *out);

/* The machine's name as the kernel has it; "localhost" without one. Returns buf. */
const char *whoami_host(char *buf, size_t size);

#endif
