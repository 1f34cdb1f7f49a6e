/* SPDX-License-Identifier: ISC */
/* Revocation lists of both forms: an error must always mean "revoked". */
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "keys/krl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A certificate to ask about, made once. */
static void
make(struct cert *c)
{
	struct rng_test seed = { .state = 1 };
	struct rng rng = rng_test(&seed);
	SCOPED(key_free) struct key *k = NULL, *ca = NULL;
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_KEY_BLOB);
	struct cert_order order = { .role = CERT_USER, .serial = 42, .key_id = SPAN_LIT("id"),
	    .principals = SPAN_LIT("a"), .valid_before = CERT_FOREVER };

	if (key_generate(SPAN_LIT("ed25519"), 0, &rng, &k) != ERR_OK ||
	    key_generate(SPAN_LIT("ed25519"), 0, &rng, &ca) != ERR_OK)
		abort();
	order.key = k;
	if (cert_make(&order, ca, SPAN_LIT("ssh-ed25519"), &rng, &w) != ERR_OK ||
	    cert_parse(writer_span(&w), c) != ERR_OK)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cert c;
	struct span file = span_of(data, size);
	struct krl_info info;
	bool revoked = false;
	enum err whole = ERR_OK;

	if (c.key == NULL)
		make(&c);
	if (krl_is(file))
		whole = krl_info(file, &info);
	if (revoked_key(file, key_blob(c.key), &revoked) != ERR_OK ? !revoked : whole != ERR_OK)
		abort();
	revoked = false;
	if (revoked_cert(file, &c, &revoked) != ERR_OK ? !revoked : whole != ERR_OK)
		abort();
	return 0;
}
