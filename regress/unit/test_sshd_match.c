/* SPDX-License-Identifier: ISC */
/* Match of sshd_config: each criterion. */
#include "regress/support/config_load.h"

static const struct span groups[] = { SPAN_LIT("staff"), SPAN_LIT("wheel") };

/* A connection of ann, in staff and wheel, from 10.1.2.3 = pc.lan to 192.168.0.1:22. */
static struct sshd_facts
ann(void)
{
	return (struct sshd_facts){
		.user = SPAN_LIT("ann"), .groups = groups, .n_groups = COUNT(groups),
		.host = SPAN_LIT("pc.lan"), .address = { 4, { 10, 1, 2, 3 } },
		.local_address = { 4, { 192, 168, 0, 1 } }, .local_port = 22,
	};
}

/* Whether a Match line holds for these facts. */
static bool
holds_for(const char *criteria, const struct sshd_facts *facts)
{
	struct fake_io io = { 0 };
	struct sshd_rules *rules;
	char text[300], buf[100];
	bool held;

	snprintf(text, sizeof(text), "Match %s\nBanner /held\n", criteria);
	if (load_sshd(&rules, &io, text) != ERR_OK)
		fail_msg("%s: %s", criteria, io.errors);
	held = strcmp(sshd_value(rules, facts, "Banner", buf, sizeof(buf)), "/held") == 0;
	assert_string_equal(sshd_value(rules, NULL, "Banner", buf, sizeof(buf)), "none");
	sshd_rules_free(rules);
	return held;
}

static void
each_criterion_holds_or_not(void **state)
{
	static const struct {
		const char *criteria;
		bool holds;
	} rows[] = {
		{ "all", true }, { "ALL", true },
		{ "User ann", true }, { "User bob", false }, { "User a*,!ann", false },
		{ "User *,!bob", true }, { "user=ann", true }, { "User Ann", false },
		{ "User \"ann\"", true }, { "User bob,ann", true }, { "User !bob", false },
		{ "Group wheel", true }, { "Group admin", false }, { "Group st*,!wheel", false },
		{ "Group admin,staff", true },
		{ "Host pc.lan", true }, { "Host PC.*", true }, { "Host *.org", false },
		{ "Host *,!pc.lan", false },
		{ "Address 10.1.2.3", true }, { "Address 10.0.0.0/8", true },
		{ "Address 10.1.*", true }, { "Address 10.0.0.0/8,!10.1.2.0/24", false },
		{ "Address ::/0", false }, { "Address 11.0.0.0/8,10.1.2.3/32", true },
		{ "LocalAddress 192.168.0.0/16", true }, { "LocalAddress 10.0.0.0/8", false },
		{ "LocalPort 22", true }, { "LocalPort 2222", false },
		{ "RDomain *", false },
		{ "Version Dayfly_*", true }, { "Version OpenSSH_*", false },
		{ "Invalid-User", false },
		{ "User ann Address 10.0.0.0/8 LocalPort 22", true },
		{ "User ann Address 11.0.0.0/8", false },
		{ "User=ann Group=wheel", true }, { "User bob Group wheel", false },
		{ "User ann # and nobody else", true },
	};
	struct sshd_facts facts = ann();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (holds_for(rows[i].criteria, &facts) != rows[i].holds)
			fail_msg("Match %s", rows[i].criteria);
	}
}

static void
an_invalid_user_is_one_that_there_is_not(void **state)
{
	struct sshd_facts facts = ann();

	(void)state;
	facts.user_invalid = true;
	assert_true(holds_for("Invalid-User", &facts));
	assert_true(holds_for("User ann Invalid-User", &facts));
	assert_true(holds_for("invalid-user Address 10.0.0.0/8", &facts));
}

static void
the_host_is_the_address_while_no_name_is_known(void **state)
{
	struct sshd_facts facts = ann();

	(void)state;
	facts.host = SPAN_EMPTY;
	assert_true(holds_for("Host 10.1.2.3", &facts));
	assert_false(holds_for("Host pc.lan", &facts));
}

static void
what_is_not_known_matches_nothing_not_even_a_star(void **state)
{
	static const char *const criteria[] = {
		"User *", "Group *", "Host *", "Address *", "Address 0.0.0.0/0", "LocalAddress *",
		"LocalPort 22", "RDomain *",
	};
	struct sshd_facts nothing = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(criteria); i++) {
		if (holds_for(criteria[i], &nothing))
			fail_msg("%s", criteria[i]);
	}
	assert_true(holds_for("all", &nothing));
}

static void
the_routing_domain_is_matched_where_it_is_known(void **state)
{
	struct sshd_facts facts = ann();

	(void)state;
	facts.rdomain = SPAN_LIT("blue");
	assert_true(holds_for("RDomain bl*", &facts));
	assert_false(holds_for("RDomain red", &facts));
}

static void
malformed_criteria_are_refused_when_the_config_is_loaded(void **state)
{
	(void)state;
	assert_sshd_bad("Match\n", "missing criteria");
	assert_sshd_bad("Match Usr ann\n", "Unsupported Match attribute Usr");
	assert_sshd_bad("Match User\n", "Match User: missing argument");
	assert_sshd_bad("Match User=\n", "missing argument");
	assert_sshd_bad("Match all User ann\n", "alone");
	assert_sshd_bad("Match User ann all\n", "alone");
	assert_sshd_bad("Match all=yes\n", "takes no argument");
	assert_sshd_bad("Match Invalid-User=yes\n", "takes no argument");
	assert_sshd_bad("Match Address 10.0.0.1/8\n", "sshd_config: line 1: Match Address");
	assert_sshd_bad("Match Address 10.0.0.0/33\n", "address/bits");
	assert_sshd_bad("Match LocalAddress 1.1.1.1,2.2.2.2/1\n", "address/bits");
	assert_sshd_bad("Match LocalPort 22,23\n", "1 to 65535");
}

static void
a_fact_that_the_rules_ask_for_is_named(void **state)
{
	struct sshd_facts facts = ann(), some = { .user = SPAN_LIT("u") };
	struct fake_io io = { 0 };
	struct sshd_rules *rules;

	(void)state;
	assert_int_equal(load_sshd(&rules, &io, "Match User x Address 1.1.1.1\nMatch LocalPort 1\n"
	    "Match all\n"), ERR_OK);
	assert_null(sshd_rules_missing_fact(rules, &facts));
	assert_string_equal(sshd_rules_missing_fact(rules, &(struct sshd_facts){ 0 }), "user");
	assert_string_equal(sshd_rules_missing_fact(rules, &some), "addr");
	sshd_rules_free(rules);
}

static void
facts_of_the_command_line_are_parsed(void **state)
{
	SCOPED(sshd_test_facts_free) struct sshd_test_facts t = { 0 };

	(void)state;
	assert_int_equal(sshd_test_facts_add(&t, SPAN_LIT("user=ann,host=pc.lan,addr=10.1.2.3")),
	    ERR_OK);
	assert_int_equal(sshd_test_facts_add(&t, SPAN_LIT("laddr=::1,lport=22,rdomain=r,user=bob,")),
	    ERR_OK);
	assert_true(span_is(t.facts.user, "bob"));
	assert_true(span_is(t.facts.host, "pc.lan"));
	assert_true(span_is(t.facts.rdomain, "r"));
	assert_int_equal(t.facts.address.family, 4);
	assert_int_equal(t.facts.local_address.family, 6);
	assert_int_equal(t.facts.local_port, 22);
	assert_false(t.facts.user_invalid);
	assert_int_equal(sshd_test_facts_add(&t, SPAN_LIT("invalid-user")), ERR_OK);
	assert_true(t.facts.user_invalid);
}

static void
nonsense_facts_are_refused(void **state)
{
	static const char *const bad[] = {
		"user", "user=", "addr=pc", "lport=x", "lport=0", "colour=red", "", ",user=a",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		SCOPED(sshd_test_facts_free) struct sshd_test_facts t = { 0 };

		assert_int_equal(sshd_test_facts_add(&t, span_str(bad[i])), ERR_SYNTAX);
	}
}

/* The line of DenyUsers that has this word, for ann. */
static unsigned
line_of(const struct sshd_rules *rules, const char *word)
{
	struct sshd_facts facts = ann();
	struct sshd_place at = { .file = NULL };

	assert_int_equal(sshd_config_word_place(&at, rules, &facts, SSHD_DenyUsers, word), ERR_OK);
	return at.file == NULL ? 0 : at.line;
}

static void
a_word_has_the_line_that_it_stands_in(void **state)
{
	struct fake_io io = { 0 };
	struct sshd_rules *rules;

	(void)state;
	assert_int_equal(load_sshd(&rules, &io, "DenyUsers a b\n\nDenyUsers c 'd e'\nAllowUsers f\nDenyUsers a g\n"
	    "Match User nobody\nDenyUsers h\n"), ERR_OK);
	assert_int_equal(line_of(rules, "a"), 1);
	assert_int_equal(line_of(rules, "c"), 3);
	assert_int_equal(line_of(rules, "d e"), 3);
	assert_int_equal(line_of(rules, "g"), 5);
	assert_int_equal(line_of(rules, "f"), 0);
	assert_int_equal(line_of(rules, "h"), 0);
	sshd_rules_free(rules);
	/* What a Match block says stands instead of the lines outside. */
	assert_int_equal(load_sshd(&rules, &io, "DenyUsers a b\nMatch User ann\nDenyUsers b\nMatch all\nDenyUsers c\n"), ERR_OK);
	assert_int_equal(line_of(rules, "a"), 0);
	assert_int_equal(line_of(rules, "b"), 3);
	assert_int_equal(line_of(rules, "c"), 5);
	sshd_rules_free(rules);
}

/* The line of a Match that cannot be decided without the name of a host that has none; 0: there is none. */
static unsigned
undecided(const char *text, bool unknown)
{
	struct sshd_facts facts = ann();
	struct sshd_place at = { .line = 0 };
	struct fake_io io = { 0 };
	struct sshd_rules *rules;
	bool is_undecided;

	facts.host = SPAN_LIT("10.1.2.3");
	facts.host_unknown = unknown;
	if (load_sshd(&rules, &io, text) != ERR_OK)
		fail_msg("%s: %s", text, io.errors);
	assert_int_equal(sshd_rules_undecided(rules, &facts, &is_undecided, &at), ERR_OK);
	sshd_rules_free(rules);
	return is_undecided ? at.line : 0;
}

static void
a_host_without_a_name_leaves_exclusions_by_name_undecided(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
	} rows[] = {
		{ "Match Host *,!*.example.net\nBanner /x\n", 1 },
		{ "Port 1\nMatch Host 10.*,!pc.lan\nBanner /x\n", 2 },
		{ "Match User ann Host *,!pc.lan\nBanner /x\n", 1 },
		/* It does not hold, whatever the name is. */
		{ "Match User bob Host *,!pc.lan\nBanner /x\n", 0 },
		{ "Match Host 11.*,!pc.lan\nBanner /x\n", 0 },
		{ "Match Host *,!10.1.2.3,!pc.lan\nBanner /x\n", 0 },
		/* Names that let something begin are matched by names only, as anywhere. */
		{ "Match Host *.example.org\nBanner /x\n", 0 },
		{ "Match Host *,!10.9.*\nBanner /x\n", 0 },
		{ "Match Address *,!10.9.*\nBanner /x\n", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (undecided(rows[i].text, true) != rows[i].line)
			fail_msg("%s", rows[i].text);
		assert_int_equal(undecided(rows[i].text, false), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_criterion_holds_or_not),
		cmocka_unit_test(a_word_has_the_line_that_it_stands_in),
		cmocka_unit_test(a_host_without_a_name_leaves_exclusions_by_name_undecided),
		cmocka_unit_test(an_invalid_user_is_one_that_there_is_not),
		cmocka_unit_test(the_host_is_the_address_while_no_name_is_known),
		cmocka_unit_test(what_is_not_known_matches_nothing_not_even_a_star),
		cmocka_unit_test(the_routing_domain_is_matched_where_it_is_known),
		cmocka_unit_test(malformed_criteria_are_refused_when_the_config_is_loaded),
		cmocka_unit_test(a_fact_that_the_rules_ask_for_is_named),
		cmocka_unit_test(facts_of_the_command_line_are_parsed),
		cmocka_unit_test(nonsense_facts_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
