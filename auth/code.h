/* SPDX-License-Identifier: ISC */
/*
 * auth/code.h - codes that people read to each other, and what they become.
 *
 * code    60 random bits as 12 letters, and one more that finds typing
 *         errors: "7KQ2-M9XD-4RTVC". Small letters, spaces and dashes do not
 *         matter, and letters that look alike count as the same (O and 0; I, L
 *         and 1). An R before it ("R-7KQ2-M9XD-4RTVC") says that the way to the
 *         server is through a relay, and does not belong to it.
 *
 * Both sides stretch a code with scrypt into an Ed25519 key, which the one that
 * is let in signs with, and into a proof key: the server shows with it that it
 * knows the code, too, so that nobody in the middle can stand in for it.
 *
 * proof   HMAC-SHA-256 over the session identifier and the server's host key
 *
 * Stretching costs 32 MiB and about 0.1 s. Whoever has seen the public key (as
 * somebody in the middle would) and tries all codes has to do that 2^60 times.
 */
#ifndef AUTH_CODE_H
#define AUTH_CODE_H

#include "base/rng.h"
#include "base/writer.h"

/* Characters of a code as it is shown, with a NUL. */
#define CODE_SIZE	16

#define CODE_SEED_LEN	32
#define CODE_PROOF_LEN	32

/* The costs of scrypt: N, r, p. */
#define CODE_SCRYPT_N	(1u << 15)
#define CODE_SCRYPT_R	8u
#define CODE_SCRYPT_P	1u

/* The global request by which a client asks for the proof; its reply has one string. */
#define CODE_PROOF_REQUEST	"ephemeral-proof@dayfly"

/* What a code becomes; the caller wipes it. */
struct code_keys {
	uint8_t seed[CODE_SEED_LEN];	/* of the Ed25519 key */
	uint8_t proof[CODE_PROOF_LEN];
};

/* Makes a code. */
void code_make(const struct rng *rng, char out[static CODE_SIZE]);

/* Writes a code as it is shown. ERR_SYNTAX if it is none, or has a typing error. */
enum err code_parse(struct span text, char out[static CODE_SIZE]);

/* Whether the code has the mark of a server behind a relay. */
bool code_is_relayed(struct span text);

/* Stretches a code as it is shown. ERR_NOMEM, ERR_CRYPTO. */
enum err code_stretch(const char *code, struct code_keys *out);

/* Writes the proof. */
void code_proof(const uint8_t key[static CODE_PROOF_LEN], struct span session_id,
    struct span hostkey, uint8_t out[static 32]);

#endif
