/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "base/writer.h"
#include "crypto/hash.h"
#include "keys/sshfp.h"

/* Not a whole key, but the fingerprint is of the bytes, whatever they are. */
#define BLOB	SPAN_LIT("\0\0\0\013ssh-ed25519\0\0\0\1x")

#define ANSWER	0x8180
#define AUTHENTIC	0x81a0

static void
put16(struct writer *w, unsigned v)
{
	wr_u8(w, (uint8_t)(v >> 8));
	wr_u8(w, (uint8_t)v);
}

static void
put_header(struct writer *w, unsigned flags, unsigned n)
{
	put16(w, 1);
	put16(w, flags);
	put16(w, 1);
	put16(w, n);
	put16(w, 0);
	put16(w, 0);
	wr_raw(w, SPAN_LIT("\4host\7example\0"));
	put16(w, SSHFP_TYPE);
	put16(w, 1);
}

/* A record about a key type by a hash; flip changes its last byte. */
static void
put_record(struct writer *w, uint8_t type, uint8_t hash, uint8_t flip)
{
	uint8_t made[HASH_MAX_LEN];
	size_t len = hash == 1 ? 20 : 32;

	hash_once(hash_find(hash == 1 ? "sha1" : "sha256"), BLOB, made);
	made[len - 1] ^= flip;
	wr_raw(w, SPAN_LIT("\xc0\x0c"));
	put16(w, SSHFP_TYPE);
	put16(w, 1);
	wr_raw(w, SPAN_LIT("\0\0\0\1"));
	put16(w, (unsigned)len + 2);
	wr_u8(w, type);
	wr_u8(w, hash);
	wr_raw(w, span_of(made, len));
}

static struct sshfp
check(const struct writer *w)
{
	struct sshfp out;

	assert_int_equal(sshfp_check(writer_span(w), BLOB, &out), ERR_OK);
	return out;
}

static void
the_keys_own_fingerprint_matches(void **state)
{
	(void)state;
	for (uint8_t hash = 1; hash <= 2; hash++) {
		SCOPED(writer_free) struct writer w = writer_init(1024);

		put_header(&w, ANSWER, 2);
		put_record(&w, 4, hash, 1);
		put_record(&w, 4, hash, 0);
		assert_true(check(&w).is_match);
		assert_int_equal(check(&w).n_found, 2);
		assert_false(check(&w).is_authentic);
	}
}

static void
another_fingerprint_does_not_match(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1024);

	(void)state;
	put_header(&w, AUTHENTIC, 1);
	put_record(&w, 4, 2, 1);
	assert_int_equal(check(&w).n_found, 1);
	assert_false(check(&w).is_match);
	assert_true(check(&w).is_authentic);
}

static void
fingerprints_of_other_types_and_hashes_say_nothing(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1024);

	(void)state;
	put_header(&w, ANSWER, 3);
	put_record(&w, 1, 2, 0);
	put_record(&w, 0, 2, 0);
	put_record(&w, 4, 3, 0);
	assert_int_equal(check(&w).n_found, 0);
	assert_false(check(&w).is_match);
}

static void
a_name_that_is_not_there_is_told(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1024);
	struct sshfp out;

	(void)state;
	put_header(&w, ANSWER | 3, 0);
	assert_int_equal(sshfp_check(writer_span(&w), BLOB, &out), ERR_NOTFOUND);
}

static void
an_answer_that_is_cut_anywhere_says_nothing(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1024);

	(void)state;
	put_header(&w, AUTHENTIC, 1);
	put_record(&w, 4, 2, 0);
	for (size_t n = 0; n < w.len; n++) {
		struct sshfp out = { .is_match = true };

		assert_int_not_equal(sshfp_check(span_first(writer_span(&w), n), BLOB, &out), ERR_OK);
		assert_false(out.is_match);
		assert_false(out.is_authentic);
	}
	assert_true(check(&w).is_match);
}

static void
a_question_is_no_answer(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1024);
	struct sshfp out;

	(void)state;
	put_header(&w, 0x0120, 1);
	put_record(&w, 4, 2, 0);
	assert_int_equal(sshfp_check(writer_span(&w), BLOB, &out), ERR_FORMAT);
}

static void
records_say_type_hash_and_fingerprint(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1000), want = writer_init(1000);
	uint8_t sha1[HASH_MAX_LEN], sha256[HASH_MAX_LEN];

	(void)state;
	hash_once(hash_find("sha1"), BLOB, sha1);
	hash_once(hash_find("sha256"), BLOB, sha256);
	sshfp_put(&w, SPAN_LIT("host.example"), BLOB, 0, SSHFP_NAMED);
	wr_raw(&want, SPAN_LIT("host.example IN SSHFP 4 1 "));
	hex_put(&want, span_of(sha1, 20), '\0');
	wr_raw(&want, SPAN_LIT("\nhost.example IN SSHFP 4 2 "));
	hex_put(&want, span_of(sha256, 32), '\0');
	wr_u8(&want, '\n');
	sshfp_put(&w, SPAN_LIT("h"), BLOB, sshfp_hash(SPAN_LIT("SHA256")), SSHFP_GENERIC);
	wr_raw(&want, SPAN_LIT("h IN TYPE44 \\# 34 04 02 "));
	hex_put(&want, span_of(sha256, 32), '\0');
	wr_u8(&want, '\n');
	assert_true(span_eq(writer_span(&w), writer_span(&want)));
}

static void
types_and_hashes_without_a_number_have_no_records(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1000);

	(void)state;
	sshfp_put(&w, SPAN_LIT("h"), SPAN_LIT("\0\0\0\032sk-ssh-ed25519@openssh.com"), 0, SSHFP_NAMED);
	assert_int_equal(w.len, 0);
	assert_int_equal(sshfp_hash(SPAN_LIT("md5")), 0);
	assert_int_equal(sshfp_hash(SPAN_LIT("*")), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_keys_own_fingerprint_matches),
		cmocka_unit_test(another_fingerprint_does_not_match),
		cmocka_unit_test(fingerprints_of_other_types_and_hashes_say_nothing),
		cmocka_unit_test(a_name_that_is_not_there_is_told),
		cmocka_unit_test(an_answer_that_is_cut_anywhere_says_nothing),
		cmocka_unit_test(a_question_is_no_answer),
		cmocka_unit_test(records_say_type_hash_and_fingerprint),
		cmocka_unit_test(types_and_hashes_without_a_number_have_no_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
