/* SPDX-License-Identifier: ISC */
#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
	const char *name;
	const char *text;
	enum err_class class;
	unsigned reason;
} errors[] = {
#define X(name, class, reason, text) { #name, text, ERR_CLASS_##class, reason },
	ERR_LIST(X)
#undef X
};

const char *
err_text(enum err e)
{
	return (unsigned)e < COUNT(errors) ? errors[e].text : "unknown error";
}

const char *
err_name(enum err e)
{
	return (unsigned)e < COUNT(errors) ? errors[e].name : "UNKNOWN";
}

enum err_class
err_class(enum err e)
{
	return (unsigned)e < COUNT(errors) ? errors[e].class : ERR_CLASS_LOCAL;
}

unsigned
err_reason(enum err e)
{
	return (unsigned)e < COUNT(errors) ? errors[e].reason : 2;
}

void
must_fail(const char *file, int line, const char *cond)
{
	fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, cond);
	abort();
}
