/* SPDX-License-Identifier: ISC */
/* Private key files; what is read can be written and is read again as the same. */
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/text.h"
#include "keys/private_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
write_again(const struct key *k)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_KEY_FILE);
	SCOPED(key_free) struct key *again = NULL;
	struct private_file_format format = { .kind = PRIVATE_OPENSSH };
	struct rng_test seed = { .state = 1 };
	struct rng rng = rng_test(&seed);

	if (private_file_write(k, SPAN_EMPTY, &format, &rng, &w) != ERR_OK ||
	    private_file_read(writer_span(&w), SPAN_EMPTY, &again, NULL) != ERR_OK ||
	    !key_equal(k, again))
		abort();
}

/* No passphrase: deriving keys would take the fuzzer's time. */
static void
read_file(struct span file)
{
	SCOPED(private_file_free) struct private_file f = { .pub = NULL };
	SCOPED(writer_free) struct writer comment = writer_init(LIMIT_LINE);
	SCOPED(key_free) struct key *k = NULL;
	enum err peeked = private_file_peek(file, &f);

	if (private_file_read(file, SPAN_EMPTY, &k, &comment) != ERR_OK) {
		if (k != NULL)
			abort();
		return;
	}
	if (peeked != ERR_OK || f.is_encrypted || !key_equal(f.pub, k))
		abort();
	write_again(k);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_of(data, size);
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_KEY_FILE);

	read_file(input);
	/* The same as what is inside the armour. */
	wr_raw(&w, SPAN_LIT("-----BEGIN OPENSSH PRIVATE KEY-----\n"));
	base64_put(&w, input, true);
	wr_raw(&w, SPAN_LIT("\n-----END OPENSSH PRIVATE KEY-----\n"));
	read_file(writer_span(&w));
	return 0;
}
