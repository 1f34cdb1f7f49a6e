/* SPDX-License-Identifier: ISC */
/*
 * What a connection begins with: neither encryption nor MAC (RFC 4253 6.3, 6.4).
 */
#include "crypto/endian.h"
#include "crypto/protect_i.h"

static enum err
none_init(struct protect *p, struct span key, struct span iv, struct span mac_key)
{
	(void)p, (void)key, (void)iv, (void)mac_key;
	return ERR_OK;
}

static enum err
none_length(struct protect *p, uint32_t seq, const uint8_t *head, uint32_t *out)
{
	(void)p, (void)seq;
	*out = get_be32(head);
	return ERR_OK;
}

static enum err
none_crypt(struct protect *p, uint32_t seq, struct room packet)
{
	(void)p, (void)seq, (void)packet;
	return ERR_OK;
}

static void
none_free(struct protect *p)
{
	(void)p;
}

static enum err
none_once(const struct protect_cipher *c, enum direction direction,
    struct span key, struct span iv, struct room data, uint8_t *tag)
{
	(void)c, (void)direction, (void)key, (void)iv, (void)data, (void)tag;
	return ERR_OK;
}

const struct protect_kind protect_none_kind = {
	.size = sizeof(struct protect),
	.init = none_init,
	.length = none_length,
	.open = none_crypt,
	.seal = none_crypt,
	.free = none_free,
	.once = none_once,
};
