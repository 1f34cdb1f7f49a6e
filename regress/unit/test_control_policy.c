/* SPDX-License-Identifier: ISC */
/* sshd/control: EphemeralKeyRegistrars, EphemeralKeyUsers, and where the socket is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/authorized_keys.h"
#include "regress/support/alloc.h"
#include "sshd/control_i.h"

static struct control_policy
parsed(const char *text)
{
	struct control_policy p;
	char why[200];

	assert_int_equal(control_policy_parse(&p, span_str(text), why, sizeof(why)), ERR_OK);
	return p;
}

static void
nobody_registers_where_nothing_is_said(void **state)
{
	static const char *const texts[] = { "", "none", "   " };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		SCOPED(control_policy_free) struct control_policy p = parsed(texts[i]);

		assert_int_equal(p.n, 0);
		assert_null(control_registrar_of(&p, 1000, "alice"));
	}
}

static void
a_registrar_without_options_is_for_itself_only(void **state)
{
	SCOPED(control_policy_free) struct control_policy p = parsed("alice");
	const struct control_registrar *r = control_registrar_of(&p, 1000, "alice");

	(void)state;
	assert_non_null(r);
	assert_true(control_may_register(r, "alice", SPAN_LIT("alice")));
	assert_false(control_may_register(r, "alice", SPAN_LIT("bob")));
	assert_false(control_may_register(r, "alice", SPAN_LIT("root")));
	assert_false(control_may_register(r, "alice", SPAN_LIT("alicea")));
	assert_null(control_registrar_of(&p, 1001, "bob"));
}

static void
patterns_say_for_whom_and_a_wildcard_never_means_root(void **state)
{
	SCOPED(control_policy_free) struct control_policy p =
	    parsed("deploy:users=app*|web,max-ttl=10m  admin:users=*|!bob 1234:users=root|x");
	const struct control_registrar *deploy = control_registrar_of(&p, 500, "deploy");
	const struct control_registrar *admin = control_registrar_of(&p, 501, "admin");
	const struct control_registrar *by_uid = control_registrar_of(&p, 1234, "whoever");

	(void)state;
	assert_int_equal(p.n, 3);
	assert_true(deploy->max_ttl == 600000);
	assert_true(control_may_register(deploy, "deploy", SPAN_LIT("app1")));
	assert_true(control_may_register(deploy, "deploy", SPAN_LIT("web")));
	assert_false(control_may_register(deploy, "deploy", SPAN_LIT("deploy")));
	assert_true(control_may_register(admin, "admin", SPAN_LIT("alice")));
	assert_false(control_may_register(admin, "admin", SPAN_LIT("bob")));
	assert_false(control_may_register(admin, "admin", SPAN_LIT("root")));
	assert_true(control_may_register(by_uid, "whoever", SPAN_LIT("root")));
}

static void
malformed_registrars_are_refused_with_the_word_at_fault(void **state)
{
	static const struct {
		const char *text;
		const char *word;
	} bad[] = {
		{ ":users=x", ":users=x" },
		{ "alice:", "alice:" },
		{ "alice:users", "users" },
		{ "alice:users=", "users=" },
		{ "alice:max-ttl=soon", "soon" },
		{ "alice:max-ttl=0", "0" },
		{ "ok bob:shoes=big", "shoes" },
		{ "alice:permit=everything", "everything" },
		{ "alice:permit=pty|tunnel", "tunnel" },
		{ "alice:max-uses=0", "0" },
		{ "alice:max-uses=some", "some" },
		{ "alice:max-session=never", "never" },
		{ "alice:ssh=SHA256:short", "SHA256:short" },
		{ "alice:ssh=any|some", "any" },
		{ "alice:users=x,,max-ttl=5", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct control_policy p;
		char why[200];

		assert_int_equal(control_policy_parse(&p, span_str(bad[i].text), why, sizeof(why)),
		    ERR_SYNTAX);
		assert_non_null(strstr(why, bad[i].word));
		assert_int_equal(p.n, 0);
	}
}

static void
without_memory_no_policy_comes_out(void **state)
{
	(void)state;
	for (unsigned n = 0;; n++) {
		struct control_policy p;
		char why[200];
		enum err e;

		alloc_fail_after(n);
		e = control_policy_parse(&p, SPAN_LIT("a:users=b|c d"), why, sizeof(why));
		alloc_fail_never();
		if (!alloc_failed()) {
			assert_int_equal(e, ERR_OK);
			control_policy_free(&p);
			break;
		}
		assert_int_equal(e, ERR_NOMEM);
		assert_int_equal(p.n, 0);
	}
}

static void
users_that_keys_may_be_for_are_patterns(void **state)
{
	char apps[] = "app*", web[] = "!app9,web";
	char *v[] = { apps, web };
	struct words users = { v, 2 };
	struct words none = { NULL, 0 };

	(void)state;
	assert_true(control_user_is_meant(&users, SPAN_LIT("app1")));
	assert_true(control_user_is_meant(&users, SPAN_LIT("web")));
	assert_false(control_user_is_meant(&users, SPAN_LIT("app9")));
	assert_false(control_user_is_meant(&users, SPAN_LIT("root")));
	assert_false(control_user_is_meant(&none, SPAN_LIT("root")));
}

static void
path_is(const char *configured, uid_t uid, const char *runtime, const char *pid_file,
    const char *expected)
{
	char buf[200] = "";
	enum err e = control_socket_path(configured, uid, runtime, pid_file, buf, sizeof(buf));

	assert_int_equal(e, expected == NULL ? ERR_NOTFOUND : ERR_OK);
	if (expected != NULL)
		assert_string_equal(buf, expected);
}

#define KEY_A	"SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY_B	"SHA256:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"

static void
by_ssh_only_who_and_with_what_the_config_names(void **state)
{
	SCOPED(control_policy_free) struct control_policy p =
	    parsed("local any:ssh=any keys:ssh=" KEY_A "|" KEY_B " 1234:ssh=any");

	(void)state;
	assert_null(control_registrar_by_ssh(&p, 1, "local", KEY_A));
	assert_null(control_registrar_by_ssh(&p, 1, "nobody", KEY_A));
	assert_non_null(control_registrar_by_ssh(&p, 1, "any", ""));
	assert_non_null(control_registrar_by_ssh(&p, 1, "keys", KEY_B));
	assert_null(control_registrar_by_ssh(&p, 1, "keys", ""));
	assert_null(control_registrar_by_ssh(&p, 1, "keys", "any"));
	assert_null(control_registrar_by_ssh(&p, 1, "keys", KEY_A "," KEY_B));
	assert_non_null(control_registrar_by_ssh(&p, 1234, "x", KEY_B));
}

static void
what_a_registrar_hands_out_at_most_is_taken_from_its_options(void **state)
{
	SCOPED(control_policy_free) struct control_policy p =
	    parsed("a:permit=pty|user-rc|pty,max-uses=7,max-session=1h30m b:permit=none c");
	const struct control_registrar *r = p.registrar;

	(void)state;
	assert_true(r[0].has_permit && r[0].permit == (PERMIT_PTY | PERMIT_USER_RC));
	assert_string_equal(r[0].least_options, "restrict,pty,user-rc");
	assert_int_equal(r[0].max_uses, 7);
	assert_true(r[0].max_session == 5400 * 1000);
	assert_true(r[1].has_permit && r[1].permit == 0);
	assert_string_equal(r[1].least_options, "restrict");
	assert_false(r[2].has_permit);
}

static void
the_socket_is_where_the_config_or_the_account_has_it(void **state)
{
	static const char *const dflt = CONTROL_DEFAULT_PATH;

	(void)state;
	path_is(dflt, 0, "/run/user/0", "/run/sshd.pid", "/run/dayfly/ephemeral.sock");
	path_is("/x/y", 0, NULL, NULL, "/x/y");
	path_is("/x/y", 1000, "/run/user/1000", NULL, "/x/y");
	path_is(dflt, 1000, "/run/user/1000", "/home/a/p", "/run/user/1000/dayfly/ephemeral.sock");
	path_is(dflt, 1000, NULL, "/home/a/sshd.pid", "/home/a/ephemeral.sock");
	path_is(dflt, 1000, "", "/sshd.pid", "//ephemeral.sock");
	path_is(dflt, 1000, NULL, NULL, NULL);
	path_is(NULL, 0, "/run/user/0", "/run/sshd.pid", "/run/dayfly/ephemeral.sock");
	path_is(NULL, 1000, "/run/user/1000", NULL, "/run/user/1000/dayfly/ephemeral.sock");
	path_is("none", 0, "/run/user/0", "/run/sshd.pid", NULL);
}

static void
a_path_that_no_socket_can_have_is_refused(void **state)
{
	char path[120], buf[200];

	(void)state;
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(control_socket_path(path, 0, NULL, NULL, buf, sizeof(buf)), ERR_RANGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_registers_where_nothing_is_said),
		cmocka_unit_test(a_registrar_without_options_is_for_itself_only),
		cmocka_unit_test(patterns_say_for_whom_and_a_wildcard_never_means_root),
		cmocka_unit_test(malformed_registrars_are_refused_with_the_word_at_fault),
		cmocka_unit_test(without_memory_no_policy_comes_out),
		cmocka_unit_test(users_that_keys_may_be_for_are_patterns),
		cmocka_unit_test(by_ssh_only_who_and_with_what_the_config_names),
		cmocka_unit_test(what_a_registrar_hands_out_at_most_is_taken_from_its_options),
		cmocka_unit_test(the_socket_is_where_the_config_or_the_account_has_it),
		cmocka_unit_test(a_path_that_no_socket_can_have_is_refused),
	};

	return cmocka_run_group_tests_name("control policy", tests, NULL, NULL);
}
