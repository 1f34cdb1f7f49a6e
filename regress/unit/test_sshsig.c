/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/reader.h"
#include "keys/sshsig.h"
#include "regress/support/alloc.h"
#include "regress/support/kat.h"

#define MESSAGE	SPAN_LIT("what is signed\n")

static const char *const files[] = {
	"sshsig/ed25519.sig", "sshsig/ecdsa256.sig", "sshsig/ecdsa521.sig", "sshsig/rsa.sig",
	"sshsig/rsa_sha256.sig", "sshsig/ed25519_cert.sig",
};

/* A signature's blob from such a file. */
static struct writer
load_blob(const char *name)
{
	SCOPED(kat_span_free) struct span file = kat_span(name);
	struct writer blob = writer_init(SSHSIG_MAX_BLOB);

	assert_int_equal(sshsig_armour_get(file, &blob), ERR_OK);
	return blob;
}

static enum err
verify(const struct sshsig *s, struct span message)
{
	SCOPED(sshsig_signer_free) struct sshsig_signer signer = { .key = NULL };
	uint8_t digest[HASH_MAX_LEN] = { 0 };
	const struct hash_alg *hash = sshsig_hash(s->hash);

	TRY(sshsig_signer_get(s->signer, &signer));
	if (hash != NULL)
		hash_once(hash, message, digest);
	return sshsig_verify(s, &signer, digest);
}

static void
signatures_of_openssh_hold_for_their_message_only(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		SCOPED(writer_free) struct writer blob = load_blob(files[i]);
		struct sshsig s, other;

		assert_int_equal(sshsig_get(writer_span(&blob), &s), ERR_OK);
		assert_true(span_is(s.name_space, "file"));
		assert_int_equal(verify(&s, MESSAGE), ERR_OK);
		assert_int_equal(verify(&s, SPAN_LIT("what is signed")), ERR_SIGNATURE);
		other = s;
		other.name_space = SPAN_LIT("git");
		assert_int_equal(verify(&other, MESSAGE), ERR_SIGNATURE);
		other = s;
		other.hash = span_is(s.hash, "sha512") ? SPAN_LIT("sha256") : SPAN_LIT("sha512");
		assert_int_equal(verify(&other, MESSAGE), ERR_SIGNATURE);
		other.hash = SPAN_LIT("sha384");
		assert_int_equal(verify(&other, MESSAGE), ERR_UNSUPPORTED);
	}
}

static void
what_is_read_is_written_again_as_openssh_has_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		SCOPED(kat_span_free) struct span file = kat_span(files[i]);
		SCOPED(writer_free) struct writer blob = load_blob(files[i]);
		SCOPED(writer_free) struct writer again = writer_init(SSHSIG_MAX_BLOB);
		SCOPED(writer_free) struct writer text = writer_init(SSHSIG_MAX_BLOB);
		struct sshsig s;

		assert_int_equal(sshsig_get(writer_span(&blob), &s), ERR_OK);
		sshsig_put(&again, &s);
		assert_true(span_eq(writer_span(&again), writer_span(&blob)));
		sshsig_armour_put(&text, writer_span(&again));
		assert_true(span_eq(writer_span(&text), file));
	}
}

static void
a_signature_by_another_key_is_none(void **state)
{
	SCOPED(writer_free) struct writer a = load_blob("sshsig/ed25519.sig");
	SCOPED(writer_free) struct writer b = load_blob("sshsig/rsa.sig");
	struct sshsig s, t;

	(void)state;
	assert_int_equal(sshsig_get(writer_span(&a), &s), ERR_OK);
	assert_int_equal(sshsig_get(writer_span(&b), &t), ERR_OK);
	s.signer = t.signer;
	assert_int_equal(verify(&s, MESSAGE), ERR_SIGNATURE);
}

static void
a_signature_that_is_cut_or_continued_is_refused(void **state)
{
	SCOPED(writer_free) struct writer blob = load_blob("sshsig/ed25519.sig");
	struct span whole = writer_span(&blob);
	struct sshsig s;

	(void)state;
	for (size_t n = 0; n < whole.len; n++)
		assert_int_not_equal(sshsig_get(span_first(whole, n), &s), ERR_OK);
	wr_u8(&blob, 0);
	assert_int_equal(sshsig_get(writer_span(&blob), &s), ERR_TRAILING);
	writer_truncate(&blob, blob.len - 1);
	blob.p[9] = 2;
	assert_int_equal(sshsig_get(writer_span(&blob), &s), ERR_UNSUPPORTED);
	blob.p[9] = 1;
	blob.p[0] = 's';
	assert_int_equal(sshsig_get(writer_span(&blob), &s), ERR_FORMAT);
}

/* --- armour --- */

#define BEGIN	"-----BEGIN SSH SIGNATURE-----"
#define END	"-----END SSH SIGNATURE-----"

static enum err
take_off(const char *text, const char *expected)
{
	SCOPED(writer_free) struct writer blob = writer_init(64);
	enum err e = sshsig_armour_get(span_str(text), &blob);

	if (e == ERR_OK)
		assert_true(span_is(writer_span(&blob), expected));
	return e;
}

static void
armour_is_taken_off_in_all_forms_that_openssh_takes(void **state)
{
	(void)state;
	assert_int_equal(take_off(BEGIN "\nYWJj\n" END "\n", "abc"), ERR_OK);
	assert_int_equal(take_off(BEGIN "\nYWJj\n" END, "abc"), ERR_OK);
	assert_int_equal(take_off(BEGIN "\r\nYWJj\r\nYWJj\r\n" END "\r\n", "abcabc"), ERR_OK);
	assert_int_equal(take_off(BEGIN "\nYW\nJj\n" END "\nmore\n", "abc"), ERR_OK);
}

static void
armour_that_is_not_whole_is_told_apart(void **state)
{
	(void)state;
	assert_int_equal(take_off("", ""), ERR_NOTFOUND);
	assert_int_equal(take_off(BEGIN, ""), ERR_NOTFOUND);
	assert_int_equal(take_off("x\n" BEGIN "\nYWJj\n" END "\n", ""), ERR_NOTFOUND);
	assert_int_equal(take_off(BEGIN "x\nYWJj\n" END "\n", ""), ERR_NOTFOUND);
	assert_int_equal(take_off(BEGIN "\nYWJj\n", ""), ERR_SHORT);
	assert_int_equal(take_off(BEGIN "\nYWJj" END "\n", ""), ERR_SHORT);
	assert_int_equal(take_off(BEGIN "\nY*Jj\n" END "\n", ""), ERR_FORMAT);
	assert_int_equal(take_off(BEGIN "\nYWJ\n" END "\n", "ab"), ERR_FORMAT);
}

/* --- making them --- */

/* Writes a signature of MESSAGE by alg, as key k or what signer shows. */
static void
sign(struct writer *blob, struct writer *sig, struct sshsig *s, const struct key *k, struct span alg)
{
	SCOPED(writer_free) struct writer data = writer_init(SSHSIG_MAX_BLOB);
	uint8_t digest[HASH_MAX_LEN];

	*s = (struct sshsig){ .signer = key_blob(k), .name_space = SPAN_LIT("file"),
	    .hash = SPAN_LIT("sha512") };
	hash_once(sshsig_hash(s->hash), MESSAGE, digest);
	sshsig_signed_put(&data, s, digest);
	assert_int_equal(key_sign(k, alg, writer_span(&data), sig), ERR_OK);
	s->signature = writer_span(sig);
	sshsig_put(blob, s);
	assert_int_equal(wr_end(blob), ERR_OK);
}

static struct key *
make(const char *kind, unsigned bits)
{
	struct rng_test seed = { .state = 41 };
	struct rng rng = rng_test(&seed);
	struct key *k;

	assert_int_equal(key_generate(span_str(kind), bits, &rng, &k), ERR_OK);
	return k;
}

static void
what_every_kind_of_key_signs_holds(void **state)
{
	static const struct { const char *kind; unsigned bits; const char *alg; } rows[] = {
		{ "ed25519", 0, "ssh-ed25519" }, { "ecdsa", 256, "ecdsa-sha2-nistp256" },
		{ "ecdsa", 384, "ecdsa-sha2-nistp384" }, { "ecdsa", 521, "ecdsa-sha2-nistp521" },
		{ "rsa", 2048, "rsa-sha2-512" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		SCOPED(key_free) struct key *k = make(rows[i].kind, rows[i].bits);
		SCOPED(writer_free) struct writer blob = writer_init(SSHSIG_MAX_BLOB);
		SCOPED(writer_free) struct writer sig = writer_init(LIMIT_SIGNATURE);
		struct sshsig s, read;

		assert_true(span_is(sshsig_alg(k), rows[i].alg));
		sign(&blob, &sig, &s, k, sshsig_alg(k));
		assert_int_equal(sshsig_get(writer_span(&blob), &read), ERR_OK);
		assert_int_equal(verify(&read, MESSAGE), ERR_OK);
		/* No bit of it can be changed. */
		sig.p[sig.len - 1] ^= 1;
		assert_int_equal(verify(&s, MESSAGE), ERR_SIGNATURE);
	}
}

static void
a_signature_by_sha1_is_none(void **state)
{
	SCOPED(key_free) struct key *k = make("rsa", 2048);
	SCOPED(writer_free) struct writer blob = writer_init(SSHSIG_MAX_BLOB);
	SCOPED(writer_free) struct writer sig = writer_init(LIMIT_SIGNATURE);
	struct sshsig s;

	(void)state;
	sign(&blob, &sig, &s, k, SPAN_LIT("ssh-rsa"));
	assert_int_equal(verify(&s, MESSAGE), ERR_SIGNATURE);
	writer_reset(&blob);
	writer_reset(&sig);
	sign(&blob, &sig, &s, k, SPAN_LIT("rsa-sha2-256"));
	assert_int_equal(verify(&s, MESSAGE), ERR_OK);
}

/* --- certificates --- */

static enum err
take_signer(const char *name, size_t flip)
{
	SCOPED(kat_span_free) struct span text = kat_span(name);
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	SCOPED(sshsig_signer_free) struct sshsig_signer signer = { .key = NULL };

	assert_int_equal(cert_line_decode(text, &blob), ERR_OK);
	if (flip != 0)
		blob.p[blob.len - flip] ^= 1;
	TRY(sshsig_signer_get(writer_span(&blob), &signer));
	assert_true(signer.is_cert);
	return ERR_OK;
}

static void
a_certificate_that_its_ca_did_not_sign_is_no_signer(void **state)
{
	(void)state;
	assert_int_equal(take_signer("certs/ed25519.cert", 0), ERR_OK);
	assert_int_equal(take_signer("certs/ed25519.cert", 1), ERR_SIGNATURE);
	assert_int_equal(take_signer("certs/bysha1.cert", 0), ERR_SIGNATURE);
	assert_int_equal(take_signer("certs/byrsa.cert", 0), ERR_OK);
}

/* --- security tokens, played by an ordinary key --- */

static void
put_sha256(struct writer *w, struct span s)
{
	uint8_t hash[32];

	hash_once(hash_find("sha256"), s, hash);
	wr_raw(w, span_of(hash, sizeof hash));
}

static void
a_tokens_signature_holds_without_a_touch(void **state)
{
	SCOPED(key_free) struct key *inner = make("ed25519", 0);
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	SCOPED(writer_free) struct writer data = writer_init(SSHSIG_MAX_BLOB);
	SCOPED(writer_free) struct writer to_sign = writer_init(SSHSIG_MAX_BLOB);
	SCOPED(writer_free) struct writer plain = writer_init(LIMIT_SIGNATURE);
	SCOPED(writer_free) struct writer sig = writer_init(LIMIT_SIGNATURE);
	struct reader r = rd_init(key_blob(inner));
	struct sshsig s = { .name_space = SPAN_LIT("file"), .hash = SPAN_LIT("sha512") };
	static const uint8_t flags_and_counter[] = { 0, 0, 0, 0, 5 };
	uint8_t digest[HASH_MAX_LEN];

	(void)state;
	rd_bytes(&r);
	wr_str(&blob, "sk-ssh-ed25519@openssh.com");
	wr_raw(&blob, rd_rest(&r));
	wr_str(&blob, "ssh:");
	hash_once(sshsig_hash(s.hash), MESSAGE, digest);
	sshsig_signed_put(&data, &s, digest);
	put_sha256(&to_sign, SPAN_LIT("ssh:"));
	wr_raw(&to_sign, span_of(flags_and_counter, sizeof flags_and_counter));
	put_sha256(&to_sign, writer_span(&data));
	assert_int_equal(key_sign(inner, SPAN_LIT("ssh-ed25519"), writer_span(&to_sign), &plain), ERR_OK);
	r = rd_init(writer_span(&plain));
	rd_bytes(&r);
	wr_str(&sig, "sk-ssh-ed25519@openssh.com");
	wr_raw(&sig, rd_rest(&r));
	wr_raw(&sig, span_of(flags_and_counter, sizeof flags_and_counter));
	s.signer = writer_span(&blob);
	s.signature = writer_span(&sig);
	assert_int_equal(verify(&s, MESSAGE), ERR_OK);
	assert_int_equal(verify(&s, SPAN_LIT("other")), ERR_SIGNATURE);
}

/* --- memory --- */

static enum err
read_and_verify(struct span file)
{
	SCOPED(writer_free) struct writer blob = writer_init(SSHSIG_MAX_BLOB);
	SCOPED(writer_free) struct writer again = writer_init(SSHSIG_MAX_BLOB);
	struct sshsig s;

	TRY(sshsig_armour_get(file, &blob));
	TRY(sshsig_get(writer_span(&blob), &s));
	TRY(verify(&s, MESSAGE));
	sshsig_armour_put(&again, writer_span(&blob));
	return wr_end(&again);
}

static void
running_out_of_memory_is_told_and_no_signature_holds(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		SCOPED(kat_span_free) struct span file = kat_span(files[i]);
		enum err e = ERR_NOMEM;

		for (unsigned n = 0; e != ERR_OK; n++) {
			assert_true(n < 1000);
			alloc_fail_once(n);
			e = read_and_verify(file);
			alloc_fail_never();
			assert_int_equal(e, alloc_failed() ? ERR_NOMEM : ERR_OK);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signatures_of_openssh_hold_for_their_message_only),
		cmocka_unit_test(what_is_read_is_written_again_as_openssh_has_it),
		cmocka_unit_test(a_signature_by_another_key_is_none),
		cmocka_unit_test(a_signature_that_is_cut_or_continued_is_refused),
		cmocka_unit_test(armour_is_taken_off_in_all_forms_that_openssh_takes),
		cmocka_unit_test(armour_that_is_not_whole_is_told_apart),
		cmocka_unit_test(what_every_kind_of_key_signs_holds),
		cmocka_unit_test(a_signature_by_sha1_is_none),
		cmocka_unit_test(a_certificate_that_its_ca_did_not_sign_is_no_signer),
		cmocka_unit_test(a_tokens_signature_holds_without_a_touch),
		cmocka_unit_test(running_out_of_memory_is_told_and_no_signature_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
