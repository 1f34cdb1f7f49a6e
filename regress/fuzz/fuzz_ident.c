/* SPDX-License-Identifier: ISC */
/* Identification strings: in bulk and byte by byte must come to the same. */
#include <stdint.h>

#include "base/limits.h"
#include "kex/ident.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	enum err err;
	size_t used;
	struct span line;
};

static struct outcome
bulk(enum side us, struct span in)
{
	struct ident id = { 0 };
	struct outcome o;

	o.err = ident_find(&id, us, in, &o.used, &o.line);
	return o;
}

static struct outcome
bytewise(enum side us, struct span in)
{
	struct outcome o = { .err = ERR_OK };
	struct ident id = { 0 };
	size_t used;

	for (size_t end = 1; end <= in.len && o.err == ERR_OK && o.line.len == 0; end++) {
		o.err = ident_find(&id, us, span_of(in.p + o.used, end - o.used), &used, &o.line);
		o.used += used;
	}
	return o;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (enum side us = SIDE_CLIENT; us <= SIDE_SERVER; us++) {
		struct outcome a = bulk(us, span_of(data, size));
		struct outcome b = bytewise(us, span_of(data, size));

		/* How much was used up before an error is nobody's business. */
		must((a.err == ERR_OK) == (b.err == ERR_OK));
		if (a.err != ERR_OK)
			continue;
		must(a.used == b.used && a.line.p == b.line.p && a.line.len == b.line.len);
		must(a.line.len <= LIMIT_IDENT);
	}
	return 0;
}
