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
#include "keys/authorized_keys.h"
#include "keys/cert.h"
#include "regress/support/alloc.h"
#include "regress/support/kat.h"

#define T2024	1704067200	/* 2024-01-01 */
#define T2030	1893456000	/* 2030-01-01 */
#define NOW	(T2024 + 86400)

/* The blob of a certificate of regress/kat/certs. */
static struct writer
blob_of(const char *name)
{
	struct writer blob = writer_init(LIMIT_KEY_BLOB);
	char path[128], *text;

	snprintf(path, sizeof path, "regress/kat/certs/%s.cert", name);
	text = kat_file(path, NULL);
	assert_int_equal(cert_line_decode(span_str(text), &blob), ERR_OK);
	free(text);
	return blob;
}

static struct cert
load(const char *name)
{
	SCOPED(writer_free) struct writer blob = blob_of(name);
	struct cert c;

	assert_int_equal(cert_parse(writer_span(&blob), &c), ERR_OK);
	return c;
}

static struct cert_need
need_of(enum cert_role role, const char *name)
{
	return (struct cert_need){ .role = role, .now = NOW, .name = span_str(name),
	    .ca_algs = span_str(keys_list(KEY_LIST_CA)) };
}

/* Why a certificate is refused; NULL: it is not. */
static const char *
refusal(const struct cert *c, const struct cert_need *need)
{
	const char *why;
	enum err e = cert_check(c, need, &why);

	assert_int_equal(e, why == NULL ? ERR_OK : ERR_DENIED);
	return why;
}

static void
certificates_of_openssh_are_read(void **state)
{
	static const struct { const char *name, *type, *plain; } rows[] = {
		{ "ed25519", "ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519" },
		{ "ecdsa256", "ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp256" },
		{ "ecdsa521", "ecdsa-sha2-nistp521-cert-v01@openssh.com", "ecdsa-sha2-nistp521" },
		{ "rsa", "ssh-rsa-cert-v01@openssh.com", "ssh-rsa" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		SCOPED(cert_free) struct cert c = load(rows[i].name);
		struct cert_need need = need_of(CERT_USER, "bob");
		char id[32];

		snprintf(id, sizeof id, "id of %s", rows[i].name);
		assert_string_equal(c.type, rows[i].type);
		assert_string_equal(key_type(c.key), rows[i].plain);
		assert_string_equal(key_type(c.ca), "ssh-ed25519");
		assert_int_equal(c.serial, 42);
		assert_int_equal(c.role, CERT_USER);
		assert_true(span_is(c.key_id, id));
		assert_int_equal(c.n_principals, 2);
		assert_int_equal(c.valid_after, T2024);
		assert_int_equal(c.valid_before, T2030);
		assert_null(refusal(&c, &need));
	}
}

static void
options_of_a_user_certificate_are_read(void **state)
{
	SCOPED(cert_free) struct cert c = load("ed25519");
	struct cert_options o;
	const char *why;

	(void)state;
	assert_int_equal(cert_options_get(&c, &o, &why), ERR_OK);
	assert_true(o.has_command && span_is(o.command, "ls -l"));
	assert_true(o.has_source && span_is(o.source, "10.0.0.0/8,192.168.1.1"));
	assert_true(o.needs_verify && !o.needs_touch);
	assert_int_equal(o.permit, PERMIT_X11 | PERMIT_AGENT | PERMIT_PORT | PERMIT_USER_RC);
}

static void
an_unknown_critical_option_refuses_and_an_unknown_extension_does_not(void **state)
{
	SCOPED(cert_free) struct cert c = load("odd");
	struct cert_options o;
	const char *why;

	(void)state;
	assert_int_equal(cert_options_get(&c, &o, &why), ERR_DENIED);
	assert_string_equal(why, "Certificate invalid: unknown critical option");
	assert_int_equal(o.permit, 0);
	c.critical = SPAN_EMPTY;
	assert_int_equal(cert_options_get(&c, &o, &why), ERR_OK);
	assert_true((o.permit & PERMIT_PTY) != 0);
}

static void
a_certificate_is_good_from_its_first_second_to_before_its_last(void **state)
{
	SCOPED(cert_free) struct cert c = load("ed25519");
	struct cert_need need = need_of(CERT_USER, "alice");

	(void)state;
	need.now = T2024 - 1;
	assert_string_equal(refusal(&c, &need), "Certificate invalid: not yet valid");
	need.now = T2024;
	assert_null(refusal(&c, &need));
	need.now = T2030 - 1;
	assert_null(refusal(&c, &need));
	need.now = T2030;
	assert_string_equal(refusal(&c, &need), "Certificate invalid: expired");
}

static void
roles_are_not_mixed_up(void **state)
{
	SCOPED(cert_free) struct cert user = load("ed25519"), host = load("host");
	struct cert_need as_user = need_of(CERT_USER, "alice"), as_host = need_of(CERT_HOST, "h.example.com");

	(void)state;
	assert_null(refusal(&host, &as_host));
	assert_string_equal(refusal(&user, &as_host), "Certificate invalid: not a host certificate");
	assert_string_equal(refusal(&host, &as_user), "Certificate invalid: not a user certificate");
}

static void
principals_are_compared_exactly_for_users_and_as_patterns_for_hosts(void **state)
{
	static const struct { const char *cert; enum cert_role role; const char *name; bool good; } rows[] = {
		{ "ed25519", CERT_USER, "alice", true },
		{ "ed25519", CERT_USER, "Alice", false },
		{ "ed25519", CERT_USER, "alic", false },
		{ "ed25519", CERT_USER, "alice,bob", false },
		{ "ed25519", CERT_USER, "", false },
		{ "host", CERT_HOST, "h.example.com", true },
		{ "host", CERT_HOST, "H.Example.com", true },
		{ "host", CERT_HOST, "a.wild", true },
		{ "host", CERT_HOST, "wild", false },
		{ "host", CERT_HOST, "h.example.org", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		SCOPED(cert_free) struct cert c = load(rows[i].cert);
		struct cert_need need = need_of(rows[i].role, rows[i].name);

		if (rows[i].good)
			assert_null(refusal(&c, &need));
		else
			assert_string_equal(refusal(&c, &need),
			    "Certificate invalid: name is not a listed principal");
	}
}

static void
a_certificate_without_principals_is_good_for_nobody(void **state)
{
	SCOPED(cert_free) struct cert c = load("nobody");
	struct cert_need need = need_of(CERT_USER, "alice");

	(void)state;
	assert_string_equal(refusal(&c, &need), "Certificate lacks principal list");
	need.any_name = true;
	assert_string_equal(refusal(&c, &need), "Certificate lacks principal list");
}

static void
the_ca_must_sign_by_an_allowed_algorithm(void **state)
{
	SCOPED(cert_free) struct cert good = load("byrsa"), sha1 = load("bysha1");
	struct cert_need need = need_of(CERT_USER, "alice");

	(void)state;
	assert_null(refusal(&good, &need));
	assert_string_equal(refusal(&sha1, &need), "Certificate signed with disallowed algorithm");
	need.ca_algs = SPAN_LIT("ssh-ed25519,rsa-sha2-256");
	assert_string_equal(refusal(&good, &need), "Certificate signed with disallowed algorithm");
	need.ca_algs = SPAN_LIT("ssh-rsa");
	assert_null(refusal(&sha1, &need));
}

static void
every_flipped_byte_is_noticed(void **state)
{
	SCOPED(writer_free) struct writer blob = blob_of("ecdsa256");

	(void)state;
	for (size_t i = 0; i < blob.len; i++) {
		struct cert_need need = need_of(CERT_USER, "alice");
		SCOPED(cert_free) struct cert c;

		blob.p[i] ^= 0x10;
		if (cert_parse(writer_span(&blob), &c) == ERR_OK)
			assert_non_null(refusal(&c, &need));
		blob.p[i] ^= 0x10;
	}
}

static void
every_prefix_and_one_byte_more_are_refused(void **state)
{
	SCOPED(writer_free) struct writer blob = blob_of("ed25519");
	struct cert c;

	(void)state;
	for (size_t n = 0; n < blob.len; n++)
		assert_int_not_equal(cert_parse(span_of(blob.p, n), &c), ERR_OK);
	wr_u8(&blob, 0);
	assert_int_equal(cert_parse(writer_span(&blob), &c), ERR_TRAILING);
	assert_null(c.key);
}

/* --- certificates of our own making --- */

static struct key *
make_key(const char *kind, unsigned bits)
{
	struct rng_test seed = { .state = 21 };
	struct rng rng = rng_test(&seed);
	struct key *k;

	assert_int_equal(key_generate(span_str(kind), bits, &rng, &k), ERR_OK);
	return k;
}

/* Makes a certificate by an ed25519 CA, and parses it. */
static enum err
make(const struct cert_order *order, struct cert *out)
{
	struct rng_test seed = { .state = 22 };
	struct rng rng = rng_test(&seed);
	SCOPED(key_free) struct key *ca = NULL;
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_KEY_BLOB);

	assert_int_equal(key_generate(SPAN_LIT("ed25519"), 0, &rng, &ca), ERR_OK);
	assert_int_equal(cert_make(order, ca, SPAN_LIT("ssh-ed25519"), &rng, &w), ERR_OK);
	return cert_parse(writer_span(&w), out);
}

static void
what_is_made_is_read_again_for_every_type(void **state)
{
	static const struct { const char *kind; unsigned bits; } kinds[] = {
		{ "ed25519", 0 }, { "ecdsa", 256 }, { "ecdsa", 384 }, { "ecdsa", 521 }, { "rsa", 1024 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		SCOPED(key_free) struct key *k = make_key(kinds[i].kind, kinds[i].bits);
		SCOPED(writer_free) struct writer critical = writer_init(256);
		SCOPED(cert_free) struct cert c;
		struct cert_need need = need_of(CERT_USER, "b");
		struct cert_order order = { .key = k, .role = CERT_USER, .serial = UINT64_MAX,
		    .key_id = SPAN_LIT("id"), .principals = SPAN_LIT("a,b"),
		    .valid_before = CERT_FOREVER };
		struct cert_options o;
		const char *why;

		cert_option_put(&critical, SPAN_LIT("force-command"), SPAN_LIT("x"));
		cert_option_put(&critical, SPAN_LIT("verify-required"), SPAN_EMPTY);
		order.critical = writer_span(&critical);
		assert_int_equal(make(&order, &c), ERR_OK);
		assert_true(key_equal(c.key, k));
		assert_true(c.serial == UINT64_MAX);
		assert_null(refusal(&c, &need));
		assert_int_equal(cert_options_get(&c, &o, &why), ERR_OK);
		assert_true(o.needs_verify && span_is(o.command, "x") && o.permit == 0);
	}
}

static void
a_ca_that_is_a_certificate_is_refused(void **state)
{
	SCOPED(cert_free) struct cert inner = load("ed25519");
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_KEY_BLOB);
	struct cert c;

	(void)state;
	wr_str(&w, "ssh-ed25519-cert-v01@openssh.com");
	wr_str(&w, "nonce");
	wr_raw(&w, span_skip(key_blob(inner.key), 15));
	wr_u64(&w, 0);
	wr_u32(&w, CERT_USER);
	wr_str(&w, "id");
	wr_bytes(&w, SPAN_LIT("\0\0\0\1a"));
	wr_u64(&w, 0);
	wr_u64(&w, CERT_FOREVER);
	wr_str(&w, "");
	wr_str(&w, "");
	wr_str(&w, "");
	wr_bytes(&w, inner.blob);
	wr_str(&w, "sig");
	assert_int_equal(cert_parse(writer_span(&w), &c), ERR_UNSUPPORTED);
}

/* The refusal of critical options made of (name, data). */
static const char *
critical_refusal(struct span critical)
{
	SCOPED(cert_free) struct cert c = load("nobody");
	struct cert_options o;
	const char *why;

	c.critical = critical;
	(void)!cert_options_get(&c, &o, &why);
	return why;
}

static void
malformed_critical_options_are_refused(void **state)
{
	static const struct { const char *name; struct span data; const char *why; } rows[] = {
		{ "force-command", { (const uint8_t *)"\0\0\0\1x", 5 }, NULL },
		{ "force-command", { (const uint8_t *)"\0\0\0\1xy", 6 }, "Certificate invalid: malformed force-command" },
		{ "force-command", { (const uint8_t *)"\0\0\0\2x", 5 }, "Certificate invalid: malformed force-command" },
		{ "force-command", { (const uint8_t *)"", 0 }, "Certificate invalid: malformed force-command" },
		{ "source-address", { (const uint8_t *)"", 0 }, "Certificate invalid: malformed source-address" },
		{ "source-address", { (const uint8_t *)"\0\0\0\0", 4 }, NULL },
		{ "verify-required", { (const uint8_t *)"", 0 }, NULL },
		{ "verify-required", { (const uint8_t *)"\0\0\0\1x", 5 }, "Certificate invalid: malformed verify-required" },
		{ "Force-command", { (const uint8_t *)"\0\0\0\1x", 5 }, "Certificate invalid: unknown critical option" },
		{ "", { (const uint8_t *)"", 0 }, "Certificate invalid: unknown critical option" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		SCOPED(writer_free) struct writer w = writer_init(256);
		const char *why;

		wr_str(&w, rows[i].name);
		wr_bytes(&w, rows[i].data);
		why = critical_refusal(writer_span(&w));
		if (rows[i].why == NULL) {
			assert_null(why);
			/* Given twice it is refused. */
			wr_str(&w, rows[i].name);
			wr_bytes(&w, rows[i].data);
			assert_non_null(critical_refusal(writer_span(&w)));
		} else {
			assert_string_equal(why, rows[i].why);
		}
	}
}

static void
an_empty_source_address_is_there_and_matches_nothing(void **state)
{
	SCOPED(cert_free) struct cert c = load("nobody");
	struct cert_options o;
	struct address a;
	enum match m;
	const char *why;

	(void)state;
	c.critical = SPAN_LIT("\0\0\0\16source-address\0\0\0\4\0\0\0\0");
	assert_int_equal(cert_options_get(&c, &o, &why), ERR_OK);
	assert_true(o.has_source);
	assert_int_equal(address_parse(SPAN_LIT("10.0.0.1"), &a), ERR_OK);
	if (address_match_list(&a, o.source, &m) == ERR_OK)
		assert_int_equal(m, MATCH_NO);
}

static void
a_host_certificate_must_have_no_critical_options(void **state)
{
	SCOPED(key_free) struct key *k = make_key("ed25519", 0);
	SCOPED(writer_free) struct writer critical = writer_init(256);
	struct cert_order order = { .key = k, .role = CERT_HOST, .key_id = SPAN_LIT("id"),
	    .principals = SPAN_LIT("h"), .valid_before = CERT_FOREVER };
	struct cert_need need = need_of(CERT_HOST, "h");
	SCOPED(cert_free) struct cert c;

	(void)state;
	cert_option_put(&critical, SPAN_LIT("verify-required"), SPAN_EMPTY);
	order.critical = writer_span(&critical);
	assert_int_equal(make(&order, &c), ERR_OK);
	assert_string_equal(refusal(&c, &need),
	    "Certificate invalid: host certificate with critical options");
}

static void
principals_are_bounded(void **state)
{
	SCOPED(key_free) struct key *k = make_key("ed25519", 0);
	SCOPED(writer_free) struct writer names = writer_init(4096);
	struct cert_order order = { .key = k, .role = CERT_USER, .key_id = SPAN_LIT("id"),
	    .valid_before = CERT_FOREVER };
	struct cert c;

	(void)state;
	for (int i = 0; i < CERT_MAX_PRINCIPALS; i++)
		wr_raw(&names, SPAN_LIT("a,"));
	order.principals = span_first(writer_span(&names), names.len - 1);
	assert_int_equal(make(&order, &c), ERR_OK);
	assert_int_equal(c.n_principals, CERT_MAX_PRINCIPALS);
	cert_free(&c);
	wr_u8(&names, 'a');
	order.principals = writer_span(&names);
	assert_int_equal(make(&order, &c), ERR_LIMIT);
}

static void
names_of_types_and_algorithms_go_both_ways(void **state)
{
	struct span all = span_str(keys_list(KEY_LIST_SIG)), alg;

	(void)state;
	while (span_token(&all, ',', &alg)) {
		const char *cert = cert_alg_of(alg);

		assert_non_null(cert);
		assert_true(span_is(alg, cert_alg_plain(span_str(cert))));
		assert_null(cert_alg_plain(alg));
	}
	assert_string_equal(cert_alg_of(SPAN_LIT("rsa-sha2-512")), "rsa-sha2-512-cert-v01@openssh.com");
	assert_string_equal(cert_alg_plain(SPAN_LIT("ssh-rsa-cert-v01@openssh.com")), "ssh-rsa");
	assert_string_equal(cert_type_of(SPAN_LIT("sk-ssh-ed25519@openssh.com")), "sk-ssh-ed25519-cert-v01@openssh.com");
	assert_null(cert_type_plain(SPAN_LIT("rsa-sha2-512-cert-v01@openssh.com")));
	assert_null(cert_type_of(SPAN_LIT("rsa-sha2-512")));
}

static void
running_out_of_memory_is_never_taken_for_valid(void **state)
{
	SCOPED(writer_free) struct writer blob = blob_of("ed25519");
	struct cert_need need = need_of(CERT_USER, "alice");
	enum err e = ERR_NOMEM;

	(void)state;
	for (unsigned n = 0; e != ERR_OK; n++) {
		struct cert c;
		const char *why;

		alloc_fail_after(n);
		e = cert_parse(writer_span(&blob), &c);
		if (e == ERR_OK)
			e = cert_check(&c, &need, &why);
		alloc_fail_never();
		cert_free(&c);
		if (alloc_failed())
			assert_int_equal(e, ERR_NOMEM);
	}
}

static void
a_line_that_is_no_certificate_is_refused(void **state)
{
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);

	(void)state;
	assert_int_equal(cert_line_decode(SPAN_EMPTY, &blob), ERR_UNSUPPORTED);
	assert_int_equal(cert_line_decode(SPAN_LIT("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5"), &blob), ERR_UNSUPPORTED);
	assert_int_equal(cert_line_decode(SPAN_LIT("ssh-ed25519-cert-v01@openssh.com"), &blob), ERR_FORMAT);
	assert_int_equal(cert_line_decode(SPAN_LIT("ssh-ed25519-cert-v01@openssh.com A*"), &blob), ERR_SYNTAX);
	/* the first line counts */
	assert_int_equal(cert_line_decode(SPAN_LIT("\nssh-ed25519-cert-v01@openssh.com AAAA"), &blob), ERR_UNSUPPORTED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_that_is_no_certificate_is_refused),
		cmocka_unit_test(certificates_of_openssh_are_read),
		cmocka_unit_test(options_of_a_user_certificate_are_read),
		cmocka_unit_test(an_unknown_critical_option_refuses_and_an_unknown_extension_does_not),
		cmocka_unit_test(a_certificate_is_good_from_its_first_second_to_before_its_last),
		cmocka_unit_test(roles_are_not_mixed_up),
		cmocka_unit_test(principals_are_compared_exactly_for_users_and_as_patterns_for_hosts),
		cmocka_unit_test(a_certificate_without_principals_is_good_for_nobody),
		cmocka_unit_test(the_ca_must_sign_by_an_allowed_algorithm),
		cmocka_unit_test(every_flipped_byte_is_noticed),
		cmocka_unit_test(every_prefix_and_one_byte_more_are_refused),
		cmocka_unit_test(what_is_made_is_read_again_for_every_type),
		cmocka_unit_test(a_ca_that_is_a_certificate_is_refused),
		cmocka_unit_test(malformed_critical_options_are_refused),
		cmocka_unit_test(an_empty_source_address_is_there_and_matches_nothing),
		cmocka_unit_test(a_host_certificate_must_have_no_critical_options),
		cmocka_unit_test(principals_are_bounded),
		cmocka_unit_test(names_of_types_and_algorithms_go_both_ways),
		cmocka_unit_test(running_out_of_memory_is_never_taken_for_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
