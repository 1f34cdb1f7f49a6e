/* SPDX-License-Identifier: ISC */
/* authorized_keys lines and options, principals lines. */
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "keys/authorized_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What holds of all options that parse. */
static void
check_options(struct span text)
{
	SCOPED(authorized_options_free) struct authorized_options o;
	struct span at;
	enum err e = authorized_options_parse(text, 3600, &o, &at);

	if (e != ERR_OK) {
		if (o.permit != 0 || o.buf != NULL)
			abort();
		return;
	}
	if ((o.unknown.len > 0 && o.permit != 0) || (o.permit & ~(unsigned)PERMIT_ALL) != 0)
		abort();
	(void)permit_address_allows(&o.open, SPAN_LIT("host"), 22);
	(void)permit_address_allows(&o.listen, SPAN_LIT("host"), 22);
	for (size_t i = 0; i < o.n_env; i++)
		if (o.env[i].name.len == 0)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size), options, principal;
	struct authorized_walk walk = { .rest = text };
	struct authorized_line line;

	check_options(text);
	if (authorized_principal(text, &options, &principal) == ERR_OK) {
		if (principal.len == 0)
			abort();
		check_options(options);
	}
	while (authorized_next(&walk, &line)) {
		SCOPED(writer_free) struct writer blob = writer_init(LIMIT_LINE);

		check_options(line.options);
		if (authorized_key(&line, &blob) != ERR_OK)
			continue;
		/* The text may be base64 in a form that is not the usual one. */
		(void)authorized_has_key(&line, writer_span(&blob));
	}
	return 0;
}
