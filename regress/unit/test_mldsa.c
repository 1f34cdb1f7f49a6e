/* SPDX-License-Identifier: ISC */
/* keys/mldsa: composite keys and signatures; skipped where libcrypto has no ML-DSA. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "keys/cert.h"
#include "keys/key_i.h"
#include "keys/private_file.h"
#include "keys/public_format.h"
#include "regress/support/alloc.h"
#include "regress/support/kat.h"

#define ALG	SPAN_LIT(KEY_MLDSA)

/* A key as it stands in a private file's section: type, public, seeds. */
static enum err
from_parts(struct span public, struct span seeds, struct key **out)
{
	SCOPED(writer_free) struct writer w = writer_init(8192);
	struct reader r;

	wr_bytes(&w, ALG);
	wr_bytes(&w, public);
	wr_bytes(&w, seeds);
	assert_int_equal(wr_end(&w), ERR_OK);
	r = rd_init(writer_span(&w));
	return key_read_private(&r, out);
}

static struct key *
make(void)
{
	struct rng_test seed = { 3 };
	struct rng rng = rng_test(&seed);
	struct key *k;

	assert_int_equal(key_generate(SPAN_LIT("mldsa44-ed25519"), 0, &rng, &k), ERR_OK);
	return k;
}

static void
skip_without(void)
{
	if (!KEY_HAVE_MLDSA)
		skip();
}

static void
without_it_no_list_and_no_parser_knows_it(void **state)
{
	struct span blob = SPAN_LIT("\0\0\0\x1f" KEY_MLDSA "\0\0\0\0");
	struct key *k;

	(void)state;
	for (int which = KEY_LIST_DEFAULT; which <= KEY_LIST_TYPES; which++) {
		struct span list = span_str(keys_list((enum key_list)which));
		bool may = KEY_HAVE_MLDSA && which != KEY_LIST_DEFAULT && which != KEY_LIST_CA;

		assert_int_equal(text_list_has(list, ALG), may && which != KEY_LIST_CERT);
		assert_int_equal(text_list_has(list, SPAN_LIT(KEY_MLDSA_CERT)),
		    may && which != KEY_LIST_SIG && which != KEY_LIST_PLAIN);
	}
	assert_int_equal(key_from_blob(blob, &k), KEY_HAVE_MLDSA ? ERR_FORMAT : ERR_UNSUPPORTED);
	assert_int_equal(cert_type_of(ALG) != NULL, KEY_HAVE_MLDSA);
}

static void
each_vector_gives_its_public_key_and_verifies(void **state)
{
	struct kat kat;
	unsigned n = 0;

	(void)state;
	skip_without();
	kat_open(&kat, "mldsa44_ed25519.txt");
	while (kat_next(&kat)) {
		SCOPED(key_free) struct key *k = NULL;
		SCOPED(writer_free) struct writer sig = writer_init(8192);
		size_t seeds_len, public_len, message_len, sig_len;
		const uint8_t *seeds = kat_bytes(&kat, "seeds", &seeds_len);
		const uint8_t *public = kat_bytes(&kat, "public", &public_len);
		const uint8_t *message = kat_bytes(&kat, "message", &message_len);
		const uint8_t *raw = kat_bytes(&kat, "signature", &sig_len);

		assert_int_equal(from_parts(span_of(public, public_len), span_of(seeds, seeds_len), &k), ERR_OK);
		assert_int_equal(key_blob(k).len, 4 + 31 + 4 + public_len);
		assert_memory_equal(key_blob(k).p + 39, public, public_len);
		wr_bytes(&sig, ALG);
		wr_bytes(&sig, span_of(raw, sig_len));
		assert_int_equal(key_verify(k, ALG, ALG, writer_span(&sig), span_of(message, message_len), NULL), ERR_OK);
		assert_int_equal(key_verify(k, ALG, ALG, writer_span(&sig), SPAN_LIT("other"), NULL), ERR_SIGNATURE);
		n++;
	}
	assert_int_equal(n, 4);
}

static void
a_signature_holds_only_if_both_halves_do(void **state)
{
	SCOPED(writer_free) struct writer sig = writer_init(8192);
	SCOPED(key_free) struct key *k = NULL;

	(void)state;
	skip_without();
	k = make();
	assert_int_equal(key_sign(k, ALG, SPAN_LIT("message"), &sig), ERR_OK);
	assert_int_equal(sig.len, 4 + 31 + 4 + 2420 + 64);
	assert_int_equal(key_verify(k, ALG, ALG, writer_span(&sig), SPAN_LIT("message"), NULL), ERR_OK);
	for (size_t i = 0; i < sig.len; i += i < 60 || i > sig.len - 70 ? 1 : 97) {
		sig.p[i] ^= 1;
		assert_int_equal(key_verify(k, ALG, ALG, writer_span(&sig), SPAN_LIT("message"), NULL), ERR_SIGNATURE);
		sig.p[i] ^= 1;
	}
	for (size_t len = 0; len < sig.len; len += len < 60 ? 1 : 101)
		assert_int_equal(key_verify(k, ALG, ALG, span_first(writer_span(&sig), len),
		    SPAN_LIT("message"), NULL), ERR_SIGNATURE);
	wr_u8(&sig, 0);
	assert_int_equal(key_verify(k, ALG, ALG, writer_span(&sig), SPAN_LIT("message"), NULL), ERR_SIGNATURE);
	assert_int_equal(key_verify(k, ALG, SPAN_LIT("ssh-ed25519"), writer_span(&sig), SPAN_LIT("message"), NULL),
	    ERR_DENIED);
}

/* Half a composite signature is none: neither key signs without the label. */
static void
no_half_of_it_is_a_signature_of_ed25519(void **state)
{
	SCOPED(writer_free) struct writer sig = writer_init(8192);
	SCOPED(writer_free) struct writer blob = writer_init(8192);
	SCOPED(writer_free) struct writer half = writer_init(8192);
	SCOPED(key_free) struct key *k = NULL;
	SCOPED(key_free) struct key *ed = NULL;
	struct span alg = SPAN_LIT("ssh-ed25519");

	(void)state;
	skip_without();
	k = make();
	wr_bytes(&blob, alg);
	wr_bytes(&blob, span_skip(key_blob(k), key_blob(k).len - 32));
	assert_int_equal(key_from_blob(writer_span(&blob), &ed), ERR_OK);
	assert_int_equal(key_sign(k, ALG, SPAN_LIT("message"), &sig), ERR_OK);
	wr_bytes(&half, alg);
	wr_bytes(&half, span_skip(writer_span(&sig), sig.len - 64));
	assert_int_equal(key_verify(ed, alg, alg, writer_span(&half), SPAN_LIT("message"), NULL), ERR_SIGNATURE);
}

static void
keys_of_another_length_or_whose_halves_do_not_fit_are_refused(void **state)
{
	SCOPED(key_free) struct key *k = NULL;
	struct span public;
	struct key *other;
	uint8_t seeds[65] = { 1 };

	(void)state;
	skip_without();
	k = make();
	public = span_skip(key_blob(k), 39);
	assert_int_equal(from_parts(public, span_of(seeds, 64), &other), ERR_FORMAT);
	assert_int_equal(from_parts(public, span_of(seeds, 63), &other), ERR_FORMAT);
	assert_int_equal(from_parts(public, span_of(seeds, 65), &other), ERR_FORMAT);
	assert_int_equal(from_parts(span_skip(public, 1), span_of(seeds, 64), &other), ERR_FORMAT);
	for (size_t len = 0; len < key_blob(k).len; len += len < 50 ? 1 : 99)
		assert_int_not_equal(key_from_blob(span_first(key_blob(k), len), &other), ERR_OK);
}

static void
private_files_hold_it_and_pem_does_not(void **state)
{
	struct private_file_format format = { .kind = PRIVATE_OPENSSH };
	SCOPED(writer_free) struct writer file = writer_init(1 << 16);
	SCOPED(writer_free) struct writer comment = writer_init(100);
	SCOPED(key_free) struct key *k = NULL;
	SCOPED(key_free) struct key *again = NULL;
	struct rng_test seed = { 5 };
	struct rng rng = rng_test(&seed);

	(void)state;
	skip_without();
	k = make();
	assert_int_equal(private_file_write(k, SPAN_LIT("c"), &format, &rng, &file), ERR_OK);
	assert_int_equal(private_file_read(writer_span(&file), SPAN_EMPTY, &again, &comment), ERR_OK);
	assert_true(key_equal(k, again) && key_has_private(again));
	writer_reset(&file);
	format.kind = PRIVATE_PKCS8;
	assert_int_equal(private_file_write(k, SPAN_LIT("c"), &format, &rng, &file), ERR_UNSUPPORTED);
	assert_int_equal(public_pem_put(&file, k, PUBLIC_PKCS8), ERR_UNSUPPORTED);
}

static void
it_certifies_and_is_certified(void **state)
{
	SCOPED(writer_free) struct writer blob = writer_init(1 << 14);
	SCOPED(key_free) struct key *k = NULL;
	SCOPED(cert_free) struct cert c = { 0 };
	struct cert_need need = { .role = CERT_USER, .now = 5, .ca_algs = ALG, .name = SPAN_LIT("alice") };
	struct rng_test seed = { 5 };
	struct rng rng = rng_test(&seed);
	struct cert_order order;
	const char *why;

	(void)state;
	skip_without();
	k = make();
	order = (struct cert_order){ .key = k, .role = CERT_USER, .principals = SPAN_LIT("alice"),
	    .valid_before = CERT_FOREVER };
	assert_int_equal(cert_make(&order, k, ALG, &rng, &blob), ERR_OK);
	assert_int_equal(cert_parse(writer_span(&blob), &c), ERR_OK);
	assert_string_equal(c.type, KEY_MLDSA_CERT);
	assert_int_equal(cert_check(&c, &need, &why), ERR_OK);
	need.ca_algs = span_str(keys_list(KEY_LIST_CA));
	assert_int_equal(cert_check(&c, &need, &why), ERR_DENIED);
}

static void
running_out_of_memory_is_reported(void **state)
{
	(void)state;
	skip_without();
	for (unsigned n = 0; ; n++) {
		struct rng_test seed = { 5 };
		struct rng rng = rng_test(&seed);
		struct key *k;
		enum err e;

		alloc_fail_after(n);
		e = key_generate(SPAN_LIT("mldsa44-ed25519"), 0, &rng, &k);
		if (!alloc_failed()) {
			alloc_fail_never();
			assert_int_equal(e, ERR_OK);
			key_free(&k);
			return;
		}
		alloc_fail_never();
		assert_int_equal(e, ERR_NOMEM);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_it_no_list_and_no_parser_knows_it),
		cmocka_unit_test(each_vector_gives_its_public_key_and_verifies),
		cmocka_unit_test(a_signature_holds_only_if_both_halves_do),
		cmocka_unit_test(no_half_of_it_is_a_signature_of_ed25519),
		cmocka_unit_test(keys_of_another_length_or_whose_halves_do_not_fit_are_refused),
		cmocka_unit_test(private_files_hold_it_and_pem_does_not),
		cmocka_unit_test(it_certifies_and_is_certified),
		cmocka_unit_test(running_out_of_memory_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
