/* SPDX-License-Identifier: ISC */
/* kex/moduli: whatever the file, what is chosen is a group of a size that was asked for. */
#include <stdint.h>

#include "crypto/dh.h"
#include "kex/moduli.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SCOPED(writer_free) struct writer p = writer_init(DH_MAX_LEN + 1);
	SCOPED(writer_free) struct writer g = writer_init(DH_MAX_LEN + 1);
	struct rng_test seed = { 1 };
	struct rng rng = rng_test(&seed);
	struct dh_group *group;

	if (moduli_choose(span_of(data, size), DH_MIN_BITS, 3072, DH_MAX_BITS, &rng, &p, &g) != ERR_OK)
		return 0;
	must(p.len >= DH_MIN_BITS / 8 && p.len <= DH_MAX_LEN);
	must(dh_group_new(&group, writer_span(&p), writer_span(&g)) == ERR_OK);
	dh_group_free(group);
	return 0;
}
