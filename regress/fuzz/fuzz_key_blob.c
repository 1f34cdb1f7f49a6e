/* SPDX-License-Identifier: ISC */
/* A public key blob that parses is what the key gives back, and can be verified with. */
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "keys/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Offers the key's algorithms a signature made of the rest of the input. */
static void
try_signatures(const struct key *k, struct span input)
{
	struct span algs = span_str(key_algs(k)), alg;

	while (span_token(&algs, ',', &alg)) {
		SCOPED(writer_free) struct writer sig = writer_init(LIMIT_SIGNATURE);
		struct key_token token;

		wr_bytes(&sig, alg);
		wr_raw(&sig, span_first(input, 2048));
		if (key_verify(k, alg, alg, writer_span(&sig), SPAN_LIT("data"), &token) == ERR_OK &&
		    !key_is_sk(k))
			abort();	/* the fuzzer has no private key */
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_of(data, size);
	SCOPED(key_free) struct key *k = NULL, *again = NULL;
	size_t split = size < 2 ? 0 : ((size_t)data[0] << 8 | data[1]) % (size - 1);
	struct span blob = span_first(span_skip(input, 2), split);

	if (key_from_blob(blob, &k) != ERR_OK)
		return k == NULL ? 0 : (abort(), 0);
	if (!span_eq(key_blob(k), blob) || key_public(k, &again) != ERR_OK ||
	    !key_equal(k, again) || key_has_private(k) || key_bits(k) == 0)
		abort();
	try_signatures(k, span_skip(input, 2 + split));
	return 0;
}
