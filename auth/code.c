/* SPDX-License-Identifier: ISC */
#include "auth/code.h"

#include <string.h>

#include "base/secret.h"
#include "crypto/hash.h"
#include "crypto/hmac.h"
#include "crypto/scrypt.h"

/* 5 bits each; I, L, O and U are left out. */
static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

#define LETTERS		12

/* One salt for all: a code is used once and within minutes, so nothing is gained by tables. */
#define SALT	SPAN_LIT("dayfly ephemeral code 1")

/* Product in GF(32), modulo x^5 + x^2 + 1. */
static uint8_t
times(uint8_t a, uint8_t b)
{
	uint8_t product = 0;

	for (int i = 0; i < 5; i++) {
		product ^= (uint8_t)((b >> i & 1) * a);
		a = (uint8_t)(a << 1);
		a ^= (uint8_t)((a >> 5) * 0x25);
	}
	return product;
}

/*
 * The last letter: a sum with another weight for each place. A wrong letter,
 * and two that have changed places, always show.
 */
static uint8_t
check_of(const uint8_t value[static LETTERS])
{
	uint8_t sum = 0, weight = 2;

	for (int i = 0; i < LETTERS; i++) {
		sum ^= times(value[i], weight);
		weight = times(weight, 2);
	}
	return sum;
}

/* "XXXX-XXXX-XXXXC" */
static void
print(const uint8_t value[static LETTERS], char *out)
{
	size_t n = 0;

	for (int i = 0; i < LETTERS; i++) {
		if (i == 4 || i == 8)
			out[n++] = '-';
		out[n++] = letters[value[i]];
	}
	out[n++] = letters[check_of(value)];
	out[n] = '\0';
	must(n == CODE_SIZE - 1);
}

void
code_make(const struct rng *rng, char out[static CODE_SIZE])
{
	uint8_t value[LETTERS];

	rng_fill(rng, value, sizeof(value));
	for (int i = 0; i < LETTERS; i++)
		value[i] &= 31;
	print(value, out);
	wipe(value, sizeof(value));
}

/* The value of a letter as somebody may type it; -1: it is none. */
static int
value_of(uint8_t c)
{
	const char *at;

	if (c >= 'a' && c <= 'z')
		c = (uint8_t)(c - 'a' + 'A');
	if (c == 'O')
		c = '0';
	if (c == 'I' || c == 'L')
		c = '1';
	at = c == '\0' ? NULL : strchr(letters, c);
	return at == NULL ? -1 : (int)(at - letters);
}

/* The mark before a code of a device behind a relay. */
#define MARK	'R'

/* The values of what was typed, a letter each. ERR_SYNTAX: other signs, or too many. */
static enum err
values_of(struct span text, uint8_t value[static LETTERS + 2], size_t *n)
{
	*n = 0;
	for (size_t i = 0; i < text.len; i++) {
		int v;

		if (text.p[i] == '-' || text.p[i] == ' ')
			continue;
		v = value_of(text.p[i]);
		if (v == -1 || *n == LETTERS + 2)
			return ERR_SYNTAX;
		value[(*n)++] = (uint8_t)v;
	}
	return ERR_OK;
}

bool
code_is_relayed(struct span text)
{
	uint8_t value[LETTERS + 2];
	size_t n;
	bool is = values_of(text, value, &n) == ERR_OK && n == LETTERS + 2 && value[0] == value_of(MARK);

	wipe(value, sizeof(value));
	return is;
}

enum err
code_parse(struct span text, char out[static CODE_SIZE])
{
	uint8_t value[LETTERS + 2];
	size_t n, mark = code_is_relayed(text) ? 1 : 0;
	enum err e = values_of(text, value, &n);

	if (e == ERR_OK && (n != mark + LETTERS + 1 ||
	    value[mark + LETTERS] != check_of(value + mark)))
		e = ERR_SYNTAX;
	if (e == ERR_OK)
		print(value + mark, out);
	wipe(value, sizeof(value));
	return e;
}

enum err
code_stretch(const char *code, struct code_keys *out)
{
	uint8_t bytes[CODE_SEED_LEN + CODE_PROOF_LEN];

	TRY(scrypt(span_str(code), SALT, CODE_SCRYPT_N, CODE_SCRYPT_R, CODE_SCRYPT_P, bytes,
	    sizeof(bytes)));
	memcpy(out->seed, bytes, sizeof(out->seed));
	memcpy(out->proof, bytes + sizeof(out->seed), sizeof(out->proof));
	wipe(bytes, sizeof(bytes));
	return ERR_OK;
}

/* Works in a string with its length. */
static void
put(struct hmac *h, struct span s)
{
	uint8_t len[4] = { (uint8_t)(s.len >> 24), (uint8_t)(s.len >> 16), (uint8_t)(s.len >> 8),
	    (uint8_t)s.len };

	hmac_update(h, span_of(len, sizeof(len)));
	hmac_update(h, s);
}

void
code_proof(const uint8_t key[static CODE_PROOF_LEN], struct span session_id, struct span hostkey,
    uint8_t out[static 32])
{
	SCOPED(hmac_wipe) struct hmac h;

	hmac_init(&h, hash_find("sha256"), span_of(key, CODE_PROOF_LEN));
	put(&h, SPAN_LIT(CODE_PROOF_REQUEST));
	put(&h, session_id);
	put(&h, hostkey);
	hmac_final(&h, out);
}
