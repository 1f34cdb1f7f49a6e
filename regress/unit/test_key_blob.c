/* SPDX-License-Identifier: ISC */
/* Public key blobs that no honest peer sends (threats 3: points, RSA sizes). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/rng.h"
#include "keys/key.h"

/* Parses what w holds and frees w; the key, if any, is freed too. */
static enum err
parse(struct writer *w)
{
	SCOPED(key_free) struct key *k = NULL;
	enum err e;

	assert_int_equal(wr_end(w), ERR_OK);
	e = key_from_blob(writer_span(w), &k);
	assert_int_equal(k != NULL, e == ERR_OK);
	writer_free(w);
	return e;
}

static enum err
parse_ed25519(const char *type, size_t len)
{
	struct writer w = writer_init(LIMIT_KEY_BLOB);
	uint8_t bytes[64] = { 0x58, 0x66 };

	wr_str(&w, type);
	wr_bytes(&w, span_of(bytes, len));
	return parse(&w);
}

static void
ed25519_keys_have_32_bytes_exactly(void **state)
{
	(void)state;
	assert_int_equal(parse_ed25519("ssh-ed25519", 32), ERR_OK);
	assert_int_equal(parse_ed25519("ssh-ed25519", 0), ERR_FORMAT);
	assert_int_equal(parse_ed25519("ssh-ed25519", 31), ERR_FORMAT);
	assert_int_equal(parse_ed25519("ssh-ed25519", 33), ERR_FORMAT);
}

static void
types_that_are_unknown_or_certificates_are_not_supported(void **state)
{
	(void)state;
	assert_int_equal(parse_ed25519("ssh-dss", 32), ERR_UNSUPPORTED);
	assert_int_equal(parse_ed25519("ssh-ed25519-cert-v01@openssh.com", 32), ERR_UNSUPPORTED);
	assert_int_equal(parse_ed25519("rsa-sha2-256", 32), ERR_UNSUPPORTED);
	assert_int_equal(parse_ed25519("SSH-ED25519", 32), ERR_UNSUPPORTED);
	assert_int_equal(parse_ed25519("", 32), ERR_UNSUPPORTED);
}

/* A P-256 public key (RFC 6979 A.2.5). */
static const uint8_t p256_point[65] = {
	0x04,
	0x60, 0xfe, 0xd4, 0xba, 0x25, 0x5a, 0x9d, 0x31, 0xc9, 0x61, 0xeb, 0x74,
	0xc6, 0x35, 0x6d, 0x68, 0xc0, 0x49, 0xb8, 0x92, 0x3b, 0x61, 0xfa, 0x6c,
	0xe6, 0x69, 0x62, 0x2e, 0x60, 0xf2, 0x9f, 0xb6,
	0x79, 0x03, 0xfe, 0x10, 0x08, 0xb8, 0xbc, 0x99, 0xa4, 0x1a, 0xe9, 0xe9,
	0x56, 0x28, 0xbc, 0x64, 0xf2, 0xf1, 0xb2, 0x0c, 0x2d, 0x7e, 0x9f, 0x51,
	0x77, 0xa3, 0xc2, 0x94, 0xd4, 0x46, 0x22, 0x99,
};

static enum err
parse_point(const char *type, const char *curve, struct span point)
{
	struct writer w = writer_init(LIMIT_KEY_BLOB);

	wr_str(&w, type);
	wr_str(&w, curve);
	wr_bytes(&w, point);
	return parse(&w);
}

static enum err
parse_p256(struct span point)
{
	return parse_point("ecdsa-sha2-nistp256", "nistp256", point);
}

static void
a_plain_point_on_its_curve_is_taken(void **state)
{
	(void)state;
	assert_int_equal(parse_p256(span_of(p256_point, 65)), ERR_OK);
}

static void
infinity_compressed_and_hybrid_points_are_refused(void **state)
{
	uint8_t point[65];

	(void)state;
	assert_int_equal(parse_p256(SPAN_EMPTY), ERR_FORMAT);
	assert_int_equal(parse_p256(span_of((uint8_t[]){ 0 }, 1)), ERR_FORMAT);
	memcpy(point, p256_point, sizeof point);
	for (int first = 0; first < 256; first++) {
		point[0] = (uint8_t)first;
		assert_int_equal(parse_p256(span_of(point, 33)), ERR_FORMAT);
		assert_int_equal(parse_p256(span_of(point, 65)), first == 4 ? ERR_OK : ERR_FORMAT);
	}
}

static void
points_off_the_curve_and_coordinates_out_of_range_are_refused(void **state)
{
	uint8_t point[97] = { 4 };
	static const uint8_t p[32] = {
		0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, [20] = 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	};

	(void)state;
	assert_int_equal(parse_p256(span_of(point, 65)), ERR_FORMAT);	/* 0, 0 */
	memcpy(point, p256_point, 65);
	point[64] ^= 1;
	assert_int_equal(parse_p256(span_of(point, 65)), ERR_FORMAT);
	memcpy(point + 1, p, sizeof p);
	assert_int_equal(parse_p256(span_of(point, 65)), ERR_FORMAT);
	memset(point + 1, 0xff, 64);
	assert_int_equal(parse_p256(span_of(point, 65)), ERR_FORMAT);
	memcpy(point, p256_point, 65);
	assert_int_equal(parse_p256(span_of(point, 64)), ERR_FORMAT);
	assert_int_equal(parse_p256(span_of(point, 66)), ERR_FORMAT);
	assert_int_equal(parse_p256(span_of(point, 97)), ERR_FORMAT);
}

static void
the_curve_must_be_that_of_the_type(void **state)
{
	struct span point = span_of(p256_point, 65);

	(void)state;
	assert_int_equal(parse_point("ecdsa-sha2-nistp256", "nistp384", point), ERR_FORMAT);
	assert_int_equal(parse_point("ecdsa-sha2-nistp384", "nistp256", point), ERR_FORMAT);
	assert_int_equal(parse_point("ecdsa-sha2-nistp384", "nistp384", point), ERR_FORMAT);
	assert_int_equal(parse_point("ecdsa-sha2-nistp521", "nistp521", point), ERR_FORMAT);
	assert_int_equal(parse_point("ecdsa-sha2-nistp256", "", point), ERR_FORMAT);
}

/* An RSA blob with exponent e and a modulus of that many bits, lowest bit odd. */
static enum err
parse_rsa(uint32_t e, unsigned bits, bool odd)
{
	static uint8_t n[LIMIT_RSA_BITS / 8 + 8];
	struct writer w = writer_init(LIMIT_KEY_BLOB);
	size_t len = (bits + 7) / 8;
	uint8_t ebytes[4] = { (uint8_t)(e >> 24), (uint8_t)(e >> 16), (uint8_t)(e >> 8), (uint8_t)e };

	memset(n, 0xa5, len);
	n[0] = (uint8_t)(1 << (bits - 1) % 8);
	n[len - 1] = (uint8_t)((n[len - 1] & 0xfe) | odd);
	wr_str(&w, "ssh-rsa");
	wr_mpint(&w, span_of(ebytes, 4));
	wr_mpint(&w, span_of(n, len));
	return parse(&w);
}

static void
rsa_keys_come_in_sizes_from_1024_to_16384(void **state)
{
	(void)state;
	assert_int_equal(parse_rsa(65537, 8, true), ERR_LIMIT);
	assert_int_equal(parse_rsa(65537, 1023, true), ERR_LIMIT);
	assert_int_equal(parse_rsa(65537, 1024, true), ERR_OK);
	assert_int_equal(parse_rsa(65537, 3072, true), ERR_OK);
	assert_int_equal(parse_rsa(65537, 16384, true), ERR_OK);
	assert_int_equal(parse_rsa(65537, 16385, true), ERR_LIMIT);
}

static void
rsa_exponents_and_moduli_must_be_odd_and_exponents_small(void **state)
{
	struct writer w = writer_init(LIMIT_KEY_BLOB);
	uint8_t big[128];

	(void)state;
	assert_int_equal(parse_rsa(3, 2048, true), ERR_OK);
	assert_int_equal(parse_rsa(0xffffffff, 2048, true), ERR_OK);
	assert_int_equal(parse_rsa(0, 2048, true), ERR_FORMAT);
	assert_int_equal(parse_rsa(1, 2048, true), ERR_FORMAT);
	assert_int_equal(parse_rsa(2, 2048, true), ERR_FORMAT);
	assert_int_equal(parse_rsa(65536, 2048, true), ERR_FORMAT);
	assert_int_equal(parse_rsa(65537, 2048, false), ERR_FORMAT);

	memset(big, 0xa5, sizeof big);
	wr_str(&w, "ssh-rsa");
	wr_mpint(&w, span_of("\1\0\0\0\1", 5));		/* 2^32 + 1 */
	wr_mpint(&w, span_of(big, sizeof big));
	assert_int_equal(parse(&w), ERR_LIMIT);
}

static void
rsa_numbers_must_be_positive_and_in_shortest_form(void **state)
{
	uint8_t n[130];
	struct writer w = writer_init(LIMIT_KEY_BLOB);

	(void)state;
	memset(n, 0xa5, sizeof n);
	wr_str(&w, "ssh-rsa");
	wr_mpint(&w, span_of("\1\0\1", 3));
	wr_bytes(&w, span_of(n, 128));			/* top bit set: negative */
	assert_int_equal(parse(&w), ERR_FORMAT);

	n[0] = n[1] = 0;
	wr_str(&w, "ssh-rsa");
	wr_mpint(&w, span_of("\1\0\1", 3));
	wr_bytes(&w, span_of(n, 130));			/* two zero bytes in front */
	assert_int_equal(parse(&w), ERR_FORMAT);
}

static enum err
parse_sk(struct span application, size_t key_len, bool more)
{
	struct writer w = writer_init(LIMIT_KEY_BLOB);
	uint8_t bytes[64] = { 0x58, 0x66 };

	wr_str(&w, "sk-ssh-ed25519@openssh.com");
	wr_bytes(&w, span_of(bytes, key_len));
	wr_bytes(&w, application);
	if (more)
		wr_u8(&w, 0);
	return parse(&w);
}

static void
token_keys_have_an_application_without_nul_and_nothing_behind_it(void **state)
{
	(void)state;
	assert_int_equal(parse_sk(SPAN_LIT("ssh:"), 32, false), ERR_OK);
	assert_int_equal(parse_sk(SPAN_EMPTY, 32, false), ERR_OK);
	assert_int_equal(parse_sk(SPAN_LIT("ssh:"), 31, false), ERR_FORMAT);
	assert_int_equal(parse_sk(SPAN_LIT("ssh\0:"), 32, false), ERR_FORMAT);
	assert_int_equal(parse_sk(SPAN_LIT("ssh:"), 32, true), ERR_TRAILING);
	assert_int_equal(parse_point("sk-ecdsa-sha2-nistp256@openssh.com", "nistp256",
	    span_of(p256_point, 65)), ERR_SHORT);
}

static void
the_application_of_a_token_key_is_found_again(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_KEY_BLOB);
	SCOPED(key_free) struct key *k = NULL;

	(void)state;
	wr_str(&w, "sk-ecdsa-sha2-nistp256@openssh.com");
	wr_str(&w, "nistp256");
	wr_bytes(&w, span_of(p256_point, 65));
	wr_str(&w, "ssh:test");
	assert_int_equal(key_from_blob(writer_span(&w), &k), ERR_OK);
	assert_true(key_is_sk(k));
	assert_true(span_is(key_application(k), "ssh:test"));
	assert_string_equal(key_label(k), "ECDSA-SK");
}

static void
blobs_above_the_limit_are_refused_unread(void **state)
{
	static uint8_t zeros[LIMIT_KEY_BLOB + 1];
	struct key *k;

	(void)state;
	assert_int_equal(key_from_blob(span_of(zeros, sizeof zeros), &k), ERR_LIMIT);
	assert_null(k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ed25519_keys_have_32_bytes_exactly),
		cmocka_unit_test(types_that_are_unknown_or_certificates_are_not_supported),
		cmocka_unit_test(a_plain_point_on_its_curve_is_taken),
		cmocka_unit_test(infinity_compressed_and_hybrid_points_are_refused),
		cmocka_unit_test(points_off_the_curve_and_coordinates_out_of_range_are_refused),
		cmocka_unit_test(the_curve_must_be_that_of_the_type),
		cmocka_unit_test(rsa_keys_come_in_sizes_from_1024_to_16384),
		cmocka_unit_test(rsa_exponents_and_moduli_must_be_odd_and_exponents_small),
		cmocka_unit_test(rsa_numbers_must_be_positive_and_in_shortest_form),
		cmocka_unit_test(token_keys_have_an_application_without_nul_and_nothing_behind_it),
		cmocka_unit_test(the_application_of_a_token_key_is_found_again),
		cmocka_unit_test(blobs_above_the_limit_are_refused_unread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
