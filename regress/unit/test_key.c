/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "base/text.h"
#include "crypto/hash.h"
#include "keys/fingerprint.h"
#include "keys/cert.h"
#include "keys/key_i.h"
#include "regress/support/alloc.h"
#include "regress/support/kat.h"

static const struct {
	const char *kind;
	unsigned bits;
	const char *type;
	const char *label;
} made[] = {
	{ "ed25519", 256, "ssh-ed25519", "ED25519" },
	{ "ecdsa", 256, "ecdsa-sha2-nistp256", "ECDSA" },
	{ "ecdsa", 384, "ecdsa-sha2-nistp384", "ECDSA" },
	{ "ecdsa", 521, "ecdsa-sha2-nistp521", "ECDSA" },
	{ "rsa", 1024, "ssh-rsa", "RSA" },
};

static struct key *
make(size_t i)
{
	struct rng_test seed = { .state = 7 + i };
	struct rng rng = rng_test(&seed);
	struct key *k;

	assert_int_equal(key_generate(span_str(made[i].kind), made[i].bits, &rng, &k), ERR_OK);
	return k;
}

static void
a_generated_key_knows_what_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(made); i++) {
		SCOPED(key_free) struct key *k = make(i);

		assert_string_equal(key_type(k), made[i].type);
		assert_string_equal(key_label(k), made[i].label);
		assert_int_equal(key_bits(k), made[i].bits);
		assert_true(key_has_private(k));
		assert_false(key_is_sk(k));
		assert_true(span_is(key_blob_type(key_blob(k)), made[i].type));
	}
}

static void
a_public_blob_parses_to_an_equal_key_without_a_private_half(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(made); i++) {
		SCOPED(key_free) struct key *k = make(i);
		SCOPED(key_free) struct key *pub = NULL;
		SCOPED(writer_free) struct writer w = writer_init(8192);

		assert_int_equal(key_from_blob(key_blob(k), &pub), ERR_OK);
		assert_true(key_equal(k, pub));
		assert_int_equal(key_bits(pub), made[i].bits);
		assert_false(key_has_private(pub));
		assert_int_equal(key_sign(pub, span_str(made[i].type), SPAN_LIT("x"), &w),
		    ERR_UNSUPPORTED);
		assert_int_equal(w.len, 0);
	}
}

static void
every_prefix_of_a_blob_and_a_blob_with_one_byte_more_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(made); i++) {
		SCOPED(key_free) struct key *k = make(i);
		uint8_t copy[1024] = { 0 };
		struct span blob = key_blob(k);
		struct key *out;

		for (size_t n = 0; n < blob.len; n++) {
			assert_int_not_equal(key_from_blob(span_first(blob, n), &out), ERR_OK);
			assert_null(out);
		}
		memcpy(copy, blob.p, blob.len);
		assert_int_equal(key_from_blob(span_of(copy, blob.len + 1), &out), ERR_TRAILING);
		assert_null(out);
	}
}

static void
the_default_sizes_are_used_when_none_is_given(void **state)
{
	struct rng_test seed = { .state = 1 };
	struct rng rng = rng_test(&seed);
	SCOPED(key_free) struct key *ec = NULL, *ed = NULL, *rsa = NULL;

	(void)state;
	assert_int_equal(key_generate(SPAN_LIT("ecdsa"), 0, &rng, &ec), ERR_OK);
	assert_int_equal(key_bits(ec), 256);
	assert_int_equal(key_generate(SPAN_LIT("ed25519"), 0, &rng, &ed), ERR_OK);
	assert_int_equal(key_bits(ed), 256);
	assert_int_equal(key_generate(SPAN_LIT("ssh-rsa"), 0, &rng, &rsa), ERR_OK);
	assert_int_equal(key_bits(rsa), 3072);
}

static void
sizes_and_kinds_that_do_not_exist_are_refused(void **state)
{
	struct rng_test seed = { .state = 1 };
	struct rng rng = rng_test(&seed);
	struct key *k;

	(void)state;
	assert_int_equal(key_generate(SPAN_LIT("ecdsa"), 255, &rng, &k), ERR_RANGE);
	assert_int_equal(key_generate(SPAN_LIT("ecdsa-sha2-nistp384"), 256, &rng, &k), ERR_RANGE);
	assert_int_equal(key_generate(SPAN_LIT("rsa"), 1023, &rng, &k), ERR_RANGE);
	assert_int_equal(key_generate(SPAN_LIT("rsa"), 16385, &rng, &k), ERR_RANGE);
	assert_int_equal(key_generate(SPAN_LIT("dsa"), 1024, &rng, &k), ERR_UNSUPPORTED);
	assert_int_equal(key_generate(SPAN_EMPTY, 0, &rng, &k), ERR_UNSUPPORTED);
	assert_null(k);
}

static void
a_key_follows_from_the_randomness_it_is_made_of(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		SCOPED(key_free) struct key *a = make(i);
		SCOPED(key_free) struct key *b = make(i);

		assert_true(key_equal(a, b));
	}
}

static void
different_keys_are_not_equal(void **state)
{
	SCOPED(key_free) struct key *a = make(0);
	SCOPED(key_free) struct key *b = make(1);

	(void)state;
	assert_false(key_equal(a, b));
}

/* Signs and verifies by every algorithm of k. */
static void
round_trip(const struct key *k)
{
	struct span algs = span_str(key_algs(k)), alg;

	while (span_token(&algs, ',', &alg)) {
		SCOPED(writer_free) struct writer w = writer_init(8192);

		assert_int_equal(key_sign(k, alg, SPAN_LIT("message"), &w), ERR_OK);
		assert_int_equal(key_verify(k, alg, alg, writer_span(&w),
		    SPAN_LIT("message"), NULL), ERR_OK);
		assert_int_equal(key_verify(k, alg, alg, writer_span(&w),
		    SPAN_LIT("messagf"), NULL), ERR_SIGNATURE);
	}
}

static void
signatures_by_every_algorithm_verify_over_the_same_data_only(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(made); i++) {
		SCOPED(key_free) struct key *k = make(i);

		round_trip(k);
	}
}

static void
ed25519_signs_as_rfc_8032_says(void **state)
{
	struct kat kat;

	(void)state;
	kat_open(&kat, "ed25519.txt");
	while (kat_next(&kat)) {
		SCOPED(key_free) struct key *k = NULL;
		SCOPED(writer_free) struct writer w = writer_init(1024);
		size_t len, pub_len, sig_len;
		const uint8_t *message = kat_bytes(&kat, "message", &len);
		const uint8_t *pub = kat_bytes(&kat, "public", &pub_len);
		const uint8_t *sig = kat_bytes(&kat, "signature", &sig_len);

		assert_int_equal(key_from_ed25519_seed(kat_bytes(&kat, "seed", NULL), &k), ERR_OK);
		assert_memory_equal(key_blob(k).p + key_blob(k).len - 32, pub, pub_len);
		assert_int_equal(key_sign(k, SPAN_LIT("ssh-ed25519"), span_of(message, len), &w), ERR_OK);
		assert_int_equal(w.len, 4 + 11 + 4 + 64);
		assert_memory_equal(w.p + w.len - 64, sig, sig_len);
	}
}

static void
ecdsa_verifies_the_signatures_of_rfc_6979(void **state)
{
	struct kat kat;

	(void)state;
	kat_open(&kat, "ecdsa.txt");
	while (kat_next(&kat)) {
		SCOPED(writer_free) struct writer blob = writer_init(1024), sig = writer_init(1024);
		SCOPED(key_free) struct key *k = NULL;
		struct span type = span_str(kat_text(&kat, "type"));
		size_t len, m;
		const uint8_t *p;

		wr_bytes(&blob, type);
		wr_bytes(&blob, span_skip(type, strlen("ecdsa-sha2-")));
		m = wr_open(&blob);
		wr_u8(&blob, 4);
		p = kat_bytes(&kat, "x", &len);
		wr_raw(&blob, span_of(p, len));
		p = kat_bytes(&kat, "y", &len);
		wr_raw(&blob, span_of(p, len));
		wr_close(&blob, m);
		assert_int_equal(key_from_blob(writer_span(&blob), &k), ERR_OK);

		wr_bytes(&sig, type);
		m = wr_open(&sig);
		p = kat_bytes(&kat, "r", &len);
		wr_mpint(&sig, span_of(p, len));
		p = kat_bytes(&kat, "s", &len);
		wr_mpint(&sig, span_of(p, len));
		wr_close(&sig, m);
		p = kat_bytes(&kat, "message", &len);
		assert_int_equal(key_verify(k, type, type, writer_span(&sig),
		    span_of(p, len), NULL), ERR_OK);
		assert_int_equal(key_verify(k, type, type, writer_span(&sig),
		    span_of(p, len - 1), NULL), ERR_SIGNATURE);
	}
}

/* The nonce of a signature, from what only its maker knows: k = (h + r * d) / s. */
static BIGNUM *
nonce_of(const struct key *k, struct span data)
{
	SCOPED(writer_free) struct writer private = writer_init(1024);
	SCOPED(writer_free) struct writer sig = writer_init(1024);
	BN_CTX *ctx = BN_CTX_new();
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_secp521r1);
	EC_POINT *point = EC_POINT_new(group);
	BIGNUM *n, *h, *d, *r, *s;
	uint8_t hash[64];
	struct reader in;
	struct span x;

	assert_int_equal(key_write_private(k, &private), ERR_OK);
	in = rd_init(writer_span(&private));
	for (int i = 0; i < 3; i++)
		rd_bytes(&in);		/* type, curve, point */
	x = rd_mpint(&in, 66);
	d = BN_bin2bn(x.p, (int)x.len, NULL);
	assert_int_equal(key_sign(k, SPAN_LIT("ecdsa-sha2-nistp521"), data, &sig), ERR_OK);
	in = rd_init(writer_span(&sig));
	rd_bytes(&in);
	in = rd_init(rd_bytes(&in));
	x = rd_mpint(&in, 66);
	r = BN_bin2bn(x.p, (int)x.len, NULL);
	x = rd_mpint(&in, 66);
	s = BN_bin2bn(x.p, (int)x.len, NULL);
	assert_int_equal(rd_end(&in), ERR_OK);
	hash_once(hash_find("sha512"), data, hash);
	h = BN_bin2bn(hash, sizeof(hash), NULL);
	n = BN_dup(EC_GROUP_get0_order(group));
	assert_true(BN_mod_mul(d, d, r, n, ctx) == 1 && BN_mod_add(h, h, d, n, ctx) == 1 &&
	    BN_mod_inverse(s, s, n, ctx) != NULL && BN_mod_mul(h, h, s, n, ctx) == 1);
	/* That it is the one: r is the x of that many times the base point. */
	assert_true(EC_POINT_mul(group, point, h, NULL, NULL, ctx) == 1 &&
	    EC_POINT_get_affine_coordinates(group, point, s, NULL, ctx) == 1 && BN_nnmod(s, s, n, ctx) == 1);
	assert_int_equal(BN_cmp(s, r), 0);
	EC_POINT_free(point);
	EC_GROUP_free(group);
	BN_free(n);
	BN_free(d);
	BN_free(r);
	BN_free(s);
	BN_CTX_free(ctx);
	return h;
}

/* PuTTY CVE-2024-31497: of 521 bits the upper nine were 0, always. */
static void
p521_nonces_use_the_full_width_of_the_order(void **state)
{
	SCOPED(key_free) struct key *k = make(3);
	unsigned full = 0;

	(void)state;
	for (int i = 0; i < 64; i++) {
		BIGNUM *nonce = nonce_of(k, SPAN_LIT("x"));

		full += BN_num_bits(nonce) > 512;
		BN_free(nonce);
	}
	/* All but one of 512 do. */
	assert_true(full > 56);
}

/* "On the security of SSH client signatures": those that follow from the data alone can meet again. */
static void
the_same_data_is_signed_with_another_nonce_each_time(void **state)
{
	SCOPED(key_free) struct key *k = make(3);
	BIGNUM *seen[16];

	(void)state;
	for (size_t i = 0; i < COUNT(seen); i++) {
		seen[i] = nonce_of(k, SPAN_LIT("x"));
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(BN_cmp(seen[i], seen[j]), 0);
	}
	for (size_t i = 0; i < COUNT(seen); i++)
		BN_free(seen[i]);
}

static void
lists_name_only_algorithms_and_types_that_exist(void **state)
{
	(void)state;
	for (int which = KEY_LIST_DEFAULT; which <= KEY_LIST_ALL; which++) {
		struct span list = span_str(keys_list((enum key_list)which)), name;

		while (span_token(&list, ',', &name)) {
			const char *plain = cert_alg_plain(name);

			if (plain != NULL)
				name = span_str(plain);
			assert_true(plain == NULL || which == KEY_LIST_DEFAULT || which == KEY_LIST_ALL);
			assert_non_null(key_alg_find(name));
			assert_non_null(key_alg_type(name));
			assert_non_null(key_alg_hash(name));
		}
	}
	for (int which = KEY_LIST_PLAIN; which <= KEY_LIST_TYPES; which++) {
		struct span list = span_str(keys_list((enum key_list)which)), name;

		while (span_token(&list, ',', &name)) {
			const char *plain = cert_type_plain(name);

			assert_true(plain == NULL || which != KEY_LIST_PLAIN);
			assert_true(plain != NULL || which != KEY_LIST_CERT);
			assert_non_null(key_type_find(plain != NULL ? span_str(plain) : name));
		}
	}
}

static void
sha1_signatures_are_in_no_default_list(void **state)
{
	(void)state;
	assert_false(text_list_has(span_str(keys_list(KEY_LIST_DEFAULT)), SPAN_LIT("ssh-rsa")));
	assert_false(text_list_has(span_str(keys_list(KEY_LIST_CA)), SPAN_LIT("ssh-rsa")));
	assert_false(text_list_has(span_str(keys_list(KEY_LIST_DEFAULT)),
	    SPAN_LIT("ssh-rsa-cert-v01@openssh.com")));
	assert_true(text_list_has(span_str(keys_list(KEY_LIST_ALL)), SPAN_LIT("ssh-rsa")));
	assert_true(text_list_has(span_str(keys_list(KEY_LIST_SIG)), SPAN_LIT("ssh-rsa")));
}

static void
labels_and_types_are_found_both_ways(void **state)
{
	(void)state;
	assert_string_equal(key_type_label(SPAN_LIT("ssh-rsa")), "RSA");
	assert_string_equal(key_type_of_label(SPAN_LIT("rsa")), "ssh-rsa");
	assert_string_equal(key_type_of_label(SPAN_LIT("ECDSA")), "ecdsa-sha2-nistp256");
	assert_string_equal(key_type_of_label(SPAN_LIT("ed25519-SK")), "sk-ssh-ed25519@openssh.com");
	assert_null(key_type_of_label(SPAN_LIT("ED2551")));
	assert_null(key_type_label(SPAN_LIT("ssh-dss")));
	assert_null(key_type_find(SPAN_LIT("rsa-sha2-256")));
	assert_string_equal(key_alg_type(SPAN_LIT("rsa-sha2-256")), "ssh-rsa");
	assert_null(key_alg_find(SPAN_LIT("rsa-sha2-25")));
}

static void
running_out_of_memory_is_reported_and_leaks_nothing(void **state)
{
	SCOPED(key_free) struct key *k = make(1);
	struct key *out;
	enum err e = ERR_NOMEM;

	(void)state;
	for (unsigned n = 0; e != ERR_OK; n++) {
		alloc_fail_after(n);
		e = key_from_blob(key_blob(k), &out);
		alloc_fail_never();
		if (alloc_failed()) {
			assert_int_equal(e, ERR_NOMEM);
			assert_null(out);
		}
	}
	key_free(&out);
	assert_null(out);
}

static void
fingerprints_are_those_that_openssh_prints(void **state)
{
	/* ssh-keygen -l of the key of RFC 8032 7.1 TEST 1. */
	SCOPED(key_free) struct key *k = NULL;
	static const uint8_t seed[32] = {
		0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a,
		0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32,
		0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
	};
	char buf[FINGERPRINT_SIZE];

	(void)state;
	assert_int_equal(key_from_ed25519_seed(seed, &k), ERR_OK);
	assert_string_equal(fingerprint_str(buf, key_blob(k), FINGERPRINT_SHA256),
	    "SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8");
	assert_string_equal(fingerprint_str(buf, key_blob(k), FINGERPRINT_MD5),
	    "MD5:cf:07:be:9d:68:ae:65:54:6d:a0:93:c3:6f:bd:0d:82");
	assert_string_equal(fingerprint_str(buf, key_blob(k), FINGERPRINT_SHA1), "SHA1:5MGJJq+l2/0QwOBqYLrGmOH7J5M");
	assert_string_equal(fingerprint_str(buf, key_blob(k), FINGERPRINT_SHA384), "SHA384:Jek0Tfk0H6SrKaLoHGwuKmQ+w/oJ5Z1cGh3Wpk3zN7QnjkurVNAhfOUF0ZIixpcY");
	assert_string_equal(fingerprint_str(buf, key_blob(k), FINGERPRINT_SHA512), "SHA512:MRC2m6Ib7juJlYR+/kFpIeeimkLRAY0LdoaLL4/1/vUQL4aCcy6nr0t+H9QV35a6UfOovo7IzOh6JVCkSlj0sw");
	assert_true(fingerprint_is(SPAN_LIT("SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8"), key_blob(k)));
	assert_true(fingerprint_is(SPAN_LIT("SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8="), key_blob(k)));
	assert_true(fingerprint_is(SPAN_LIT("MD5:cf:07:be:9d:68:ae:65:54:6d:a0:93:c3:6f:bd:0d:82"), key_blob(k)));
	assert_true(fingerprint_is(span_skip(SPAN_LIT("MD5:cf:07:be:9d:68:ae:65:54:6d:a0:93:c3:6f:bd:0d:82"), 4), key_blob(k)));
	assert_false(fingerprint_is(SPAN_LIT("SHA256:"), key_blob(k)));
	assert_false(fingerprint_is(SPAN_EMPTY, key_blob(k)));
	assert_false(fingerprint_is(SPAN_LIT("yes"), key_blob(k)));
}

static void
randomart_is_what_openssh_draws(void **state)
{
	SCOPED(key_free) struct key *k = NULL;
	SCOPED(writer_free) struct writer w = writer_init(1024);
	static const uint8_t seed[32] = { 1 };

	(void)state;
	assert_int_equal(key_from_ed25519_seed(seed, &k), ERR_OK);
	randomart_put(&w, key_blob(k), FINGERPRINT_SHA256, key_label(k), key_bits(k));
	assert_int_equal(wr_end(&w), ERR_OK);
	assert_true(span_is(writer_span(&w),
	    "+--[ED25519 256]--+\n"
	    "|O.= E            |\n"
	    "| O +             |\n"
	    "|o =   .          |\n"
	    "|++ o + .         |\n"
	    "|*.. = o S   .    |\n"
	    "| +.o +   = . o . |\n"
	    "|... . o o o . o  |\n"
	    "|o +  .  .oo+  o  |\n"
	    "|o=       +B+o+.. |\n"
	    "+----[SHA256]-----+"));
}

static void
the_name_of_a_fingerprint_hash_is_read_in_any_case(void **state)
{
	enum fingerprint kind;

	(void)state;
	assert_int_equal(fingerprint_kind(SPAN_LIT("MD5"), &kind), ERR_OK);
	assert_int_equal(kind, FINGERPRINT_MD5);
	assert_int_equal(fingerprint_kind(SPAN_LIT("sha256"), &kind), ERR_OK);
	assert_int_equal(kind, FINGERPRINT_SHA256);
	assert_int_equal(fingerprint_kind(SPAN_LIT("sha224"), &kind), ERR_UNSUPPORTED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_generated_key_knows_what_it_is),
		cmocka_unit_test(a_public_blob_parses_to_an_equal_key_without_a_private_half),
		cmocka_unit_test(every_prefix_of_a_blob_and_a_blob_with_one_byte_more_are_refused),
		cmocka_unit_test(the_default_sizes_are_used_when_none_is_given),
		cmocka_unit_test(sizes_and_kinds_that_do_not_exist_are_refused),
		cmocka_unit_test(a_key_follows_from_the_randomness_it_is_made_of),
		cmocka_unit_test(different_keys_are_not_equal),
		cmocka_unit_test(signatures_by_every_algorithm_verify_over_the_same_data_only),
		cmocka_unit_test(ed25519_signs_as_rfc_8032_says),
		cmocka_unit_test(ecdsa_verifies_the_signatures_of_rfc_6979),
		cmocka_unit_test(p521_nonces_use_the_full_width_of_the_order),
		cmocka_unit_test(the_same_data_is_signed_with_another_nonce_each_time),
		cmocka_unit_test(lists_name_only_algorithms_and_types_that_exist),
		cmocka_unit_test(sha1_signatures_are_in_no_default_list),
		cmocka_unit_test(labels_and_types_are_found_both_ways),
		cmocka_unit_test(running_out_of_memory_is_reported_and_leaks_nothing),
		cmocka_unit_test(fingerprints_are_those_that_openssh_prints),
		cmocka_unit_test(randomart_is_what_openssh_draws),
		cmocka_unit_test(the_name_of_a_fingerprint_hash_is_read_in_any_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
