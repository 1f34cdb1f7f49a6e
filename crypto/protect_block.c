/* SPDX-License-Identifier: ISC */
/*
 * A block cipher in a mode that goes on from packet to packet (counter mode,
 * RFC 4344 4, or CBC, RFC 4253 6.3) beside a MAC: over the plaintext with the length encrypted
 * (RFC 4253 6.4), or -etm@openssh.com over the ciphertext with it in clear.
 */
#include <string.h>

#include "base/secret.h"
#include "crypto/endian.h"
#include "crypto/protect_i.h"

#define MAX_BLOCK	16

struct protect_block {
	struct protect base;
	EVP_CIPHER_CTX *ctx;
	struct mac mac;
	uint8_t head[MAX_BLOCK];	/* first block in clear, not EtM */
	bool has_head;			/* of the packet that comes next */
};

static enum err
block_init(struct protect *base, struct span key, struct span iv, struct span mac_key)
{
	struct protect_block *p = (struct protect_block *)base;

	TRY(mac_init(&p->mac, base->alg.mac_def, mac_key));
	return evp_cipher_open(&p->ctx, base->alg.cipher_def->evp_name, base->direction, key.p, iv.p);
}

static void
block_free(struct protect *base)
{
	struct protect_block *p = (struct protect_block *)base;

	EVP_CIPHER_CTX_free(p->ctx);
	mac_free(&p->mac);
}

/*
 * Without EtM the first block must be decrypted to know the length. The
 * cipher's state goes on with it, so the result is kept for open.
 */
static enum err
block_length(struct protect *base, uint32_t seq, const uint8_t *head, uint32_t *out)
{
	struct protect_block *p = (struct protect_block *)base;

	(void)seq;
	if (base->alg.is_etm) {
		*out = get_be32(head);
		return ERR_OK;
	}
	if (!p->has_head) {
		memcpy(p->head, head, base->alg.block_len);
		TRY(evp_cipher_run(p->ctx, p->head, base->alg.block_len));
		p->has_head = true;
	}
	*out = get_be32(p->head);
	return ERR_OK;
}

static enum err
open_etm(struct protect_block *p, uint32_t seq, struct room packet)
{
	size_t covered = packet.len - p->base.alg.tag_len;

	TRY(mac_verify(&p->mac, seq, span_of(packet.p, covered), packet.p + covered));
	return evp_cipher_run(p->ctx, packet.p + 4, covered - 4);
}

static enum err
open_plain(struct protect_block *p, uint32_t seq, struct room packet)
{
	size_t covered = packet.len - p->base.alg.tag_len;
	size_t block_len = p->base.alg.block_len;

	memcpy(packet.p, p->head, block_len);
	wipe(p->head, sizeof(p->head));
	p->has_head = false;
	TRY(evp_cipher_run(p->ctx, packet.p + block_len, covered - block_len));
	return mac_verify(&p->mac, seq, span_of(packet.p, covered), packet.p + covered);
}

static enum err
block_open(struct protect *base, uint32_t seq, struct room packet)
{
	struct protect_block *p = (struct protect_block *)base;
	size_t apart = base->alg.length_apart ? 4 : 0;
	size_t encrypted = packet.len - base->alg.tag_len - apart;

	if (encrypted == 0 || encrypted % base->alg.block_len != 0)
		return ERR_MAC;
	return base->alg.is_etm ? open_etm(p, seq, packet) : open_plain(p, seq, packet);
}

static enum err
block_seal(struct protect *base, uint32_t seq, struct room packet)
{
	struct protect_block *p = (struct protect_block *)base;
	size_t covered = packet.len - base->alg.tag_len;
	struct span span = span_of(packet.p, covered);

	must((covered - (base->alg.length_apart ? 4 : 0)) % base->alg.block_len == 0);
	if (base->alg.is_etm) {
		TRY(evp_cipher_run(p->ctx, packet.p + 4, covered - 4));
		return mac_compute(&p->mac, seq, span, packet.p + covered);
	}
	TRY(mac_compute(&p->mac, seq, span, packet.p + covered));
	return evp_cipher_run(p->ctx, packet.p, covered);
}

static enum err
block_once(const struct protect_cipher *c, enum direction direction,
    struct span key, struct span iv, struct room data, uint8_t *tag)
{
	EVP_CIPHER_CTX *ctx;
	enum err e;

	(void)tag;
	TRY(evp_cipher_open(&ctx, c->evp_name, direction, key.p, iv.p));
	e = evp_cipher_run(ctx, data.p, data.len);
	EVP_CIPHER_CTX_free(ctx);
	return e;
}

const struct protect_kind protect_block_kind = {
	.size = sizeof(struct protect_block),
	.init = block_init,
	.length = block_length,
	.open = block_open,
	.seal = block_seal,
	.free = block_free,
	.once = block_once,
};
