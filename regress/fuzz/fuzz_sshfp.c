/* SPDX-License-Identifier: ISC */
/* Answers of the DNS: what is malformed says nothing. */
#include <stdint.h>
#include <stdlib.h>

#include "keys/sshfp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t blob[] = "\0\0\0\013ssh-ed25519";
	struct sshfp out;

	if (sshfp_check(span_of(data, size), span_of(blob, sizeof blob - 1), &out) != ERR_OK &&
	    (out.n_found != 0 || out.is_match || out.is_authentic))
		abort();
	if (out.is_match && out.n_found == 0)
		abort();
	return 0;
}
