/* SPDX-License-Identifier: ISC */
/*
 * chacha20-poly1305@openssh.com: the length is encrypted with a key of its
 * own, the rest with the main key from block 1 on; block 0 of the main key is
 * the Poly1305 key of the packet. The tag covers the encrypted length and
 * what follows; the nonce is the sequence number.
 */
#include <string.h>

#include "base/secret.h"
#include "crypto/chacha.h"
#include "crypto/endian.h"
#include "crypto/protect_i.h"

#define TAG_LEN	16

/* The two halves of libcrypto's that make the AEAD, reused for each packet. */
struct chacha_poly {
	EVP_CIPHER_CTX *cipher;		/* has the key; takes a nonce a packet */
	EVP_MAC_CTX *mac;		/* takes a key a packet */
};

struct protect_chacha {
	struct protect base;
	struct chacha_poly main;
	uint32_t length_key[8];
	uint32_t length;		/* of the packet that comes next ... */
	bool has_length;		/* ... once it has been asked for */
};

static void
chacha_poly_free(struct chacha_poly *c)
{
	EVP_CIPHER_CTX_free(c->cipher);
	EVP_MAC_CTX_free(c->mac);
}

static enum err
chacha_poly_init(struct chacha_poly *c, const struct protect_cipher *def, const uint8_t *key)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "POLY1305", NULL);

	c->mac = mac == NULL ? NULL : EVP_MAC_CTX_new(mac);
	EVP_MAC_free(mac);		/* the context holds it */
	if (c->mac == NULL)
		return evp_failed();
	return evp_cipher_open(&c->cipher, def->evp_name, TX, key, NULL);
}

/* Starts packet seq: the MAC with block 0, leaving the cipher at block 1. */
static enum err
chacha_poly_start(struct chacha_poly *c, uint32_t seq)
{
	uint8_t iv[16] = { 0 };		/* 64 bits of counter, then the nonce */
	uint8_t block[CHACHA_BLOCK] = { 0 };
	enum err e = ERR_OK;

	put_be64(iv + 8, seq);
	if (EVP_CipherInit_ex(c->cipher, NULL, NULL, NULL, iv, -1) != 1)
		return evp_failed();
	TRY(evp_cipher_run(c->cipher, block, sizeof(block)));
	if (EVP_MAC_init(c->mac, block, 32, NULL) != 1)
		e = evp_failed();
	wipe(block, sizeof(block));
	return e;
}

static enum err
chacha_poly_tag(struct chacha_poly *c, struct span covered, uint8_t tag[static TAG_LEN])
{
	size_t len;

	if (EVP_MAC_update(c->mac, covered.p, covered.len) != 1 ||
	    EVP_MAC_final(c->mac, tag, &len, TAG_LEN) != 1 || len != TAG_LEN)
		return evp_failed();
	return ERR_OK;
}

/* Verifies covered with the tag behind it, then decrypts it from byte skip on. */
static enum err
chacha_poly_open(struct chacha_poly *c, uint32_t seq, struct room covered, size_t skip,
    const uint8_t *tag)
{
	uint8_t right[TAG_LEN];
	bool same;

	TRY(chacha_poly_start(c, seq));
	TRY(chacha_poly_tag(c, span_of(covered.p, covered.len), right));
	same = span_eq_secret(span_of(right, TAG_LEN), span_of(tag, TAG_LEN));
	wipe(right, sizeof(right));
	if (!same)
		return ERR_MAC;
	return evp_cipher_run(c->cipher, covered.p + skip, covered.len - skip);
}

/* Encrypts covered from byte skip on, then writes the tag of all of it. */
static enum err
chacha_poly_seal(struct chacha_poly *c, uint32_t seq, struct room covered, size_t skip,
    uint8_t *tag)
{
	TRY(chacha_poly_start(c, seq));
	TRY(evp_cipher_run(c->cipher, covered.p + skip, covered.len - skip));
	return chacha_poly_tag(c, span_of(covered.p, covered.len), tag);
}

static enum err
chacha_init(struct protect *base, struct span key, struct span iv, struct span mac_key)
{
	struct protect_chacha *p = (struct protect_chacha *)base;

	(void)iv, (void)mac_key;
	for (size_t i = 0; i < 8; i++)
		p->length_key[i] = get_le32(key.p + 32 + 4 * i);
	return chacha_poly_init(&p->main, base->alg.cipher_def, key.p);
}

static void
chacha_free(struct protect *base)
{
	struct protect_chacha *p = (struct protect_chacha *)base;

	chacha_poly_free(&p->main);
}

/* Encrypts or decrypts the length field of packet seq from in to out. */
static void
crypt_length(const struct protect_chacha *p, uint32_t seq, const uint8_t *in, uint8_t *out)
{
	uint8_t block[CHACHA_BLOCK], nonce[8];

	put_be64(nonce, seq);
	chacha_block(block, p->length_key, 0, get_le64(nonce));
	for (size_t i = 0; i < 4; i++)
		out[i] = in[i] ^ block[i];
	wipe(block, sizeof(block));
}

static enum err
chacha_length(struct protect *base, uint32_t seq, const uint8_t *head, uint32_t *out)
{
	struct protect_chacha *p = (struct protect_chacha *)base;
	uint8_t length[4];

	if (!p->has_length) {
		crypt_length(p, seq, head, length);
		p->length = get_be32(length);
		p->has_length = true;
	}
	*out = p->length;
	return ERR_OK;
}

static enum err
chacha_open(struct protect *base, uint32_t seq, struct room packet)
{
	struct protect_chacha *p = (struct protect_chacha *)base;
	struct room covered = { packet.p, packet.len - TAG_LEN };

	p->has_length = false;
	TRY(chacha_poly_open(&p->main, seq, covered, 4, packet.p + covered.len));
	put_be32(packet.p, p->length);
	return ERR_OK;
}

static enum err
chacha_seal(struct protect *base, uint32_t seq, struct room packet)
{
	struct protect_chacha *p = (struct protect_chacha *)base;
	struct room covered = { packet.p, packet.len - TAG_LEN };

	crypt_length(p, seq, packet.p, packet.p);
	return chacha_poly_seal(&p->main, seq, covered, 4, packet.p + covered.len);
}

static enum err
chacha_once(const struct protect_cipher *c, enum direction direction,
    struct span key, struct span iv, struct room data, uint8_t *tag)
{
	struct chacha_poly main = { NULL, NULL };
	enum err e = chacha_poly_init(&main, c, key.p);

	(void)iv;
	if (e == ERR_OK && direction == TX)
		e = chacha_poly_seal(&main, 0, data, 0, tag);
	else if (e == ERR_OK)
		e = chacha_poly_open(&main, 0, data, 0, tag);
	chacha_poly_free(&main);
	return e;
}

const struct protect_kind protect_chacha_kind = {
	.size = sizeof(struct protect_chacha),
	.init = chacha_init,
	.length = chacha_length,
	.open = chacha_open,
	.seal = chacha_seal,
	.free = chacha_free,
	.once = chacha_once,
};
