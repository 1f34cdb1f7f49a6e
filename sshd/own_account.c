/* SPDX-License-Identifier: ISC */
#include "sshd/own_account.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether the system is one without account files, and nobody says that there should be others. */
static bool
has_no_accounts(const struct words *passwd_files)
{
	return passwd_files->n == 1 && strcmp(passwd_files->v[0], "/etc/passwd") == 0 &&
	    access(passwd_files->v[0], F_OK) == -1 && errno == ENOENT;
}

enum err
own_account_make(struct account *out, const struct words *passwd_files)
{
	bool is_root = geteuid() == 0;
	const char *name = is_root ? "root" : getenv("USER");
	char number[16];

	*out = (struct account){ .name = NULL };
	if (is_root && !has_no_accounts(passwd_files))
		return ERR_NOTFOUND;
	snprintf(number, sizeof(number), "%lu", (unsigned long)geteuid());
	if (name == NULL || name[0] == '\0')
		name = getenv("LOGNAME");
	if (name == NULL || name[0] == '\0')
		name = number;
	return account_make(out, span_str(name), (uint32_t)geteuid(), (uint32_t)getegid(),
	    span_str(getenv("HOME")), span_str(getenv("SHELL")));
}
