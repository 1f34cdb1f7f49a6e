/* SPDX-License-Identifier: ISC */
/*
 * keys/sshsig.h - signatures of files (SSHSIG), as ssh-keygen -Y and git use them.
 *
 * armour      the form in a file: base64 between BEGIN and END SSH SIGNATURE
 * namespace   what a signature is for ("file", "git"): it is part of what is
 *             signed, so that one made for one purpose is none for another
 * message     what was signed; only its hash comes here, whoever reads the
 *             file computes it
 *
 * Whether the signer is one to be believed is for keys/allowed_signers.h.
 */
#ifndef KEYS_SSHSIG_H
#define KEYS_SSHSIG_H

#include "base/err.h"
#include "base/span.h"
#include "base/writer.h"
#include "crypto/hash.h"
#include "keys/cert.h"
#include "keys/key.h"

/* A signature without its armour: a certificate, a signature, names. */
#define SSHSIG_MAX_BLOB	(64 * 1024)

/* What a signature says; spans borrow from its blob. */
struct sshsig {
	struct span signer;		/* blob of a key or a certificate */
	struct span name_space;
	struct span hash;		/* "sha256" or "sha512" */
	struct span signature;		/* as key_sign() makes it */
};

/* Writes blob in its armour. */
void sshsig_armour_put(struct writer *w, struct span blob);

/*
 * Takes the armour off: appends what is in it to blob. The file must begin
 * with it; what follows it is passed over. ERR_NOTFOUND if there is no
 * beginning, ERR_SHORT if there is no end, ERR_FORMAT for bad base64.
 */
enum err sshsig_armour_get(struct span file, struct writer *blob);

/* Writes a signature's blob. */
void sshsig_put(struct writer *w, const struct sshsig *s);

/* Reads one. ERR_UNSUPPORTED for another version; ERR_FORMAT, ERR_SHORT, ERR_TRAILING. */
enum err sshsig_get(struct span blob, struct sshsig *out);

/* The hash called name if messages may be hashed by it (sha256, sha512); else NULL. */
const struct hash_alg *sshsig_hash(struct span name);

/*
 * Writes what is signed in the place of the message: name space, hash and the
 * message's hash, which is as long as the hash of s makes it.
 */
void sshsig_signed_put(struct writer *w, const struct sshsig *s, const uint8_t *digest);

/* Whoever signed: a key alone, or the subject of a certificate. */
struct sshsig_signer {
	const struct key *key;		/* that verifies */
	bool is_cert;
	struct cert cert;		/* if so */
	struct key *plain;		/* else; owned */
};

/*
 * Parses a signer's blob; a certificate must have been signed by its CA, all
 * else about it is not checked here. ERR_SIGNATURE if it was not; otherwise as
 * key_from_blob() and cert_parse(). On error there is nothing to free.
 */
enum err sshsig_signer_get(struct span blob, struct sshsig_signer *out);

/* Frees. For SCOPED; a zeroed one is fine. */
void sshsig_signer_free(struct sshsig_signer *signer);

/* The algorithm that a key signs messages by: its best, rsa-sha2-512 for RSA. */
struct span sshsig_alg(const struct key *k);

/*
 * Whether s is signer's signature of the message with this hash. ssh-rsa
 * (SHA-1) never is one. A token's is one even if nobody touched the token.
 * ERR_SIGNATURE, ERR_UNSUPPORTED for another hash, ERR_NOMEM, ERR_CRYPTO.
 */
enum err sshsig_verify(const struct sshsig *s, const struct sshsig_signer *signer,
    const uint8_t *digest);

#endif
