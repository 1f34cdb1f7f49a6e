/* SPDX-License-Identifier: ISC */
/* sshd/guard_access.h and sshd/guard_methods.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "sshd/guard_access.h"
#include "sshd/guard_methods.h"

#define WORDS(...)							\
	((struct words){ (char **)(uintptr_t)(const char *[]){ __VA_ARGS__ },	\
	    COUNT(((const char *[]){ __VA_ARGS__ })) })

/* Asks about user alice, in groups users and staff, from 192.0.2.7. */
static const char *
ask(const struct sshd_config *c)
{
	static const struct address from = { .family = 4, .bytes = { 192, 0, 2, 7 } };
	struct span groups[] = { SPAN_LIT("users"), SPAN_LIT("staff") };
	struct client_host host = { .address = &from, .text = "192.0.2.7" };
	struct access_request r = { .config = c, .user = "alice", .host = &host,
	    .groups = groups, .n_groups = COUNT(groups) };

	struct access_answer answer;
	enum reason why = access_refused(&r, &answer);

	return why == REASON_NONE ? NULL : access_text(why);
}

static void
without_lists_everybody_may(void **state)
{
	struct sshd_config c = { .ports = { .n = 0 } };

	(void)state;
	assert_null(ask(&c));
}

static void
deny_counts_before_allow(void **state)
{
	struct sshd_config c = { .allow_users = WORDS("alice"), .deny_users = WORDS("al*") };

	(void)state;
	assert_string_equal(ask(&c), "listed in DenyUsers");
}

static void
an_allow_list_keeps_all_others_out(void **state)
{
	struct sshd_config c = { .allow_users = WORDS("bob", "carol") };

	(void)state;
	assert_string_equal(ask(&c), "not listed in AllowUsers");
	c.allow_users = WORDS("bob", "?lice");
	assert_null(ask(&c));
}

static void
a_host_behind_the_user_must_match_too(void **state)
{
	struct sshd_config c = { .allow_users = WORDS("alice@192.0.2.0/24") };

	(void)state;
	assert_null(ask(&c));
	c.allow_users = WORDS("alice@192.0.3.0/24");
	assert_non_null(ask(&c));
	c.allow_users = WORDS("alice@192.0.2.*");
	assert_null(ask(&c));
	c.allow_users = WORDS("bob@192.0.2.0/24");
	assert_non_null(ask(&c));
	c.allow_users = WORDS("alice@*");
	assert_null(ask(&c));
}

static void
groups_count_after_users(void **state)
{
	struct sshd_config c = { .deny_groups = WORDS("staff"), .allow_groups = WORDS("users") };

	(void)state;
	assert_string_equal(ask(&c), "a group is listed in DenyGroups");
	c.deny_groups.n = 0;
	assert_null(ask(&c));
	c.allow_groups = WORDS("wheel");
	assert_string_equal(ask(&c), "none of user's groups are listed in AllowGroups");
	c.allow_groups = WORDS("st*");
	assert_null(ask(&c));
}

static void
the_pattern_that_is_about_the_user_is_named(void **state)
{
	static const struct address from = { .family = 4, .bytes = { 192, 0, 2, 7 } };
	struct sshd_config c = { .deny_users = WORDS("bob", "al*@10.0.0.0/8"), .allow_users = WORDS("carol", "a*", "alice"),
	    .deny_groups = WORDS("wheel", "staff", "users") };
	struct span groups[] = { SPAN_LIT("users"), SPAN_LIT("staff") };
	struct client_host host = { .address = &from, .text = "192.0.2.7" };
	struct access_request r = { .config = &c, .user = "alice", .host = &host, .groups = groups,
	    .n_groups = COUNT(groups) };
	struct access_answer a;

	(void)state;
	assert_int_equal(access_refused(&r, &a), REASON_DENY_GROUPS);
	assert_int_equal(a.rule, SSHD_DenyGroups);
	assert_null(a.matched[ACCESS_DENY_USERS]);
	assert_string_equal(a.matched[ACCESS_ALLOW_USERS], "a*");
	assert_string_equal(a.matched[ACCESS_DENY_GROUPS], "staff");
	r.n_groups = 0;
	assert_int_equal(access_refused(&r, &a), REASON_NO_GROUPS);
	r.user = "dave";
	assert_int_equal(access_refused(&r, &a), REASON_ALLOW_USERS);
	assert_int_equal(a.rule, SSHD_AllowUsers);
	assert_null(a.matched[ACCESS_ALLOW_USERS]);
}

/* --- methods --- */

static bool
allows(const struct sshd_config *c, const struct guard_proof *p, const char *method)
{
	return guard_methods_allow(c, p, span_str(method));
}

static void
methods_must_be_switched_on(void **state)
{
	struct sshd_config c = { .pubkey_authentication = true };
	struct guard_proof p = { .progress = { 0 } };

	(void)state;
	assert_true(allows(&c, &p, "publickey"));
	assert_true(allows(&c, &p, "publickey-hostbound-v00@openssh.com"));
	assert_false(allows(&c, &p, "password"));
	assert_false(allows(&c, &p, "none"));
	assert_false(allows(&c, &p, "hostbased"));
	assert_false(allows(&c, &p, ""));
	assert_true(guard_methods_advance(&c, &p, SPAN_LIT("publickey")));
}

static void
chains_are_gone_through_in_their_order(void **state)
{
	struct sshd_config c = { .pubkey_authentication = true, .password_authentication = true,
	    .authentication_methods = WORDS("publickey,password", "publickey,publickey") };
	struct guard_proof p = { .progress = { 0 } };
	SCOPED(writer_free) struct writer w = writer_init(100);

	(void)state;
	assert_false(allows(&c, &p, "password"));
	assert_false(guard_methods_advance(&c, &p, SPAN_LIT("publickey-hostbound-v00@openssh.com")));
	guard_methods(&c, &p, &w);
	assert_true(span_is(writer_span(&w), "publickey,password"));
	assert_true(guard_methods_advance(&c, &p, SPAN_LIT("password")));
}

static void
a_chain_that_asks_for_what_is_not_there_never_ends(void **state)
{
	struct sshd_config c = { .pubkey_authentication = true,
	    .authentication_methods = WORDS("publickey,hostbased") };
	struct guard_proof p = { .progress = { 0 } };
	SCOPED(writer_free) struct writer w = writer_init(100);

	(void)state;
	assert_false(guard_methods_advance(&c, &p, SPAN_LIT("publickey")));
	assert_false(allows(&c, &p, "publickey"));
	assert_false(allows(&c, &p, "hostbased"));
	guard_methods(&c, &p, &w);
	assert_int_equal(w.len, 0);
}

static void
none_is_a_step_only_where_a_chain_says_so_and_empty_passwords_are_permitted(void **state)
{
	struct sshd_config c = { .pubkey_authentication = true, .permit_empty_passwords = true };
	struct guard_proof p = { .progress = { 0 } };
	SCOPED(writer_free) struct writer w = writer_init(100);

	(void)state;
	assert_false(allows(&c, &p, "none"));
	c.authentication_methods = WORDS("none,publickey");
	assert_true(allows(&c, &p, "none"));
	assert_false(allows(&c, &p, "publickey"));
	c.permit_empty_passwords = false;
	assert_false(allows(&c, &p, "none"));
	guard_methods(&c, &p, &w);
	assert_int_equal(w.len, 0);
	assert_false(guard_methods_advance(&c, &p, SPAN_LIT("none")));
	assert_true(guard_methods_advance(&c, &p, SPAN_LIT("publickey")));
}

static void
a_submethod_must_be_the_one_there_is(void **state)
{
	struct sshd_config c = { .password_authentication = true, .kbd_interactive_authentication = true,
	    .authentication_methods = WORDS("keyboard-interactive:pam", "password:bsdauth",
	    "keyboard-interactive:password,password") };
	struct guard_proof p = { .progress = { 0 } };

	(void)state;
	assert_false(allows(&c, &p, "password"));
	assert_true(allows(&c, &p, "keyboard-interactive"));
	assert_false(guard_methods_advance(&c, &p, SPAN_LIT("keyboard-interactive")));
	assert_true(allows(&c, &p, "password"));
	assert_true(guard_methods_advance(&c, &p, SPAN_LIT("password")));
	c.authentication_methods.n = 2;
	p = (struct guard_proof){ .progress = { 0 } };
	assert_false(allows(&c, &p, "keyboard-interactive"));
	assert_false(allows(&c, &p, "password"));
}

/* PasswordAuthentication no in a config that says nothing else must mean: no passwords. */
static void
keyboard_interactive_goes_with_passwords_unless_it_is_named(void **state)
{
	struct sshd_config c = { .kbd_interactive_authentication = true, .pubkey_authentication = true };
	struct guard_proof p = { .progress = { 0 } };

	(void)state;
	assert_false(allows(&c, &p, "keyboard-interactive"));
	c.set[SSHD_KbdInteractiveAuthentication / 64] |= UINT64_C(1) << (SSHD_KbdInteractiveAuthentication % 64);
	assert_true(allows(&c, &p, "keyboard-interactive"));
	memset(c.set, 0, sizeof(c.set));
	c.password_authentication = true;
	assert_true(allows(&c, &p, "keyboard-interactive"));
	c.password_authentication = false;
	c.authentication_methods = WORDS("publickey,keyboard-interactive");
	assert_false(allows(&c, &p, "keyboard-interactive"));
	assert_false(guard_methods_advance(&c, &p, SPAN_LIT("publickey")));
	assert_true(allows(&c, &p, "keyboard-interactive"));
	c.kbd_interactive_authentication = false;
	assert_false(allows(&c, &p, "keyboard-interactive"));
}

/* What keeps a method away is named, for the log. */
static void
the_rule_that_keeps_a_method_away_is_named(void **state)
{
	struct sshd_config c = { .pubkey_authentication = true,
	    .authentication_methods = WORDS("password,publickey") };

	(void)state;
	assert_int_equal(guard_methods_rule(&c, SPAN_LIT("password")), SSHD_PasswordAuthentication);
	assert_int_equal(guard_methods_rule(&c, SPAN_LIT("publickey")), SSHD_AuthenticationMethods);
	assert_int_equal(guard_methods_rule(&c, SPAN_LIT("hostbased")), SSHD_HostbasedAuthentication);
	assert_int_equal(guard_methods_rule(&c, SPAN_LIT("nonsense")), SSHD_N_KEYWORDS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_lists_everybody_may),
		cmocka_unit_test(deny_counts_before_allow),
		cmocka_unit_test(an_allow_list_keeps_all_others_out),
		cmocka_unit_test(a_host_behind_the_user_must_match_too),
		cmocka_unit_test(groups_count_after_users),
		cmocka_unit_test(the_pattern_that_is_about_the_user_is_named),
		cmocka_unit_test(methods_must_be_switched_on),
		cmocka_unit_test(chains_are_gone_through_in_their_order),
		cmocka_unit_test(a_chain_that_asks_for_what_is_not_there_never_ends),
		cmocka_unit_test(none_is_a_step_only_where_a_chain_says_so_and_empty_passwords_are_permitted),
		cmocka_unit_test(a_submethod_must_be_the_one_there_is),
		cmocka_unit_test(keyboard_interactive_goes_with_passwords_unless_it_is_named),
		cmocka_unit_test(the_rule_that_keeps_a_method_away_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
