/* SPDX-License-Identifier: ISC */
/*
 * keys/key_i.h - inside of struct key; for the files of keys/ only.
 *
 * Each type fills in one struct key_kind; key_kinds.c lists them. Functions
 * of a kind never see the type name at the front of a blob or file section:
 * key.c has read it to find the kind.
 */
#ifndef KEYS_KEY_I_H
#define KEYS_KEY_I_H

#include <openssl/evp.h>
#include <openssl/opensslv.h>

#include "base/reader.h"
#include "base/secret.h"
#include "keys/key.h"

/* Whether libcrypto has ML-DSA. */
#if OPENSSL_VERSION_NUMBER >= 0x30500000L
#define KEY_HAVE_MLDSA	1
#else
#define KEY_HAVE_MLDSA	0
#endif

#define KEY_MLDSA	"ssh-mldsa44-ed25519@openssh.com"
#define KEY_MLDSA_CERT	"ssh-mldsa44-ed25519-cert-v01@openssh.com"

/* A curve as SSH and as libcrypto know it. */
struct ec_curve {
	const char *name;		/* "nistp256" */
	int nid;
	unsigned bits;
	size_t field_len;		/* of one coordinate */
};

/* One signature algorithm. */
struct key_alg {
	const char *name;
	const char *kind;		/* type of the keys that use it */
	const char *inner;		/* the name inside signatures */
	const char *hash;
	const EVP_MD *(*md)(void);	/* NULL: the algorithm hashes by itself */
};

struct key_kind {
	const char *name;		/* "ssh-ed25519" */
	const char *label;		/* "ED25519" */
	const char *algs;		/* what its keys sign by, best first */
	const struct ec_curve *curve;	/* NULL unless on a NIST curve */
	bool is_sk;

	/* Reads what follows the name in a blob, and makes k->pkey. */
	enum err (*read_public)(struct key *k, struct reader *r);

	/* Writes the same from k->pkey. */
	void (*write_public)(const struct key *k, struct writer *w);

	/* Reads the section of openssh-key-v1; makes k->pkey, private. */
	enum err (*read_private)(struct key *k, struct reader *r);

	/* Writes the same from k->pkey. */
	void (*write_private)(const struct key *k, struct writer *w);

	/* Makes k->pkey anew; bits is not 0. NULL: not made here (sk). */
	enum err (*generate)(struct key *k, unsigned bits, const struct rng *rng);

	/* Writes the fields that follow the algorithm's name in a signature. */
	enum err (*sign)(const struct key *k, const struct key_alg *alg,
	    struct span data, struct writer *w);

	/* Reads those fields and verifies; key.c has checked the name. */
	enum err (*verify)(const struct key *k, const struct key_alg *alg,
	    struct reader *r, struct span data, struct key_token *token);

	unsigned (*bits)(const struct key *k);
};

struct key {
	const struct key_kind *kind;
	EVP_PKEY *pkey;
	EVP_PKEY *pq;			/* the other half of a composite key; else NULL */
	uint8_t *blob;
	size_t blob_len;
	bool has_private;
	struct span application;	/* sk: within blob */
	uint8_t sk_flags;		/* sk, from a private key file */
	struct secret sk_handle;
};

extern const struct key_kind key_kind_ed25519;
extern const struct key_kind key_kind_ecdsa_256;
extern const struct key_kind key_kind_ecdsa_384;
extern const struct key_kind key_kind_ecdsa_521;
extern const struct key_kind key_kind_rsa;
extern const struct key_kind key_kind_sk_ed25519;
extern const struct key_kind key_kind_sk_ecdsa;
#if KEY_HAVE_MLDSA
extern const struct key_kind key_kind_mldsa;
#endif

/* All kinds, in the order of KEY_LIST_PLAIN; ends with NULL. */
extern const struct key_kind *const key_kinds[];

/* The kind called name; NULL. */
const struct key_kind *key_kind_find(struct span name);

/* The algorithm called name; NULL. */
const struct key_alg *key_alg_row(struct span name);

/* An empty key of a kind; NULL when out of memory. */
struct key *key_alloc(const struct key_kind *kind);

/* Makes k->blob from k->pkey. */
enum err key_set_blob(struct key *k);

/* The kind of a key of libcrypto's; NULL if it is none of ours. */
const struct key_kind *key_kind_of_pkey(EVP_PKEY *pkey);

/* Makes a private key of a pkey, which is freed. ERR_UNSUPPORTED, ERR_FORMAT. */
enum err key_from_pkey(EVP_PKEY *pkey, struct key **out);

/*
 * Reads the private section of openssh-key-v1 with its type name in front,
 * and checks that it belongs together.
 */
enum err key_read_private(struct reader *r, struct key **out);

/* Writes that section. */
enum err key_write_private(const struct key *k, struct writer *w);

/* --- shared between kinds --- */

/* Makes a public key of 32 bytes. ERR_FORMAT for another length. */
enum err ed25519_public(struct span bytes, EVP_PKEY **out);

/* Writes the 32 public bytes as a string. */
void ed25519_write_public(const EVP_PKEY *pkey, struct writer *w);

/* Verifies a raw signature of 64 bytes. */
enum err ed25519_verify_raw(EVP_PKEY *pkey, struct span sig, struct span data);

/* Makes a public key of an uncompressed point. ERR_FORMAT for all else. */
enum err ec_public(const struct ec_curve *curve, struct span point, EVP_PKEY **out);

/* Writes the uncompressed point as a string. */
void ec_write_point(const struct ec_curve *curve, const EVP_PKEY *pkey,
    struct writer *w);

/* Verifies a signature given as the two mpints r and s. */
enum err ec_verify_raw(const struct ec_curve *curve, EVP_PKEY *pkey,
    const EVP_MD *md, struct span sig, struct span data);

/* ERR_OK if libcrypto said 1, ERR_SIGNATURE if not; clears its error queue. */
enum err key_verdict(int result);

/* Clears libcrypto's error queue and returns e. */
enum err key_crypto_fail(enum err e);

#endif
