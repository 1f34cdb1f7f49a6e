/* SPDX-License-Identifier: ISC */
#include "crypto/crypto.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "crypto/protect.h"
#include "crypto/x25519.h"

/* --- what libcrypto allocates --- */

/* Stands before each block, so that it can be wiped. */
union head {
	size_t len;
	max_align_t align;
};

static void *
take(size_t n, const char *file, int line)
{
	union head *h = n == 0 || n > SIZE_MAX - sizeof(*h) ? NULL : malloc(sizeof(*h) + n);

	(void)file;
	(void)line;
	if (h == NULL)
		return NULL;
	h->len = n;
	return h + 1;
}

static void
give_back(void *p, const char *file, int line)
{
	union head *h = p;

	(void)file;
	(void)line;
	if (p == NULL)
		return;
	wipe(p, h[-1].len);
	free(h - 1);
}

static void *
resize(void *p, size_t n, const char *file, int line)
{
	const union head *h = p;
	void *fresh = take(n, file, line);

	/* As realloc(): nothing is lost if there is no memory. */
	if (fresh == NULL && n > 0)
		return NULL;
	if (fresh != NULL && p != NULL)
		memcpy(fresh, p, h[-1].len < n ? h[-1].len : n);
	give_back(p, file, line);
	return fresh;
}

/* --- starting it --- */

void
crypto_init(void)
{
	/* Its encoders free numbers of private keys as they are. */
	(void)CRYPTO_set_mem_functions(take, resize, give_back);
	/*
	 * Cannot fail but for memory, and then the first use of a cipher fails
	 * in its own way. No strings: errors are told by our own texts.
	 */
	(void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT |
	    OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS, NULL);
}

/* Seals one packet with a cipher under a key of zeros. */
static void
warm_cipher(const char *cipher)
{
	static const uint8_t zero[PROTECT_MAX_KEY];
	struct span none = span_of(zero, sizeof(zero));
	uint8_t packet[4 + 16 + PROTECT_MAX_TAG] = { 0, 0, 0, 16 };
	struct protect_alg alg;
	struct protect *p;

	if (protect_find(&alg, cipher, NULL) != ERR_OK ||
	    protect_new(&p, &alg, TX, none, none, none) != ERR_OK)
		return;
	(void)protect_seal(p, 0, (struct room){ packet, 4 + 16 + alg.tag_len });
	protect_free(p);
}

/* What is used by name only: no secret comes of it. */
void
crypto_warm(void)
{
	struct rng_test seed = { 0 };
	struct rng rng = rng_test(&seed);
	uint8_t secret[X25519_LEN], public[X25519_LEN], shared[X25519_LEN];

	warm_cipher("chacha20-poly1305@openssh.com");
	warm_cipher("aes128-gcm@openssh.com");
	if (x25519_keygen(&rng, secret, public) == ERR_OK)
		(void)x25519_agree(secret, span_of(public, X25519_LEN), shared);
	wipe(secret, sizeof(secret));
	wipe(shared, sizeof(shared));
}

const char *
crypto_error(char *buf, unsigned size)
{
	unsigned long code = ERR_get_error();

	if (code == 0)
		buf[0] = '\0';
	else
		ERR_error_string_n(code, buf, size);
	ERR_clear_error();
	return buf;
}
