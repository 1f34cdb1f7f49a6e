/* SPDX-License-Identifier: ISC */
#include "crypto/crypto.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "crypto/protect.h"
#include "crypto/x25519.h"

/* --- what libcrypto allocates --- */

static void *
take(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return n == 0 ? NULL : malloc(n);
}

/*
 * malloc(3) knows how large a block is: a length of our own before each of them, libcrypto's
 * being small and many, was a tenth of a client's memory.
 */
static void
give_back(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	if (p == NULL)
		return;
	wipe(p, malloc_usable_size(p));
	free(p);
}

static void *
resize(void *p, size_t n, const char *file, int line)
{
	size_t old = p == NULL ? 0 : malloc_usable_size(p);
	void *fresh = take(n, file, line);

	/* As realloc(): nothing is lost if there is no memory. */
	if (fresh == NULL && n > 0)
		return NULL;
	if (fresh != NULL && old > 0)
		memcpy(fresh, p, old < n ? old : n);
	give_back(p, file, line);
	return fresh;
}

/* --- starting it --- */

/*
 * Key files name their ciphers and digests (RFC 1421 DEK-Info, RFC 8018 PBES2), and libcrypto finds them in a
 * table, which it fills with all that it has, a fifth of all that a client computes, unless told not to.
 */
static void
add_names(void)
{
	const EVP_CIPHER *const ciphers[] = {
		EVP_aes_128_cbc(), EVP_aes_192_cbc(), EVP_aes_256_cbc(), EVP_des_ede3_cbc(),
#ifndef OPENSSL_NO_CAMELLIA
		EVP_camellia_128_cbc(), EVP_camellia_192_cbc(), EVP_camellia_256_cbc(),
#endif
#ifndef OPENSSL_NO_ARIA
		EVP_aria_128_cbc(), EVP_aria_192_cbc(), EVP_aria_256_cbc(),
#endif
	};
	const EVP_MD *const digests[] = { EVP_md5(), EVP_sha1(), EVP_sha224(), EVP_sha256(), EVP_sha384(),
	    EVP_sha512() };

	/* Without memory they are not known: such a file cannot be read then. */
	for (size_t i = 0; i < COUNT(ciphers); i++)
		(void)EVP_add_cipher(ciphers[i]);
	for (size_t i = 0; i < COUNT(digests); i++)
		(void)EVP_add_digest(digests[i]);
}

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
	    OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_ADD_ALL_CIPHERS |
	    OPENSSL_INIT_NO_ADD_ALL_DIGESTS, NULL);
	add_names();
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

void
crypto_guard_keys(void)
{
	/* Its size and smallest block; powers of two. */
	if (CRYPTO_secure_malloc_init(4 * 1024 * 1024, 32) == 0)
		ERR_clear_error();
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
