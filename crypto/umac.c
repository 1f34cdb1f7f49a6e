/* SPDX-License-Identifier: ISC */
/*
 * RFC 4418. Each four bytes of the tag are a stream: three layers of hashing
 * with keys of its own, and a pad. The first layer's keys overlap (Toeplitz).
 */
#include "crypto/umac.h"

#include <string.h>

#include "base/secret.h"
#include "crypto/endian.h"
#include "crypto/evp.h"

#define NH_BLOCK	1024		/* bytes that the first layer makes 8 of */
#define NH_UNIT		32		/* it works on multiples of this */
#define P36		(((uint64_t)1 << 36) - 5)
#define P64_OFFSET	((uint64_t)59)	/* p64 is 2^64 - 59 */

/* KDF (3.2.1): n bytes, a multiple of 16, of key material for one purpose. */
static enum err
derive(EVP_CIPHER_CTX *aes, uint8_t purpose, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i += 16) {
		memset(out + i, 0, 16);
		out[i + 7] = purpose;
		put_be64(out + i + 8, i / 16 + 1);
		TRY(evp_cipher_run(aes, out + i, 16));
	}
	return ERR_OK;
}

/* Derives the keys of the layers, and the key of the pads. */
static enum err
derive_keys(struct umac *u, EVP_CIPHER_CTX *aes, uint8_t pad_key[static 16])
{
	uint8_t raw[sizeof(u->nh)];
	enum err e = derive(aes, 0, pad_key, 16);

	if (e == ERR_OK)
		e = derive(aes, 1, raw, sizeof(raw));
	for (size_t i = 0; e == ERR_OK && i < COUNT(u->nh); i++)
		u->nh[i] = get_be32(raw + 4 * i);
	if (e == ERR_OK)
		e = derive(aes, 2, raw, (24 * UMAC_MAX_STREAMS));
	for (size_t s = 0; e == ERR_OK && s < UMAC_MAX_STREAMS; s++)
		u->poly[s] = get_be64(raw + 24 * s) & 0x01ffffff01ffffff;
	if (e == ERR_OK)
		e = derive(aes, 3, raw, 64 * UMAC_MAX_STREAMS);
	for (size_t i = 0; e == ERR_OK && i < 8 * UMAC_MAX_STREAMS; i++)
		u->inner[i / 8][i % 8] = get_be64(raw + 8 * i) % P36;
	if (e == ERR_OK)
		e = derive(aes, 4, raw, 4 * UMAC_MAX_STREAMS);
	for (size_t s = 0; e == ERR_OK && s < UMAC_MAX_STREAMS; s++)
		u->last[s] = get_be32(raw + 4 * s);
	wipe(raw, sizeof(raw));
	return e;
}

enum err
umac_init(struct umac *u, size_t tag_len, const uint8_t key[static UMAC_KEY_LEN])
{
	uint8_t pad_key[16];
	EVP_CIPHER_CTX *aes;
	enum err e;

	must(tag_len == 8 || tag_len == 16);
	memset(u, 0, sizeof(*u));
	u->streams = tag_len / 4;
	TRY(evp_cipher_open(&aes, "AES-128-ECB", TX, key, NULL));
	e = derive_keys(u, aes, pad_key);
	EVP_CIPHER_CTX_free(aes);
	if (e == ERR_OK)
		e = evp_cipher_open(&u->pad, "AES-128-ECB", TX, pad_key, NULL);
	wipe(pad_key, sizeof(pad_key));
	return e;
}

void
umac_free(struct umac *u)
{
	EVP_CIPHER_CTX_free(u->pad);
	wipe(u, sizeof(*u));
}

/* NH (5.2.2) of n bytes, a multiple of NH_UNIT, without the length. */
static inline uint64_t
nh(const uint32_t *key, const uint8_t *p, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i += NH_UNIT, key += 8, p += NH_UNIT) {
		for (size_t j = 0; j < 4; j++)
			sum += (uint64_t)(get_le32(p + 4 * j) + key[j]) *
			    (get_le32(p + 16 + 4 * j) + key[j + 4]);
	}
	return sum;
}

/* v, of 64 bits, modulo p64. */
static uint64_t
reduce64(uint64_t v)
{
	uint64_t is_above = (v >= -P64_OFFSET);

	return v + (P64_OFFSET & -is_above);
}

/* a + b modulo p64, not fully reduced. */
static uint64_t
add64(uint64_t a, uint64_t b)
{
	uint64_t sum = a + b;
	uint64_t carry = sum < a;

	sum += P64_OFFSET & -carry;
	/* That wraps only from a sum below 59, which a carry cannot leave twice. */
	return sum;
}

/* k * y + m modulo p64, reduced. k's 32-bit halves are below 2^25. */
static uint64_t
step(uint64_t k, uint64_t y, uint64_t m)
{
	uint64_t k0 = (uint32_t)k, k1 = k >> 32, y0 = (uint32_t)y, y1 = y >> 32;
	uint64_t middle = k1 * y0 + k0 * y1;		/* below 2^58 */
	uint64_t high = k1 * y1 + (middle >> 32);	/* times 2^64, which is 59 */
	uint64_t sum = add64(k0 * y0, middle << 32);

	sum = add64(sum, high * P64_OFFSET);		/* below 2^64 */
	return reduce64(add64(reduce64(sum), m));
}

/*
 * One word into POLY-64 (5.3.1): words from 2^64 - 2^32 up count as two, the
 * marker p64 - 1 and the word less 59. Both ways are gone, one is taken.
 */
static uint64_t
poly(uint64_t k, uint64_t y, uint64_t m)
{
	uint64_t is_large = -(uint64_t)(m >> 32 == 0xffffffff);
	uint64_t plain = step(k, y, m);
	uint64_t marked = step(k, step(k, y, -P64_OFFSET - 1), m - P64_OFFSET);

	return (plain & ~is_large) | (marked & is_large);
}

/* The third layer (5.5) of 16 bytes, of which the first 8 are zero. */
static uint32_t
inner_product(const uint64_t key[static 8], uint32_t last, uint64_t v)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < 4; i++)
		sum += (v >> (48 - 16 * i) & 0xffff) * key[4 + i];
	return (uint32_t)(sum % P36) ^ last;
}

/* The message's last block, padded with zeros to units, hashed for stream s. */
static uint64_t
hash_last(const struct umac *u, size_t s, const uint8_t *padded, size_t n)
{
	size_t units = n == 0 ? NH_UNIT : (n + NH_UNIT - 1) / NH_UNIT * NH_UNIT;

	return nh(u->nh + 4 * s, padded, units) + 8 * n;
}

/* UHASH (5.1) of stream s; last is the padded copy of the last block. */
static uint32_t
uhash(const struct umac *u, size_t s, struct span message, const uint8_t *last, size_t last_len)
{
	uint64_t y = 1;

	if (message.len <= NH_BLOCK)
		return inner_product(u->inner[s], u->last[s], hash_last(u, s, last, last_len));
	for (; message.len > NH_BLOCK; message = span_skip(message, NH_BLOCK))
		y = poly(u->poly[s], y, nh(u->nh + 4 * s, message.p, NH_BLOCK) + 8 * NH_BLOCK);
	y = poly(u->poly[s], y, hash_last(u, s, last, last_len));
	return inner_product(u->inner[s], u->last[s], y);
}

/*
 * PDF (3.3.1): the pads of all streams, from *start on in block. With tags of
 * 8 bytes a block of AES serves two nonces, which differ in the last bit.
 */
static enum err
make_pad(struct umac *u, uint64_t nonce, uint8_t block[static 16], size_t *start)
{
	uint64_t low = u->streams == 2 ? nonce & 1 : 0;

	memset(block, 0, 16);
	put_be64(block, nonce ^ low);
	*start = 8 * low;
	return evp_cipher_run(u->pad, block, 16);
}

enum err
umac_compute(struct umac *u, uint64_t nonce, struct span message, uint8_t *tag)
{
	uint8_t last[NH_BLOCK] = { 0 }, pad[16];
	size_t pad_start;
	size_t last_len = message.len == 0 ? 0 : (message.len - 1) % NH_BLOCK + 1;

	if (message.len > UMAC_MAX_MESSAGE)
		return ERR_LIMIT;
	TRY(make_pad(u, nonce, pad, &pad_start));
	if (last_len > 0)
		memcpy(last, message.p + message.len - last_len, last_len);
	for (size_t s = 0; s < u->streams; s++)
		put_be32(tag + 4 * s, uhash(u, s, message, last, last_len) ^
		    get_be32(pad + pad_start + 4 * s));
	wipe(last, sizeof(last));
	wipe(pad, sizeof(pad));
	return ERR_OK;
}
