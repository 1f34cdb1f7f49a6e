/* SPDX-License-Identifier: ISC */
/* A whole server: whatever its peer says, it ends well. */
#include <stdint.h>

#include "regress/support/fuzz_conn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_run(SIDE_SERVER, span_of(data, size));
	return 0;
}
