/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "keys/bubblebabble.h"
#include "keys/public_format.h"
#include "regress/support/alloc.h"

static struct key *
make(const char *kind, unsigned bits)
{
	struct rng_test seed = { .state = 11 };
	struct rng rng = rng_test(&seed);
	struct key *k;

	assert_int_equal(key_generate(span_str(kind), bits, &rng, &k), ERR_OK);
	return k;
}

static void
bubblebabble(const char *bytes, const char *words)
{
	SCOPED(writer_free) struct writer w = writer_init(256);

	bubblebabble_put_bytes(&w, span_str(bytes));
	assert_true(span_is(writer_span(&w), words));
}

static void
bubblebabble_is_that_of_its_draft(void **state)
{
	(void)state;
	bubblebabble("", "xexax");
	bubblebabble("1234567890", "xesef-disof-gytuf-katof-movif-baxux");
}

static void
an_exported_ssh2_key_is_imported_again(void **state)
{
	SCOPED(key_free) struct key *k = make("rsa", 2048);
	SCOPED(writer_free) struct writer w = writer_init(8192), blob = writer_init(8192);
	struct span line, rest;

	(void)state;
	rfc4716_put(&w, key_blob(k), SPAN_LIT("2048-bit RSA"));
	assert_int_equal(wr_end(&w), ERR_OK);
	rest = writer_span(&w);
	while (span_token(&rest, '\n', &line))
		assert_true(line.len <= 72);	/* RFC 4716 3.2 */
	assert_int_equal(rfc4716_get(writer_span(&w), &blob), ERR_OK);
	assert_true(span_eq(writer_span(&blob), key_blob(k)));
}

static void
headers_may_go_on_over_lines(void **state)
{
	SCOPED(writer_free) struct writer blob = writer_init(8192);
	static const char file[] =
	    "some text\r\n---- BEGIN SSH2 PUBLIC KEY ----\r\n"
	    "Subject: me\r\nComment: \"a comment \\\r\nthat goes on \\\r\nAAAA\"\r\nx-private: yes\r\n"
	    "AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq3\r\n1Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea\r\n"
	    "---- END SSH2 PUBLIC KEY ----\r\n";

	(void)state;
	assert_int_equal(rfc4716_get(span_str(file), &blob), ERR_OK);
	assert_int_equal(blob.len, 51);
	assert_true(span_is(key_blob_type(writer_span(&blob)), "ssh-ed25519"));
}

static void
damaged_ssh2_files_are_refused(void **state)
{
	SCOPED(writer_free) struct writer blob = writer_init(8192);

	(void)state;
	assert_int_equal(rfc4716_get(SPAN_EMPTY, &blob), ERR_FORMAT);
	assert_int_equal(rfc4716_get(SPAN_LIT("---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n"), &blob), ERR_FORMAT);
	assert_int_equal(rfc4716_get(SPAN_LIT("---- BEGIN SSH2 PUBLIC KEY ----\n!!!!\n"
	    "---- END SSH2 PUBLIC KEY ----\n"), &blob), ERR_FORMAT);
	assert_int_equal(blob.len, 0);
}

static void
keys_in_pem_are_imported_again(void **state)
{
	static const struct { const char *kind; unsigned bits; } rows[] = {
		{ "ed25519", 0 }, { "ecdsa", 256 }, { "ecdsa", 384 }, { "ecdsa", 521 }, { "rsa", 1024 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int kind = PUBLIC_PKCS8; kind <= PUBLIC_PEM; kind++) {
			SCOPED(key_free) struct key *k = make(rows[i].kind, rows[i].bits), *back = NULL;
			SCOPED(writer_free) struct writer w = writer_init(8192);

			if (kind == PUBLIC_PEM && strcmp(rows[i].kind, "rsa") != 0) {
				assert_int_equal(public_pem_put(&w, k, (enum public_pem)kind), ERR_UNSUPPORTED);
				continue;
			}
			assert_int_equal(public_pem_put(&w, k, (enum public_pem)kind), ERR_OK);
			assert_int_equal(public_pem_get(writer_span(&w), (enum public_pem)kind, &back), ERR_OK);
			assert_true(key_equal(k, back));
			assert_false(key_has_private(back));
		}
	}
}

static void
pem_files_of_other_things_are_refused(void **state)
{
	struct key *k;

	(void)state;
	assert_int_equal(public_pem_get(SPAN_EMPTY, PUBLIC_PKCS8, &k), ERR_FORMAT);
	assert_int_equal(public_pem_get(SPAN_LIT("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
	    PUBLIC_PKCS8, &k), ERR_FORMAT);
	/* X25519 */
	assert_int_equal(public_pem_get(SPAN_LIT("-----BEGIN PUBLIC KEY-----\n"
	    "MCowBQYDK2VuAyEAhSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=\n"
	    "-----END PUBLIC KEY-----\n"), PUBLIC_PKCS8, &k), ERR_UNSUPPORTED);
	assert_null(k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bubblebabble_is_that_of_its_draft),
		cmocka_unit_test(an_exported_ssh2_key_is_imported_again),
		cmocka_unit_test(headers_may_go_on_over_lines),
		cmocka_unit_test(damaged_ssh2_files_are_refused),
		cmocka_unit_test(keys_in_pem_are_imported_again),
		cmocka_unit_test(pem_files_of_other_things_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
