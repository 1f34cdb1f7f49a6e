/* SPDX-License-Identifier: ISC */
/*
 * keys/private_file.h - private key files, and public key lines.
 *
 * Reads openssh-key-v1 (plain, or encrypted by bcrypt and a cipher of ours),
 * PKCS#8, PKCS#1 and SEC1 in PEM (through libcrypto); writes openssh-key-v1
 * and PEM. Works on the bytes of a file; reading and writing it, asking for a
 * passphrase and checking modes is the program's.
 */
#ifndef KEYS_PRIVATE_FILE_H
#define KEYS_PRIVATE_FILE_H

#include "base/err.h"
#include "base/rng.h"
#include "base/secret.h"
#include "base/span.h"
#include "base/writer.h"
#include "keys/key.h"

/* Rounds of bcrypt_pbkdf for new files; each takes some milliseconds. */
#define PRIVATE_FILE_ROUNDS	24

/* More rounds than this in a file are refused: minutes of work. */
#define PRIVATE_FILE_MAX_ROUNDS	4096

/* What a private key file is, as far as can be seen without a passphrase. */
struct private_file {
	bool is_openssh;	/* openssh-key-v1; else PEM */
	bool is_encrypted;
	struct key *pub;	/* public half, if it is in clear; else NULL */
};

/*
 * Looks at a file without decrypting it. ERR_FORMAT if it is no private key
 * file, ERR_UNSUPPORTED if it is of a kind that is not read here.
 */
enum err private_file_peek(struct span file, struct private_file *out);

/* Frees what private_file_peek() gave. For SCOPED. */
void private_file_free(struct private_file *f);

/*
 * Reads a private key. passphrase is looked at only if the file is encrypted;
 * ERR_PASSPHRASE if it is and the passphrase is empty or wrong. comment (may
 * be NULL) gets the comment, which only openssh-key-v1 has. ERR_FORMAT for a
 * damaged file or one whose two halves do not belong together.
 */
enum err private_file_read(struct span file, struct span passphrase,
    struct key **out, struct writer *comment);

enum private_kind {
	PRIVATE_OPENSSH,	/* openssh-key-v1 */
	PRIVATE_PKCS8,		/* "PRIVATE KEY" */
	PRIVATE_PEM,		/* PKCS#1 or SEC1: "RSA PRIVATE KEY", "EC PRIVATE KEY" */
};

/* How a private key is to be written. */
struct private_file_format {
	enum private_kind kind;
	struct span passphrase;		/* empty: not encrypted */
	unsigned rounds;		/* 0: PRIVATE_FILE_ROUNDS */
	const char *cipher;		/* openssh-key-v1; NULL: "aes256-ctr" */
};

/*
 * Writes k, armoured. ERR_UNSUPPORTED if it has no private half, the cipher is
 * unknown or the kind of file is not for its type; ERR_RANGE for too many
 * rounds.
 */
enum err private_file_write(const struct key *k, struct span comment,
    const struct private_file_format *format, const struct rng *rng,
    struct writer *w);

/* --- public key lines: "type base64 comment" --- */

/*
 * Parses a public key line into a blob (appended to blob, not parsed further
 * than its type name, which must be the line's) and comment. Leading white
 * space is skipped; options are not known here (see authorized_keys.h).
 * ERR_SYNTAX if it is none, ERR_UNSUPPORTED for an unknown type.
 */
enum err public_line_parse(struct span line, struct writer *blob,
    struct span *comment);

/* Finds the first public key line in a .pub file. ERR_NOTFOUND; else as above. */
enum err public_file_parse(struct span file, struct writer *blob,
    struct span *comment);

/* Writes "type base64" and " comment" unless that is empty; no newline. */
void public_line_put(struct writer *w, struct span blob, struct span comment);

#endif
