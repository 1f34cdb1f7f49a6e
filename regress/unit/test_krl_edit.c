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
#include "keys/fingerprint.h"
#include "keys/krl.h"
#include "keys/krl_edit.h"
#include "keys/krl_i.h"
#include "keys/private_file.h"
#include "regress/support/alloc.h"
#include "regress/support/kat.h"

#define MAX	(1024 * 1024)

/* --- random lists, and what they must say --- */

static uint64_t
next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

#define N_RUNS	60

struct model {
	struct krl_serials runs[N_RUNS];
};

/* Runs near and far from each other, short and long, at both ends of what there is. */
static void
fill(struct model *m, uint64_t seed)
{
	uint64_t at = seed % 3 == 0 ? UINT64_MAX - 4000 : 1 + next(&seed) % 100;

	for (size_t i = 0; i < N_RUNS; i++) {
		uint64_t len = next(&seed) % 4 == 0 ? next(&seed) % (next(&seed) % 8 == 0 ? 9000 : 30) : 0;
		uint64_t gap = next(&seed) % (seed % 5 == 0 ? 1000 : seed % 2 == 0 ? 8 : 70);

		m->runs[i] = (struct krl_serials){ at, at + len < at ? UINT64_MAX : at + len };
		at = m->runs[i].last > UINT64_MAX - gap - 1 ? 1 : m->runs[i].last + gap + 1;
	}
}

static bool
model_has(const struct model *m, uint64_t serial)
{
	for (size_t i = 0; i < N_RUNS; i++)
		if (serial != 0 && serial >= m->runs[i].first && serial <= m->runs[i].last)
			return true;
	return false;
}

static struct cert
make_cert(uint64_t serial, const char *id)
{
	struct rng_test seed = { .state = 31 };
	struct rng rng = rng_test(&seed);
	SCOPED(kat_span_free) struct span file = kat_span("certs/ca");
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

/* The model as a KRL, its runs added in this order. */
static struct writer
write_model(const struct model *m, struct span ca, bool backwards)
{
	SCOPED(krl_edit_free) struct krl_edit list = { .version = 7 };
	struct writer w = writer_init(MAX);

	for (size_t i = 0; i < N_RUNS; i++) {
		const struct krl_serials *r = &m->runs[backwards ? N_RUNS - 1 - i : i];

		assert_int_equal(krl_edit_serials(&list, ca, r->first, r->last), ERR_OK);
	}
	assert_int_equal(krl_edit_put(&list, 1234, &w), ERR_OK);
	return w;
}

static void
any_set_of_serial_numbers_survives_being_written(void **state)
{
	struct cert c = make_cert(1, "x");
	size_t saved = 0;

	(void)state;
	for (uint64_t seed = 1; seed < 60; seed++) {
		struct model m;
		SCOPED(writer_free) struct writer w = { .p = NULL }, b = { .p = NULL };
		SCOPED(writer_free) struct writer again = writer_init(MAX);
		SCOPED(krl_edit_free) struct krl_edit list = { .version = 0 };

		fill(&m, seed);
		w = write_model(&m, key_blob(c.ca), false);
		b = write_model(&m, key_blob(c.ca), true);
		assert_true(span_eq(writer_span(&w), writer_span(&b)));
		saved += w.len < N_RUNS * 21;
		for (size_t i = 0; i < N_RUNS; i++) {
			uint64_t around[] = { m.runs[i].first - 1, m.runs[i].first, m.runs[i].last,
			    m.runs[i].last + 1, m.runs[i].first + 7, m.runs[i].last + 40 };

			for (size_t k = 0; k < COUNT(around); k++) {
				bool revoked;

				c.serial = around[k];
				assert_int_equal(revoked_cert(writer_span(&w), &c, &revoked), ERR_OK);
				assert_int_equal(revoked, model_has(&m, around[k]));
			}
		}
		assert_int_equal(krl_edit_load(&list, writer_span(&w)), ERR_OK);
		assert_int_equal(list.version, 7);
		assert_int_equal(krl_edit_put(&list, 1234, &again), ERR_OK);
		assert_true(span_eq(writer_span(&w), writer_span(&again)));
	}
	assert_true(saved > 30);
	cert_free(&c);
}

/* --- all kinds --- */

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
is_key_revoked(struct span krl, const char *key)
{
	SCOPED(writer_free) struct writer blob = public_blob(key);
	bool revoked;

	assert_int_equal(revoked_key(krl, writer_span(&blob), &revoked), ERR_OK);
	return revoked;
}

/* A line of a specification, its %s being the contents of a file. */
static enum err
add(struct krl_edit *list, const struct span *ca, const char *line, const char *file,
    const char **why)
{
	SCOPED(kat_span_free) struct span text = { .p = NULL };
	char buf[8192];

	if (file != NULL)
		text = kat_span(file);
	snprintf(buf, sizeof buf, "%s%.*s", line, (int)span_find(text, '\n'),
	    text.len == 0 ? "" : (const char *)text.p);
	return krl_edit_line(list, ca, span_str(buf), why);
}

static void
every_kind_of_line_revokes_what_it_says(void **state)
{
	SCOPED(krl_edit_free) struct krl_edit list = { .version = 3 };
	SCOPED(writer_free) struct writer w = writer_init(MAX), ca = public_blob("certs/ca.pub");
	SCOPED(writer_free) struct writer blob = public_blob("keys/ecdsa521.pub");
	SCOPED(cert_free) struct cert by_id = make_cert(0, "id b"), other = make_cert(0, "id");
	SCOPED(cert_free) struct cert by_serial = make_cert(31, "x");
	struct span of = writer_span(&ca), all;
	struct krl_info info;
	char hash[FINGERPRINT_SIZE], line[128];
	const char *why;
	bool revoked;

	(void)state;
	snprintf(line, sizeof line, "hash: %s", fingerprint_str(hash, writer_span(&blob), FINGERPRINT_SHA256));
	assert_int_equal(add(&list, &of, "serial: 30-0x20 # some", NULL, &why), ERR_OK);
	assert_int_equal(add(&list, &of, "\tID: id b ", NULL, &why), ERR_OK);
	assert_int_equal(add(&list, NULL, "key: ", "keys/ecdsa256.pub", &why), ERR_OK);
	assert_int_equal(add(&list, NULL, "sha1:", "keys/rsa.pub", &why), ERR_OK);
	assert_int_equal(add(&list, NULL, "sha256: ", "keys/ed25519_chacha.pub", &why), ERR_OK);
	assert_int_equal(add(&list, NULL, line, NULL, &why), ERR_OK);
	assert_int_equal(add(&list, NULL, "# ", "keys/ed25519.pub", &why), ERR_OK);
	assert_int_equal(add(&list, NULL, "", NULL, &why), ERR_OK);
	assert_int_equal(krl_edit_put(&list, 99, &w), ERR_OK);
	all = writer_span(&w);
	assert_int_equal(krl_info(all, &info), ERR_OK);
	assert_int_equal(info.version, 3);
	assert_int_equal(info.generated, 99);
	assert_true(is_key_revoked(all, "keys/ecdsa256.pub"));
	assert_true(is_key_revoked(all, "keys/rsa.pub"));
	assert_true(is_key_revoked(all, "keys/ed25519_chacha.pub"));
	assert_true(is_key_revoked(all, "keys/ecdsa521.pub"));
	assert_false(is_key_revoked(all, "keys/ed25519.pub"));
	assert_int_equal(revoked_cert(all, &by_id, &revoked), ERR_OK);
	assert_true(revoked);
	assert_int_equal(revoked_cert(all, &by_serial, &revoked), ERR_OK);
	assert_true(revoked);
	assert_int_equal(revoked_cert(all, &other, &revoked), ERR_OK);
	assert_false(revoked);
}

static void
a_certificate_is_revoked_by_its_serial_number_or_its_key_id(void **state)
{
	SCOPED(cert_free) struct cert numbered = make_cert(31, "x"), nameless = make_cert(0, "");
	SCOPED(krl_edit_free) struct krl_edit list = { .version = 0 };

	(void)state;
	assert_int_equal(krl_edit_cert(&list, &numbered), ERR_OK);
	assert_int_equal(krl_edit_cert(&list, &nameless), ERR_OK);
	assert_int_equal(list.n_ca, 1);
	assert_true(span_eq(list.ca[0].blob, key_blob(numbered.ca)));
	assert_int_equal(list.ca[0].n_serials, 1);
	assert_int_equal(list.ca[0].serials[0].first, 31);
	assert_int_equal(list.ca[0].key_ids.n, 1);
	assert_int_equal(list.ca[0].key_ids.v[0].len, 0);
}

static void
words_before_a_certificate_are_about_its_key(void **state)
{
	static const char *const words[] = { "key: ", "sha1: ", "sha256: " };

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		SCOPED(krl_edit_free) struct krl_edit list = { .version = 0 };
		SCOPED(writer_free) struct writer w = writer_init(MAX);
		const char *why;

		assert_int_equal(add(&list, NULL, words[i], "certs/ed25519.cert", &why), ERR_OK);
		assert_int_equal(krl_edit_put(&list, 1, &w), ERR_OK);
		assert_int_equal(list.n_ca, 0);
		assert_true(is_key_revoked(writer_span(&w), "keys/ed25519.pub"));
	}
}

#define BAD_KEY	"invalid key: invalid format"

static void
nonsense_is_told_and_adds_nothing(void **state)
{
	static const struct { const char *line, *why; } rows[] = {
		{ "serial: 0", "serial out of range" }, { "serial: 5-3", "invalid serial range" },
		{ "serial: 18446744073709551616", "serial out of range" },
		{ "serial: 0x10000000000000000", "serial out of range" },
		{ "serial: 0x", "invalid serial" }, { "serial: 010", "invalid serial" },
		{ "serial:", "invalid serial" }, { "serial: 1-", "invalid serial" },
		{ "serial: -3", "invalid serial" }, { "serial: 1 - 3", "invalid serial" },
		{ "serial: 3,4", "invalid serial" }, { "serial: 0-4", "serial out of range" },
		{ "serial: 5#6", "invalid serial" },
		{ "serial: 3 4", "invalid serial" }, { "bogus: 3", BAD_KEY }, { "4", BAD_KEY },
		{ "key: junk", BAD_KEY }, { "sha1:", BAD_KEY },
		{ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==", BAD_KEY },
		{ "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIA==", BAD_KEY },
		{ "ssh-ed25519-cert-v01@openssh.com AAAA", BAD_KEY },
		{ "hash: MD5:00", "unsupported hash algorithm" }, { "hash: SHA256:abcd", "invalid hash" },
		{ "hash: SHA256:!", "invalid hash" }, { "hash:", "unsupported hash algorithm" },
	};
	struct span any = SPAN_EMPTY;
	SCOPED(krl_edit_free) struct krl_edit list = { .version = 0 };
	const char *why;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(krl_edit_line(&list, &any, span_str(rows[i].line), &why), ERR_SYNTAX);
		assert_string_equal(why, rows[i].why);
	}
	assert_int_equal(krl_edit_line(&list, NULL, SPAN_LIT("serial: 1"), &why), ERR_SYNTAX);
	assert_string_equal(why, "revoking certificates by serial number requires specification of a CA key");
	assert_int_equal(krl_edit_line(&list, NULL, SPAN_LIT("id: x"), &why), ERR_SYNTAX);
	assert_string_equal(why, "revoking certificates by key ID requires specification of a CA key");
	/* Options before a key are for authorized_keys. */
	assert_int_equal(add(&list, NULL, "restrict ", "keys/rsa.pub", &why), ERR_SYNTAX);
	assert_int_equal(list.n_entries, 0);
	/* A # within a word is part of it. */
	assert_int_equal(krl_edit_line(&list, &any, SPAN_LIT("id: a#b # c"), &why), ERR_OK);
	assert_true(span_is(list.ca[0].key_ids.v[0], "a#b"));
}

static void
lists_made_by_openssh_survive_being_read_and_written(void **state)
{
	static const char *const lists[] = { "certs/certs.krl", "certs/bitmap.krl", "certs/anyca.krl",
	    "certs/keys.krl", "certs/hashes.krl", "certs/ca.krl" };

	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		SCOPED(kat_span_free) struct span file = kat_span(lists[i]);
		SCOPED(krl_edit_free) struct krl_edit list = { .version = 0 };
		SCOPED(writer_free) struct writer w = writer_init(MAX);
		SCOPED(cert_free) struct cert c = make_cert(1, "id of rsa");
		struct krl_info info;

		assert_int_equal(krl_info(file, &info), ERR_OK);
		assert_int_equal(krl_edit_load(&list, file), ERR_OK);
		assert_int_equal(list.version, info.version);
		assert_int_equal(krl_edit_put(&list, 1, &w), ERR_OK);
		assert_true(w.len <= file.len + 16);
		for (c.serial = 0; c.serial < 1100; c.serial++) {
			bool before, after;

			assert_int_equal(revoked_cert(file, &c, &before), ERR_OK);
			assert_int_equal(revoked_cert(writer_span(&w), &c, &after), ERR_OK);
			assert_int_equal(before, after);
		}
		assert_int_equal(is_key_revoked(file, "keys/rsa.pub"), is_key_revoked(writer_span(&w), "keys/rsa.pub"));
		assert_int_equal(is_key_revoked(file, "certs/ca.pub"), is_key_revoked(writer_span(&w), "certs/ca.pub"));
	}
}

static void
a_ca_of_which_nothing_is_revoked_is_not_written(void **state)
{
	SCOPED(krl_edit_free) struct krl_edit list = { .version = 0 }, again = { .version = 0 };
	SCOPED(writer_free) struct writer file = writer_init(MAX), w = writer_init(MAX);
	SCOPED(writer_free) struct writer w2 = writer_init(MAX), nothing = writer_init(MAX);
	size_t section, part;

	(void)state;
	/* Serial number 0 alone, which no certificate has. */
	assert_int_equal(krl_edit_put(&list, 1, &nothing), ERR_OK);
	wr_raw(&file, writer_span(&nothing));
	wr_u8(&file, KRL_SECTION_CERTIFICATES);
	section = wr_open(&file);
	wr_bytes(&file, SPAN_LIT("some CA"));
	wr_bytes(&file, SPAN_EMPTY);
	wr_u8(&file, KRL_CERT_SERIAL_LIST);
	part = wr_open(&file);
	wr_u64(&file, 0);
	wr_close(&file, part);
	wr_close(&file, section);
	assert_int_equal(wr_end(&file), ERR_OK);
	assert_int_equal(krl_edit_load(&list, writer_span(&file)), ERR_OK);
	assert_int_equal(krl_edit_put(&list, 1, &w), ERR_OK);
	assert_true(span_eq(writer_span(&w), writer_span(&nothing)));
	assert_int_equal(krl_edit_load(&again, writer_span(&w)), ERR_OK);
	assert_int_equal(krl_edit_put(&again, 1, &w2), ERR_OK);
	assert_true(span_eq(writer_span(&w), writer_span(&w2)));
}

static void
a_damaged_list_is_not_loaded(void **state)
{
	SCOPED(kat_span_free) struct span file = kat_span("certs/certs.krl");

	(void)state;
	for (size_t n = 0; n < file.len; n++) {
		SCOPED(krl_edit_free) struct krl_edit list = { .version = 0 };

		if (n != 44)		/* the header alone is a list of nothing */
			assert_int_not_equal(krl_edit_load(&list, span_first(file, n)), ERR_OK);
	}
}

static void
more_cas_than_can_be_looked_through_are_refused(void **state)
{
	SCOPED(krl_edit_free) struct krl_edit list = { .version = 0 };
	char name[16];

	(void)state;
	for (unsigned i = 0; i < KRL_EDIT_MAX_CA; i++) {
		snprintf(name, sizeof name, "%u", i);
		assert_int_equal(krl_edit_serials(&list, span_str(name), 1, 1), ERR_OK);
	}
	assert_int_equal(krl_edit_serials(&list, SPAN_LIT("x"), 1, 1), ERR_LIMIT);
	assert_int_equal(krl_edit_key_id(&list, SPAN_LIT("x"), SPAN_LIT("y")), ERR_LIMIT);
	assert_int_equal(krl_edit_serials(&list, SPAN_LIT("7"), 9, 9), ERR_OK);
	assert_int_equal(list.n_ca, KRL_EDIT_MAX_CA);
}

/* All that allocates, in one go. */
static enum err
make_one(struct span file, struct span spec, struct writer *w)
{
	SCOPED(krl_edit_free) struct krl_edit list = { .version = 0 };
	struct span any = SPAN_EMPTY;
	const char *why;

	TRY(krl_edit_load(&list, file));
	TRY(krl_edit_line(&list, &any, SPAN_LIT("serial: 5-70"), &why));
	TRY(krl_edit_line(&list, &any, SPAN_LIT("id: x"), &why));
	TRY(krl_edit_line(&list, NULL, spec, &why));
	TRY(krl_edit_line(&list, NULL, SPAN_LIT("hash: SHA256:ugmo+kFABFhrz+buN+h0i+Ffxq6Rl0E47o+MKx7zSac"), &why));
	return krl_edit_put(&list, 1, w);
}

static void
running_out_of_memory_is_told(void **state)
{
	SCOPED(kat_span_free) struct span file = kat_span("certs/certs.krl"), spec = kat_span("certs/ed25519.cert");
	enum err e = ERR_NOMEM;

	(void)state;
	for (unsigned n = 0; e != ERR_OK; n++) {
		SCOPED(writer_free) struct writer w = writer_init(MAX);

		alloc_fail_after(n);
		e = make_one(file, span_first(spec, span_find(spec, '\n')), &w);
		alloc_fail_never();
		assert_int_equal(e, alloc_failed() ? ERR_NOMEM : ERR_OK);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_set_of_serial_numbers_survives_being_written),
		cmocka_unit_test(every_kind_of_line_revokes_what_it_says),
		cmocka_unit_test(a_certificate_is_revoked_by_its_serial_number_or_its_key_id),
		cmocka_unit_test(words_before_a_certificate_are_about_its_key),
		cmocka_unit_test(nonsense_is_told_and_adds_nothing),
		cmocka_unit_test(lists_made_by_openssh_survive_being_read_and_written),
		cmocka_unit_test(a_ca_of_which_nothing_is_revoked_is_not_written),
		cmocka_unit_test(a_damaged_list_is_not_loaded),
		cmocka_unit_test(more_cas_than_can_be_looked_through_are_refused),
		cmocka_unit_test(running_out_of_memory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
