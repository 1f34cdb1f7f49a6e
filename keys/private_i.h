/* SPDX-License-Identifier: ISC */
/*
 * keys/private_i.h - the file formats behind keys/private_file.h; for the
 * files of keys/ only.
 */
#ifndef KEYS_PRIVATE_I_H
#define KEYS_PRIVATE_I_H

#include "keys/private_file.h"

/* Whether file begins as an armoured openssh-key-v1 does. */
bool private_openssh_is(struct span file);

/* As private_file_peek(). */
enum err private_openssh_peek(struct span file, struct private_file *out);

/* As private_file_read(). */
enum err private_openssh_read(struct span file, struct span passphrase,
    struct key **out, struct writer *comment);

/* As private_file_write(). */
enum err private_openssh_write(const struct key *k, struct span comment,
    const struct private_file_format *format, const struct rng *rng,
    struct writer *w);

/* Whether file has a private key in PEM somewhere. */
bool private_pem_is(struct span file);

/* As private_file_peek(). */
enum err private_pem_peek(struct span file, struct private_file *out);

/* As private_file_read(). */
enum err private_pem_read(struct span file, struct span passphrase, struct key **out);

/* As private_file_write(). */
enum err private_pem_write(const struct key *k,
    const struct private_file_format *format, struct writer *w);

#endif
