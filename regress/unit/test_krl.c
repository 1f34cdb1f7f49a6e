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
#include "keys/krl.h"
#include "keys/private_file.h"
#include "regress/support/alloc.h"
#include "regress/support/kat.h"

static struct writer
public_blob(const char *name)
{
	SCOPED(kat_span_free) struct span file = kat_span(name);
	struct writer blob = writer_init(LIMIT_KEY_BLOB);
	struct span comment;

	assert_int_equal(public_file_parse(file, &blob, &comment), ERR_OK);
	return blob;
}

static bool
is_key_revoked(const char *krl, const char *key)
{
	SCOPED(kat_span_free) struct span file = kat_span(krl);
	SCOPED(writer_free) struct writer blob = public_blob(key);
	bool revoked;

	assert_int_equal(revoked_key(file, writer_span(&blob), &revoked), ERR_OK);
	return revoked;
}

/* A certificate of the CA of regress/kat/certs with this serial and key id. */
static struct cert
make_cert(const char *ca_path, uint64_t serial, const char *id)
{
	struct rng_test seed = { .state = 31 };
	struct rng rng = rng_test(&seed);
	SCOPED(kat_span_free) struct span file = kat_span(ca_path);
	SCOPED(key_free) struct key *k = NULL, *ca = NULL;
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_KEY_BLOB);
	struct cert_order order = { .role = CERT_USER, .serial = serial, .key_id = span_str(id),
	    .principals = SPAN_LIT("a"), .valid_before = CERT_FOREVER };
	struct cert c;

	assert_int_equal(private_file_read(file, SPAN_EMPTY, &ca, NULL), ERR_OK);
	assert_int_equal(key_generate(SPAN_LIT("ed25519"), 0, &rng, &k), ERR_OK);
	order.key = k;
	assert_int_equal(cert_make(&order, ca, span_str(key_algs(ca)), &rng, &w), ERR_OK);
	assert_int_equal(cert_parse(writer_span(&w), &c), ERR_OK);
	return c;
}

/* The header of a list of format 1. */
static void
put_header(struct writer *w)
{
	wr_raw(w, SPAN_LIT("SSHKRL\n\0"));
	wr_u32(w, 1);
	wr_u64(w, 1);
	wr_u64(w, 1);
	wr_u64(w, 0);
	wr_str(w, "");
	wr_str(w, "");
}

#define CA	"certs/ca"
#define OTHER	"keys/ed25519"

static bool
is_cert_revoked(const char *krl, const char *ca, uint64_t serial, const char *id)
{
	SCOPED(kat_span_free) struct span file = kat_span(krl);
	SCOPED(cert_free) struct cert c = make_cert(ca, serial, id);
	bool revoked;

	assert_int_equal(revoked_cert(file, &c, &revoked), ERR_OK);
	return revoked;
}

static void
keys_are_revoked_by_blob_and_by_both_hashes(void **state)
{
	static const char *const lists[] = { "certs/keys.krl", "certs/hashes.krl" };

	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		assert_true(is_key_revoked(lists[i], "keys/ecdsa256.pub"));
		assert_true(is_key_revoked(lists[i], "keys/rsa.pub"));
		assert_false(is_key_revoked(lists[i], "keys/ed25519.pub"));
	}
	assert_false(is_key_revoked("certs/certs.krl", "keys/rsa.pub"));
}

static void
certificates_are_revoked_by_serial_and_key_id(void **state)
{
	static const struct { uint64_t serial; bool revoked; } rows[] = {
		{ 0, false }, { 4, false }, { 5, true }, { 6, false }, { 39, false }, { 40, true },
		{ 43, true }, { 45, true }, { 46, false }, { 999, false }, { 1000, true },
		{ 1007, true }, { 1008, false }, { 1009, true }, { 1010, false },
		{ UINT64_MAX, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(is_cert_revoked("certs/certs.krl", CA, rows[i].serial, "x"), rows[i].revoked);
	assert_true(is_cert_revoked("certs/certs.krl", CA, 1, "id of rsa"));
	assert_false(is_cert_revoked("certs/certs.krl", CA, 1, "id of rs"));
	/* Those of another CA are not meant. */
	assert_false(is_cert_revoked("certs/certs.krl", OTHER, 5, "id of rsa"));
}

static void
bitmaps_of_serials_are_read(void **state)
{
	(void)state;
	for (uint64_t serial = 0; serial < 310; serial++)
		assert_int_equal(is_cert_revoked("certs/bitmap.krl", CA, serial, "x"),
		    serial >= 2 && serial <= 299 && (serial - 2) % 3 == 0);
}

static void
a_list_without_a_ca_is_about_all(void **state)
{
	(void)state;
	assert_true(is_cert_revoked("certs/anyca.krl", CA, 42, "x"));
	assert_true(is_cert_revoked("certs/anyca.krl", OTHER, 42, "x"));
	assert_false(is_cert_revoked("certs/anyca.krl", CA, 41, "x"));
}

static void
a_revoked_key_id_may_be_empty(void **state)
{
	static const char body[] = "\0\0\0\0" "\0\0\0\0" "\x23\0\0\0\4" "\0\0\0\0";
	SCOPED(writer_free) struct writer w = writer_init(1024);
	SCOPED(cert_free) struct cert nameless = make_cert(CA, 1, ""), named = make_cert(CA, 1, "x");
	bool revoked;

	(void)state;
	put_header(&w);
	wr_u8(&w, 1);
	wr_bytes(&w, span_of(body, sizeof body - 1));
	assert_int_equal(revoked_cert(writer_span(&w), &nameless, &revoked), ERR_OK);
	assert_true(revoked);
	assert_int_equal(revoked_cert(writer_span(&w), &named, &revoked), ERR_OK);
	assert_false(revoked);
}

static void
a_revoked_ca_takes_its_certificates_along(void **state)
{
	(void)state;
	assert_true(is_cert_revoked("certs/ca.krl", CA, 1, "x"));
	assert_false(is_cert_revoked("certs/ca.krl", OTHER, 1, "x"));
	/* The same with a text. */
	assert_true(is_cert_revoked("certs/ca.pub", CA, 1, "x"));
	assert_false(is_cert_revoked("certs/ca.pub", OTHER, 1, "x"));
}

static void
a_certificate_in_a_text_revokes_its_key(void **state)
{
	SCOPED(kat_span_free) struct span text = kat_span("certs/ed25519.cert");
	SCOPED(kat_span_free) struct span other = kat_span("certs/rsa.cert");
	SCOPED(kat_span_free) struct span damaged = kat_span("certs/ed25519.cert");
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	SCOPED(cert_free) struct cert c = { .key = NULL };
	bool revoked;

	(void)state;
	assert_int_equal(cert_line_decode(text, &blob), ERR_OK);
	assert_int_equal(cert_parse(writer_span(&blob), &c), ERR_OK);
	assert_int_equal(revoked_cert(text, &c, &revoked), ERR_OK);
	assert_true(revoked);
	assert_int_equal(revoked_key(text, key_blob(c.key), &revoked), ERR_OK);
	assert_true(revoked);
	assert_int_equal(revoked_cert(other, &c, &revoked), ERR_OK);
	assert_false(revoked);
	/* One that cannot be read leaves the answer open. */
	((uint8_t *)(uintptr_t)damaged.p)[span_find(damaged, ' ') + 60] = '-';
	assert_int_not_equal(revoked_cert(damaged, &c, &revoked), ERR_OK);
	assert_true(revoked);
}

static void
the_header_is_read(void **state)
{
	SCOPED(kat_span_free) struct span file = kat_span("certs/certs.krl");
	struct krl_info info;

	(void)state;
	assert_true(krl_is(file));
	assert_int_equal(krl_info(file, &info), ERR_OK);
	assert_int_equal(info.version, 7);
	assert_true(info.generated > 1700000000);
}

/* The answer for a list that is damaged must be "revoked". */
static enum err
ask(struct span file)
{
	SCOPED(writer_free) struct writer blob = public_blob("keys/ed25519.pub");
	SCOPED(cert_free) struct cert c = make_cert(CA, 1, "x");
	bool key_revoked = false, cert_revoked = false;
	enum err e = revoked_key(file, writer_span(&blob), &key_revoked);
	enum err again = revoked_cert(file, &c, &cert_revoked);

	assert_int_equal(e, again);
	assert_int_equal(key_revoked, e != ERR_OK);
	assert_int_equal(cert_revoked, e != ERR_OK);
	return e;
}

static void
a_damaged_list_revokes_everything(void **state)
{
	SCOPED(kat_span_free) struct span file = kat_span("certs/certs.krl");

	(void)state;
	assert_int_equal(ask(file), ERR_OK);
	for (size_t n = 8; n < file.len; n++) {
		/* Up to the end of the header it is a list of nothing. */
		if (n != 44)
			assert_int_not_equal(ask(span_first(file, n)), ERR_OK);
	}
}

/* A list with this one section. */
static enum err
ask_section(uint8_t type, struct span data)
{
	SCOPED(writer_free) struct writer w = writer_init(1024);

	put_header(&w);
	wr_u8(&w, type);
	wr_bytes(&w, data);
	return ask(writer_span(&w));
}

static void
what_is_not_understood_revokes_everything(void **state)
{
	(void)state;
	assert_int_equal(ask_section(2, SPAN_EMPTY), ERR_OK);
	assert_int_equal(ask_section(4, SPAN_LIT("\0\0\0\0\0\0\0\0")), ERR_UNSUPPORTED);
	assert_int_equal(ask_section(6, SPAN_EMPTY), ERR_UNSUPPORTED);
	assert_int_equal(ask_section(255, SPAN_LIT("\0\0\0\1x\0\0\0\0\0")), ERR_OK);
	assert_int_equal(ask_section(255, SPAN_LIT("\0\0\0\1x\1\0\0\0\0")), ERR_UNSUPPORTED);
	assert_int_equal(ask_section(3, SPAN_LIT("\0\0\0\2xx")), ERR_FORMAT);
	assert_int_equal(ask_section(5, SPAN_LIT("\0\0\0\24xxxxxxxxxxxxxxxxxxxx")), ERR_FORMAT);
	/* Within the certificates of a CA. */
	assert_int_equal(ask_section(1, SPAN_LIT("\0\0\0\0\0\0\0\0")), ERR_OK);
	assert_int_equal(ask_section(1, SPAN_LIT("\0\0\0\0\0\0\0\0\x24\0\0\0\0")), ERR_UNSUPPORTED);
	assert_int_equal(ask_section(1, SPAN_LIT("\0\0\0\0\0\0\0\0\x20\0\0\0\4xxxx")), ERR_SHORT);
	assert_int_equal(ask_section(1, SPAN_LIT("\0\0\0\0\0\0\0\0\x21\0\0\0\20"
	    "\0\0\0\0\0\0\0\5" "\0\0\0\0\0\0\0\4")), ERR_FORMAT);
	assert_int_equal(ask_section(1, SPAN_LIT("\0\0\0\0\0\0\0\0\x22\0\0\0\15"
	    "\0\0\0\0\0\0\0\5" "\0\0\0\1\xff")), ERR_FORMAT);
	assert_int_equal(ask_section(1, SPAN_LIT("\0\0\0\0\0\0\0\0\x39\0\0\0\12\0\0\0\1x\1\0\0\0\0")), ERR_UNSUPPORTED);
}

static void
text_lists_are_read_line_by_line(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);
	SCOPED(writer_free) struct writer blob = public_blob("keys/rsa.pub");
	SCOPED(kat_span_free) struct span a = kat_span("keys/ed25519.pub"), b = kat_span("keys/rsa.pub");
	bool revoked;

	(void)state;
	assert_int_equal(revoked_key(SPAN_EMPTY, writer_span(&blob), &revoked), ERR_OK);
	assert_false(revoked);
	wr_raw(&w, SPAN_LIT("# lost\n\n"));
	wr_raw(&w, a);
	assert_int_equal(revoked_key(writer_span(&w), writer_span(&blob), &revoked), ERR_OK);
	assert_false(revoked);
	wr_raw(&w, b);
	assert_int_equal(revoked_key(writer_span(&w), writer_span(&blob), &revoked), ERR_OK);
	assert_true(revoked);
	/* A line that is none could have been the key's. */
	assert_int_equal(revoked_key(SPAN_LIT("rubbish\n"), writer_span(&blob), &revoked), ERR_SYNTAX);
	assert_true(revoked);
}

static void
a_list_whose_beginning_is_damaged_is_no_text(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1024);

	(void)state;
	put_header(&w);
	assert_int_equal(ask(writer_span(&w)), ERR_OK);
	for (size_t i = 0; i < 8; i++) {
		w.p[i] ^= 1;
		assert_int_equal(ask(writer_span(&w)), ERR_FORMAT);
		w.p[i] ^= 1;
	}
}

static void
running_out_of_memory_means_revoked(void **state)
{
	SCOPED(kat_span_free) struct span list = kat_span("keys/ed25519.pub");
	SCOPED(writer_free) struct writer blob = public_blob("keys/rsa.pub");
	enum err e = ERR_NOMEM;

	(void)state;
	for (unsigned n = 0; e != ERR_OK; n++) {
		bool revoked = false;

		alloc_fail_after(n);
		e = revoked_key(list, writer_span(&blob), &revoked);
		alloc_fail_never();
		assert_int_equal(e, alloc_failed() ? ERR_NOMEM : ERR_OK);
		assert_int_equal(revoked, alloc_failed());
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_revoked_by_blob_and_by_both_hashes),
		cmocka_unit_test(certificates_are_revoked_by_serial_and_key_id),
		cmocka_unit_test(bitmaps_of_serials_are_read),
		cmocka_unit_test(a_list_without_a_ca_is_about_all),
		cmocka_unit_test(a_revoked_key_id_may_be_empty),
		cmocka_unit_test(a_revoked_ca_takes_its_certificates_along),
		cmocka_unit_test(a_certificate_in_a_text_revokes_its_key),
		cmocka_unit_test(the_header_is_read),
		cmocka_unit_test(a_damaged_list_revokes_everything),
		cmocka_unit_test(what_is_not_understood_revokes_everything),
		cmocka_unit_test(text_lists_are_read_line_by_line),
		cmocka_unit_test(a_list_whose_beginning_is_damaged_is_no_text),
		cmocka_unit_test(running_out_of_memory_means_revoked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
