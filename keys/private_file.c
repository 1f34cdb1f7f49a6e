/* SPDX-License-Identifier: ISC */
#include "keys/private_file.h"

#include "base/limits.h"
#include "keys/private_i.h"

enum err
private_file_peek(struct span file, struct private_file *out)
{
	*out = (struct private_file){ .is_openssh = private_openssh_is(file) };
	if (file.len > LIMIT_KEY_FILE)
		return ERR_LIMIT;
	if (out->is_openssh)
		return private_openssh_peek(file, out);
	return private_pem_is(file) ? private_pem_peek(file, out) : ERR_FORMAT;
}

void
private_file_free(struct private_file *f)
{
	if (f != NULL)
		key_free(&f->pub);
}

enum err
private_file_read(struct span file, struct span passphrase, struct key **out,
    struct writer *comment)
{
	*out = NULL;
	if (file.len > LIMIT_KEY_FILE)
		return ERR_LIMIT;
	if (private_openssh_is(file))
		return private_openssh_read(file, passphrase, out, comment);
	return private_pem_is(file) ? private_pem_read(file, passphrase, out) : ERR_FORMAT;
}

enum err
private_file_write(const struct key *k, struct span comment,
    const struct private_file_format *format, const struct rng *rng,
    struct writer *w)
{
	if (format->kind == PRIVATE_OPENSSH)
		return private_openssh_write(k, comment, format, rng, w);
	return private_pem_write(k, format, w);
}
