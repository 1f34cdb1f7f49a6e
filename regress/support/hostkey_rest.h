/* SPDX-License-Identifier: ISC */
/*
 * regress/support/hostkey_rest.h - what ssh/hostkey*.c call of the rest of the
 * client. Defines those functions: included by one file of a program, behind
 * cmocka.h.
 */
#ifndef REGRESS_SUPPORT_HOSTKEY_REST_H
#define REGRESS_SUPPORT_HOSTKEY_REST_H

#include <stdio.h>
#include <string.h>

#include "ssh/alive.h"
#include "ssh/hostkey.h"
#include "ssh/proof.h"

/* The last question to the server, for a test that answers it; not taken unless it is open to that. */
struct hostkey_asked {
	bool is_open;
	void (*answered)(struct ssh *s, void *arg, bool ok, struct span body);
	void *arg;
};

static struct hostkey_asked hostkey_asked;

enum err
settings_expand(const struct settings *s, const struct log *log, enum ssh_keyword k,
    const char *text, char **out)
{
	(void)s, (void)log, (void)k;
	*out = strdup(text);
	return *out == NULL ? ERR_NOMEM : ERR_OK;
}

const char *
ssh_visible(char *buf, size_t size, struct span s)
{
	snprintf(buf, size, "%.*s", (int)s.len, (const char *)s.p);
	return buf;
}

enum err
alive_ask(struct ssh *s, const char *request, struct span body,
    void (*answered)(struct ssh *s, void *arg, bool ok, struct span body), void *arg)
{
	(void)s, (void)request, (void)body;
	if (!hostkey_asked.is_open)
		return ERR_NOMEM;
	hostkey_asked.answered = answered;
	hostkey_asked.arg = arg;
	return ERR_OK;
}

bool
proof_is_wanted(const struct ssh *s)
{
	(void)s;
	return false;
}

void
proof_prepare(struct ssh *s)
{
	(void)s;
	fail();
}

#endif
