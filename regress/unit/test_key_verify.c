/* SPDX-License-Identifier: ISC */
/* Signatures that must not verify (threats 3), and those of security tokens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/param_build.h>
#include <openssl/params.h>

#include "base/limits.h"
#include "base/reader.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "keys/key_i.h"

#define DATA	SPAN_LIT("the data that is signed")

static struct key *
make(const char *kind, unsigned bits)
{
	struct rng_test seed = { .state = 99 };
	struct rng rng = rng_test(&seed);
	struct key *k;

	assert_int_equal(key_generate(span_str(kind), bits, &rng, &k), ERR_OK);
	return k;
}

/* A signature by alg over DATA; the bytes of the inner string in *inner. */
static struct writer
signature(const struct key *k, const char *alg, struct span *inner)
{
	struct writer w = writer_init(LIMIT_SIGNATURE);
	struct reader r;

	assert_int_equal(key_sign(k, span_str(alg), DATA, &w), ERR_OK);
	r = rd_init(writer_span(&w));
	assert_true(span_is(rd_bytes(&r), alg));
	*inner = rd_bytes(&r);
	assert_int_equal(rd_end(&r), ERR_OK);
	return w;
}

/* Verifies string alg, string inner. */
static enum err
verify_as(const struct key *k, const char *expected, const char *alg, struct span inner)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_SIGNATURE);

	wr_str(&w, alg);
	wr_bytes(&w, inner);
	return key_verify(k, span_str(expected), span_str(keys_list(KEY_LIST_ALL)),
	    writer_span(&w), DATA, NULL);
}

static void
an_algorithm_that_is_not_allowed_is_denied(void **state)
{
	SCOPED(key_free) struct key *k = make("rsa", 1024);
	struct span inner;
	SCOPED(writer_free) struct writer w = signature(k, "ssh-rsa", &inner);

	(void)state;
	assert_int_equal(key_verify(k, SPAN_LIT("ssh-rsa"), span_str(keys_list(KEY_LIST_DEFAULT)),
	    writer_span(&w), DATA, NULL), ERR_DENIED);
	assert_int_equal(key_verify(k, SPAN_LIT("ssh-rsa"), SPAN_EMPTY,
	    writer_span(&w), DATA, NULL), ERR_DENIED);
	assert_int_equal(key_verify(k, SPAN_LIT("ssh-rsa"), SPAN_LIT("rsa-sha2-256,ssh-rs"),
	    writer_span(&w), DATA, NULL), ERR_DENIED);
	assert_int_equal(key_verify(k, SPAN_LIT("ssh-rsa"), SPAN_LIT("rsa-sha2-256,ssh-rsa"),
	    writer_span(&w), DATA, NULL), ERR_OK);
}

static void
an_algorithm_of_another_key_type_is_denied(void **state)
{
	SCOPED(key_free) struct key *k = make("ed25519", 0);
	struct span inner;
	SCOPED(writer_free) struct writer w = signature(k, "ssh-ed25519", &inner);

	(void)state;
	assert_int_equal(verify_as(k, "rsa-sha2-256", "rsa-sha2-256", inner), ERR_DENIED);
	assert_int_equal(verify_as(k, "ecdsa-sha2-nistp256", "ssh-ed25519", inner), ERR_DENIED);
	assert_int_equal(verify_as(k, "sk-ssh-ed25519@openssh.com", "ssh-ed25519", inner), ERR_DENIED);
	assert_int_equal(verify_as(k, "nonsense", "ssh-ed25519", inner), ERR_DENIED);
	assert_int_equal(verify_as(k, "ssh-ed25519", "ssh-ed25519", inner), ERR_OK);
}

static void
the_signature_must_name_the_algorithm_that_was_agreed(void **state)
{
	SCOPED(key_free) struct key *k = make("rsa", 1024);
	struct span algs = span_str(key_algs(k)), alg, other;
	char name[32], other_name[32];

	(void)state;
	while (span_token(&algs, ',', &alg)) {
		struct span others = span_str(key_algs(k)), inner;
		SCOPED(writer_free) struct writer w = writer_init(1);

		text_visible_str(name, sizeof name, alg);
		w = signature(k, name, &inner);
		while (span_token(&others, ',', &other)) {
			enum err right = span_eq(alg, other) ? ERR_OK : ERR_SIGNATURE;

			text_visible_str(other_name, sizeof other_name, other);
			assert_int_equal(verify_as(k, other_name, name, inner), right);
			assert_int_equal(verify_as(k, other_name, other_name, inner), right);
		}
	}
}

static void
bytes_behind_a_signature_are_refused_wherever_they_stand(void **state)
{
	static const struct { const char *kind; unsigned bits; const char *alg; } rows[] = {
		{ "ed25519", 0, "ssh-ed25519" },
		{ "ecdsa", 256, "ecdsa-sha2-nistp256" },
		{ "rsa", 1024, "rsa-sha2-512" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		SCOPED(key_free) struct key *k = make(rows[i].kind, rows[i].bits);
		struct span inner;
		SCOPED(writer_free) struct writer w = signature(k, rows[i].alg, &inner);
		SCOPED(writer_free) struct writer more = writer_init(LIMIT_SIGNATURE);

		wr_raw(&more, inner);
		wr_raw(&more, SPAN_LIT("zz"));
		assert_int_equal(verify_as(k, rows[i].alg, rows[i].alg, writer_span(&more)),
		    ERR_SIGNATURE);
		wr_raw(&w, SPAN_LIT("zz"));
		assert_int_equal(key_verify(k, span_str(rows[i].alg), span_str(rows[i].alg),
		    writer_span(&w), DATA, NULL), ERR_SIGNATURE);
	}
}

static void
every_prefix_and_every_flipped_bit_of_a_signature_is_refused(void **state)
{
	static const struct { const char *kind; unsigned bits; const char *alg; } rows[] = {
		{ "ed25519", 0, "ssh-ed25519" },
		{ "ecdsa", 384, "ecdsa-sha2-nistp384" },
		{ "rsa", 1024, "rsa-sha2-256" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		SCOPED(key_free) struct key *k = make(rows[i].kind, rows[i].bits);
		struct span inner, alg = span_str(rows[i].alg);
		SCOPED(writer_free) struct writer w = signature(k, rows[i].alg, &inner);

		for (size_t n = 0; n < w.len; n++)
			assert_int_equal(key_verify(k, alg, alg, span_of(w.p, n), DATA, NULL),
			    ERR_SIGNATURE);
		for (size_t bit = 0; bit < w.len * 8; bit++) {
			w.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(key_verify(k, alg, alg, writer_span(&w), DATA, NULL),
			    ERR_SIGNATURE);
			w.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		assert_int_equal(key_verify(k, alg, alg, writer_span(&w), DATA, NULL), ERR_OK);
	}
}

static void
an_ed25519_signature_with_s_plus_l_is_refused(void **state)
{
	static const uint8_t order[32] = {	/* L of RFC 8032 5.1, little-endian */
		0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
		0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10,
	};
	SCOPED(key_free) struct key *k = make("ed25519", 0);
	struct span inner;
	SCOPED(writer_free) struct writer w = signature(k, "ssh-ed25519", &inner);
	uint8_t sig[64];
	unsigned carry = 0;

	(void)state;
	memcpy(sig, inner.p, sizeof sig);
	for (size_t i = 0; i < 32; i++) {
		carry += (unsigned)sig[32 + i] + order[i];
		sig[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	assert_int_equal(verify_as(k, "ssh-ed25519", "ssh-ed25519", inner), ERR_OK);
	assert_int_equal(verify_as(k, "ssh-ed25519", "ssh-ed25519", span_of(sig, 64)), ERR_SIGNATURE);
}

/* An ECDSA signature of two numbers. */
static enum err
verify_numbers(const struct key *k, struct span r, struct span s)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_SIGNATURE);

	wr_bytes(&w, r);
	wr_bytes(&w, s);
	return verify_as(k, "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", writer_span(&w));
}

static void
ecdsa_numbers_out_of_range_are_refused(void **state)
{
	SCOPED(key_free) struct key *k = make("ecdsa", 256);
	struct span inner, r, s;
	SCOPED(writer_free) struct writer w = signature(k, "ecdsa-sha2-nistp256", &inner);
	struct reader rd = rd_init(inner);
	uint8_t big[80] = { 0 };

	(void)state;
	r = rd_bytes(&rd);
	s = rd_bytes(&rd);
	assert_int_equal(verify_numbers(k, r, s), ERR_OK);
	assert_int_equal(verify_numbers(k, SPAN_EMPTY, s), ERR_SIGNATURE);
	assert_int_equal(verify_numbers(k, r, SPAN_EMPTY), ERR_SIGNATURE);
	assert_int_equal(verify_numbers(k, SPAN_EMPTY, SPAN_EMPTY), ERR_SIGNATURE);
	assert_int_equal(verify_numbers(k, SPAN_LIT("\0"), s), ERR_SIGNATURE);
	assert_int_equal(verify_numbers(k, SPAN_LIT("\1"), SPAN_LIT("\1")), ERR_SIGNATURE);
	assert_int_equal(verify_numbers(k, SPAN_LIT("\xff"), s), ERR_SIGNATURE);	/* -1 */
	memset(big + 1, 0xff, sizeof big - 1);
	assert_int_equal(verify_numbers(k, span_of(big, 33), s), ERR_SIGNATURE);	/* 2^256 - 1 */
	assert_int_equal(verify_numbers(k, span_of(big, 80), s), ERR_SIGNATURE);
	memcpy(big, "\0\0", 2);							/* not shortest */
	memcpy(big + 2, r.p, r.len);
	assert_int_equal(verify_numbers(k, span_of(big, r.len + 2), s), ERR_SIGNATURE);
}

static void
rsa_signatures_are_as_long_as_the_modulus_or_lack_leading_zeros(void **state)
{
	SCOPED(key_free) struct key *k = make("rsa", 1024);
	struct span inner;
	SCOPED(writer_free) struct writer w = signature(k, "rsa-sha2-256", &inner);
	uint8_t longer[129] = { 0 };

	(void)state;
	assert_int_equal(inner.len, 128);
	memcpy(longer + 1, inner.p, 128);
	assert_int_equal(verify_as(k, "rsa-sha2-256", "rsa-sha2-256", span_of(longer, 129)), ERR_SIGNATURE);
	assert_int_equal(verify_as(k, "rsa-sha2-256", "rsa-sha2-256", SPAN_EMPTY), ERR_SIGNATURE);
	assert_int_equal(verify_as(k, "rsa-sha2-256", "rsa-sha2-256", span_first(inner, 127)), ERR_SIGNATURE);
	assert_int_equal(verify_as(k, "rsa-sha2-256", "rsa-sha2-256", inner), ERR_OK);
	for (unsigned i = 0; i < 20000; i++) {
		SCOPED(writer_free) struct writer sig = writer_init(LIMIT_SIGNATURE);
		SCOPED(writer_free) struct writer cut = writer_init(LIMIT_SIGNATURE);
		struct span data = span_of(&i, sizeof i);

		assert_int_equal(key_sign(k, SPAN_LIT("rsa-sha2-256"), data, &sig), ERR_OK);
		if (sig.p[sig.len - 128] != 0)
			continue;
		wr_str(&cut, "rsa-sha2-256");
		wr_bytes(&cut, span_of(sig.p + sig.len - 127, 127));
		assert_int_equal(key_verify(k, SPAN_LIT("rsa-sha2-256"), SPAN_LIT("rsa-sha2-256"),
		    writer_span(&cut), data, NULL), ERR_OK);
		return;
	}
	fail_msg("no signature with a leading zero among 20000");
}

static void
a_signature_above_the_limit_is_refused_unread(void **state)
{
	SCOPED(key_free) struct key *k = make("ed25519", 0);
	static uint8_t zeros[LIMIT_SIGNATURE + 1];

	(void)state;
	assert_int_equal(key_verify(k, SPAN_LIT("ssh-ed25519"), SPAN_LIT("ssh-ed25519"),
	    span_of(zeros, sizeof zeros), DATA, NULL), ERR_SIGNATURE);
}

/* --- security tokens, played by an ordinary key --- */

#define APP	"ssh:"

struct token {
	struct key *inner;		/* signs */
	struct key *pub;		/* the sk key */
	const char *alg;		/* inner's */
	const char *sk_alg;
};

static struct token
token_make(bool is_ecdsa)
{
	struct token t = {
		.inner = make(is_ecdsa ? "ecdsa" : "ed25519", 256),
		.alg = is_ecdsa ? "ecdsa-sha2-nistp256" : "ssh-ed25519",
		.sk_alg = is_ecdsa ? "sk-ecdsa-sha2-nistp256@openssh.com" : "sk-ssh-ed25519@openssh.com",
	};
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_KEY_BLOB);
	struct reader r = rd_init(key_blob(t.inner));

	rd_bytes(&r);
	wr_str(&w, t.sk_alg);
	wr_raw(&w, rd_rest(&r));
	wr_str(&w, APP);
	assert_int_equal(key_from_blob(writer_span(&w), &t.pub), ERR_OK);
	return t;
}

static void
token_free(struct token *t)
{
	key_free(&t->inner);
	key_free(&t->pub);
}

static void
put_sha256(struct writer *w, struct span s)
{
	uint8_t hash[32];

	hash_once(hash_find("sha256"), s, hash);
	wr_raw(w, span_of(hash, 32));
}

/* Writes string signature, flags, counter 5; message replaces SHA256(DATA). */
static void
token_sign(const struct token *t, struct writer *w, const char *alg, uint8_t flags,
    struct span extensions, struct span message)
{
	SCOPED(writer_free) struct writer data = writer_init(LIMIT_SIGNATURE);
	SCOPED(writer_free) struct writer sig = writer_init(LIMIT_SIGNATURE);
	struct reader r;

	put_sha256(&data, SPAN_LIT(APP));
	wr_u8(&data, flags);
	wr_u32(&data, 5);
	wr_raw(&data, extensions);
	put_sha256(&data, message);
	assert_int_equal(key_sign(t->inner, span_str(t->alg), writer_span(&data), &sig), ERR_OK);
	r = rd_init(writer_span(&sig));
	rd_bytes(&r);
	wr_str(w, alg);
	wr_bytes(w, rd_bytes(&r));
	wr_u8(w, flags);
	wr_u32(w, 5);
}

static void
token_signatures_verify_and_tell_touch_verification_and_counter(void **state)
{
	(void)state;
	for (int ec = 0; ec < 2; ec++) {
		SCOPED(token_free) struct token t = token_make(ec);

		for (unsigned flags = 0; flags < 8; flags++) {
			SCOPED(writer_free) struct writer w = writer_init(LIMIT_SIGNATURE);
			struct span alg = span_str(t.sk_alg);
			struct key_token said;

			token_sign(&t, &w, t.sk_alg, (uint8_t)flags, SPAN_EMPTY, DATA);
			assert_int_equal(key_verify(t.pub, alg, alg, writer_span(&w), DATA, &said), ERR_OK);
			assert_int_equal(said.is_touched, (flags & 1) != 0);
			assert_int_equal(said.is_verified, (flags & 4) != 0);
			assert_int_equal(said.counter, 5);
			assert_int_equal(key_verify(t.pub, alg, alg, writer_span(&w), DATA, NULL),
			    flags & 1 ? ERR_OK : ERR_SIGNATURE);
		}
	}
}

static void
a_token_signature_holds_for_its_flags_counter_and_application_only(void **state)
{
	SCOPED(token_free) struct token t = token_make(false);
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_SIGNATURE);
	struct span alg = span_str(t.sk_alg);
	struct key_token said;

	(void)state;
	token_sign(&t, &w, t.sk_alg, 1, SPAN_EMPTY, DATA);
	for (size_t i = 0; i < w.len; i++) {
		w.p[i] ^= 4;
		assert_int_equal(key_verify(t.pub, alg, alg, writer_span(&w), DATA, &said), ERR_SIGNATURE);
		assert_false(said.is_touched);
		w.p[i] ^= 4;
	}
	wr_u8(&w, 0);
	assert_int_equal(key_verify(t.pub, alg, alg, writer_span(&w), DATA, &said), ERR_SIGNATURE);
}

static void
a_token_key_takes_no_plain_signature_and_cannot_sign(void **state)
{
	SCOPED(token_free) struct token t = token_make(false);
	struct span inner;
	SCOPED(writer_free) struct writer w = signature(t.inner, "ssh-ed25519", &inner);
	SCOPED(writer_free) struct writer out = writer_init(LIMIT_SIGNATURE);

	(void)state;
	assert_int_equal(verify_as(t.pub, t.sk_alg, t.sk_alg, inner), ERR_SIGNATURE);
	assert_int_equal(verify_as(t.pub, "ssh-ed25519", "ssh-ed25519", inner), ERR_DENIED);
	assert_int_equal(key_sign(t.pub, span_str(t.sk_alg), DATA, &out), ERR_UNSUPPORTED);
}

#define WEBAUTHN	"webauthn-sk-ecdsa-sha2-nistp256@openssh.com"

/* Verifies a browser's signature with this JSON. */
static enum err
webauthn(const struct token *t, uint8_t flags, const char *origin, const char *json,
    const char *extensions)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_SIGNATURE);
	struct key_token said;

	token_sign(t, &w, WEBAUTHN, flags, span_str(extensions), span_str(json));
	wr_str(&w, origin);
	wr_str(&w, json);
	wr_str(&w, extensions);
	return key_verify(t->pub, SPAN_LIT(WEBAUTHN), SPAN_LIT(WEBAUTHN), writer_span(&w), DATA, &said);
}

/* "the data that is signed" in base64url. */
#define CHALLENGE	"dGhlIGRhdGEgdGhhdCBpcyBzaWduZWQ"
#define JSON(challenge, origin, rest)	\
	"{\"type\":\"webauthn.get\",\"challenge\":\"" challenge "\",\"origin\":\"" origin "\"" rest

static void
a_browsers_signature_must_carry_challenge_and_origin(void **state)
{
	SCOPED(token_free) struct token t = token_make(true);
	const char *origin = "https://example.com";

	(void)state;
	assert_int_equal(webauthn(&t, 1, origin, JSON(CHALLENGE, "https://example.com", "}"), ""), ERR_OK);
	assert_int_equal(webauthn(&t, 1, origin,
	    JSON(CHALLENGE, "https://example.com", ",\"crossOrigin\":false}"), ""), ERR_OK);
	assert_int_equal(webauthn(&t, 0x81, origin,
	    JSON(CHALLENGE, "https://example.com", "}"), "ext"), ERR_OK);

	assert_int_equal(webauthn(&t, 1, origin, JSON("AAAA", "https://example.com", "}"), ""), ERR_SIGNATURE);
	assert_int_equal(webauthn(&t, 1, origin, JSON(CHALLENGE "A", "https://example.com", "}"), ""), ERR_SIGNATURE);
	assert_int_equal(webauthn(&t, 1, origin, JSON(CHALLENGE, "https://example.org", "}"), ""), ERR_SIGNATURE);
	assert_int_equal(webauthn(&t, 1, origin, JSON(CHALLENGE, "https://example.com", ""), ""), ERR_SIGNATURE);
	assert_int_equal(webauthn(&t, 1, origin, JSON(CHALLENGE, "https://example.com", "x}"), ""), ERR_SIGNATURE);
	assert_int_equal(webauthn(&t, 1, origin, "", ""), ERR_SIGNATURE);
	assert_int_equal(webauthn(&t, 1, "x\",\"y\":\"z", JSON(CHALLENGE, "x\",\"y\":\"z", "}"), ""), ERR_SIGNATURE);
	assert_int_equal(webauthn(&t, 1, origin, JSON(CHALLENGE, "https://example.com", "}"), "ext"), ERR_SIGNATURE);
	assert_int_equal(webauthn(&t, 0x81, origin, JSON(CHALLENGE, "https://example.com", "}"), ""), ERR_SIGNATURE);
	assert_int_equal(webauthn(&t, 0x41, origin, JSON(CHALLENGE, "https://example.com", "}"), ""), ERR_SIGNATURE);
}

/* --- faults --- */

/* Gives k a private half that is not that of its public one, as a flipped bit would. */
static void
spoil_ed25519(struct key *k)
{
	uint8_t seed[32] = { 1 }, public[32];
	size_t len = sizeof(public);
	OSSL_PARAM params[] = {
		OSSL_PARAM_octet_string("priv", seed, sizeof(seed)),
		OSSL_PARAM_octet_string("pub", public, sizeof(public)),
		OSSL_PARAM_END,
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "ED25519", NULL);

	assert_int_equal(EVP_PKEY_get_raw_public_key(k->pkey, public, &len), 1);
	EVP_PKEY_free(k->pkey);
	k->pkey = NULL;
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &k->pkey, EVP_PKEY_KEYPAIR, params), 1);
	EVP_PKEY_CTX_free(ctx);
}

/* Adds 2 to the named number of the private half, or to all of them. */
static void
spoil_numbers(struct key *k, const char *const *names, size_t n, const char *wrong)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);
	BIGNUM *number[8] = { NULL };
	OSSL_PARAM *params;
	char group[32];
	size_t len = 0;
	uint8_t point[200];

	for (size_t i = 0; i < n; i++) {
		assert_int_equal(EVP_PKEY_get_bn_param(k->pkey, names[i], &number[i]), 1);
		if (strstr(wrong, names[i]) != NULL)
			assert_int_equal(BN_add_word(number[i], 2), 1);
		assert_int_equal(OSSL_PARAM_BLD_push_BN(bld, names[i], number[i]), 1);
	}
	if (n == 1) {		/* a curve's key has its curve and point beside */
		assert_int_equal(EVP_PKEY_get_utf8_string_param(k->pkey, "group", group, sizeof(group), NULL), 1);
		assert_int_equal(EVP_PKEY_get_octet_string_param(k->pkey, "pub", point, sizeof(point), &len), 1);
		assert_int_equal(OSSL_PARAM_BLD_push_utf8_string(bld, "group", group, 0), 1);
		assert_int_equal(OSSL_PARAM_BLD_push_octet_string(bld, "pub", point, len), 1);
	}
	params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY_free(k->pkey);
	k->pkey = NULL;
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &k->pkey, EVP_PKEY_KEYPAIR, params), 1);
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	for (size_t i = 0; i < n; i++)
		BN_clear_free(number[i]);
}

static void
assert_nothing_leaves(const struct key *k)
{
	struct span algs = span_str(key_algs(k)), alg;

	while (span_token(&algs, ',', &alg)) {
		SCOPED(writer_free) struct writer w = writer_init(8192);
		SCOPED(writer_free) struct writer wrong = writer_init(8192);

		/* It is made, and wrong. */
		assert_int_equal(k->kind->sign(k, key_alg_row(alg), SPAN_LIT("message"), &wrong), ERR_OK);
		assert_true(wrong.len > 0);
		assert_int_equal(key_sign(k, alg, SPAN_LIT("message"), &w), ERR_CRYPTO);
		assert_int_equal(w.len, 0);
	}
}

/* threats.md 3: faulty RSA-CRT signatures; the like of the other kinds. */
static void
a_faulty_signature_never_leaves(void **state)
{
	static const char *const rsa[] = { "n", "e", "d", "rsa-factor1", "rsa-factor2",
	    "rsa-exponent1", "rsa-exponent2", "rsa-coefficient1" };
	static const char *const ec[] = { "priv" };
	static const char *const kinds[] = { "ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp521", "rsa" };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct rng_test seed = { 9 };
		struct rng rng = rng_test(&seed);
		SCOPED(key_free) struct key *k = NULL;
		SCOPED(writer_free) struct writer w = writer_init(8192);
		struct span algs, alg = SPAN_EMPTY;

		assert_int_equal(key_generate(span_str(kinds[i]), 0, &rng, &k), ERR_OK);
		algs = span_str(key_algs(k));
		assert_true(span_token(&algs, ',', &alg));
		assert_int_equal(key_sign(k, alg, SPAN_LIT("message"), &w), ERR_OK);
		if (i == 0)
			spoil_ed25519(k);
		else if (i < 3)
			spoil_numbers(k, ec, COUNT(ec), "priv");
		else
			spoil_numbers(k, rsa, COUNT(rsa), "d rsa-exponent1 rsa-exponent2");
		assert_nothing_leaves(k);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_faulty_signature_never_leaves),
		cmocka_unit_test(an_algorithm_that_is_not_allowed_is_denied),
		cmocka_unit_test(an_algorithm_of_another_key_type_is_denied),
		cmocka_unit_test(the_signature_must_name_the_algorithm_that_was_agreed),
		cmocka_unit_test(bytes_behind_a_signature_are_refused_wherever_they_stand),
		cmocka_unit_test(every_prefix_and_every_flipped_bit_of_a_signature_is_refused),
		cmocka_unit_test(an_ed25519_signature_with_s_plus_l_is_refused),
		cmocka_unit_test(ecdsa_numbers_out_of_range_are_refused),
		cmocka_unit_test(rsa_signatures_are_as_long_as_the_modulus_or_lack_leading_zeros),
		cmocka_unit_test(a_signature_above_the_limit_is_refused_unread),
		cmocka_unit_test(token_signatures_verify_and_tell_touch_verification_and_counter),
		cmocka_unit_test(a_token_signature_holds_for_its_flags_counter_and_application_only),
		cmocka_unit_test(a_token_key_takes_no_plain_signature_and_cannot_sign),
		cmocka_unit_test(a_browsers_signature_must_carry_challenge_and_origin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
