/* SPDX-License-Identifier: ISC */
/* sshd_config: grammar, precedence, Include, merging, sending. */
#include "regress/support/alloc.h"
#include "regress/support/config_load.h"

#define ANN	(&(struct sshd_facts){ .user = SPAN_LIT("ann") })
#define BOB	(&(struct sshd_facts){ .user = SPAN_LIT("bob") })

static void
the_first_value_counts(void **state)
{
	(void)state;
	assert_sshd("PermitTTY no\nPermitTTY yes\n", NULL, "PermitTTY", "no");
	assert_sshd("permittty=no\nPERMITTTY yes", NULL, "PermitTTY", "no");
	assert_sshd("Banner none\nBanner /x\n", NULL, "Banner", "none");
	assert_sshd("AuthorizedKeysFile a\nAuthorizedKeysFile b\n", NULL, "AuthorizedKeysFile", "a");
	assert_sshd("SetEnv A=1\nSetEnv B=2\n", NULL, "SetEnv", "A=1");
}

static void
an_empty_config_has_the_defaults(void **state)
{
	(void)state;
	assert_sshd("", NULL, "PermitRootLogin", "without-password");
	assert_sshd("\n# nothing\n   \n", NULL, "Port", "22");
	assert_sshd("", NULL, "ListenAddress", "[::]:22|0.0.0.0:22");
	assert_sshd("", NULL, "HostKey", SSH_CONF_DIR "/ssh_host_rsa_key|" SSH_CONF_DIR
	    "/ssh_host_ecdsa_key|" SSH_CONF_DIR "/ssh_host_ed25519_key");
}

static void
appending_keywords_add_up(void **state)
{
	(void)state;
	assert_sshd("AllowUsers a b\nAllowUsers c\n", NULL, "AllowUsers", "a|b|c");
	assert_sshd("AcceptEnv LANG\nAcceptEnv LC_*\n", NULL, "AcceptEnv", "LANG|LC_*");
	assert_sshd("Subsystem a /1\nSubsystem b /2\nSubsystem a /3\n", NULL, "Subsystem",
	    "a /1|b /2");
	assert_sshd("HostKey /only\n", NULL, "HostKey", "/only");
}

static void
an_unknown_keyword_is_told_with_file_line_and_what_is_near(void **state)
{
	(void)state;
	assert_sshd_bad("\nPermitRotLogin no\n",
	    "sshd_config: line 2: Bad configuration option: PermitRotLogin "
	    "(did you mean PermitRootLogin?)\n");
	assert_sshd_bad("Zzyzx 1\n", "sshd_config: line 1: Bad configuration option: Zzyzx");
	assert_sshd_bad("A 1\nB 2\nPort x\n", "sshd_config: terminating, 3 bad configuration options\n");
	assert_sshd_bad("Z\033[2Jx 1\n", "option: Z\\033[2Jx");
	assert_sshd_bad("Port \"22\n", "line 1: a quote does not end");
	assert_sshd_bad("=22\n", "missing keyword");
}

static void
old_and_foreign_keywords_are_passed_over(void **state)
{
	static const char text[] = "UsePAM yes\nGSSAPIAuthentication yes\nKerberosAuthentication no\n"
	    "UsePrivilegeSeparation sandbox\nProtocol 2\nDebianBanner no\nPort 99\n"
	    "Match User ann\nGSSAPIAuthentication no\nUsePAM no\n";
	struct fake_io io = { 0 };
	struct sshd_rules *rules;
	char buf[100];

	(void)state;
	assert_int_equal(load_sshd(&rules, &io, text), ERR_OK);
	assert_string_equal(io.errors, "");
	assert_non_null(strstr(io.debug, "sshd_config: line 1: Unsupported option UsePAM\n"));
	assert_non_null(strstr(io.debug, "line 4: Deprecated option UsePrivilegeSeparation\n"));
	assert_null(strstr(io.debug, "Protocol"));
	assert_string_equal(sshd_value(rules, NULL, "Port", buf, sizeof(buf)), "99");
	assert_string_equal(sshd_value(rules, NULL, "UsePAM", buf, sizeof(buf)), "");
	sshd_rules_free(rules);
}

static void
algorithms_that_this_build_lacks_are_passed_over_with_a_remark(void **state)
{
	struct fake_io io = { 0 };
	struct sshd_rules *rules;
	char buf[100];

	(void)state;
	assert_int_equal(load_sshd(&rules, &io, "Ciphers aes256-cbc,aes128-ctr\n"), ERR_OK);
	assert_non_null(strstr(io.debug, "not in this build: aes256-cbc"));
	assert_string_equal(sshd_value(rules, NULL, "Ciphers", buf, sizeof(buf)), "aes128-ctr");
	sshd_rules_free(rules);
}

/* --- command line --- */

static void
options_come_before_the_file_and_ports_stand_instead_of_it(void **state)
{
	static const char *const options[] = { "PermitTTY=no", "Banner /x", "Port 1", "# nothing" };
	static const uint16_t ports[] = { 2201, 2202 };
	struct fake_io io = { 0 };
	struct sshd_input in = {
		.io = config_io_of(&io), .algs = fake_algs(), .name = "f",
		.text = SPAN_LIT("PermitTTY yes\nPort 7\nBanner /y\nMatch all\nBanner /z\n"),
		.options = options, .n_options = 4, .ports = ports, .n_ports = 2,
	};
	struct sshd_rules *rules;
	char buf[100];

	(void)state;
	assert_int_equal(sshd_rules_load(&rules, &in), ERR_OK);
	assert_string_equal(sshd_value(rules, NULL, "PermitTTY", buf, sizeof(buf)), "no");
	assert_string_equal(sshd_value(rules, NULL, "Banner", buf, sizeof(buf)), "/x");
	assert_string_equal(sshd_value(rules, ANN, "Banner", buf, sizeof(buf)), "/z");
	assert_string_equal(sshd_value(rules, NULL, "Port", buf, sizeof(buf)), "2201|2202");
	sshd_rules_free(rules);
	in.n_ports = 0;
	assert_int_equal(sshd_rules_load(&rules, &in), ERR_OK);
	assert_string_equal(sshd_value(rules, NULL, "Port", buf, sizeof(buf)), "1|7");
	sshd_rules_free(rules);
}

static void
a_bad_option_is_told_as_the_command_line_s(void **state)
{
	static const char *const bad[] = { "Prot=22", "Port=\"22", "Port 22\nBanner /x" };
	static const char *const said[] = { "(did you mean Port?)", "quote", "line break" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct fake_io io = { 0 };
		struct sshd_input in = {
			.io = config_io_of(&io), .algs = fake_algs(), .name = "f",
			.options = &bad[i], .n_options = 1,
		};
		struct sshd_rules *rules;

		assert_int_equal(sshd_rules_load(&rules, &in), ERR_SYNTAX);
		assert_non_null(strstr(io.errors, "command-line: line 0: "));
		assert_non_null(strstr(io.errors, said[i]));
	}
}

/* --- Match: how values merge --- */

static void
match_replaces_global_values(void **state)
{
	static const char text[] = "PermitTTY yes\nMatch User ann\nPermitTTY no\n";

	(void)state;
	assert_sshd(text, NULL, "PermitTTY", "yes");
	assert_sshd(text, ANN, "PermitTTY", "no");
	assert_sshd(text, BOB, "PermitTTY", "yes");
}

static void
of_several_blocks_that_hold_the_first_value_counts(void **state)
{
	static const char text[] = "Match User a*\nBanner /1\nMatch User *n\nBanner /2\nMaxSessions 5\n";

	(void)state;
	assert_sshd(text, ANN, "Banner", "/1");
	assert_sshd(text, ANN, "MaxSessions", "5");
	assert_sshd(text, BOB, "MaxSessions", "10");
}

static void
lists_of_blocks_replace_the_global_list_as_a_whole(void **state)
{
	static const char text[] = "AllowUsers x y\nAcceptEnv LANG\nAuthorizedKeysFile g\n"
	    "Match User ann\nAllowUsers ann\nAcceptEnv TZ\nAuthorizedKeysFile m n\n"
	    "Match all\nAcceptEnv LC_*\n";

	(void)state;
	assert_sshd(text, ANN, "AllowUsers", "ann");
	assert_sshd(text, ANN, "AcceptEnv", "TZ|LC_*");
	assert_sshd(text, ANN, "AuthorizedKeysFile", "m n");
	assert_sshd(text, BOB, "AllowUsers", "x|y");
	assert_sshd(text, BOB, "AcceptEnv", "LC_*");
}

static void
subsystems_merge_by_name_and_none_takes_one_away(void **state)
{
	static const char text[] = "Subsystem sftp /s\nSubsystem x /x\nMatch User ann\n"
	    "Subsystem sftp internal-sftp\nMatch User bob\nSubsystem sftp none\n";

	(void)state;
	assert_sshd(text, NULL, "Subsystem", "sftp /s|x /x");
	assert_sshd(text, ANN, "Subsystem", "sftp internal-sftp|x /x");
	assert_sshd(text, BOB, "Subsystem", "x /x");
}

static void
none_in_a_block_clears_a_global_value(void **state)
{
	static const char text[] = "ForceCommand /bin/x\nChrootDirectory /jail\n"
	    "Match User ann\nForceCommand none\nChrootDirectory none\n";

	(void)state;
	assert_sshd(text, ANN, "ForceCommand", "none");
	assert_sshd(text, ANN, "ChrootDirectory", "none");
	assert_sshd(text, BOB, "ForceCommand", "/bin/x");
}

static void
global_keywords_are_refused_in_a_block(void **state)
{
	(void)state;
	assert_sshd_bad("Match all\nPort 22\n",
	    "sshd_config: line 2: Directive 'Port' is not allowed within a Match block");
	assert_sshd_bad("Match all\nEphemeralKeySocket none\n", "not allowed");
	assert_sshd("Match all\nRekeyLimit 1G\nChannelTimeout *=1\nEphemeralKeys no\n", ANN,
	    "EphemeralKeys", "no");
}

static void
lines_in_blocks_that_do_not_hold_are_checked_too(void **state)
{
	(void)state;
	assert_sshd_bad("Match User nobody\nPermitTTY maybe\n", "line 2: PermitTTY");
	assert_sshd_bad("PermitTTY yes\nPermitTTY maybe\n", "line 2: PermitTTY");
}

/* --- Include --- */

static enum err
load_with(struct sshd_rules **rules, struct fake_io *io, const struct fake_file *files, size_t n,
    const char *text)
{
	io->files = files;
	io->n_files = n;
	return load_sshd(rules, io, text);
}

/* Loads text with files and checks a value. */
static void
assert_include(const struct fake_file *files, size_t n, const char *text,
    const struct sshd_facts *facts, const char *keyword, const char *expected)
{
	struct fake_io io = { 0 };
	struct sshd_rules *rules;
	char buf[1000];

	if (load_with(&rules, &io, files, n, text) != ERR_OK)
		fail_msg("%s: %s", text, io.errors);
	assert_string_equal(sshd_value(rules, facts, keyword, buf, sizeof(buf)), expected);
	sshd_rules_free(rules);
}

static void
included_files_stand_where_their_line_is(void **state)
{
	static const struct fake_file files[] = {
		{ "/d/1.conf", "PermitTTY no\nBanner /1\n" },
		{ "/d/2.conf", "Banner /2\nMaxSessions 2\n" },
		{ SSH_CONF_DIR "/beside.conf", "MaxAuthTries 9\n" },
	};

	(void)state;
	assert_include(files, 3, "Include /d/*.conf\nPermitTTY yes\n", NULL, "PermitTTY", "no");
	assert_include(files, 3, "PermitTTY yes\nInclude /d/*.conf\n", NULL, "PermitTTY", "yes");
	assert_include(files, 3, "Include /d/*.conf\n", NULL, "Banner", "/1");
	assert_include(files, 3, "Include /d/2.conf /d/1.conf\n", NULL, "Banner", "/2");
	assert_include(files, 3, "Include beside.conf\n", NULL, "MaxAuthTries", "9");
	assert_include(files, 3, "Include /nothing/*.conf\nPort 3\n", NULL, "Port", "3");
}

static void
a_match_in_an_included_file_ends_with_it(void **state)
{
	static const struct fake_file files[] = {
		{ "/m", "Match User ann\nBanner /ann\n" },
	};

	(void)state;
	assert_include(files, 1, "Include /m\nBanner /all\n", ANN, "Banner", "/ann");
	assert_include(files, 1, "Include /m\nBanner /all\n", BOB, "Banner", "/all");
}

static void
an_include_in_a_block_holds_where_the_block_does(void **state)
{
	static const struct fake_file files[] = {
		{ "/plain", "Banner /plain\n" },
		{ "/nested", "Match Address 10.0.0.0/8\nBanner /nested\n" },
		{ "/all", "Match all\nBanner /inner\n" },
	};
	struct sshd_facts ann = { .user = SPAN_LIT("ann"), .address = { 4, { 10, 1, 1, 1 } } };
	struct sshd_facts bob = { .user = SPAN_LIT("bob"), .address = { 4, { 10, 1, 1, 1 } } };
	struct sshd_facts far = { .user = SPAN_LIT("ann"), .address = { 4, { 11, 1, 1, 1 } } };

	(void)state;
	assert_include(files, 3, "Match User ann\nInclude /plain\n", &ann, "Banner", "/plain");
	assert_include(files, 3, "Match User ann\nInclude /plain\n", &bob, "Banner", "none");
	assert_include(files, 3, "Match User ann\nInclude /nested\n", &ann, "Banner", "/nested");
	assert_include(files, 3, "Match User ann\nInclude /nested\n", &bob, "Banner", "none");
	assert_include(files, 3, "Match User ann\nInclude /nested\n", &far, "Banner", "none");
	assert_include(files, 3, "Match User ann\nInclude /nested\nMaxSessions 3\n", &far,
	    "MaxSessions", "3");
	assert_include(files, 3, "Match User ann\nInclude /all\n", &bob, "Banner", "none");
}

static void
files_that_include_themselves_end_at_the_limit(void **state)
{
	static const struct fake_file files[] = { { "/loop", "Include /loop\n" } };
	struct fake_io io = { 0 };
	struct sshd_rules *rules;

	(void)state;
	assert_int_equal(load_with(&rules, &io, files, 1, "Include /loop\n"), ERR_SYNTAX);
	assert_non_null(strstr(io.errors, "/loop: line 1: Include: more than 16 files deep"));
}

static void
sixteen_files_deep_is_allowed(void **state)
{
	static const char names[] = "abcdefghijklmnop";
	struct fake_file files[16];
	char name[16][8], text[16][32];

	(void)state;
	for (size_t i = 0; i < 16; i++) {
		snprintf(name[i], sizeof(name[i]), "/%c", names[i]);
		if (i + 1 < 16)
			snprintf(text[i], sizeof(text[i]), "Include /%c\n", names[i + 1]);
		else
			snprintf(text[i], sizeof(text[i]), "MaxSessions 16\n");
		files[i] = (struct fake_file){ name[i], text[i] };
	}
	assert_include(files, 16, "Include /a\n", NULL, "MaxSessions", "16");
}

static void
errors_name_the_included_file(void **state)
{
	static const struct fake_file files[] = { { "/bad", "\nPort x\n" } };
	struct fake_io io = { 0 }, unreadable = { .include_error = ERR_DENIED };
	struct sshd_rules *rules;

	(void)state;
	assert_int_equal(load_with(&rules, &io, files, 1, "Include /bad\nPort y\n"), ERR_SYNTAX);
	assert_non_null(strstr(io.errors, "/bad: line 2: Port"));
	assert_non_null(strstr(io.errors, "sshd_config: line 2: Port"));
	assert_int_equal(load_sshd(&rules, &unreadable, "Include /etc/secret\n"), ERR_SYNTAX);
	assert_non_null(strstr(unreadable.errors, "cannot read /etc/secret: permission denied"));
	assert_sshd_bad("Include\n", "Include: missing argument");
}

static void
without_an_include_callback_nothing_is_found(void **state)
{
	struct sshd_input in = { .text = SPAN_LIT("Include /x\nPort 5\n"), .name = "f" };
	struct sshd_rules *rules;

	(void)state;
	assert_int_equal(sshd_rules_load(&rules, &in), ERR_OK);
	sshd_rules_free(rules);
}

/* --- large, sent, out of memory --- */

static void
ten_thousand_match_blocks_load_and_are_evaluated(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1 << 24);
	struct sshd_facts facts = { .user = SPAN_LIT("user9999") };
	struct fake_io io = { 0 };
	struct sshd_rules *rules;
	char buf[100];

	(void)state;
	for (int i = 0; i < 10000; i++)
		wr_printf(&w, "Match User user%d\nBanner /b/%d\nPermitTTY no\n", i, i);
	wr_u8(&w, 0);
	assert_int_equal(load_sshd(&rules, &io, (const char *)w.p), ERR_OK);
	assert_string_equal(sshd_value(rules, &facts, "Banner", buf, sizeof(buf)), "/b/9999");
	assert_string_equal(sshd_value(rules, BOB, "PermitTTY", buf, sizeof(buf)), "yes");
	sshd_rules_free(rules);
}

static const char rich_config[] =
    "Port 22\nPort 23\nListenAddress 1.2.3.4\nHostKey /a\nAllowUsers x@10.0.0.0/8 'y z'\n"
    "Subsystem sftp internal-sftp -x\nSetEnv \"A=b c\"\nPermitOpen a:1 *:2\nForceCommand =x # y\n"
    "ChannelTimeout session=5m\nPermitUserEnvironment A,B\nVersionAddendum a \"b  c\"\n"
    "AuthorizedKeysCommand /x %u\nAuthorizedKeysCommandUser nobody\nRevokedKeys /r\n"
    "Match User ann\nBanner /b\nPasswordAuthentication no\n";

static void
a_config_sent_to_another_process_is_the_same_there(void **state)
{
	SCOPED(sshd_config_free) struct sshd_config c = { 0 }, again = { 0 };
	SCOPED(writer_free) struct writer w = writer_init(1 << 20);
	SCOPED(writer_free) struct writer a = writer_init(1 << 20);
	SCOPED(writer_free) struct writer b = writer_init(1 << 20);
	struct fake_io io = { 0 };
	struct sshd_rules *rules;

	(void)state;
	assert_int_equal(load_sshd(&rules, &io, rich_config), ERR_OK);
	assert_int_equal(sshd_config_for(&c, rules, ANN), ERR_OK);
	sshd_config_put(&c, &w);
	assert_int_equal(wr_end(&w), ERR_OK);
	assert_int_equal(sshd_config_get(&again, writer_span(&w)), ERR_OK);
	sshd_config_dump(&c, &a);
	sshd_config_dump(&again, &b);
	assert_true(span_eq(writer_span(&a), writer_span(&b)));
	assert_string_equal(again.force_command, "x # y");
	assert_int_equal(again.listen_addresses.v[0].port, 0);
	assert_memory_equal(c.set, again.set, sizeof(c.set));
	sshd_rules_free(rules);
}

static void
what_was_not_sent_by_us_is_refused(void **state)
{
	static const struct span bad[] = {
		SPAN_LIT(""), SPAN_LIT("\0\0\0\5Port 22"), SPAN_LIT("\0\0\0\6Nonsense"),
	};
	SCOPED(writer_free) struct writer w = writer_init(1 << 20);
	SCOPED(sshd_config_free) struct sshd_config c = { 0 };
	static const char *const texts[] = {
		"Nonsense 1\n", "Banner /a\nBanner /b\n", "PermitTTY maybe\n", "Match all\n",
		"Include /x\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_not_equal(sshd_config_get(&c, bad[i]), ERR_OK);
	for (size_t i = 0; i < COUNT(texts); i++) {
		writer_reset(&w);
		wr_str(&w, texts[i]);
		for (size_t n = 0; n < COUNT(c.set); n++)
			wr_u64(&w, 0);
		assert_int_equal(sshd_config_get(&c, writer_span(&w)), ERR_FORMAT);
	}
}

static void
out_of_memory_at_any_point_is_told_and_leaks_nothing(void **state)
{
	static const struct fake_file files[] = { { "/i", "Match Address 10.0.0.0/8\nMaxSessions 1\n" } };
	static const uint16_t ports[] = { 1 };
	static const char *const options[] = { "Banner=/o" };
	struct fake_io io = { .files = files, .n_files = 1 };
	struct sshd_input in = {
		.io = config_io_of(&io), .algs = fake_algs(), .name = "f", .version = "v",
		.ports = ports, .n_ports = 1, .options = options, .n_options = 1,
	};
	SCOPED(writer_free) struct writer text = writer_init(10000);

	(void)state;
	wr_printf(&text, "Include /i\n%s", rich_config);
	in.text = writer_span(&text);
	for (unsigned n = 0; ; n++) {
		SCOPED(sshd_config_free) struct sshd_config c = { 0 }, again = { 0 };
		SCOPED(writer_free) struct writer w = writer_init(1 << 20);
		struct sshd_rules *rules = NULL;
		enum err e;

		alloc_fail_after(n);
		e = sshd_rules_load(&rules, &in);
		if (e == ERR_OK)
			e = sshd_config_for(&c, rules, ANN);
		if (e == ERR_OK) {
			sshd_config_put(&c, &w);
			e = wr_end(&w);
		}
		if (e == ERR_OK)
			e = sshd_config_get(&again, writer_span(&w));
		alloc_fail_never();
		sshd_rules_free(rules);
		if (e == ERR_OK) {
			assert_false(alloc_failed());
			break;
		}
		assert_int_equal(e, ERR_NOMEM);
		io.asked[0] = io.debug[0] = '\0';
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_value_counts),
		cmocka_unit_test(an_empty_config_has_the_defaults),
		cmocka_unit_test(appending_keywords_add_up),
		cmocka_unit_test(an_unknown_keyword_is_told_with_file_line_and_what_is_near),
		cmocka_unit_test(old_and_foreign_keywords_are_passed_over),
		cmocka_unit_test(algorithms_that_this_build_lacks_are_passed_over_with_a_remark),
		cmocka_unit_test(options_come_before_the_file_and_ports_stand_instead_of_it),
		cmocka_unit_test(a_bad_option_is_told_as_the_command_line_s),
		cmocka_unit_test(match_replaces_global_values),
		cmocka_unit_test(of_several_blocks_that_hold_the_first_value_counts),
		cmocka_unit_test(lists_of_blocks_replace_the_global_list_as_a_whole),
		cmocka_unit_test(subsystems_merge_by_name_and_none_takes_one_away),
		cmocka_unit_test(none_in_a_block_clears_a_global_value),
		cmocka_unit_test(global_keywords_are_refused_in_a_block),
		cmocka_unit_test(lines_in_blocks_that_do_not_hold_are_checked_too),
		cmocka_unit_test(included_files_stand_where_their_line_is),
		cmocka_unit_test(a_match_in_an_included_file_ends_with_it),
		cmocka_unit_test(an_include_in_a_block_holds_where_the_block_does),
		cmocka_unit_test(files_that_include_themselves_end_at_the_limit),
		cmocka_unit_test(sixteen_files_deep_is_allowed),
		cmocka_unit_test(errors_name_the_included_file),
		cmocka_unit_test(without_an_include_callback_nothing_is_found),
		cmocka_unit_test(ten_thousand_match_blocks_load_and_are_evaluated),
		cmocka_unit_test(a_config_sent_to_another_process_is_the_same_there),
		cmocka_unit_test(what_was_not_sent_by_us_is_refused),
		cmocka_unit_test(out_of_memory_at_any_point_is_told_and_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
