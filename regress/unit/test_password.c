/* SPDX-License-Identifier: ISC */
/* auth/password: hashes of every kind, and all that must never fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "auth/password.h"
#include "base/limits.h"
#include "crypto/random.h"
#include "regress/support/alloc.h"
#include "regress/support/kat.h"

/* A cheap setting, so that the test does not hash for seconds. */
#define FAKE	"$5$rounds=1000$saltsalt$"
#define HASH	SPAN_LIT("$5$saltsalt$myjXcpMpE2Ofk7fj9hqyNYSn6lmWG4Mqnjx.KIRRr4/")
#define RIGHT	SPAN_LIT("correct horse")

static void
the_right_password_fits_hashes_of_every_kind(void **state)
{
	struct kat kat;
	unsigned n = 0;

	(void)state;
	kat_open(&kat, "crypt.txt");
	while (kat_next(&kat)) {
		struct span hash = span_str(kat_text(&kat, "hash"));
		struct span password = span_str(kat_text(&kat, "password"));

		assert_int_equal(password_check(hash, FAKE, password), ERR_OK);
		assert_int_equal(password_check(hash, FAKE, SPAN_LIT("wrong horse")), ERR_DENIED);
		assert_int_equal(password_check(span_first(hash, hash.len - 1), FAKE, password),
		    ERR_DENIED);
		n++;
	}
	assert_int_equal(n, 7);
}

static void
a_locked_missing_or_odd_hash_fits_nothing(void **state)
{
	static const char *const hashes[] = { "", "x", "*", "!", "!!", "*LK*", "*0", "*1",
	    "!$5$saltsalt$myjXcpMpE2Ofk7fj9hqyNYSn6lmWG4Mqnjx.KIRRr4/",
	    "$nokind$abcdefghijklmnop", "$$$$$$$$$$$$$$$$", "correct horse" };

	(void)state;
	for (size_t i = 0; i < COUNT(hashes); i++) {
		assert_int_equal(password_check(span_str(hashes[i]), FAKE, RIGHT), ERR_DENIED);
		assert_int_equal(password_check(span_str(hashes[i]), FAKE,
		    span_str(hashes[i])), ERR_DENIED);
	}
}

static void
the_fake_hash_never_lets_in(void **state)
{
	(void)state;
	/* A fake that is itself the hash of the password, whole. */
	assert_int_equal(password_check(SPAN_LIT("*"),
	    "$5$saltsalt$myjXcpMpE2Ofk7fj9hqyNYSn6lmWG4Mqnjx.KIRRr4/", RIGHT), ERR_DENIED);
}

static void
an_empty_password_never_fits(void **state)
{
	(void)state;
	assert_int_equal(password_check(HASH, FAKE, SPAN_EMPTY), ERR_DENIED);
	assert_int_equal(password_check(SPAN_EMPTY, FAKE, SPAN_EMPTY), ERR_DENIED);
}

static void
what_follows_a_nul_counts(void **state)
{
	(void)state;
	assert_int_equal(password_check(HASH, FAKE, SPAN_LIT("correct horse\0")), ERR_DENIED);
	assert_int_equal(password_check(HASH, FAKE, SPAN_LIT("correct horse\0x")), ERR_DENIED);
}

static void
a_password_of_a_megabyte_is_refused_without_hashing(void **state)
{
	uint8_t *big = calloc(1, 1 << 20);
	unsigned long before;

	(void)state;
	memset(big, 'a', 1 << 20);
	before = alloc_count();
	assert_int_equal(password_check(HASH, FAKE, span_of(big, 1 << 20)), ERR_DENIED);
	assert_int_equal(password_check(HASH, FAKE, span_of(big, LIMIT_PASSWORD + 1)), ERR_DENIED);
	assert_int_equal(alloc_count(), before);
	assert_int_equal(password_check(HASH, FAKE, span_of(big, LIMIT_PASSWORD)), ERR_DENIED);
	assert_int_equal(alloc_count(), before + 1);
	free(big);
}

static void
the_fake_is_of_the_kind_this_machine_uses(void **state)
{
	char fake[PASSWORD_SETTING_MAX];

	(void)state;
	password_fake_setting(SPAN_LIT("root:*:1:0:99999:7:::\n"
	    "daemon:!:1:0:99999:7:::\n"
	    "a:$6$rounds=5000$saltsalt$hRM5XZ86KXEw9UOm:1:0:99999:7:::\n"
	    "b:$1$saltsalt$NuzA7WTAelpl95xgBGWN60:1:0:99999:7:::\n"), fake);
	assert_string_equal(fake, "$6$rounds=5000$saltsalt$");
	password_fake_setting(SPAN_LIT(
	    "a:$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2:1::::::\n"), fake);
	assert_string_equal(fake, "$2b$05$abcdefghijklmnopqrstuu");
	password_fake_setting(SPAN_EMPTY, fake);
	assert_memory_equal(fake, "$y$", 3);
	assert_int_equal(password_check(SPAN_EMPTY, fake, RIGHT), ERR_DENIED);
}

static void
without_memory_nobody_is_let_in(void **state)
{
	(void)state;
	alloc_fail_after(0);
	assert_int_equal(password_check(HASH, FAKE, RIGHT), ERR_NOMEM);
	alloc_fail_never();
}

static void
a_new_hash_is_of_the_kind_of_the_old_one_and_fits(void **state)
{
	static const struct {
		const char *like, *begins;
	} kinds[] = {
		{ "$5$saltsalt$myjXcpMpE2Ofk7fj9hqyNYSn6lmWG4Mqnjx.KIRRr4/", "$5$" },
		{ "$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2", "$6$" },
		{ "$2a$05$abcdefghijklmnopqrstuvabcdefghijklmnopqrstuvabcdefghi", "$2b$" },
		{ "$1$saltsalt$qFmFH.bQmmtXzyBY0s9v7O", "$y$" }, { "abJnggxhB/yWI", "$y$" }, { "*", "$y$" }, { "", "$y$" },
	};
	struct rng rng = rng_system();

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		char one[PASSWORD_HASH_MAX], other[PASSWORD_HASH_MAX];

		assert_int_equal(password_make(one, span_str(kinds[i].like), RIGHT, &rng), ERR_OK);
		assert_int_equal(password_make(other, span_str(kinds[i].like), RIGHT, &rng), ERR_OK);
		assert_true(span_starts(span_str(one), span_str(kinds[i].begins)));
		assert_string_not_equal(one, other);
		assert_int_equal(password_check(span_str(one), FAKE, RIGHT), ERR_OK);
		assert_int_equal(password_check(span_str(one), FAKE, SPAN_LIT("wrong")), ERR_DENIED);
	}
}

static void
no_hash_is_made_of_what_could_never_fit(void **state)
{
	static uint8_t much[LIMIT_PASSWORD + 1];
	struct rng rng = rng_system();
	char hash[PASSWORD_HASH_MAX];

	(void)state;
	memset(much, 'x', sizeof(much));
	assert_int_equal(password_make(hash, HASH, SPAN_EMPTY, &rng), ERR_DENIED);
	assert_int_equal(password_make(hash, HASH, span_of(much, sizeof(much)), &rng), ERR_DENIED);
	assert_int_equal(password_make(hash, HASH, span_of("a\0b", 3), &rng), ERR_DENIED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_hash_is_of_the_kind_of_the_old_one_and_fits),
		cmocka_unit_test(no_hash_is_made_of_what_could_never_fit),
		cmocka_unit_test(the_right_password_fits_hashes_of_every_kind),
		cmocka_unit_test(a_locked_missing_or_odd_hash_fits_nothing),
		cmocka_unit_test(the_fake_hash_never_lets_in),
		cmocka_unit_test(an_empty_password_never_fits),
		cmocka_unit_test(what_follows_a_nul_counts),
		cmocka_unit_test(a_password_of_a_megabyte_is_refused_without_hashing),
		cmocka_unit_test(the_fake_is_of_the_kind_this_machine_uses),
		cmocka_unit_test(without_memory_nobody_is_let_in),
	};

	return cmocka_run_group_tests_name("password", tests, NULL, NULL);
}
