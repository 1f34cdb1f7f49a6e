/* SPDX-License-Identifier: ISC */
#include "crypto/scrypt.h"

#include <openssl/evp.h>

#include "crypto/evp.h"

enum err
scrypt(struct span secret, struct span salt, uint64_t cost, uint64_t blocks, uint64_t parallel,
    uint8_t *out, size_t len)
{
	/* What it may take: its table, and a little for the rest. */
	uint64_t memory = 128 * blocks * (cost + parallel + 2) + 65536;

	if (EVP_PBE_scrypt((const char *)secret.p, secret.len, salt.p, salt.len, cost, blocks, parallel,
	    memory, out, len) != 1)
		return evp_failed();
	return ERR_OK;
}
