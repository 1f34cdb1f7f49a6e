/* SPDX-License-Identifier: ISC */
/*
 * base/reader and base/writer: a list of reads, chosen by the input, and what
 * they gave written again is the input again.
 */
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "base/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads one field of the kind and writes it as it was read. */
static void
copy_field(unsigned kind, struct reader *r, struct writer *w)
{
	struct span s;

	switch (kind) {
	case 0: wr_u8(w, rd_u8(r)); break;
	case 1: wr_u32(w, rd_u32(r)); break;
	case 2: wr_u64(w, rd_u64(r)); break;
	case 3: wr_bytes(w, rd_bytes(r)); break;
	case 4:
		s = rd_text(r);
		must(span_find(s, 0) == s.len);
		wr_bytes(w, s);
		break;
	case 5:
		s = rd_mpint(r, 64);
		must(s.len <= 64 && (s.len == 0 || s.p[0] != 0));
		wr_mpint(w, s);
		break;
	case 6: wr_raw(w, rd_raw(r, 3)); break;
	default: (void)rd_end(r); break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SCOPED(writer_free) struct writer w = writer_init(1 << 20);
	size_t n_kinds = size < 8 ? size : 8;
	struct span body = span_skip(span_of(data, size), n_kinds);
	struct reader r = rd_init(body);

	for (size_t i = 0; i < n_kinds && r.err == ERR_OK; i++) {
		copy_field(data[i] % 8, &r, &w);
		must(r.rest.len <= body.len);
	}
	if (r.err == ERR_OK) {
		wr_raw(&w, rd_rest(&r));
		must(rd_end(&r) == ERR_OK && wr_end(&w) == ERR_OK);
		must(span_eq(writer_span(&w), body));
	} else {
		must(rd_u32(&r) == 0 && rd_rest(&r).len == 0 && rd_end(&r) == r.err);
	}
	return 0;
}
