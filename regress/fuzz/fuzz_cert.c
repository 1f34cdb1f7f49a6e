/* SPDX-License-Identifier: ISC */
/* Certificates: whatever parses, none of it is signed by a CA the fuzzer holds. */
#include <stdint.h>
#include <stdlib.h>

#include "keys/cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SCOPED(cert_free) struct cert c;
	struct cert_need need = { .now = 1, .any_name = true,
	    .ca_algs = span_str(keys_list(KEY_LIST_ALL)) };
	struct cert_options options;
	struct span rest, name;
	const char *why;
	unsigned n = 0;

	if (cert_parse(span_of(data, size), &c) != ERR_OK) {
		if (c.key != NULL || c.ca != NULL || c.blob.p != NULL)
			abort();
		return 0;
	}
	for (rest = c.principals; cert_next_principal(&rest, &name); n++)
		;
	if (n != c.n_principals)
		abort();
	need.role = c.role;
	(void)!cert_check(&c, &need, &why);
	if (cert_options_get(&c, &options, &why) != ERR_OK && options.permit != 0)
		abort();
	(void)cert_has_principal(&c, SPAN_LIT("alice"));
	return 0;
}
