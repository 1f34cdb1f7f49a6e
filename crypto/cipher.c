/* SPDX-License-Identifier: ISC */
#include "crypto/cipher.h"

#include <string.h>

#include "base/secret.h"
#include "crypto/protect_i.h"

bool
cipher_find(struct cipher_info *out, struct span name)
{
	const struct protect_cipher *c = protect_cipher_find(name);

	if (c == NULL)
		return false;
	*out = (struct cipher_info){ c->name, c->key_len, c->iv_len, c->block_len, c->tag_len };
	return true;
}

static enum err
run(const struct cipher_info *info, enum direction direction, struct span key,
    struct span iv, struct room data, uint8_t *tag)
{
	const struct protect_cipher *c = protect_cipher_find(span_str(info->name));

	must(c != NULL);
	if (key.len < c->key_len || iv.len < c->iv_len || data.len % c->block_len != 0)
		return ERR_RANGE;
	return c->kind->once(c, direction, key, iv, data, tag);
}

enum err
cipher_encrypt(const struct cipher_info *c, struct span key, struct span iv,
    struct room data, uint8_t *tag)
{
	return run(c, TX, key, iv, data, tag);
}

enum err
cipher_decrypt(const struct cipher_info *c, struct span key, struct span iv,
    struct room data, struct span tag)
{
	uint8_t copy[PROTECT_MAX_TAG];
	enum err e;

	if (tag.len != c->tag_len)
		return ERR_RANGE;
	if (tag.len > 0)
		memcpy(copy, tag.p, tag.len);
	e = run(c, RX, key, iv, data, copy);
	if (e != ERR_OK)
		wipe(data.p, data.len);
	return e;
}
