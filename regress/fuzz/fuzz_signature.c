/* SPDX-License-Identifier: ISC */
/* Signatures of all kinds offered to keys of all kinds: none may hold. */
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "keys/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct { const char *kind; unsigned bits; } kinds[] = {
	{ "ed25519", 0 }, { "ecdsa", 256 }, { "ecdsa", 521 }, { "rsa", 1024 },
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct key *keys[COUNT(kinds)];
	struct span algs = span_str(keys_list(KEY_LIST_ALL)), alg;
	struct rng_test seed = { .state = 1 };
	struct rng rng = rng_test(&seed);
	size_t which;

	if (size == 0)
		return 0;
	which = data[0] % COUNT(kinds);
	if (keys[which] == NULL && key_generate(span_str(kinds[which].kind),
	    kinds[which].bits, &rng, &keys[which]) != ERR_OK)
		abort();
	while (span_token(&algs, ',', &alg)) {
		SCOPED(writer_free) struct writer sig = writer_init(2 * LIMIT_SIGNATURE);

		if (key_verify(keys[which], alg, span_str(keys_list(KEY_LIST_ALL)),
		    span_of(data + 1, size - 1), SPAN_LIT("data"), NULL) == ERR_OK)
			abort();
		/* With the right name in front the fields behind it are reached. */
		wr_bytes(&sig, alg);
		wr_raw(&sig, span_of(data + 1, size - 1));
		if (wr_end(&sig) == ERR_OK && key_verify(keys[which], alg, alg,
		    writer_span(&sig), SPAN_LIT("data"), NULL) == ERR_OK)
			abort();
	}
	return 0;
}
