/* SPDX-License-Identifier: ISC */
/* hosts.equiv and its like: any text, asked about any machine and user. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sshd/rhosts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Takes what stands before the first newline. */
static struct span
take_line(struct span *rest)
{
	size_t n = span_find(*rest, '\n');
	struct span line = span_first(*rest, n);

	*rest = span_skip(*rest, n + 1);
	return line;
}

/* Whether the bytes of needle are anywhere in text, whatever their case. */
static bool
has(struct span text, struct span needle)
{
	for (size_t i = 0; needle.len > 0 && i + needle.len <= text.len; i++) {
		size_t k = 0;

		while (k < needle.len && (text.p[i + k] | 0x20) == (needle.p[k] | 0x20))
			k++;
		if (k == needle.len)
			return true;
	}
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size);
	struct rhosts_question q = { .host = take_line(&text), .address = SPAN_LIT("192.0.2.7") };
	enum rhosts_answer a;

	q.client_user = take_line(&text);
	q.server_user = take_line(&text);
	a = rhosts_look(text, &q);
	if (a != rhosts_look(text, &q))
		abort();
	/* Nobody is let in whose machine is not named, whatever wild cards and groups there are. */
	if (a == RHOSTS_YES && !has(text, q.host) && !has(text, q.address))
		abort();
	/* Nor under another name, unless that is named. */
	if (a == RHOSTS_YES && !span_eq(q.client_user, q.server_user) && !has(text, q.client_user))
		abort();
	return 0;
}
