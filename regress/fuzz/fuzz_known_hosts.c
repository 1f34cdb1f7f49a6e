/* SPDX-License-Identifier: ISC */
/* known_hosts files: lookups, edits and orderings of any text. */
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "keys/key.h"
#include "keys/known_hosts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* After a host has been removed nothing plain is left about it. */
static void
check_remove(struct span text, struct span name, struct span blob)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);
	struct known_hosts_result r = { 0 };
	unsigned n;

	if (known_hosts_remove(text, name, &w, &n) != ERR_OK)
		return;
	if (known_hosts_check(writer_span(&w), 0, name, blob, KNOWN_HOSTS_PLAIN, &r) != ERR_OK ||
	    r.status == KNOWN_HOSTS_FOUND || r.status == KNOWN_HOSTS_CHANGED || r.n_known != 0)
		abort();
}

/* A new line is found whatever stands before it, unless the key is revoked. */
static void
check_append(struct span text, struct span name, struct span blob, const struct rng *rng)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);
	struct known_hosts_result r = { 0 };

	wr_raw(&w, text);
	wr_u8(&w, '\n');
	if (known_hosts_put(&w, name, KNOWN_HOSTS_HASHED, blob, SPAN_EMPTY, rng) != ERR_OK)
		return;
	if (known_hosts_check(writer_span(&w), 0, name, blob, KNOWN_HOSTS_PLAIN, &r) != ERR_OK ||
	    (r.status != KNOWN_HOSTS_FOUND && r.status != KNOWN_HOSTS_IS_REVOKED))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct key *k;
	struct rng_test seed = { .state = 1 };
	struct rng rng = rng_test(&seed);
	struct span text = span_of(data, size), name = SPAN_LIT("host");
	struct known_hosts_walk walk = { .rest = text };
	struct known_hosts_line line;
	struct known_hosts_result r = { 0 };

	if (k == NULL && key_generate(SPAN_LIT("ed25519"), 0, &rng, &k) != ERR_OK)
		abort();
	while (known_hosts_next(&walk, &line)) {
		SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);

		(void)known_hosts_matches(&line, name);
		(void)!known_hosts_key(&line, &w);
		(void)!known_hosts_hash_line(&w, &line, &rng);
	}
	if (known_hosts_check(text, 0, name, key_blob(k), KNOWN_HOSTS_CA, &r) != ERR_OK ||
	    r.status == KNOWN_HOSTS_CHANGED)
		abort();
	check_remove(text, name, key_blob(k));
	check_append(text, name, key_blob(k), &rng);
	return 0;
}
