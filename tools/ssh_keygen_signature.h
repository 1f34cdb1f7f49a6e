/* SPDX-License-Identifier: ISC */
/*
 * tools/ssh_keygen_signature.h - between the files of ssh-keygen -Y: signing
 * files, and checking such signatures.
 */
#ifndef TOOLS_SSH_KEYGEN_SIGNATURE_H
#define TOOLS_SSH_KEYGEN_SIGNATURE_H

#include "keys/sshsig.h"
#include "tools/ssh_keygen.h"

/* Operations, as bits: which of them take an option. */
enum signature_op {
	SIGNATURE_SIGN		= 1 << 0,
	SIGNATURE_VERIFY	= 1 << 1,	/* and check-novalidate */
	SIGNATURE_FIND		= 1 << 2,
	SIGNATURE_MATCH		= 1 << 3,
};

/* What -O has said. */
struct signature_options {
	const struct hash_alg *hash;	/* hashalg= */
	bool print_key;			/* print-pubkey */
	uint64_t now;			/* verify-time=, else what time it is */
};

/* Reads all of -O; false after a message if one is not for this operation. */
bool signature_options_read(const struct keygen *kg, enum signature_op op,
    struct signature_options *out);

/* The hash of all that comes from fd. ERR_SYSTEM. */
enum err signature_hash_fd(int fd, const struct hash_alg *alg, uint8_t digest[static HASH_MAX_LEN]);

/* -Y sign */
int keygen_sign_files(struct keygen *kg);

/* -Y verify */
int keygen_verify(struct keygen *kg);

/* -Y check-novalidate: whether a signature holds, whoever made it. */
int keygen_check_novalidate(struct keygen *kg);

/* -Y find-principals: for whom the signer may sign. */
int keygen_find_principals(struct keygen *kg);

/* -Y match-principals: the lines that are about a name. */
int keygen_match_principals(struct keygen *kg);

#endif
