/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "keys/key.h"
#include "keys/known_hosts.h"
#include "keys/private_file.h"
#include "regress/support/alloc.h"

/* Three public keys, the first two of one type. */
#define ED_A	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"
#define ED_B	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID1AF8PoQ4lakrcKp01bfryCnJgs7C7GlozRLPVa9GYM"
/* ssh-keygen -H of "host1" */
#define HASHED	"|1|p1+C66zHghrwuYbMTlNUUhFUF7Q=|0npwmAdx1SKSXMKHvVEcOxFVZDM="
#define EC	"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBGD+1LolWp0xyWHrdMY1bWjASbiSO2H6bOZpYi5g8p+2eQP+EAi4vJmkGunpVihkvPLxsgwtfp9Rd6PClNRGIpk="

static struct known_hosts_result
check(const char *text, const char *name, const char *key, enum known_hosts_marker marker)
{
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	struct known_hosts_result r = { 0 };
	struct span comment;

	assert_int_equal(public_line_parse(span_str(key), &blob, &comment), ERR_OK);
	assert_int_equal(known_hosts_check(span_str(text), 0, span_str(name),
	    writer_span(&blob), marker, &r), ERR_OK);
	return r;
}

static enum known_hosts_status
status(const char *text, const char *name, const char *key)
{
	return check(text, name, key, KNOWN_HOSTS_PLAIN).status;
}

static void
a_host_without_a_line_is_new(void **state)
{
	(void)state;
	assert_int_equal(status("", "h", ED_A), KNOWN_HOSTS_NEW);
	assert_int_equal(status("# h " ED_A "\n\n", "h", ED_A), KNOWN_HOSTS_NEW);
	assert_int_equal(status("other " ED_A "\n", "h", ED_A), KNOWN_HOSTS_NEW);
	assert_int_equal(status("hh,h.x " ED_A "\n", "h", ED_A), KNOWN_HOSTS_NEW);
	assert_int_equal(status("[h]:2222 " ED_A "\n", "h", ED_A), KNOWN_HOSTS_NEW);
	assert_int_equal(status("h " ED_A "\n", "[h]:2222", ED_A), KNOWN_HOSTS_NEW);
}

static void
a_matching_key_is_found_with_its_line_number(void **state)
{
	struct known_hosts_result r;

	(void)state;
	r = check("# c\n\nx " ED_A "\nh,10.0.0.1 " ED_A " comment\r\n", "h", ED_A, KNOWN_HOSTS_PLAIN);
	assert_int_equal(r.status, KNOWN_HOSTS_FOUND);
	assert_int_equal(r.line, 4);
	assert_int_equal(r.n_known, 1);
	assert_int_equal(status("h,10.0.0.1 " ED_A, "10.0.0.1", ED_A), KNOWN_HOSTS_FOUND);
	assert_int_equal(status("[h]:2222 " ED_A, "[h]:2222", ED_A), KNOWN_HOSTS_FOUND);
	assert_int_equal(status("*.example.com " ED_A, "a.example.com", ED_A), KNOWN_HOSTS_FOUND);
	assert_int_equal(status("HOST " ED_A, "host", ED_A), KNOWN_HOSTS_FOUND);
}

static void
any_of_several_keys_of_a_host_will_do(void **state)
{
	struct known_hosts_result r;

	(void)state;
	r = check("h " ED_B "\nh " EC "\nh " ED_A "\n", "h", ED_A, KNOWN_HOSTS_PLAIN);
	assert_int_equal(r.status, KNOWN_HOSTS_FOUND);
	assert_int_equal(r.line, 3);
	assert_int_equal(r.n_known, 3);
}

static void
another_key_of_the_host_means_changed_whatever_its_type(void **state)
{
	struct known_hosts_result r;

	(void)state;
	r = check("h " ED_B "\n", "h", ED_A, KNOWN_HOSTS_PLAIN);
	assert_int_equal(r.status, KNOWN_HOSTS_CHANGED);
	assert_true(r.is_same_type);
	/* An attacker has a key of a type that is not in the file, too. */
	r = check("h " EC "\n", "h", ED_A, KNOWN_HOSTS_PLAIN);
	assert_int_equal(r.status, KNOWN_HOSTS_CHANGED);
	assert_false(r.is_same_type);
	/* The line of the same type is the one to show. */
	r = check("h " EC "\nh " ED_B "\nh " EC "\n", "h", ED_A, KNOWN_HOSTS_PLAIN);
	assert_int_equal(r.status, KNOWN_HOSTS_CHANGED);
	assert_true(r.is_same_type);
	assert_int_equal(r.line, 2);
}

static void
a_revoked_key_is_never_accepted_wherever_the_line_stands(void **state)
{
	(void)state;
	assert_int_equal(status("h " ED_A "\n@revoked h " ED_A "\n", "h", ED_A), KNOWN_HOSTS_IS_REVOKED);
	assert_int_equal(status("@revoked * " ED_A "\nh " ED_A "\n", "h", ED_A), KNOWN_HOSTS_IS_REVOKED);
	assert_int_equal(status("@revoked x " ED_A "\nh " ED_A "\n", "h", ED_A), KNOWN_HOSTS_FOUND);
	/* Another revoked key says nothing about this one. */
	assert_int_equal(status("@revoked h " ED_B "\n", "h", ED_A), KNOWN_HOSTS_NEW);
	assert_int_equal(check("@revoked h " ED_A "\n@cert-authority h " ED_A, "h", ED_A, KNOWN_HOSTS_CA).status,
	    KNOWN_HOSTS_IS_REVOKED);
}

static void
a_later_file_can_raise_the_status_but_not_lower_it(void **state)
{
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	struct known_hosts_result r = { 0 };
	struct span comment;
	static const struct { const char *text; enum known_hosts_status status; unsigned file; } steps[] = {
		{ "x " ED_A, KNOWN_HOSTS_NEW, 0 },
		{ "h " ED_B, KNOWN_HOSTS_CHANGED, 1 },
		{ "h " EC, KNOWN_HOSTS_CHANGED, 1 },
		{ "h " ED_A, KNOWN_HOSTS_FOUND, 3 },
		{ "h " ED_B, KNOWN_HOSTS_FOUND, 3 },
		{ "@revoked h " ED_A, KNOWN_HOSTS_IS_REVOKED, 5 },
		{ "h " ED_A, KNOWN_HOSTS_IS_REVOKED, 5 },
	};

	(void)state;
	assert_int_equal(public_line_parse(SPAN_LIT(ED_A), &blob, &comment), ERR_OK);
	for (unsigned i = 0; i < COUNT(steps); i++) {
		assert_int_equal(known_hosts_check(span_str(steps[i].text), i, SPAN_LIT("h"),
		    writer_span(&blob), KNOWN_HOSTS_PLAIN, &r), ERR_OK);
		assert_int_equal(r.status, steps[i].status);
		assert_int_equal(r.file, steps[i].file);
	}
}

static void
ca_lines_answer_for_ca_keys_only(void **state)
{
	const char *text = "@cert-authority *.example.com " ED_A "\nh.example.com " ED_B "\n";

	(void)state;
	assert_int_equal(check(text, "h.example.com", ED_A, KNOWN_HOSTS_CA).status, KNOWN_HOSTS_FOUND);
	assert_int_equal(check(text, "h.example.com", ED_B, KNOWN_HOSTS_CA).status, KNOWN_HOSTS_NEW);
	assert_int_equal(check(text, "h.example.org", ED_A, KNOWN_HOSTS_CA).status, KNOWN_HOSTS_NEW);
	assert_int_equal(check(text, "h.example.com", ED_A, KNOWN_HOSTS_PLAIN).status, KNOWN_HOSTS_CHANGED);
	assert_int_equal(check(text, "h.example.com", ED_B, KNOWN_HOSTS_PLAIN).status, KNOWN_HOSTS_FOUND);
}

static void
negated_patterns_take_a_host_out_of_a_line(void **state)
{
	(void)state;
	assert_int_equal(status("*.x,!a.x " ED_A, "b.x", ED_A), KNOWN_HOSTS_FOUND);
	assert_int_equal(status("*.x,!a.x " ED_A, "a.x", ED_A), KNOWN_HOSTS_NEW);
	assert_int_equal(status("!a.x,*.x " ED_A, "a.x", ED_A), KNOWN_HOSTS_NEW);
	assert_int_equal(status("!a.x " ED_A, "b.x", ED_A), KNOWN_HOSTS_NEW);
}

static void
names_hashed_by_openssh_are_recognised(void **state)
{
	/* the second is "[host1]:2222" */
	const char *text =
	    HASHED " " ED_A "\n"
	    "|1|/W3eTCso1csq9N3SBGJyg21gx4I=|DMhslgXdF8Xik3MKmOOKtntqiXQ= " ED_B "\n";

	(void)state;
	assert_int_equal(status(text, "host1", ED_A), KNOWN_HOSTS_FOUND);
	assert_int_equal(status(text, "[host1]:2222", ED_B), KNOWN_HOSTS_FOUND);
	assert_int_equal(status(text, "host2", ED_A), KNOWN_HOSTS_NEW);
}

static void
damaged_hashes_match_nothing(void **state)
{
	(void)state;
	assert_int_equal(status("|1| " ED_A, "", ED_A), KNOWN_HOSTS_NEW);
	assert_int_equal(status("|1|| " ED_A, "", ED_A), KNOWN_HOSTS_NEW);
	assert_int_equal(status("|1|AAAA|AAAA " ED_A, "h", ED_A), KNOWN_HOSTS_NEW);
	assert_int_equal(status("|2|AAAA|AAAA " ED_A, "h", ED_A), KNOWN_HOSTS_NEW);
	assert_int_equal(status("|1|!|! " ED_A, "h", ED_A), KNOWN_HOSTS_NEW);
}

static void
malformed_lines_are_passed_over_and_reported(void **state)
{
	struct known_hosts_walk walk = { .rest = SPAN_LIT("h\n@x h " ED_A "\nh ssh-ed25519\n\n#\nh " ED_A) };
	struct known_hosts_line line;
	unsigned bad = 0, n = 0;

	(void)state;
	while (known_hosts_next(&walk, &line)) {
		n++;
		bad += line.err == ERR_SYNTAX;
	}
	assert_int_equal(n, 4);
	assert_int_equal(bad, 3);
	assert_int_equal(line.number, 6);
	assert_int_equal(status("h\nh ssh-ed25519 AAAA\nh ssh-rsa !!\nh unknown AAAA\n", "h", ED_A), KNOWN_HOSTS_NEW);
	/* A key under the name of another type does not count. */
	assert_int_equal(status("h ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea",
	    "h", ED_A), KNOWN_HOSTS_NEW);
}

static void
the_name_of_a_host_is_lower_case_and_has_a_port_unless_22(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(64);

	(void)state;
	known_hosts_name(&w, SPAN_LIT("Host.X"), 22);
	assert_true(span_is(writer_span(&w), "host.x"));
	writer_reset(&w);
	known_hosts_name(&w, SPAN_LIT("::1"), 2222);
	assert_true(span_is(writer_span(&w), "[::1]:2222"));
}

static void
a_line_that_was_written_is_found(void **state)
{
	struct rng_test seed = { .state = 1 };
	struct rng rng = rng_test(&seed);

	(void)state;
	for (int form = KNOWN_HOSTS_NAMED; form <= KNOWN_HOSTS_HASHED; form++) {
		SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
		SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);
		struct span comment;

		assert_int_equal(public_line_parse(SPAN_LIT(ED_A), &blob, &comment), ERR_OK);
		assert_int_equal(known_hosts_put(&w, SPAN_LIT("[h]:22222"), (enum known_hosts_form)form,
		    writer_span(&blob), SPAN_LIT("c"), &rng), ERR_OK);
		wr_u8(&w, 0);
		assert_int_equal(status((const char *)w.p, "[h]:22222", ED_A), KNOWN_HOSTS_FOUND);
		assert_int_equal(strstr((const char *)w.p, "[h]") == NULL, form == KNOWN_HOSTS_HASHED);
	}
}

static void
removing_a_host_keeps_everything_else(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);
	unsigned n;

	(void)state;
	assert_int_equal(known_hosts_remove(SPAN_LIT("# c\n\nh,g " ED_A "\n@cert-authority h " ED_A
	    "\n@revoked h " ED_B "\nx " ED_A "\nh " EC), SPAN_LIT("h"), &w, &n), ERR_OK);
	assert_int_equal(n, 2);
	assert_true(span_is(writer_span(&w), "# c\n\n@cert-authority h " ED_A "\n@revoked h " ED_B "\nx " ED_A "\n"));
	writer_reset(&w);
	assert_int_equal(known_hosts_remove(SPAN_LIT("x " ED_A "\n"), SPAN_LIT("h"), &w, &n), ERR_OK);
	assert_int_equal(n, 0);
	assert_true(span_is(writer_span(&w), "x " ED_A "\n"));
}

/* Hashes the names of one line; the result is in w. */
static enum err
hash_line(const char *text, struct writer *w)
{
	struct rng_test seed = { .state = 1 };
	struct rng rng = rng_test(&seed);
	struct known_hosts_line line;

	writer_reset(w);
	(void)!known_hosts_parse(span_str(text), &line);
	return known_hosts_hash_line(w, &line, &rng);
}

static void
hashing_a_line_gives_one_line_a_name_and_leaves_patterns_and_markers(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);

	(void)state;
	assert_int_equal(hash_line("Host,10.0.0.1 " ED_A " my comment", &w), ERR_OK);
	assert_true(span_starts(writer_span(&w), SPAN_LIT("|1|")));
	wr_u8(&w, 0);
	assert_int_equal(check((const char *)w.p, "host", ED_A, KNOWN_HOSTS_PLAIN).line, 1);
	assert_int_equal(check((const char *)w.p, "10.0.0.1", ED_A, KNOWN_HOSTS_PLAIN).line, 2);
	assert_non_null(strstr((const char *)w.p, " my comment\n|1|"));
	assert_int_equal(hash_line("*.x " ED_A, &w), ERR_UNSUPPORTED);
	assert_true(span_is(writer_span(&w), "*.x " ED_A "\n"));
	assert_int_equal(hash_line("a,!b " ED_A, &w), ERR_UNSUPPORTED);
	assert_int_equal(hash_line("@revoked a " ED_A, &w), ERR_OK);
	assert_true(span_is(writer_span(&w), "@revoked a " ED_A "\n"));
	assert_int_equal(hash_line("# c", &w), ERR_OK);
	assert_true(span_is(writer_span(&w), "# c\n"));
}

static void
order(const char *text, const char *expected)
{
	SCOPED(writer_free) struct writer w = writer_init(1024);

	assert_int_equal(known_hosts_order(span_str(text), SPAN_LIT("h"),
	    SPAN_LIT("ssh-ed25519-cert-v01@openssh.com,ssh-ed25519,ecdsa-sha2-nistp256,rsa-sha2-512,rsa-sha2-256"), &w), ERR_OK);
	assert_true(span_is(writer_span(&w), expected));
}

static void
algorithms_of_known_keys_come_first(void **state)
{
	(void)state;
	order("", "ssh-ed25519-cert-v01@openssh.com,ssh-ed25519,ecdsa-sha2-nistp256,rsa-sha2-512,rsa-sha2-256");
	order("h " EC, "ecdsa-sha2-nistp256,ssh-ed25519-cert-v01@openssh.com,ssh-ed25519,rsa-sha2-512,rsa-sha2-256");
	order("h ssh-rsa AAAA", "rsa-sha2-512,rsa-sha2-256,ssh-ed25519-cert-v01@openssh.com,ssh-ed25519,ecdsa-sha2-nistp256");
	order("h " EC "\n@cert-authority h " ED_A,
	    "ssh-ed25519-cert-v01@openssh.com,ecdsa-sha2-nistp256,ssh-ed25519,rsa-sha2-512,rsa-sha2-256");
	order("@revoked h " EC "\nx " EC,
	    "ssh-ed25519-cert-v01@openssh.com,ssh-ed25519,ecdsa-sha2-nistp256,rsa-sha2-512,rsa-sha2-256");
}

static void
running_out_of_memory_is_never_taken_for_found(void **state)
{
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	struct span comment;
	enum err e = ERR_NOMEM;

	(void)state;
	assert_int_equal(public_line_parse(SPAN_LIT(ED_A), &blob, &comment), ERR_OK);
	for (unsigned n = 0; e != ERR_OK; n++) {
		struct known_hosts_result r = { 0 };

		alloc_fail_after(n);
		e = known_hosts_check(SPAN_LIT("host1 " ED_B "\nhost1 " ED_A "\n@revoked " HASHED " " ED_A), 0,
		    SPAN_LIT("host1"), writer_span(&blob), KNOWN_HOSTS_PLAIN, &r);
		alloc_fail_never();
		if (alloc_failed())
			assert_int_equal(e, ERR_NOMEM);
		else
			assert_int_equal(r.status, KNOWN_HOSTS_IS_REVOKED);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_without_a_line_is_new),
		cmocka_unit_test(a_matching_key_is_found_with_its_line_number),
		cmocka_unit_test(any_of_several_keys_of_a_host_will_do),
		cmocka_unit_test(another_key_of_the_host_means_changed_whatever_its_type),
		cmocka_unit_test(a_revoked_key_is_never_accepted_wherever_the_line_stands),
		cmocka_unit_test(a_later_file_can_raise_the_status_but_not_lower_it),
		cmocka_unit_test(ca_lines_answer_for_ca_keys_only),
		cmocka_unit_test(negated_patterns_take_a_host_out_of_a_line),
		cmocka_unit_test(names_hashed_by_openssh_are_recognised),
		cmocka_unit_test(damaged_hashes_match_nothing),
		cmocka_unit_test(malformed_lines_are_passed_over_and_reported),
		cmocka_unit_test(the_name_of_a_host_is_lower_case_and_has_a_port_unless_22),
		cmocka_unit_test(a_line_that_was_written_is_found),
		cmocka_unit_test(removing_a_host_keeps_everything_else),
		cmocka_unit_test(hashing_a_line_gives_one_line_a_name_and_leaves_patterns_and_markers),
		cmocka_unit_test(algorithms_of_known_keys_come_first),
		cmocka_unit_test(running_out_of_memory_is_never_taken_for_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
