/* SPDX-License-Identifier: ISC */
/* Lines of allowed_signers: nobody signs for a name that the line is not for. */
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/text.h"
#include "keys/allowed_signers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What holds of every line that parses. */
static void
check_line(const struct allowed_signer *s)
{
	struct signer_question q = {
		.signer = writer_span(&s->blob), .principal = SPAN_LIT("u@example.org"),
		.name_space = SPAN_LIT("file"), .now = 1700000000, .now_local = 1700003600,
	};
	enum signer_answer answer;
	const char *why;

	if (s->blob.len == 0 || allowed_signer_ask(s, &q, &answer, &why) != ERR_OK)
		abort();
	if (answer == SIGNER_ALLOWED && (s->is_ca || !allowed_signer_is_for(s, q.principal) ||
	    (s->has_name_spaces && text_match_list(q.name_space, writer_span(&s->name_spaces),
	    false) != MATCH_YES)))
		abort();
	/* Another key never is meant. */
	q.signer = SPAN_LIT("\0\0\0\1x");
	if (allowed_signer_ask(s, &q, &answer, &why) != ERR_OK || answer != SIGNER_OTHER)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct allowed_walk walk = { .rest = span_of(data, size) };
	struct allowed_signer s;
	const char *why;
	enum err e;

	while (allowed_next(&walk, &s, &e, &why)) {
		if (e == ERR_OK)
			check_line(&s);
		else if (e != ERR_SYNTAX || why == NULL)
			abort();
		allowed_signer_free(&s);
	}
	return 0;
}
