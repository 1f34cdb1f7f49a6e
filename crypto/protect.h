/* SPDX-License-Identifier: ISC */
/*
 * crypto/protect.h - encrypting and authenticating packets (RFC 4253 6),
 * one interface for AEAD ciphers, encrypt-then-MAC and MAC-then-encrypt.
 *
 * packet   from its length field to the last byte of its tag, contiguous:
 *
 *	uint32 packet_length | padding_length, payload, padding | tag
 *	          4          |         packet_length            | tag_len
 *
 * A protect is one direction of a connection between two NEWKEYS. It works on
 * packets where they stand, and allocates only in protect_new(). It checks
 * the tag and nothing of the content: what packet_length and padding_length
 * say is for the caller to judge (protect_length_valid() helps).
 *
 * Receiving: as soon as protect_peek_len() bytes are there protect_length()
 * gives packet_length; when 4 + packet_length + tag_len bytes are there
 * protect_open() decrypts. Sending: lay the packet out in clear, then
 * protect_seal(). Packets must be opened and sealed in order, each once;
 * after any error the protect is of no further use.
 */
#ifndef CRYPTO_PROTECT_H
#define CRYPTO_PROTECT_H

#include "base/err.h"
#include "base/side.h"
#include "base/span.h"

/* The most that any algorithm asks of key derivation, by kind. */
#define PROTECT_MAX_KEY		64
#define PROTECT_MAX_IV		16
#define PROTECT_MAX_TAG		64
#define PROTECT_MAX_MAC_KEY	64

/* What a cipher and a MAC together need and do. A value, no pointers to free. */
struct protect_alg {
	const char *cipher;	/* names, static */
	const char *mac;	/* "<implicit>" with an AEAD cipher */
	size_t key_len;
	size_t iv_len;
	size_t mac_key_len;	/* 0 with an AEAD cipher */
	size_t block_len;	/* packets are padded to a multiple; 8 or more */
	size_t tag_len;
	bool is_aead;
	bool is_etm;
	bool is_cbc;		/* see protect_find() */
	bool length_apart;	/* length field outside of what is padded: AEAD, EtM */
	bool length_is_hidden;	/* length field is encrypted on the wire */
	uint64_t rekey_bytes;	/* a key must not encrypt more than this ... */
	uint64_t rekey_packets;	/* ... nor more packets */
	const struct protect_kind *kind;	/* inside crypto/ */
	const struct protect_cipher *cipher_def;
	const struct mac_alg *mac_def;
};

/*
 * Finds the combination; mac is not looked at with an AEAD cipher and may be
 * NULL then. "none" with "none" is what a connection begins with, and neither
 * name is in any list. ERR_NOTFOUND.
 *
 * The CBC ciphers are found, but are in no list either: who offers one without
 * an -etm MAC must not let the peer see when a packet turned out wrong
 * (CVE-2008-5161): after a length that is not valid or ERR_MAC as many bytes
 * have to be read as the largest packet has before the connection ends.
 */
enum err protect_find(struct protect_alg *out, const char *cipher, const char *mac);

/* Whether the cipher of that name authenticates by itself, so needs no MAC. */
bool protect_is_aead(struct span cipher);

/*
 * How many bytes of padding (4 or more) a payload of n bytes gets, so that
 * packet_length is 1 + n + that.
 */
size_t protect_padding(const struct protect_alg *alg, size_t n);

/*
 * Whether packet_length may be what follows: from 5 to LIMIT_PACKET and a
 * multiple of what the cipher asks. To be asked before any arithmetic with it.
 */
bool protect_length_valid(const struct protect_alg *alg, uint32_t packet_length);

struct protect;

/*
 * Makes a protect of one direction. key, iv and mac_key must have at least the
 * lengths that alg names (longer ones are cut) and are copied. ERR_NOMEM,
 * ERR_CRYPTO.
 */
enum err protect_new(struct protect **out, const struct protect_alg *alg,
    enum direction direction, struct span key, struct span iv, struct span mac_key);

/* Wipes and frees. NULL is fine. */
void protect_free(struct protect *p);

/* What p was made for; lives as long as p. */
const struct protect_alg *protect_alg(const struct protect *p);

/* Bytes of a packet's beginning that protect_length() needs: 4, or a block. */
size_t protect_peek_len(const struct protect *p);

/*
 * Gives packet_length of the packet that begins with head (protect_peek_len()
 * bytes or more), which stays as it is. The raw number: nothing is known
 * about it yet. May be called again for the same packet. ERR_SHORT, ERR_CRYPTO.
 */
enum err protect_length(struct protect *p, uint32_t seq, struct span head,
    uint32_t *packet_length);

/*
 * Verifies and decrypts in place: packet is the whole of it, tag included,
 * as long as protect_length() implied. Afterwards its first four bytes hold
 * packet_length in clear. ERR_MAC, and nothing but zeros in packet, if it is
 * not what the peer sealed as number seq; ERR_CRYPTO likewise.
 */
enum err protect_open(struct protect *p, uint32_t seq, struct room packet);

/*
 * Encrypts in place and writes the tag: packet is the whole of it, laid out
 * in clear, with room for the tag at its end. ERR_CRYPTO.
 */
enum err protect_seal(struct protect *p, uint32_t seq, struct room packet);

#endif
