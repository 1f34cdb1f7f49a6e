/* SPDX-License-Identifier: ISC */
/*
 * aes128-gcm@openssh.com, aes256-gcm@openssh.com: RFC 5647, with the cipher's
 * name alone deciding (no MAC is negotiated). The length is in clear, as
 * associated data; the nonce is 4 fixed bytes and an 8-byte counter of
 * packets, which goes on from where key derivation put it.
 */
#include <string.h>

#include "crypto/endian.h"
#include "crypto/protect_i.h"

#define IV_LEN	12
#define TAG_LEN	16

struct protect_gcm {
	struct protect base;
	EVP_CIPHER_CTX *ctx;		/* has the key; takes a nonce a packet */
	uint8_t iv[IV_LEN];
};

/*
 * Runs one message: aad as it is, data in place; tag is read when opening and
 * written when sealing. The context knows which of the two it is for.
 */
static enum err
gcm_run(EVP_CIPHER_CTX *ctx, enum direction direction, const uint8_t *iv,
    struct span aad, struct room data, uint8_t *tag)
{
	uint8_t none[TAG_LEN];
	int n;

	if (EVP_CipherInit_ex(ctx, NULL, NULL, NULL, iv, -1) != 1)
		return evp_failed();
	if (direction == RX && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) != 1)
		return evp_failed();
	if (aad.len > 0 && EVP_CipherUpdate(ctx, NULL, &n, aad.p, (int)aad.len) != 1)
		return evp_failed();
	TRY(evp_cipher_run(ctx, data.p, data.len));
	if (EVP_CipherFinal_ex(ctx, none, &n) != 1) {
		(void)evp_failed();
		return direction == RX ? ERR_MAC : ERR_CRYPTO;
	}
	if (direction == TX && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, tag) != 1)
		return evp_failed();
	return ERR_OK;
}

static enum err
gcm_init(struct protect *base, struct span key, struct span iv, struct span mac_key)
{
	struct protect_gcm *p = (struct protect_gcm *)base;

	(void)mac_key;
	memcpy(p->iv, iv.p, IV_LEN);
	return evp_cipher_open(&p->ctx, base->alg.cipher_def->evp_name, base->direction, key.p, NULL);
}

static void
gcm_free(struct protect *base)
{
	struct protect_gcm *p = (struct protect_gcm *)base;

	EVP_CIPHER_CTX_free(p->ctx);
}

static enum err
gcm_length(struct protect *p, uint32_t seq, const uint8_t *head, uint32_t *out)
{
	(void)p, (void)seq;
	*out = get_be32(head);
	return ERR_OK;
}

static enum err
gcm_packet(struct protect *base, uint32_t seq, struct room packet)
{
	struct protect_gcm *p = (struct protect_gcm *)base;
	size_t covered = packet.len - TAG_LEN;
	struct room data = { packet.p + 4, covered - 4 };

	(void)seq;	/* RFC 5647 7.1: the nonce counts packets by itself */
	TRY(gcm_run(p->ctx, base->direction, p->iv, span_of(packet.p, 4), data,
	    packet.p + covered));
	put_be64(p->iv + 4, get_be64(p->iv + 4) + 1);
	return ERR_OK;
}

static enum err
gcm_once(const struct protect_cipher *c, enum direction direction,
    struct span key, struct span iv, struct room data, uint8_t *tag)
{
	EVP_CIPHER_CTX *ctx;
	enum err e;

	TRY(evp_cipher_open(&ctx, c->evp_name, direction, key.p, NULL));
	e = gcm_run(ctx, direction, iv.p, SPAN_EMPTY, data, tag);
	EVP_CIPHER_CTX_free(ctx);
	return e;
}

const struct protect_kind protect_gcm_kind = {
	.size = sizeof(struct protect_gcm),
	.init = gcm_init,
	.length = gcm_length,
	.open = gcm_packet,
	.seal = gcm_packet,
	.free = gcm_free,
	.once = gcm_once,
};
