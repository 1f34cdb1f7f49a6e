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
#include "base/text.h"
#include "keys/key_i.h"
#include "keys/private_file.h"
#include "regress/support/alloc.h"
#include "regress/support/kat.h"

/* Files of regress/kat/keys, made by OpenSSH and OpenSSL. */
static const struct {
	const char *name;
	const char *type;
	bool is_openssh;
	bool is_encrypted;
	const char *comment;
} files[] = {
	{ "ed25519", "ssh-ed25519", true, false, "plain comment" },
	{ "ed25519_enc", "ssh-ed25519", true, true, "sealed comment" },
	{ "ed25519_chacha", "ssh-ed25519", true, true, "c" },
	{ "ed25519_gcm", "ssh-ed25519", true, true, "c" },
	{ "ed25519_pkcs8", "ssh-ed25519", false, false, "" },
	{ "ecdsa256", "ecdsa-sha2-nistp256", true, false, "p256" },
	{ "ecdsa521", "ecdsa-sha2-nistp521", true, false, "p521" },
	{ "ecdsa_sec1", "ecdsa-sha2-nistp384", false, false, "" },
	{ "ecdsa_compressed", "ecdsa-sha2-nistp384", false, false, "" },
	{ "ecdsa_pkcs8_enc", "ecdsa-sha2-nistp384", false, true, "" },
	{ "rsa", "ssh-rsa", true, false, "rsa" },
	{ "rsa_pem", "ssh-rsa", false, false, "" },
	{ "rsa_pem_enc", "ssh-rsa", false, true, "" },
	{ "rsa_pkcs8", "ssh-rsa", false, false, "" },
	{ "rsa_pkcs8_enc", "ssh-rsa", false, true, "" },
};

#define SECRET	SPAN_LIT("secret")

/* A key file of the tests; kat_span_free(). */
static struct span
load(const char *name, const char *suffix)
{
	char path[256];

	snprintf(path, sizeof path, "keys/%s%s", name, suffix);
	return kat_span(path);
}

/* The blob in NAME.pub. */
static struct writer
public_blob(const char *name)
{
	SCOPED(kat_span_free) struct span pub = load(name, ".pub");
	struct writer blob = writer_init(LIMIT_KEY_BLOB);
	struct span comment;

	assert_int_equal(public_file_parse(pub, &blob, &comment), ERR_OK);
	return blob;
}

static void
files_of_openssh_and_openssl_are_read_with_comment_and_right_public_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		SCOPED(kat_span_free) struct span file = load(files[i].name, "");
		SCOPED(writer_free) struct writer pub = public_blob(files[i].name);
		SCOPED(writer_free) struct writer comment = writer_init(256);
		SCOPED(key_free) struct key *k = NULL;

		assert_int_equal(private_file_read(file, SECRET, &k, &comment), ERR_OK);
		assert_string_equal(key_type(k), files[i].type);
		assert_true(key_has_private(k));
		assert_true(span_eq(key_blob(k), writer_span(&pub)));
		assert_true(span_is(writer_span(&comment), files[i].comment));
	}
}

static void
what_a_file_is_can_be_seen_without_the_passphrase(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		SCOPED(kat_span_free) struct span file = load(files[i].name, "");
		SCOPED(writer_free) struct writer pub = public_blob(files[i].name);
		SCOPED(private_file_free) struct private_file f;

		assert_int_equal(private_file_peek(file, &f), ERR_OK);
		assert_int_equal(f.is_openssh, files[i].is_openssh);
		assert_int_equal(f.is_encrypted, files[i].is_encrypted);
		if (!f.is_openssh && f.is_encrypted)
			assert_null(f.pub);
		else
			assert_true(span_eq(key_blob(f.pub), writer_span(&pub)));
	}
}

static void
a_wrong_or_empty_passphrase_is_told_from_a_damaged_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		SCOPED(kat_span_free) struct span file = load(files[i].name, "");
		struct key *k;

		if (!files[i].is_encrypted)
			continue;
		assert_int_equal(private_file_read(file, SPAN_EMPTY, &k, NULL), ERR_PASSPHRASE);
		assert_null(k);
		assert_int_equal(private_file_read(file, SPAN_LIT("Secret"), &k, NULL), ERR_PASSPHRASE);
		assert_null(k);
	}
}

static void
keys_that_ssh_has_no_type_for_are_refused(void **state)
{
	SCOPED(kat_span_free) struct span x25519 = load("x25519_pkcs8", "");
	SCOPED(kat_span_free) struct span k1 = load("ec_k1", "");
	SCOPED(kat_span_free) struct span pub = load("ed25519", ".pub");
	struct private_file f;
	struct key *k;

	(void)state;
	assert_int_equal(private_file_read(x25519, SECRET, &k, NULL), ERR_UNSUPPORTED);
	assert_int_equal(private_file_read(k1, SECRET, &k, NULL), ERR_UNSUPPORTED);
	assert_int_equal(private_file_read(pub, SECRET, &k, NULL), ERR_FORMAT);
	assert_int_equal(private_file_read(SPAN_EMPTY, SECRET, &k, NULL), ERR_FORMAT);
	assert_int_equal(private_file_peek(pub, &f), ERR_FORMAT);
	assert_int_equal(private_file_peek(SPAN_EMPTY, &f), ERR_FORMAT);
	assert_null(k);
}

static void
every_prefix_of_a_file_is_refused(void **state)
{
	SCOPED(kat_span_free) struct span file = load("ecdsa256", "");
	SCOPED(kat_span_free) struct span pem = load("rsa_pem", "");
	struct key *k;

	(void)state;
	for (size_t n = 0; n < file.len - 1; n++)
		assert_int_not_equal(private_file_read(span_first(file, n), SECRET, &k, NULL), ERR_OK);
	for (size_t n = 0; n < pem.len - 1; n += 7)
		assert_int_not_equal(private_file_read(span_first(pem, n), SECRET, &k, NULL), ERR_OK);
}

static struct key *
make(const char *kind, unsigned bits)
{
	struct rng_test seed = { .state = 5 };
	struct rng rng = rng_test(&seed);
	struct key *k;

	assert_int_equal(key_generate(span_str(kind), bits, &rng, &k), ERR_OK);
	return k;
}

/* Writes k by format and reads it back. */
static void
round_trip(const struct key *k, const struct private_file_format *format, const char *comment)
{
	struct rng_test seed = { .state = 6 };
	struct rng rng = rng_test(&seed);
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_KEY_FILE);
	SCOPED(writer_free) struct writer read = writer_init(LIMIT_KEY_FILE);
	SCOPED(key_free) struct key *back = NULL;
	SCOPED(private_file_free) struct private_file f;

	assert_int_equal(private_file_write(k, span_str(comment), format, &rng, &w), ERR_OK);
	assert_int_equal(private_file_peek(writer_span(&w), &f), ERR_OK);
	assert_int_equal(f.is_encrypted, format->passphrase.len > 0);
	assert_int_equal(private_file_read(writer_span(&w), format->passphrase, &back, &read), ERR_OK);
	assert_true(key_equal(k, back));
	assert_true(key_has_private(back) || key_is_sk(back));
	if (format->kind == PRIVATE_OPENSSH)
		assert_true(span_is(writer_span(&read), comment));
	if (format->passphrase.len > 0) {
		key_free(&back);
		assert_int_equal(private_file_read(writer_span(&w), SPAN_LIT("x"), &back, NULL),
		    ERR_PASSPHRASE);
	}
}

static void
what_is_written_is_read_again_in_every_format(void **state)
{
	static const struct { const char *kind; unsigned bits; } kinds[] = {
		{ "ed25519", 0 }, { "ecdsa", 256 }, { "ecdsa", 384 }, { "ecdsa", 521 }, { "rsa", 1024 },
	};
	static const char *ciphers[] = {
		NULL, "aes256-ctr", "aes128-ctr", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		SCOPED(key_free) struct key *k = make(kinds[i].kind, kinds[i].bits);

		round_trip(k, &(struct private_file_format){ .rounds = 0 }, "");
		for (size_t c = 0; c < 20; c++)
			round_trip(k, &(struct private_file_format){ .rounds = 0 },
			    &"aaaaaaaaaaaaaaaaaaaaaaaa"[c]);
		for (size_t c = 0; c < COUNT(ciphers); c++)
			round_trip(k, &(struct private_file_format){
			    .passphrase = SECRET, .rounds = 2, .cipher = ciphers[c] }, "x y");
		round_trip(k, &(struct private_file_format){ .kind = PRIVATE_PKCS8 }, "");
		round_trip(k, &(struct private_file_format){ .kind = PRIVATE_PKCS8,
		    .passphrase = SECRET }, "");
		if (i == 0)
			continue;
		round_trip(k, &(struct private_file_format){ .kind = PRIVATE_PEM }, "");
		round_trip(k, &(struct private_file_format){ .kind = PRIVATE_PEM,
		    .passphrase = SECRET }, "");
	}
}

static void
the_file_of_a_token_key_keeps_its_handle(void **state)
{
	SCOPED(writer_free) struct writer section = writer_init(LIMIT_KEY_FILE);
	SCOPED(writer_free) struct writer again = writer_init(LIMIT_KEY_FILE);
	SCOPED(key_free) struct key *k = NULL, *pub = NULL;
	struct private_file_format format = { .passphrase = SECRET, .rounds = 1 };
	struct rng_test seed = { .state = 6 };
	struct rng rng = rng_test(&seed);
	uint8_t point[32] = { 0x58, 0x66 };
	struct reader r;

	(void)state;
	wr_str(&section, "sk-ssh-ed25519@openssh.com");
	wr_bytes(&section, span_of(point, sizeof point));
	wr_str(&section, "ssh:");
	wr_u8(&section, 1);
	wr_str(&section, "the handle");
	wr_str(&section, "");
	r = rd_init(writer_span(&section));
	assert_int_equal(key_read_private(&r, &k), ERR_OK);
	assert_true(span_is(key_application(k), "ssh:"));
	assert_false(key_has_private(k));
	round_trip(k, &format, "token");
	assert_int_equal(key_write_private(k, &again), ERR_OK);
	assert_true(span_eq(writer_span(&section), writer_span(&again)));

	/* The public half alone cannot be written as a private file. */
	assert_int_equal(key_public(k, &pub), ERR_OK);
	writer_reset(&again);
	assert_int_equal(private_file_write(pub, SPAN_EMPTY, &format, &rng, &again), ERR_UNSUPPORTED);
	assert_int_equal(private_file_write(k, SPAN_EMPTY, &(struct private_file_format){
	    .kind = PRIVATE_PKCS8 }, &rng, &again), ERR_UNSUPPORTED);
}

static void
unknown_ciphers_and_absurd_rounds_are_refused_for_writing(void **state)
{
	SCOPED(key_free) struct key *k = make("ed25519", 0);
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_KEY_FILE);
	struct rng_test seed = { .state = 6 };
	struct rng rng = rng_test(&seed);

	(void)state;
	assert_int_equal(private_file_write(k, SPAN_EMPTY, &(struct private_file_format){
	    .passphrase = SECRET, .cipher = "rot13" }, &rng, &w), ERR_UNSUPPORTED);
	assert_int_equal(private_file_write(k, SPAN_EMPTY, &(struct private_file_format){
	    .passphrase = SECRET, .rounds = PRIVATE_FILE_MAX_ROUNDS + 1 }, &rng, &w), ERR_RANGE);
	assert_int_equal(private_file_write(k, SPAN_EMPTY, &(struct private_file_format){
	    .kind = PRIVATE_PEM }, &rng, &w), ERR_UNSUPPORTED);
	assert_int_equal(w.len, 0);
}

/* --- files that were tampered with --- */

struct parts {
	const char *cipher;
	const char *kdf;
	struct span options;
	uint32_t n_keys;
	struct span pub;
	uint32_t check[2];
	struct span padding;
	const char *comment;
};

/* An armoured file of these parts and the private section of k, read. */
static enum err
read_parts(const struct key *k, const struct parts *p)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_KEY_FILE);
	SCOPED(writer_free) struct writer text = writer_init(LIMIT_KEY_FILE);
	SCOPED(key_free) struct key *out = NULL;
	size_t m;

	wr_raw(&w, SPAN_LIT("openssh-key-v1\0"));
	wr_str(&w, p->cipher);
	wr_str(&w, p->kdf);
	wr_bytes(&w, p->options);
	wr_u32(&w, p->n_keys);
	wr_bytes(&w, p->pub);
	m = wr_open(&w);
	wr_u32(&w, p->check[0]);
	wr_u32(&w, p->check[1]);
	assert_int_equal(key_write_private(k, &w), ERR_OK);
	wr_str(&w, p->comment);
	wr_raw(&w, p->padding);
	wr_close(&w, m);
	wr_raw(&text, SPAN_LIT("-----BEGIN OPENSSH PRIVATE KEY-----\r\n"));
	base64_put(&text, writer_span(&w), true);
	wr_raw(&text, SPAN_LIT("\r\n-----END OPENSSH PRIVATE KEY-----\r\n"));
	return private_file_read(writer_span(&text), SECRET, &out, NULL);
}

static void
fields_that_do_not_fit_each_other_are_refused(void **state)
{
	SCOPED(key_free) struct key *k = make("ed25519", 0);
	SCOPED(key_free) struct key *other = make("ecdsa", 256);
	const struct parts good = {
		.cipher = "none", .kdf = "none", .n_keys = 1, .pub = key_blob(k),
		.check = { 7, 7 }, .comment = "", .padding = SPAN_LIT("\1\2\3\4\5"),
	};
	struct parts p;

	/* 8 + (4+11 + 4+32 + 4+64) + 4 = 131 bytes and 5 of padding */
	(void)state;
	assert_int_equal(read_parts(k, &good), ERR_OK);
	p = good, p.check[1] = 8;
	assert_int_equal(read_parts(k, &p), ERR_FORMAT);
	p = good, p.n_keys = 2;
	assert_int_equal(read_parts(k, &p), ERR_UNSUPPORTED);
	p = good, p.n_keys = 0;
	assert_int_equal(read_parts(k, &p), ERR_UNSUPPORTED);
	p = good, p.pub = key_blob(other);
	assert_int_equal(read_parts(k, &p), ERR_FORMAT);
	p = good, p.padding = SPAN_LIT("\1\2\3\4\6");
	assert_int_equal(read_parts(k, &p), ERR_FORMAT);
	p = good, p.padding = SPAN_EMPTY;
	assert_int_equal(read_parts(k, &p), ERR_FORMAT);
	p = good, p.cipher = "aes256-ctr";
	assert_int_equal(read_parts(k, &p), ERR_FORMAT);
	p = good, p.options = SPAN_LIT("x");
	assert_int_equal(read_parts(k, &p), ERR_FORMAT);
	p = good, p.kdf = "scrypt", p.cipher = "aes256-ctr", p.options = SPAN_LIT("\0\0\0\1s\0\0\0\1");
	assert_int_equal(read_parts(k, &p), ERR_UNSUPPORTED);
	p.kdf = "bcrypt";
	assert_int_equal(read_parts(k, &p), ERR_FORMAT);	/* 136 is no multiple of 16 */
	p.cipher = "none";
	assert_int_equal(read_parts(k, &p), ERR_FORMAT);
	p.cipher = "rot13";
	assert_int_equal(read_parts(k, &p), ERR_UNSUPPORTED);
	p.cipher = "aes256-ctr", p.options = SPAN_LIT("\0\0\0\1s\0\0\0\0");
	assert_int_equal(read_parts(k, &p), ERR_FORMAT);	/* no rounds */
	p.options = SPAN_LIT("\0\0\0\0\0\0\0\1");
	assert_int_equal(read_parts(k, &p), ERR_FORMAT);	/* no salt */
	p.options = SPAN_LIT("\0\0\0\1s\0\1\0\0");
	assert_int_equal(read_parts(k, &p), ERR_LIMIT);		/* hours of rounds */
}

/* Reads a private section on its own. */
static enum err
read_section(struct writer *w)
{
	SCOPED(key_free) struct key *k = NULL;
	struct reader r = rd_init(writer_span(w));
	enum err e = key_read_private(&r, &k);

	writer_free(w);
	return e;
}

static void
ed25519_halves_must_belong_together(void **state)
{
	SCOPED(key_free) struct key *k = make("ed25519", 0);
	SCOPED(writer_free) struct writer good = writer_init(LIMIT_KEY_FILE);

	(void)state;
	assert_int_equal(key_write_private(k, &good), ERR_OK);
	for (size_t i = 15; i < good.len; i++) {
		struct writer w = writer_init(LIMIT_KEY_FILE);

		wr_raw(&w, writer_span(&good));
		w.p[i] ^= 1;
		assert_int_not_equal(read_section(&w), ERR_OK);
	}
}

static void
ecdsa_numbers_of_zero_and_above_the_order_are_refused(void **state)
{
	SCOPED(key_free) struct key *k = make("ecdsa", 256);
	static const uint8_t ones[32] = { [0 ... 31] = 0xff };
	static const struct span numbers[] = {
		{ NULL, 0 }, { (const uint8_t *)"\1", 1 }, { ones, 32 },
	};
	struct reader r = rd_init(key_blob(k));

	(void)state;
	rd_bytes(&r);
	for (size_t i = 0; i < COUNT(numbers); i++) {
		struct writer w = writer_init(LIMIT_KEY_FILE);

		wr_str(&w, "ecdsa-sha2-nistp256");
		wr_raw(&w, r.rest);
		wr_mpint(&w, numbers[i]);
		assert_int_equal(read_section(&w), ERR_FORMAT);
	}
}

static void
rsa_factors_must_be_those_of_the_modulus(void **state)
{
	SCOPED(key_free) struct key *k = make("rsa", 1024);
	SCOPED(writer_free) struct writer good = writer_init(LIMIT_KEY_FILE);
	struct span part[6];
	struct reader r;

	(void)state;
	assert_int_equal(key_write_private(k, &good), ERR_OK);
	r = rd_init(writer_span(&good));
	rd_bytes(&r);
	for (size_t i = 0; i < 6; i++)
		part[i] = rd_bytes(&r);		/* n e d qinv p q */
	assert_int_equal(rd_end(&r), ERR_OK);
	for (size_t wrong = 0; wrong < 6; wrong++) {
		struct writer w = writer_init(LIMIT_KEY_FILE);

		if (wrong == 1 || wrong == 2)
			continue;	/* a wrong e or d is found out when signing */
		wr_str(&w, "ssh-rsa");
		for (size_t i = 0; i < 6; i++) {
			wr_bytes(&w, part[i]);
			if (i == wrong)
				w.p[w.len - 2] ^= 2;
		}
		assert_int_equal(read_section(&w), ERR_FORMAT);
	}
}

static void
an_rsa_signature_that_a_broken_key_makes_is_kept_back(void **state)
{
	SCOPED(key_free) struct key *k = make("rsa", 1024);
	SCOPED(key_free) struct key *broken = NULL;
	SCOPED(writer_free) struct writer good = writer_init(LIMIT_KEY_FILE);
	SCOPED(writer_free) struct writer bad = writer_init(LIMIT_KEY_FILE);
	SCOPED(writer_free) struct writer sig = writer_init(LIMIT_SIGNATURE);
	struct reader r;

	(void)state;
	assert_int_equal(key_write_private(k, &good), ERR_OK);
	r = rd_init(writer_span(&good));
	wr_bytes(&bad, rd_bytes(&r));
	wr_bytes(&bad, rd_bytes(&r));		/* n */
	wr_bytes(&bad, rd_bytes(&r));		/* e */
	wr_bytes(&bad, rd_bytes(&r));		/* d */
	bad.p[bad.len - 3] ^= 1;		/* as a bit flipped in memory */
	wr_raw(&bad, r.rest);
	r = rd_init(writer_span(&bad));
	assert_int_equal(key_read_private(&r, &broken), ERR_OK);
	assert_int_equal(key_sign(broken, SPAN_LIT("rsa-sha2-256"), SPAN_LIT("x"), &sig), ERR_CRYPTO);
	assert_int_equal(sig.len, 0);
}

static void
running_out_of_memory_is_reported_and_leaks_nothing(void **state)
{
	SCOPED(kat_span_free) struct span file = load("ed25519_enc", "");
	struct key *k = NULL;
	enum err e = ERR_NOMEM;

	(void)state;
	for (unsigned n = 0; e != ERR_OK; n++) {
		alloc_fail_after(n);
		e = private_file_read(file, SECRET, &k, NULL);
		alloc_fail_never();
		if (alloc_failed()) {
			assert_int_equal(e, ERR_NOMEM);
			assert_null(k);
		}
	}
	key_free(&k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_of_openssh_and_openssl_are_read_with_comment_and_right_public_key),
		cmocka_unit_test(what_a_file_is_can_be_seen_without_the_passphrase),
		cmocka_unit_test(a_wrong_or_empty_passphrase_is_told_from_a_damaged_file),
		cmocka_unit_test(keys_that_ssh_has_no_type_for_are_refused),
		cmocka_unit_test(every_prefix_of_a_file_is_refused),
		cmocka_unit_test(what_is_written_is_read_again_in_every_format),
		cmocka_unit_test(the_file_of_a_token_key_keeps_its_handle),
		cmocka_unit_test(unknown_ciphers_and_absurd_rounds_are_refused_for_writing),
		cmocka_unit_test(fields_that_do_not_fit_each_other_are_refused),
		cmocka_unit_test(ed25519_halves_must_belong_together),
		cmocka_unit_test(ecdsa_numbers_of_zero_and_above_the_order_are_refused),
		cmocka_unit_test(rsa_factors_must_be_those_of_the_modulus),
		cmocka_unit_test(an_rsa_signature_that_a_broken_key_makes_is_kept_back),
		cmocka_unit_test(running_out_of_memory_is_reported_and_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
