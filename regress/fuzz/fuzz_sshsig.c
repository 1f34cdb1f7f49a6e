/* SPDX-License-Identifier: ISC */
/* Signatures of files: what is read is written again. */
#include <stdint.h>
#include <stdlib.h>

#include "keys/sshsig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Put and get are the inverse of each other. */
static void
check_again(const struct sshsig *s)
{
	SCOPED(writer_free) struct writer w = writer_init(2 * SSHSIG_MAX_BLOB);
	struct sshsig again;

	sshsig_put(&w, s);
	if (wr_end(&w) != ERR_OK || sshsig_get(writer_span(&w), &again) != ERR_OK ||
	    !span_eq(again.signer, s->signer) || !span_eq(again.name_space, s->name_space) ||
	    !span_eq(again.hash, s->hash) || !span_eq(again.signature, s->signature))
		abort();
}

static void
check_blob(struct span blob)
{
	SCOPED(sshsig_signer_free) struct sshsig_signer signer = { .key = NULL };
	uint8_t digest[HASH_MAX_LEN] = { 0 };
	struct sshsig s;

	if (sshsig_get(blob, &s) != ERR_OK)
		return;
	check_again(&s);
	if (sshsig_signer_get(s.signer, &signer) != ERR_OK)
		return;
	if (signer.key == NULL)
		abort();
	(void)!sshsig_verify(&s, &signer, digest);
}

/* What comes out of an armour comes out of ours, too. */
static void
check_armour(struct span file)
{
	SCOPED(writer_free) struct writer blob = writer_init(SSHSIG_MAX_BLOB);
	SCOPED(writer_free) struct writer text = writer_init(4 * SSHSIG_MAX_BLOB);
	SCOPED(writer_free) struct writer again = writer_init(SSHSIG_MAX_BLOB);

	if (sshsig_armour_get(file, &blob) != ERR_OK)
		return;
	sshsig_armour_put(&text, writer_span(&blob));
	if (wr_end(&text) != ERR_OK || sshsig_armour_get(writer_span(&text), &again) != ERR_OK ||
	    !span_eq(writer_span(&again), writer_span(&blob)))
		abort();
	check_blob(writer_span(&blob));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_armour(span_of(data, size));
	check_blob(span_of(data, size));
	return 0;
}
