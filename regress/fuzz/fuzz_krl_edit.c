/* SPDX-License-Identifier: ISC */
/*
 * Lists that are taken apart and written anew, or made from the lines of a
 * specification: what is written is well-formed, and stays as it is when it is
 * read and written once more.
 */
#include <stdint.h>
#include <stdlib.h>

#include "keys/krl.h"
#include "keys/krl_edit.h"
#include "keys/line.h"

#define MAX	(64 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
add_lines(struct krl_edit *list, struct span text)
{
	struct span any = SPAN_EMPTY, line;
	const char *why;

	while (line_next(&text, &line))
		if (krl_edit_line(list, &any, line, &why) == ERR_SYNTAX && why == NULL)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SCOPED(krl_edit_free) struct krl_edit list = { .version = 0 }, again = { .version = 0 };
	SCOPED(writer_free) struct writer w = writer_init(MAX), w2 = writer_init(MAX);
	struct span input = span_of(data, size);
	struct krl_info info;

	if (!krl_is(input))
		add_lines(&list, input);
	else if ((krl_edit_load(&list, input) == ERR_OK) != (krl_info(input, &info) == ERR_OK))
		abort();
	if (krl_edit_put(&list, 1, &w) != ERR_OK || krl_info(writer_span(&w), &info) != ERR_OK ||
	    krl_edit_load(&again, writer_span(&w)) != ERR_OK || krl_edit_put(&again, 1, &w2) != ERR_OK ||
	    !span_eq(writer_span(&w), writer_span(&w2)))
		abort();
	return 0;
}
