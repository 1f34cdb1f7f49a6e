/* SPDX-License-Identifier: ISC */
/* sshd/options.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <getopt.h>
#include <cmocka.h>

#include "base/cc.h"
#include "sshd/options.h"

/* Parses a command line; argv[0] is added. */
static enum err
parse(struct sshd_options *o, int argc, const char *const *args)
{
	char name[] = "sshd";
	char *argv[16] = { name };

	for (int i = 0; i < argc; i++)
		argv[i + 1] = (char *)(uintptr_t)args[i];
	optind = 0;		/* getopt(3) begins anew */
	opterr = 0;
	return sshd_options_parse(o, argc + 1, argv);
}

#define PARSE(o, ...)							\
	parse(o, (int)COUNT(((const char *[]){ __VA_ARGS__ })), (const char *[]){ __VA_ARGS__ })

static void
flags_become_options_of_the_config(void **state)
{
	SCOPED(sshd_options_free) struct sshd_options o = { .n_config = 0 };

	(void)state;
	assert_int_equal(PARSE(&o, "-4", "-g", "30", "-h", "/a key", "-o", "MaxSessions=3", "-D"), ERR_OK);
	assert_int_equal(o.n_config, 4);
	assert_string_equal(o.config[0], "AddressFamily \"inet\"");
	assert_string_equal(o.config[1], "LoginGraceTime \"30\"");
	assert_string_equal(o.config[2], "HostKey \"/a key\"");
	assert_string_equal(o.config[3], "MaxSessions=3");
	assert_true(o.foreground);
	assert_int_equal(o.task, SSHD_SERVE);
}

static void
ports_are_kept_in_order_and_checked(void **state)
{
	SCOPED(sshd_options_free) struct sshd_options o = { .n_config = 0 };

	(void)state;
	assert_int_equal(PARSE(&o, "-p", "2222", "-p", "22"), ERR_OK);
	assert_int_equal(o.n_ports, 2);
	assert_int_equal(o.ports[0], 2222);
	assert_int_equal(o.ports[1], 22);
	for (const char *const *bad = (const char *const[]){ "0", "65536", "ssh", "", "-1", NULL }; *bad != NULL; bad++) {
		SCOPED(sshd_options_free) struct sshd_options b = { .n_config = 0 };

		assert_int_equal(PARSE(&b, "-p", *bad), ERR_SYNTAX);
	}
}

static void
each_d_tells_more_and_stays_in_the_foreground(void **state)
{
	SCOPED(sshd_options_free) struct sshd_options o = { .n_config = 0 };

	(void)state;
	assert_int_equal(PARSE(&o, "-dddd"), ERR_OK);
	assert_int_equal(o.debug, 3);
	assert_true(o.foreground && o.log_to_stderr);
}

static void
what_makes_no_sense_is_refused(void **state)
{
	SCOPED(sshd_options_free) struct sshd_options a = { .n_config = 0 }, b = a, c = a;

	(void)state;
	assert_int_equal(PARSE(&a, "-Z"), ERR_SYNTAX);
	assert_int_equal(PARSE(&b, "-D", "extra"), ERR_SYNTAX);
	assert_int_equal(PARSE(&c, "-C", "user=x"), ERR_SYNTAX);
}

static void
what_is_owned_outlives_the_command_line(void **state)
{
	SCOPED(sshd_options_free) struct sshd_options o = { .n_config = 0 };
	char file[] = "/etc/x", fact[] = "user=x";

	(void)state;
	assert_int_equal(PARSE(&o, "-T", "-f", file, "-C", fact), ERR_OK);
	assert_int_equal(sshd_options_own(&o), ERR_OK);
	file[0] = fact[0] = '!';
	assert_string_equal(o.config_file, "/etc/x");
	assert_string_equal(o.facts[0], "user=x");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flags_become_options_of_the_config),
		cmocka_unit_test(ports_are_kept_in_order_and_checked),
		cmocka_unit_test(each_d_tells_more_and_stays_in_the_foreground),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(what_is_owned_outlives_the_command_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
