/* SPDX-License-Identifier: ISC */
/*
 * The client's whole check of a host key, with files, lists and certificates,
 * and with memory running out at every place: whatever fails, a key that is
 * not good is never accepted (CVE-2025-26465 and its like).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/limits.h"
#include "crypto/random.h"
#include "keys/cert.h"
#include "keys/private_file.h"
#include "regress/support/alloc.h"
#include "regress/support/hostkey_rest.h"

/* --- keys, certificates, files --- */

struct bed {
	char dir[64];
	char known[96];
	char revoked[96];
	struct key *host, *other, *ca;
	struct writer cert;		/* of host by ca, for "host.example" */
	struct writer expired;
	struct writer elsewhere;	/* for another name */
};

static void
make_cert(const struct bed *b, const char *name, uint64_t before, struct writer *w)
{
	struct rng rng = rng_system();
	struct cert_order order = {
		.key = b->host, .role = CERT_HOST, .serial = 1, .key_id = SPAN_LIT("id"),
		.principals = span_str(name), .valid_before = before,
	};

	*w = writer_init(LIMIT_KEY_BLOB);
	assert_int_equal(cert_make(&order, b->ca, SPAN_LIT("ssh-ed25519"), &rng, w), ERR_OK);
}

static int
set_up(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	struct rng rng = rng_system();

	strcpy(b->dir, "/tmp/test_hostkey.XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->known, sizeof(b->known), "%s/known_hosts", b->dir);
	snprintf(b->revoked, sizeof(b->revoked), "%s/revoked", b->dir);
	assert_int_equal(key_generate(SPAN_LIT("ed25519"), 0, &rng, &b->host), ERR_OK);
	assert_int_equal(key_generate(SPAN_LIT("ed25519"), 0, &rng, &b->other), ERR_OK);
	assert_int_equal(key_generate(SPAN_LIT("ed25519"), 0, &rng, &b->ca), ERR_OK);
	make_cert(b, "host.example", CERT_FOREVER, &b->cert);
	make_cert(b, "host.example", 1, &b->expired);
	make_cert(b, "elsewhere.example", CERT_FOREVER, &b->elsewhere);
	/* Whoever asks the user gets no answer. */
	setenv("SSH_ASKPASS", "/bin/false", 1);
	setenv("SSH_ASKPASS_REQUIRE", "force", 1);
	*state = b;
	return 0;
}

static int
tear_down(void **state)
{
	struct bed *b = *state;

	unlink(b->known);
	unlink(b->revoked);
	rmdir(b->dir);
	key_free(&b->host);
	key_free(&b->other);
	key_free(&b->ca);
	writer_free(&b->cert);
	writer_free(&b->expired);
	writer_free(&b->elsewhere);
	free(b);
	return 0;
}

static void
write_text(const char *path, struct span text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text.p, 1, text.len, f), text.len);
	fclose(f);
}

/* A line "MARKER NAMES KEY"; names NULL: the name, hashed. */
static void
put_line(struct writer *w, const char *marker, const char *names, const struct key *key)
{
	struct rng rng = rng_system();

	wr_printf(w, "%s", marker);
	if (names != NULL)
		wr_printf(w, "%s", names);
	else
		known_hosts_hash(w, SPAN_LIT("host.example"), &rng);
	wr_u8(w, ' ');
	public_line_put(w, key_blob(key), SPAN_EMPTY);
	wr_u8(w, '\n');
	assert_int_equal(wr_end(w), ERR_OK);
}

/* --- one check --- */

enum shown { PLAIN, CERT, EXPIRED, ELSEWHERE };

struct trial {
	enum shown shown;
	enum strict_checking strict;
	bool revokes;			/* there is a file of RevokedHostKeys */
	bool asks_command;		/* KnownHostsCommand gives the lines, and the file is empty */
	bool checks_ip;
	const char *algs;		/* CASignatureAlgorithms */
};

static struct span
shown_blob(const struct bed *b, enum shown shown)
{
	switch (shown) {
	case CERT:
		return writer_span(&b->cert);
	case EXPIRED:
		return writer_span(&b->expired);
	case ELSEWHERE:
		return writer_span(&b->elsewhere);
	case PLAIN:
		break;
	}
	return key_blob(b->host);
}

/* Loads the files and checks, as a connection does. */
static bool
check(const struct bed *b, const struct trial *t)
{
	char command[160], *known = (char *)(uintptr_t)(t->asks_command ? "/dev/null" : b->known);
	char *revoked = (char *)(uintptr_t)b->revoked;
	struct ssh s = {
		.log = { .level = LOG_LEVEL_QUIET, .fd = -1 },
		.settings.host = (char *)(uintptr_t)"host.example",
		.route = { .is_proxied = !t->checks_ip, .peer_text = "192.0.2.1" },
	};
	struct ssh_config *c = &s.settings.config;
	bool is_good = false;

	s.route.peer.address.family = 4;
	s.route.peer.address.bytes[0] = 192;
	c->port = 22;
	c->strict_host_key_checking = t->strict;
	c->check_host_ip = t->checks_ip;
	c->host_key_algorithms = (char *)(uintptr_t)"ssh-ed25519-cert-v01@openssh.com,ssh-ed25519";
	c->ca_signature_algorithms = (char *)(uintptr_t)(t->algs == NULL ? "ssh-ed25519" : t->algs);
	c->user_known_hosts_files = (struct words){ &known, 1 };
	if (t->revokes)
		c->revoked_host_keys = (struct words){ &revoked, 1 };
	snprintf(command, sizeof(command), "/bin/cat %s", b->known);
	if (t->asks_command)
		c->known_hosts_command = command;
	if (hostkeys_load(&s) == ERR_OK)
		is_good = hostkeys_check(&s, shown_blob(b, t->shown), t->shown == PLAIN ?
		    "ssh-ed25519" : "ssh-ed25519-cert-v01@openssh.com");
	hostkeys_free(s.hostkeys);
	free(s.hostkey_algs_own);
	return is_good;
}

/*
 * Not accepted, wherever memory ends, and wherever it fails only once. The
 * number of places makes sure that there were some.
 */
static void
assert_never(const struct bed *b, struct trial t)
{
	void (*const fail_how[])(unsigned) = { alloc_fail_after, alloc_fail_once };

	assert_false(check(b, &t));
	for (size_t how = 0; how < COUNT(fail_how); how++) {
		bool is_over = false;
		unsigned n = 0;

		for (; !is_over; n++) {
			bool is_good;

			fail_how[how](n);
			is_good = check(b, &t);
			is_over = !alloc_failed();
			alloc_fail_never();
			assert_false(is_good);
		}
		assert_true(n > 5);
	}
}

/* Accepted if nothing fails; otherwise it may be refused. */
static void
assert_accepted(const struct bed *b, struct trial t)
{
	assert_true(check(b, &t));
	for (unsigned n = 0;; n++) {
		alloc_fail_after(n);
		(void)check(b, &t);
		if (!alloc_failed())
			break;
	}
	alloc_fail_never();
	assert_true(check(b, &t));
}

static void
write_known(const struct bed *b, const struct writer *w)
{
	write_text(b->known, writer_span(w));
}

/* --- the tests --- */

static const enum strict_checking careful[] = { STRICT_YES, STRICT_ASK, STRICT_ACCEPT_NEW };

static void
known_keys_are_accepted(void **state)
{
	struct bed *b = *state;

	for (int hashed = 0; hashed < 2; hashed++) {
		SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);

		put_line(&w, "", hashed ? NULL : "host.example", b->host);
		write_known(b, &w);
		assert_accepted(b, (struct trial){ .strict = STRICT_YES });
		assert_accepted(b, (struct trial){ .strict = STRICT_YES, .asks_command = true });
		assert_accepted(b, (struct trial){ .shown = EXPIRED, .strict = STRICT_YES });
	}
}

static void
certificates_of_a_known_ca_are_accepted(void **state)
{
	struct bed *b = *state;
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);

	put_line(&w, "@cert-authority ", "*.example", b->ca);
	write_known(b, &w);
	assert_accepted(b, (struct trial){ .shown = CERT, .strict = STRICT_YES });
	assert_accepted(b, (struct trial){ .shown = CERT, .strict = STRICT_YES, .asks_command = true });
}

static void
unknown_keys_are_never_accepted(void **state)
{
	struct bed *b = *state;
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);

	put_line(&w, "", "elsewhere.example", b->host);
	write_known(b, &w);
	assert_never(b, (struct trial){ .strict = STRICT_YES });
	assert_never(b, (struct trial){ .strict = STRICT_ASK });
	assert_never(b, (struct trial){ .shown = CERT, .strict = STRICT_YES });
	assert_never(b, (struct trial){ .strict = STRICT_YES, .asks_command = true });
}

static void
changed_keys_are_never_accepted(void **state)
{
	struct bed *b = *state;

	for (size_t i = 0; i < COUNT(careful); i++) {
		SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);

		put_line(&w, "", i == 1 ? NULL : "host.example", b->other);
		write_known(b, &w);
		assert_never(b, (struct trial){ .strict = careful[i] });
		assert_never(b, (struct trial){ .shown = CERT, .strict = careful[i] });
		assert_never(b, (struct trial){ .strict = careful[i], .asks_command = true });
	}
}

static void
revoked_keys_are_never_accepted(void **state)
{
	struct bed *b = *state;

	for (int hashed = 0; hashed < 2; hashed++) {
		SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);

		put_line(&w, "", "host.example", b->host);
		put_line(&w, "@cert-authority ", "*", b->ca);
		put_line(&w, "@revoked ", hashed ? NULL : "*", b->host);
		write_known(b, &w);
		assert_never(b, (struct trial){ .strict = STRICT_NO });
		assert_never(b, (struct trial){ .shown = CERT, .strict = STRICT_NO });
		assert_never(b, (struct trial){ .strict = STRICT_NO, .asks_command = true });
	}
}

static void
certificates_of_a_revoked_ca_are_never_accepted(void **state)
{
	struct bed *b = *state;
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);

	put_line(&w, "", "host.example", b->host);
	put_line(&w, "@cert-authority ", "*", b->ca);
	put_line(&w, "@revoked ", "*", b->ca);
	write_known(b, &w);
	assert_never(b, (struct trial){ .shown = CERT, .strict = STRICT_NO });
}

static void
keys_of_a_list_of_revoked_keys_are_never_accepted(void **state)
{
	struct bed *b = *state;
	const struct key *listed[] = { b->host, b->ca };

	for (size_t i = 0; i < COUNT(listed); i++) {
		SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);
		SCOPED(writer_free) struct writer list = writer_init(LIMIT_LINE);

		put_line(&w, "", "host.example", b->host);
		put_line(&w, "@cert-authority ", "*", b->ca);
		write_known(b, &w);
		put_line(&list, "", "", listed[i]);
		write_text(b->revoked, writer_span(&list));
		assert_never(b, (struct trial){ .shown = CERT, .strict = STRICT_NO, .revokes = true });
		if (i == 0)
			assert_never(b, (struct trial){ .strict = STRICT_NO, .revokes = true });
	}
}

static void
a_list_of_revoked_keys_that_cannot_be_read_revokes_all(void **state)
{
	struct bed *b = *state;
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);

	put_line(&w, "", "host.example", b->host);
	write_known(b, &w);
	unlink(b->revoked);
	assert_never(b, (struct trial){ .strict = STRICT_NO, .revokes = true });
	write_text(b->revoked, SPAN_LIT("SSHKRL\n\0 and no more"));
	assert_never(b, (struct trial){ .strict = STRICT_NO, .revokes = true });
}

static void
certificates_that_do_not_hold_are_never_accepted(void **state)
{
	struct bed *b = *state;

	for (size_t i = 0; i < COUNT(careful) - 1; i++) {
		SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);

		put_line(&w, "@cert-authority ", "host.example", b->ca);
		write_known(b, &w);
		assert_never(b, (struct trial){ .shown = EXPIRED, .strict = careful[i] });
		assert_never(b, (struct trial){ .shown = ELSEWHERE, .strict = careful[i] });
		assert_never(b, (struct trial){ .shown = CERT, .strict = careful[i],
		    .algs = "rsa-sha2-512" });
	}
}

static void
addresses_with_another_key_are_never_accepted(void **state)
{
	struct bed *b = *state;

	for (size_t i = 0; i < COUNT(careful); i++) {
		SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);

		put_line(&w, "", "host.example", b->host);
		put_line(&w, "", "192.0.2.1", b->other);
		write_known(b, &w);
		assert_never(b, (struct trial){ .strict = careful[i], .checks_ip = true });
	}
}

static void
another_key_in_a_rekey_is_never_accepted(void **state)
{
	struct bed *b = *state;
	struct ssh s = { .log = { .level = LOG_LEVEL_QUIET, .fd = -1 } };
	struct hostkeys h = { .trusted = writer_init(LIMIT_KEY_BLOB) };

	s.hostkeys = &h;
	s.settings.config.strict_host_key_checking = STRICT_NO;
	wr_raw(&h.trusted, key_blob(b->host));
	assert_true(hostkeys_check(&s, key_blob(b->host), "ssh-ed25519"));
	assert_false(hostkeys_check(&s, key_blob(b->other), "ssh-ed25519"));
	assert_false(hostkeys_check(&s, writer_span(&b->cert), "ssh-ed25519-cert-v01@openssh.com"));
	writer_free(&h.trusted);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_keys_are_accepted),
		cmocka_unit_test(certificates_of_a_known_ca_are_accepted),
		cmocka_unit_test(unknown_keys_are_never_accepted),
		cmocka_unit_test(changed_keys_are_never_accepted),
		cmocka_unit_test(revoked_keys_are_never_accepted),
		cmocka_unit_test(certificates_of_a_revoked_ca_are_never_accepted),
		cmocka_unit_test(keys_of_a_list_of_revoked_keys_are_never_accepted),
		cmocka_unit_test(a_list_of_revoked_keys_that_cannot_be_read_revokes_all),
		cmocka_unit_test(certificates_that_do_not_hold_are_never_accepted),
		cmocka_unit_test(addresses_with_another_key_are_never_accepted),
		cmocka_unit_test(another_key_in_a_rekey_is_never_accepted),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
