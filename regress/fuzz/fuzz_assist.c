/* SPDX-License-Identifier: ISC */
/*
 * What ssh-ephemeral assist reads: lines of ssh's log, of which a relay writes
 * parts, and events of a sshd. Whatever is found lies within the line, and is
 * one word of it where one is meant.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/assist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_within(struct span part, struct span whole)
{
	must(part.len == 0 || (part.p >= whole.p && part.p + part.len <= whole.p + whole.len));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const fields[] = { "event", "id", "number", "" };
	/* Of its own, so that a read beyond its end is seen. */
	uint8_t *copy = malloc(size == 0 ? 1 : size);
	struct span line = span_of(copy, size), value;

	must(copy != NULL);
	memcpy(copy, data, size);
	switch (assist_read_log(line, "kiosk-17", &value)) {
	case ASSIST_FINGERPRINT:
	case ASSIST_CALLER:
		check_within(value, line);
		must(span_find(value, ' ') == value.len);
		break;
	default:
		must(value.len == 0);
	}
	for (size_t i = 0; i < COUNT(fields); i++)
		check_within(assist_field(line, fields[i]), line);
	(void)assist_read_event(line);
	free(copy);
	return 0;
}
