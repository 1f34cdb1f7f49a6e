/* SPDX-License-Identifier: ISC */
/* auth/account: the texts of passwd, group and shadow, and who may log in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "auth/account.h"
#include "base/writer.h"
#include "base/limits.h"
#include "regress/support/alloc.h"

#define PASSWD SPAN_LIT(						\
	"# comment\n"							\
	"root:x:0:0:root:/root:/bin/bash\n"				\
	"daemon:*:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"		\
	"\n"								\
	"+nis::::::\n"							\
	"-not::::::\n"							\
	"broken line\n"							\
	"few:x:7:7\n"							\
	"many:x:8:8:g:/h:/s:more\n"					\
	"nouid:x::9:g:/h:/s\n"						\
	"minus:x:4294967295:9:g:/h:/s\n"				\
	"huge:x:4294967296:9:g:/h:/s\n"					\
	":x:10:10:nameless:/h:/s\n"					\
	"alice:x:1000:1001:Alice,,,:/home/alice:/bin/zsh\n"		\
	"alice:x:2000:2001:second:/home/other:/bin/false\n"		\
	"bare:x:1002:1002:::\n"						\
	"noshell:x:1003:1003:g:/h\n"					\
	"last:x:1004:1004:no newline:/l:/bin/sh")

#define SHADOW SPAN_LIT(						\
	"root:*:20000:0:99999:7:::\n"					\
	"alice:$6$salt$hash:20000:0:90:7::20500:\n"			\
	"bare:!$6$salt$hash:20000:0:99999:7:::\n"			\
	"last:$6$salt$hash\n")

#define GROUP SPAN_LIT(							\
	"root:x:0:\n"							\
	"tty:x:5:\n"							\
	"adm:x:4:syslog,alice\n"					\
	"sudo:x:27:alice\n"						\
	"alices:x:1001:alice\n"						\
	"ali:x:50:ali,alic,xalice\n"					\
	"dup:x:27:alice\n"						\
	"bad:x:many:alice\n"						\
	"short:x:60")

static struct account
find(const char *name)
{
	struct account a;

	assert_int_equal(account_find(&a, PASSWD, span_str(name)), ERR_OK);
	return a;
}

static bool
is_found(const char *name)
{
	SCOPED(account_free) struct account a;

	return account_find(&a, PASSWD, span_str(name)) == ERR_OK;
}

/* --- passwd --- */

static void
a_user_is_found_with_all_fields(void **state)
{
	SCOPED(account_free) struct account a = find("alice");

	(void)state;
	assert_string_equal(a.name, "alice");
	assert_int_equal(a.uid, 1000);
	assert_int_equal(a.gid, 1001);
	assert_string_equal(a.gecos, "Alice,,,");
	assert_string_equal(a.home, "/home/alice");
	assert_string_equal(a.shell, "/bin/zsh");
	assert_true(span_is(secret_span(&a.hash), "x"));
	assert_false(a.in_shadow);
}

static void
the_first_and_the_last_line_are_found(void **state)
{
	(void)state;
	assert_true(is_found("root"));
	assert_true(is_found("last"));
}

static void
a_user_is_found_by_uid(void **state)
{
	SCOPED(account_free) struct account a;

	(void)state;
	assert_int_equal(account_find_uid(&a, PASSWD, 1), ERR_OK);
	assert_string_equal(a.name, "daemon");
}

static void
unknown_users_are_not_found(void **state)
{
	SCOPED(account_free) struct account a;

	(void)state;
	assert_false(is_found("nobody"));
	assert_false(is_found(""));
	assert_false(is_found("alic"));
	assert_false(is_found("alicea"));
	assert_int_equal(account_find_uid(&a, PASSWD, 999), ERR_NOTFOUND);
	assert_null(a.name);
}

static void
malformed_lines_are_no_accounts(void **state)
{
	static const char *const names[] = { "few", "many", "nouid", "minus", "huge", "+nis", "nis",
	    "-not", "broken line", "# comment", "alice:x" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_false(is_found(names[i]));
}

static void
a_malformed_line_does_not_hide_a_good_one(void **state)
{
	SCOPED(account_free) struct account a;

	(void)state;
	assert_int_equal(account_find(&a, SPAN_LIT("u:x:zero:0::/:/bin/sh\nu:x:5:5::/:/bin/sh\n"),
	    SPAN_LIT("u")), ERR_OK);
	assert_int_equal(a.uid, 5);
}

static void
a_line_with_a_nul_is_no_account(void **state)
{
	SCOPED(account_free) struct account a;

	(void)state;
	assert_int_equal(account_find(&a, SPAN_LIT("u:x:5:5::/home\0/u:/bin/sh\n"), SPAN_LIT("u")),
	    ERR_NOTFOUND);
}

static void
empty_home_and_shell_have_defaults(void **state)
{
	SCOPED(account_free) struct account a = find("bare");
	SCOPED(account_free) struct account b = find("noshell");

	(void)state;
	assert_string_equal(a.home, "/");
	assert_string_equal(a.shell, "/bin/sh");
	assert_string_equal(b.shell, "/bin/sh");
}

static void
a_name_longer_than_any_is_not_looked_for(void **state)
{
	char name[LIMIT_USER + 2];
	SCOPED(account_free) struct account a;

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(account_find(&a, PASSWD, span_str(name)), ERR_NOTFOUND);
}

static void
an_account_is_made_for_a_uid_that_no_file_knows(void **state)
{
	SCOPED(account_free) struct account a;
	SCOPED(account_free) struct account b;

	(void)state;
	assert_int_equal(account_make(&a, SPAN_LIT("u"), 12345, 0, SPAN_LIT("/work"), SPAN_EMPTY),
	    ERR_OK);
	assert_int_equal(a.uid, 12345);
	assert_string_equal(a.home, "/work");
	assert_string_equal(a.shell, "/bin/sh");
	assert_true(span_is(secret_span(&a.hash), "*"));
	assert_int_equal(account_make(&b, SPAN_LIT("a:b"), 1, 0, SPAN_EMPTY, SPAN_EMPTY), ERR_SYNTAX);
	assert_int_equal(account_make(&b, SPAN_LIT("u"), 1, 0, SPAN_LIT("/a\nb"), SPAN_EMPTY),
	    ERR_SYNTAX);
	assert_int_equal(account_make(&b, SPAN_EMPTY, 1, 0, SPAN_EMPTY, SPAN_EMPTY), ERR_SYNTAX);
}

/* --- shadow --- */

static void
hash_and_days_come_from_shadow(void **state)
{
	SCOPED(account_free) struct account a = find("alice");

	(void)state;
	assert_int_equal(account_add_shadow(&a, SHADOW), ERR_OK);
	assert_true(a.in_shadow);
	assert_true(span_is(secret_span(&a.hash), "$6$salt$hash"));
	assert_int_equal(a.changed, 20000);
	assert_int_equal(a.max_age, 90);
	assert_int_equal(a.warn, 7);
	assert_int_equal(a.expires, 20500);
}

static void
a_user_without_a_shadow_line_keeps_what_passwd_says(void **state)
{
	SCOPED(account_free) struct account a = find("daemon");

	(void)state;
	assert_int_equal(account_add_shadow(&a, SHADOW), ERR_OK);
	assert_false(a.in_shadow);
	assert_true(span_is(secret_span(&a.hash), "*"));
}

static void
a_shadow_line_may_end_after_the_hash(void **state)
{
	SCOPED(account_free) struct account a = find("last");

	(void)state;
	assert_int_equal(account_add_shadow(&a, SHADOW), ERR_OK);
	assert_true(a.in_shadow);
	assert_int_equal(a.changed, ACCOUNT_NO_DAY);
	assert_int_equal(a.expires, ACCOUNT_NO_DAY);
}

/* --- groups --- */

static void
groups_of_a_user_are_the_primary_and_those_that_name_it_once(void **state)
{
	static const uint32_t expected[] = { 1001, 4, 27 };
	SCOPED(group_list_free) struct group_list g;

	(void)state;
	assert_int_equal(group_list_of(&g, GROUP, SPAN_LIT("alice"), 1001), ERR_OK);
	assert_int_equal(g.n, COUNT(expected));
	assert_memory_equal(g.gid, expected, sizeof(expected));
}

static void
a_user_that_no_line_names_has_the_primary_group_only(void **state)
{
	SCOPED(group_list_free) struct group_list g;

	(void)state;
	assert_int_equal(group_list_of(&g, GROUP, SPAN_LIT("bob"), 77), ERR_OK);
	assert_int_equal(g.n, 1);
	assert_int_equal(g.gid[0], 77);
}

static void
more_groups_than_the_first_array_holds_are_all_there(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1 << 20);
	SCOPED(group_list_free) struct group_list g;

	(void)state;
	for (int i = 0; i < 1000; i++)
		wr_printf(&w, "g%d:x:%d:alice\n", i, i + 2000);
	assert_int_equal(group_list_of(&g, writer_span(&w), SPAN_LIT("alice"), 1), ERR_OK);
	assert_int_equal(g.n, 1001);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(g.gid[i + 1], i + 2000);
}

static void
groups_are_found_by_name_and_number(void **state)
{
	struct span name;
	uint32_t gid;

	(void)state;
	assert_int_equal(group_number(GROUP, SPAN_LIT("tty"), &gid), ERR_OK);
	assert_int_equal(gid, 5);
	assert_int_equal(group_number(GROUP, SPAN_LIT("short"), &gid), ERR_OK);
	assert_int_equal(gid, 60);
	assert_int_equal(group_number(GROUP, SPAN_LIT("bad"), &gid), ERR_NOTFOUND);
	assert_int_equal(group_name(GROUP, 27, &name), ERR_OK);
	assert_true(span_is(name, "sudo"));
	assert_int_equal(group_name(GROUP, 28, &name), ERR_NOTFOUND);
}

/* --- decisions --- */

static const struct account_facts fine = { .today = 20100, .shell_exists = true,
	.shell_executable = true };

static enum account_verdict
verdict(const char *hash, int64_t expires, struct account_facts facts)
{
	struct account a = { .uid = 1000, .expires = expires };
	enum account_verdict v;

	assert_int_equal(secret_copy(&a.hash, span_str(hash)), ERR_OK);
	v = account_check(&a, &facts);
	account_free(&a);
	return v;
}

static void
a_star_lets_keys_in_and_a_bang_locks_the_account(void **state)
{
	(void)state;
	assert_int_equal(verdict("*", ACCOUNT_NO_DAY, fine), ACCOUNT_OK);
	assert_int_equal(verdict("x", ACCOUNT_NO_DAY, fine), ACCOUNT_OK);
	assert_int_equal(verdict("", ACCOUNT_NO_DAY, fine), ACCOUNT_OK);
	assert_int_equal(verdict("$6$salt$hash", ACCOUNT_NO_DAY, fine), ACCOUNT_OK);
	assert_int_equal(verdict("!", ACCOUNT_NO_DAY, fine), ACCOUNT_LOCKED);
	assert_int_equal(verdict("!$6$salt$hash", ACCOUNT_NO_DAY, fine), ACCOUNT_LOCKED);
	assert_int_equal(verdict("*LK*", ACCOUNT_NO_DAY, fine), ACCOUNT_LOCKED);
}

static void
a_lock_may_be_meant_for_passwords_only(void **state)
{
	struct account_facts facts = fine;

	(void)state;
	facts.ignore_lock = true;
	assert_int_equal(verdict("!", ACCOUNT_NO_DAY, facts), ACCOUNT_OK);
}

static void
an_account_works_on_its_last_day_and_not_after(void **state)
{
	(void)state;
	assert_int_equal(verdict("*", 20101, fine), ACCOUNT_OK);
	assert_int_equal(verdict("*", 20100, fine), ACCOUNT_OK);
	assert_int_equal(verdict("*", 20099, fine), ACCOUNT_EXPIRED);
	assert_int_equal(verdict("*", 0, fine), ACCOUNT_EXPIRED);
}

static void
the_shell_must_be_there_and_executable(void **state)
{
	struct account_facts facts = fine;

	(void)state;
	facts.shell_executable = false;
	assert_int_equal(verdict("*", ACCOUNT_NO_DAY, facts), ACCOUNT_SHELL_NOT_EXECUTABLE);
	facts.shell_exists = false;
	assert_int_equal(verdict("*", ACCOUNT_NO_DAY, facts), ACCOUNT_NO_SHELL);
}

static void
nologin_stops_everybody_but_root(void **state)
{
	struct account_facts facts = fine;
	struct account root = { .expires = ACCOUNT_NO_DAY };

	(void)state;
	facts.nologin_exists = true;
	assert_int_equal(verdict("*", ACCOUNT_NO_DAY, facts), ACCOUNT_NOLOGIN);
	assert_int_equal(account_check(&root, &facts), ACCOUNT_OK);
}

static void
verdicts_have_texts(void **state)
{
	(void)state;
	assert_string_equal(account_verdict_text(ACCOUNT_LOCKED), "account is locked");
	assert_string_equal(account_verdict_text(ACCOUNT_OK), "may log in");
}

static void
a_password_ages(void **state)
{
	struct account a = { .in_shadow = true, .changed = 20000, .max_age = 90, .warn = 7,
	    .inactive = ACCOUNT_NO_DAY };
	int64_t left;

	(void)state;
	assert_int_equal(account_password_age(&a, 20050, &left), PASSWORD_AGE_OK);
	assert_int_equal(left, -1);
	assert_int_equal(account_password_age(&a, 20083, &left), PASSWORD_AGE_OK);
	assert_int_equal(left, 7);
	assert_int_equal(account_password_age(&a, 20090, &left), PASSWORD_AGE_OK);
	assert_int_equal(left, 0);
	assert_int_equal(account_password_age(&a, 20091, &left), PASSWORD_AGE_EXPIRED);
	a.max_age = ACCOUNT_NO_DAY;
	assert_int_equal(account_password_age(&a, 99999, NULL), PASSWORD_AGE_OK);
	a.changed = 0;
	assert_int_equal(account_password_age(&a, 20000, NULL), PASSWORD_AGE_MUST_CHANGE);
	a.in_shadow = false;
	assert_int_equal(account_password_age(&a, 20000, NULL), PASSWORD_AGE_OK);
}

/* --- memory --- */

static void
without_memory_nothing_is_found_and_nothing_is_lost(void **state)
{
	(void)state;
	for (unsigned n = 0;; n++) {
		SCOPED(account_free) struct account a = { .name = NULL };
		SCOPED(group_list_free) struct group_list g = { NULL, 0 };
		enum err e;

		alloc_fail_after(n);
		e = account_find(&a, PASSWD, SPAN_LIT("alice"));
		if (e == ERR_OK)
			e = account_add_shadow(&a, SHADOW);
		if (e == ERR_OK)
			e = group_list_of(&g, GROUP, SPAN_LIT("alice"), 1001);
		alloc_fail_never();
		if (!alloc_failed()) {
			assert_int_equal(e, ERR_OK);
			break;
		}
		assert_int_equal(e, ERR_NOMEM);
	}
}

/* --- a new password --- */

static void
changing_a_password_leaves_all_else_byte_for_byte(void **state)
{
	static const char before[] = "# kept\nroot:$6$a$b:1:0:99999:7:::\n\nbroken\nme:old:19000:1:90:7:14:20000:x\nme:second:1:::::::\nlast:*";
	static const char after[] = "# kept\nroot:$6$a$b:1:0:99999:7:::\n\nbroken\nme:$y$new:20500:1:90:7:14:20000:x\nme:second:1:::::::\nlast:*";
	SCOPED(writer_free) struct writer w = writer_init(1000);

	(void)state;
	assert_int_equal(account_shadow_change(&w, span_str(before), SPAN_LIT("me"), SPAN_LIT("$y$new"), 20500), ERR_OK);
	assert_true(span_is(writer_span(&w), after));
}

static void
a_short_line_gets_all_its_fields(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1000);

	(void)state;
	assert_int_equal(account_shadow_change(&w, SPAN_LIT("me:old"), SPAN_LIT("me"), SPAN_LIT("new"), 1), ERR_OK);
	assert_true(span_is(writer_span(&w), "me:new:1::::::"));
}

static void
a_hash_that_would_be_more_than_a_field_is_refused(void **state)
{
	static const char *const bad[] = { "a:b", "a\nroot::", "\n", ":" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		SCOPED(writer_free) struct writer w = writer_init(1000);

		assert_int_equal(account_shadow_change(&w, SPAN_LIT("me:old:1\n"), SPAN_LIT("me"), span_str(bad[i]), 1), ERR_SYNTAX);
		assert_int_equal(w.len, 0);
	}
}

static void
a_user_who_has_no_line_gets_none(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1000);

	(void)state;
	assert_int_equal(account_shadow_change(&w, SPAN_LIT("#me:x:1\nyou:x:1\n"), SPAN_LIT("me"), SPAN_LIT("h"), 1), ERR_NOTFOUND);
}

static void
a_password_that_is_too_old_cannot_even_be_changed(void **state)
{
	struct account a = { .in_shadow = true, .changed = 100, .max_age = 10, .warn = 3, .inactive = 5, .expires = ACCOUNT_NO_DAY };
	int64_t left;

	(void)state;
	assert_int_equal(account_password_age(&a, 106, &left), PASSWORD_AGE_OK);
	assert_int_equal(left, -1);
	assert_int_equal(account_password_age(&a, 107, &left), PASSWORD_AGE_OK);
	assert_int_equal(left, 3);
	assert_int_equal(account_password_age(&a, 110, &left), PASSWORD_AGE_OK);
	assert_int_equal(left, 0);
	assert_int_equal(account_password_age(&a, 111, NULL), PASSWORD_AGE_EXPIRED);
	assert_int_equal(account_password_age(&a, 115, NULL), PASSWORD_AGE_EXPIRED);
	assert_int_equal(account_password_age(&a, 116, NULL), PASSWORD_AGE_DEAD);
	a.inactive = ACCOUNT_NO_DAY;
	assert_int_equal(account_password_age(&a, 1000, NULL), PASSWORD_AGE_EXPIRED);
	a.changed = 0;
	assert_int_equal(account_password_age(&a, 1000, NULL), PASSWORD_AGE_MUST_CHANGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changing_a_password_leaves_all_else_byte_for_byte),
		cmocka_unit_test(a_short_line_gets_all_its_fields),
		cmocka_unit_test(a_hash_that_would_be_more_than_a_field_is_refused),
		cmocka_unit_test(a_user_who_has_no_line_gets_none),
		cmocka_unit_test(a_password_that_is_too_old_cannot_even_be_changed),
		cmocka_unit_test(a_user_is_found_with_all_fields),
		cmocka_unit_test(the_first_and_the_last_line_are_found),
		cmocka_unit_test(a_user_is_found_by_uid),
		cmocka_unit_test(unknown_users_are_not_found),
		cmocka_unit_test(malformed_lines_are_no_accounts),
		cmocka_unit_test(a_malformed_line_does_not_hide_a_good_one),
		cmocka_unit_test(a_line_with_a_nul_is_no_account),
		cmocka_unit_test(empty_home_and_shell_have_defaults),
		cmocka_unit_test(a_name_longer_than_any_is_not_looked_for),
		cmocka_unit_test(an_account_is_made_for_a_uid_that_no_file_knows),
		cmocka_unit_test(hash_and_days_come_from_shadow),
		cmocka_unit_test(a_user_without_a_shadow_line_keeps_what_passwd_says),
		cmocka_unit_test(a_shadow_line_may_end_after_the_hash),
		cmocka_unit_test(groups_of_a_user_are_the_primary_and_those_that_name_it_once),
		cmocka_unit_test(a_user_that_no_line_names_has_the_primary_group_only),
		cmocka_unit_test(more_groups_than_the_first_array_holds_are_all_there),
		cmocka_unit_test(groups_are_found_by_name_and_number),
		cmocka_unit_test(a_star_lets_keys_in_and_a_bang_locks_the_account),
		cmocka_unit_test(a_lock_may_be_meant_for_passwords_only),
		cmocka_unit_test(an_account_works_on_its_last_day_and_not_after),
		cmocka_unit_test(the_shell_must_be_there_and_executable),
		cmocka_unit_test(nologin_stops_everybody_but_root),
		cmocka_unit_test(verdicts_have_texts),
		cmocka_unit_test(a_password_ages),
		cmocka_unit_test(without_memory_nothing_is_found_and_nothing_is_lost),
	};

	return cmocka_run_group_tests_name("account", tests, NULL, NULL);
}
