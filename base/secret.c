/* SPDX-License-Identifier: ISC */
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

void
wipe(void *p, size_t n)
{
	if (p == NULL || n == 0)
		return;
	memset(p, 0, n);
	__asm__ volatile("" : : "r"(p) : "memory");	/* p is still looked at */
}

enum err
secret_alloc(struct secret *s, size_t n)
{
	uint8_t *p = calloc(1, n == 0 ? 1 : n);

	if (p == NULL)
		return ERR_NOMEM;
	secret_free(s);
	*s = (struct secret){ p, n };
	return ERR_OK;
}

enum err
secret_copy(struct secret *s, struct span from)
{
	struct secret copy = { NULL, 0 };

	TRY(secret_alloc(&copy, from.len));
	if (from.len > 0)
		memcpy(copy.p, from.p, from.len);
	secret_free(s);
	*s = copy;
	return ERR_OK;
}

struct span
secret_span(const struct secret *s)
{
	return span_of(s->p, s->len);
}

void
secret_free(struct secret *s)
{
	if (s == NULL)
		return;
	wipe(s->p, s->len);
	free(s->p);
	*s = (struct secret){ NULL, 0 };
}
