/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/err.h>

#include "crypto/dh.h"
#include "regress/support/alloc.h"
#include "regress/support/alloc_crypto.h"
#include "regress/support/kat.h"

/* A source that gives the bytes of a span, once. */
static void
fill_span(void *state, struct room room)
{
	struct span *s = state;

	assert_int_equal(s->len, room.len);
	memcpy(room.p, s->p, room.len);
}

static struct span
field(const struct kat *kat, const char *name)
{
	size_t len;
	const uint8_t *p = kat_bytes(kat, name, &len);

	return span_of(p, len);
}

static void
each_fixed_group_gives_its_numbers(void **state)
{
	struct kat kat;
	unsigned n = 0;

	(void)state;
	kat_open(&kat, "dh.txt");
	while (kat_next(&kat)) {
		SCOPED(secret_free) struct secret secret = { 0 }, public = { 0 }, shared = { 0 };
		struct span given = field(&kat, "secret");
		struct rng rng = { fill_span, &given };
		struct dh_group *group = NULL;

		assert_int_equal(dh_group_fixed(&group, (unsigned)atoi(kat_text(&kat, "group"))), ERR_OK);
		assert_true(span_eq(dh_group_p(group), field(&kat, "p")));
		assert_true(span_eq(dh_group_g(group), SPAN_LIT("\2")));
		assert_int_equal(dh_keygen(group, &rng, &secret, &public), ERR_OK);
		assert_true(span_eq(secret_span(&secret), given));
		assert_true(span_eq(secret_span(&public), field(&kat, "public")));
		assert_int_equal(dh_agree(group, &secret, field(&kat, "peer"), &shared), ERR_OK);
		assert_true(span_eq(secret_span(&shared), field(&kat, "shared")));
		dh_group_free(group);
		n++;
	}
	assert_int_equal(n, 4);
}

static void
both_sides_agree(void **state)
{
	struct rng_test seed = { 1 };
	struct rng rng = rng_test(&seed);
	SCOPED(secret_free) struct secret a = { 0 }, b = { 0 }, pa = { 0 }, pb = { 0 };
	SCOPED(secret_free) struct secret sa = { 0 }, sb = { 0 };
	struct dh_group *group = NULL;

	(void)state;
	assert_int_equal(dh_group_fixed(&group, 14), ERR_OK);
	assert_int_equal(dh_keygen(group, &rng, &a, &pa), ERR_OK);
	assert_int_equal(dh_keygen(group, &rng, &b, &pb), ERR_OK);
	assert_int_equal(dh_agree(group, &a, secret_span(&pb), &sa), ERR_OK);
	assert_int_equal(dh_agree(group, &b, secret_span(&pa), &sb), ERR_OK);
	assert_true(span_eq(secret_span(&sa), secret_span(&sb)));
	dh_group_free(group);
}

static void
numbers_out_of_range_or_nearly_empty_are_refused(void **state)
{
	struct rng_test seed = { 2 };
	struct rng rng = rng_test(&seed);
	SCOPED(secret_free) struct secret secret = { 0 }, public = { 0 }, shared = { 0 };
	uint8_t n[DH_MAX_LEN + 1] = { 0 };
	struct dh_group *group = NULL;
	struct span p;

	(void)state;
	assert_int_equal(dh_group_fixed(&group, 14), ERR_OK);
	assert_int_equal(dh_keygen(group, &rng, &secret, &public), ERR_OK);
	p = dh_group_p(group);
	assert_int_equal(dh_agree(group, &secret, SPAN_EMPTY, &shared), ERR_KEX);
	assert_int_equal(dh_agree(group, &secret, SPAN_LIT("\1"), &shared), ERR_KEX);
	assert_int_equal(dh_agree(group, &secret, SPAN_LIT("\2"), &shared), ERR_KEX);
	assert_int_equal(dh_agree(group, &secret, SPAN_LIT("\7"), &shared), ERR_KEX);
	assert_int_equal(dh_agree(group, &secret, p, &shared), ERR_KEX);
	memcpy(n, p.p, p.len);
	n[p.len - 1]--;			/* p - 1 */
	assert_int_equal(dh_agree(group, &secret, span_of(n, p.len), &shared), ERR_KEX);
	n[8]++;				/* well above p */
	assert_int_equal(dh_agree(group, &secret, span_of(n, p.len), &shared), ERR_KEX);
	n[8]--;
	n[p.len - 1]--;			/* p - 2 is fine */
	assert_int_equal(dh_agree(group, &secret, span_of(n, p.len), &shared), ERR_OK);
	assert_int_equal(dh_agree(group, &secret, span_of(n, sizeof(n)), &shared), ERR_KEX);
	assert_int_equal(dh_agree(group, &secret, SPAN_LIT("\17"), &shared), ERR_OK);
	assert_int_equal(ERR_peek_error(), 0);
	dh_group_free(group);
}

static void
refuses_group(struct span p, struct span g)
{
	struct dh_group *group = NULL;

	assert_int_equal(dh_group_new(&group, p, g), ERR_KEX);
	assert_null(group);
}

static void
groups_that_are_weak_or_huge_or_even_are_refused(void **state)
{
	uint8_t p[DH_MAX_LEN + 1] = { 0 };
	struct dh_group *group = NULL, *named = NULL;

	(void)state;
	memset(p, 0xff, sizeof(p));
	refuses_group(SPAN_EMPTY, SPAN_LIT("\2"));
	refuses_group(span_of(p, 128), SPAN_LIT("\2"));
	refuses_group(span_of(p, 255), SPAN_LIT("\2"));
	refuses_group(span_of(p, sizeof(p)), SPAN_LIT("\2"));
	refuses_group(span_of(p, 256), SPAN_EMPTY);
	refuses_group(span_of(p, 256), SPAN_LIT("\1"));
	refuses_group(span_of(p, 256), span_of(p, 256));
	p[255] = 0xfe;
	refuses_group(span_of(p, 256), SPAN_LIT("\2"));
	p[255] = 0xff;
	p[0] = 0x7f;			/* 2047 bits */
	refuses_group(span_of(p, 256), SPAN_LIT("\2"));
	assert_int_equal(dh_group_fixed(&group, 14), ERR_OK);
	assert_int_equal(dh_group_new(&named, dh_group_p(group), dh_group_g(group)), ERR_OK);
	assert_true(span_eq(dh_group_p(named), dh_group_p(group)));
	dh_group_free(group);
	dh_group_free(named);
	assert_int_equal(dh_group_fixed(&group, 2), ERR_NOTFOUND);
}

static void
expect_choice(unsigned min, unsigned n, unsigned max, size_t bits)
{
	struct dh_group *group = NULL;

	if (bits == 0) {
		assert_int_equal(dh_group_choose(&group, min, n, max), ERR_NOTFOUND);
		return;
	}
	assert_int_equal(dh_group_choose(&group, min, n, max), ERR_OK);
	assert_int_equal(dh_group_p(group).len * 8, bits);
	dh_group_free(group);
}

static void
a_group_is_chosen_by_the_size_that_is_asked_for(void **state)
{
	(void)state;
	expect_choice(2048, 2048, 8192, 2048);
	expect_choice(2048, 3072, 8192, 4096);
	expect_choice(2048, 7680, 8192, 8192);
	expect_choice(2048, 8192, 4096, 4096);
	expect_choice(2048, 16384, 16384, 8192);
	expect_choice(1024, 1024, 2048, 2048);
	expect_choice(512, 1024, 1024, 0);
	expect_choice(3000, 3000, 3500, 0);
	expect_choice(8192, 2048, 2048, 0);
	expect_choice(0, 0, 0, 0);
	expect_choice(0xffffffff, 0xffffffff, 0xffffffff, 0);
}

/* A whole exchange with oneself. */
static enum err
exchange(const struct rng *rng)
{
	SCOPED(secret_free) struct secret secret = { 0 }, public = { 0 }, shared = { 0 };
	struct dh_group *group = NULL;
	enum err e;

	TRY(dh_group_fixed(&group, 14));
	e = dh_keygen(group, rng, &secret, &public);
	if (e == ERR_OK)
		e = dh_agree(group, &secret, secret_span(&public), &shared);
	dh_group_free(group);
	return e;
}

static void
running_out_of_memory_gives_an_error(void **state)
{
	struct rng_test seed = { 5 };
	struct rng rng = rng_test(&seed);

	(void)state;
	for (unsigned n = 0;; n++) {
		enum err e;

		alloc_fail_after(n);
		e = exchange(&rng);
		if (!alloc_failed()) {
			assert_int_equal(e, ERR_OK);
			break;
		}
		/* libcrypto may do without what it could not have. */
		if (e != ERR_OK)
			assert_int_equal(err_class(e), ERR_CLASS_LOCAL);
	}
	alloc_fail_never();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_fixed_group_gives_its_numbers),
		cmocka_unit_test(both_sides_agree),
		cmocka_unit_test(numbers_out_of_range_or_nearly_empty_are_refused),
		cmocka_unit_test(groups_that_are_weak_or_huge_or_even_are_refused),
		cmocka_unit_test(a_group_is_chosen_by_the_size_that_is_asked_for),
		cmocka_unit_test(running_out_of_memory_gives_an_error),
	};

	if (!alloc_crypto_hook())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
