/* SPDX-License-Identifier: ISC */
#include "crypto/protect.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/secret.h"
#include "crypto/crypto.h"
#include "crypto/endian.h"
#include "crypto/protect_i.h"

/*
 * A block cipher of L bits may encrypt 2^(L/4) blocks under one key (RFC 4344
 * 3.2), one of 64 bits 1 GiB. chacha20 has no such bound, but is treated like
 * one of 64 bits, as OpenSSH does.
 */
#define REKEY_128	((uint64_t)16 << 32)
#define REKEY_64	((uint64_t)1 << 30)

/* RFC 4344 3.1: well before the 2^32nd packet, where sequence numbers repeat. */
#define REKEY_PACKETS	((uint64_t)1 << 31)

static const struct protect_cipher ciphers[] = {
	{ "chacha20-poly1305@openssh.com", &protect_chacha_kind, "ChaCha20", 64, 0, 8, 16, REKEY_64 },
	{ "aes128-gcm@openssh.com", &protect_gcm_kind, "AES-128-GCM", 16, 12, 16, 16, REKEY_128 },
	{ "aes256-gcm@openssh.com", &protect_gcm_kind, "AES-256-GCM", 32, 12, 16, 16, REKEY_128 },
	{ "aes128-ctr", &protect_block_kind, "AES-128-CTR", 16, 16, 16, 0, REKEY_128 },
	{ "aes192-ctr", &protect_block_kind, "AES-192-CTR", 24, 16, 16, 0, REKEY_128 },
	{ "aes256-ctr", &protect_block_kind, "AES-256-CTR", 32, 16, 16, 0, REKEY_128 },
	/* Never offered by default; the transport minds alg.is_cbc. */
	{ "aes128-cbc", &protect_block_kind, "AES-128-CBC", 16, 16, 16, 0, REKEY_128 },
	{ "aes192-cbc", &protect_block_kind, "AES-192-CBC", 24, 16, 16, 0, REKEY_128 },
	{ "aes256-cbc", &protect_block_kind, "AES-256-CBC", 32, 16, 16, 0, REKEY_128 },
	{ "3des-cbc", &protect_block_kind, "DES-EDE3-CBC", 24, 8, 8, 0, REKEY_64 },
	{ "none", &protect_none_kind, NULL, 0, 0, 8, 0, UINT64_MAX },
};

const char *
crypto_cipher_names(void)
{
	return "chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,aes256-gcm@openssh.com,"
	    "aes128-ctr,aes192-ctr,aes256-ctr,"
	    "aes128-cbc,aes192-cbc,aes256-cbc,3des-cbc";
}

const char *
crypto_cipher_defaults(void)
{
	return "chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,aes256-gcm@openssh.com,"
	    "aes128-ctr,aes192-ctr,aes256-ctr";
}

const char *
crypto_cipher_auth_names(void)
{
	return "chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,aes256-gcm@openssh.com";
}

const char *
crypto_mac_names(void)
{
	return "umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,"
	    "hmac-sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-64@openssh.com,"
	    "umac-128@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1,"
	    "hmac-sha1-96-etm@openssh.com,hmac-sha1-96,hmac-md5-etm@openssh.com,"
	    "hmac-md5-96-etm@openssh.com,hmac-md5,hmac-md5-96";
}

const char *
crypto_mac_defaults(void)
{
	return "umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,"
	    "hmac-sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-64@openssh.com,"
	    "umac-128@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1";
}

const struct protect_cipher *
protect_cipher_at(size_t i)
{
	return i < COUNT(ciphers) ? &ciphers[i] : NULL;
}

const struct protect_cipher *
protect_cipher_find(struct span name)
{
	for (size_t i = 0; i < COUNT(ciphers); i++) {
		if (span_is(name, ciphers[i].name))
			return &ciphers[i];
	}
	return NULL;
}

bool
protect_is_aead(struct span cipher)
{
	const struct protect_cipher *c = protect_cipher_find(cipher);

	return c != NULL && c->tag_len > 0;
}

static bool
is_cbc(const struct protect_cipher *c)
{
	size_t len = strlen(c->name);

	return len > 4 && strcmp(c->name + len - 4, "-cbc") == 0;
}

enum err
protect_find(struct protect_alg *out, const char *cipher, const char *mac)
{
	const struct protect_cipher *c = protect_cipher_find(span_str(cipher));
	const struct mac_alg *m = NULL;
	bool is_none, is_aead;

	if (c == NULL)
		return ERR_NOTFOUND;
	is_aead = c->tag_len > 0;
	is_none = c->kind == &protect_none_kind;
	if (is_none && (mac == NULL || strcmp(mac, "none") != 0))
		return ERR_NOTFOUND;
	if (!is_aead && !is_none) {
		m = mac == NULL ? NULL : mac_find(mac);
		if (m == NULL)
			return ERR_NOTFOUND;
	}
	*out = (struct protect_alg){
		.cipher = c->name,
		.mac = m != NULL ? m->name : is_aead ? "<implicit>" : "none",
		.key_len = c->key_len,
		.iv_len = c->iv_len,
		.mac_key_len = m != NULL ? m->key_len : 0,
		.block_len = c->block_len,
		.tag_len = m != NULL ? m->tag_len : c->tag_len,
		.is_aead = is_aead,
		.is_etm = m != NULL && m->is_etm,
		.is_cbc = is_cbc(c),
		.length_apart = is_aead || (m != NULL && m->is_etm),
		.length_is_hidden = c->kind == &protect_chacha_kind || (m != NULL && !m->is_etm),
		.rekey_bytes = c->rekey_bytes,
		.rekey_packets = is_none ? UINT64_MAX : REKEY_PACKETS,
		.kind = c->kind,
		.cipher_def = c,
		.mac_def = m,
	};
	return ERR_OK;
}

/* RFC 4253 6: the length field counts, unless it stands apart. */
size_t
protect_padding(const struct protect_alg *alg, size_t n)
{
	size_t padded = (alg->length_apart ? 0 : 4) + 1 + n;
	size_t padding = alg->block_len - padded % alg->block_len;

	return padding < 4 ? padding + alg->block_len : padding;
}

bool
protect_length_valid(const struct protect_alg *alg, uint32_t packet_length)
{
	if (packet_length < 5 || packet_length > LIMIT_PACKET)
		return false;
	return (packet_length + (alg->length_apart ? 0 : 4)) % alg->block_len == 0;
}

enum err
protect_new(struct protect **out, const struct protect_alg *alg,
    enum direction direction, struct span key, struct span iv, struct span mac_key)
{
	struct protect *p;
	enum err e;

	must(key.len >= alg->key_len && iv.len >= alg->iv_len && mac_key.len >= alg->mac_key_len);
	p = calloc(1, alg->kind->size);
	if (p == NULL)
		return ERR_NOMEM;
	p->alg = *alg;
	p->direction = direction;
	e = alg->kind->init(p, key, iv, mac_key);
	if (e != ERR_OK) {
		protect_free(p);
		return e;
	}
	*out = p;
	return ERR_OK;
}

void
protect_free(struct protect *p)
{
	if (p == NULL)
		return;
	p->alg.kind->free(p);
	wipe(p, p->alg.kind->size);
	free(p);
}

const struct protect_alg *
protect_alg(const struct protect *p)
{
	return &p->alg;
}

size_t
protect_peek_len(const struct protect *p)
{
	return p->alg.mac_def != NULL && !p->alg.is_etm ? p->alg.block_len : 4;
}

enum err
protect_length(struct protect *p, uint32_t seq, struct span head, uint32_t *packet_length)
{
	if (head.len < protect_peek_len(p))
		return ERR_SHORT;
	return p->alg.kind->length(p, seq, head.p, packet_length);
}

/* Whether packet is as long as a packet_length of n makes it. */
static bool
is_whole(const struct protect *p, struct room packet, uint32_t n)
{
	return packet.len == 4 + (size_t)n + p->alg.tag_len && n > 0;
}

enum err
protect_open(struct protect *p, uint32_t seq, struct room packet)
{
	uint32_t packet_length;
	enum err e;

	must(p->direction == RX);
	e = protect_length(p, seq, span_of(packet.p, packet.len), &packet_length);
	if (e == ERR_OK && !is_whole(p, packet, packet_length))
		e = ERR_MAC;
	if (e == ERR_OK)
		e = p->alg.kind->open(p, seq, packet);
	if (e != ERR_OK)
		wipe(packet.p, packet.len);
	return e;
}

enum err
protect_seal(struct protect *p, uint32_t seq, struct room packet)
{
	must(p->direction == TX && packet.len > 4);
	must(is_whole(p, packet, get_be32(packet.p)));
	return p->alg.kind->seal(p, seq, packet);
}
