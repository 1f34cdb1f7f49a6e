/* SPDX-License-Identifier: ISC */
/*
 * Records of scp's old protocol: a name that is taken is one of a file in its own
 * folder, and what was read is written as it came. Then: whether it was asked for.
 */
#include <stdlib.h>
#include <string.h>

#include "sftp/scp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SCOPED(writer_free) struct writer w = writer_init(1 << 20);
	struct span line = span_of(data, size);
	size_t zero = span_find(line, '\0');
	struct scp_record r;
	char *path;

	if (scp_record_get(line, &r) == ERR_OK && (r.kind == 'C' || r.kind == 'D')) {
		struct scp_record again;

		must(r.name.len > 0 && span_find(r.name, '/') == r.name.len && !span_is(r.name, "..") &&
		    !span_is(r.name, ".") && r.mode <= 07777 && r.size <= INT64_MAX);
		scp_record_put(&w, &r);
		must(span_find(writer_span(&w), '\n') == w.len - 1);
		must(scp_record_get(span_first(writer_span(&w), w.len - 1), &again) == ERR_OK);
		must(again.size == r.size && again.mode == r.mode);
	}
	/* A pattern, and behind a NUL a name. */
	path = span_dup_str(span_first(line, zero));
	must(path != NULL);
	(void)scp_is_asked_for(span_first(span_skip(line, zero + 1), 64), path);
	free(path);
	return 0;
}
