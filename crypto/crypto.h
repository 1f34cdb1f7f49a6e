/* SPDX-License-Identifier: ISC */
/*
 * crypto/crypto.h - starting libcrypto, and the lists of what there is.
 *
 * Nothing of crypto/ opens a file: the providers' config file is never read,
 * and the default provider is inside libcrypto. A process may lock itself
 * down before its first use of any function here; one that wants the cost of
 * the first use (a fraction of a millisecond) paid ahead calls crypto_warm().
 *
 * What starts libcrypto (OPENSSL_init_crypto, the provider store): everything
 * that goes through EVP, so protect_new() for a real cipher, x25519_*(),
 * cipher_crypt(), mlkem_*() on OpenSSL 3.5, and any use of EVP_PKEY in keys/.
 * hash.h, hmac.h, ecdh.h, the in-tree ML-KEM and random.h do not.
 */
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

/*
 * Tells libcrypto to read no config file, to register no exit handler, and to
 * wipe whatever it frees, and to know by name only the ciphers and digests of key files. Must
 * come before any other use of libcrypto; programs call it first thing in main(). Cheap: it starts nothing.
 */
void crypto_init(void);

/*
 * For a program that holds private keys for long: libcrypto keeps those of
 * Ed25519 and ECDSA, and what it computes with them, in memory of its own
 * between guard pages, which is in no core file and, where the limits allow it,
 * never in swap space. There is room for some thousand keys. Failure is harmless.
 */
void crypto_guard_keys(void);

/*
 * Uses the ciphers and the key agreement that nearly every connection uses
 * once, so that their implementations are looked up and their pages touched;
 * for processes that wait in a pool before they have work.
 */
void crypto_warm(void);

/* Every cipher of this build, a comma list, best first; static. */
const char *crypto_cipher_names(void);

/* The ciphers offered unless the config says otherwise; static. */
const char *crypto_cipher_defaults(void);

/* The ciphers that need no MAC beside them (`ssh -Q cipher-auth`); static. */
const char *crypto_cipher_auth_names(void);

/* Every MAC of this build, a comma list, best first; static. */
const char *crypto_mac_names(void);

/* The MACs offered unless the config says otherwise; static. */
const char *crypto_mac_defaults(void);

/*
 * The text of libcrypto's oldest queued error, for a debug line, or "" if
 * there is none; empties the queue. Returns buf.
 */
const char *crypto_error(char *buf, unsigned size);

#endif
