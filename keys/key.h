/* SPDX-License-Identifier: ISC */
/*
 * keys/key.h - public and private keys, and what is done with them.
 *
 * type       what a key is: "ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa" ...
 *            A type is one const descriptor in a file of its own.
 * algorithm  how it signs: the type's name, except that ssh-rsa keys sign by
 *            "rsa-sha2-512", "rsa-sha2-256" or (SHA-1) "ssh-rsa"
 * blob       the public key in its wire form (RFC 4253 6.6), type name first
 * label      what people see: "ED25519", "ECDSA", "RSA", "ED25519-SK" ...
 *
 * A struct key owns its memory and is never changed after it has been made,
 * so several readers may share it. Private parts are wiped when it is freed.
 * Keys held in a security token (sk-*) can be verified and not used to sign.
 *
 * Randomness for key generation is an argument except for RSA primes, and the
 * ECDSA nonce is made by libcrypto from key, message and its own generator.
 */
#ifndef KEYS_KEY_H
#define KEYS_KEY_H

#include "base/err.h"
#include "base/rng.h"
#include "base/span.h"
#include "base/writer.h"

struct key;

/* --- making and freeing --- */

/*
 * Parses a public key blob. ERR_UNSUPPORTED if the type is unknown (or a
 * certificate's), ERR_LIMIT for an RSA key below 1024 or above LIMIT_RSA_BITS,
 * ERR_NOMEM, ERR_CRYPTO; every other fault (wrong length, point not on the
 * curve, compressed point, even exponent, bytes behind the key ...) is a peer
 * error: ERR_FORMAT, ERR_SHORT, ERR_TRAILING. *out is NULL on error.
 */
enum err key_from_blob(struct span blob, struct key **out);

/*
 * Makes a new private key. kind is "ed25519", "ecdsa" or "rsa", or the name
 * of a type; bits 0 takes the default (ecdsa 256, rsa 3072). ERR_UNSUPPORTED
 * for another kind, ERR_RANGE for a size the kind does not come in.
 */
enum err key_generate(struct span kind, unsigned bits, const struct rng *rng,
    struct key **out);

/*
 * Makes an Ed25519 private key from its 32-byte seed (RFC 8032), as
 * ssh-ephemeral derives them from codes. ERR_NOMEM, ERR_CRYPTO.
 */
enum err key_from_ed25519_seed(const uint8_t seed[static 32], struct key **out);

/* Makes *out the public half of k. ERR_NOMEM, ERR_CRYPTO. */
enum err key_public(const struct key *k, struct key **out);

/* Wipes and frees *k and makes it NULL. k and *k may be NULL; for SCOPED. */
void key_free(struct key **k);

/* --- what a key is --- */

/* Its public blob; valid as long as k. */
struct span key_blob(const struct key *k);

/* Its type name ("ssh-ed25519"); static. */
const char *key_type(const struct key *k);

/* What people call its type ("ED25519"); static. */
const char *key_label(const struct key *k);

/* Its size as people know it: 256 for ed25519, the curve's, the modulus'. */
unsigned key_bits(const struct key *k);

/* Whether it can sign. */
bool key_has_private(const struct key *k);

/* Whether it lives in a security token (sk-*). */
bool key_is_sk(const struct key *k);

/* The application of an sk key ("ssh:"); empty for others. Valid as long as k. */
struct span key_application(const struct key *k);

/* Whether both have the same public half. */
bool key_equal(const struct key *a, const struct key *b);

/* The type name inside a blob, not checked further; empty if there is none. */
struct span key_blob_type(struct span blob);

/* --- names --- */

/* The type called name, as a static string; NULL if there is none. */
const char *key_type_find(struct span name);

/* The label of a type name ("ssh-ed25519" gives "ED25519"); NULL if unknown. */
const char *key_type_label(struct span name);

/*
 * The type a label or kind stands for, in any case: "ED25519", "ecdsa" (the
 * 256-bit one), "RSA", "ed25519-sk"; NULL if none.
 */
const char *key_type_of_label(struct span label);

/* --- signatures --- */

/*
 * The algorithms k can sign with, best first, as a static comma list:
 * "rsa-sha2-512,rsa-sha2-256,ssh-rsa" for RSA. Whoever uses it takes the
 * first that the other side accepts and that is in its own list.
 */
const char *key_algs(const struct key *k);

/* The signature algorithm called name as a static string; NULL if unknown. */
const char *key_alg_find(struct span name);

/* The key type of a signature algorithm ("rsa-sha2-256": "ssh-rsa"); NULL if unknown. */
const char *key_alg_type(struct span alg);

/* The hash a signature algorithm is used with: "sha256" ...; NULL if unknown. */
const char *key_alg_hash(struct span alg);

enum key_list {
	KEY_LIST_DEFAULT,	/* HostKeyAlgorithms, PubkeyAcceptedAlgorithms */
	KEY_LIST_CA,		/* CASignatureAlgorithms */
	KEY_LIST_SIG,		/* every algorithm of plain keys, ssh -Q sig */
	KEY_LIST_ALL,		/* those and the certificates', for ssh -Q key-sig and "*" */
	KEY_LIST_PLAIN,		/* types that are no certificates, ssh -Q key-plain */
	KEY_LIST_CERT,		/* certificate types, ssh -Q key-cert */
	KEY_LIST_TYPES,		/* both, ssh -Q key */
};

/* Names in order of preference, as a static comma list. */
const char *keys_list(enum key_list which);

/*
 * Writes a signature blob of RFC 4253 6.6 (string alg, string signature, no
 * length before it) over data. ERR_UNSUPPORTED if k has no private half or
 * does not sign by alg; ERR_CRYPTO, also when the signature that was just made
 * does not verify (after a fault it could give the key away: it never leaves).
 */
enum err key_sign(const struct key *k, struct span alg, struct span data,
    struct writer *w);

/* What a security token said when it signed. */
struct key_token {
	bool is_touched;	/* a person was there (UP) */
	bool is_verified;	/* by PIN or fingerprint (UV) */
	uint32_t counter;
};

/*
 * Verifies the signature blob sig over data. alg is the algorithm that was
 * agreed on or named in the request: it must be in the comma list allowed,
 * be one of k's type, and be the one that sig names; nothing may follow in
 * sig. ssh-rsa (SHA-1) works only where allowed names it.
 *
 * token tells about sk keys (zero for others). Where it is NULL, a token's
 * signature without touch is refused.
 *
 * ERR_SIGNATURE whenever the signature does not hold, whatever the reason in
 * it; ERR_DENIED if alg is not allowed or not k's; ERR_NOMEM, ERR_CRYPTO.
 * Only ERR_OK means verified.
 */
enum err key_verify(const struct key *k, struct span alg, struct span allowed,
    struct span sig, struct span data, struct key_token *token);

#endif
