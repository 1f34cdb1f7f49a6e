/* SPDX-License-Identifier: ISC */
/* ssh_config: precedence, Host, Match, Include, tokens, the second pass. */
#include "regress/support/alloc.h"
#include "regress/support/config_load.h"

static void
the_first_value_counts_across_all_sources(void **state)
{
	SCOPED(ssh_config_free) struct ssh_config c = { 0 };
	struct fake_io io = { 0 };
	struct ssh_input in = ssh_input_of(&io);

	(void)state;
	assert_int_equal(ssh_config_option(&c, &in, "Port=1"), ERR_OK);
	assert_int_equal(ssh_config_option(&c, &in, "IdentityFile /o"), ERR_OK);
	assert_int_equal(ssh_config_read(&c, &in, "u", SPAN_LIT("Port 2\nUser u\nIdentityFile /u\n"),
	    true), ERR_OK);
	assert_int_equal(ssh_config_read(&c, &in, "s", SPAN_LIT("Port 3\nUser s\nTag s\n"), false),
	    ERR_OK);
	assert_int_equal(ssh_config_defaults(&c, &in), ERR_OK);
	assert_int_equal(c.port, 1);
	assert_string_equal(c.user, "u");
	assert_string_equal(c.tag, "s");
	assert_int_equal(c.identity_files.n, 2);
	assert_string_equal(c.identity_files.v[0], "/o");
}

static void
a_bad_option_is_told(void **state)
{
	static const char *const bad[] = { "Prot=1", "Port", "Port=\"", "Port=1\nUser=x" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		SCOPED(ssh_config_free) struct ssh_config c = { 0 };
		struct fake_io io = { 0 };
		struct ssh_input in = ssh_input_of(&io);

		assert_int_equal(ssh_config_option(&c, &in, bad[i]), ERR_SYNTAX);
		assert_non_null(strstr(io.errors, "command-line: line 0: "));
	}
}

static void
host_lines_match_patterns_and_negations_defeat_them(void **state)
{
	static const struct {
		const char *patterns;
		bool holds;
	} rows[] = {
		{ "host.example", true }, { "HOST.example", true }, { "*.example", true },
		{ "a b *.example", true }, { "*.org", false }, { "* !host.*", false },
		{ "!host.* *", false }, { "!other *", true }, { "!other", false },
		{ "\"host.example\"", true }, { "host.exampl?", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[200];

		snprintf(text, sizeof(text), "Host %s\nTag in\nHost *\nTag out\n", rows[i].patterns);
		assert_ssh(text, "tag", rows[i].holds ? "in" : "out");
	}
	assert_ssh_bad("Host\n", "Host: missing pattern");
}

/* --- Match --- */

static bool
run(void *self, const char *command)
{
	struct fake_io *io = self;

	append(io->asked, sizeof(io->asked), command, ";");
	return strncmp(command, "true", 4) == 0;
}

static const char *
fake_getenv(void *self, const char *name)
{
	(void)self;
	return strcmp(name, "DIR") == 0 ? "/env dir" : strcmp(name, "EMPTY") == 0 ? "" : NULL;
}

static void
each_criterion_holds_or_not(void **state)
{
	static const struct {
		const char *criteria;
		bool holds;
	} rows[] = {
		{ "all", true }, { "host host.example", true }, { "host HOST.*", true },
		{ "!host host.example", false }, { "host=*.example", true },
		{ "host *,!host.*", false }, { "originalhost host.*", true },
		{ "user me", true }, { "user you", false }, { "!user you", true },
		{ "localuser m*", true }, { "localuser x", false },
		{ "exec true", true }, { "exec false", false }, { "!exec false", true },
		{ "exec \"true a b\"", true }, { "localnetwork 192.168.0.0/16", true },
		{ "localnetwork 10.0.0.0/8", false }, { "localnetwork 10.0.0.0/8,192.168.1.5", true },
		{ "tagged work", false }, { "!tagged work", true }, { "tagged \"\"", false },
		{ "command uptime", false }, { "sessiontype shell", true },
		{ "sessiontype exec,shell", true }, { "sessiontype none", false },
		{ "version Dayfly_*", true }, { "version OpenSSH_*", false },
		{ "canonical", false }, { "final", false }, { "canonical all", false },
		{ "!canonical", true }, { "!final all", true },
		{ "host * user me localuser me", true }, { "host * user you", false },
	};
	struct address here[] = { { 6, { [15] = 1 } }, { 4, { 192, 168, 1, 5 } } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fake_io io = { 0 };
		struct ssh_input in = ssh_input_of(&io);
		char text[200], buf[100];

		in.facts.run = run;
		in.facts.self = &io;
		in.facts.local_addresses = here;
		in.facts.n_local_addresses = COUNT(here);
		snprintf(text, sizeof(text), "Match %s\nHostKeyAlias in\n", rows[i].criteria);
		ssh_value(&in, text, "hostkeyalias", buf, sizeof(buf));
		if ((strcmp(buf, "in") == 0) != rows[i].holds)
			fail_msg("Match %s", rows[i].criteria);
	}
}

static void
criteria_see_what_was_set_above_them(void **state)
{
	struct fake_io io = { 0 };
	struct ssh_input in = ssh_input_of(&io);

	(void)state;
	assert_ssh("Hostname real.%h\nMatch host real.host.example\nTag yes\n", "tag", "yes");
	assert_ssh("Hostname real\nMatch originalhost host.example\nTag yes\n", "tag", "yes");
	assert_ssh("Match user bob\nTag early\nMatch all\nUser bob\nMatch user bob\nTag late\n",
	    "tag", "late");
	assert_ssh("Tag work\nMatch tagged w*\nUser bob\n", "user", "bob");
	in.facts.command = SPAN_LIT("uptime");
	in.facts.session_type = SPAN_LIT("exec");
	assert_ssh_in(&in, "Match command up* sessiontype exec\nTag c\n", "tag", "c");
}

static void
commands_of_match_exec_are_expanded_and_run_only_when_they_matter(void **state)
{
	static const char text[] = "Port 99\nUser bob\nHostname %h.lan\n"
	    "Match host nothing exec \"true never\"\nTag a\n"
	    "Match exec \"true %h %n %p %r %u %l %L %i %d %%\"\nTag b\n"
	    "Host other\nMatch exec false\nTag c\n";
	struct fake_io io = { 0 };
	struct ssh_input in = ssh_input_of(&io);

	(void)state;
	in.facts.run = run;
	in.facts.self = &io;
	assert_ssh_in(&in, text, "tag", "b");
	assert_string_equal(io.asked, "true host.example.lan host.example 99 bob me laptop.example "
	    "laptop 1000 /home/me %;false;");
	assert_ssh_bad("Match exec \"true %z\"\n", "stands for nothing");
	assert_ssh("Match exec true\nTag x\n", "tag", "");
}

static void
malformed_criteria_are_refused(void **state)
{
	(void)state;
	assert_ssh_bad("Match\n", "missing criteria");
	assert_ssh_bad("Match colour red\n", "Unsupported Match attribute colour");
	assert_ssh_bad("Match host\n", "Match host: missing argument");
	assert_ssh_bad("Match host=\n", "missing argument");
	assert_ssh_bad("Match host a all\n", "must stand alone");
	assert_ssh_bad("Match all host a\n", "must stand alone");
	assert_ssh_bad("Match localnetwork 10.0.0.1/8\n", "address/bits");
}

static void
final_and_canonical_hold_in_the_second_pass_which_keeps_the_first(void **state)
{
	static const struct span text = SPAN_LIT("Host host.example\nUser first\nIdentityFile /i\n"
	    "LocalForward 1 h:2\nMatch final\nUser second\nTag t\nMatch canonical all\nBindAddress c\n");
	SCOPED(ssh_config_free) struct ssh_config c = { 0 };
	struct fake_io io = { 0 };
	struct ssh_input in = ssh_input_of(&io);

	(void)state;
	assert_int_equal(ssh_config_read(&c, &in, "f", text, true), ERR_OK);
	assert_true(c.wants_final);
	assert_null(c.tag);
	in.facts.final = in.facts.canonical = true;
	assert_int_equal(ssh_config_read(&c, &in, "f", text, true), ERR_OK);
	assert_string_equal(c.user, "first");
	assert_string_equal(c.tag, "t");
	assert_string_equal(c.bind_address, "c");
	assert_int_equal(c.identity_files.n, 1);
	assert_int_equal(c.local_forwards.n, 1);
}

static void
a_negated_final_wants_no_second_pass(void **state)
{
	SCOPED(ssh_config_free) struct ssh_config c = { 0 };
	struct fake_io io = { 0 };
	struct ssh_input in = ssh_input_of(&io);

	(void)state;
	assert_int_equal(ssh_config_read(&c, &in, "f", SPAN_LIT("Match !final\nTag t\n"), true), ERR_OK);
	assert_false(c.wants_final);
	assert_string_equal(c.tag, "t");
}

/* --- keywords with rules of their own --- */

static void
of_proxyjump_and_proxycommand_the_earlier_wins(void **state)
{
	(void)state;
	assert_ssh("ProxyJump j\nProxyCommand nc\n", "proxycommand", "");
	assert_ssh("ProxyJump j\nProxyCommand nc\n", "proxyjump", "j");
	assert_ssh("ProxyCommand nc\nProxyJump j\n", "proxycommand", "nc");
	assert_ssh("ProxyCommand nc\nProxyJump j\n", "proxyjump", "");
	assert_ssh("ProxyCommand none\nProxyJump j\n", "proxyjump", "");
}

static void
updatehostkeys_is_off_with_another_known_hosts_file_or_dns(void **state)
{
	(void)state;
	assert_ssh("", "updatehostkeys", "true");
	assert_ssh("UserKnownHostsFile /x\n", "updatehostkeys", "false");
	assert_ssh("VerifyHostKeyDNS ask\n", "updatehostkeys", "false");
	assert_ssh("UserKnownHostsFile /x\nUpdateHostKeys yes\n", "updatehostkeys", "true");
}

static void
unknown_keywords_are_ignored_only_where_said_before(void **state)
{
	(void)state;
	assert_ssh("IgnoreUnknown UseKeychain,Foo*\nUseKeychain yes\nFooBar 1\nPort 3\n", "port", "3");
	assert_ssh_bad("UseKeychain yes\nIgnoreUnknown UseKeychain\n",
	    "config: line 1: Bad configuration option: UseKeychain");
	assert_ssh_bad("Hostnam x\n", "(did you mean Hostname?)");
	assert_ssh_bad("Hostnam x\nPort x\n", "config: terminating, 2 bad configuration options");
}

static void
old_and_foreign_keywords_are_passed_over(void **state)
{
	(void)state;
	assert_ssh("GSSAPIAuthentication yes\nUseRoaming no\nProtocol 2\nCompressionLevel 6\nPort 9\n",
	    "port", "9");
}

/* --- Include --- */

static void
include_finds_the_user_s_and_the_system_s_files(void **state)
{
	static const struct fake_file files[] = {
		{ "/home/me/.ssh/conf.d/a", "User a\n" },
		{ "/home/me/x", "Tag x\n" },
		{ SSH_CONF_DIR "/ssh_config.d/s.conf", "BindAddress s\n" },
		{ "/env dir/host.example", "HostKeyAlias e\n" },
	};
	SCOPED(ssh_config_free) struct ssh_config c = { 0 };
	struct fake_io io = { .files = files, .n_files = COUNT(files) };
	struct ssh_input in = ssh_input_of(&io);

	(void)state;
	in.facts.getenv_of = fake_getenv;
	assert_int_equal(ssh_config_read(&c, &in, "u", SPAN_LIT("Include conf.d/* ~/x\n"
	    "Include \"${DIR}/%h\"\nInclude nothing/*\n"), true), ERR_OK);
	assert_string_equal(c.user, "a");
	assert_string_equal(c.tag, "x");
	assert_string_equal(c.host_key_alias, "e");
	assert_int_equal(ssh_config_read(&c, &in, "s", SPAN_LIT("Include ssh_config.d/*.conf\n"),
	    false), ERR_OK);
	assert_string_equal(c.bind_address, "s");
	assert_int_equal(ssh_config_read(&c, &in, "s", SPAN_LIT("Include ~/x\n"), false), ERR_SYNTAX);
	assert_int_equal(ssh_config_read(&c, &in, "u", SPAN_LIT("Include ${UNSET}/x\n"), true),
	    ERR_SYNTAX);
	assert_non_null(strstr(io.errors, "a variable is not set"));
}

static void
an_include_in_a_block_counts_only_where_the_block_holds_and_is_checked_everywhere(void **state)
{
	static const struct fake_file files[] = {
		{ "/in", "Tag in\nHost other\nUser other\n" },
		{ "/loop", "Include /loop\n" },
		{ "/wrong", "User x\nJunk\n" },
	};
	struct fake_io io = { .files = files, .n_files = COUNT(files) };
	struct ssh_input in = ssh_input_of(&io);
	SCOPED(ssh_config_free) struct ssh_config c = { 0 };

	(void)state;
	assert_ssh_in(&in, "Host nothing\nInclude /in\nHost *\nPort 5\n", "tag", "");
	assert_int_equal(ssh_config_read(&c, &in, "f", SPAN_LIT("Host nothing\nInclude /wrong\n"), true),
	    ERR_SYNTAX);
	assert_non_null(strstr(io.errors, "Junk"));
	assert_ssh_in(&in, "Host host*\nInclude /in\nPort 5\n", "tag", "in");
	assert_ssh_in(&in, "Host host*\nInclude /in\nPort 5\n", "port", "5");
	assert_int_equal(ssh_config_read(&c, &in, "f", SPAN_LIT("Include /loop\n"), true), ERR_SYNTAX);
	assert_non_null(strstr(io.errors, "more than 16 files deep"));
}

/* --- tokens --- */

/* Expands a value of a keyword with the tokens of a config. */
static void
assert_expands(enum ssh_keyword k, const char *text, enum err expected, const char *result)
{
	SCOPED(ssh_config_free) struct ssh_config c = { 0 };
	SCOPED(ssh_tokens_free) struct ssh_tokens t = { 0 };
	SCOPED(writer_free) struct writer w = writer_init(1000);
	struct fake_io io = { 0 };
	struct ssh_input in = ssh_input_of(&io);

	in.facts.getenv_of = fake_getenv;
	assert_int_equal(ssh_config_read(&c, &in, "f", SPAN_LIT("User bob\nPort 99\n"
	    "Hostname %h.lan\nHostKeyAlias alias\nProxyJump jump\n"), true), ERR_OK);
	assert_int_equal(ssh_tokens_make(&t, &c, &in.facts), ERR_OK);
	assert_int_equal(ssh_config_expand(&w, k, span_str(text), &t.tokens, &in.facts), expected);
	if (expected == ERR_OK && !span_is(writer_span(&w), result))
		fail_msg("%s: %.*s", text, (int)w.len, (const char *)w.p);
}

static void
values_expand_as_their_keyword_allows(void **state)
{
	(void)state;
	assert_expands(SSH_KEYWORD_IdentityFile, "~/.ssh/%r@%h:%p", ERR_OK,
	    "/home/me/.ssh/bob@host.example.lan:99");
	assert_expands(SSH_KEYWORD_IdentityFile, "${DIR}/%n-%k-%j-%%", ERR_OK,
	    "/env dir/host.example-alias-jump-%");
	assert_expands(SSH_KEYWORD_IdentityFile, "~other/x", ERR_OK, "~other/x");
	assert_expands(SSH_KEYWORD_IdentityFile, "${UNSET}", ERR_NOTFOUND, NULL);
	assert_expands(SSH_KEYWORD_IdentityFile, "${DIR", ERR_SYNTAX, NULL);
	assert_expands(SSH_KEYWORD_IdentityFile, "%T", ERR_SYNTAX, NULL);
	assert_expands(SSH_KEYWORD_IdentityFile, "x%", ERR_SYNTAX, NULL);
	assert_expands(SSH_KEYWORD_ProxyCommand, "nc %h %p ${DIR}", ERR_OK,
	    "nc host.example.lan 99 ${DIR}");
	assert_expands(SSH_KEYWORD_ProxyCommand, "nc %u", ERR_SYNTAX, NULL);
	assert_expands(SSH_KEYWORD_User, "%u", ERR_OK, "me");
	assert_expands(SSH_KEYWORD_User, "%r", ERR_SYNTAX, NULL);
	assert_expands(SSH_KEYWORD_Hostname, "%h", ERR_OK, "host.example.lan");
	assert_expands(SSH_KEYWORD_Tag, "%h", ERR_SYNTAX, NULL);
}

static void
the_connection_hash_is_that_of_its_parts(void **state)
{
	/* printf %s laptop.examplehost.example.lan99bobjump | sha1sum */
	(void)state;
	assert_expands(SSH_KEYWORD_ControlPath, "/tmp/%C", ERR_OK,
	    "/tmp/30a7d27b131a7cbf16ffd21c509886b741c03e9a");
}

static void
names_that_a_shell_would_act_on_are_not_safe(void **state)
{
	static const char *const bad[] = {
		"", "-oProxyCommand=x", "a;b", "$(id)", "`id`", "a b", "a|b", "a&b", "a\nb", "a\033b",
		"a'b", "a\"b", "a\\b", "a,b", "a{b", "a>b", "a<b", "a(b", "a\x7f",
	};
	static const char *const good_hosts[] = {
		"host.example", "10.0.0.1", "::1", "fe80::1%eth0", "under_score", "vsock/3", "x-y",
	};
	static const char *const bad_users[] = { "", "-x", "a;b", "$x", "a`b", "a\nb", "a'", "dom\\" };
	static const char *const good_users[] = { "bob", "DOMAIN\\bob", "bob smith", "a.b-c_d", "x@y" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(ssh_host_is_safe(span_str(bad[i])));
	for (size_t i = 0; i < COUNT(good_hosts); i++)
		assert_true(ssh_host_is_safe(span_str(good_hosts[i])));
	for (size_t i = 0; i < COUNT(bad_users); i++)
		assert_false(ssh_user_is_safe(span_str(bad_users[i])));
	for (size_t i = 0; i < COUNT(good_users); i++)
		assert_true(ssh_user_is_safe(span_str(good_users[i])));
	assert_false(ssh_host_is_safe(SPAN_LIT("a\0b")));
	assert_false(ssh_user_is_safe(SPAN_LIT("a\0b")));
}

static void
out_of_memory_at_any_point_is_told_and_leaks_nothing(void **state)
{
	static const struct fake_file files[] = { { "/i", "Tag i\nSendEnv A B\n" } };
	static const struct span text = SPAN_LIT("Include /i\nMatch host h* exec x\nPort 1\nMatch all\n"
	    "LocalForward a:1 h:2\nLocalForward /s /t\nSetEnv \"A=b c\"\nProxyJump a,b\nUser x\n"
	    "PermitRemoteOpen a:1\nChannelTimeout a=1\nForwardAgent /s\nRemoteForward b:0\n"
	    "PreferredAuthentications a,b\nCiphers +aes128-cbc\nVersionAddendum a b\nProxyCommand x\n");
	struct fake_io io = { .files = files, .n_files = 1 };
	struct ssh_input in = ssh_input_of(&io);

	(void)state;
	in.facts.getenv_of = fake_getenv;
	for (unsigned n = 0; ; n++) {
		SCOPED(ssh_config_free) struct ssh_config c = { 0 };
		SCOPED(writer_free) struct writer w = writer_init(1 << 20);
		enum err e;

		alloc_fail_after(n);
		e = ssh_config_read(&c, &in, "f", text, true);
		if (e == ERR_OK)
			e = ssh_config_defaults(&c, &in);
		if (e == ERR_OK) {
			ssh_config_dump(&c, SPAN_LIT("h"), &w);
			e = wr_end(&w);
		}
		alloc_fail_never();
		if (e == ERR_OK) {
			assert_false(alloc_failed());
			break;
		}
		assert_int_equal(e, ERR_NOMEM);
		io.asked[0] = '\0';
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_value_counts_across_all_sources),
		cmocka_unit_test(a_bad_option_is_told),
		cmocka_unit_test(host_lines_match_patterns_and_negations_defeat_them),
		cmocka_unit_test(each_criterion_holds_or_not),
		cmocka_unit_test(criteria_see_what_was_set_above_them),
		cmocka_unit_test(commands_of_match_exec_are_expanded_and_run_only_when_they_matter),
		cmocka_unit_test(malformed_criteria_are_refused),
		cmocka_unit_test(final_and_canonical_hold_in_the_second_pass_which_keeps_the_first),
		cmocka_unit_test(a_negated_final_wants_no_second_pass),
		cmocka_unit_test(of_proxyjump_and_proxycommand_the_earlier_wins),
		cmocka_unit_test(updatehostkeys_is_off_with_another_known_hosts_file_or_dns),
		cmocka_unit_test(unknown_keywords_are_ignored_only_where_said_before),
		cmocka_unit_test(old_and_foreign_keywords_are_passed_over),
		cmocka_unit_test(include_finds_the_user_s_and_the_system_s_files),
		cmocka_unit_test(an_include_in_a_block_counts_only_where_the_block_holds_and_is_checked_everywhere),
		cmocka_unit_test(values_expand_as_their_keyword_allows),
		cmocka_unit_test(the_connection_hash_is_that_of_its_parts),
		cmocka_unit_test(names_that_a_shell_would_act_on_are_not_safe),
		cmocka_unit_test(out_of_memory_at_any_point_is_told_and_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
