/* SPDX-License-Identifier: ISC */
#include "os/whoami.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/file.h"

#define PASSWD_FILE	"/etc/passwd"
#define PASSWD_MAX	(64 * 1024 * 1024)

/* The first of the variables that says something; NULL. */
static const char *
name_of_environment(void)
{
	static const char *const variables[] = { "USER", "LOGNAME" };

	for (size_t i = 0; i < COUNT(variables); i++) {
		const char *value = getenv(variables[i]);

		if (value != NULL && value[0] != '\0')
			return value;
	}
	return NULL;
}

enum err
whoami_account(struct account *out)
{
	SCOPED(writer_free) struct writer text = writer_init(PASSWD_MAX);
	const char *name = name_of_environment();
	char number[24];
	enum err e;

	e = file_read(PASSWD_FILE, &text, NULL);
	if (e == ERR_OK)
		e = account_find_uid(out, writer_span(&text), getuid());
	if (e == ERR_OK || e == ERR_NOMEM)
		return e;
	snprintf(number, sizeof number, "%lu", (unsigned long)getuid());
	e = account_make(out, span_str(name == NULL ? number : name), getuid(), getgid(),
	    span_str(getenv("HOME")), span_str(getenv("SHELL")));
	if (e != ERR_SYNTAX)
		return e;
	/* A colon or newline in the environment: nothing of it is believed. */
	return account_make(out, span_str(number), getuid(), getgid(), SPAN_EMPTY, SPAN_EMPTY);
}

const char *
whoami_host(char *buf, size_t size)
{
	if (gethostname(buf, size) == -1 || memchr(buf, '\0', size) == NULL || buf[0] == '\0')
		snprintf(buf, size, "localhost");
	return buf;
}
